#pragma once
// Forecasts of the synthetic ocean: its LR companion at the valid times, with an error that grows
// with lead.

#include <cstdint>
#include <string>
#include <vector>

#include "podscale/core/sample_axis.hpp"
#include "podscale/parallel/communicator.hpp"

namespace podscale {

struct OceanForecasts {
  std::string path;    ///< "" = none; with YYYYMMDD in it: one file a run, with its date there
  std::string from;    ///< first reference time, 'YYYY-MM-DD'; "" = that of the series
  long every = 7;      ///< days from run to run
  long length = 10;    ///< days: leads 1 .. length
  int members = 1;     ///< realizations; 1: no such axis
  double error = 0.5;  ///< standard deviation, in the units of the field, at long leads
  double growth = 5;   ///< days in which the error loses memory of the run's beginning
  std::uint64_t seed = 1;
  int deflate = 1;
};

/// Collective. Reads the LR companion and writes its forecasts, all of those whose valid times the
/// companion covers. The error of a run is a first-order autoregressive sequence of smooth fields:
/// variance error^2 (1 - exp(-2 lead / growth)); the same bits at any rank count. One file of axes
/// (forecast_reference_time, forecast_period), or one of time a run. Returns the paths. Errors:
/// usage (a series that is too short), io.
std::vector<std::string> write_ocean_forecasts(const Communicator& comm, const std::string& lr_path,
                                               const std::string& variable, const OceanForecasts& asked,
                                               const std::string& source);

/// Not collective. The paths that it will write, from the times of the companion.
std::vector<std::string> ocean_forecast_paths(const OceanForecasts& asked, const SampleAxis& times);

}  // namespace podscale
