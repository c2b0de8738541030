#pragma once
// Fits the pooled base of images (method: images) from sums over all windows, at every LR cell
// that a patch may begin at. Windows and patches are in units of their image's range.

#include <functional>
#include <span>
#include <vector>

#include "podscale/gaussian/pooled_base.hpp"
#include "podscale/parallel/communicator.hpp"

namespace podscale {

/// What a fit needs of an image. Sides of hr are the factor times those of lr.
struct PlanePair {
  Plane hr{}, lr{};
  double range = 255;
};

/// Images of a period, dealt over ranks: read(i) is not collective, and called on one rank each.
struct PlaneSeries {
  idx_t size = 0;
  std::function<PlanePair(idx_t)> read;
};

struct PooledFitOptions {
  WindowShape shape{};
  int modes = 0;              ///< kept of the residual; 0: all
  int contrast_classes = 17;  ///< at most; 1: constant variance
  /// Relative to the mean square of the cells.
  std::vector<double> penalties{1e-9, 1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2};
};

/// Normal equations of the windows of one image or many.
class PooledMoments {
 public:
  explicit PooledMoments(const WindowShape& shape);
  /// Not collective. Adds all windows of an image; one smaller than a patch has none.
  void add(const PlanePair& image);
  /// Not collective. The same, of eight images: this one turned and mirrored in all ways.
  void make_symmetric();
  /// Not collective. B [points][cells] of the penalty, relative to the mean square of the cells.
  /// Errors: data (no window).
  std::vector<double> regression(double penalty) const;
  /// Not collective. Sum of the squared errors of B over these windows and points.
  double squared_error(std::span<const double> regression) const;
  double windows() const { return values_[count_at()]; }
  /// Not collective. Edges of so many classes of log d, of about the same number of windows;
  /// fewer where many windows have one d.
  std::vector<double> contrast_edges(int classes) const;
  /// All numbers: for sums over images. The layout is this class's own.
  std::span<double> values() { return values_; }

 private:
  idx_t count_at() const { return width_ * width_; }
  WindowShape shape_;
  idx_t width_;
  std::vector<double> values_;  // Z Z^T [width][width], lower triangle of column-major; count; histogram
};

/// Collective on comm. Two passes over the training images and one over those for validation,
/// which choose the penalty. The same bits at any number of ranks. Errors: data (no window, not a
/// number), and those of read.
PooledBase fit_pooled_base(const Communicator& comm, const PlaneSeries& training,
                           const PlaneSeries& validation, const PooledFitOptions& options);

}  // namespace podscale
