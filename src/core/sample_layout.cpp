#include "podscale/core/sample_layout.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "podscale/core/error.hpp"
#include "podscale/core/strands.hpp"

namespace podscale {
namespace {

long minutes(double days) {
  return std::lround(days * 1440);
}

}  // namespace

SampleLayout::SampleLayout(const SampleAxis& samples, const std::string& what) {
  const std::vector<Strand> strands = strands_of(samples, what);
  times = {samples.calendar, samples.units, {}, samples.stamp, samples.step};
  cells.resize(samples.size());
  if (strands.empty()) return;
  std::set<long> numbers;
  for (const Strand& s : strands) numbers.insert(s.realization);
  if (numbers.size() > 1) realizations.assign(numbers.begin(), numbers.end());
  const bool runs = runs_overlap(samples);
  const auto place = [&](const Date& d) {
    return minutes(days_between(samples.calendar, {1800, 1, 1, 0}, d));
  };
  std::map<long, std::size_t> run_of, lead_of;  // minutes
  if (runs) {
    std::map<long, Date> found;
    for (const Sample& s : samples.samples) {
      if (!s.reference)
        fail(ExitCode::data,
             "{}: time {} has no reference time, but other runs have the same valid times; "
             "expected one for every sample",
             what, date_text(s.date));
      found.emplace(place(*s.reference), *s.reference);
      lead_of.emplace(minutes(*lead_days(samples.calendar, s)), 0);
    }
    for (const auto& [at, date] : found) run_of.emplace(at, references.size()), references.push_back(date);
    for (auto& [lead, index] : lead_of)
      index = leads.size(), leads.push_back(static_cast<double>(lead) / 1440);
  }
  std::map<std::pair<std::size_t, long>, std::size_t> step_of_time;  // of the first realization, no runs
  for (const Strand& strand : strands) {
    const auto number = std::find(realizations.begin(), realizations.end(), strand.realization);
    const bool first = realizations.empty() || number == realizations.begin();
    for (std::size_t i = 0; i < strand.steps.size(); ++i) {
      const Sample& s = samples[static_cast<std::size_t>(strand.steps[i])];
      SampleCell& cell = cells[static_cast<std::size_t>(strand.steps[i])];
      cell.realization = realizations.empty() ? 0 : static_cast<std::size_t>(number - realizations.begin());
      if (runs) {
        cell.run = run_of.at(place(*s.reference));
        cell.step = lead_of.at(minutes(*lead_days(samples.calendar, s)));
      } else if (first) {
        cell.step = i;
        step_of_time[{0, place(s.date)}] = i;
      } else {
        const auto at = step_of_time.find({0, place(s.date)});
        cell.step = at == step_of_time.end() ? times.size() : at->second;
      }
      if (!first) continue;
      times.samples.push_back(s);
      if (!realizations.empty()) times.samples.back().realization = 0;
      cells_of_times.push_back(cell);
    }
  }
  if (realizations.empty()) return;
  std::set<SampleCell> expected(cells_of_times.begin(), cells_of_times.end());
  std::vector<std::size_t> count(realizations.size(), 0);
  for (std::size_t t = 0; t < cells.size(); ++t) {
    SampleCell cell = cells[t];
    ++count[cell.realization];
    cell.realization = 0;
    if (!expected.count(cell))
      fail(ExitCode::data,
           "{}: realization {} has the time {}, which realization {} lacks; expected the same "
           "times of all",
           what, samples[t].realization, date_text(samples[t].date), realizations.front());
  }
  for (std::size_t r = 0; r < realizations.size(); ++r)
    if (count[r] != cells_of_times.size())
      fail(ExitCode::data,
           "{}: realization {} has {} times, realization {} has {}; expected the same times of "
           "all",
           what, realizations[r], count[r], realizations.front(), cells_of_times.size());
}

}  // namespace podscale
