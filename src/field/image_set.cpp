#include "podscale/field/image_set.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "image_reader.hpp"
#include "podscale/core/input_file.hpp"
#include "podscale/core/text.hpp"
#include "podscale/mesh/resize.hpp"

namespace podscale {
namespace {

struct Sample {
  std::string name, file, lr_file;
  long slice = -1;
  bool volume = false;  // a slice of one
};

std::vector<std::string> expand(const std::vector<std::string>& patterns, const std::string& purpose) {
  std::vector<std::string> files;
  for (const std::string& pattern : patterns)
    for (const std::string& path : files_matching(pattern, "images for " + purpose)) files.push_back(path);
  return files;
}

/// Whether a slice shows enough: more than a fifth of its points above 20.
bool shows_enough(const Plane& plane) {
  const auto bright = std::count_if(plane.values.begin(), plane.values.end(), [](float v) { return v > 20; });
  return 5 * bright > std::ssize(plane.values);
}

Plane degraded(const Plane& hr, Degrade how, int factor, bool bytes) {
  if (how == Degrade::kspace) return truncate_k_space(hr, factor);
  Plane lr =
      how == Degrade::block ? block_mean(hr, factor) : resize_bicubic(hr, hr.ny / factor, hr.nx / factor);
  if (bytes)
    for (float& value : lr.values) value = std::clamp(std::round(value), 0.0f, 255.0f);
  return lr;
}

class Images : public ImageSet {
 public:
  explicit Images(const ImageSetRequest& request) : request_(request) {
    if (request.files.empty())
      fail(ExitCode::usage, "images for {}: the list of files is empty; name at least one", request.purpose);
    const std::vector<std::string> files = expand(request.files, request.purpose);
    const bool paired = request.degrade == Degrade::files && !request.lr_only;
    const std::vector<std::string> lr = paired ? expand(request.lr_files, request.purpose) : files;
    if (lr.size() != files.size())
      fail(
          ExitCode::usage,
          "images for {}: {} HR files and {} LR files (degrade = 'files'); expected one LR file for each HR file",
          request.purpose, files.size(), lr.size());
    for (std::size_t i = 0; i < files.size(); ++i) add(files[i], paired ? lr[i] : "");
    if (samples_.empty())
      fail(ExitCode::data,
           "images for {}: no slice of {} has more than 20 % of its points above 20; check the volumes",
           request.purpose, files.front());
  }
  idx_t size() const override { return std::ssize(samples_); }
  const std::string& name(idx_t i) const override { return samples_[i].name; }
  const std::string& file(idx_t i) const override { return samples_[i].file; }
  bool of_volume(idx_t i) const override { return samples_[i].volume; }
  const std::string& lr_file(idx_t i) const override { return samples_[i].lr_file; }

  ImagePair read(idx_t i) const override {
    const Sample& sample = samples_[i];
    ImagePair pair{sample.name, sample.file, sample.slice};
    Image image = reader_.read(sample.file, sample.slice);
    pair.black = image.scale.black, pair.white = image.scale.white;
    pair.scored = !sample.volume || shows_enough(image.luma);
    if (request_.lr_only) {
      pair.lr = std::move(image.luma), pair.cb = std::move(image.cb), pair.cr = std::move(image.cr);
      return pair;
    }
    const int factor = request_.factor;
    const idx_t ny = image.luma.ny / factor, nx = image.luma.nx / factor;
    if (ny < 1 || nx < 1)
      fail(ExitCode::data, "{}: {} x {} points are less than one LR cell of {} x {}; expected a larger image",
           sample.file, image.luma.ny, image.luma.nx, factor, factor);
    const auto whole_cells = [&](const Plane& plane) {
      return part_of(plane, 0, 0, ny * factor, nx * factor);
    };
    pair.hr = whole_cells(image.luma);
    if (request_.degrade == Degrade::files) {
      Image lr = lr_reader_.read(sample.lr_file, sample.slice, image.scale);
      if (lr.luma.ny != ny || lr.luma.nx != nx)
        fail(ExitCode::data, "{}: {} x {} points; expected {} x {}, as {} has {} x {} and factor is {}",
             sample.lr_file, lr.luma.ny, lr.luma.nx, ny, nx, sample.file, image.luma.ny, image.luma.nx,
             factor);
      if (lr.cb.empty() != image.cb.empty())
        fail(ExitCode::data, "{}: is {}, {} is not; expected both grey or both in colour", sample.lr_file,
             lr.cb.empty() ? "grey" : "in colour", sample.file);
      pair.lr = std::move(lr.luma), pair.cb = std::move(lr.cb), pair.cr = std::move(lr.cr);
      return pair;
    }
    const auto lr_of = [&](const Plane& hr) { return degraded(hr, request_.degrade, factor, image.bytes); };
    pair.lr = lr_of(pair.hr);
    if (!image.cb.empty()) pair.cb = lr_of(whole_cells(image.cb)), pair.cr = lr_of(whole_cells(image.cr));
    return pair;
  }

 private:
  void add(const std::string& file, const std::string& lr_file) {
    const long slices = reader_.slices(file);
    if (!lr_file.empty()) require_as_many(file, slices, lr_file, lr_reader_.slices(lr_file));
    if (slices < 0) {
      samples_.push_back({image_stem(file), file, lr_file});
      return;
    }
    const bool volume = image_format(file) == ImageFormat::volume;
    for (long slice = 0; slice < slices; ++slice) {
      Sample sample{fmt::format("{}_{:03}", image_stem(file), slice), file, lr_file, slice, volume};
      if (!request_.lr_only && !request_.all_slices && volume &&
          !shows_enough(reader_.read(file, slice).luma))
        continue;
      samples_.push_back(std::move(sample));
    }
  }
  /// Slices are paired by their number: one that is missing, or one too many, means other slices.
  static void require_as_many(const std::string& file, long slices, const std::string& lr_file, long lr) {
    const auto words = [](long n) { return n < 0 ? std::string("one image") : fmt::format("{} slices", n); };
    if (lr != slices)
      fail(ExitCode::data, "{}: has {}; expected {}, as {} has: give LR of the same slices", lr_file,
           words(lr), words(slices), file);
  }

  ImageSetRequest request_;
  std::vector<Sample> samples_;
  mutable ImageReader reader_, lr_reader_;
};

}  // namespace

std::string image_stem(const std::string& path) {
  std::filesystem::path name = std::filesystem::path(path).filename();
  if (lower(name.extension().string()) == ".gz") name = name.stem();
  return name.stem().string();
}

std::unique_ptr<ImageSet> open_images(const ImageSetRequest& request) {
  return std::make_unique<Images>(request);
}

}  // namespace podscale
