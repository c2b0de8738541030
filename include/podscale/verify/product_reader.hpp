#pragma once
// Reads what podscale-downscale wrote, one time after another.

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "podscale/core/sample_axis.hpp"
#include "podscale/core/units.hpp"
#include "podscale/file/netcdf_file.hpp"
#include "podscale/mesh/mesh.hpp"
#include "podscale/verify/field_scores.hpp"

namespace podscale {

/// Fields of one time, [points] each; empty where the product has none.
struct ForecastFields {
  std::vector<float> mean, variance, members;  ///< members: [M][points]
  Forecast view() const { return {mean, variance, members}; }
};

/// One variable of a product.
class ProductReader {
 public:
  /// Collective on comm, which must outlive it (Communicator::self() for a rank's private access).
  /// Variables <name>(time, y, x), <name>_variance and <name>_member(time, realization, y, x), the
  /// last two optional, y and x as write_mesh() calls them. Errors: no_input, data (not NetCDF, no
  /// such variable, other dimensions).
  ProductReader(const Communicator& comm, const std::string& path, const std::string& name);

  const Mesh& mesh() const { return mesh_; }
  const SampleAxis& times() const { return times_; }
  std::string units() const { return file_.text(name_, "units").value_or(""); }  ///< "": none given
  std::string long_name() const;  ///< of the field, as "sea surface temperature"
  /// Not collective. read() gives values in these units from now on. Error(data): no conversion.
  void read_in(const std::string& units);
  double scale() const { return to_.scale; }         ///< of that conversion
  bool has_factors() const { return has_factors_; }  ///< of the covariance: see FactorReader
  /// Conformal half widths at the coverage_levels; nullopt where the product was not calibrated.
  std::optional<std::array<double, 4>> conformal_half_width() const;
  bool has_variance() const { return has_variance_; }
  int members() const { return members_; }  ///< written members; 0: none
  /// The namelist that the product was made with; "": not stored.
  std::string namelist() const { return file_.text("", "podscale_namelist").value_or(""); }
  const std::string& path() const { return file_.path(); }
  /// Collective. Error(data) that names both files and their checksums unless the product was made
  /// with the basis in this file, with or without its base. A product that names no basis is not
  /// ours: it passes.
  void require_basis(const std::string& basis_path) const;
  /// Collective. NaN where missing.
  void read(long step, ForecastFields& fields) const;

 private:
  void read_field(const std::string& variable, long step, const UnitConversion& to,
                  std::vector<float>& out) const;
  NetcdfFile file_;
  std::string name_;
  Mesh mesh_;
  SampleAxis times_;
  UnitConversion to_;
  bool has_variance_ = false, has_factors_ = false;
  int members_ = 0;
};

}  // namespace podscale
