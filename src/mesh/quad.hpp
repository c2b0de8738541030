#pragma once
// A place within a quadrilateral.

#include <algorithm>
#include <optional>

#include "podscale/mesh/geometry.hpp"

namespace podscale {

/// A quadrilateral seen from a place v inside of it: in the central projection on the plane that
/// touches the sphere at v, great circles are straight and neighbouring quadrilaterals meet
/// without a gap.
struct Quad {
  double s = 0, t = 0;  ///< bilinear coordinates of v, 0..1, along corners 0 to 1 and 0 to 3

  std::array<double, 4> weights() const { return {(1 - s) * (1 - t), s * (1 - t), s * t, (1 - s) * t}; }

  /// nullopt where v lies outside, or where the four corners are not convex as seen from it.
  static std::optional<Quad> around(const Vector3& v, const std::array<Vector3, 4>& corners, Space space) {
    std::array<std::array<double, 2>, 4> p;
    Vector3 e1{1, 0, 0}, e2{0, 1, 0};
    if (space == Space::sphere) {
      const Vector3 axis = std::abs(v.z) < 0.9 ? Vector3{0, 0, 1} : Vector3{1, 0, 0};
      e1 = cross(axis, v);
      e1 = 1 / norm(e1) * e1;
      e2 = cross(v, e1);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      const double height = space == Space::sphere ? dot(corners[k], v) : 1;
      if (!(height > 0.1)) return std::nullopt;  // beyond the horizon, or no position
      const Vector3 d = corners[k] - v;
      p[k] = {dot(d, e1) / height, dot(d, e2) / height};
    }
    double size = 0, least = 0, most = 0;
    for (std::size_t k = 0; k < 4; ++k) {
      const auto &a = p[k], &b = p[(k + 1) % 4];
      const double dx = b[0] - a[0], dy = b[1] - a[1], turn = a[0] * b[1] - a[1] * b[0];
      size = std::max(size, dx * dx + dy * dy);
      least = std::min(least, turn);
      most = std::max(most, turn);
    }
    const double rounding = 1e-10 * size;
    if (size == 0 || (least < -rounding && most > rounding) || most - least <= rounding) return std::nullopt;

    // Newton: a + b s + c t + d s t = 0.
    std::array<double, 2> b, c, d;
    for (std::size_t x = 0; x < 2; ++x) {
      b[x] = p[1][x] - p[0][x];
      c[x] = p[3][x] - p[0][x];
      d[x] = p[0][x] - p[1][x] + p[2][x] - p[3][x];
    }
    Quad quad{0.5, 0.5};
    for (int i = 0; i < 20; ++i) {
      std::array<double, 2> f, fs, ft;
      for (std::size_t x = 0; x < 2; ++x) {
        f[x] = p[0][x] + b[x] * quad.s + c[x] * quad.t + d[x] * quad.s * quad.t;
        fs[x] = b[x] + d[x] * quad.t;
        ft[x] = c[x] + d[x] * quad.s;
      }
      const double determinant = fs[0] * ft[1] - fs[1] * ft[0];
      if (std::abs(determinant) < 1e-12 * size) return std::nullopt;
      const double ds = (f[0] * ft[1] - f[1] * ft[0]) / determinant;
      const double dt = (fs[0] * f[1] - fs[1] * f[0]) / determinant;
      quad.s -= ds;
      quad.t -= dt;
      if (std::abs(ds) + std::abs(dt) < 1e-13) break;
    }
    if (!(std::abs(quad.s - 0.5) < 0.5 + 1e-6 && std::abs(quad.t - 0.5) < 0.5 + 1e-6)) return std::nullopt;
    quad.s = std::clamp(quad.s, 0.0, 1.0);
    quad.t = std::clamp(quad.t, 0.0, 1.0);
    return quad;
  }
};

}  // namespace podscale
