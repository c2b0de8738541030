#include "podscale/core/log.hpp"
#include "podscale/core/on_this_rank.hpp"
#include "podscale/study/inspect_files.hpp"
#include "podscale/study/runs.hpp"

namespace podscale {

int run_inspect(const Context& context, const FunctionalRequest& request) {
  for (const std::string& file : context.files) {
    std::string text;
    if (request.empty()) text = inspect_file(context.comm, file);
    context.comm.agree([&] {
      if (!context.comm.is_root()) return;
      // What the root agrees on with itself is news to the other ranks.
      if (!request.empty()) on_this_rank([&] { text = functional_table(file, request); });
      log::print(text);
    });
  }
  return 0;
}

}  // namespace podscale
