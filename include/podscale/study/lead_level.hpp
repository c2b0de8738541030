#pragma once
// How much more than by the analyses that trained the base the variance of a forecast is, by lead.

#include <span>
#include <vector>

#include "podscale/core/sample_axis.hpp"
#include "podscale/study/options.hpp"

namespace podscale {

/// Not collective. Factors of these samples, for ForecastRequest::level: sampling.lead_factors,
/// linear between sampling.lead_days. Empty where there are none. 1 for a sample without a
/// reference time.
std::vector<float> lead_levels(const SamplingOptions& options, const SampleAxis& axis,
                               std::span<const std::size_t> samples);

/// Collective. Errors: usage (keys that do not go together, members that have no such factor).
/// Says how forecasts are calibrated, where the axis holds some.
void watch_leads(const StudyOptions& options, const SampleAxis& axis, Uncertainty kind);

}  // namespace podscale
