#include "podscale/study/image_train.hpp"

#include <algorithm>
#include <cmath>

#include "podscale/core/checksum.hpp"
#include "podscale/core/error.hpp"
#include "podscale/core/log.hpp"
#include "podscale/core/process.hpp"
#include "podscale/core/stop.hpp"
#include "podscale/file/previous_file.hpp"
#include "podscale/parallel/ordered_sum.hpp"
#include "podscale/stat/normal.hpp"
#include "podscale/study/image_basis_file.hpp"
#include "podscale/study/image_batches.hpp"
#include "podscale/study/image_planes.hpp"

namespace podscale {
namespace {

constexpr idx_t kImagesToValidate = 12;
constexpr std::size_t kCalibrationTerms = 6;

Plane over_range(Plane plane, double range) {
  for (float& value : plane.values) value = static_cast<float>(value / range);
  return plane;
}

/// Not collective. Images of a set, some of them evenly spread where there are more than `most`.
std::vector<ScaledPair> read_scaled(const ImageSet& set, idx_t most) {
  std::vector<ScaledPair> images;
  const idx_t count = most > 0 ? std::min(most, set.size()) : set.size();
  for (idx_t i = 0; i < count; ++i) {
    ImagePair pair = set.read(i * set.size() / count);
    images.push_back(
        {over_range(std::move(pair.hr), pair.range), over_range(std::move(pair.lr), pair.range)});
  }
  return images;
}

/// CRPS of all points and PSNR with a border of `factor` points cut, of the forecast on one grid.
WindowScore score_of(const PooledBase& base, const WindowNetwork& network, const ScaledPair& image) {
  const PlaneForecast forecast(base, &network, image.lr, 1, {});
  const idx_t ny = image.hr.ny, nx = image.hr.nx, border = base.shape.factor;
  double crps = 0, square = 0, inside = 0;
  for (idx_t y = 0; y < ny; ++y)
    for (idx_t x = 0; x < nx; ++x) {
      const idx_t at = y * nx + x;
      const double error = static_cast<double>(image.hr.values[at]) - forecast.mean().values[at],
                   spread = std::sqrt(static_cast<double>(forecast.variance().values[at]));
      crps += spread * standard_crps(error / spread);
      if (y < border || x < border || y >= ny - border || x >= nx - border) continue;
      square += error * error, ++inside;
    }
  const double mean_square = std::max(square / std::max(1.0, inside), 1e-12);
  return {crps / static_cast<double>(ny * nx), -10 * std::log10(mean_square)};
}

void require_same_images(const ImageOptions& images, const ImageBasis& basis, const std::string& path) {
  const WindowShape &here = images.window(), &there = basis.base.shape;
  if (!(here == there))
    throw Error(
        ExitCode::usage,
        fmt::format("{}: images.patch, factor and halo are {}, {}, {}, but {}, {}, {} in {}; make the basis "
                    "with this namelist",
                    images.source, here.patch, here.factor, here.halo, there.patch, there.factor, there.halo,
                    path),
        true);
  if (const std::string how = degrade_name(images.degrade); how != basis.degrade)
    throw Error(ExitCode::usage,
                fmt::format("{}: images.degrade = '{}', but '{}' in {}; make the basis with this namelist",
                            images.source, how, basis.degrade, path),
                true);
}

/// root^-1 Phi, row by row of the lower triangular root: what whitens a residual. [K][points]; 0
/// in modes without variance.
std::vector<double> whitening_of(const PooledBase& base) {
  const idx_t points = base.shape.points(), kept = base.kept_modes();
  std::vector<double> rows = base.modes;
  for (idx_t k = 0; k < kept; ++k) {
    const double diagonal = base.root[k * kept + k];
    for (idx_t i = 0; i < points; ++i) {
      double value = rows[k * points + i];
      for (idx_t j = 0; j < k; ++j) value -= base.root[k * kept + j] * rows[j * points + i];
      rows[k * points + i] = diagonal > 0 ? value / diagonal : 0;
    }
  }
  return rows;
}

WindowTrainerRequest trainer_request(const StudyOptions& options, const ImageBasis& basis) {
  const ImageOptions& images = options.images;
  WindowTrainerRequest request;
  request.model = {.shape = basis.base.shape,
                   .width = images.width,
                   .layers = images.layers,
                   .blocks = images.blocks,
                   .members = images.members,
                   .modes = static_cast<int>(basis.base.kept_modes())};
  WindowTrainingOptions& training = request.training;
  training.tokens = images.tokens;
  training.batch = images.batch_tokens;
  training.rate = images.rate;
  training.warmup = std::min(training.warmup, training.steps() / 10 + 1);
  training.seed = options.training.seed;
  training.validate_every = options.training.validate_every > 0 ? options.training.validate_every
                                                                : std::clamp(training.steps() / 10, 1l, 200l);
  training.checkpoint_every = options.training.checkpoint_every;
  request.point_spread = basis.base.point_variance();
  for (double& x : request.point_spread) x = std::sqrt(x);
  if (images.members) request.whitening = whitening_of(basis.base);
  request.model_file = options.output.model_file.get();
  request.basis_checksum = checksum_text(basis.checksum());
  request.effective_namelist = options.effective;
  request.basis = options.output.basis_file.get();
  request.resume = options.run.resume;
  return request;
}

std::vector<double> numbers_of(const std::vector<ImageCalibration>& calibrations) {
  std::vector<double> numbers;
  for (const ImageCalibration& c : calibrations)
    numbers.insert(numbers.end(),
                   {static_cast<double>(c.shifts), c.level, c.half50, c.half90, c.crps, c.mean_square});
  return numbers;
}

}  // namespace

std::vector<ImageCalibration> calibrations_of(const WindowSummary& model) {
  std::vector<ImageCalibration> calibrations;
  const std::vector<double>& n = model.calibration;
  for (std::size_t i = 0; i + kCalibrationTerms <= n.size(); i += kCalibrationTerms)
    calibrations.push_back({static_cast<int>(n[i]), n[i + 1], n[i + 2], n[i + 3], n[i + 4], n[i + 5]});
  return calibrations;
}

int run_image_train(const Context& context, const NetworkBackend& backend, const WindowBackend& windows) {
  const Communicator& comm = context.comm;
  const StudyOptions& options = context.options;
  const std::string& model_path = options.output.model_file.get();
  const ImageBasis basis = read_image_basis(comm, options.output.basis_file.get());
  require_same_images(options.images, basis, options.output.basis_file.get());
  std::unique_ptr<ImageSet> train, validate;
  comm.agree([&] {
    train = open_images(train_images(options.images));
    validate = open_images(validate_images(options.images));
    require_other_files(*train, *validate);
    for (const ImageSet* set : {train.get(), validate.get()}) require_no_image(*set, model_path);
  });
  if (context.check) return 0;
  const auto locks = context.claim({model_path});
  backend.tune_process(options.run.threads);

  const WindowTrainerRequest request = trainer_request(options, basis);
  const auto trainer = windows.trainer(comm, request);
  std::vector<ScaledPair> judged;
  std::unique_ptr<ImageBatches> batches;
  comm.agree([&] {
    judged = read_scaled(*validate, kImagesToValidate);
    batches = std::make_unique<ImageBatches>(read_scaled(*train, 0), basis.base, request.model.drawn_side(),
                                             request.training.seed);
  });
  log::info("training a network of {} parameters on {} images, validation on {} of {}", trainer->parameters(),
            train->size(), judged.size(), validate->size());
  const bool finished = trainer->run(
      [&](long step, idx_t first, idx_t count) { return batches->draw(step, first, count); },
      [&](const WindowNetwork& network) {
        const auto sums = sum_in_order(comm, std::ssize(judged), 2, [&](idx_t i, std::span<double> out) {
          const WindowScore score = score_of(basis.base, network, judged[i]);
          out[0] = score.crps, out[1] = score.psnr;
        });
        const double count = static_cast<double>(judged.size());
        return WindowScore{sums[0] / count, sums[1] / count};
      },
      stop_requested);
  if (finished && trainer->best_step() == 0)
    log::warn("no step of the training beat step 0: the untrained network, which is the base, was saved");

  if (finished) {
    batches.reset();
    const auto calibrations = calibrate_images(comm, basis.base, &trainer->best(), planes_of(*validate));
    for (const ImageCalibration& c : calibrations) log::info("{}", calibration_text(c, 255));
    trainer->set_calibration(numbers_of(calibrations));
    trainer->save();
  }
  log::info("{}: {} parameters, step {}, best at step {}, peak memory {:.0f} MiB a rank", model_path,
            trainer->parameters(), trainer->step(), trainer->best_step(), comm.max(peak_memory_mib()));
  if (finished) {
    forget_previous(comm, model_path);
    return 0;
  }
  log::warn("stopped at step {} with a checkpoint: run again to go on", trainer->step());
  return static_cast<int>(ExitCode::requeue);
}

}  // namespace podscale
