#pragma once
// Reads a product, one time after another, as any series is read: also after other tools packed it,
// turned it upside down or gave it other units.

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "podscale/core/units.hpp"
#include "podscale/field/cf_source.hpp"
#include "podscale/file/netcdf_file.hpp"

namespace podscale {

/// Fields of one time, [points] each; empty where the product has none.
struct ProductFields {
  std::vector<float> mean, variance, members;  ///< members: [M][points]
  std::vector<float> running;  ///< factor of the running calibration, which is in the variance
};

/// One variable of a product.
class ProductReader {
 public:
  /// Collective on comm, which must outlive it (Communicator::self() for a rank's private access).
  /// The variable `name`, its variance <name>_variance, or the square of <name>_std, and its members
  /// <name>_member, where they are there. units: of the values that read() gives; nullopt: those of
  /// the file. Errors: as CfSource::open, and data where the variance has other times or points.
  ProductReader(const Communicator& comm, const std::string& path, const std::string& name,
                const std::optional<std::string>& units = {});

  /// Not collective. Fields come in the order of this mesh from now on, whatever longitude the
  /// columns of the file begin at. Error(data) where it is not the mesh of the product.
  void put_on(const Mesh& mesh, const std::string& of_whom);

  const Mesh& mesh() const { return mean_.mesh(); }
  const SampleAxis& times() const { return mean_.times(); }
  const std::string& name() const { return mean_.variables()[0].name; }
  std::string units() const { return mean_.variables()[0].working_units; }  ///< "": none given
  std::string long_name() const;  ///< of the field, as "sea surface temperature"
  double scale() const { return scale_; }  ///< from the units of the file to those of read()
  /// Not collective. Conformal half widths at the coverage_levels; nullopt where the product was
  /// not calibrated.
  std::optional<std::array<double, 4>> conformal_half_width() const;
  /// Not collective. Of the predictive distribution, a Student t; 0: Gaussian.
  double degrees_of_freedom() const {
    return file_.numbers("", "podscale_degrees_of_freedom").value_or(std::vector<double>{0}).front();
  }
  bool has_variance() const { return spread_.has_value(); }
  int members() const { return static_cast<int>(members_.size()); }  ///< written members; 0: none
  /// Not collective. The namelist that the product was made with; "": not stored.
  std::string namelist() const { return file_.text("", "podscale_namelist").value_or(""); }
  const std::string& path() const { return file_.path(); }
  const NetcdfFile& file() const { return file_; }
  /// Collective. Error(data) that names both files and their checksums unless the product was made
  /// with the basis in this file, with or without its base. A product that names no basis is not
  /// ours: it passes.
  void require_basis(const std::string& basis_path) const;
  /// Collective. The whole mesh on every rank, NaN where missing.
  void read(long step, ProductFields& fields) const;

 private:
  CfSource open(const std::string& variable, const std::optional<std::string>& units,
                const std::string& further = "") const;
  void read_field(const CfSource& source, long step, std::span<float> out) const;
  const Communicator* comm_;
  NetcdfFile file_;
  CfSource mean_;
  std::optional<CfSource> spread_;
  std::optional<CfSource> running_;
  std::vector<CfSource> members_;
  bool deviation_ = false;  // the spread is a standard deviation
  double scale_ = 1, spread_scale_ = 1;
  idx_t first_column_ = 0;
};

}  // namespace podscale
