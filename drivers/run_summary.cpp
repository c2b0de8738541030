#include "run_summary.hpp"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "podscale/core/log.hpp"
#include "podscale/core/traffic.hpp"
#include "podscale/core/version.hpp"

namespace podscale {
namespace {

using Json = nlohmann::ordered_json;

Range over_ranks(const Communicator& comm, double value) {
  return {comm.min(value), comm.sum(value) / comm.size(), comm.max(value)};
}

RunSummary::Io io(const Communicator& comm, Direction direction) {
  const Traffic mine = traffic(direction);
  return {comm.sum(static_cast<double>(mine.bytes)), comm.max(mine.seconds)};
}

Json json_of(const Range& range) {
  return {{"min", range.min}, {"mean", range.mean}, {"max", range.max}};
}
Json json_of(const RunSummary::Io& io) {
  return {{"bytes", static_cast<std::uint64_t>(io.bytes)},
          {"seconds", io.seconds},
          {"bytes_per_second", io.per_second()}};
}

std::string amount(double bytes) {
  const double mib = bytes / (1 << 20);
  return mib < 10      ? fmt::format("{:.2f} MiB", mib)
         : mib < 10240 ? fmt::format("{:.0f} MiB", mib)
                       : fmt::format("{:.1f} GiB", mib / 1024);
}

std::string io_text(const char* what, const RunSummary::Io& io) {
  return fmt::format("{} {}{}", what, amount(io.bytes),
                     io.seconds > 0 ? fmt::format(" at {}/s", amount(io.per_second())) : "");
}

}  // namespace

RunSummary run_summary(const Communicator& comm, double seconds, int exit_code) {
  RunSummary summary;
  summary.seconds = comm.max(seconds);
  summary.exit_code = exit_code;
  const auto times = stage_times();
  for (std::size_t i = 0; i < times.size(); ++i) {
    const long entered = comm.sum(times[i].times);
    const Range range = over_ranks(comm, times[i].seconds);
    if (i == 0 || entered > 0) summary.stages.push_back({static_cast<StageId>(i), range, entered});
  }
  std::stable_sort(summary.stages.begin(), summary.stages.end(),
                   [](const auto& a, const auto& b) { return a.seconds.mean > b.seconds.mean; });
  summary.memory = over_ranks(comm, peak_memory_mib());
  summary.in = io(comm, Direction::in);
  summary.out = io(comm, Direction::out);
  summary.loops = pulse::finished_loops();
  return summary;
}

void log_summary(const RunSummary& summary) {
  double all = 0;
  for (const auto& stage : summary.stages) all += stage.seconds.mean;
  std::string line;
  for (const auto& stage : summary.stages)
    line += fmt::format("{}{} {:.2f} s ({:.0f} %)", line.empty() ? "" : ", ", stage_name(stage.id),
                        stage.seconds.mean, all > 0 ? 100 * stage.seconds.mean / all : 0);
  log::info("  time a rank: {}", line);
  log::info("  peak memory of a rank {:.0f} to {:.0f} MiB, mean {:.0f}; {}, {}", summary.memory.min,
            summary.memory.max, summary.memory.mean, io_text("read", summary.in),
            io_text("wrote", summary.out));
}

std::string summary_json(const RunFacts& facts, const RunSummary& summary, const std::string& effective) {
  Json libraries = Json::object(), stages = Json::array(), rates = Json::array();
  for (const auto& [name, number] : facts.libraries) libraries[name] = number;
  for (const auto& stage : summary.stages)
    stages.push_back(
        {{"name", stage_name(stage.id)}, {"seconds", json_of(stage.seconds)}, {"times", stage.times}});
  for (const pulse::Loop& loop : summary.loops)
    rates.push_back({{"title", loop.title},
                     {"done", loop.done},
                     {"unit", loop.unit},
                     {"seconds", loop.seconds},
                     {"per_second", loop.rate}});
  const Json json{{"program", facts.program},
                  {"version", facts.version},
                  {"build", facts.build},
                  {"libraries", libraries},
                  {"host", facts.host},
                  {"process", facts.process},
                  {"ranks", facts.ranks},
                  {"nodes", facts.nodes},
                  {"cores", facts.cores},
                  {"threads", facts.threads},
                  {"namelist", facts.namelist},
                  {"command", facts.command},
                  {"started", facts.started},
                  {"ended", utc_now()},
                  {"exit_code", summary.exit_code},
                  {"seconds", summary.seconds},
                  {"stages", stages},
                  {"peak_memory_mib", json_of(summary.memory)},
                  {"io", {{"read", json_of(summary.in)}, {"written", json_of(summary.out)}}},
                  {"rates", rates},
                  {"effective_namelist", effective}};
  // Bytes that are no UTF-8, of a file name, become U+FFFD.
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string summary_path(const std::string& given, const std::string& program) {
  std::error_code status;
  const bool folder = given.ends_with('/') || std::filesystem::is_directory(given, status);
  return folder ? (std::filesystem::path(given) / (program + ".json")).string() : given;
}

}  // namespace podscale
