// podscale-plan: what a study will cost, in words and a table.
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "podscale/core/error.hpp"
#include "podscale/core/log.hpp"
#include "podscale/study/runs.hpp"

namespace podscale {
namespace {

std::string duration(double seconds) {
  if (seconds < 100) return fmt::format("{:.1f} s", seconds);
  if (seconds < 6000) return fmt::format("{:.0f} min", seconds / 60);
  return seconds < 360000 ? fmt::format("{:.1f} h", seconds / 3600)
                          : fmt::format("{:.0f} d", seconds / 86400);
}

std::string memory(double mib) {
  return mib < 10000 ? fmt::format("{:.0f} MiB", mib) : fmt::format("{:.1f} GiB", mib / 1024);
}

std::vector<int> rank_counts(int most) {
  std::vector<int> counts;
  for (int ranks = 1; ranks < most; ranks *= 2) counts.push_back(ranks);
  counts.push_back(most);
  return counts;
}

bool runs(Program program, const StudySize& size) {
  return program != Program::train || size.uncertainty != Uncertainty::base;
}

std::string sizes_text(const StudySize& size) {
  std::string text = fmt::format(
      "{} x {} points, {} variable{}, {:.0f} % ocean: {:.0f} patches of {} x {}; {} modes, {} LR values a patch, "
      "{} global modes\ntimes: {} to train, {} and {} to validate, {} to downscale\n",
      size.ny, size.nx, size.channels, size.channels > 1 ? "s" : "", 100 * size.ocean, size.patches(),
      size.patch_y, size.patch_x, size.modes, size.with_base ? size.predictors() : 0, size.global_modes(),
      size.train, size.choosing, size.held_out, size.downscale);
  if (runs(Program::train, size))
    text += fmt::format(
        "network: width {}, depth {}, {:.0f} parameters, {:.0f} tokens attend to each other{}; {} steps of batch "
        "{}\n",
        size.model.width, size.model.depth, size.parameters(), size.tile_tokens(),
        size.tile_y > 0 ? fmt::format(", {:.0f} tiles", size.tiles()) : "", size.training.steps,
        size.training.batch);
  return text;
}

/// A rank's own cores and its node's: what is left of the speed where ranks share cores.
double crowding(const PlanRequest& request, int ranks) {
  const int nodes = request.nodes > 0 ? request.nodes : (ranks + request.cores - 1) / request.cores;
  return std::max(1.0, static_cast<double>(ranks) / (static_cast<double>(nodes) * request.cores));
}

std::string table(Program program, const StudySize& size, const MachineRates& rates,
                  const PlanRequest& request) {
  std::string text =
      fmt::format("\n{}\n{:>7} {:>9} {:>8} {:>9} {:>9} {:>8} {:>8} {:>10} {:>10}\n", program_name(program),
                  "ranks", "time", "start", "compute", "transpose", "halo", "I/O", "memory", "message");
  for (const int ranks : rank_counts(request.ranks)) {
    if (const std::string reason = why_not(program, size.training, ranks); !reason.empty()) {
      text += fmt::format("{:>7} {}\n", ranks, reason);
      continue;
    }
    const Cost cost = predict(program, size, rates, ranks);
    const double slow = crowding(request, ranks);
    text += fmt::format("{:>7} {:>9} {:>8} {:>9} {:>9} {:>8} {:>8} {:>10} {:>10}\n", ranks,
                        duration(slow * cost.seconds()), duration(slow * cost.start),
                        duration(slow * cost.compute), duration(slow * cost.transposition),
                        duration(slow * cost.halo), duration(slow * cost.io), memory(cost.memory),
                        memory(cost.largest_message));
  }
  return text;
}

/// The fewest ranks whose memory fits, a node holding as many of them as it has cores, or fewer.
std::string fit_text(Program program, const StudySize& size, const PlanRequest& request, int ranks) {
  const double each = predict_memory(program, size, ranks);
  const int on_node = std::min(
                ranks, request.nodes > 0 ? (ranks + request.nodes - 1) / request.nodes : request.cores),
            fitting = static_cast<int>(std::min(1e9, request.node_mib / each));
  if (on_node <= fitting) return "";
  if (fitting == 0)
    return fmt::format(
        "{} on {} ranks: {} a rank, more than a node has ({}): use more ranks{}", program_name(program),
        ranks, memory(each), memory(request.node_mib),
        size.tile_y == 0 && program != Program::verify ? ", smaller blocks of time, or tiles of tokens" : "");
  return fmt::format(
      "{} on {} ranks: {} a rank, {} for the {} ranks of a node that has {}: at most {} ranks a node",
      program_name(program), ranks, memory(each), memory(each * on_node), on_node, memory(request.node_mib),
      fitting);
}

}  // namespace

int run_plan(const Context& context, const PlanRequest& request) {
  const Communicator& comm = context.comm;
  if (context.options.images.active())
    refuse(context.options,
           "a plan of &images; expected fields on a mesh (&data): images are not in the cost model");
  StudySize size = study_size(comm, context.options, request.region);
  if (!request.tile.empty()) {
    constexpr long most = 10000;  // of model.tile, model.tile_halo
    if (request.tile.size() != 2 || request.tile[0] < 1 || request.tile[0] > most || request.tile[1] < 0 ||
        request.tile[1] > most)
      throw Error(ExitCode::usage,
                  fmt::format("--tile {}: expected patches along an edge, 1 to {}, and its halo, 0 to {}, as "
                              "--tile 32,2",
                              fmt::join(request.tile, ","), most, most),
                  true);
    size.tile_y = size.tile_x = request.tile[0], size.tile_halo = request.tile[1];
  }
  const MachineRates rates = request.rates.empty() ? MachineRates{} : read_rates(comm, request.rates);
  if (context.check) {
    log::info("inputs are fine; would plan for 1 to {} ranks", request.ranks);
    return 0;
  }
  std::string text = sizes_text(size);
  std::vector<std::string> advice, warnings;
  for (const Program program : kPrograms) {
    if (!runs(program, size)) continue;
    text += table(program, size, rates, request);
    const RankAdvice wanted = advise(program, size, rates, request.ranks);
    advice.push_back(fmt::format("{}: {} rank{} ({})", program_name(program), wanted.ranks,
                                 wanted.ranks > 1 ? "s" : "", wanted.reason));
    for (const int ranks : {wanted.ranks, request.ranks})
      if (const std::string warning = fit_text(program, size, request, ranks);
          !warning.empty() && (warnings.empty() || warnings.back() != warning))
        warnings.push_back(warning);
  }
  text += fmt::format("\nranks wanted, most that spend {:.0f} % of their time on work:\n  {}\n",
                      100 * least_efficiency, fmt::join(advice, "\n  "));
  if (comm.is_root()) log::print(text);
  for (const std::string& warning : warnings) log::warn("{}", warning);
  return 0;
}

int run_calibration(const Context& context, const std::string& path) {
  context.comm.agree([&] {
    keep_apart({{"--calibrate", path}}, {{"podscale-plan", context.options.source}}, context.options.source);
  });
  if (context.check) {
    log::info("would measure, and write {}", path);
    return 0;
  }
  const MachineRates rates = calibrate_rates(context.comm);
  for (const RateName& name : rate_names())
    log::info("{}: {:.4g} {}", name.name, rates.*name.rate, name.unit);
  if (context.comm.size() == 1) log::info("message and latency are the defaults: run on two ranks or more");
  context.comm.agree([&] {
    if (context.comm.is_root()) write_rates(rates, path);
  });
  log::info("wrote {}", path);
  return 0;
}

}  // namespace podscale
