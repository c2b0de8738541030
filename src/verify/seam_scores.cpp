#include "podscale/verify/seam_scores.hpp"

#include <fmt/format.h>

#include <cmath>

namespace podscale {

SeamScores::SeamScores(const Mesh& mesh, const Decomposition& decomposition,
                       std::vector<VerifiedSystem> systems, long times)
    : ScoreFamily(systems, times, 4 * (1 + 2 * systems.size())), ny_(mesh.ny()), nx_(mesh.nx()) {
  for (long y = 0; y < ny_; ++y)
    patch_of_row_.push_back(decomposition.patch_at(y, 0) / decomposition.patches_x());
  for (long x = 0; x < nx_; ++x) patch_of_column_.push_back(decomposition.patch_at(0, x));
}

void SeamScores::add_field(std::span<const float> field, const ScoredTime& fields,
                           std::span<double> sums) const {
  const auto pair = [&](std::size_t i, std::size_t j, bool across) {
    if (fields.weights[i] <= 0 || fields.weights[j] <= 0) return;
    const std::size_t at = across ? 0 : 2;
    sums[at] += std::abs(static_cast<double>(field[i]) - static_cast<double>(field[j]));
    sums[at + 1] += 1;
  };
  const long end = static_cast<long>(fields.end()) / nx_;
  for (long y = static_cast<long>(fields.first()) / nx_; y < end; ++y) {
    const std::size_t row = static_cast<std::size_t>(first_row() + y);
    const bool last = first_row() + y + 1 == ny_,
               seam = !last && patch_of_row_[row] != patch_of_row_[row + 1];
    for (long x = 0; x < nx_; ++x) {
      const std::size_t i = y * nx_ + x, column = static_cast<std::size_t>(x);
      if (x + 1 < nx_) pair(i, i + 1, patch_of_column_[column] != patch_of_column_[column + 1]);
      if (!last) pair(i, i + nx_, seam);
    }
  }
}

void SeamScores::add(const ScoredTime& fields) {
  const auto sums = sums_of(fields);
  add_field(fields.truth, fields, sums.first(4));
  for (std::size_t s = 0; s < systems_.size(); ++s) {
    add_field(fields.forecasts[s].mean, fields, sums.subspan(4 * (1 + 2 * s), 4));
    if (systems_[s].has_members)
      add_field(fields.forecasts[s].members.first(fields.weights.size()), fields,
                sums.subspan(4 * (2 + 2 * s), 4));
  }
}

ScoreSection SeamScores::section(const ScoreUnits&) const {
  const auto total = sums_.total();
  const auto ratio = [&](std::size_t field) {
    const double* at = total.data() + 4 * field;
    return quotient(quotient(at[0], at[1]), quotient(at[2], at[3]));
  };
  ScoreSection section;
  const std::size_t names = name_width(systems_);
  section.text = fmt::format(
      "\nseams: mean jump across patch borders over that inside patches; truth {}\n{:<{}} {:>8} {:>8}\n",
      score_cell(ratio(0), 3), "system", names, "mean", "member");
  std::vector<double> means, members;
  for (std::size_t s = 0; s < systems_.size(); ++s) {
    means.push_back(ratio(1 + 2 * s));
    members.push_back(ratio(2 + 2 * s));
    section.text += fmt::format("{:<{}} {:>8} {:>8}\n", systems_[s].name, names, score_cell(means.back(), 3),
                                score_cell(members.back(), 3));
  }
  section.add("seam_ratio", "system", "1",
              "mean jump of the mean across patch borders over that inside patches", means);
  section.add("seam_ratio_member", "system", "1", "the same of the first member", members);
  section.add("seam_ratio_truth", "", "1", "the same of the truth", {ratio(0)});
  return section;
}

}  // namespace podscale
