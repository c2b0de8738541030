// podscale-train: basis.nc and series in, model.h5 out.
#include "podscale/study/image_train.hpp"
#include "podscale/study/runs.hpp"
#include "program.hpp"

using namespace podscale;

int main(int argc, char** argv) {
  ProgramInfo info;
  info.name = "podscale-train";
  info.summary = "Trains the denoiser and its Gaussian head, data-parallel over ranks";
  info.groups = {"data", "grid", "base", "history", "model", "training", "sampling", "images", "output"};
  info.example = "  mpirun -n 2 podscale-train namelists/ocean.nml --set training.steps=1000";
  info.stops_on_signal = true;
  info.versions = network_backend().versions;
  return run_program(argc, argv, info, [](Context& context) {
    return context.options.images.active() ? run_image_train(context, network_backend(), window_backend())
                                           : run_train(context, network_backend());
  });
}
