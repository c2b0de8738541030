#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "podscale/core/error.hpp"
#include "podscale/study/suggest.hpp"

namespace podscale {
namespace {

constexpr std::size_t kFewest = 12;    // pairs: a dozen make eight to learn from
constexpr std::size_t kSample = 1100;  // steps of a trial basis: three years of days

std::string text_of(const Date& date) {
  return fmt::format("{:04d}-{:02d}-{:02d}", date.year, date.month, date.day);
}

/// Days that both calendars have.
struct Days30 {
  Calendar a, b;
  Date last_of_month(Date date) const {
    date.day = std::min(days_in_month(a, date.year, date.month), days_in_month(b, date.year, date.month));
    return date;
  }
  Date years_before(Date date, int years) const {
    const bool at_end = date.day >= last_of_month(date).day;
    date.year -= years;
    if (at_end || date.day > last_of_month(date).day) date = last_of_month(date);
    return date;
  }
  Date next(const Date& date) const {
    if (date.day < last_of_month(date).day) return {date.year, date.month, date.day + 1};
    return date.month == 12 ? Date{date.year + 1, 1, 1} : Date{date.year, date.month + 1, 1};
  }
};

bool before(const Date& a, const Date& b) {
  return std::tuple(a.year, a.month, a.day) < std::tuple(b.year, b.month, b.day);
}

}  // namespace

SuggestedPeriods suggest_periods(const SampleAxis& hr, const SampleAxis& lr,
                                 const std::vector<StepPair>& pairs) {
  if (pairs.size() < kFewest)
    fail(ExitCode::data,
         "HR and LR have {} times in common; expected {} or more to learn, validate and try on", pairs.size(),
         kFewest);
  const Days30 calendar{hr.calendar, lr.calendar};
  const bool monthly = hr.step.months > 0 && lr.step.months > 0;
  const auto first_day = [&](std::size_t i) {
    const Date date = hr.centre(pairs[i].a);
    return Date{date.year, date.month, monthly ? 1 : date.day};
  };
  const auto last_day = [&](std::size_t i) {
    const Date date = hr.centre(pairs[i].a);
    return monthly ? calendar.last_of_month(date) : date;
  };
  const auto days = [&](const Date& first, const Date& last) { return Days{text_of(first), text_of(last)}; };
  const Date begin = first_day(0), end = last_day(pairs.size() - 1);
  int years = 0;
  while (!before(calendar.next(calendar.years_before(end, years + 1)), begin)) ++years;

  SuggestedPeriods periods;
  if (years >= 4) {
    const int each = years >= 12 ? 2 : 1;
    const Date tried = calendar.years_before(end, each), learnt = calendar.years_before(end, 2 * each);
    periods.years = years - 2 * each;
    periods.train = days(calendar.next(calendar.years_before(end, years)), learnt);
    periods.validate = days(calendar.next(learnt), tried);
    periods.downscale = days(calendar.next(tried), end);
    const std::size_t a_year = std::max<std::size_t>(1, pairs.size() / static_cast<std::size_t>(years));
    const int sampled = std::clamp(static_cast<int>(kSample / a_year), 1, periods.years);
    periods.sample = days(calendar.next(calendar.years_before(learnt, sampled)), learnt);
    return periods;
  }
  // Too short for whole years: by numbers of steps, cut between days.
  const auto cut = [&](std::size_t at) {
    while (at + 1 < pairs.size() && !before(last_day(at - 1), first_day(at))) ++at;
    return at;
  };
  const std::size_t validate = cut(pairs.size() * 7 / 10), downscale = cut(pairs.size() * 17 / 20);
  periods.train = periods.sample = days(begin, last_day(validate - 1));
  periods.validate = days(first_day(validate), last_day(downscale - 1));
  periods.downscale = days(first_day(downscale), end);
  return periods;
}

int suggest_harmonics(const SampleAxis& times, std::span<const long> steps) {
  std::vector<double> phases;
  for (const long step : steps) phases.push_back(year_fraction(times.calendar, times.centre(step)));
  int harmonics = 2;
  while (harmonics > 0 && (phases.size() < 4 * static_cast<std::size_t>(1 + 2 * harmonics) ||
                           year_coverage(phases, harmonics).has_gap()))
    --harmonics;
  return harmonics;
}

}  // namespace podscale
