#pragma once
// Positions on the sphere and in the plane.

#include <array>
#include <cmath>
#include <numbers>

namespace podscale {

constexpr double kEarthRadius = 6371.0;  ///< km
constexpr double kRadians = std::numbers::pi / 180;

/// Where distances are measured: between unit vectors, or between points of one plane.
enum class Space { sphere, plane };

/// Latitude and longitude in degrees, or y and x in metres (of an image: in pixels).
struct Position {
  double y = 0, x = 0;
};

/// On the unit sphere, or (x, y, 0) of a plane.
struct Vector3 {
  double x = 0, y = 0, z = 0;
};
inline Vector3 operator+(const Vector3& a, const Vector3& b) {
  return {a.x + b.x, a.y + b.y, a.z + b.z};
}
inline Vector3 operator-(const Vector3& a, const Vector3& b) {
  return {a.x - b.x, a.y - b.y, a.z - b.z};
}
inline Vector3 operator*(double s, const Vector3& a) {
  return {s * a.x, s * a.y, s * a.z};
}
inline double dot(const Vector3& a, const Vector3& b) {
  return a.x * b.x + a.y * b.y + a.z * b.z;
}
inline Vector3 cross(const Vector3& a, const Vector3& b) {
  return {a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x};
}
inline double norm(const Vector3& a) {
  return std::sqrt(dot(a, a));
}

inline Vector3 unit_vector(const Position& p) {
  const double c = std::cos(p.y * kRadians);
  return {c * std::cos(p.x * kRadians), c * std::sin(p.x * kRadians), std::sin(p.y * kRadians)};
}
/// Of a vector of any length; longitudes in -180..180.
inline Position degrees_of(const Vector3& v) {
  return {std::atan2(v.z, std::hypot(v.x, v.y)) / kRadians, std::atan2(v.y, v.x) / kRadians};
}
/// Great-circle distance of unit vectors in radians, or the distance in the plane.
inline double distance(const Vector3& a, const Vector3& b, Space space) {
  const double chord = norm(a - b);
  return space == Space::plane ? chord : 2 * std::asin(std::fmin(1.0, 0.5 * chord));
}
/// Of a quadrilateral with great circles as edges, steradians, or of a plane one; any sense of
/// rotation.
inline double quad_area(const std::array<Vector3, 4>& q, Space space) {
  const auto triangle = [&](const Vector3& a, const Vector3& b, const Vector3& c) {
    const Vector3 n = cross(b - a, c - a);
    return space == Space::plane ? 0.5 * n.z
                                 : 2 * std::atan2(dot(a, n), 1 + dot(a, b) + dot(b, c) + dot(c, a));
  };
  return std::abs(triangle(q[0], q[1], q[2]) + triangle(q[0], q[2], q[3]));
}

}  // namespace podscale
