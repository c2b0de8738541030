#pragma once
// The frame of a rotated pole (CF grid mapping rotated_latitude_longitude). Private to src/field.

#include <optional>

#include "podscale/mesh/mesh.hpp"

namespace podscale {

struct RotatedPole {
  double lat = 90, lon = 0;  ///< of the frame's north pole, degrees
  /// nullopt where the mapping is another one.
  static std::optional<RotatedPole> of(const GridMapping& mapping);
  GridMapping mapping() const;
  Position to_earth(const Position& rotated) const;
  Position from_earth(const Position& degrees) const;  ///< longitudes in -180..180
};

}  // namespace podscale
