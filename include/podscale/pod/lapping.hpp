#pragma once
// Overlapping patches that stay orthonormal: a lapped transform (Malvar 1990, IEEE Trans. ASSP 38;
// with the sine window of Princen & Bradley 1986). Before the POD, points that lie opposite each
// other across a patch border are rotated in pairs by an angle that falls from nearly 45 degrees
// at the border to 0:
//
//          left patch | right patch          x_right = cos u_right + sin u_left    (even across it)
//      ... c   b   a  |  A   B   C ...       x_left  = cos u_left  - sin u_right   (odd: small where
//          +---+---+--|--+---+---+                                                  the field is smooth)
//              pairs: aA, bB, cC
//
// along y, then along x. R is orthonormal and patches do not overlap in x = R u, so everything
// that is linear (POD, regression, covariance) works on x patch by patch as before. The modes R^T
// Phi of a patch reach into its neighbours with a smooth window whose squares add up to one:
// fields decoded have no step at a border, and their variance there holds both patches'
// covariance. Points whose partner is land are not rotated.

#include <array>
#include <span>
#include <utility>
#include <vector>

#include "podscale/parallel/halo.hpp"

namespace podscale {

class Lapping {
 public:
  /// Patches do not overlap: all calls return at once.
  Lapping() = default;
  /// Collective on comm, which need not outlive it. periodic: the first and the last column are
  /// neighbours. ocean: [window points]. overlap: points on each side of a
  /// border, at most half of the smaller patch there.
  Lapping(const Communicator& comm, const Decomposition& decomposition, bool periodic,
          std::span<const unsigned char> ocean, long overlap);
  long overlap() const { return overlap_; }
  /// Not collective, for a window that is the whole grid. Column of R: where in the folded field
  /// the point (y, x) goes, as points of the window, and with which factors. At most four.
  std::vector<std::pair<std::size_t, double>> folded_point(long y, long x) const;

  long points() const { return window_.points(); }
  const Window& window() const { return window_; }
  long extended_points() const { return halo_.extended().points(); }  ///< where patches overlap
  /// Not collective, for a window that is the whole grid. A point of the extended window, there.
  std::size_t point_of_extended(long at) const;
  /// The points that rotations join: up to four, by their side of the borders (bit 0: the higher
  /// column, bit 1: the higher row).
  struct Quad {
    std::array<long, 4> at;         ///< in the extended window; -1: there is none, or it is land
    std::size_t own;                ///< which of them the point is
    std::array<double, 16> unfold;  ///< [4][4] R^T among them
  };
  /// Not collective. Of a point of the window; of land the point alone.
  Quad quad(long point) const;
  /// Collective. HaloExchange::widen; the fields themselves where patches do not overlap.
  std::vector<double> widen(std::span<const double> fields, long count) const;

  // Collective; [count][window points] in place, values on land are not touched. The same bits at
  // any number of ranks.
  void fold(std::span<double> fields, long count) const;    ///< x = R u
  void unfold(std::span<double> fields, long count) const;  ///< u = R^T x
  /// Variances of u from those of x that are independent between patches: the squares of R^T.
  void unfold_variance(std::span<double> fields, long count) const;

 private:
  /// Along one axis, for every row or column of the extended window: its partner, -1 for none.
  struct Rotation {
    std::vector<long> partner;
    std::vector<double> cosine, sine;  ///< sine: of fold(), with its sign
  };
  enum class Direction { fold, unfold, squares };
  static Rotation rotation(long first, long count, long points, long patch, long overlap, bool periodic);
  void apply(std::span<double> fields, long count, Direction direction) const;

  long overlap_ = 0;
  Window window_;
  HaloExchange halo_;
  std::vector<unsigned char> ocean_;  // [extended points]
  Rotation y_, x_;
  /// Factors of a rotation at the points of the extended window: 1 and 0 where it joins nothing.
  struct Factors {
    std::vector<double> own, partner;
  };
  Factors along_y_, along_x_;  // of fold()
};

}  // namespace podscale
