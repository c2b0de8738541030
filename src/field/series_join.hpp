#pragma once
// The times of many files in one series. Private to src/field.

#include <string>
#include <vector>

#include "ensemble_axes.hpp"
#include "survey.hpp"

namespace podscale {

/// A file of the series, and what the reader asks for of its times.
struct SourceFile {
  std::string path;
  SampleAxis times;
  std::vector<FileSamples::Place> places;  ///< of the times
  std::string doubt;                       ///< of its bounds
};

/// Not collective, as all here. Position on a line of time that is the same for all files of one
/// calendar, in seconds.
double seconds_of(Calendar calendar, const Date& d);

/// A series has bounds at all steps or at none: else they are dropped, with a warning.
void agree_on_bounds(std::vector<SourceFile>& sources, const std::string& label);

/// Sorts the steps of all files into survey.steps and survey.times, strand by strand. Errors: data
/// (calendars that differ, no time at all, a time that occurs twice in one strand).
void join(const std::vector<SourceFile>& sources, const CfSpec& spec, Survey& survey);

/// Error(data) where there are several series but one is needed. along: the dimension that tells
/// them apart, "" = none.
void require_one_series(const CfSpec& spec, const Survey& survey, const std::string& along);

}  // namespace podscale
