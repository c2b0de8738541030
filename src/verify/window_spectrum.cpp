#include "podscale/verify/window_spectrum.hpp"

#include <cmath>
#include <limits>
#include <numbers>

#include "podscale/core/error.hpp"

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
      if (bin_.back() >= 0) bin_sizes_[bin_.back()] += copies(column);
    }
}

double WindowSpectrum::copies(long column) const {
  return column == 0 || 2 * column == size_ ? 1 : 2;  // the rest stands for its mirror image, too
}

void WindowSpectrum::transform(std::span<const double> field, WindowCoefficients& out) const {
  const long n = size_;
  PODSCALE_ASSERT(std::ssize(field) == n * n, "{} values, {} x {}", field.size(), n, n);
  const double middle = 0.5 * static_cast<double>(n - 1);
  double mean = 0, slope_x = 0, slope_y = 0, square = 0;
  for (long j = 0; j < n; ++j) {
    square += (static_cast<double>(j) - middle) * (static_cast<double>(j) - middle);
    for (long i = 0; i < n; ++i) {
      const double value = field[j * n + i];
      mean += value;
      slope_x += (static_cast<double>(i) - middle) * value;
      slope_y += (static_cast<double>(j) - middle) * value;
    }
  }
  mean /= static_cast<double>(n * n);  // 1, x and y are orthogonal about the middle
  slope_x /= static_cast<double>(n) * square;
  slope_y /= static_cast<double>(n) * square;

  std::vector<double> re(n * half_, 0.0), im(re.size(), 0.0);  // rows transformed
  for (long j = 0; j < n; ++j)
    for (long i = 0; i < n; ++i) {
      const double plane =
          mean + slope_x * (static_cast<double>(i) - middle) + slope_y * (static_cast<double>(j) - middle);
      const double value = (field[j * n + i] - plane) * hann_[i] * hann_[j];
      for (long k = 0; k < half_; ++k) {
        re[j * half_ + k] += value * cosine_[i * n + k];
        im[j * half_ + k] -= value * sine_[i * n + k];
      }
    }
  out.re.assign(re.size(), 0.0);
  out.im.assign(re.size(), 0.0);
  for (long m = 0; m < n; ++m)
    for (long j = 0; j < n; ++j) {
      const double c = cosine_[m * n + j], s = sine_[m * n + j];
      for (long k = 0; k < half_; ++k) {
        out.re[m * half_ + k] += c * re[j * half_ + k] + s * im[j * half_ + k];
        out.im[m * half_ + k] += c * im[j * half_ + k] - s * re[j * half_ + k];
      }
    }
}

void WindowSpectrum::add_power(const WindowCoefficients& c, std::span<double> sums) const {
  for (long row = 0; row < size_; ++row)
    for (long column = 0; column < half_; ++column) {
      const long k = row * half_ + column;
      if (bin_[k] >= 0) sums[bin_[k]] += copies(column) * scale_ * (c.re[k] * c.re[k] + c.im[k] * c.im[k]);
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
