#include "podscale/core/pairing.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "podscale/core/error.hpp"
#include "podscale/core/intervals.hpp"
#include "podscale/core/log.hpp"
#include "podscale/core/strands.hpp"

namespace podscale {
namespace {

/// Days that two calendars share, in a row: those that one of them lacks have no length.
class SharedDays {
 public:
  SharedDays(const SampleAxis& a, const SampleAxis& b) : a_(a.calendar), b_(b.calendar) {
    int last = std::numeric_limits<int>::min();
    first_year_ = std::numeric_limits<int>::max();
    for (const SampleAxis* axis : {&a, &b})
      for (const Sample& s : axis->samples) {
        // A span reaches as far as it likes.
        first_year_ = std::min({first_year_, s.date.year, s.span ? s.span->from.year : s.date.year});
        last = std::max({last, s.date.year, s.span ? s.span->to.year : s.date.year});
      }
    if (first_year_ > last) first_year_ = last = 0;
    // Half a step beside a stamp.
    const int margin = 2 + static_cast<int>(std::max(a.step.in_days(), b.step.in_days()) / 360);
    first_year_ -= margin;
    starts_.push_back(0);
    for (int month = 0; month < 12 * (last + margin + 1 - first_year_); ++month)
      starts_.push_back(starts_.back() + length(month));
  }
  double operator()(const Date& d) const {
    const int month = 12 * (d.year - first_year_) + d.month - 1;
    PODSCALE_ASSERT(month >= 0 && month + 1 < std::ssize(starts_), "year {}", d.year);
    return starts_[static_cast<std::size_t>(month)] + std::min(length(month), d.day - 1 + d.second / 86400);
  }

 private:
  double length(int month) const {
    const int year = first_year_ + month / 12, of_year = month % 12 + 1;
    return std::min(days_in_month(a_, year, of_year), days_in_month(b_, year, of_year));
  }
  Calendar a_, b_;
  int first_year_;
  std::vector<double> starts_;  // of months
};

struct Places {
  std::vector<double> from, to;
};

Places places_of(const SampleAxis& axis, const StepLength& other, const SharedDays& place) {
  Places places;
  double length = other.known() ? other.in_days() : 1;
  if (const double own = axis.step.in_days(); axis.step.known())
    length = axis.stamp == Stamp::point || own < 0.9 ? std::min(own, length) : own;
  if (axis.stamp == Stamp::point) length = std::min(length, 1.0);
  for (const Sample& s : axis.samples) {
    DateSpan span{};
    if (s.span) {
      span = *s.span;
    } else if (length == 1) {
      const Date day{s.date.year, s.date.month, s.date.day, 0};
      span = {day, shifted(axis.calendar, day, 86400)};
    } else {
      span = {shifted(axis.calendar, s.date, -length * 43200),
              shifted(axis.calendar, s.date, length * 43200)};
    }
    places.from.push_back(place(span.from));
    places.to.push_back(place(span.to));
  }
  return places;
}

/// As it is read, or as it is understood now; single times by the steps of the other axis.
SampleAxis understood(const SampleAxis& axis, const StepLength& expected = {}) {
  if (axis.step.known()) return axis;
  SampleAxis copy = axis;
  understand(copy, expected);
  return copy;
}

std::string first_stamps(const PairedSeries& of, const std::vector<long>& steps) {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < std::min<std::size_t>(3, steps.size()); ++i)
    texts.push_back(date_text(of.axis[steps[i]].date));
  return fmt::format("{}", fmt::join(texts, ", "));
}

/// How many lie beyond the other series, and the first of all.
std::string reason(const PairedSeries& of, const std::vector<long>& lonely, const PairedSeries& other) {
  if (lonely.empty()) return "";
  const SharedDays place(of.axis, other.axis);
  const auto at = [&](const SampleAxis& axis, long step) { return place(axis.centre(step)); };
  const double half = other.axis.step.known() ? 0.5 * other.axis.step.in_days() : 0.5;
  long beyond = 0;
  for (const long step : lonely)
    if (other.axis.size() == 0 || at(of.axis, step) < at(other.axis, 0) - half ||
        at(of.axis, step) > at(other.axis, std::ssize(other.axis) - 1) + half)
      ++beyond;
  return fmt::format("; without one of {}: {}{} ({} beyond the times of {}, {} where it has no such step)",
                     of.name, first_stamps(of, lonely), lonely.size() > 3 ? " ..." : "", beyond, other.name,
                     std::ssize(lonely) - beyond);
}

}  // namespace

