#pragma once
// What beside valid time tells the samples of a variable apart: realization, reference time and
// lead. Private to src/field.

#include <set>
#include <string>
#include <vector>

#include "cf_variable.hpp"
#include "podscale/core/sample_axis.hpp"

namespace podscale {

enum class ForecastRole { none, realization, reference, lead };

/// Collective on the file, as all here. By standard_name, else by name and units: a reference time
/// has units of a date, a lead those of a duration.
ForecastRole forecast_role(const NetcdfFile& file, const std::string& name);

/// Sets v.realization, v.reference and, where runs have an axis or a lead stands in for time,
/// v.time, v.time_name and v.valid_name. Returns the coordinates along dimensions of the variable
/// that are none of its valid times.
std::set<std::string> find_ensemble_axes(const NetcdfFile& file, CfVariable& v);

/// The samples of a file and where they lie in it.
struct FileSamples {
  SampleAxis times;
  struct Place {
    long realization, run, step;  ///< indices along the dimensions
  };
  std::vector<Place> places;
};
/// Error(data): as read_samples(), a lead without a reference time, a 2-D valid time that is none.
FileSamples read_file_samples(const NetcdfFile& file, const CfVariable& v, std::string& doubt);

}  // namespace podscale
