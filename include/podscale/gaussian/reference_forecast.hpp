#pragma once
// What the network starts from: a Gaussian a ~ N(mean(c), Sigma) of the POD coefficients, given
// the condition.

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "podscale/gaussian/calibration.hpp"
#include "podscale/gaussian/contrast_spread.hpp"
#include "podscale/gaussian/predictors.hpp"
#include "podscale/gaussian/regime.hpp"
#include "podscale/gaussian/residual_covariance.hpp"
#include "podscale/gaussian/seasonal_variance.hpp"
#include "podscale/gaussian/time_covariance.hpp"

namespace podscale {

struct ReferenceForecast {
  virtual ~ReferenceForecast() = default;
  /// Whether it is a forecast by itself, which a network has to beat.
  virtual bool stands_alone() const = 0;
  /// Not collective. Of local patch p: [modes]. condition: [C].
  virtual void mean(const Basis& basis, std::size_t p, const float* condition, std::span<double> a) const = 0;
  /// Not collective. Standard deviation of the coefficients of patch p, over that which the
  /// residuals of the training period have: 1, or more where the condition lies far from it.
  virtual double spread(std::size_t p, const float* condition) const = 0;
  /// Not collective. (a - mean) / spread of local patch p at many times: [times][modes]. a: rows
  /// of modes, `stride_a` apart; condition: rows, `stride_c` apart. To rounding what mean and
  /// spread give; the last bits may depend on which times a call holds, as products of matrices
  /// round by their shape.
  virtual std::vector<double> residuals(const Basis& basis, std::size_t p, const float* a, std::size_t stride_a,
                                        const float* condition, std::size_t stride_c, std::size_t times) const;
  /// Standard deviation of each condition value, 0 in unused ones: [local patches][C].
  virtual const std::vector<double>& condition_scale(const Basis& basis) const = 0;
  /// Collective. Of basis and reference, not of the calibration: what a model belongs to.
  /// Independent of the number of ranks.
  virtual std::uint64_t checksum(const Communicator& comm, const Basis& basis) const = 0;
  /// A patch's condition: LR cells, then the projection of the interpolated LR anomaly; where
  /// there are `ages` also LR cells and coefficients of an HR analysis. What a time lacks is 0.
  ConditionLayout layout(const Basis& basis) const;
  long conditions(const Basis& basis) const { return layout(basis).width; }  ///< C
  /// Not collective. The values of a condition that a time of this regime may hold, ascending; the
  /// others are 0. Empty: all.
  std::vector<std::size_t> told(const Basis& basis) const;
  /// Forecasts from other predictors, all of one condition: regime(0) is this one.
  virtual std::size_t regimes() const { return 1; }
  virtual const ReferenceForecast& regime(std::size_t) const { return *this; }
  /// The regime of such predictors; none: nullopt.
  std::optional<std::size_t> find(const Regime& wanted) const;

  Regime given{};                         ///< what this one is told
  std::vector<double> ages{};             ///< of analyses, in days, ascending: of all regimes
  Predictors predictors{};                ///< those LR cells; none: no slots
  std::vector<double> predictor_range{};  ///< [local patches][C], largest absolute values in training
  Climatology cells{};                    ///< of them, whole LR mesh, in the units of the field
  ResidualCovariance residual{};          ///< Sigma
  SeasonalVariance season{};              ///< of the latents of that covariance
  TimeCovariance time{};                  ///< of the latents, from one time to another
  Calibration calibration{};              ///< of the reference used alone
};

/// The published method (model.base = 'none'): mean 0 and the variance of each coefficient. The
/// network makes all of the forecast.
struct Diagonal final : ReferenceForecast {
  /// Not collective.
  explicit Diagonal(const Basis& basis);
  bool stands_alone() const override { return false; }
  void mean(const Basis& basis, std::size_t p, const float* condition, std::span<double> a) const override;
  double spread(std::size_t, const float*) const override { return 1; }
  const std::vector<double>& condition_scale(const Basis& basis) const override {
    return basis.condition_scale;
  }
  std::uint64_t checksum(const Communicator& comm, const Basis& basis) const override {
    return basis.checksum(comm);
  }
};

/// The linear-Gaussian base (method: section 2): mean B c. Usable alone.
struct LinearGaussian final : ReferenceForecast {
  LinearGaussian(long halo_cells, std::vector<long> lag_steps, Predictors lr_cells)
      : halo(halo_cells), lags(std::move(lag_steps)) {
    predictors = std::move(lr_cells);
  }
  bool stands_alone() const override { return true; }
  void mean(const Basis& basis, std::size_t p, const float* condition, std::span<double> a) const override;
  /// Not collective. (1 + leverage)^(1/2): with the ridge penalty as the inverse variance of B
  /// beforehand, in units of the residual's, a given c is Gaussian about B c with S_p (1 + c'
  /// (X'X + Lambda)^-1 c); times the factor of the LR field's contrast.
  double spread(std::size_t p, const float* condition) const override;
  /// A calibration from blocks of sampling.time_block times differs in last bits from one of other
  /// blocks.
  std::vector<double> residuals(const Basis& basis, std::size_t p, const float* a, std::size_t stride_a,
                                const float* condition, std::size_t stride_c, std::size_t times) const override;
  const std::vector<double>& condition_scale(const Basis&) const override { return predictor_scale; }
  std::uint64_t checksum(const Communicator& comm, const Basis& basis) const override;
  std::size_t regimes() const override { return 1 + others.size(); }
  const ReferenceForecast& regime(std::size_t r) const override {
    return r == 0 ? *this : others.at(r - 1);
  }
  /// Not collective. Begins `others`: for times without lags, where there are lags, and for each
  /// age of an analysis, days, ascending. without_lags: false leaves the former out.
  void add_regimes(const Basis& basis, const std::vector<double>& of_ages, bool without_lags = true);
  /// Of a row of B: as many columns of the condition.
  std::size_t row_width(const Basis& basis) const {
    return columns.empty() ? static_cast<std::size_t>(layout(basis).projected + basis.modes) : columns.size();
  }

  /// The spread of a condition whose leverage is known.
  double spread_of(std::size_t p, const float* condition, double leverage) const;

  long halo = 1;
  std::vector<long> lags;
  double penalty = 0;        ///< chosen
  double interpolation = 0;  ///< chosen: what B shrinks to, 1 = the interpolated LR anomaly, 0 = nothing
  /// Of the condition that B is for: predictors of the ridge regression, then the projection.
  /// Empty: LR cells and projection.
  std::vector<std::size_t> columns;
  std::vector<std::vector<double>> regression;  ///< [local patches] B: [modes][row_width] row-major
  std::vector<double> predictor_scale;  ///< [local patches][conditions], 0 in unused slots and padding
  /// [local patches] of the predictors, RidgeFit::inverse_root; empty: the spread is 1.
  std::vector<std::vector<float>> inverse_root;
  ContrastSpread contrast{};  ///< a further factor of the spread
  std::vector<LinearGaussian> others;  ///< of times with other predictors; same R, scales and layout
};

}  // namespace podscale
