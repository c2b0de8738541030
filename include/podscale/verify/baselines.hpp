#pragma once
// What the product has to beat: interpolations of the same LR input, persistence, and the
// climatology.

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "podscale/core/pairing.hpp"
#include "podscale/field/field_source.hpp"
#include "podscale/mesh/remap.hpp"
#include "podscale/study/basis_file.hpp"

namespace podscale {

/// Fields of one time on the window of the basis, [points] in the units of the sources.
struct BaselineFields {
  std::vector<float> anomaly;        ///< LR anomaly, interpolated as the basis does, on the HR climatology
  std::vector<float> other_anomaly;  ///< the same by the other interpolation; empty without its climatology
  std::vector<float> bicubic;        ///< empty where the LR mesh has none
  std::vector<float> bilinear;
  std::vector<float> climatology;  ///< HR
  std::vector<float> persistence;  ///< LR anomaly of the previous step, interpolated, on the HR climatology
};

/// Collective on comm, that of lr. The climatology of the LR cells, [whole LR mesh] on every rank
/// and the same bits at any number of ranks; a rank reads a band of rows, in blocks of `block`
/// steps. Nothing where the steps do not determine it, or where a cell that is ocean in the basis
/// has a gap in them.
std::optional<Climatology> fit_lr_climatology(const Communicator& comm, const FieldSource& lr,
                                              const Basis& basis, std::span<const long> steps, long block);

class Baselines {
 public:
  /// Collective on lr's communicator, that of the basis. lr, of one channel and on the LR mesh of
  /// the basis, and basis must outlive it. channel: of the basis.
  Baselines(const FieldSource& lr, const Basis& basis, long channel = 0);
  bool has_bicubic() const { return bicubic_.has_value(); }
  /// How the basis brings LR fields to the HR mesh, "weights" where a file says so; and the other
  /// way.
  std::string kind() const { return own_ ? "weights" : interpolation_name(basis_->interpolation); }
  Interpolation other_kind() const {
    return has_bicubic() && (own_ || basis_->interpolation == Interpolation::bilinear)
               ? Interpolation::bicubic
               : Interpolation::bilinear;
  }
  /// Not collective. The climatology of the LR cells: from now on read() makes other_anomaly, too.
  /// (That of the basis is interpolated already, one way only.)
  void set_lr_climatology(const Climatology& cells);
  /// Not collective. The climatology of the LR cells, interpolated: [points].
  std::vector<double> interpolated_climatology(const Climatology& cells, Interpolation kind,
                                               double year_fraction) const;
  /// Collective on lr's communicator. year_fraction: of the HR date. A gap of the LR field is NaN
  /// where it is needed; points without LR ocean near get the climatology. Persistence: the same
  /// step at the first of the series; the climatology where the series lacks the step before, or
  /// that has a gap.
  void read(long lr_step, double year_fraction, BaselineFields& fields);
  /// Collective on lr's communicator. The LR anomaly as the basis interpolates it, 0 without LR
  /// ocean near and at gaps: [points].
  std::vector<float> anomaly(long lr_step);
  /// Collective on lr's communicator. The same at one point of the window (-1: none, 0 then): only
  /// the LR cells that it hangs on are looked at.
  float anomaly_at(long lr_step, idx_t point);
  /// Collective on lr's communicator. The LR field as it is, by nearest cell; NaN on land.
  /// [points].
  std::vector<float> nearest(long lr_step);

 private:
  void read_low_resolution(long lr_step);
  void persist(long lr_step, BaselineFields& fields);
  Remap remap(Interpolation kind) const;
  void interpolate(const Remap& remap, std::span<const float> low_resolution, std::vector<float>& out) const;
  const Remap& held(Interpolation kind) const {
    return kind == Interpolation::bilinear ? bilinear_ : bicubic_.value();
  }
  const Remap& of_basis() const { return own_ ? *own_ : held(basis_->interpolation); }
  std::vector<unsigned char> reached_by(const Remap& remap) const;

  const FieldSource* lr_;
  LagFinder lags_;  // of lr_
  const Basis* basis_;
  const Mesh &mesh_, &lr_mesh_;
  Remap bilinear_;
  std::optional<Remap> bicubic_;
  std::optional<Remap> own_;  // by the weights of the basis
  std::vector<unsigned char> reached_, reached_by_basis_;  // [points] 1: some LR ocean is near
  std::vector<float> low_resolution_;   // [whole LR mesh]
  Climatology hr_, lr_on_hr_;           // [points]
  std::vector<double> hr_climatology_, lr_climatology_;
  std::optional<Climatology> cells_;  // [whole LR mesh]
  long last_step_ = -1;               // of last_
  std::vector<float> last_;           // [points] LR field as the basis interpolates it, of the step read last
};

}  // namespace podscale
