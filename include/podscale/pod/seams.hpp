#pragma once
// What patches do not share, across the borders of overlapping patches (method: section 1.2,
// seams).
//
// Points that rotations join (two at a border, four at a corner) lie in different patches of the
// folded field, so parts that are independent from patch to patch would give them the covariance
// V = R^T diag(v) R, where the training period shows C. D is the symmetric matrix with D V D = C,
// the optimal transport map between the two Gaussians; parts inside patches are unfolded by A = D
// R^T in place of R^T. Whatever v is, the covariance A diag(v) A^T stays positive semi-definite.

#include <array>
#include <span>
#include <utility>
#include <vector>

#include "podscale/pod/lapping.hpp"

namespace podscale {

class Seams {
 public:
  /// D = 1: calls do what those of the Lapping do.
  Seams() = default;
  /// Collective. map: row of D of each value of a field, [4][channels][window points]: for the
  /// point, its partner along x, that along y, and the one of both. Error(data), agreed on, where
  /// a number is not finite.
  Seams(const Communicator& comm, const Lapping& lapping, long channels, std::vector<double> map);
  /// The same on all ranks.
  bool present() const { return present_; }
  const std::vector<double>& map() const { return map_; }

  // Collective; [count][values of a field] in place, values on land are not touched. The same bits
  // at any number of ranks. lapping: the one of the constructor.
  void unfold(const Lapping& lapping, std::span<double> fields, long count) const;  ///< A x
  void fold(const Lapping& lapping, std::span<double> fields, long count) const;    ///< A^T w
  /// Variances of A x from those of x, independent from point to point: the squares of A.
  void unfold_variance(const Lapping& lapping, std::span<double> fields, long count) const;
  /// Not collective. Row of A of a value, by partner: 0 where there is none.
  std::array<double, 4> row(const Lapping& lapping, std::size_t value) const;
  /// Not collective, for a window that is the whole grid. As Lapping::folded_point(), of A^T.
  std::vector<std::pair<std::size_t, double>> folded_point(const Lapping& lapping, long channel, long y,
                                                           long x) const;

 private:
  using Rows = std::vector<std::array<double, 4>>;  // [values of a field], by partner
  void apply(const Lapping& lapping, std::span<double> fields, long count, const Rows& rows) const;
  bool present_ = false;
  long channels_ = 1;
  std::vector<double> map_;
  std::vector<std::array<long, 4>> at_;  // [window points] of partners in the extended window
  Rows row_, column_, square_;           // of A
};

/// Adds up products of each point with those that rotations join it with.
class SeamProducts {
 public:
  SeamProducts(const Lapping& lapping, long channels);
  /// Collective. fields: [count][values of a field]; a NaN adds nothing.
  void add(std::span<const double> fields, long count);
  /// Not collective. [4][values of a field], by partner as Seams::map.
  std::vector<double> means() const;

 private:
  const Lapping* lapping_;
  long channels_;
  std::vector<std::array<long, 4>> at_;
  std::vector<double> sums_, samples_;
};

/// Collective. The map D. covariance: as SeamProducts::means(), of the field; variance: v, of the
/// folded field, [values of a field]. Points that no rotation joins keep 1.
std::vector<double> seam_map(const Lapping& lapping, long channels, std::span<const double> covariance,
                             std::span<const double> variance);

}  // namespace podscale
