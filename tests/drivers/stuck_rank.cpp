// A program over the frame whose last rank does, in the way that its first argument
// names, something that a watchdog must see, or must not. stuck_rank.sh says how each must end.
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <csignal>
#include <map>

#include "podscale/core/error.hpp"
#include "podscale/core/log.hpp"
#include "podscale/core/stage.hpp"
#include "podscale/file/output_file.hpp"
#include "program.hpp"

using namespace podscale;

namespace {

using Clock = std::chrono::steady_clock;

void compute_for(double seconds) {
  volatile double x = 1;
  for (const auto start = Clock::now();
       std::chrono::duration<double>(Clock::now() - start).count() < seconds;)
    for (int i = 0; i < 10000; ++i) x = std::sqrt(x + 1);
}

const std::map<std::string, void (*)()> cases = {{"sleeps", [] { sleep(300); }},
                                                 {"is stopped", [] { std::raise(SIGSTOP); }},
                                                 {"computes", [] { compute_for(4); }},
                                                 {"computes for ever", [] { compute_for(300); }},
                                                 {"is slow", [] { sleep(2); }}};

}  // namespace

int main(int argc, char** argv) {
  ProgramInfo info;
  info.name = "stuck-rank";
  info.stops_on_signal = true;
  info.takes_files = true;
  return run_program(argc, argv, info, [](Context& context) {
    const Communicator& comm = context.comm;
    const auto locks = context.claim({"out/product.nc"});
    OutputFile file;
    if (comm.is_root()) file = OutputFile("out/product.nc");
    {
      const Stage stage(StageId::train);
      if (comm.rank() == comm.size() - 1) cases.at(context.files.at(0))();
      comm.barrier();
    }
    if (comm.is_root()) log::info("all have met");
    return 0;
  });
}
