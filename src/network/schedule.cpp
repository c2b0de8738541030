#include "podscale/network/schedule.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "podscale/core/error.hpp"

namespace podscale {

Schedule::Schedule(int steps) {
  PODSCALE_ASSERT(steps >= 1, "{} steps", steps);
  constexpr double s = 0.008;
  const auto f = [&](int t) {
    const double c = std::cos((static_cast<double>(t) / steps + s) / (1 + s) * std::numbers::pi / 2);
    return c * c;
  };
  double alpha_bar = 1;
  angle_.push_back(0);
  for (int t = 1; t <= steps; ++t) {
    alpha_bar *= 1 - std::min(0.999, 1 - f(t) / f(t - 1));
    angle_.push_back(std::acos(std::sqrt(alpha_bar)));
  }
}

double Schedule::alpha_bar(int t) const {
  const double c = std::cos(angle(t));
  return c * c;
}

double sampler_start_angle() {
  return std::acos(0.01);
}

std::vector<double> sampler_angles(int steps) {
  PODSCALE_ASSERT(steps >= 1, "{} steps", steps);
  std::vector<double> angles;
  for (int i = 0; i <= steps; ++i) angles.push_back(sampler_start_angle() * (steps - i) / steps);
  return angles;
}

}  // namespace podscale
