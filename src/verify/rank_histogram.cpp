#include "podscale/verify/rank_histogram.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "podscale/core/error.hpp"
#include "podscale/verify/calibration.hpp"

namespace podscale {
namespace {

// The sample order of the training has 0 here: no counter is shared, even with one seed.
constexpr std::uint32_t ties = 1;

std::size_t most_ranks(const std::vector<VerifiedSystem>& systems) {
  int members = 0;
  for (const VerifiedSystem& system : systems) members = std::max(members, system.members);
  return static_cast<std::size_t>(members) + 1;
}

}  // namespace

std::size_t rank_among(std::span<const float> members, std::size_t first, std::size_t stride, float y,
                       double u) {
  std::size_t below = 0, equal = 0;
  for (std::size_t k = first; k < members.size(); k += stride) {
    below += members[k] < y ? 1 : 0;
    equal += members[k] == y ? 1 : 0;
  }
  return below + std::min(equal, static_cast<std::size_t>(u * static_cast<double>(equal + 1)));
}

RankHistogram::RankHistogram(std::vector<VerifiedSystem> systems, long times, std::uint64_t seed)
    : ScoreFamily(systems, times, systems.size() * most_ranks(systems)),
      ranks_(most_ranks(systems)),
      random_(seed, Stream::shuffle) {}

void RankHistogram::add(const ScoredTime& fields) {
  const std::size_t points = fields.weights.size(),  // before: of the region, those of other ranks
      before = rows_ ? static_cast<std::size_t>(rows_->own().begin * rows_->nx) : 0;
  const std::span<double> sums = sums_of(fields);
  for (std::size_t s = 0; s < systems_.size(); ++s) {
    const std::span<const float> members = fields.forecasts[s].members;
    PODSCALE_ASSERT(members.size() == points * systems_[s].members,
                    "{}: {} values of members, {} points, {} members", systems_[s].name, members.size(),
                    points, systems_[s].members);
    if (members.empty()) continue;
    for (std::size_t i = fields.first(); i < fields.end(); ++i) {
      if (fields.weights[i] == 0) continue;
      const double u =
          random_.uniform(static_cast<std::uint32_t>(fields.time), static_cast<std::uint32_t>(before + i),
                          static_cast<std::uint32_t>(s), ties);
      sums[s * ranks_ + rank_among(members, i, points, fields.truth[i], u)] += fields.weights[i];
    }
  }
}

std::vector<double> RankHistogram::shares(std::size_t system) const {
  if (systems_[system].members == 0) return {};
  const std::vector<double> total = sums_.total();
  return shares_of(std::span(total).subspan(system * ranks_, systems_[system].members + 1));
}

ScoreSection RankHistogram::section(const ScoreUnits&) const {
  ScoreSection section;
  ScoreAxis axis{"rank", "1", "number of members below the truth", std::vector<double>(ranks_)};
  std::iota(axis.values.begin(), axis.values.end(), 0.0);
  section.axes = {axis};
  std::vector<double> histogram, index;
  const std::size_t names = name_width(systems_);
  section.text = fmt::format(
      "\nrank of the truth among the written members: "
      "index (0 = flat)\n{:<{}} {:>6} {:>7} {:>13} {:>13} {:>13}\n",
      "system", names, "index", "members", "below all, %", "above all, %", "if flat, %");
  for (std::size_t s = 0; s < systems_.size(); ++s) {
    std::vector<double> share = shares(s);
    index.push_back(share.empty() ? undefined : reliability_index(share));
    if (!share.empty())
      section.text += fmt::format("{:<{}} {:>6} {:>7} {:>13} {:>13} {:>13}\n", systems_[s].name, names,
                                  score_cell(index.back(), 3), systems_[s].members,
                                  score_cell(100 * share.front(), 2), score_cell(100 * share.back(), 2),
                                  score_cell(100.0 / static_cast<double>(share.size()), 2));
    share.resize(ranks_, undefined);
    histogram.insert(histogram.end(), share.begin(), share.end());
  }
  const std::string comment =
      "with sampling.truncation_noise = .false. the written members lack the truncation variance";
  section.add("rank_histogram", "system rank", "1", "share of truths by the number of members below them",
              histogram, comment);
  section.add("rank_reliability_index", "system", "1",
              "sum over ranks of the departure of the rank histogram from flatness", index, comment);
  return section;
}

}  // namespace podscale
