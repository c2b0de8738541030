#include "podscale/study/lead_level.hpp"

#include <fmt/ranges.h>

#include <algorithm>

#include "podscale/core/error.hpp"
#include "podscale/core/log.hpp"
#include "podscale/core/strands.hpp"

namespace podscale {
namespace {

double level_at(const SamplingOptions& options, double lead) {
  const std::vector<double>&days = options.lead_days, &factors = options.lead_factors;
  const auto next = std::upper_bound(days.begin(), days.end(), lead);
  if (next == days.begin()) return factors.front();
  if (next == days.end()) return factors.back();
  const auto i = next - days.begin();
  const double share = (lead - days[i - 1]) / (days[i] - days[i - 1]);
  return (1 - share) * factors[i - 1] + share * factors[i];
}

}  // namespace

std::vector<float> lead_levels(const SamplingOptions& options, const SampleAxis& axis,
                               std::span<const std::size_t> samples) {
  std::vector<float> levels;
  if (options.lead_factors.empty()) return levels;
  for (const std::size_t t : samples) {
    const auto lead = lead_days(axis.calendar, axis[t]);
    levels.push_back(lead ? static_cast<float>(level_at(options, *lead)) : 1.0f);
  }
  return levels;
}

void watch_leads(const StudyOptions& options, const SampleAxis& axis, Uncertainty kind) {
  const SamplingOptions& sampling = options.sampling;
  const std::vector<double>& days = sampling.lead_days;
  if (days.size() != sampling.lead_factors.size() || !std::is_sorted(days.begin(), days.end()) ||
      std::adjacent_find(days.begin(), days.end()) != days.end())
    refuse(options, fmt::format("sampling.lead_days = {} and lead_factors = {}; expected ascending leads and "
                                "a factor for each",
                                fmt::join(days, ", "), fmt::join(sampling.lead_factors, ", ")));
  if (!days.empty() && kind == Uncertainty::ensemble)
    refuse(options,
           "sampling.lead_factors with sampling.uncertainty = 'ensemble': members have no factor by lead; "
           "expected 'base' or 'head'");
  double longest = 0;
  long forecasts = 0;
  for (const Sample& s : axis.samples)
    if (const auto lead = lead_days(axis.calendar, s)) ++forecasts, longest = std::max(longest, *lead);
  if (forecasts == 0) return;
  if (!options.data.lr_leads.empty())
    log::info("forecasts of leads to {:.4g} days: by the regression of leads of {} days (data.lr_leads)",
              longest, fmt::join(options.data.lr_leads, " to "));
  else
    log::info(
        "forecasts of leads to {:.4g} days, as if they were perfect (perfect prog): the regression knows no "
        "lead{}; data.lr_leads trains on past runs of a lead",
        longest,
        days.empty() ? ", nor does the variance (sampling.lead_factors, which podscale-verify finds)"
                     : ", the variance has sampling.lead_factors");
}

}  // namespace podscale
