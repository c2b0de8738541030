#pragma once
// What every later stage works on: HR anomalies, and LR fields and anomalies on the HR grid, of
// this rank's window.

#include <span>
#include <string>
#include <vector>

#include "podscale/field/field_source.hpp"
#include "podscale/study/basis_file.hpp"

namespace podscale {

/// Refuses a series whose mesh is not the one of the basis (mesh_difference). Not collective.
void require_same_mesh(const Mesh& found, const Mesh& expected, const std::string& what,
                       const std::string& basis_path);

/// Not collective. Error(data) for a series whose variables are not those of the basis: as many,
/// each in the working units of `expected`; other names are a warning, since files are renamed.
void require_same_variables(const FieldSource& found, const Basis& basis, const std::vector<std::string>& names,
                            const std::string& basis_path);

/// HR fields less their climatology, over the scale of their channel. Collective on the series'
/// communicator. out: [steps][values of a field], 0 on land. Where a point that is ocean in the
/// basis has no value: Error(data) that names the date, or NaN if gaps are allowed.
enum class Gaps { refused, allowed };
void read_anomalies(const FieldSource& hr, const Basis& basis, const Communicator& comm,
                    std::span<const long> steps, std::span<double> out, Gaps gaps = Gaps::refused);

/// Collective. Coefficients of HR fields: [steps][local patches][K], 0 in padding. Errors as
/// read_anomalies.
std::vector<float> read_coefficients(const FieldSource& hr, const Basis& basis, const Communicator& comm,
                                     std::span<const long> steps);
/// Collective where patches overlap. The same of anomalies that are in memory, [steps][values of a
/// field]; they are folded in place.
std::vector<float> to_coefficients(const Basis& basis, std::span<double> anomalies, long steps);
/// Not collective. The same of folded anomalies.
std::vector<float> folded_to_coefficients(const Basis& basis, std::span<const double> folded, long steps);

/// LR fields in memory, on a window of this rank: read once for all that needs them.
class LrFields {
 public:
  /// Collective; lr must outlive it. steps: any order, any of them twice.
  LrFields(const FieldSource& lr, const Window& window, std::vector<long> steps);
  /// Not collective. The field of one of the steps on a window inside: [channels][window points].
  void take(long step, const Window& window, std::span<float> out) const;
  /// Not collective. Error(data) where such a field has no value at an ocean cell of the basis.
  void require_values(const Basis& basis, long step, const Window& window,
                      std::span<const float> field) const;

 private:
  const FieldSource* lr_;
  Window window_;
  std::vector<long> steps_;  // ascending, each once
  std::vector<float> values_;
};

/// Collective. From the LR to the HR mesh as the basis does it: interpolation, or the weights that
/// it names. Uses meshes and masks only. Errors: no_input, data (no such file of weights, or
/// another one than when the basis was made; meshes without a common space).
Remap lr_remap(const Communicator& comm, const Basis& basis);

/// The LR source interpolated to the HR mesh.
class InterpolatedSeries {
 public:
  /// Collective on comm. All must outlive it. Uses meshes, masks and interpolation or weights of
  /// the basis only, so it also serves while the basis is being made. Errors as lr_remap.
  InterpolatedSeries(const FieldSource& lr, const Basis& basis, const Communicator& comm);
  /// Collective. out: [steps][values of a field], 0 on land and where no LR ocean is near.
  /// Error(data) that names the date where a cell that is ocean in the basis has no value.
  void read(std::span<const long> steps, std::span<float> out) const;
  /// Collective. The same less the LR climatology, over the scale of their channel, from fields
  /// that are in memory, on a window that holds source().
  void take_anomalies(const LrFields& fields, std::span<const long> steps, std::span<double> out) const;
  const Window& source() const { return remap_.source(); }  ///< LR cells that this rank needs
  long unreached() const { return remap_.unreached(); }     ///< this rank's HR points without LR ocean near

 private:
  // Not collective.
  void interpolate(const LrFields& fields, std::span<const long> steps, std::span<float> out) const;
  const FieldSource* lr_;
  const Basis* basis_;
  const Communicator* comm_;
  Remap remap_;
};

}  // namespace podscale