Pairing pair_steps(const SampleAxis& axis_a, std::span<const long> steps_a, const SampleAxis& axis_b,
                   std::span<const long> steps_b) {
  SampleAxis a = understood(axis_a), b = understood(axis_b);
  if (!a.step.known()) a = understood(axis_a, b.step);
  if (!b.step.known()) b = understood(axis_b, a.step);
  const SharedDays place(a, b);
  const Places of_a = places_of(a, b.step, place), of_b = places_of(b, a.step, place);
  // Intervals of one series may overlap (running means): a pair are those that have most in
  // common.
  struct Partner {
    double common = 0;
    long step = -1;
  };
  std::vector<Partner> partners;  // of steps_a
  std::map<long, Partner> partners_of_b;
  for (const long step : steps_a) {
    const double from = of_a.from[step], to = of_a.to[step];
    Partner best;
    auto next = std::upper_bound(of_b.to.begin(), of_b.to.end(), from) - of_b.to.begin();
    for (; next < std::ssize(of_b.to) && of_b.from[next] < to; ++next) {
      const double common = std::min(to, of_b.to[next]) - std::max(from, of_b.from[next]);
      if (common > best.common && common > 0.5001 * std::max(to - from, of_b.to[next] - of_b.from[next]))
        best = {common, next};
    }
    partners.push_back(best);
    if (best.step < 0) continue;
    if (Partner& of_b_step = partners_of_b[best.step]; best.common > of_b_step.common)
      of_b_step = {best.common, step};
  }
  Pairing result;
  for (std::size_t i = 0; i < steps_a.size(); ++i) {
    const long b = partners[i].step, step = steps_a[i];
    if (b >= 0 && partners_of_b[b].step == step) {
      result.pairs.push_back({step, b});
      result.shares.push_back(partners[i].common /
                              std::max(of_a.to[step] - of_a.from[step], of_b.to[b] - of_b.from[b]));
    } else
      result.lonely_a.push_back(step);
  }
  for (const long step : steps_b)
    if (!partners_of_b.count(step)) result.lonely_b.push_back(step);
  return result;
}

std::vector<StepPair> counted_pairs(const std::string& period, const PairedSeries& a,
                                    std::span<const long> steps_a, const PairedSeries& b,
                                    std::span<const long> steps_b, bool aloud) {
  const Pairing found = pair_steps(a.axis, steps_a, b.axis, steps_b);
  const auto share = [](std::size_t lonely, std::size_t all) {
    return all == 0 ? 1.0 : 1 - static_cast<double>(lonely) / static_cast<double>(all);
  };
  const double share_a = share(found.lonely_a.size(), steps_a.size()),
               share_b = share(found.lonely_b.size(), steps_b.size());
  const std::string counts =
      fmt::format("{}: {} of {} steps of {} and {} of {} steps of {} found a partner", period,
                  steps_a.size() - found.lonely_a.size(), steps_a.size(), a.name,
                  steps_b.size() - found.lonely_b.size(), steps_b.size(), b.name);
  if (share_a < 0.5) {
    const SampleAxis of_a = understood(a.axis), of_b = understood(b.axis);
    const double days_a = of_a.step.in_days(), days_b = of_b.step.in_days();
    const auto series = [](const PairedSeries& s, const SampleAxis& axis) {
      return fmt::format("{} ({}, {})", s.name, s.what,
                         axis.size() == 0 ? std::string("no time")
                                          : fmt::format("{} to {}", date_text(axis.samples.front().date),
                                                        date_text(axis.samples.back().date)));
    };
    const std::string both = fmt::format("{} and {}", series(a, of_a), series(b, of_b));
    if (days_a > 0 && days_b > 0 && std::max(days_a, days_b) > 1.5 * std::min(days_a, days_b)) {
      const PairedSeries& finer = days_a < days_b ? a : b;
      const double coarse = std::max(days_a, days_b);
      const std::string cure = finer.key.empty() ? "give series of the same steps"
                               : coarse > 27 && coarse < 32
                                   ? fmt::format("set data.{}_average = 'month'", finer.key)
                               : coarse == 1 ? fmt::format("set data.{}_average = 'day'", finer.key)
                                             : "average the finer one to the intervals of the other";
      fail(
          ExitCode::data,
          "{}; a value of {} stands for {}, one of {} for {}: a mean over an interval is no value of a part of "
          "it; {}, or say what the stamps mean (data.hr_stamps, data.lr_stamps): {}",
          counts, a.name, of_a.step.text(), b.name, of_b.step.text(), cure, both);
    }
    fail(
        ExitCode::data,
        "{}; the first without: {} of {}, {} of {}; expected one for half of {} at least: choose a period that both "
        "cover, or say what the stamps mean (data.hr_stamps, data.lr_stamps): {}",
        counts, found.lonely_a.empty() ? "none" : first_stamps(a, found.lonely_a), a.name,
        found.lonely_b.empty() ? "none" : first_stamps(b, found.lonely_b), b.name, a.name, both);
  }
  if (!aloud) return found.pairs;
  double common = 0;
  for (const double part : found.shares) common += part / static_cast<double>(found.shares.size());
  if (!found.shares.empty() && common < 0.9)
    log::warn(
        "{}: what a step of {} and its partner of {} stand for overlaps by {:.0f} % in the mean, {:.0f} % at "
        "least: a value of one is not of the time of the other; expected the same intervals: give series of the "
        "same steps, or say what the stamps mean (data.hr_stamps, data.lr_stamps)",
        period, a.name, b.name, 100 * common,
        100 * *std::min_element(found.shares.begin(), found.shares.end()));
  const std::string text = counts + reason(a, found.lonely_a, b) + reason(b, found.lonely_b, a);
  if (share_a < 0.9 || share_b < 0.9)
    log::warn("{}", text);
  else
    log::info("{}", text);
  return found.pairs;
}

