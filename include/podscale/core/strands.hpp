#pragma once
// The series that a list of samples is made of: one a realization, and one a run where the valid
// times of several runs overlap.

#include <optional>
#include <vector>

#include "podscale/core/sample_axis.hpp"

namespace podscale {

/// Steps of an axis that follow each other in time.
struct Strand {
  long realization = 0;
  std::optional<Date> reference{};  ///< of a run that is a series of its own
  std::vector<long> steps{};
};

/// Not collective, as all here. By realization, then by reference time. Runs are told apart only
/// where a valid time occurs in several of them: else they follow each other and are one series.
/// Error(data), beginning with `what`, where a time occurs twice in a run.
std::vector<Strand> strands_of(const SampleAxis& axis, const std::string& what = "the series");

/// To be called alike on every rank. Error(usage), agreed, where the axis holds several series;
/// expected: in the message, what to do.
void require_one_series(const SampleAxis& axis, const std::string& what, const std::string& expected);

/// Whether a time of some realization occurs twice, so that runs are told apart.
bool runs_overlap(const SampleAxis& axis);

/// "realization 3, run of 2006-01-01 00:00:00", as far as there is such a thing; else "".
std::string strand_text(const Strand& strand);

/// Days from the reference time to the valid time; nullopt: no forecast.
std::optional<double> lead_days(Calendar calendar, const Sample& sample);

/// Fills in what the steps stand for, strand by strand (understand). Returns what was assumed.
std::string understand_strands(SampleAxis& axis);

}  // namespace podscale
