#include "podscale/study/series.hpp"

#include "podscale/core/error.hpp"

namespace podscale {

StudySeries open_study(const Communicator& comm, const Namelist& namelist) {
  return {Series::open(comm, hr_spec(namelist)), LowResolution::open(comm, namelist)};
}

namespace {

std::pair<std::string, std::string> dates_of_period(const Namelist& namelist, const std::string& key) {
  const auto& dates = namelist.required_texts(key);
  if (dates.size() != 2)
    throw Error(ExitCode::usage,
                fmt::format("{}: {} has {} values; expected two dates, 'YYYY-MM-DD', 'YYYY-MM-DD'",
                            namelist.source(), key, dates.size()),
                true);
  return {dates[0], dates[1]};
}

std::string range_text(const TimeAxis& axis) {
  return axis.dates.empty()
             ? "no time"
             : fmt::format("{} to {}", date_text(axis.dates.front()), date_text(axis.dates.back()));
}

}  // namespace

std::vector<StepPair> steps_of_period(const Series& hr, const LowResolution& lr, const Namelist& namelist,
                                      const std::string& key) {
  const auto [first, last] = dates_of_period(namelist, key);
  const auto pairs = same_on_all_ranks([&, first = first, last = last] {
    return match_steps(hr.times(), steps_between(hr.times(), first, last), lr.times());
  });
  if (pairs.empty())
    throw Error(
        ExitCode::data,
        fmt::format("{} = '{}', '{}': no date in it that both {} ({}) and {} ({}) have; expected a period "
                    "that both cover",
                    key, first, last, hr.describe(), range_text(hr.times()), lr.describe(),
                    range_text(lr.times())),
        true);
  return pairs;
}

std::vector<long> lr_steps_of_period(const LowResolution& lr, const Namelist& namelist,
                                     const std::string& key) {
  const auto [first, last] = dates_of_period(namelist, key);
  const auto steps =
      same_on_all_ranks([&, first = first, last = last] { return steps_between(lr.times(), first, last); });
  if (steps.empty())
    throw Error(ExitCode::data,
                fmt::format("{} = '{}', '{}': {} has {}; expected a period that it covers", key, first, last,
                            lr.describe(), range_text(lr.times())),
                true);
  return steps;
}

std::vector<long> hr_steps(const std::vector<StepPair>& pairs) {
  std::vector<long> steps;
  for (const StepPair& pair : pairs) steps.push_back(pair.a);
  return steps;
}
std::vector<long> lr_steps(const std::vector<StepPair>& pairs) {
  std::vector<long> steps;
  for (const StepPair& pair : pairs) steps.push_back(pair.b);
  return steps;
}

std::vector<double> year_phases(const Basis& basis, const StudySeries& study,
                                const std::vector<StepPair>& pairs) {
  std::vector<double> phases;
  for (const StepPair& pair : pairs)
    phases.push_back(basis.year_phase(study.hr.times(), static_cast<std::size_t>(pair.a)));
  return phases;
}

}  // namespace podscale
