#include "podscale/verify/ssim.hpp"

#include <array>
#include <cmath>

#include "podscale/core/error.hpp"
#include "podscale/core/vector_clones.hpp"

namespace podscale {
namespace {

/// out [count] = the sum over `size` lines of weight * line, in their order.
PODSCALE_VECTOR_CLONES void mean_of(const double* const* lines, long size, long count, double weight,
                                    double* out) {
  for (long i = 0; i < count; ++i) out[i] = 0;
  for (long k = 0; k < size; ++k) {
    const double* line = lines[k];
    for (long i = 0; i < count; ++i) out[i] += weight * line[i];
  }
}

/// Windowed means of N quantities, along x, then along y: fill(row, lines) gives the lines of a row,
/// use(row, means) gets the means of the windows whose first row it is, [nx - size + 1] each.
template <std::size_t N, class Fill, class Use>
void for_window_rows(long ny, long nx, long size, const Fill& fill, const Use& use) {
  const long mx = nx - size + 1;
  const double weight = 1.0 / static_cast<double>(size);
  std::array<std::vector<double>, N> lines, means;
  std::vector<std::array<std::vector<double>, N>> rows(size);  // the last ones, in a ring
  for (auto* of : {&lines, &means})
    for (auto& values : *of) values.resize(nx);
  for (auto& row : rows)
    for (auto& values : row) values.resize(mx);
  std::vector<const double*> terms(size);
  for (long j = 0; j < ny; ++j) {
    fill(j, lines);
    for (std::size_t q = 0; q < N; ++q) {
      for (long k = 0; k < size; ++k) terms[k] = lines[q].data() + k;
      mean_of(terms.data(), size, mx, weight, rows[j % size][q].data());
    }
    if (j < size - 1) continue;
    for (std::size_t q = 0; q < N; ++q) {
      for (long k = 0; k < size; ++k) terms[k] = rows[(j - size + 1 + k) % size][q].data();
      mean_of(terms.data(), size, mx, weight, means[q].data());
    }
    use(j - size + 1, means);
  }
}

struct Constants {
  double shift, unbiased, c1, c2;
};

/// SSIM of windows from their moments about `shift`; of those with gaps any number.
PODSCALE_VECTOR_CLONES void ssim_of(const Constants& c, long count, const double* mx, const double* my,
                                    const double* xx, const double* yy, const double* xy, double* out) {
  for (long i = 0; i < count; ++i) {
    const double a = mx[i] + c.shift, b = my[i] + c.shift;
    const double variances = c.unbiased * (xx[i] - mx[i] * mx[i] + yy[i] - my[i] * my[i]);
    const double covariance = c.unbiased * (xy[i] - mx[i] * my[i]);
    out[i] = (2 * a * b + c.c1) * (2 * covariance + c.c2) / ((a * a + b * b + c.c1) * (variances + c.c2));
  }
}

}  // namespace

SsimTruth::SsimTruth(long ny, long nx, std::span<const double> weights, std::span<const float> y,
                     double data_range, const SsimWindow& window, std::optional<double> shift)
    : ny_(ny), nx_(nx), size_(window.size), data_range_(data_range), weights_(weights), y_(y) {
  const std::size_t points = ny * nx;
  PODSCALE_ASSERT(weights.size() == points && y.size() == points, "{} points, {} {}", points, weights.size(),
                  y.size());
  PODSCALE_ASSERT(size_ > 1, "SSIM window of {} points", size_);
  if (ny < size_ || nx < size_ || !(data_range > 0)) return;
  // Moments about a constant near the data: a variance from raw moments of 20 +- 0.1 would lose
  // digits.
  if (shift) shift_ = *shift;
  for (std::size_t i = 0; i < points && shift_ == 0 && !shift; ++i)
    if (weights[i] > 0) shift_ = y[i];
  for_window_rows<3>(
      ny, nx, size_,
      [&](long row, auto& lines) {
        for (long i = 0; i < nx_; ++i) {
          const bool there = weights_[row * nx_ + i] > 0;
          const double value = there ? y_[row * nx_ + i] - shift_ : 0.0;
          lines[0][i] = there ? 0 : 1;
          lines[1][i] = value;
          lines[2][i] = value * value;
        }
      },
      [&](long, const auto& means) {
        for (long i = 0; i < nx_ - size_ + 1; ++i) {
          complete_.push_back(means[0][i] == 0 ? 1 : 0);  // exact: a sum of zeros
          mean_.push_back(means[1][i]);
          square_.push_back(means[2][i]);
        }
      });
}

SsimSums SsimTruth::sums(std::span<const float> x) const {
  SsimSums sums;
  for (const SsimSums& row : sums_of_rows(x)) {
    sums.ssim += row.ssim;
    sums.weight += row.weight;
  }
  return sums;
}

std::vector<SsimSums> SsimTruth::sums_of_rows(std::span<const float> x) const {
  PODSCALE_ASSERT(x.size() == y_.size(), "{} points, expected {}", x.size(), y_.size());
  std::vector<SsimSums> rows(static_cast<std::size_t>(ny_));
  if (complete_.empty()) return rows;
  const double n = static_cast<double>(size_) * static_cast<double>(size_);
  const Constants constants{shift_, n / (n - 1), std::pow(0.01 * data_range_, 2),
                            std::pow(0.03 * data_range_, 2)};
  const long width = nx_ - size_ + 1, half = size_ / 2;
  std::vector<double> ssim(width);
  for_window_rows<3>(
      ny_, nx_, size_,
      [&](long row, auto& lines) {
        for (long i = 0; i < nx_; ++i) {
          const bool there = weights_[row * nx_ + i] > 0;
          const double value = there ? x[row * nx_ + i] - shift_ : 0.0,
                       truth = there ? y_[row * nx_ + i] - shift_ : 0.0;
          lines[0][i] = value;
          lines[1][i] = value * value;
          lines[2][i] = value * truth;
        }
      },
      [&](long row, const auto& means) {
        const long first = row * width;
        ssim_of(constants, width, means[0].data(), mean_.data() + first, means[1].data(),
                square_.data() + first, means[2].data(), ssim.data());
        const double* weights = weights_.data() + (row + half) * nx_ + half;
        SsimSums& sums = rows[static_cast<std::size_t>(row)];
        for (long i = 0; i < width; ++i) {
          if (!complete_[first + i]) continue;
          sums.ssim += weights[i] * ssim[i];
          sums.weight += weights[i];
        }
      });
  return rows;
}

SsimSums ssim_sums(long ny, long nx, std::span<const double> weights, std::span<const float> x,
                   std::span<const float> y, double data_range, const SsimWindow& window) {
  return SsimTruth(ny, nx, weights, y, data_range, window).sums(x);
}

}  // namespace podscale
