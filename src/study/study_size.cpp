#include "podscale/study/study_size.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "podscale/core/error.hpp"
#include "podscale/study/calibrate.hpp"
#include "podscale/study/series.hpp"

namespace podscale {
namespace {

constexpr double kTimeFeatures = 64, kPositionFeatures = 40;  // of the denoiser

/// Along an edge of a region that is given, and of a period.
constexpr long kMostPoints = 1'000'000, kMostTimes = 1'000'000'000;

StudySize sizes_of_keys(const StudyOptions& options) {
  StudySize size;
  size.patch_y = options.basis.size[0], size.patch_x = options.basis.size[1];
  size.overlap = options.basis.overlap;
  size.modes = options.basis.modes;
  size.harmonic_terms = 1 + 2l * options.basis.harmonics;
  size.with_base = options.with_base;
  size.halo = options.base.halo;
  size.lags = std::ssize(options.base.lags);
  size.rank = options.base.global_modes;
  size.penalties = std::max(1l, std::ssize(options.base.penalties));
  size.interpolations = std::ssize(options.base.interpolation);
  size.coarsened = options.data.coarsen;
  size.lr_factor = options.data.coarsen_factor;
  size.time_block = options.data.time_block;
  size.cache_mib = static_cast<double>(options.data.cache_mib);
  const SamplingOptions& sampling = options.sampling;
  size.sampling_block = sampling.time_block;
  size.calibration_times = sampling.calibration_times;
  size.uncertainty = sampling.uncertainty;
  size.plan = sampling.plan;
  size.sampler_steps = sampling.sampler.steps;
  size.write_factors = options.output.write_factors;
  size.written_members = options.output.write_members ? sampling.plan.members : 0;
  size.deflate = options.output.deflate;
  return size;
}

void take_training(StudyOptions& options, StudySize& size) {
  const Uncertainty wanted = options.sampling.uncertainty;
  if (wanted == Uncertainty::automatic) size.uncertainty = trained_uncertainty(options);
  size_training(options, size.train);
  size.model = options.model;
  size.training = options.training;
  size.validation = options.validation;
}

/// held_out: share of data.validate.
void take_given(const GivenRegion& given, double held_out, StudySize& size) {
  const auto complain = [](const std::string& what) { throw Error(ExitCode::usage, what, true); };
  const auto are = [](const std::vector<long>& values, std::size_t count, long most) {
    return values.size() == count &&
           std::all_of(values.begin(), values.end(), [=](long value) { return value > 0 && value <= most; });
  };
  const auto option = [](const char* name, const std::vector<long>& values) {
    return fmt::format("{}{}{}", name, values.empty() ? "" : " ", fmt::join(values, ","));
  };
  if (!are(given.region, 2, kMostPoints))
    complain(
        fmt::format("{}: expected rows and columns of the HR grid, 1 to {} each, as --region 720,1440, "
                    "together with --times",
                    option("--region", given.region), kMostPoints));
  if (!are(given.times, 3, kMostTimes))
    complain(
        fmt::format("{}: expected numbers of times of data.train, data.validate and data.downscale, 1 to {} "
                    "each, as --times 3650,365,365, together with --region",
                    option("--times", given.times), kMostTimes));
  if (given.times[1] < 2)
    complain(fmt::format("{}: expected two times of data.validate or more: a part of them is held out",
                         option("--times", given.times)));
  if (!(given.ocean > 0 && given.ocean <= 1))
    complain(fmt::format("--ocean {}: expected a share of the points, above 0 and at most 1", given.ocean));
  size.ny = given.region[0], size.nx = given.region[1];
  if (size.ny < size.patch_y || size.nx < size.patch_x)
    complain(fmt::format("--region {},{}: smaller than a patch of {} x {} (patches.size)", size.ny, size.nx,
                         size.patch_y, size.patch_x));
  if (given.factor > 0) size.lr_factor = static_cast<double>(given.factor);
  size.channels = given.variables;
  size.ocean = given.ocean;
  size.train = given.times[0], size.downscale = given.times[2];
  size.held_out =
      std::clamp(std::lround(held_out * static_cast<double>(given.times[1])), 1l, given.times[1] - 1);
  size.choosing = given.times[1] - size.held_out;
  size.lr_cells = std::lround(std::ceil(static_cast<double>(size.ny) / size.lr_factor) *
                              std::ceil(static_cast<double>(size.nx) / size.lr_factor));
}

/// Collective. Shares of ocean from the first field of the training.
void take_ocean(const FieldSource& hr, long step, StudySize& size) {
  const std::vector<unsigned char> mask = whole_ocean_mask(hr, std::span(&step, 1));
  std::vector<float> points(static_cast<std::size_t>(size.patches_y() * size.patches_x()), 0.0f);
  size.ocean_of_patch = points;
  for (long y = 0; y < size.ny; ++y)
    for (long x = 0; x < size.nx; ++x) {
      const auto patch = static_cast<std::size_t>(y / size.patch_y * size.patches_x() + x / size.patch_x);
      points[patch] += 1;
      size.ocean_of_patch[patch] += static_cast<float>(mask[static_cast<std::size_t>(y * size.nx + x)]);
    }
  for (std::size_t p = 0; p < points.size(); ++p) size.ocean_of_patch[p] /= points[p];
  size.ocean =
      static_cast<double>(std::count(mask.begin(), mask.end(), 1)) / static_cast<double>(mask.size());
  if (!(size.ocean > 0))
    throw Error(ExitCode::data, hr.describe() + ": no ocean at the first time of data.train; expected some",
                true);
}

void take_files(const Communicator& comm, const StudyOptions& options, StudySize& size) {
  const StudySeries study = [&] {
    try {
      return open_study(comm, options.data);
    } catch (const Error& error) {
      if (error.code() != ExitCode::no_input) throw;
      throw Error(error.code(),
                  fmt::format("{}; or give the sizes of the region with --region and --times", error.what()),
                  error.agreed());
    }
  }();
  const Mesh &hr = study.hr.mesh(), &lr = study.lr.mesh();
  size.ny = hr.ny(), size.nx = hr.nx();
  size.channels = study.hr.channels();
  size.lr_cells = lr.points();
  if (!options.data.coarsen) {  // cells of a mesh that may cover more, at another latitude
    const double ratio = std::sqrt(lr.area(lr.points() / 2) / hr.area(hr.points() / 2)),
                 whole = std::round(ratio);
    size.lr_factor = std::max(1.0, std::abs(ratio - whole) < 0.1 * ratio ? whole : ratio);
  }
  const std::vector<long> lags = options.with_base ? options.base.lags : std::vector<long>{};
  const auto train = steps_of_period(study.hr, study.lr, options.data.train, lags, false);
  const ValidationParts parts = split_validation(
      study.hr.times(), steps_of_period(study.hr, study.lr, options.data.validate, lags, false),
      options.data.held_out);
  size.train = std::ssize(train);
  size.choosing = std::ssize(parts.choosing), size.held_out = std::ssize(parts.held_out);
  size.downscale = options.data.downscale.value.empty() || options.data.applies()
                       ? size.choosing + size.held_out
                       : std::ssize(lr_steps_of_period(study.lr, options.data.downscale, {}));
  take_ocean(study.hr, train.front().a, size);
}

}  // namespace

long StudySize::predictors() const {
  const auto cells = [&](long patch) {
    return static_cast<long>(std::ceil(static_cast<double>(patch) / lr_factor - 1e-9)) + 2 * halo;
  };
  return cells(patch_y) * cells(patch_x) * lags * channels;
}

double StudySize::patches() const {
  const double all = static_cast<double>(patches_y() * patches_x());
  if (ocean_of_patch.empty()) return std::max(1.0, std::round(std::min(1.0, 1.06 * ocean) * all));
  return static_cast<double>(
      std::count_if(ocean_of_patch.begin(), ocean_of_patch.end(), [](float share) { return share > 0; }));
}

long StudySize::global_modes() const {
  const long coefficients = std::lround(patches()) * modes;
  return with_base ? std::min({rank, coefficients / 2, train / 2}) : 0;
}

double StudySize::tiles() const {
  if (tile_y == 0) return 1;
  return std::ceil(static_cast<double>(patches_y()) / static_cast<double>(tile_y)) *
         std::ceil(static_cast<double>(patches_x()) / static_cast<double>(tile_x));
}

double StudySize::tile_tokens() const {
  const double global = static_cast<double>(global_tokens());
  if (tile_y == 0) return patches() + global;
  const double share = patches() / static_cast<double>(patches_y() * patches_x());
  const double rows = static_cast<double>(std::min(tile_y + 2 * tile_halo, patches_y())),
               columns = static_cast<double>(std::min(tile_x + 2 * tile_halo, patches_x()));
  return std::max(1.0, std::round(rows * columns * share)) + global;
}

double StudySize::parameters() const {
  const double w = model.width, k = static_cast<double>(modes), c = static_cast<double>(condition()),
               global = static_cast<double>(global_tokens());
  const auto linear = [](double in, double out) { return in * out + out; };
  const double block =
      linear(w, 6 * w) + linear(w, 3 * w) + linear(w, w) + linear(w, 4 * w) + linear(4 * w, w);
  return linear(k + c, w) + linear(kPositionFeatures + global, w) + linear(kTimeFeatures, w) + linear(w, w) +
         linear(2, w) + model.depth * block + linear(w, 2 * w) + linear(w, k) + linear(w, 2 * k);
}

double StudySize::forward_flops() const {
  const double w = model.width, p = tile_tokens(), k = static_cast<double>(modes),
               c = static_cast<double>(condition());
  return model.depth * (p * (24 * w * w + 4 * p * w) + 12 * w * w) + p * (2 * (k + c) * w + 2 * w * k);
}

StudySize study_size(const Communicator& comm, StudyOptions options, const GivenRegion& given) {
  StudySize size = sizes_of_keys(options);
  if (given.given())
    take_given(given, options.data.held_out, size);
  else
    take_files(comm, options, size);
  size.modes = std::min(size.modes, size.patch_y * size.patch_x * size.channels);
  take_training(options, size);
  const TileExtent extent = tile_extent(size.model);
  if (size.patches() > static_cast<double>(extent.window() * extent.window()))
    size.tile_y = size.tile_x = extent.edge, size.tile_halo = extent.halo;
  return size;
}

}  // namespace podscale
