#include "podscale/verify/ssim.hpp"

#include <array>
#include <cmath>

#include "podscale/core/error.hpp"
#include "podscale/core/vector_clones.hpp"

namespace podscale {
namespace {

/// out [count] = the sum over `size` lines, in their order, times weight.
PODSCALE_VECTOR_CLONES void mean_of(const double* const* lines, long size, long count, double weight,
                                    double* out) {
  long first = 0;
  for (; first + 16 <= count; first += 16) {
    DoubleLanes a = {}, b = {}, c = {}, d = {}, line;  // the sums stay in registers
    for (long k = 0; k < size; ++k) {
      const double* at = lines[k] + first;
      load(line, at), a += line;
      load(line, at + 4), b += line;
      load(line, at + 8), c += line;
      load(line, at + 12), d += line;
    }
    store(a * weight, out + first);
    store(b * weight, out + first + 4);
    store(c * weight, out + first + 8);
    store(d * weight, out + first + 12);
  }
  for (; first < count; ++first) {
    double sum = 0;
    for (long k = 0; k < size; ++k) sum += lines[k][first];
    out[first] = sum * weight;
  }
}

/// Windowed means of N quantities, along x, then along y: fill(row, lines) gives the lines of a
/// row, use(row, means) gets the means of the windows whose first row it is, [nx - size + 1] each.
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

/// A row of x less `shift`, its square, and its product with that of y; 0 where there is no
/// weight.
PODSCALE_VECTOR_CLONES void fill_row(long count, const double* weights, const float* x, const float* y,
                                     double shift, double* value, double* square, double* product) {
  for (long i = 0; i < count; ++i) {
    const double a = weights[i] > 0 ? static_cast<double>(x[i]) - shift : 0.0,
                 b = weights[i] > 0 ? static_cast<double>(y[i]) - shift : 0.0;
    value[i] = a;
    square[i] = a * a;
    product[i] = a * b;
  }
}

/// Sum of weight * value where there is a weight: four sums, then these.
PODSCALE_VECTOR_CLONES double weighted_sum(long count, const double* weights, const double* values) {
  double sums[4] = {};
  long i = 0;
  for (; i + 4 <= count; i += 4)
    for (long k = 0; k < 4; ++k) sums[k] += weights[i + k] > 0 ? weights[i + k] * values[i + k] : 0.0;
  for (; i < count; ++i) sums[0] += weights[i] > 0 ? weights[i] * values[i] : 0.0;
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
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
      [&](long row, const auto& means) {
        const double* central = weights_.data() + (row + size_ / 2) * nx_ + size_ / 2;
        double sum = 0;
        for (long i = 0; i < nx_ - size_ + 1; ++i) {
          window_weights_.push_back(means[0][i] == 0 ? central[i] : 0.0);  // exact: a sum of zeros
          sum += window_weights_.back();
          mean_.push_back(means[1][i]);
          square_.push_back(means[2][i]);
        }
        row_weights_.push_back(sum);
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
  if (window_weights_.empty()) return rows;
  const double n = static_cast<double>(size_) * static_cast<double>(size_);
  const Constants constants{shift_, n / (n - 1), std::pow(0.01 * data_range_, 2),
                            std::pow(0.03 * data_range_, 2)};
  const long width = nx_ - size_ + 1;
  std::vector<double> ssim(width);
  for_window_rows<3>(
      ny_, nx_, size_,
      [&](long row, auto& lines) {
        const long first = row * nx_;
        fill_row(nx_, weights_.data() + first, x.data() + first, y_.data() + first, shift_, lines[0].data(),
                 lines[1].data(), lines[2].data());
      },
      [&](long row, const auto& means) {
        const long first = row * width;
        ssim_of(constants, width, means[0].data(), mean_.data() + first, means[1].data(),
                square_.data() + first, means[2].data(), ssim.data());
        rows[static_cast<std::size_t>(row)] = {
            weighted_sum(width, window_weights_.data() + first, ssim.data()),
            row_weights_[static_cast<std::size_t>(row)]};
      });
  return rows;
}

SsimSums ssim_sums(long ny, long nx, std::span<const double> weights, std::span<const float> x,
                   std::span<const float> y, double data_range, const SsimWindow& window) {
  return SsimTruth(ny, nx, weights, y, data_range, window).sums(x);
}

}  // namespace podscale
