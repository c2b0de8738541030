#include "podscale/verify/grouped_scores.hpp"

#include <algorithm>
#include <map>

#include "podscale/core/error.hpp"

namespace podscale {
namespace {

constexpr std::size_t kWidth = static_cast<std::size_t>(Sum::count);

}  // namespace

GroupedScores::GroupedScores(std::vector<VerifiedSystem> systems, std::vector<double> keys)
    : ScoreFamily(systems, std::ssize(keys), kWidth * systems.size()), keys_(std::move(keys)) {}

void GroupedScores::add(const ScoredTime& fields) {
  PODSCALE_ASSERT(fields.sums.size() == systems_.size(), "sums of {} systems, {} systems", fields.sums.size(),
                  systems_.size());
  const auto sums = sums_of(fields);
  for (std::size_t s = 0; s < systems_.size(); ++s)
    std::copy(fields.sums[s].values.begin(), fields.sums[s].values.end(), sums.begin() + kWidth * s);
}

std::vector<GroupedScores::Group> GroupedScores::groups() const {
  std::map<double, std::vector<std::size_t>> of_key;
  for (std::size_t t = 0; t < keys_.size(); ++t) of_key[keys_[t]].push_back(t);
  std::vector<Group> found;
  for (const auto& [key, times] : of_key) {
    Group& group = found.emplace_back(Group{key, std::ssize(times), {}});
    for (std::size_t s = 0; s < systems_.size(); ++s) {
      FieldSums total;
      for (const std::size_t t : times) {
        const auto sums = sums_.at(static_cast<long>(t));
        for (std::size_t i = 0; i < kWidth; ++i) total.values[i] += sums[kWidth * s + i];
      }
      group.scores.push_back(scores_of(total, rules_of(systems_[s])));
    }
  }
  return found;
}

}  // namespace podscale
