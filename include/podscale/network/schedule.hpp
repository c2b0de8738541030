#pragma once
// The noise schedule as an angle: x = cos(angle) z0 + sin(angle) eps, angle from 0 (data) to pi/2
// (noise). Velocity v = dx/dangle = cos(angle) eps - sin(angle) z0 (Salimans & Ho 2022, appendix
// D).

#include <vector>

namespace podscale {

/// Cosine schedule of Nichol & Dhariwal (2021), eq. 17: s = 0.008, beta clipped at 0.999. Not
/// collective.
class Schedule {
 public:
  explicit Schedule(int steps);
  int steps() const { return static_cast<int>(angle_.size()) - 1; }
  /// Angle of step t = 0 (clean, 0) .. T.
  double angle(int t) const { return angle_[t]; }
  double alpha_bar(int t) const;  ///< cos^2 of the angle

 private:
  std::vector<double> angle_;
};

/// Where samplers start: cos(angle) = 0.01. The state there is noise to 5e-5 in variance, and a
/// noise prediction can still be turned into an estimate of z0 (division by cos angle).
double sampler_start_angle();
/// phi_0 = start .. phi_n = 0, equidistant: [n + 1].
std::vector<double> sampler_angles(int steps);

}  // namespace podscale
