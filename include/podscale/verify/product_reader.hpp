#pragma once
// Reads what podscale-downscale wrote, one time after another.

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "podscale/core/calendar.hpp"
#include "podscale/core/units.hpp"
#include "podscale/mesh/grid.hpp"
#include "podscale/file/netcdf_file.hpp"
#include "podscale/verify/field_scores.hpp"

namespace podscale {

/// Fields of one time, [points] each, degC and K2; empty where the product has none.
struct ForecastFields {
  std::vector<float> mean, variance, members;  ///< members: [M][points]
  Forecast view() const { return {mean, variance, members}; }
};

class ProductReader {
 public:
  /// Collective on comm, which must outlive it (Communicator::self() for a rank's private access). Variables
  /// <name>(time, lat, lon), <name>_variance and <name>_member(realization, time, lat, lon), the last two
  /// optional. Errors: no_input, data (not NetCDF, no such variable, other dimensions, unknown units).
  ProductReader(const Communicator& comm, const std::string& path, const std::string& name);

  const Grid& grid() const { return grid_; }
  const TimeAxis& times() const { return times_; }
  bool has_factors() const { return has_factors_; }  ///< of the covariance: see FactorReader
  /// Conformal half widths at the calibration_levels; nullopt where the product was not calibrated.
  std::optional<std::array<double, 4>> conformal_half_width() const;
  bool has_variance() const { return has_variance_; }
  int members() const { return members_; }  ///< written members; 0: none
  /// Members that the variance was made from, as the namelist stored in the file says; -1: it does not say.
  int variance_members() const;
  /// Collective. Error(data) that names both files and their checksums unless the product was made with the
  /// basis in this file, with or without its base. A product that names no basis is not ours: it passes.
  void require_basis(const std::string& basis_path) const;
  /// Collective. NaN where missing.
  void read(long step, ForecastFields& fields) const;

 private:
  void read_field(const std::string& variable, const std::vector<std::size_t>& start,
                  const std::vector<std::size_t>& count, double scale, double offset,
                  std::span<float> out) const;
  NetcdfFile file_;
  std::string name_;
  Grid grid_;
  TimeAxis times_;
  UnitConversion to_celsius_;
  bool has_variance_ = false, has_factors_ = false;
  int members_ = 0;
};

}  // namespace podscale
