#include "recovery.hpp"

#include <cmath>

#include "podscale/core/error.hpp"
#include "podscale/core/log.hpp"

namespace podscale {
namespace {

constexpr int kMost = 3;
constexpr double kSlower = 0.5;

}  // namespace

bool with_recoveries(TrainingRun& run, WeightUpdate& optimizer, const std::function<bool()>& attempt,
                     const std::function<void()>& from_file, const std::function<void()>& anew) {
  for (;;) {
    try {
      return attempt();
    } catch (const NotFinite& found) {
      if (optimizer.step == 0)  // no rate has had any effect yet
        throw Error(ExitCode::data, fmt::format("{}: {}", found.what(), found.remedy), true);
      const double factor = optimizer.rate_factor;
      const auto before = std::lround(std::log(factor) / std::log(kSlower));
      const std::string last =
          std::isfinite(run.last_loss) ? fmt::format(", last finite loss {:.5g}", run.last_loss) : "";
      if (before >= kMost)
        throw Error(ExitCode::bug,
                    fmt::format("{}{}; the training went back to its last good state {} times, each time at "
                                "half the rate, and comes to no other end: {}",
                                found.what(), last, before, found.remedy),
                    true);
      run.in_file ? from_file() : anew();
      optimizer.rate_factor = kSlower * factor;
      run.last_loss = NAN;
      log::warn("{}{}: back to step {}, from there at {} of the rate ({} of {} times)", found.what(), last,
                optimizer.step, optimizer.rate_factor, before + 1, kMost);
    }
  }
}

}  // namespace podscale
