// podscale-members: regenerates members of a product, the same bits as podscale-downscale would
// have written, from the product, its basis and its model. No LR file is needed.
#include <CLI/CLI.hpp>

#include "podscale/study/runs.hpp"
#include "program.hpp"

using namespace podscale;

int main(int argc, char** argv) {
  MembersRequest wanted;
  ProgramInfo info;
  info.name = "podscale-members";
  info.summary = "Regenerates any members of a product, bit for bit, from product, basis and model";
  info.stops_on_signal = true;
  info.example = "  mpirun -n 2 podscale-members runs/ocean/product.nc --n 100 --output members.nc";
  info.takes_files = true;
  info.versions = network_backend().versions;
  info.options = [&](CLI::App& app) {
    app.add_option("--n", wanted.count, "How many members")->check(CLI::Range(1, 100000));
    app.add_option("--first", wanted.first, "Number of the first one, from 1")->check(CLI::Range(1, 1000000));
    app.add_option("--output", wanted.output, "File to write; default: members.nc beside the product");
    app.add_option("--basis", wanted.basis, "basis.nc, where it is not where the product says");
    app.add_option("--model", wanted.model, "model.h5, likewise");
  };
  return run_program(argc, argv, info,
                     [&](Context& context) { return run_members(context, wanted, network_backend()); });
}
