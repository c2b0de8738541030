// podscale-inspect: what a file of ours, or an input, holds, in words, and a picture.
#include <CLI/CLI.hpp>
#include <cstdio>

#include "podscale/core/log.hpp"
#include "podscale/study/runs.hpp"
#include "podscale/verify/picture.hpp"
#include "program.hpp"

using namespace podscale;

int main(int argc, char** argv) {
  ProgramInfo info;
  info.name = "podscale-inspect";
  info.summary = "Says what basis, model, product, scores or input files hold";
  info.example =
      "  podscale-inspect runs/ocean/basis.nc runs/ocean/model.h5 runs/ocean/product.nc\n"
      "  podscale-inspect input.nc --variable sst --picture input.png";
  info.takes_files = true;
  info.versions = network_backend().versions;
  FunctionalRequest request;
  std::string picture;
  info.options = [&](CLI::App& app) {
    const auto list = [&](const char* name, std::vector<double>& values, int count, const char* help) {
      app.add_option(name, values, help)->delimiter(',')->expected(count)->allow_extra_args(false);
    };
    list("--box", request.box, 4, "Area mean of a product: south,north,west,east, degrees");
    list("--point", request.point, 2, "One point of a product: latitude,longitude");
    list("--gradient", request.gradient, 2,
         "Gradient there, eastward and northward, per km: latitude,longitude");
    app.add_option("--variable", request.variable,
                   "Variable, or of a product the difference of two, as tos-tob; default: each");
    app.add_option("--region", request.region,
                   "Area mean of a product over a mask: file.nc or file.nc:variable");
    app.add_option("--mean", request.mean,
                   "Of these, means over stretches of time: 30d, or month; their std knows how errors persist");
    app.add_flag("--season", request.season, "Of these, means over December to February and so on");
    app.add_option("--period", request.period, "Of these, the mean over a period: first,last day")
        ->delimiter(',')
        ->expected(2)
        ->allow_extra_args(false);
    app.add_option("--picture", picture, "Draw the fields of one input file: .png, .pdf, .svg");
  };
  std::string fields;  // set on rank 0, once there is something to draw
  const int status = run_program(argc, argv, info, [&](Context& context) {
    const std::string path = picture.empty() ? "" : picture + ".nc";
    const int done = run_inspect(context, request, path);
    if (context.comm.is_root()) fields = path;
    return done;
  });

  // After MPI is down: see draw_picture. Where nothing was drawn the fields stay, to draw them
  // later.
  if (status == 0 && !fields.empty() && draw_picture(fields, picture)) {
    log::info("drew {}", picture);
    std::remove(fields.c_str());
  }
  return status;
}
