#include "podscale/gaussian/pooled_fit.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "podscale/core/error.hpp"
#include "podscale/core/lapack.hpp"
#include "podscale/core/log.hpp"
#include "podscale/mesh/turn.hpp"
#include "podscale/parallel/ordered_sum.hpp"

namespace podscale {
namespace {

constexpr int bins = 512;  // of log d
const double lowest = std::log(contrast_floor),
             bin_width = -lowest / bins;  // the last has all above the range

int bin_of(double detail_over_range) {
  const double bin = (std::log(detail_over_range) - lowest) / bin_width;
  return std::clamp(static_cast<int>(bin), 0, bins - 1);
}

/// All windows of an image with the points of their patches, some at a time. visit(batch,
/// targets): targets [count][points], less the mean of the window.
template <class Visit>
void for_windows(const PlanePair& image, const WindowShape& shape, const Visit& visit) {
  const idx_t patch = shape.patch, factor = shape.factor, cells = patch / factor;
  PODSCALE_ASSERT(image.hr.ny == image.lr.ny * factor && image.hr.nx == image.lr.nx * factor,
                  "HR {} x {}, LR {} x {}, factor {}", image.hr.ny, image.hr.nx, image.lr.ny, image.lr.nx,
                  factor);
  std::vector<std::array<idx_t, 2>> corners;
  std::vector<float> targets;
  for (idx_t row = 0; row + cells <= image.lr.ny; ++row) {
    corners.clear();
    for (idx_t column = 0; column + cells <= image.lr.nx; ++column) corners.push_back({row, column});
    const WindowBatch batch = cut_windows(image.lr, shape, corners, image.range);
    targets.clear();
    for (idx_t w = 0; w < batch.count; ++w)
      for (idx_t i = 0; i < patch; ++i) {
        const float* line =
            image.hr.values.data() + (row * factor + i) * image.hr.nx + corners[w][1] * factor;
        for (idx_t j = 0; j < patch; ++j) targets.push_back(line[j] - batch.mean[w]);
      }
    if (batch.count > 0) visit(batch, targets);
  }
}

/// C += A A^T, the lower triangle of column-major; a: count columns of n values.
void add_products(idx_t n, idx_t count, const double* a, double* c) {
  const int rows = static_cast<int>(n), columns = static_cast<int>(count);
  const double one = 1;
  dsyrk_("L", "N", &rows, &columns, &one, a, &rows, &one, c, &rows);
}

/// The mean of a symmetric matrix, whose lower triangle is given, over the turns of what its rows
/// are; the result is whole.
std::vector<double> symmetric_mean(std::span<const double> lower, idx_t n,
                                   const std::vector<std::vector<idx_t>>& turns) {
  std::vector<double> mean(static_cast<std::size_t>(n * n), 0.0);
  for (const auto& turn : turns)
    for (idx_t j = 0; j < n; ++j)
      for (idx_t i = 0; i < n; ++i) {
        const idx_t a = turn[i], b = turn[j];
        mean[j * n + i] += (a >= b ? lower[b * n + a] : lower[a * n + b]) / static_cast<double>(turns.size());
      }
  return mean;
}

std::vector<std::vector<idx_t>> turns_of(const std::vector<int>& sides) {
  std::vector<std::vector<idx_t>> turns(square_turns);
  for (int turn = 0; turn < square_turns; ++turn) {
    idx_t first = 0;
    for (const int side : sides) {
      for (const idx_t i : turned_square(side, turn)) turns[turn].push_back(first + i);
      first += static_cast<idx_t>(side) * side;
    }
  }
  return turns;
}

/// Sums over windows by class of d of r r^T / d^2, r the residual of the regression.
class ResidualMoments {
 public:
  explicit ResidualMoments(const PooledBase& base)
      : base_(base), points_(base.shape.points()), classes_(std::ssize(base.contrast_edges) + 1) {}
  idx_t stride() const { return points_ * points_ + 1; }
  std::size_t size() const { return static_cast<std::size_t>(classes_ * stride()); }

  void add(const PlanePair& image, std::span<double> sums) const {
    std::vector<std::vector<double>> waiting(static_cast<std::size_t>(classes_));
    const auto flush = [&](idx_t c, idx_t at_least) {
      const idx_t count = std::ssize(waiting[c]) / points_;
      if (count == 0 || count < at_least) return;
      add_products(points_, count, waiting[c].data(), sums.data() + c * stride());
      sums[c * stride() + points_ * points_] += static_cast<double>(count);
      waiting[c].clear();
    };
    for_windows(image, base_.shape, [&](const WindowBatch& batch, const std::vector<float>& targets) {
      const PooledForecast forecast = base_.forecast(batch, image.range);
      for (idx_t w = 0; w < batch.count; ++w) {
        const double detail = batch.detail[w];
        const idx_t c = static_cast<idx_t>(base_.contrast_class(detail, image.range));
        const double unit = classes_ == 1 ? image.range : detail;
        for (idx_t i = w * points_; i < (w + 1) * points_; ++i)
          waiting[c].push_back((static_cast<double>(targets[i]) + batch.mean[w] - forecast.mean[i]) / unit);
        flush(c, 512);
      }
    });
    for (idx_t c = 0; c < classes_; ++c) flush(c, 1);
  }

