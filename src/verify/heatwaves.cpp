#include "podscale/verify/heatwaves.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace podscale {
namespace {

constexpr double kLeastDays = 5;
constexpr std::size_t kMostValues = 8u << 20;  // kept a rank: 64 MiB

/// Days between most times.
double step_days(const std::vector<double>& days) {
  std::vector<double> steps;
  for (std::size_t t = 1; t < days.size(); ++t) steps.push_back(days[t] - days[t - 1]);
  if (steps.empty()) return 1;
  std::nth_element(steps.begin(), steps.begin() + std::ssize(steps) / 2, steps.end());
  return steps[steps.size() / 2];
}

/// Some points of the ocean, evenly spread in their order.
std::vector<std::size_t> spread_points(std::span<const unsigned char> ocean, std::size_t most) {
  std::vector<std::size_t> all, chosen;
  for (std::size_t i = 0; i < ocean.size(); ++i)
    if (ocean[i]) all.push_back(i);
  const std::size_t count = std::min(all.size(), std::max<std::size_t>(1, most));
  for (std::size_t i = 0; i < count; ++i) chosen.push_back(all[(2 * i + 1) * all.size() / (2 * count)]);
  return chosen;
}

std::size_t most_points(std::size_t members, std::size_t times) {
  return kMostValues / ((4 + members) * std::max<std::size_t>(1, times));
}

}  // namespace

HeatwaveSums& HeatwaveSums::operator+=(const HeatwaveSums& other) {
  events += other.events;
  times += other.times;
  intensity += other.intensity;
  heat += other.heat;
  return *this;
}

HeatwaveSums heatwaves(std::span<const double> above, std::span<const double> anomaly,
                       const std::vector<bool>& joined, long least) {
  HeatwaveSums all, run;
  const auto end = [&] {
    if (run.times >= static_cast<double>(least)) {
      run.events = 1;
      all += run;
    }
    run = {};
  };
  for (std::size_t t = 0; t < above.size(); ++t) {
    if (t > 0 && !joined[t]) end();
    if (!(above[t] > 0)) {
      end();
      continue;
    }
    run += {0, 1, anomaly[t], above[t]};
  }
  end();
  return all;
}

Heatwaves::Heatwaves(std::vector<VerifiedSystem> systems, ExceedanceEvent event,
                     std::vector<double> year_fractions, std::vector<double> days,
                     std::span<const unsigned char> ocean)
    : ScoreFamily(
          systems, std::ssize(days),
          spread_points(ocean, most_points(static_cast<std::size_t>(systems.front().members), days.size()))
                  .size() *
              (4 + static_cast<std::size_t>(systems.front().members))),
      event_(std::move(event)),
      year_fractions_(std::move(year_fractions)),
      days_(std::move(days)),
      points_(
          spread_points(ocean, most_points(static_cast<std::size_t>(systems.front().members), days_.size()))),
      members_(static_cast<std::size_t>(systems.front().members)) {}

void Heatwaves::add(const ScoredTime& fields) {
  if (fields.strip == 0)  // once a time, for all strips
    limits_ = event_.limits(year_fractions_[static_cast<std::size_t>(fields.time)], fields.climatology);
  const std::vector<double>& limits = limits_;
  const Forecast& own = fields.forecasts.front();
  const std::size_t n = fields.weights.size(),
                    before = rows_ ? static_cast<std::size_t>(rows_->own().begin * rows_->nx) : 0;
  for (std::size_t p = 0; p < points_.size(); ++p) {
    const std::size_t i = points_[p] - before;  // of another rank: beyond all that there are
    if (i < fields.first() || i >= fields.end() || !(fields.weights[i] > 0) || !std::isfinite(limits[i]))
      continue;
    double* at = sums_.at(fields.time).data() + p * (1 + series());
    const double climatology = static_cast<double>(fields.climatology[i]);
    *at++ = 1;
    *at++ = limits[i] - climatology;
    *at++ = static_cast<double>(fields.truth[i]) - climatology;
    *at++ = static_cast<double>(own.mean[i]) - climatology;
    for (std::size_t m = 0; m < members_; ++m)
      *at++ = static_cast<double>(own.members[m * n + i]) - climatology;
  }
}

