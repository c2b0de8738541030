#include "podscale/study/image_product.hpp"

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <span>
#include <utility>

#include "image_pictures.hpp"
#include "podscale/core/log.hpp"
#include "podscale/core/version.hpp"
#include "podscale/file/netcdf_file.hpp"
#include "podscale/file/output_file.hpp"
#include "podscale/study/image_result.hpp"
#include "podscale/study/run_identity.hpp"

namespace podscale {
namespace {

namespace fs = std::filesystem;

void make_folder(const std::string& path) {
  std::error_code status;
  fs::create_directories(path, status);
  if (status) fail(ExitCode::io, "{}: cannot be made ({}); check the path", path, status.message());
}

/// Of what is read of an image; "": there is none.
std::string stamp_of(const std::string& path) {
  std::error_code status;
  return path.empty() ? "" : file_stamp(fs::absolute(path, status).string());
}

Plane in_file_numbers(Plane plane, const ImagePair& pair, double zero) {
  const double factor = (pair.white - pair.black) / pair.range;
  for (float& value : plane.values) value = static_cast<float>(static_cast<double>(value) * factor + zero);
  return plane;
}

ImageResult result_of(const ImagePair& pair, const ImageForecast& forecast, bool hr) {
  ImageResult image{pair.name, pair.file, pair.slice, pair.black, pair.white, pair.scored};
  image.mean = in_file_numbers(forecast.mean, pair, pair.black);
  image.std = in_file_numbers(forecast.std, pair, 0);
  image.lr = in_file_numbers(pair.lr, pair, pair.black);
  if (hr) image.truth = in_file_numbers(pair.hr, pair, pair.black);
  for (const Plane& member : forecast.members)
    image.members.push_back(in_file_numbers(member, pair, pair.black));
  for (const BoxDeviation& box : forecast.boxes)
    if (!box.std.empty()) image.boxes.push_back({box.side, in_file_numbers(box.std, pair, 0)});
  return image;
}

}  // namespace

struct ImageProduct::State {
  const Communicator& comm;
  ImageProductRequest request;
  const ImageSet& images;
  std::string parts;  // folder
  std::string origin;
  Communicator self = Communicator::self();

