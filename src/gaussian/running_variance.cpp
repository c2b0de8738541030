#include "podscale/gaussian/running_variance.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "podscale/core/error.hpp"
#include "podscale/parallel/exact_sum.hpp"

namespace podscale {
namespace {

constexpr double kSecond = 0.5 / 86400;  // days are compared to half a second

}  // namespace

RunningVariance::RunningVariance(const Communicator& comm, RunningOptions options,
                                 std::vector<double> weights, long channels, long values_of_grid)
    : comm_(&comm),
      options_(options),
      weights_(std::move(weights)),
      channels_(static_cast<std::size_t>(channels)),
      values_of_grid_(values_of_grid) {}

void RunningVariance::restore(Record record) {
  PODSCALE_ASSERT(records_.empty() || records_.back().day < record.day, "day {} is not the last", record.day);
  records_.push_back(std::move(record));
  if (records_.back().known) judge(records_.back());
}

void RunningVariance::add(double day, std::span<const double> mean, std::span<const double> variance) {
  while (!records_.empty() && records_.back().day > day - kSecond) records_.pop_back();
  records_.push_back({day, {mean.begin(), mean.end()}, {variance.begin(), variance.end()}, {}, {}, false});
}

std::vector<double> RunningVariance::wanted(double day) const {
  std::vector<double> days;
  for (const Record& record : records_)
    if (!record.known && record.day < day - options_.delay + kSecond) days.push_back(record.day);
  return days;
}

void RunningVariance::set_truth(double day, std::span<const float> truth) {
  const auto found = std::find_if(records_.begin(), records_.end(),
                                  [&](const Record& r) { return std::abs(r.day - day) < kSecond; });
  PODSCALE_ASSERT(found != records_.end() && !found->known, "no forecast of day {} waits for truth", day);
  found->square.resize(truth.size());
  for (std::size_t i = 0; i < truth.size(); ++i) {
    const double error = static_cast<double>(truth[i]) - static_cast<double>(found->mean[i]),
                 variance = static_cast<double>(found->variance[i]);
    found->square[i] =
        variance > 0 ? static_cast<float>(error * error / variance) : std::numeric_limits<float>::quiet_NaN();
  }
  found->known = true;
  found->mean.clear();
  found->variance.clear();
  judge(*found);
}

/// Mean of q over the region, of each channel: exact sums, the same at any number of ranks.
void RunningVariance::judge(Record& record) {
  const std::size_t n = weights_.size() / channels_;
  record.region.assign(channels_, std::numeric_limits<double>::quiet_NaN());
  for (std::size_t c = 0; c < channels_; ++c) {
    double largest = 0, heaviest = 0;
    const auto counts = [&](std::size_t i) {
      return weights_[i] > 0 && !record.square.empty() && std::isfinite(record.square[i]);
    };
    const auto term = [&](std::size_t i) { return weights_[i] * static_cast<double>(record.square[i]); };
    for (std::size_t i = c * n; i < (c + 1) * n; ++i) {
      if (!counts(i)) continue;
      largest = std::max(largest, term(i));
      heaviest = std::max(heaviest, weights_[i]);
    }
    ExactSum squares(1, comm_->max(largest), values_of_grid_),
        weights(1, comm_->max(heaviest), values_of_grid_);
    for (std::size_t i = c * n; i < (c + 1) * n; ++i) {
      if (!counts(i)) continue;
      const double value = term(i);
      squares.add(std::span(&value, 1));
      weights.add(std::span(&weights_[i], 1));
    }
    const double total = squares.reduce(*comm_, "squared standardised errors").front(),
                 weight = weights.reduce(*comm_, "areas").front();
    if (weight > 0) record.region[c] = total / weight;
  }
}

std::vector<double> RunningVariance::factors(double day) {
  while (!records_.empty() && records_.back().day > day - kSecond) records_.pop_back();
  const double last = day - options_.delay + kSecond, first = last - options_.window;
  const double kept = std::max(std::min(run_start_, day), day - options_.window - options_.delay);
  while (!records_.empty() && records_.front().day <= first - (day - kept)) {
    forgotten_ = std::max(forgotten_, records_.front().day);
    records_.pop_front();
  }
  const std::size_t values = weights_.size(), n = values / channels_;
  std::vector<double> factor(values, 0.0), days(values, 0.0);
  std::vector<double> region(channels_, options_.prior), region_days(channels_, options_.prior);
  for (const Record& record : records_) {  // in the order of days: the same bits whatever was restored
    if (record.day > last || record.day <= first || !record.known) continue;
    for (std::size_t c = 0; c < channels_; ++c) {
      if (std::isnan(record.region[c])) continue;
      region[c] += record.region[c];
      region_days[c] += 1;
    }
    for (std::size_t i = 0; i < record.square.size(); ++i) {
      if (!std::isfinite(record.square[i])) continue;
      factor[i] += static_cast<double>(record.square[i]);
      days[i] += 1;
    }
  }
  for (std::size_t i = 0; i < values; ++i) {
    const double whole = region_days[i / n] > 0 ? region[i / n] / region_days[i / n] : 1;
    const double all = options_.prior + days[i];
    factor[i] = weights_[i] > 0 && all > 0 ? (options_.prior * whole + factor[i]) / all : 1;
    if (!(factor[i] > 0)) factor[i] = 1;  // no prior, and errors that are all zero
  }
  return factor;
}

}  // namespace podscale
