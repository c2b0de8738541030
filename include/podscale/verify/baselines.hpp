#pragma once
// What the product has to beat: interpolations of the same LR input, persistence, and the climatology.

#include <string>
#include <vector>

#include "podscale/grid/regrid.hpp"
#include "podscale/io/low_resolution.hpp"
#include "podscale/pod/basis_file.hpp"

namespace podscale {

/// Fields of one time on the HR grid, [points] degC.
struct BaselineFields {
  std::vector<float> anomaly;  ///< LR anomaly, interpolated, on the HR climatology
  std::vector<float> bicubic, bilinear;
  std::vector<float> climatology;  ///< HR
  std::vector<float> persistence;  ///< LR anomaly of the previous step, interpolated, on the HR climatology
};

class Baselines {
 public:
  /// Not collective; lr and basis (on the whole grid: read on Communicator::self()) must outlive it. Errors:
  /// data (LR grid that is not the one of the basis).
  Baselines(const LowResolution& lr, const Basis& basis, const std::string& basis_path);
  /// Collective on lr's communicator. year_fraction: of the HR date. A gap of the LR field is NaN where it is
  /// needed; points without LR ocean near get the climatology. Persistence: the same step where there is no
  /// previous one; the climatology where the previous step has a gap.
  void read(long lr_step, double year_fraction, BaselineFields& fields);
  /// Collective on lr's communicator. The LR field as it is, by nearest cell; NaN on land. [points] degC.
  std::vector<float> nearest(long lr_step);

 private:
  void read_low_resolution(long lr_step);
  void persist(long lr_step, BaselineFields& fields);
  void interpolate(const Regridder& regridder, std::vector<float>& out) const;

  const LowResolution* lr_;
  const Basis* basis_;
  Regridder bicubic_, bilinear_;
  std::vector<unsigned char> reached_;  // [points] 1: some LR ocean is near
  std::vector<float> low_resolution_;   // [whole LR grid]
  std::vector<double> hr_climatology_, lr_climatology_;
  long last_step_ = -1;      // of last_
  std::vector<float> last_;  // [points] LR field as the basis interpolates it, of the step read last
};

}  // namespace podscale
