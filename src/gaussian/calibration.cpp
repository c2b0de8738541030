#include "podscale/gaussian/calibration.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "podscale/parallel/exact_sum.hpp"

namespace podscale {
namespace {

// Bins of |error| / sigma: fine enough for three digits of coverage; the last one holds all that is beyond.
constexpr std::size_t kBins = 1024;
constexpr double kWidth = 8.0 / kBins;

/// Half width of the central interval of a Gaussian, by bisection of erf: four numbers a run.
double gaussian_half_width(double level) {
  double low = 0, high = 10;
  for (int i = 0; i < 60; ++i) {
    const double middle = 0.5 * (low + high);
    (std::erf(middle / std::sqrt(2.0)) < level ? low : high) = middle;
  }
  return 0.5 * (low + high);
}

std::vector<double> sum_over_patches(const Communicator& comm, const std::vector<std::vector<double>>& parts,
                                     std::size_t size, long total_patches) {
  double bound = 0;
  for (const auto& part : parts)
    for (const double value : part) bound = std::max(bound, std::abs(value));
  ExactSum sum(size, comm.max(bound), total_patches);
  for (const auto& part : parts) sum.add(part);
  return sum.reduce(comm);
}

}  // namespace

Inflation LevelSums::factors(const Communicator& comm, long total_patches) const {
  std::vector<std::vector<double>> parts;
  for (std::size_t p = 0; p < error_.size() / 3; ++p) {
    std::vector<double> part(error_.begin() + static_cast<long>(3 * p),
                             error_.begin() + static_cast<long>(3 * p + 3));
    part.insert(part.end(), variance_.begin() + static_cast<long>(3 * p),
                variance_.begin() + static_cast<long>(3 * p + 3));
    parts.push_back(std::move(part));
  }
  const auto sums = sum_over_patches(comm, parts, 6, total_patches);
  const auto ratio = [&](std::size_t level) {
    return sums[3 + level] > 0 && sums[level] > 0 ? sums[level] / sums[3 + level] : 1.0;
  };
  return {ratio(global), ratio(patch), ratio(truncation)};
}

ErrorHistogram::ErrorHistogram(std::size_t patches) : bins_(patches, std::vector<double>(kBins + 1, 0.0)) {}

void ErrorHistogram::add(std::size_t patch_index, double error, double variance, double weight) {
  const double z = variance > 0 ? std::abs(error) / std::sqrt(variance) : (error == 0 ? 0.0 : 1e9);
  const double bin = std::min(z / kWidth, static_cast<double>(kBins));
  bins_[patch_index][static_cast<std::size_t>(bin)] += weight;
}

void ErrorHistogram::reduce(const Communicator& comm, long total_patches) {
  total_ = sum_over_patches(comm, bins_, kBins + 1, total_patches);
  for (std::size_t i = 1; i <= kBins; ++i) total_[i] += total_[i - 1];
  const double all = total_.back();
  for (double& value : total_) value = all > 0 ? value / all : 0;
}

std::array<double, 4> ErrorHistogram::coverage() const {
  std::array<double, 4> covered{};
  for (std::size_t i = 0; i < covered.size(); ++i) {
    const double at = gaussian_half_width(calibration_levels[i]) / kWidth;
    const std::size_t bin = static_cast<std::size_t>(at);
    const double below = bin > 0 ? total_[bin - 1] : 0;
    covered[i] = below + (at - static_cast<double>(bin)) * (total_[bin] - below);
  }
  return covered;
}

double ErrorHistogram::quantile(double level) const {
  const auto found = std::lower_bound(total_.begin(), total_.end(), level);
  const std::size_t bin = std::min(static_cast<std::size_t>(found - total_.begin()), kBins);
  const double below = bin > 0 ? total_[bin - 1] : 0, inside = total_[bin] - below;
  return kWidth * (static_cast<double>(bin) + (inside > 0 ? (level - below) / inside : 0));
}

std::array<double, 4> ErrorHistogram::quantiles() const {
  std::array<double, 4> z{};
  for (std::size_t i = 0; i < z.size(); ++i) z[i] = quantile(calibration_levels[i]);
  return z;
}

std::string calibration_note(long times, double days) {
  if (days < 350)
    return fmt::format("the {} validation times span {:.0f} days: seasons are missing from the calibration",
                       times, days);
  if (times < 24)
    return fmt::format("only {} validation times: the inflation factors are uncertain by some {:.0f} %", times,
                       100 * std::sqrt(2.0 / static_cast<double>(std::max(1l, times))));
  return "";
}

}  // namespace podscale
