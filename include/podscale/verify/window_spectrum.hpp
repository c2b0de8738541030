#pragma once
// Power spectrum of a small square window, by Fourier sums over pairs of points.

#include <span>
#include <vector>

namespace podscale {

/// Coefficients of a real n x n window, [n][n/2 + 1]; the other half follows by symmetry.
struct WindowCoefficients {
  std::vector<double> re, im;
  std::vector<double> room;  ///< of the transform that made them
};

class WindowSpectrum {
 public:
  /// Not collective. size: n >= 4 points a side.
  explicit WindowSpectrum(long size);
  long size() const { return size_; }
  long wavenumbers() const { return size_ / 2; }  ///< radial bins: 1 to n/2 cycles per window

  /// Takes off the plane of least squares, multiplies with a Hann window in both directions
  /// (sin^2(pi (i + 1/2) / n): a window that is not periodic has no jump at its edges then) and
  /// transforms. Linear: the coefficients of an error are the difference of the coefficients.
  /// field: [n][n].
  void transform(std::span<const double> field, WindowCoefficients& out) const;
  /// Adds to sums [n/2]: bin r - 1 gets the power of the coefficients whose (kx, ky) lies within
  /// r -+ 1/2 of 0. Power is |c|^2 over the mean square of the Hann window: all coefficients
  /// together hold the variance of the window, in the unit of the field squared. Coefficients
  /// beyond n/2, in the corners, are left out.
  void add_power(const WindowCoefficients& c, std::span<double> sums) const;
  /// Coefficients in each radial bin: sums over these are the radial average. [n/2]
  const std::vector<double>& bin_sizes() const { return bin_sizes_; }

 private:
  double copies(long column) const;
  long size_, half_;                   // half: n/2 + 1 columns
  std::vector<double> hann_;           // [n]
  std::vector<double> cosine_, sine_;  // [n][n]: of 2 pi k i / n
  std::vector<double> bin_sizes_;      // [n/2]
  std::vector<long> bin_;              // [n][n/2 + 1]: radial bin, -1: none
  std::vector<double> factor_;         // likewise: of the power of a coefficient
  double scale_;
};

/// Not collective. The wavelength, in grid points, at which `ratio` (per radial wavenumber 1 to
/// n/2 of windows of n points) first falls below 1/2, from long to short waves, linear in between:
/// effective resolution in the sense of Skamarock (2004), Mon. Weather Rev. 132, 3019-3032, with
/// the truth in place of a fitted slope. 2 (the grid's own limit) where it never does, infinity
/// where the longest wave is below 1/2 already, NaN where there is no ratio.
double effective_wavelength(std::span<const double> ratio, long size);

}  // namespace podscale
