#pragma once
// Structural similarity of two fields with land and gaps.

#include <optional>
#include <span>
#include <vector>

namespace podscale {

/// The window of local means and variances: size x size, all weights equal, sample covariance
/// (divisor N - 1), as scikit-image computes it by default.
struct SsimWindow {
  int size = 7;  ///< grid points; the centre of an even window is the point after its middle
};

struct SsimSums {
  double ssim = 0, weight = 0;  ///< mean SSIM = ssim / weight; weight = 0: no window fits between the coasts
};

/// What a truth adds to SSIM, for several fields beside it. Not collective.
class SsimTruth {
 public:
  /// As ssim_sums(); weights and y must outlive it. shift: a value near the data, about which
  /// moments are taken; none: the first of y.
  SsimTruth(long ny, long nx, std::span<const double> weights, std::span<const float> y, double data_range,
            const SsimWindow& window = {}, std::optional<double> shift = {});
  SsimSums sums(std::span<const float> x) const;
  /// [ny] of the windows whose first row it is; those of a row depend on no others.
  std::vector<SsimSums> sums_of_rows(std::span<const float> x) const;

 private:
  long ny_, nx_, size_;
  double data_range_, shift_ = 0;
  std::span<const double> weights_;
  std::span<const float> y_;
  std::vector<double> mean_, square_;   // [windows] of y less shift; empty: no window fits
  std::vector<double> window_weights_;  // [windows] that of the central point; 0: with land or a gap
  std::vector<double> row_weights_;     // [rows of windows] their sums
};

/// Not collective. Wang et al. (2004), IEEE Trans. Image Process. 13, eq. 13, K1 = 0.01, K2 =
/// 0.03, on the windows that lie inside the field and whose points all have weight > 0 (no land,
/// no gap), each weighted by its central point. Values enter as they are (the luminance term
/// depends on the zero of the scale). data_range: of the truth over the period. weights, x, y:
/// [ny][nx]; values where the weight is 0 are never used.
SsimSums ssim_sums(long ny, long nx, std::span<const double> weights, std::span<const float> x,
                   std::span<const float> y, double data_range, const SsimWindow& window = {});

}  // namespace podscale
