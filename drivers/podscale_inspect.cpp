// podscale-inspect: what a file of ours, or an input, holds, in words.
#include <CLI/CLI.hpp>

#include "podscale/study/runs.hpp"
#include "program.hpp"

using namespace podscale;

int main(int argc, char** argv) {
  ProgramInfo info;
  info.name = "podscale-inspect";
  info.summary = "Says what basis, model, product, scores or input files hold";
  info.example = "  podscale-inspect runs/ocean/basis.nc runs/ocean/model.h5 runs/ocean/product.nc";
  info.takes_files = true;
  info.versions = network_backend().versions;
  FunctionalRequest request;
  info.options = [&](CLI::App& app) {
    const auto list = [&](const char* name, std::vector<double>& values, int count, const char* help) {
      app.add_option(name, values, help)->delimiter(',')->expected(count)->allow_extra_args(false);
    };
    list("--box", request.box, 4, "Area mean of a product: south,north,west,east, degrees");
    list("--point", request.point, 2, "One point of a product: latitude,longitude");
    list("--gradient", request.gradient, 2,
         "Gradient there, eastward and northward, per km: latitude,longitude");
    app.add_option("--variable", request.variable,
                   "Variable of a product, or the difference of two, as tos-tob; default: each");
    app.add_option("--region", request.region,
                   "Area mean of a product over a mask: file.nc or file.nc:variable");
  };
  return run_program(argc, argv, info, [&](Context& context) { return run_inspect(context, request); });
}
