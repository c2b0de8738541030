#pragma once
// Values of a patch of which some are missing at some times, other ones at other times (clouds,
// ice, swaths): a Gaussian of the patch given its predictors, fitted to what is there by
// expectation and maximisation (Dempster, Laird & Rubin 1977, J. R. Stat. Soc. B 39; Schneider
// 2001, J. Climate 14; method: section 1.4).

#include <span>
#include <vector>

namespace podscale {

/// x ~ N(mean, Psi Psi^T + diag(noise)).
struct PatchGaussian {
  int values = 0, factors = 0;
  std::vector<double> psi;    ///< [values x factors] column-major
  std::vector<double> noise;  ///< [values], positive
};

/// What is missing given what is there. Not collective; the same bits for a time whatever else is
/// computed.
class ConditionalPatch {
 public:
  /// gaussian must outlive it.
  explicit ConditionalPatch(const PatchGaussian& gaussian);
  /// deviation: [values] x - mean, NaN where missing; the conditional mean takes its place there.
  /// covariance: [values x values] column-major, whose lower triangle the conditional covariance
  /// is added to, or empty. normal: [factors + values] N(0, 1), or empty; with them drawn becomes
  /// a draw of the conditional distribution. Returns the number of values that were missing.
  long fill(std::span<double> deviation, std::span<double> covariance = {},
            std::span<const double> normal = {}, std::span<double> drawn = {});

 private:
  const PatchGaussian* gaussian_;
  std::vector<int> seen_, missing_;
  std::vector<double> rows_, scaled_, inverse_, weights_, factor_, product_;
};

/// What is fitted to, of one patch. Missing targets are NaN; predictors are always there.
struct GappySeries {
  long times = 0;
  int values = 0, slots = 0;
  std::vector<float> target;     ///< [times][values]
  std::vector<float> predictor;  ///< [times][slots]
};
struct GappyOptions {
  int factors = 32;             ///< at most; fewer where there are few values or times
  std::vector<double> weights;  ///< [slots] on the penalty, as RidgeFit
  double penalty = 0.03;        ///< relative, as RidgeFit
  int passes = 100;             ///< at most
  double tolerance = 2e-3;      ///< of the covariance: relative change of a pass (Frobenius norm)
};
/// Of the targets: N(D c, gaussian). The covariance of a pass is that of the filled residuals plus
/// the mean conditional covariance, so it is positive semi-definite and loses no variance; its
/// leading eigenvectors become Psi, and what they leave of each value its noise (as tau, section
/// 1.3).
struct GappyFit {
  std::vector<double> regression;  ///< [values x slots] column-major D
  PatchGaussian gaussian;
  std::vector<double> covariance;  ///< [values x values] of the residuals, both triangles
  int passes = 0;
  double change = 0;  ///< relative, of the last pass
};
/// Not collective. Errors: bug (no times).
GappyFit fit_gappy(const GappySeries& series, const GappyOptions& options);

}  // namespace podscale
