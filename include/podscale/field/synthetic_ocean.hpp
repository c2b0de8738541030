#pragma once
// A synthetic ocean for studies without data: sea surface temperature with a coast, islands, a
// seasonal cycle, a western boundary current with a meandering jet, drifting eddies, a turbulent
// background and a trend.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "podscale/core/sample_axis.hpp"
#include "podscale/core/variable.hpp"
#include "podscale/mesh/mesh.hpp"

namespace podscale {

/// &ocean of the namelist. Units as in doc/namelist.md.
struct OceanSpec {
  long ny = 96, nx = 96;
  double lat0 = 28, lon0 = -78, resolution = 0.25;
  SampleAxis times;
  std::uint64_t seed = 1;
  int factor = 8;
  double land_fraction = 0.18;
  int islands = 5;
  double mean = 16, gradient = 0.55, seasonal = 4, trend = 0.2;
  double current = 5;
  double eddies = 10, eddy_amplitude = 2.4, eddy_radius = 0.7, eddy_days = 60;
  double turbulence = 0.7, turbulence_scale = 8, turbulence_days = 20;
  int turbulence_modes = 384;
  double lr_bias = 0, lr_noise = 0;
  int deflate = 1;
  std::string mesh = "rectilinear";  ///< or "rotated", "plane"
  std::string variable = "tos";      ///< or "so"
  std::string second;                ///< name of a second variable made from the first; "" = none
};

/// Not collective. The mesh of the HR points. Rotated: latitudes and longitudes of the spec count
/// from the pole of a frame at 40 N, 170 W. Plane: as many points at the same distances, in metres
/// about the middle of the ocean. Errors: usage (a plane that is larger than the earth).
Mesh ocean_mesh(const OceanSpec& spec);
/// Not collective. Latitudes and longitudes of the HR rows and columns, of the frame where that is
/// rotated.
std::pair<std::vector<double>, std::vector<double>> ocean_axes(const OceanSpec& spec);

/// Not collective. One a channel.
std::vector<Variable> ocean_variables(const OceanSpec& spec);

/// The HR field on one window. Every value is a function of (spec, time, latitude, longitude)
/// alone, through CounterRandom, and its terms are summed in the same order everywhere: the same
/// bits whatever the window.
class SyntheticOcean {
 public:
  /// Not collective. The window may be empty.
  SyntheticOcean(const OceanSpec& spec, const Window& window);
  SyntheticOcean(SyntheticOcean&&) noexcept;
  ~SyntheticOcean();

  /// [window.ny][window.nx], 1 = ocean.
  std::span<const unsigned char> ocean() const;
  /// Not collective. out: [channels][window.ny][window.nx] in the units of ocean_variables() at
  /// step `step` of spec.times, NaN on land. Any order of steps; ascending order is fastest.
  void field(long step, std::span<float> out);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Not collective. What the LR companion differs by from the block mean, at step `step`: bias plus
/// white noise, one for each channel. coarse: block means on a window of the coarse mesh
/// [window.ny][window.nx]; NaN stays NaN.
void add_lr_error(const OceanSpec& spec, const Mesh& coarse_mesh, const Window& window, long step,
                  std::span<float> coarse, idx_t channel = 0);

}  // namespace podscale