 private:
  const PooledBase& base_;
  idx_t points_, classes_;
};

/// Scale by class of d, and modes of the residual over it.
void fit_residual(const Communicator& comm, const PlaneSeries& training, int modes, PooledBase& base) {
  base.contrast_scale.assign(base.contrast_edges.size() + 1, 1.0);
  const ResidualMoments moments(base);
  const std::vector<double> sums =
      sum_in_order(comm, training.size, moments.size(),
                   [&](idx_t i, std::span<double> out) { moments.add(training.read(i), out); });
  const idx_t points = base.shape.points(), stride = moments.stride();
  std::vector<double> lower(static_cast<std::size_t>(points * points), 0.0);
  double windows = 0;
  for (std::size_t c = 0; c < base.contrast_scale.size(); ++c) {
    const double* sum = sums.data() + static_cast<idx_t>(c) * stride;
    const double count = sum[points * points];
    double trace = 0;
    for (idx_t i = 0; i < points; ++i) trace += sum[i * points + i];
    // Windows without any residual, as a black background has: a scale above 0 all the same.
    const double square = std::max(1e-6, count > 0 ? trace / (count * static_cast<double>(points)) : 0.0);
    base.contrast_scale[c] = std::sqrt(square);
    for (idx_t i = 0; i < points * points; ++i) lower[i] += sum[i] / square;
    windows += count;
  }
  if (!std::isfinite(std::accumulate(lower.begin(), lower.end(), 0.0)))
    throw Error(ExitCode::data, "training images: the residual of the regression is not a finite number",
                true);

  std::vector<double> covariance = symmetric_mean(lower, points, turns_of({base.shape.patch}));
  for (double& x : covariance) x /= windows;
  const int n = static_cast<int>(points), work_size = 64 * n;
  std::vector<double> variance(static_cast<std::size_t>(n)), work(static_cast<std::size_t>(work_size));
  int info = 0;
  dsyev_("V", "L", &n, covariance.data(), &n, variance.data(), work.data(), &work_size, &info);
  PODSCALE_ASSERT(info == 0, "dsyev: {}", info);
  const idx_t kept = modes > 0 ? std::min<idx_t>(modes, points) : points;
  base.modes.clear();
  base.root.assign(static_cast<std::size_t>(kept * kept), 0.0);
  base.truncation.assign(static_cast<std::size_t>(points), 0.0);
  for (idx_t k = 0; k < points; ++k) {  // eigenvalues ascend
    const double* mode = covariance.data() + (points - 1 - k) * points;
    const double of_mode = std::max(0.0, variance[points - 1 - k]);
    if (k < kept) {
      base.modes.insert(base.modes.end(), mode, mode + points);
      base.root[k * kept + k] = std::sqrt(of_mode);
    } else {
      for (idx_t i = 0; i < points; ++i) base.truncation[i] += of_mode * mode[i] * mode[i];
    }
  }
}

}  // namespace

PooledMoments::PooledMoments(const WindowShape& shape)
    : shape_(shape),
      width_(shape.cells() + shape.points()),
      values_(static_cast<std::size_t>(width_ * width_ + 1 + bins), 0.0) {}

void PooledMoments::add(const PlanePair& image) {
  const idx_t cells = shape_.cells(), points = shape_.points();
  std::vector<double> rows;
  for_windows(image, shape_, [&](const WindowBatch& batch, const std::vector<float>& targets) {
    rows.clear();
    for (idx_t w = 0; w < batch.count; ++w) {
      const double contrast = batch.contrast[w] / image.range;
      for (idx_t i = w * cells; i < (w + 1) * cells; ++i) rows.push_back(contrast * batch.cells[i]);
      for (idx_t i = w * points; i < (w + 1) * points; ++i) rows.push_back(targets[i] / image.range);
      values_[count_at() + 1 + bin_of(batch.detail[w] / image.range)] += 1;
    }
    add_products(width_, batch.count, rows.data(), values_.data());
    values_[count_at()] += static_cast<double>(batch.count);
  });
}

void PooledMoments::make_symmetric() {
  const std::vector<double> mean = symmetric_mean(std::span(values_).first(width_ * width_), width_,
                                                  turns_of({shape_.side(), shape_.patch}));
  std::copy(mean.begin(), mean.end(), values_.begin());
}

std::vector<double> PooledMoments::regression(double penalty) const {
  const idx_t cells = shape_.cells(), points = shape_.points();
  std::vector<double> left(static_cast<std::size_t>(cells * cells)),
      right(static_cast<std::size_t>(cells * points));
  double trace = 0;
  for (idx_t j = 0; j < cells; ++j) {
    for (idx_t i = j; i < cells; ++i) left[j * cells + i] = values_[j * width_ + i];
    for (idx_t p = 0; p < points; ++p) right[p * cells + j] = values_[j * width_ + cells + p];
    trace += values_[j * width_ + j];
  }
  if (!(trace > 0) || !std::isfinite(trace))
    throw Error(ExitCode::data,
                windows() > 0
                    ? "training images: all points have the same value, or are not numbers"
                    : "training images: none is as large as a patch: give larger images or a smaller "
                      "images.patch",
                true);
  for (idx_t j = 0; j < cells; ++j) left[j * cells + j] += penalty * trace / static_cast<double>(cells);
  const int n = static_cast<int>(cells), columns = static_cast<int>(points);
  int info = 0;
  dposv_("L", &n, &columns, left.data(), &n, right.data(), &n, &info);
  if (info != 0)
    throw Error(ExitCode::data,
                fmt::format("training images: their regression is singular with a penalty of {:g}; expected "
                            "larger penalties",
                            penalty),
                true);
  return right;
}

double PooledMoments::squared_error(std::span<const double> b) const {
  const idx_t cells = shape_.cells(), points = shape_.points();
  std::vector<double> whole(static_cast<std::size_t>(cells * cells)),
      product(static_cast<std::size_t>(cells * points));
  for (idx_t j = 0; j < cells; ++j)
    for (idx_t i = j; i < cells; ++i) whole[j * cells + i] = whole[i * cells + j] = values_[j * width_ + i];
  const int n = static_cast<int>(cells), columns = static_cast<int>(points);
  gemm(false, false, n, columns, n, 1, whole.data(), n, b.data(), n, 0, product.data(), n);
  double error = 0;
  for (idx_t p = 0; p < points; ++p) {
    error += values_[(cells + p) * width_ + cells + p];
    for (idx_t j = 0; j < cells; ++j)
      error += b[p * cells + j] * (product[p * cells + j] - 2 * values_[j * width_ + cells + p]);
  }
  return error;
}

std::vector<double> PooledMoments::contrast_edges(int classes) const {
  std::vector<double> edges;
  double below = 0;
  for (int b = 0; b + 1 < bins && std::ssize(edges) + 1 < classes; ++b) {
    const double of_bin = values_[count_at() + 1 + b];
    below += of_bin;
    const double share = windows() * static_cast<double>(edges.size() + 1) / classes;
    if (of_bin > 0 && below >= share && below < windows()) edges.push_back(lowest + bin_width * (b + 1));
  }
  return edges;
}

PooledBase fit_pooled_base(const Communicator& comm, const PlaneSeries& training,
                           const PlaneSeries& validation, const PooledFitOptions& options) {
  const auto moments_of = [&](const PlaneSeries& images) {
    PooledMoments total(options.shape);
    const std::vector<double> sums =
        sum_in_order(comm, images.size, total.values().size(), [&](idx_t i, std::span<double> out) {
          PooledMoments one(options.shape);
          one.add(images.read(i));
          std::copy(one.values().begin(), one.values().end(), out.begin());
        });
    std::copy(sums.begin(), sums.end(), total.values().begin());
    return total;
  };
  PooledMoments sums = moments_of(training);
  const PooledMoments judge = moments_of(validation);
  sums.make_symmetric();
  PooledBase base;
  base.shape = options.shape;
  base.windows = sums.windows();
  double best = 0;
  for (const double penalty : options.penalties) {
    std::vector<double> b = sums.regression(penalty);
    const double error = judge.squared_error(b);
    if (base.regression.empty() || error < best)
      best = error, base.penalty = penalty, base.regression = std::move(b);
  }
  base.contrast_edges = sums.contrast_edges(options.contrast_classes);
  fit_residual(comm, training, options.modes, base);
  log::info("base of images: {:.0f} windows of {} LR cells, penalty {:g}, {} modes, {} classes of contrast",
            base.windows, base.shape.cells(), base.penalty, base.kept_modes(), base.contrast_scale.size());
  return base;
}

}  // namespace podscale
