#include "podscale/gaussian/calibration.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "podscale/core/error.hpp"
#include "podscale/parallel/exact_sum.hpp"

namespace podscale {
namespace {

// Bins of |error| / sigma: fine enough for three digits of coverage; the last one holds all that
// is beyond.
constexpr std::size_t kBins = 1024;
constexpr double kWidth = 8.0 / kBins;

std::vector<double> sum_over_patches(const Communicator& comm, const std::vector<std::vector<double>>& parts,
                                     std::size_t size, long total_patches) {
  double bound = 0;
  for (const auto& part : parts)
    for (const double value : part) bound = std::max(bound, std::abs(value));
  ExactSum sum(size, comm.max(bound), total_patches);
  for (const auto& part : parts) sum.add(part);
  return sum.reduce(comm, "calibration on data.validate");
}

}  // namespace

std::pair<Inflation, double> LevelSums::judged(const Communicator& comm, long total_patches) const {
  std::vector<std::vector<double>> parts;
  const std::size_t width = 3 + modes_;
  for (std::size_t p = 0; p < error_.size() / width; ++p) {
    const auto at = static_cast<long>(width * p), end = static_cast<long>(width * (p + 1));
    std::vector<double> part(error_.begin() + at, error_.begin() + end);
    part.insert(part.end(), variance_.begin() + at, variance_.begin() + end);
    parts.push_back(std::move(part));
  }
  const auto sums = sum_over_patches(comm, parts, 2 * width, total_patches);
  const auto ratio = [&](std::size_t level) {
    return sums[width + level] > 0 && sums[level] > 0 ? sums[level] / sums[width + level] : 1.0;
  };
  Inflation inflation{ratio(global), ratio(patch), ratio(truncation)};
  for (std::size_t m = 0; m < modes_; ++m)
    inflation.mode.push_back(sums[width + 3 + m] > 0 ? ratio(3 + m) / inflation.patch : 1.0);
  double largest = 1;
  for (std::size_t level = 0; level < width; ++level)
    if (sums[level] >= 0.1 * (sums[global] + sums[patch] + sums[truncation]))
      largest = std::max(largest, ratio(level));
  return {inflation, largest};
}

std::vector<double> Inflation::numbers() const {
  std::vector<double> all{global, patch, truncation};
  all.insert(all.end(), mode.begin(), mode.end());
  return all;
}

Inflation Inflation::from_numbers(std::span<const double> numbers, const std::string& what) {
  const bool positive = std::all_of(numbers.begin(), numbers.end(),
                                    [](double factor) { return factor > 0 && std::isfinite(factor); });
  if (numbers.size() < 3 || !positive)
    fail(ExitCode::data,
         "{} = {}; expected three positive factors or more: "
         "the file is damaged or of another version; make it again",
         what, fmt::join(numbers, ", "));
  return {numbers[0], numbers[1], numbers[2], {numbers.begin() + 3, numbers.end()}};
}

Inflate inflate_from_name(const std::string& name) {
  if (name == "level") return Inflate::level;
  if (name == "mode") return Inflate::mode;
  throw Error(ExitCode::usage, fmt::format("base.inflation = '{}'; expected 'level' or 'mode'", name), true);
}

std::string Calibration::text() const {
  return fmt::format(
      "inflation of global modes {:.3f}, patches {:.3f}{}, truncation {:.3f}; "
      "coverage of 50/80/90/95 % {:.3f} before, {:.3f} after "
      "({} times held out; inflation of {} others; {})",
      inflation.global, inflation.patch,
      inflation.mode.empty() ? ""
                             : fmt::format(" (modes {:.2f} to {:.2f} of it)",
                                           *std::min_element(inflation.mode.begin(), inflation.mode.end()),
                                           *std::max_element(inflation.mode.begin(), inflation.mode.end())),
      inflation.truncation, fmt::join(before, " "), fmt::join(after, " "), held_out, times, period);
}

std::string Calibration::split() const {
  return fmt::format(
      "data.validate in stretches of about four months: coverage and half widths from the part of each that "
      "was held out ({} times); inflation from the other ({} times of it), which also chose penalty, season "
      "and weights",
      held_out, times);
}

std::vector<double> Calibration::numbers() const {
  std::vector<double> all{static_cast<double>(times), static_cast<double>(held_out)};
  for (const auto* values : {&before, &after, &half_width})
    all.insert(all.end(), values->begin(), values->end());
  const auto factors = inflation.numbers();
  all.insert(all.end(), factors.begin(), factors.end());
  return all;
}

Calibration Calibration::from_numbers(std::span<const double> numbers) {
  Calibration c;
  PODSCALE_ASSERT(numbers.size() >= c.numbers().size(), "{} numbers", numbers.size());
  c.times = static_cast<long>(numbers[0]);
  c.held_out = static_cast<long>(numbers[1]);
  std::size_t at = 2;
  for (auto* values : {&c.before, &c.after, &c.half_width})
    for (double& value : *values) value = numbers[at++];
  c.inflation = Inflation::from_numbers(numbers.subspan(at), "inflation of a calibration");
  return c;
}

ErrorHistogram::ErrorHistogram(std::size_t patches)
    : bins_(patches, std::vector<double>(2 * (kBins + 1), 0.0)) {}

void ErrorHistogram::add(std::size_t patch_index, double error, double variance, double weight) {
  // What falls into no bin has to reach the sum over patches, which refuses it.
  if (!std::isfinite(error) || !std::isfinite(variance)) bins_[patch_index][0] = std::nan("");
  if (std::isnan(bins_[patch_index][0])) return;
  const double sigma = std::sqrt(std::max(0.0, variance));
  const double z = variance > 0 ? std::abs(error) / sigma : (error == 0 ? 0.0 : 1e9);
  const double bin = std::min(z / kWidth, static_cast<double>(kBins));
  double* bins = bins_[patch_index].data() + static_cast<std::size_t>(bin);
  bins[0] += weight;
  bins[kBins + 1] += weight * sigma;
}

void ErrorHistogram::reduce(const Communicator& comm, long total_patches) {
  total_ = sum_over_patches(comm, bins_, 2 * (kBins + 1), total_patches);
  bins_.clear();
  sigma_.assign(total_.begin() + kBins + 1, total_.end());
  total_.resize(kBins + 1);
  for (std::size_t i = 1; i <= kBins; ++i) total_[i] += total_[i - 1];
  const double all = total_.back();
  for (double& value : total_) value = all > 0 ? value / all : 0;
}

std::array<double, 4> ErrorHistogram::coverage(double factor) const {
  std::array<double, 4> covered{};
  for (std::size_t i = 0; i < covered.size(); ++i) {
    const double at = central_half_width(calibration_levels[i]) * factor / kWidth;
    const std::size_t bin = std::min(static_cast<std::size_t>(at), kBins);
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

std::array<double, 4> ErrorHistogram::quantiles(double factor) const {
  std::array<double, 4> z{};
  for (std::size_t i = 0; i < z.size(); ++i) z[i] = quantile(calibration_levels[i]) / factor;
  return z;
}

double ErrorHistogram::best_factor() const {
  // CRPS of N(0, (c sigma)^2) against z sigma is sigma * c times that of N(0, 1) against z / c.
  const auto score = [&](double c) {
    double sum = 0;
    for (std::size_t i = 0; i <= kBins; ++i)
      sum += sigma_[i] * c * standard_crps((static_cast<double>(i) + 0.5) * kWidth / c);
    return sum;
  };
  double low = 0.25, high = 4;  // golden section; the score is convex in c
  const double ratio = 0.5 * (std::sqrt(5.0) - 1);
  for (int i = 0; i < 60; ++i) {
    const double a = high - ratio * (high - low), b = low + ratio * (high - low);
    (score(a) < score(b) ? high : low) = score(a) < score(b) ? b : a;
  }
  return 0.5 * (low + high);
}

std::string calibration_note(long times, double days) {
  if (days < 350)
    return fmt::format("the {} validation times span {:.0f} days: seasons are missing from the calibration",
                       times, days);
  if (times < 24)
    return fmt::format("only {} validation times: the inflation factors are uncertain by some {:.0f} %",
                       times, 100 * std::sqrt(2.0 / static_cast<double>(std::max(1l, times))));
  return "";
}

}  // namespace podscale