ScoreSection Heatwaves::section(const ScoreUnits& units) const {
  const std::size_t times = days_.size(), width = 1 + series();
  const double step = step_days(days_), years = static_cast<double>(times) * step / 365.25;
  const long least = std::max(1l, static_cast<long>(std::ceil(kLeastDays / step - 1e-9)));
  std::vector<bool> joined(times, false);
  for (std::size_t t = 1; t < times; ++t) joined[t] = days_[t] - days_[t - 1] < 1.5 * step;

  // [series: truth, mean, members][events, days, duration, intensity, heat]
  std::vector<std::array<double, 5>> found;
  for (std::size_t s = 1; s < series(); ++s) {
    HeatwaveSums sums;
    std::vector<double> above(times), anomaly(times);
    for (std::size_t p = 0; p < points_.size(); ++p) {
      for (std::size_t t = 0; t < times; ++t) {
        const double* at = sums_.at(static_cast<long>(t)).data() + p * width;
        anomaly[t] = at[1 + s];
        above[t] = at[0] > 0 ? at[1 + s] - at[1] : undefined;
      }
      sums += heatwaves(above, anomaly, joined, least);
    }
    const double point_years = years * static_cast<double>(points_.size());
    found.push_back({sums.events / point_years, sums.times * step / point_years,
                     quotient(sums.times * step, sums.events), quotient(sums.intensity, sums.times),
                     sums.heat * step / point_years});
  }
  ScoreSection section;
  section.axes = {{"heatwave_series", "1", "0: truth, 1: mean of the product, from 2 on its members", {}}};
  for (std::size_t s = 0; s < found.size(); ++s) section.axes[0].values.push_back(static_cast<double>(s));
  const char* const names[] = {"events", "days", "duration", "intensity", "heat"};
  const std::string unit[] = {"year-1", "day year-1", "day", units.difference,
                              units.difference + " day year-1"},
                    said[] = {"heatwaves a year", "days in heatwaves a year", "mean length of a heatwave",
                              "mean anomaly in heatwaves",
                              "sum of what is above the limit in heatwaves, a year"};
  for (std::size_t q = 0; q < 5; ++q) {
    std::vector<double> values;
    for (const auto& of_series : found) values.push_back(of_series[q]);
    section.add(fmt::format("heatwave_{}", names[q]), "heatwave_series", unit[q], said[q], values);
  }
  section.text = fmt::format(
      "\nheatwaves: above the limit for {:g} days or more, at {} points; a year: events, days, {} days above the "
      "limit\n{:<26}",
      static_cast<double>(least) * step, points_.size(), units.text, "");
  for (const char* name : {"events", "days", "heat", "duration", "intensity"})
    section.text += fmt::format(" {:>9}", name);
  section.text += '\n';
  constexpr std::size_t kOrder[] = {0, 1, 4, 2, 3};
  const auto row = [&](const std::string& name, const std::array<double, 5>& values) {
    section.text += fmt::format("{:<26}", name);
    for (const std::size_t q : kOrder)
      section.text += fmt::format(
          " {:>9}", q >= 3 ? units.cell(values[q], q == 3 ? 3 : 2) : score_cell(values[q], q == 0 ? 2 : 1));
    section.text += '\n';
  };
  row("truth", found[0]);
  row(systems_.front().name + ", mean", found[1]);
  if (members_ == 0) return section;
  std::array<double, 5> mean{}, low, high;
  for (std::size_t q = 0; q < 5; ++q) {
    std::vector<double> values;
    for (std::size_t m = 0; m < members_; ++m)
      if (std::isfinite(found[2 + m][q])) values.push_back(found[2 + m][q]);
    for (const double value : values) mean[q] += value / static_cast<double>(values.size());
    const auto [least_value, most_value] = std::minmax_element(values.begin(), values.end());
    low[q] = values.empty() ? undefined : *least_value;
    high[q] = values.empty() ? undefined : *most_value;
  }
  row(fmt::format("{}, {} members", systems_.front().name, members_), mean);
  row("  least of them", low);
  row("  most of them", high);
  return section;
}

}  // namespace podscale
