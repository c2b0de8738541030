#pragma once
// What a run took: time a stage, rates, memory, files read and written; for the log and as JSON.

#include <string>
#include <vector>

#include "podscale/core/pulse.hpp"
#include "podscale/core/stage.hpp"
#include "run_facts.hpp"

namespace podscale {

/// Over the ranks.
struct Range {
  double min = 0, mean = 0, max = 0;
};

struct RunSummary {
  struct OfStage {
    StageId id{};
    Range seconds{};
    long times = 0;  ///< entered, on all ranks
  };
  struct Io {
    double bytes = 0;    ///< of all ranks
    double seconds = 0;  ///< of the rank that took longest
    double per_second() const { return seconds > 0 ? bytes / seconds : 0; }
  };
  double seconds = 0;
  int exit_code = 0;
  std::vector<OfStage> stages{};  ///< those that some rank entered, the longest first
  Range memory{};                 ///< peak a rank, MiB
  Io in{}, out{};
  std::vector<pulse::Loop> loops{};  ///< of rank 0
};

/// Collective on comm.
RunSummary run_summary(const Communicator& comm, double seconds, int exit_code);
/// Rank 0 speaks. Two lines.
void log_summary(const RunSummary& summary);
/// Not collective. effective: the namelist with all keys.
std::string summary_json(const RunFacts& facts, const RunSummary& summary, const std::string& effective);
/// Not collective. The file that --summary names: in a folder it is <program>.json.
std::string summary_path(const std::string& given, const std::string& program);

}  // namespace podscale
