#pragma once
// Scores of one downscaled image, as the literature of super-resolution and of uncertainty defines
// them.

#include <array>
#include <span>
#include <string>
#include <vector>

#include "podscale/mesh/plane.hpp"
#include "podscale/study/image_result.hpp"
#include "podscale/verify/image_structure.hpp"

namespace podscale {

/// Not collective. The plane without `border` points on each side; empty where nothing is left.
Plane without_border(const Plane& plane, idx_t border);

/// Not collective. 10 log10(range^2 / mean square difference), dB; infinite where the planes are
/// alike, NaN where they are empty. Planes of one size.
double psnr(const Plane& x, const Plane& truth, double range);

/// Not collective. Mean of Wang et al. (2004), IEEE Trans. Image Process. 13, eq. 13, K1 = 0.01,
/// K2 = 0.03, over the windows of 11 x 11 points that lie inside, weighted by a Gaussian of
/// standard deviation 1.5 points. NaN where none fits. Planes of one size.
double gaussian_ssim(const Plane& x, const Plane& truth, double range);

/// RMSE of the points that are left when those of the largest predicted standard deviation are
/// taken away, and the same by the largest true error (oracle), both over the RMSE of all: Ilg et
/// al. (2018), Uncertainty estimates and multi-hypotheses networks for optical flow, section 5.
struct Sparsification {
  static constexpr std::size_t steps = 100;  ///< share that is taken away: 0, 0.01, ... 0.99
  std::array<double, steps> curve{}, oracle{};
  double area() const;  ///< between both: AUSE; 0 is best
};
/// Not collective. Points of equal std are taken away in proportion of their number. An image
/// without error has curves of 0.
Sparsification sparsify(std::span<const float> std, std::span<const float> error);

/// Classes of predicted standard deviation in grey levels of 255: below 0.25, then factors of the
/// root of 2.
struct DeviationClasses {
  static constexpr std::size_t count = 18;
  std::array<double, count> points{}, predicted{}, squared_error{};  ///< number and sums of squares
  static std::size_t of(double std);
};

/// Columns of the table. A system without a standard deviation has the mean absolute error as CRPS
/// and no coverage.
enum class ImageColumn {
  psnr,
  ssim,
  rmse,
  crps,
  coverage50,
  coverage90,
  conformal50,
  conformal90,
  ause,
  std
};
inline constexpr std::size_t image_columns = 10;
const char* name_of(ImageColumn column);
using ImageScoreRow = std::array<double, image_columns>;  ///< NaN where not defined

struct ImageScores {
  ImageScoreRow podscale{}, bicubic{};
  ImageScoreRow members{};  ///< mean over members of PSNR, SSIM and RMSE, fair CRPS of all, std: their spread
  Sparsification sparsification{};
  DeviationClasses deviations{};
  ImageSpectra spectra{};
  BoxScores boxes{};
};

struct ImageProtocol {
  int border = 4;                           ///< points that are cut at each side
  double conformal50 = 0, conformal90 = 0;  ///< half widths in standard deviations; 0: none
};

/// Not collective. image: in the product's numbers, with truth. Scores are in grey levels of 255.
/// Of pictures of 8 bits PSNR and SSIM are those of rounded values between 0 and 255, as of a
/// file.
ImageScores score_image(const ImageResult& image, const ImageProtocol& protocol);

}  // namespace podscale
