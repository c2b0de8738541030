// Where the points of the synthetic ocean lie.
#include <cmath>

#include "ocean_parts.hpp"
#include "podscale/core/error.hpp"
#include "rotated_pole.hpp"

namespace podscale {
namespace {

/// Lambert's azimuthal equal-area projection of the sphere about a centre.
struct AzimuthalPlane {
  double lat, lon;
  static constexpr double radius = 1000 * kEarthRadius;  // metres

  Position to_earth(const Position& p) const {
    const double rho = std::hypot(p.y, p.x) / radius;
    if (rho == 0) return {lat, lon};
    const double c = 2 * std::asin(rho / 2), y = p.y / radius / rho, x = p.x / radius / rho;
    const double s0 = std::sin(lat * kRadians), c0 = std::cos(lat * kRadians);
    return {std::asin(std::cos(c) * s0 + y * std::sin(c) * c0) / kRadians,
            lon + std::atan2(x * std::sin(c), c0 * std::cos(c) - y * s0 * std::sin(c)) / kRadians};
  }
  GridMapping mapping() const {
    return {"projection",
            {{"grid_mapping_name", "lambert_azimuthal_equal_area", {}},
             {"latitude_of_projection_origin", "", {lat}},
             {"longitude_of_projection_origin", "", {lon}},
             {"false_easting", "", {0}},
             {"false_northing", "", {0}},
             {"earth_radius", "", {radius}}}};
  }
};

Mesh rotated_mesh(const OceanSpec& spec, const std::vector<double>& lat, const std::vector<double>& lon) {
  const RotatedPole pole{40, -170};
  PointTable table;
  for (const double y : lat)
    for (const double x : lon) {
      const Position at = pole.to_earth({y, x});
      table.y.push_back(at.y);
      table.x.push_back(at.x);
      const double half = 0.5 * spec.resolution;
      for (const auto& [dy, dx] : {Position{-half, -half}, {-half, half}, {half, half}, {half, -half}}) {
        const Position corner = pole.to_earth({y + dy, x + dx});
        table.corner_y.push_back(corner.y);
        table.corner_x.push_back(corner.x);
      }
    }
  return Mesh::curvilinear(spec.ny, spec.nx, std::move(table)).with_mapping(pole.mapping());
}

Mesh plane_mesh(const OceanSpec& spec) {
  const double cell = spec.resolution * kRadians * AzimuthalPlane::radius;
  const auto centred = [](idx_t n, double step) {
    std::vector<double> axis;
    for (idx_t i = 0; i < n; ++i)
      axis.push_back((static_cast<double>(i) + 0.5 - 0.5 * static_cast<double>(n)) * step);
    return axis;
  };
  const auto y = centred(spec.ny, cell), x = centred(spec.nx, cell * ocean::Frame(spec).stretch);
  const double farthest = std::hypot(y.back(), x.back());
  if (farthest >= 2 * AzimuthalPlane::radius)
    fail(ExitCode::usage,
         "&ocean mesh = 'plane': {} x {} points reach {:.0f} km from their middle; expected less "
         "than {:.0f} km",
         spec.ny, spec.nx, farthest / 1000, 2 * kEarthRadius);
  const AzimuthalPlane plane{spec.lat0 + 0.5 * static_cast<double>(spec.ny) * spec.resolution,
                             spec.lon0 + 0.5 * static_cast<double>(spec.nx) * spec.resolution};
  std::vector<double> lat, lon;
  for (const double north : y)
    for (const double east : x) {
      const Position at = plane.to_earth({north, east});
      lat.push_back(at.y);
      lon.push_back(at.x);
    }
  return Mesh::plane(y, x, {"m", 1})
      .with_geographic(std::move(lat), std::move(lon))
      .with_mapping(plane.mapping());
}

}  // namespace

std::pair<std::vector<double>, std::vector<double>> ocean_axes(const OceanSpec& spec) {
  const auto axis = [&](idx_t n, double first) {
    std::vector<double> centres;
    for (idx_t i = 0; i < n; ++i) centres.push_back(first + (static_cast<double>(i) + 0.5) * spec.resolution);
    return centres;
  };
  return {axis(spec.ny, spec.lat0), axis(spec.nx, spec.lon0)};
}

Mesh ocean_mesh(const OceanSpec& spec) {
  const auto [lat, lon] = ocean_axes(spec);
  if (spec.mesh == "rotated") return rotated_mesh(spec, lat, lon);
  if (spec.mesh == "plane") return plane_mesh(spec);
  return Mesh::rectilinear(lat, lon);
}

}  // namespace podscale
