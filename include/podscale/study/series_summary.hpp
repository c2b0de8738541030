#pragma once
// What podscale understood of a series, in words: the same for podscale-inspect, which shows any
// file, and podscale-init, which writes a namelist from two of them.

#include <string>
#include <vector>

#include "podscale/field/field_source.hpp"

namespace podscale {

/// Not collective. "SST [degC]: sea_surface_temperature, Daily sea surface temperature".
std::string variable_text(const Variable& variable);
/// Not collective. Kind, extent, spacing, seams.
std::string mesh_text(const Mesh& mesh);
/// Not collective. First and last step, step, calendar, missing steps, bounds.
std::string times_text(const SampleAxis& times);

/// Not collective. Median height and width of a cell, km (pixels).
Position typical_spacing(const Mesh& mesh);

/// Some fields of one channel, on rank 0; counts and limits on every rank.
struct FieldSample {
  std::size_t times = 0;                          ///< read, spread evenly over the series
  long shown = 0;                                 ///< the step that `field` is of: the middle one
  std::vector<float> field, mean, deviation;      ///< [points]; over the times with a value, NaN: none
  double low = 0, high = 0, average = 0;          ///< of all values; the average counts areas
  long never = 0, sometimes = 0, unchanging = 0;  ///< points without a value, with gaps, with one value only
  std::string text(const Variable& variable, long points, std::size_t of_times) const;
};
/// Collective on the source's communicator. Of each channel.
std::vector<FieldSample> sample_fields(const FieldSource& source);

}  // namespace podscale
