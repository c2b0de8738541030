#include "podscale/study/applied_source.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>

#include "podscale/core/error.hpp"
#include "podscale/core/log.hpp"
#include "podscale/core/strands.hpp"
#include "podscale/field/series_view.hpp"

namespace podscale {
namespace {

/// By the quantiles of a value, [kLrQuantiles] with this stride. Beyond the outermost, distances
/// are scaled as those from there to the next but one, by a half to two.
double mapped(double u, std::span<const float> from, std::span<const float> to, std::size_t value) {
  const std::size_t stride = from.size() / kLrQuantiles, last = kLrQuantiles - 1;
  const auto at = [&](std::span<const float> table, std::size_t q) {
    return static_cast<double>(table[q * stride + value]);
  };
  const auto beyond = [&](std::size_t end, std::size_t inner) {
    const double width = std::abs(at(from, end) - at(from, inner)),
                 other = std::abs(at(to, end) - at(to, inner));
    return at(to, end) + (u - at(from, end)) * (width > 0 ? std::clamp(other / width, 0.5, 2.0) : 1);
  };
  if (u <= at(from, 0)) return beyond(0, 2);
  if (u >= at(from, last)) return beyond(last, last - 2);
  std::size_t q = 1;
  while (at(from, q) < u) ++q;
  const double share = (u - at(from, q - 1)) / (at(from, q) - at(from, q - 1));
  return at(to, q - 1) + share * (at(to, q) - at(to, q - 1));
}

}  // namespace

AppliedSource::AppliedSource(std::shared_ptr<const FieldSource> lr, const Basis& basis, LrStatistics training,
                             Matching matching, std::span<const long> steps)
    : lr_(std::move(lr)), basis_(&basis), training_(std::move(training)), matching_(std::move(matching)) {
  const std::string period =
      fmt::format("data.apply_reference = '{}', '{}'", matching_.period.at(0), matching_.period.at(1));
  const auto reference = same_on_all_ranks([&] {
    auto found = steps_between(times(), matching_.period[0], matching_.period[1]);
    if (found.empty())
      fail(ExitCode::data, "{}: {} has {} to {}; expected a period that it covers", period, describe(),
           date_text(times().samples.front().date), date_text(times().samples.back().date));
    return found;
  });
  // Of a short reference fewer harmonics: those that both have are compared.
  const std::vector<Strand> strands = strands_of(times(), describe());
  std::vector<long> of_first;
  std::set_intersection(reference.begin(), reference.end(), strands.front().steps.begin(),
                        strands.front().steps.end(), std::back_inserter(of_first));
  const int harmonics =
      std::min(training_.mean.harmonics,
               harmonics_of_statistics(times(), of_first.empty() ? reference : of_first,
                                       basis.lr_climatology.harmonics));
  own_ = fit_lr_statistics(*lr_, basis.lr_ocean, reference, harmonics, basis.year,
                           matching_.adapt == Adapt::quantile, period);
  match_ = VarianceMatch(training_, own_, basis.lr_ocean);
  if (has_signal()) take_slow_parts(steps);

  // What the cells have in common, in words.
  std::vector<double> ratios;
  const std::size_t points = basis.lr_ocean.size();
  double bias = 0;
  long ocean = 0;
  for (std::size_t v = 0; v < points * static_cast<std::size_t>(basis.channels()); ++v) {
    if (!basis.lr_ocean[v % points]) continue;
    ratios.push_back(match_.ratio(v, harmonic_basis(0, 0)));  // over the year
    if (v < points) bias += own_.mean.coefficients[v] - training_.mean.coefficients[v], ++ocean;
  }
  std::sort(ratios.begin(), ratios.end());
  const auto share = [&](double p) {
    return ratios.empty() ? 1 : ratios[static_cast<std::size_t>(p * static_cast<double>(ratios.size() - 1))];
  };
  log::info(
      "{}: applied in place of the training LR source; its climatology of {} to {} ({} times{}) lies {:+.3g} {} from "
      "that of the training; standard deviations of the training over its own: {:.3g} ({:.3g} to {:.3g} in nine "
      "tenths of the cells; {:.0f} % of what the cells have of their own is kept, {:.0f} % of it by season), matched by "
      "{}; slow part: {}",
      describe(), matching_.period[0], matching_.period[1], reference.size(),
      strands.size() > 1 ? fmt::format(" of {} realizations together", strands.size()) : "",
      bias / static_cast<double>(std::max(1L, ocean)), variables()[0].working_units, share(0.5), share(0.05),
      share(0.95), 100 * match_.annual_share(), 100 * match_.monthly_share(), adapt_name(matching_.adapt),
      !has_signal() ? "none" : fmt::format("running mean of {:g} years", matching_.signal_years));
}

void AppliedSource::take_slow_parts(std::span<const long> steps) {
  const std::vector<Strand> strands = strands_of(times(), describe());
  place_of_.resize(times().size());
  for (std::size_t r = 0; r < strands.size(); ++r) {
    const std::vector<long>& own = strands[r].steps;
    std::vector<long> wanted;
    for (std::size_t t = 0; t < own.size(); ++t) {
      place_of_[static_cast<std::size_t>(own[t])] = {r, static_cast<long>(t)};
      if (std::binary_search(steps.begin(), steps.end(), own[t])) wanted.push_back(static_cast<long>(t));
    }
    auto series = strands.size() == 1 ? lr_ : std::make_shared<const SeriesView>(lr_, own, strand_text(strands[r]));
    SlowPart slow;
    if (!wanted.empty())
      slow = SlowPart(*series, basis_->lr_ocean, own_.mean, basis_->year, matching_.signal_years, wanted);
    realizations_.push_back({std::move(series), std::move(slow)});
  }
}

AppliedSource::Slow AppliedSource::slow(long step) const {
  if (!has_signal()) return {nullptr, {}};
  const auto& [r, own] = place_of_.at(static_cast<std::size_t>(step));
  const Realization& of = realizations_[r];
  return {&of.slow, of.slow.place(of.series->times(), own)};
}

double AppliedSource::matched(double fast, std::size_t value, double own, double ratio) const {
  if (matching_.adapt == Adapt::none || !(own > 0)) return fast;
  if (matching_.adapt == Adapt::variance) return ratio * fast;
  return ratio * own * mapped(fast / own, own_.quantiles, training_.quantiles, value);
}

void AppliedSource::read(const Window& window, std::span<const long> steps, std::span<float> out) const {
  lr_->read(window, steps, out);
  const idx_t n = window.points(), points = mesh().points();
  for (idx_t t = 0; t < std::ssize(steps) && n > 0; ++t) {
    const double phase = basis_->year_phase(times(), static_cast<std::size_t>(steps[t]));
    const auto normal = harmonic_basis(phase, own_.mean.harmonics),
               season = harmonic_basis(phase, own_.variance.harmonics),
               of_ratio = harmonic_basis(phase, VarianceMatch::kHarmonics);
    const Slow own_slow = slow(steps[t]);
    const auto climate = [&](const LrStatistics& of, std::size_t value) {
      double sum = 0;
      for (std::size_t term = 0; term < normal.size(); ++term)
        sum += normal[term] * of.mean.coefficients[term * static_cast<std::size_t>(of.mean.points) + value];
      return sum;
    };
    for (idx_t i = 0; i < channels() * n; ++i) {
      float& number = out[t * channels() * n + i];
      const idx_t point = point_of(mesh(), window, i % n / window.nx, i % n % window.nx);
      if (!basis_->lr_ocean[point]) number = std::numeric_limits<float>::quiet_NaN();
      if (std::isnan(number)) continue;
      const auto value = static_cast<std::size_t>(i / n * points + point);
      const double signal = own_slow.value(value),
                   fast = static_cast<double>(number) - climate(own_, value) - signal;
      number = static_cast<float>(
          climate(training_, value) +
          matched(fast, value, own_.deviation(value, season), match_.ratio(value, of_ratio)) +
          (matching_.with_signal ? signal : 0));
    }
  }
}

std::vector<float> AppliedSource::signal(long step) const {
  std::vector<float> field(static_cast<std::size_t>(channels() * mesh().points()), 0.0f);
  const Slow of_step = slow(step);
  for (std::size_t v = 0; v < field.size(); ++v) field[v] = static_cast<float>(of_step.value(v));
  return field;
}

Attributes AppliedSource::attributes() const {
  const std::string period = fmt::format("{} to {}", matching_.period[0], matching_.period[1]),
                    adapt = adapt_name(matching_.adapt);
  return {
      {"podscale_applied_source", describe()},
      {"podscale_applied_reference", period},
      {"podscale_adapt", adapt},
      {"podscale_signal_years", "", {matching_.signal_years}},
      {"comment",
       fmt::format(
           "Downscaled from {}, which is not the source that podscale was trained on: its anomalies are "
           "from its own climatology of {}, {}, and {}.",
           describe(), period,
           matching_.adapt == Adapt::none ? "with its own variance"
           : matching_.adapt == Adapt::variance
               ? "scaled to the variance of the training source by cell and season"
               : "mapped to the quantiles of the training source by cell, over the season's variance",
           !has_signal() ? "all of them pass through the regression"
                         : fmt::format("their running mean over {:g} years is added to the field as it is",
                                       matching_.signal_years))}};
}

}  // namespace podscale
