#pragma once
// Ridge regression of a patch's coefficients on its predictors (method: section 2.5; Hoerl &
// Kennard 1970, Technometrics 12): a ~ B c, without an intercept, since both are anomalies.

#include <span>
#include <vector>

namespace podscale {

/// Normal equations of one patch, streamed: memory is slots^2 + slots * modes values, whatever the
/// length of the series. Not collective.
class RidgeFit {
 public:
  /// penalty_weights: [slots], factors on the penalty. own_unit: [slots] or empty; 1: that
  /// predictor has a unit of its own, and its penalty is relative to its own mean square.
  RidgeFit(std::vector<double> penalty_weights, int modes, std::vector<unsigned char> own_unit = {});
  /// c: [times] rows of `slots` values, `stride_c` apart; a: [times] rows of `modes` values,
  /// `stride_a` apart. The result depends on how the series is cut into blocks in the last bits.
  void add(const float* c, std::size_t stride_c, const float* a, std::size_t stride_a, long times);
  /// Takes away what was added from the same rows: what is left is the fit without them.
  void subtract(const RidgeFit& part);
  /// Where the second half of `modes` are other targets P of the first half a: the fit of a -
  /// share P, from the same normal equations.
  RidgeFit less_second_half(double share) const;
  /// B: [modes][slots] row-major. The penalty is relative: it is multiplied by the mean
  /// square of the predictors that vary and share a unit. Those that never do get 0. penalty > 0.
  std::vector<double> coefficients(double penalty) const;
  /// Not collective. W = L^-1 of the penalised normal equations X'X + Lambda = L L^T, for
  /// leverage(): rows of the lower triangle behind each other, [slots (slots + 1) / 2]; all 0
  /// where no predictor varies. In single precision: what it loses is 1e-7 of the largest
  /// leverage there can be.
  std::vector<float> inverse_root(double penalty) const;
  /// Sum of |a - B c|^2 over what was added here: on a validation period from that period's own
  /// equations.
  double squared_error(std::span<const double> b) const;
  long times() const { return times_; }
  /// Root mean square of every predictor: [slots].
  std::vector<double> predictor_scale() const;

 private:
  /// X'X + Lambda, lower triangle; empty where no predictor varies.
  std::vector<double> penalised(double penalty) const;
  [[noreturn]] void refuse_singular(double penalty) const;
  int slots_, modes_;
  long times_ = 0;
  std::vector<double> weights_;
  std::vector<unsigned char> own_unit_;
  std::vector<double> aa_;     // sums of a a': of each mode with itself, and with that half of the modes behind
  std::vector<double> cc_;     // [slots x slots], lower triangle
  std::vector<double> ca_;     // [slots x modes] column-major
};

/// Not collective. x' (X'X + Lambda)^-1 x = |W x|^2 of predictors x: the variance of B x over that
/// of a residual, as the training times leave B uncertain. It grows with the square of the
/// distance of x from what they showed. inverse_root: W, of as many predictors as it holds.
double leverage(std::span<const float> inverse_root, const float* x);

}  // namespace podscale
