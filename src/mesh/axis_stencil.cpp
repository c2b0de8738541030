#include "axis_stencil.hpp"

#include <algorithm>
#include <cmath>

namespace podscale {
namespace {

double keys(double s) {
  s = std::abs(s);
  if (s < 1) return (1.5 * s - 2.5) * s * s + 1;
  if (s < 2) return ((-0.5 * s + 2.5) * s - 4) * s + 2;
  return 0;
}

/// Fractional position among ascending centres: index j and t with x = c_j + t (c_j+1 - c_j), t in
/// [0, 1) but beyond the first and the last centre.
std::pair<idx_t, double> locate(const std::vector<double>& centres, double x, double turn) {
  const idx_t n = std::ssize(centres);
  if (turn > 0) x -= turn * std::floor((x - centres.front()) / turn);
  idx_t j = std::upper_bound(centres.begin(), centres.end(), x) - centres.begin() - 1;
  if (turn == 0) j = std::clamp<idx_t>(j, 0, n - 2);
  const double left = centres[j];
  const double right = j + 1 < n ? centres[j + 1] : centres.front() + turn;
  return {j, (x - left) / (right - left)};
}

}  // namespace

AxisStencil::AxisStencil(const MeshAxis& axis, double place, double turn, int search) {
  const idx_t n = std::ssize(axis.centres);
  if (n == 1) {
    const double away = (place - axis.centres[0]) / (axis.bounds[1] - axis.bounds[0]);
    reached = turn > 0 || std::abs(away) <= search + 0.5;
    linear = {Tap{0, 1.0}, Tap{0, 0.0}};
    cubic[0] = {0, 1.0};
    taps = 1;
    return;
  }
  auto [j, t] = locate(axis.centres, place, turn);
  reached = t >= -search && t <= 1 + search;
  t = std::clamp(t, -0.5, 1.5);
  cell = t < 0.5 ? j : j + 1;
  const double inside = std::clamp(t, 0.0, 1.0);
  linear = {Tap{j, 1 - inside}, Tap{j + 1, inside}};
  // Beyond the centres the cubic is centred on its own (ghost) interval.
  if (t < 0) j -= 1, t += 1;
  if (t > 1) j += 1, t -= 1;
  for (idx_t d = -1; d <= 2; ++d) {
    const idx_t index = j + d;
    const double weight = keys(t - static_cast<double>(d));
    if (weight == 0) continue;
    if (turn > 0 || (index >= 0 && index < n)) {
      add_cubic(index, weight);
    } else {  // ghost: f(edge) + distance * (f(edge) - f(its neighbour))
      const idx_t edge = index < 0 ? 0 : n - 1, next = index < 0 ? 1 : n - 2;
      const double distance = static_cast<double>(std::abs(index - edge));
      add_cubic(edge, weight * (1 + distance));
      add_cubic(next, -weight * distance);
    }
  }
}

void AxisStencil::add_cubic(idx_t index, double weight) {
  for (int k = 0; k < taps; ++k)
    if (Tap& tap = cubic[k]; tap.index == index) {
      tap.weight += weight;
      return;
    }
  cubic[taps++] = {index, weight};
}

}  // namespace podscale
