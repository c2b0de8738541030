#pragma once
// From the points of one mesh to those of another, never letting land bleed into the sea: sparse
// rows (CSR).

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "podscale/mesh/mesh.hpp"

namespace podscale {

enum class Interpolation { nearest, bilinear, bicubic };
Interpolation interpolation_from_name(const std::string& name);  ///< Error(usage) on others
const char* interpolation_name(Interpolation kind);

/// Where the positions of two meshes can be compared: in one plane (one length unit or pixels, one
/// projection) or on the sphere. Error(data) where neither is possible.
Space common_space(const Mesh& source, const Mesh& target);

/// target = W source for the ocean points of one window of the target. Rows are local: a rank
/// reads the window source() of the source from its file and needs no message. A row is the same
/// whatever the window.
///   nearest   the source point whose centre is nearest.
///   bilinear  the 4 points round the target, land dropped and weights renormalised; exact for linear fields
///             away from land (curvilinear sources: to second order).
///   bicubic   Keys (1981) cubic convolution, a = -1/2, on 4 x 4 points, with ghost points by linear
///             extrapolation at the edges; bilinear where one of the points is land. Needs a source with
///             axes.
///   Beyond the outermost centres of a source with axes, bilinear goes on as a constant and bicubic is linear
///   for half a cell. Where no neighbour is ocean, and outside of a source without axes: the nearest ocean
///   point within `search` cells. None there either, or a source that ends more than `search` cells away: the
///   row is empty (the result is 0, meant for anomalies) and counted in `unreached()`.
class Remap {
 public:
  /// Links of a target to a source point, as in files of weights; points count from 0, in any
  /// order.
  struct Triplets {
    std::vector<idx_t> target, source;
    std::vector<double> weight;
  };
  enum class Land {
    renormalise,  ///< links to land are dropped, the others share their weight
    unreached     ///< a target that is linked to land is not reached
  };

  Remap() = default;
  /// Not collective. source_ocean: [source.points()]; target_ocean: [window points]. Errors: data
  /// (no common space), usage (bicubic from a source without axes).
  Remap(const Mesh& source, std::span<const unsigned char> source_ocean, const Mesh& target,
        const Window& window, std::span<const unsigned char> target_ocean, Interpolation kind,
        int search = 4);
  /// Not collective. Links of targets outside of the window are passed over.
  static Remap from_triplets(const Mesh& source, std::span<const unsigned char> source_ocean,
                             const Mesh& target, const Window& window,
                             std::span<const unsigned char> target_ocean, const Triplets& links,
                             Land land = Land::renormalise);

  const Window& source() const { return source_; }
  idx_t unreached() const { return unreached_; }
  idx_t rows() const { return std::ssize(first_) - 1; }
  /// Links of a row: indices within source(), and weights.
  std::span<const std::int32_t> columns(idx_t row) const { return part(columns_, row); }
  std::span<const double> weights(idx_t row) const { return part(weights_, row); }
  /// values: [source().points()], never looked at where land (NaN allowed); out: [window points],
  /// 0 on land and at unreached points.
  void apply(std::span<const float> values, std::span<float> out) const;

 private:
  friend class RemapRows;
  template <class T>
  std::span<const T> part(const std::vector<T>& values, idx_t row) const {
    const std::size_t r = row;
    return std::span(values).subspan(first_[r], first_[r + 1] - first_[r]);
  }
  Window source_;
  idx_t unreached_ = 0;
  std::vector<std::size_t> first_{0};  // [rows + 1]
  std::vector<std::int32_t> columns_;
  std::vector<double> weights_;
};

/// Whether a source can be interpolated so towards a target.
bool offers(Interpolation kind, const Mesh& source, const Mesh& target);

}  // namespace podscale