LagFinder::LagFinder(const SampleAxis& axis, StepLength step) : axis_(&axis), step_(step) {
  if (!step_.known()) {
    SampleAxis copy = axis;
    if (!copy.step.known()) understand_strands(copy);
    step_ = copy.step;
  }
  for (std::size_t t = 0; t < axis.size(); ++t) {
    const Date date = axis.centre(t);
    places_.push_back(step_.months > 0 ? date.year * 12.0 + date.month - 1
                                       : days_between(axis.calendar, axis[0].date, date));
  }
  const bool by_run = runs_overlap(axis);
  const auto same = [&](const Sample& a, const Sample& b) {
    if (a.realization != b.realization) return false;
    return !by_run ||
           (a.reference && b.reference && days_between(axis.calendar, *a.reference, *b.reference) == 0);
  };
  for (std::size_t first = 0, end = 0; first < axis.size(); first = end) {
    for (end = first + 1; end < axis.size() && same(axis[first], axis[end]);) ++end;
    series_.insert(series_.end(), end - first, {static_cast<long>(first), static_cast<long>(end)});
  }
}

std::optional<long> LagFinder::find(long step, long lag) const {
  if (lag == 0) return step;
  if (!step_.known()) return std::nullopt;
  const double length = step_.months > 0 ? step_.months : step_.days,
               target = places_.at(static_cast<std::size_t>(step)) + static_cast<double>(lag) * length;
  const auto [first, behind] = series_.at(static_cast<std::size_t>(step));
  const auto end = places_.begin() + behind;
  const auto next = std::upper_bound(places_.begin() + first, end, target - 0.4999 * length);
  if (next == end || *next > target + 0.4999 * length) return std::nullopt;
  return next - places_.begin();
}

std::vector<long> LagFinder::with_all(std::span<const long> steps, std::span<const long> lags,
                                      const std::string& what, const std::string& period) const {
  std::vector<long> kept, missing;
  for (const long step : steps)
    (std::all_of(lags.begin(), lags.end(), [&](long lag) { return find(step, lag).has_value(); }) ? kept
                                                                                                  : missing)
        .push_back(step);
  if (missing.empty()) return kept;
  const std::string text = fmt::format(
      "{}: {} of {} times of {} lack a value at one of base.lags = {} ({}, the first "
      "at {})",
      period, missing.size(), steps.size(), what, fmt::join(lags, ", "),
      step_.known() ? "steps of " + step_.text() : "steps of unknown length",
      date_text((*axis_)[missing.front()].date));
  if (kept.empty())
    fail(ExitCode::data, "{}; expected an LR series that holds the times before and after, too", text);
  log::warn("{}: they are left out", text);
  return kept;
}

}  // namespace podscale
