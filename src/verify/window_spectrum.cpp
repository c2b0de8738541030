#include "podscale/verify/window_spectrum.hpp"

#include <cmath>
#include <limits>
#include <numbers>
#include <utility>

#include "podscale/core/error.hpp"
#include "podscale/core/vector_clones.hpp"

namespace podscale {

WindowSpectrum::WindowSpectrum(long size) : size_(size), half_(size / 2 + 1) {
  PODSCALE_ASSERT(size >= 4, "windows of {} points", size);
  const auto n = static_cast<double>(size);
  double mean_square = 0;
  for (long i = 0; i < size; ++i) {
    const double s = std::sin(std::numbers::pi * (static_cast<double>(i) + 0.5) / n);
    hann_.push_back(s * s);
    mean_square += s * s * s * s / n;
    for (long k = 0; k < size; ++k) {
      const double angle = 2 * std::numbers::pi * static_cast<double>(i * k % size) / n;
      cosine_.push_back(std::cos(angle));
      sine_.push_back(std::sin(angle));
    }
  }
  scale_ = 1 / (n * n * n * n * mean_square * mean_square);
  bin_sizes_.assign(size / 2, 0.0);
  for (long row = 0; row < size; ++row)
    for (long column = 0; column < half_; ++column) {
      const long ky = row <= size / 2 ? row : row - size;
      const long r = std::lround(std::hypot(static_cast<double>(column), static_cast<double>(ky)));
      bin_.push_back(r >= 1 && r <= size / 2 ? r - 1 : -1);
      factor_.push_back(copies(column) * scale_);
      if (bin_.back() >= 0) bin_sizes_[bin_.back()] += copies(column);
    }
}

double WindowSpectrum::copies(long column) const {
  return column == 0 || 2 * column == size_ ? 1 : 2;  // the rest stands for its mirror image, too
}

namespace {

/// Rows begin..end of `rows`, times those columns of K rows of table [][n], added up: out [K][4
/// V]. The sums stay in registers.
template <long K, long V>
[[gnu::always_inline]] inline void add_rows(long begin, long end, long n, long width, const double* table,
                                            const double* rows, double* out) {
  DoubleLanes sums[K][V] = {};
  for (long i = begin; i < end; ++i) {
#pragma GCC unroll 4
    for (long v = 0; v < V; ++v) {
      DoubleLanes row;
      load(row, rows + i * width + 4 * v);
#pragma GCC unroll 2
      for (long k = 0; k < K; ++k) sums[k][v] += table[k * n + i] * row;
    }
  }
#pragma GCC unroll 2
  for (long k = 0; k < K; ++k) {
#pragma GCC unroll 4
    for (long v = 0; v < V; ++v) store(sums[k][v], out + k * width + 4 * v);
  }
}

/// out [n/2 + 1][width] = table [n/2 + 1][n], of its columns begin..end, times those rows. width:
/// a multiple of 4.
PODSCALE_VECTOR_CLONES void products(long begin, long end, long n, long width, const double* table,
                                     const double* rows, double* out) {
  const long half = n / 2 + 1;
  long first = 0;
  for (; first + 16 <= width; first += 16) {
    long k = 0;
    for (; k + 2 <= half; k += 2)
      add_rows<2, 4>(begin, end, n, width, table + k * n, rows + first, out + k * width + first);
    for (; k < half; ++k)
      add_rows<1, 4>(begin, end, n, width, table + k * n, rows + first, out + k * width + first);
  }
  for (; first < width; first += 4)
    for (long k = 0; k < half; ++k)
      add_rows<1, 1>(begin, end, n, width, table + k * n, rows + first, out + k * width + first);
}

/// Rows i and n - i of x [n][width]: their sums [n/2 + 1][width], of the middle one itself, and
/// differences.
PODSCALE_VECTOR_CLONES void fold_pairs(long n, long width, const double* x, double* sums,
                                       double* differences) {
  const long half = n / 2 + 1, last = (n - 1) / 2;  // rows 1..last have a partner
  for (long w = 0; w < width; ++w) sums[w] = x[w];
  for (long i = 1; i <= last; ++i)
    for (long w = 0; w < width; ++w) {
      sums[i * width + w] = x[i * width + w] + x[(n - i) * width + w];
      differences[i * width + w] = x[i * width + w] - x[(n - i) * width + w];
    }
  for (long w = 0; last < half - 1 && w < width; ++w)
    sums[last * width + width + w] = x[(half - 1) * width + w];
}

/// Sums of a Fourier transform along the first index of x [n][width] over pairs of rows i and n -
/// i: even [n/2 + 1][width] with cosines of their sums, odd with sines of their differences.
/// pairs: room for x. width: a multiple of 4.
void transform_pairs(long n, long width, const double* cosine, const double* sine, const double* x,
                     double* pairs, double* even, double* odd) {
  const long half = n / 2 + 1;
  double* differences = pairs + half * width;
  fold_pairs(n, width, x, pairs, differences);
  products(0, half, n, width, cosine, pairs, even);
  products(1, (n - 1) / 2 + 1, n, width, sine, differences, odd);
}

/// Sums over the rows of field [n][n], plain and times (row - middle), of each column.
PODSCALE_VECTOR_CLONES void column_sums(long n, const double* field, double* plain, double* sloped) {
  const double middle = 0.5 * static_cast<double>(n - 1);
  for (long i = 0; i < n; ++i) plain[i] = sloped[i] = 0;
  for (long j = 0; j < n; ++j) {
    const double y = static_cast<double>(j) - middle;
    for (long i = 0; i < n; ++i) {
      plain[i] += field[j * n + i];
      sloped[i] += y * field[j * n + i];
    }
  }
}

}  // namespace

void WindowSpectrum::transform(std::span<const double> field, WindowCoefficients& out) const {
  const long n = size_;
  PODSCALE_ASSERT(std::ssize(field) == n * n, "{} values, {} x {}", field.size(), n, n);
  const long rows = (n + 3) / 4 * 4, columns = (2 * half_ + 3) / 4 * 4;  // real parts, then imaginary ones
  const double middle = 0.5 * static_cast<double>(n - 1);
  std::vector<double>& room = out.room;
  const std::size_t size = static_cast<std::size_t>(2 * n + 2 * (n + 2) * rows + 2 * half_ * rows +
                                                    2 * (n + 2) * columns + 2 * half_ * columns);
  // The size tells n: what is 0 behind the rows has stayed so since the last window.
  if (room.size() != size) room.assign(size, 0.0);
  double* at = room.data();
  const auto take = [&](long count) { return std::exchange(at, at + count); };
  double *plain = take(n), *sloped = take(n), *turned = take(n * rows), *pairs = take((n + 2) * rows);
  column_sums(n, field.data(), plain, sloped);
  double mean = 0, slope_x = 0, slope_y = 0, square = 0;
  for (long i = 0; i < n; ++i) {
    const double x = static_cast<double>(i) - middle;
    mean += plain[i];
    slope_x += x * plain[i];
    slope_y += sloped[i];
    square += x * x;
  }
  mean /= static_cast<double>(n * n);  // 1, x and y are orthogonal about the middle
  slope_x /= static_cast<double>(n) * square;
  slope_y /= static_cast<double>(n) * square;

  for (long j = 0; j < n; ++j)
    for (long i = 0; i < n; ++i) {
      const double plane =
          mean + slope_x * (static_cast<double>(i) - middle) + slope_y * (static_cast<double>(j) - middle);
      turned[i * rows + j] = (field[j * n + i] - plane) * hann_[i] * hann_[j];
    }
  // Along x: cosines are the real part, sines less the imaginary one.
  double *re = take(half_ * rows), *im = take(half_ * rows);
  transform_pairs(n, rows, cosine_.data(), sine_.data(), turned, pairs, re, im);
  double* of_row = take(n * columns);
  for (long k = 0; k < half_; ++k)
    for (long j = 0; j < n; ++j) {
      of_row[j * columns + k] = re[k * rows + j];
      of_row[j * columns + half_ + k] = -im[k * rows + j];
    }
  // Along y: wavenumbers m and n - m from the same sums.
  double *both = take((n + 2) * columns), *even = take(half_ * columns), *odd = take(half_ * columns);
  transform_pairs(n, columns, cosine_.data(), sine_.data(), of_row, both, even, odd);
  out.re.resize(n * half_);
  out.im.resize(n * half_);
  for (long m = 0; m < half_; ++m) {
    const long mirror = (n - m) % n;
    for (long k = 0; k < half_; ++k) {
      const long of_re = m * columns + k, of_im = of_re + half_;
      out.re[m * half_ + k] = even[of_re] + odd[of_im];
      out.im[m * half_ + k] = even[of_im] - odd[of_re];
      if (mirror == m) continue;
      out.re[mirror * half_ + k] = even[of_re] - odd[of_im];
      out.im[mirror * half_ + k] = even[of_im] + odd[of_re];
    }
  }
}

void WindowSpectrum::add_power(const WindowCoefficients& c, std::span<double> sums) const {
  for (long row = 0; row < size_; ++row)
    for (long column = 0; column < half_; ++column) {
      const long k = row * half_ + column;
      if (bin_[k] >= 0) sums[bin_[k]] += factor_[k] * (c.re[k] * c.re[k] + c.im[k] * c.im[k]);
    }
}

double effective_wavelength(std::span<const double> ratio, long size) {
  const auto n = static_cast<double>(size);
  for (std::size_t k = 0; k < ratio.size(); ++k) {
    if (std::isnan(ratio[k])) return std::numeric_limits<double>::quiet_NaN();
    if (ratio[k] >= 0.5) continue;
    if (k == 0) return std::numeric_limits<double>::infinity();
    return n / (static_cast<double>(k) + (ratio[k - 1] - 0.5) / (ratio[k - 1] - ratio[k]));
  }
  return ratio.empty() ? std::numeric_limits<double>::quiet_NaN() : n / static_cast<double>(ratio.size());
}

}  // namespace podscale
