// podscale-verify: scores a product against truth, beside interpolations of the same LR input and
// the climatology.
//
//   podscale-verify namelists/ocean.nml
//   mpirun -n 2 podscale-verify my.nml --set verify.picture_date=2010-07-01
//   podscale-verify my.nml --compare ridge=runs/ridge/product.nc --set verify.event=percentile
#include <CLI/CLI.hpp>

#include "podscale/core/log.hpp"
#include "podscale/verify/image_verification.hpp"
#include "podscale/verify/picture.hpp"
#include "podscale/verify/verification.hpp"
#include "program.hpp"

using namespace podscale;

int main(int argc, char** argv) {
  ProgramInfo info;
  info.name = "podscale-verify";
  info.summary = "Scores a downscaled product against truth and draws a picture.";
  info.stops_on_signal = true;
  info.groups = {"data", "grid", "sampling", "images", "output", "verify"};
  info.example =
      "  podscale-verify namelists/ocean.nml\n"
      "  mpirun -n 2 podscale-verify my.nml --set verify.picture_date=2010-07-01\n"
      "  podscale-verify my.nml --compare ridge=runs/ridge/product.nc";
  std::vector<std::string> compare;
  info.options = [&](CLI::App& app) {
    app.add_option("--compare", compare,
                   "Another product in the same table: path or name=path; may be repeated")
        ->take_all()
        ->expected(1);
  };
  std::vector<ScoresPicture> pictures;  // set on rank 0, once there is something to draw

  const int status = run_program(argc, argv, info, [&](Context& context) {
    const bool images = context.options.images.active();
    if (images && !compare.empty())
      throw Error(ExitCode::usage, "--compare with &images; expected one product: verify each by itself",
                  true);
    pictures = images ? run_image_verification(context)
                      : run_verification(context, verify_options(context.namelist, compare));
    return 0;
  });

  // After MPI is down: see draw_picture.
  for (const ScoresPicture& picture : pictures)
    if (status == 0 && draw_picture(picture.scores, picture.path)) log::info("drew {}", picture.path);
  return status;
}