  std::string stamp(idx_t i) const { return stamp_of(images.file(i)) + " " + stamp_of(images.lr_file(i)); }
  std::string part(idx_t i) const { return parts + "/" + image_variable_name(images.name(i)) + ".nc"; }
  std::vector<std::string> pictures(idx_t i) const;
  bool has_pictures(idx_t i) const;
  RunIdentity run() const;
  void require_names() const;
  void require_apart() const;
  void write_product(const std::string& run);
  idx_t put_images(NetcdfFile& file, idx_t i);
};

/// Names of what is written of an image beside the product; of the slices of a volume the same
/// ones.
std::vector<std::string> ImageProduct::State::pictures(idx_t i) const {
  if (request.directory.empty()) return {};
  std::vector<std::string> endings{"mean", "std"};
  for (int m = 1; m <= request.members; ++m) endings.push_back(fmt::format("member_{}", m));
  std::vector<std::string> names;
  for (const std::string& what : endings)
    names.push_back(images.of_volume(i) ? image_stem(images.file(i)) + "_" + what + ".nii.gz"
                                        : images.name(i) + "_" + what + ".png");
  return names;
}

bool ImageProduct::State::has_pictures(idx_t i) const {
  const auto names = pictures(i);
  return std::all_of(names.begin(), names.end(), [&](const std::string& name) {
    std::error_code status;
    return fs::is_regular_file(fs::path(request.directory) / name, status);
  });
}

/// Collective: rank 0 looks at the images.
RunIdentity ImageProduct::State::run() const {
  std::string text = fmt::format("{}\n{}, {}", origin, request.conformal50, request.conformal90);
  for (idx_t i = 0; i < images.size() && comm.is_root(); ++i) text += "\n" + stamp(i);
  return RunIdentity(comm.broadcast(text));
}

/// Pictures of two images must not overwrite each other.
void ImageProduct::State::require_names() const {
  std::map<std::string, idx_t> first;
  for (idx_t i = 0; i < images.size(); ++i) {
    const auto [at, fresh] = first.emplace(image_variable_name(images.name(i)), i);
    if (!fresh)
      fail(ExitCode::usage,
           "{} and {}: both make products of the name '{}'; rename one, or give them in two runs",
           images.file(at->second), images.file(i), at->first);
  }
}

/// A product must not replace an image that is read.
void ImageProduct::State::require_apart() const {
  std::set<std::string> written;
  for (idx_t i = 0; i < images.size(); ++i)
    for (const std::string& name : pictures(i)) written.insert(name);
  for (idx_t i = 0; i < images.size(); ++i)
    for (const std::string& path : {images.file(i), images.lr_file(i)}) {
      if (path.empty()) continue;
      const fs::path input(path);
      const fs::path folder = input.parent_path().empty() ? "." : input.parent_path();
      if (same_file(request.file, path) ||
          (written.contains(input.filename().string()) && same_file(request.directory, folder.string())))
        fail(ExitCode::usage,
             "{}: is an image to downscale and would be written over; name another folder for the products",
             path);
    }
}

ImageProduct::ImageProduct(const Communicator& comm, const ImageProductRequest& request,
                           const ImageSet& images)
    : state_(new State{comm, request, images, request.file + ".parts",
                       fmt::format("{}; {}; factor {}; HR {}; pictures in '{}'", program_identity(),
                                   request.origin, request.factor, request.hr, request.directory)}) {
  comm.agree([&] {
    state_->require_names();
    state_->require_apart();
  });
}
ImageProduct::ImageProduct(ImageProduct&&) noexcept = default;
ImageProduct::~ImageProduct() {
  // Where no image was finished nothing is left behind; a folder with parts in it stays.
  std::error_code status;
  if (state_ && state_->comm.is_root()) fs::remove(state_->parts, status);
}

void ImageProduct::begin() {
  State& s = *state_;
  s.comm.agree([&] {
    if (!s.comm.is_root()) return;
    make_folder(s.parts);
    if (!s.request.directory.empty()) make_folder(s.request.directory);
  });
}

const std::string& ImageProduct::parts() const {
  return state_->parts;
}

void ImageProduct::remove_parts() {
  const State& s = *state_;
  s.comm.barrier();
  if (s.comm.is_root()) {
    std::error_code status;
    for (idx_t i = 0; i < s.images.size(); ++i) fs::remove(s.part(i), status);
    fs::remove(s.parts, status);  // unless it holds parts of other images
  }
  s.comm.barrier();
}

bool ImageProduct::complete() const {
  const State& s = *state_;
  if (!s.run().made(s.comm, s.request.file)) return false;
  long there = 1;
  if (s.comm.is_root())
    for (idx_t i = 0; i < s.images.size(); ++i) there = there != 0 && s.has_pictures(i) ? 1 : 0;
  s.comm.broadcast(std::span(&there, 1));
  return there == 1;
}

bool ImageProduct::finished(idx_t i) const {
  const std::string path = state_->part(i);
  if (!fs::exists(path) || older_file(path, state_->request.file)) return false;
  if (!state_->images.of_volume(i) && !state_->has_pictures(i)) return false;
  try {
    const NetcdfFile file = NetcdfFile::open(state_->self, path);
    return file.sealed() && file.text("", "origin") == state_->origin &&
           file.text("", "stamp") == state_->stamp(i);
  } catch (const Error& error) {  // cut short by whatever stopped the last run
    log::warn("{}; the image is done again", error.what());
    return false;
  }
}

void ImageProduct::add(idx_t i, const ImagePair& pair, const ImageForecast& forecast) {
  PODSCALE_ASSERT(forecast.mean.values.size() == forecast.std.values.size() && !forecast.mean.empty(), "{}",
                  pair.name);
  if (!state_->request.directory.empty() && !state_->images.of_volume(i))
    write_pictures(state_->request.directory, pair, forecast);
  const ImageResult image = result_of(pair, forecast, state_->request.hr);
  NetcdfFile file = NetcdfFile::create(state_->self, state_->part(i));
  file.put_text("", "origin", state_->origin);
  file.put_text("", "stamp", state_->stamp(i));
  define_image(file, image);
  file.end_definitions();
  put_image(file, image);
  file.commit();
}

void ImageProduct::State::write_product(const std::string& run) {
  NetcdfFile file = NetcdfFile::create(self, request.file);
  std::string names;
  for (idx_t i = 0; i < images.size(); ++i) {
    const std::string name = image_variable_name(images.name(i));
    names += (i > 0 ? " " : "") + name;
    define_image(file, get_image(NetcdfFile::open(self, part(i)), name, false));
  }
  const std::pair<const char*, std::string> texts[] = {
      {"title", "Downscaled images with their uncertainty, by podscale"},
      {"Conventions", "CF-1.8"},
      {"podscale_version", version()},
      {"podscale_images", names},
      {"podscale_origin", request.origin},
      {kRunAttribute, run},
      {"podscale_method", request.method},
      {"podscale_namelist", request.namelist}};
  for (const auto& [name, text] : texts)
    if (!text.empty()) file.put_text("", name, text);
  file.put_numbers("", "factor", {static_cast<double>(request.factor)}, NC_INT);
  if (request.conformal50 > 0) file.put_numbers("", "conformal50", {request.conformal50});
  if (request.conformal90 > 0) file.put_numbers("", "conformal90", {request.conformal90});
  file.end_definitions();
  for (idx_t i = 0; i < images.size();) i = put_images(file, i);
  file.commit();
}

/// The images of one file, the first of which is i, and the files of a volume: the values of each
/// are read once. The number of the next image.
idx_t ImageProduct::State::put_images(NetcdfFile& file, idx_t i) {
  const bool volume = images.of_volume(i) && !request.directory.empty();
  std::vector<ImageResult> slices;
  idx_t next = i;
  for (; next < images.size() && images.file(next) == images.file(i); ++next) {
    ImageResult image = get_image(NetcdfFile::open(self, part(next)), image_variable_name(images.name(next)));
    put_image(file, image);
    if (volume) slices.push_back(std::move(image));
  }
  if (volume)
    write_volumes(request.directory + "/" + image_stem(images.file(i)), images.file(i),
                  request.hr ? 1 : request.factor, slices);
  return next;
}

void ImageProduct::finish() {
  State& s = *state_;
  const std::string run = s.run().checksum();
  s.comm.barrier();
  s.comm.agree([&] {
    if (s.comm.is_root()) s.write_product(run);
  });
  remove_parts();
}

}  // namespace podscale
