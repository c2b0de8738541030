// podscale-verify: scores a product against truth, beside interpolations of the same LR input and the
// climatology.
//
//   podscale-verify namelists/ocean.nml
//   mpirun -n 2 podscale-verify my.nml --set verify.picture_date=2010-07-01
//   podscale-verify my.nml --compare ridge=runs/ridge/product.nc --set verify.event=percentile
#include <CLI/CLI.hpp>

#include "podscale/core/error.hpp"
#include "podscale/core/log.hpp"
#include "podscale/verify/picture.hpp"
#include "podscale/verify/verification.hpp"
#include "program.hpp"

using namespace podscale;

int main(int argc, char** argv) {
  ProgramInfo info;
  info.name = "podscale-verify";
  info.summary = "Scores a downscaled product against truth and draws a picture.";
  info.groups = {"data", "grid", "sampling", "output", "verify"};
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
  std::string scores_path, picture_path;  // set on rank 0, once there is something to draw

  const int status = run_program(argc, argv, info, [&](Context& context) {
    // 1. Open products, truth, LR source and basis; match their times by date.
    const std::vector<ComparedProduct> compared = same_on_all_ranks([&] {
      std::vector<ComparedProduct> list;
      for (const std::string& argument : compare) list.push_back(parse_compared(argument));
      return list;
    });
    const std::string scores_file = context.output_path_of("verify.scores_file");
    const std::string text_file = context.output_path_of("verify.text_file");
    context.comm.agree([&] {
      if (!context.comm.is_root()) return;
      for (const ComparedProduct& product : compared)
        keep_apart(
            {{"verify.scores_file", scores_file},
             {"verify.text_file", text_file},
             {"verify.picture_file", context.output_path(context.namelist.text("verify.picture_file"))}},
            {{"--compare", product.path}}, context.namelist.source());
    });
    Verification verification(context.comm, context.namelist, context.output_path_of("output.product_file"),
                              context.output_path_of("output.basis_file"), compared);
    for (const std::string& line : verification.describe()) log::info("{}", line);
    if (context.check || context.dry_run) {
      log::info("inputs are fine; would write {} and {}", scores_file, text_file);
      return 0;
    }

    // 2. Score the times, dealt over ranks.
    const auto locks = context.claim({scores_file, text_file});
    const ScoreAccumulator scores = verification.score();

    // 3. Write: rank 0 alone, small files.
    context.comm.agree([&] {
      if (!context.comm.is_root()) return;
      log::print("\n" + verification.write(scores, scores_file, text_file) + "\n");
      log::info("wrote {} and {}", text_file, scores_file);
      scores_path = scores_file;
      if (const std::string& name = context.namelist.text("verify.picture_file"); !name.empty())
        picture_path = context.output_path(name);
    });
    return 0;
  });

  // 4. Draw, after MPI is down: see draw_picture.
  if (status == 0 && !picture_path.empty() && draw_picture(scores_path, picture_path))
    log::info("drew {}", picture_path);
  return status;
}
