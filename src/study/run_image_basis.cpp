#include "podscale/core/checksum.hpp"
#include "podscale/core/error.hpp"
#include "podscale/core/log.hpp"
#include "podscale/core/process.hpp"
#include "podscale/core/stage.hpp"
#include "podscale/file/kept_blocks.hpp"
#include "podscale/study/image_basis_file.hpp"
#include "podscale/study/image_planes.hpp"
#include "podscale/study/image_runs.hpp"
#include "podscale/study/run_identity.hpp"

namespace podscale {
int run_image_basis(const Context& context) {
  const Communicator& comm = context.comm;
  const ImageOptions& images = context.options.images;
  const std::string& path = context.options.output.basis_file.get();

  const RunIdentity run = RunIdentity::of_image_basis(context);
  if (!context.check && !context.force && run.made(comm, path)) {
    leave_finished(context, path, KeptBlocks::folder_of(path), [] {});
    return 0;
  }

  // 1. The images.
  same_on_all_ranks([&] {
    if (const std::string problem = shifts_problem(images.window(), images.shifts); !problem.empty())
      fail(ExitCode::usage, "{}: {}", images.source, problem);
  });
  std::unique_ptr<ImageSet> train, validate;
  comm.agree([&] {
    train = open_images(train_images(images));
    validate = open_images(validate_images(images));
    require_other_files(*train, *validate);
    for (const ImageSet* set : {train.get(), validate.get()}) require_no_image(*set, path);
  });
  log::info("{} images for training, {} for validation, LR {} by {}", train->size(), validate->size(),
            degrade_name(images.degrade), images.factor);
  if (context.check) return 0;
  const auto locks = context.claim({path});

  // 2. The base, its calibration, the file.
  ImageBasis basis;
  {
    const Stage stage(StageId::regression);
    basis.base = fit_pooled_base(
        comm, planes_of(*train), planes_of(*validate),
        {.shape = images.window(), .modes = images.modes, .contrast_classes = images.contrast_classes});
  }
  basis.calibrations = calibrate_images(comm, basis.base, nullptr, planes_of(*validate));
  for (const ImageCalibration& c : basis.calibrations) log::info("validation, {}", calibration_text(c, 255));
  basis.degrade = degrade_name(images.degrade);
  basis.effective_namelist = context.options.effective;
  write_image_basis(comm, basis, path, run.checksum());
  log::info("{}: patches of {} x {} points, checksum {}, peak memory {:.0f} MiB a rank", path, images.patch,
            images.patch, checksum_text(basis.checksum()), comm.max(peak_memory_mib()));
  return 0;
}

}  // namespace podscale
