#include <cmath>
#include <filesystem>
#include <memory>

#include "podscale/core/checksum.hpp"
#include "podscale/core/error.hpp"
#include "podscale/core/log.hpp"
#include "podscale/core/stage.hpp"
#include "podscale/core/stop.hpp"
#include "podscale/study/image_basis_file.hpp"
#include "podscale/study/image_product.hpp"
#include "podscale/study/image_runs.hpp"
#include "podscale/study/image_train.hpp"
#include "podscale/study/run_identity.hpp"

namespace podscale {
namespace {

/// What forecasts are made with.
struct ImageForecaster {
  ImageBasis basis{};
  std::unique_ptr<WindowNetwork> network{};  ///< nullptr: the base alone
  ImageCalibration calibration{};
  std::string method = "base";
  std::string origin{};
  int members = 0;
  std::vector<long> boxes{};
  std::uint64_t seed = 1;
  const WindowNetwork* net() const { return network.get(); }
};

ImageForecaster forecaster_of(const Communicator& comm, const StudyOptions& options,
                              const WindowBackend& windows) {
  ImageForecaster f;
  const std::string& basis_file = options.output.basis_file.get();
  f.basis = read_image_basis(comm, basis_file);
  require_window_shape(f.basis, options.images.window(), options.images.source, basis_file);
  std::string model = "none";
  std::vector<ImageCalibration> calibrations = f.basis.calibrations;
  if (options.sampling.uncertainty != Uncertainty::base) {
    const std::string& path = options.output.model_file.get();
    LoadedWindowNetwork loaded = windows.load(comm, path, checksum_text(f.basis.checksum()), basis_file);
    f.network = std::move(loaded.network);
    f.method = fmt::format("network of {} parameters", f.network->parameters());
    model = loaded.summary.weights_checksum;
    calibrations = calibrations_of(loaded.summary);
    if (calibrations.empty())
      throw Error(ExitCode::data,
                  path +
                      ": its forecasts are not calibrated: the training was stopped before its end; run "
                      "podscale-train again",
                  true);
  }
  same_on_all_ranks(
      [&] { f.calibration = calibration_of(calibrations, f.basis.base.shape, options.images.shifts); });
  if (options.sampling.calibration == Correction::none) {
    f.calibration = {};
    f.calibration.shifts = options.images.shifts;
  }
  if (options.output.write_members) f.members = options.sampling.plan.members;
  f.boxes = options.images.boxes;
  f.seed = options.sampling.sampler.seed;
  const ImageOptions& images = options.images;
  const std::string how = images.lr_only() ? "given" : degrade_name(images.degrade);
  if (!images.lr_only() && how != f.basis.degrade)
    log::warn(
        "{}: images.degrade = '{}', but '{}' in {}: the forecast knows such LR images only, and its "
        "uncertainty is theirs",
        images.source, how, f.basis.degrade, basis_file);
  f.origin = fmt::format("LR {}; basis {}; model {}; {} grids, variance times {}; {} members of seed {}", how,
                         checksum_text(f.basis.checksum()), model, f.calibration.shifts, f.calibration.level,
                         f.members, f.seed);
  for (const long side : f.boxes) f.origin += fmt::format("; boxes of {}", side);
  return f;
}

ImageForecast forecast_of(const ImageForecaster& f, const ImagePair& pair) {
  const Stage stage(StageId::sample);
  const PlaneForecast plane(f.basis.base, f.net(), pair.lr, pair.range, f.calibration);
  ImageForecast forecast{plane.mean(), plane.variance(), {}, {}};
  for (float& v : forecast.std.values) v = std::sqrt(v);
  for (int m = 0; m < f.members; ++m)
    forecast.members.push_back(plane.member(image_key(f.seed, pair.name), m));
  for (const long side : f.boxes) {
    forecast.boxes.push_back({side, plane.box_variance(side)});
    for (float& v : forecast.boxes.back().std.values) v = std::sqrt(v);
  }
  return forecast;
}

ImagePair read_pair(const ImageSet& images, idx_t i) {
  const Stage stage(StageId::read);
  return images.read(i);
}

}  // namespace

void downscale_pictures(StudyOptions& options, const std::vector<std::string>& pictures) {
  if (!options.images.active())
    throw Error(ExitCode::usage, options.source + ": --image needs a namelist of images; expected &images",
                true);
  const std::filesystem::path first(pictures.front());
  options.images.test_files.clear();
  options.images.test_lr_files = pictures;
  const std::filesystem::path folder = first.parent_path().empty() ? "." : first.parent_path();
  options.output.product_file.value = (folder / (image_stem(pictures.front()) + "_podscale.nc")).string();
  options.images.directory = folder.string();
}

int run_image_downscale(const Context& context, const NetworkBackend& backend, const WindowBackend& windows) {
  const Communicator& comm = context.comm;
  const StudyOptions& options = context.options;
  const std::string& product_file = options.output.product_file.get();

  // 1. Images, basis and model.
  backend.tune_process(options.run.threads);
  std::unique_ptr<ImageSet> images;
  comm.agree([&] { images = open_images(test_images(options.images)); });
  const ImageForecaster forecaster = forecaster_of(comm, options, windows);
  log::info("{}: {} images, {}", product_file, images->size(), forecaster.method);
  if (context.check) return 0;

  // 2. Image by image, each on one rank.
  ImageProduct product(comm,
                       {.file = product_file,
                        .directory = options.images.directory,
                        .factor = options.images.factor,
                        .members = forecaster.members,
                        .hr = !options.images.lr_only(),
                        .origin = forecaster.origin,
                        .conformal50 = forecaster.calibration.half50,
                        .conformal90 = forecaster.calibration.half90,
                        .method = forecaster.method,
                        .namelist = options.effective},
                       *images);
  if (!context.force && product.complete()) {
    leave_finished(context, product_file, product.parts(), [&] { product.remove_parts(); });
    return 0;
  }
  const auto locks = context.claim({product_file});
  product.begin();
  Progress progress("downscaling", images->size(), "images");
  bool stopped = false, worked = false;  // however short the time limit, an image is done
  comm.agree([&] {
    for (idx_t i = comm.rank(); i < images->size(); i += comm.size()) {
      const long before = std::min<long>(images->size(), i - comm.rank()),
                 done = std::min<long>(images->size(), before + comm.size());
      if (product.finished(i)) {
        progress.skip(done - before);
      } else {
        stopped = worked && stop_requested();
        if (stopped) break;
        const ImagePair pair = read_pair(*images, i);
        product.add(i, pair, forecast_of(forecaster, pair));
        worked = true;
        progress.update(done);
      }
    }
  });
  if (comm.max(stopped ? 1 : 0) != 0)
    throw Error(ExitCode::requeue,
                "stopped by a signal or the time limit; the images that are finished are kept: run again",
                true);
  progress.finish();
  product.finish();
  return 0;
}

}  // namespace podscale
