#pragma once
// The points of a mesh that are nearest to a place (a k-d tree, nanoflann).

#include <memory>
#include <span>
#include <vector>

#include "podscale/mesh/mesh.hpp"

namespace podscale {

/// Of the points of a mesh that own themselves, have a position in `space` and are wanted. Not
/// collective: the same on every rank. Copies share the tree.
class PointSearch {
 public:
  struct Hit {
    idx_t point;
    double distance;  ///< chord on the unit sphere, or metres (pixels)
  };
  /// wanted: [mesh.points()], empty: all.
  PointSearch(const Mesh& mesh, Space space, std::span<const unsigned char> wanted = {});
  /// The nearest `count` (fewer where there are fewer), nearest first. Points that are equally far
  /// but for rounding come in the order of their numbers.
  std::vector<Hit> nearest(const Vector3& place, idx_t count) const;
  idx_t size() const;

 private:
  struct Tree;
  std::shared_ptr<const Tree> tree_;
};

}  // namespace podscale
