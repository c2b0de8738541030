// podscale-inspect: what a file of ours, or an input, holds, in words.
#include <fmt/format.h>

#include "inspect_files.hpp"
#include "podscale/diffusion/model.hpp"
#include "program.hpp"

using namespace podscale;

int main(int argc, char** argv) {
  ProgramInfo info;
  info.name = "podscale-inspect";
  info.summary = "Says what basis, model, product, scores or input files hold";
  info.example = "  podscale-inspect runs/ocean/basis.nc runs/ocean/model.h5 runs/ocean/product.nc";
  info.takes_files = true;
  info.versions = network_versions();
  return run_program(argc, argv, info, [](Context& context) {
    for (const std::string& file : context.files) {
      const std::string text = inspect_file(context.comm, file);
      if (context.comm.is_root()) fmt::print("{}", text);
    }
    return 0;
  });
}
