#include "podscale/study/few_samples.hpp"

#include <algorithm>

#include "podscale/core/error.hpp"
#include "podscale/core/log.hpp"
#include "podscale/study/basis_builder.hpp"

namespace podscale {
namespace {

/// Days that the times stand for, of a series in even steps.
double days_of(const SampleAxis& axis, const std::vector<long>& steps) {
  const auto day = [&](long step) {
    const Date& date = axis[static_cast<std::size_t>(step)].date;
    return day_number(axis.calendar, date.year, date.month, date.day);
  };
  const double n = static_cast<double>(steps.size());
  return static_cast<double>(day(steps.back()) - day(steps.front())) * n / (n - 1);
}

}  // namespace

BasisOptions carried_by(const BasisOptions& asked, const StudySeries& study,
                        const std::vector<StepPair>& train) {
  const std::vector<long> steps = hr_steps(train);
  const SampleAxis& axis = study.hr.times();
  const int n = static_cast<int>(steps.size());
  if (n < 3)
    throw Error(
        ExitCode::data,
        fmt::format("data.train: {} time{} that both series have; expected three at the very least, and "
                    "some years for a climatology: give a longer data.train",
                    n, n == 1 ? "" : "s"),
        true);
  const StudyYear year_of_study = year_of(study, train);
  std::vector<double> phases;
  for (const long step : steps) phases.push_back(year_of_study.at(axis, step));
  const double days = days_of(axis, steps);

  BasisOptions options = asked;
  std::string reason;
  for (; options.harmonics > 0; --options.harmonics) {
    const int terms = 1 + 2 * options.harmonics;
    if (4 * terms > n)
      reason = fmt::format("{} times carry at most a quarter as many coefficients", n);
    else if (const YearCoverage year = year_coverage(phases, options.harmonics);
             days < 350 && year.growth > 3)
      reason = fmt::format("data.train spans {:.0f} days, and harmonics need a year: {}", days, year.text());
    else
      break;
  }
  if (options.harmonics < asked.harmonics)
    log::warn("basis.harmonics = {}: lowered to {}: {}", asked.harmonics, options.harmonics, reason);

  const int terms = 1 + 2 * options.harmonics, most = std::max(1, (n - terms) / 2);
  if (!asked.shared && asked.modes > most) {
    options.modes = most;
    log::warn(
        "patches.modes = {}: lowered to {}: half of the {} training times less the {} of the climatology's "
        "coefficients",
        asked.modes, most, n, terms);
  }
  return options;
}

void judge_inflation(const Calibration& calibration, std::size_t training_times, int modes) {
  const double found = calibration.largest;
  if (found <= 10) return;
  const std::string text = fmt::format(
      "calibration: squared errors on data.validate are up to {:.3g} times the variance that {} training times "
      "predict with {} modes a patch",
      found, training_times, modes);
  if (found > 100)
    throw Error(ExitCode::data,
                text +
                    "; expected 100 at most: data.train is too short for its regression and its modes, or "
                    "the two periods do not belong together; give a longer data.train, or fewer base.lags, a "
                    "smaller base.halo and fewer patches.modes",
                true);
  log::warn("{}; expected about 1: a longer data.train or fewer patches.modes would serve better", text);
}

}  // namespace podscale
