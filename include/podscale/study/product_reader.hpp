#pragma once
// Reads a product, one time after another, as any series is read: also after other tools packed
// it, turned it upside down or gave it other units.

#include <array>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "podscale/core/units.hpp"
#include "podscale/field/cf_source.hpp"
#include "podscale/field/read_ahead.hpp"
#include "podscale/file/netcdf_file.hpp"

namespace podscale {

/// Fields of one time, [points] each; empty where the product has none.
struct ProductFields {
  std::vector<float> mean, variance, members;  ///< members: [M][points]
  std::vector<float> running;  ///< factor of the running calibration, which is in the variance
  /// Of the realizations of a pooled product: [R][points]; else empty.
  std::vector<float> means{}, variances{};
};

/// One variable of a product.
class ProductReader {
 public:
  /// Collective on comm, which must outlive it (Communicator::self() for a rank's private access).
  /// The variable `name`, its variance <name>_variance, or the square of <name>_std, and its
  /// members <name>_member, where they are there. units: of the values that read() gives; nullopt:
  /// those of the file. Errors: as CfSource::open, and data where the variance has other times or
  /// points.
  ProductReader(const Communicator& comm, const std::string& path, const std::string& name,
                const std::optional<std::string>& units = {});

  /// Not collective. Fields come in the order of this mesh from now on, whatever longitude the
  /// columns of the file begin at. Error(data) where it is not the mesh of the product.
  void put_on(const Mesh& mesh, const std::string& of_whom);
  /// Not collective. read() gives these rows alone from now on, of each rank its own.
  void restrict_to(const Share& rows) { rows_ = rows; }
  /// Not collective. The times that read() will be asked for from now on, in their order, so that
  /// `block` of them are read at once; the reader must stay in its place. No times: one at a time
  /// again.
  void expect(std::span<const long> times, long block);

  const Mesh& mesh() const { return mean_.mesh(); }
  /// Not collective. From now on a time is that of all realizations of the LR input together: mean
  /// and variance of their mixture, members of all. Error(data) where realizations have other
  /// times.
  void pool_realizations();
  bool pooled() const { return pooled_.has_value(); }
  /// Realizations and runs one after the other (strands_of), or pooled.
  const SampleAxis& times() const { return pooled_ ? pooled_->times : mean_.times(); }
  const std::string& name() const { return mean_.variables()[0].name; }
  std::string units() const { return mean_.variables()[0].working_units; }  ///< "": none given
  std::string long_name() const;           ///< of the field, as "sea surface temperature"
  double scale() const { return scale_; }  ///< from the units of the file to those of read()
  /// Not collective. Conformal half widths at the coverage_levels; nullopt where the product was
  /// not calibrated.
  std::optional<std::array<double, 4>> conformal_half_width() const;
  /// Not collective. Of the predictive distribution, a Student t; 0: Gaussian.
  double degrees_of_freedom() const {
    return file_.numbers("", "podscale_degrees_of_freedom").value_or(std::vector<double>{0}).front();
  }
  bool has_variance() const { return spread_.has_value(); }
  /// Of a time; 0: none.
  int members() const {
    return static_cast<int>(members_.size() * (pooled_ ? pooled_->parts.front().size() : 1));
  }
  /// Not collective. The namelist that the product was made with; "": not stored.
  std::string namelist() const { return file_.text("", "podscale_namelist").value_or(""); }
  const std::string& path() const { return file_.path(); }
  const NetcdfFile& file() const { return file_; }
  /// Collective. Error(data) that names both files and their checksums unless the product was made
  /// with the basis in this file, with or without its base. A product that names no basis is not
  /// ours: it passes.
  void require_basis(const std::string& basis_path) const;
  /// Collective. The whole mesh on every rank, or the rows of restrict_to(); NaN where missing.
  void read(long step, ProductFields& fields) const;
  /// Collective. Mean and variance at one point (-1: none, on this rank), NaN where missing.
  struct Moments {
    double mean, variance;
  };
  Moments read_point(long step, idx_t point) const;
  /// Not collective. Steps of the realizations of a time of a pooled product, as of one that is
  /// not.
  std::span<const long> realizations(long step) const {
    return pooled_->parts.at(static_cast<std::size_t>(step));
  }

 private:
  CfSource open(const std::string& variable, const std::optional<std::string>& units,
                const std::string& further = "") const;
  Share rows() const { return rows_.value_or(Share{0, mesh().ny()}); }
  std::size_t points() const { return static_cast<std::size_t>(rows().size() * mesh().nx()); }
  void read_field(const CfSource& source, long step, std::span<float> out) const;
  void read_one(long step, ProductFields& fields) const;
  void read_pooled(std::span<const long> parts, ProductFields& fields) const;
  const Communicator* comm_;
  NetcdfFile file_;
  CfSource mean_;
  std::optional<CfSource> spread_;
  std::optional<CfSource> running_;
  std::vector<CfSource> members_;
  struct Pooled {
    SampleAxis times;
    std::vector<std::vector<long>> parts;  // steps of each time
  };
  std::optional<Pooled> pooled_;
  bool deviation_ = false;  // the spread is a standard deviation
  double scale_ = 1, spread_scale_ = 1;
  idx_t first_column_ = 0;
  std::optional<Share> rows_;
  mutable std::map<const CfSource*, ReadAhead> ahead_;
};

}  // namespace podscale
