#include "podscale/verify/bootstrap.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "podscale/core/error.hpp"
#include "podscale/core/random.hpp"

namespace podscale {
namespace {

// The sample order of the training has 0 here, ties of the rank histogram 1: no counter is shared.
constexpr std::uint32_t starts = 2;

/// Linear between order statistics.
double quantile(const std::vector<double>& sorted, double q) {
  const double place = q * static_cast<double>(sorted.size() - 1), below = std::floor(place);
  const std::size_t k = below;
  return k + 1 < sorted.size() ? sorted[k] + (place - below) * (sorted[k + 1] - sorted[k]) : sorted[k];
}

/// Days; 0 of a single time.
double median_step(const SampleAxis& times) {
  std::vector<double> steps;
  const auto day = [&](std::size_t t) {
    const Date& date = times[t].date;
    return static_cast<double>(day_number(times.calendar, date.year, date.month, date.day)) +
           date.second / 86400;
  };
  for (std::size_t t = 1; t < times.size(); ++t) steps.push_back(day(t) - day(t - 1));
  if (steps.empty()) return 0;
  const auto middle = steps.begin() + steps.size() / 2;
  std::nth_element(steps.begin(), middle, steps.end());
  return *middle;
}

}  // namespace

long block_steps(const SampleAxis& times, double days) {
  const double step = median_step(times);
  return step > 0 ? std::max(1L, std::lround(days / step)) : 1;
}

bool blocks_are_single_steps(const SampleAxis& times, double days) {
  return median_step(times) >= 1 && block_steps(times, days) == 1;
}

std::vector<long> circular_resample(long times, long block, std::uint64_t seed, std::uint32_t sample) {
  PODSCALE_ASSERT(times > 0 && block > 0, "{} times, blocks of {}", times, block);
  const CounterRandom random(seed, Stream::shuffle);
  std::vector<long> out;
  out.reserve(times);
  for (std::uint32_t k = 0; std::ssize(out) < times; ++k) {
    const auto start = static_cast<long>(random.uniform(sample, k, 0, starts) * static_cast<double>(times));
    for (long t = 0; t < block && std::ssize(out) < times; ++t) out.push_back((start + t) % times);
  }
  return out;
}

Interval bootstrap(long times, const BootstrapOptions& options,
                   const std::function<double(std::span<const long>)>& statistic) {
  std::vector<long> all(times);
  std::iota(all.begin(), all.end(), 0L);
  Interval out{statistic(all), undefined, undefined};
  if (options.samples < 1 || times < fewest_blocks * options.block) return out;
  std::vector<double> values;
  for (int k = 0; k < options.samples; ++k)
    values.push_back(
        statistic(circular_resample(times, options.block, options.seed, static_cast<std::uint32_t>(k))));
  if (std::any_of(values.begin(), values.end(), [](double value) { return std::isnan(value); })) return out;
  std::sort(values.begin(), values.end());
  out.low = quantile(values, 0.5 * (1 - options.level));
  out.high = quantile(values, 0.5 * (1 + options.level));
  return out;
}

std::string bootstrap_method(const BootstrapOptions& options) {
  return fmt::format("circular block bootstrap over time: {} samples, blocks of {} steps, seed {}",
                     options.samples, options.block, options.seed);
}

std::vector<PairedDifference> paired_differences(const ScoreAccumulator& scores,
                                                 const BootstrapOptions& options) {
  const auto mean = [&](std::span<const long> times, std::size_t system, Sum what) {
    double sum = 0, weight = 0;
    for (const long t : times) {
      sum += scores.sums_at(t, system)[what];
      weight += scores.sums_at(t, system)[Sum::weight];
    }
    return quotient(sum, weight);
  };
  std::vector<PairedDifference> out;
  for (std::size_t s = 1; s < scores.systems().size(); ++s)
    out.push_back({s,
                   bootstrap(scores.times(), options,
                             [&](std::span<const long> times) {
                               return std::sqrt(mean(times, 0, Sum::squared_error)) -
                                      std::sqrt(mean(times, s, Sum::squared_error));
                             }),
                   bootstrap(scores.times(), options, [&](std::span<const long> times) {
                     return mean(times, 0, Sum::crps) - mean(times, s, Sum::crps);
                   })});
  return out;
}

ScoreSection difference_section(const ScoreAccumulator& scores, const BootstrapOptions& options) {
  const auto& systems = scores.systems();
  const ScoreUnits& units = scores.units();
  const std::size_t names = name_width(systems);
  ScoreSection section;
  std::vector<double> rmse(3, 0.0), crps(3, 0.0);  // the first system has no difference from itself
  const int percent = static_cast<int>(std::lround(100 * options.level));
  section.text = fmt::format(
      "\ndifferences, {}: {} minus ..., negative = {} is better, with {} % intervals\n"
      "{:<{}} {:>9} {:>9} {:>9}   {:>9} {:>9} {:>9}\n",
      units.text, systems[0].name, systems[0].name, percent, "system", names, "RMSE", "low", "high", "CRPS",
      "low", "high");
  bool missing = false;
  for (const PairedDifference& x : paired_differences(scores, options)) {
    for (const auto& [interval, values] : {std::pair{&x.rmse, &rmse}, std::pair{&x.crps, &crps}})
      values->insert(values->end(), {interval->estimate, interval->low, interval->high});
    missing = missing || std::isnan(x.rmse.low);
    section.text += fmt::format("{:<{}}", systems[x.other].name, names);
    for (const Interval* interval : {&x.rmse, &x.crps}) {
      for (const double value : {interval->estimate, interval->low, interval->high})
        section.text += fmt::format(" {:>9}", units.cell(value, 4));
      section.text += interval == &x.rmse ? "  " : "\n";
    }
  }
  const std::string method = bootstrap_method(options);
  section.text += method + "\n";
  if (missing && options.samples > 0)
    section.text += fmt::format("no intervals: {} times are fewer than {} blocks; see verify.block_days\n",
                                scores.times(), fewest_blocks);
  section.axes = {{"bound", "1", "0: the difference, 1 and 2: ends of its confidence interval", {0, 1, 2}}};
  const std::string what =
      fmt::format("{} minus this system, and the ends of the {} % interval", systems[0].name, percent);
  section.add("rmse_difference", "system bound", units.difference, "root mean square error of " + what, rmse,
              method);
  section.add("crps_difference", "system bound", units.difference,
              "continuous ranked probability score of " + what, crps, method);
  return section;
}

}  // namespace podscale
