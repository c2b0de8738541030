#pragma once
// One variable of a list of CF NetCDF files, joined along time, read by hyperslab in degrees Celsius.

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "podscale/core/calendar.hpp"
#include "podscale/mesh/grid.hpp"
#include "podscale/parallel/communicator.hpp"

namespace podscale {

struct SeriesSpec {
  std::string label;               ///< "HR" or "LR" or "truth", for messages
  std::vector<std::string> files;  ///< paths and globs; joined and sorted by time
  std::string variable;            ///< "" = the only variable with time, latitude and longitude
  std::string mask_file;      ///< optional land mask: "" = the first series file when mask_variable is set
  std::string mask_variable;  ///< "" = the mask follows from the data
  std::vector<double>
      mask_ocean_values;  ///< values of the mask variable that mean ocean (empty: any non-zero value)
};

/// Collective on the communicator given to open (pass Communicator::self() for a rank's private access); it
/// must outlive the series. Packed integers, _FillValue and missing_value, valid_min/max/range (ignored with
/// a warning where inverted), kelvin or Celsius; singleton level axes; latitude in either direction,
/// longitude -180..180 or 0..360. Errors: no_input (missing file, glob without a match), data (not NetCDF,
/// wrong variable, curvilinear or unstructured grid, time that is not CF, grids that differ between files, a
/// time that occurs twice, no time at all).
class Series {
 public:
  static Series open(const Communicator& comm, const SeriesSpec& spec);
  Series(Series&&) noexcept;
  Series& operator=(Series&&) noexcept;
  ~Series();

  const Grid& grid() const;
  const TimeAxis& times() const;
  const SeriesSpec& spec() const;
  const Communicator& comm() const;
  const std::vector<std::string>& files() const;  ///< in order of time
  /// "tos in a.nc ... z.nc (24 files)": for messages.
  std::string describe() const;

  /// Collective (windows may differ between ranks and be empty; steps must be the same on all ranks).
  /// out: [steps][window.ny][window.nx] float32, degrees Celsius, NaN where missing.
  /// Values outside [-5, 50] degC: one warning a series; Error(data) when all values of a call are (wrong
  /// units).
  void read(const Window& window, std::span<const long> steps, std::span<float> out) const;

 private:
  struct State;
  explicit Series(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// Collective on the series' communicator. 1 = ocean: valid at every one of `steps` and, where the spec names
/// a mask variable, ocean in it. Read in blocks of time. out: [window.ny][window.nx]. sometimes_valid
/// (optional): number of points of the window that are valid at some of the steps only.
std::vector<unsigned char> ocean_mask(const Series& series, const Window& window, std::span<const long> steps,
                                      long* sometimes_valid = nullptr);

}  // namespace podscale
