#include "podscale/core/error.hpp"
#include "podscale/core/log.hpp"
#include "podscale/core/process.hpp"
#include "podscale/study/anomaly.hpp"
#include "podscale/study/applied_source.hpp"
#include "podscale/study/downscale.hpp"
#include "podscale/study/factor_file.hpp"
#include "podscale/study/ghrsst_file.hpp"
#include "podscale/study/lead_level.hpp"
#include "podscale/study/lr_mesh.hpp"
#include "podscale/study/product_description.hpp"
#include "podscale/study/running_calibration.hpp"
#include "podscale/study/runs.hpp"
#include "podscale/study/series.hpp"
#include "podscale/study/study_watch.hpp"

namespace podscale {
namespace {

/// Refuses what the output is asked for and cannot be, before the work.
void require_storable(const StudyOptions& options, const Basis& basis, const SampleAxis& axis) {
  if (options.output.zstd && !zstd_available())
    refuse(options,
           "output.compression = 'zstd', but HDF5 has no Zstandard filter (32015) here; install the plugin "
           "and name its folder in HDF5_PLUGIN_PATH, or write 'deflate'");
  if (options.output.ghrsst) require_ghrsst(basis.mesh, axis, product_options(options, basis));
}

}  // namespace

int run_downscale(const Context& context, const NetworkBackend& backend) {
  const Communicator& comm = context.comm;
  const StudyOptions& options = context.options;
  const std::string& product = options.output.product_file.get();

  // 1. Basis, model and the LR steps of the period.
  backend.tune_process(options.run.threads);
  const Foundation foundation(comm, options);
  const Forecaster forecaster(comm, foundation, options, backend);
  // The judge of values reads all fields before they are downscaled.
  const auto cache =
      std::make_shared<FieldCache>(static_cast<std::size_t>(options.data.cache_mib) << 20, comm.size());
  const auto& lags = foundation.reference->predictors.lags;
  options.data.downscale.get();  // asked for before anything is read
  AppliedSeries applied;
  std::shared_ptr<const FieldSource> lr;
  std::vector<long> steps;
  if (options.data.applies()) {
    applied = open_applied(comm, options.data, cache, foundation.basis, foundation.path, options.data.downscale, lags);
    lr = applied.lr, steps = applied.steps;
  } else {
    lr = open_lr(comm, options.data, cache, &foundation.basis);
    require_lr_mesh(*lr, foundation.basis, foundation.path);
    require_same_variables(*lr, foundation.basis, foundation.basis.lr_names, foundation.path);
    steps = lr_steps_of_period(*lr, options.data.downscale, lags, foundation.basis.lr_step);
  }
  watch_downscaling(context.namelist, foundation.basis, foundation.path, options.data, *lr);
  log::info("{}: {} times of {}, {}", product, steps.size(), lr->describe(), forecaster.description());
  watch_leads(options, subset(lr->times(), steps), forecaster.kind());
  const DownscaleOptions wanted = downscale_options(context, foundation);
  require_storable(options, foundation.basis, subset(lr->times(), steps));
  warn_of_damping(options);
  if (!applied.lr) judge_values(*lr, steps, options.data.doubts);
  if (context.check) return 0;
  std::vector<std::string> outputs{product};
  if (wanted.factors) outputs.push_back(factors_path(product));
  if (wanted.running) outputs.push_back(running_path(options.output));
  const auto locks = context.claim(outputs);

  // 2. Forecasting, decoding, writing, a block of times at a time.
  downscale(context, foundation, forecaster, wanted, lr, steps, applied.lr.get());
  return 0;
}

}  // namespace podscale
