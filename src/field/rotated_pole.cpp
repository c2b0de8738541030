#include "rotated_pole.hpp"

namespace podscale {

std::optional<RotatedPole> RotatedPole::of(const GridMapping& mapping) {
  RotatedPole pole;
  bool rotated = false;
  for (const GridMapping::Attribute& a : mapping.attributes) {
    if (a.name == "grid_mapping_name") rotated = a.text == "rotated_latitude_longitude";
    if (a.numbers.size() != 1) continue;
    if (a.name == "grid_north_pole_latitude") pole.lat = a.numbers[0];
    if (a.name == "grid_north_pole_longitude") pole.lon = a.numbers[0];
    if (a.name == "north_pole_grid_longitude" && a.numbers[0] != 0) return std::nullopt;
  }
  return rotated ? std::optional(pole) : std::nullopt;
}

GridMapping RotatedPole::mapping() const {
  return {"rotated_pole",
          {{"grid_mapping_name", "rotated_latitude_longitude", {}},
           {"grid_north_pole_latitude", "", {lat}},
           {"grid_north_pole_longitude", "", {lon}}}};
}

// The zero meridian of the frame runs from its pole over the pole of the earth and down the other
// side.
Position RotatedPole::to_earth(const Position& rotated) const {
  const Vector3 v = unit_vector(rotated);
  const double s = std::sin(lat * kRadians), c = std::cos(lat * kRadians);
  const Position p = degrees_of({-s * v.x + c * v.z, -v.y, c * v.x + s * v.z});
  return {p.y, std::remainder(p.x + lon, 360.0)};
}

Position RotatedPole::from_earth(const Position& degrees) const {
  const Vector3 v = unit_vector({degrees.y, degrees.x - lon});
  const double s = std::sin(lat * kRadians), c = std::cos(lat * kRadians);
  return degrees_of({c * v.z - s * v.x, -v.y, c * v.x + s * v.z});
}

}  // namespace podscale
