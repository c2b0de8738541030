// podscale-downscale: basis.nc, model.h5 (unless the base is used alone) and LR series in,
// product.nc out.
#include <CLI/CLI.hpp>

#include "force.hpp"
#include "podscale/study/image_runs.hpp"
#include "program.hpp"

using namespace podscale;

int main(int argc, char** argv) {
  ProgramInfo info;
  info.name = "podscale-downscale";
  info.summary = "Downscaled mean, variance and members of an LR series, as CF NetCDF";
  info.groups = {"data", "grid", "history", "model", "training", "sampling", "regions", "images", "output"};
  info.example =
      "  mpirun -n 2 podscale-downscale namelists/ocean.nml --set sampling.uncertainty=base\n"
      "  podscale-downscale namelists/set5_x4.nml --image photograph.png";
  info.stops_on_signal = true;
  info.versions = network_backend().versions;
  std::vector<std::string> pictures;
  bool force = false;
  info.options = [&](CLI::App& app) {
    add_force(app, force);
    app.add_option(
           "--image", pictures,
           "With &images: downscale this LR image, in place of images.test_files, and write the products "
           "beside it; may be repeated")
        ->take_all()
        ->expected(1);
  };
  return run_program(argc, argv, info, [&](Context& context) {
    context.force = is_forced(context.comm, force);
    if (!pictures.empty()) downscale_pictures(context.options, pictures);
    return context.options.images.active() ? run_image_downscale(context, network_backend(), window_backend())
                                           : run_downscale(context, network_backend());
  });
}
