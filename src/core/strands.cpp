#include "podscale/core/strands.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <tuple>

#include "podscale/core/error.hpp"
#include "podscale/core/intervals.hpp"

namespace podscale {
namespace {

/// Seconds on the line of the calendar.
long place_of(Calendar calendar, const Date& date) {
  return 86400 * day_number(calendar, date.year, date.month, date.day) + std::lround(date.second);
}

}  // namespace

bool runs_overlap(const SampleAxis& axis) {
  std::set<std::pair<long, double>> seen;
  for (const Sample& s : axis.samples)
    if (!seen.emplace(s.realization, s.time).second) return true;
  return false;
}

std::vector<Strand> strands_of(const SampleAxis& axis, const std::string& what) {
  const bool runs = runs_overlap(axis);
  std::map<std::pair<long, long>, Strand> found;
  for (std::size_t t = 0; t < axis.size(); ++t) {
    const Sample& s = axis[t];
    const long run = runs && s.reference ? place_of(axis.calendar, *s.reference) : 0;
    Strand& strand = found[{s.realization, run}];
    strand.realization = s.realization;
    if (runs) strand.reference = s.reference;
    strand.steps.push_back(static_cast<long>(t));
  }
  std::vector<Strand> strands;
  for (auto& [key, strand] : found) {
    std::stable_sort(strand.steps.begin(), strand.steps.end(),
                     [&](long a, long b) { return axis[a].time < axis[b].time; });
    for (std::size_t i = 1; i < strand.steps.size(); ++i)
      if (axis[strand.steps[i]].time == axis[strand.steps[i - 1]].time)
        fail(ExitCode::data, "{}: time {} occurs twice{}; expected every time once", what,
             date_text(axis[strand.steps[i]].date),
             strand_text(strand).empty() ? "" : " in " + strand_text(strand));
    strands.push_back(std::move(strand));
  }
  return strands;
}

std::string strand_text(const Strand& strand) {
  std::string text;
  if (strand.realization != 0) text = fmt::format("realization {}", strand.realization);
  if (strand.reference)
    text += fmt::format("{}run of {}", text.empty() ? "" : ", ", date_text(*strand.reference));
  return text;
}

std::optional<double> lead_days(Calendar calendar, const Sample& sample) {
  if (!sample.reference) return std::nullopt;
  return days_between(calendar, *sample.reference, sample.date);
}

std::string understand_strands(SampleAxis& axis) {
  std::string said;
  std::optional<StepLength> step;
  const Stamp stamp = axis.stamp;
  for (const Strand& strand : strands_of(axis)) {
    SampleAxis part = subset(axis, strand.steps);
    part.stamp = stamp;
    const std::string assumed = understand(part, step.value_or(StepLength{}));
    if (said.empty()) said = assumed;
    if (part.step.known() && !step) step = part.step;
    if (part.stamp != Stamp::automatic) axis.stamp = part.stamp;
    for (std::size_t i = 0; i < strand.steps.size(); ++i)
      axis.samples[static_cast<std::size_t>(strand.steps[i])].span = part[i].span;
  }
  axis.step = step.value_or(StepLength{});
  return said;
}

void require_one_series(const SampleAxis& axis, const std::string& what, const std::string& expected) {
  same_on_all_ranks([&] {
    if (const auto strands = strands_of(axis, what); strands.size() > 1)
      fail(ExitCode::usage, "{}: {} series, the second of {}; expected {}", what, strands.size(),
           strand_text(strands[1]), expected);
  });
}

}  // namespace podscale
