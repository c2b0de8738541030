#include "podscale/core/error.hpp"
#include "podscale/core/log.hpp"
#include "podscale/core/on_this_rank.hpp"
#include "podscale/core/text.hpp"
#include "podscale/study/inspect_files.hpp"
#include "podscale/study/runs.hpp"

namespace podscale {
namespace {

constexpr std::size_t kLongest =
    32 << 20;  // of what is printed of one file, bytes: tables of long series are large

}  // namespace

int run_inspect(const Context& context, const FunctionalRequest& request, const std::string& picture) {
  if (request.empty() && (!request.mean.empty() || request.season || !request.period.empty()))
    throw Error(ExitCode::usage,
                "--mean, --season and --period say over which times: expected --box, --point, --gradient or "
                "--region beside them",
                true);
  if (!picture.empty() && (context.files.size() > 1 || !request.empty()))
    throw Error(
        ExitCode::usage,
        fmt::format("--picture: {} files{}; expected one file, and no --box, --point, --gradient or --region",
                    context.files.size(), request.empty() ? "" : " and a functional"),
        true);
  if (!picture.empty())
    context.comm.agree([&] {
      if (context.comm.is_root())
        keep_apart({{"the fields of --picture", picture}}, {{"the command line", context.files[0]}},
                   "podscale-inspect");
    });
  for (const std::string& file : context.files) {
    std::string text;
    if (request.empty()) text = inspect_file(context.comm, file, request.variable, picture);
    context.comm.agree([&] {
      if (!context.comm.is_root()) return;
      // What the root agrees on with itself is news to the other ranks.
      if (!request.empty()) on_this_rank([&] { text = functional_table(file, request); });
      log::print(printable(text, kLongest));
    });
  }
  return 0;
}

}  // namespace podscale
