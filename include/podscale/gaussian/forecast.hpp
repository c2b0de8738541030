#pragma once
// A Gaussian forecast of the coefficients of one time, whatever made it: base, head or members.

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "podscale/gaussian/latent_space.hpp"

namespace podscale {

/// Mean and variance of every latent, on the ranks that own the patches; global ones on every
/// rank.
struct LatentForecast {
  std::vector<double> global_mean, global_variance;  ///< [R]
  std::vector<double> patch_mean, patch_variance;    ///< [local patches][K]
};

/// N(mean, F F^T) for the coefficients of this rank's patches. The first `shared` columns of the
/// factors are the same random numbers in all patches of the region, so they carry the covariance
/// between patches; the others are each patch's own.
struct CoefficientForecast {
  LatentForecast latent;
  PatchColumns mean;           ///< one column
  PatchColumns factor;         ///< F
  std::vector<double> spread;  ///< [local patches] s(c), which is in the factor; empty: 1
  int shared = 0;
  bool has_factor = true;  ///< without it: independent latents, for PointVariance
  std::size_t regime = 0;  ///< of the reference forecast
  double truncation = 1;   ///< factor on tau, over that of regime 0
  /// Of members, for the variance budget: deviations of the parts inside patches and through
  /// global modes, as `factor` but without the inflation. Empty otherwise: the columns that are
  /// not shared, and those that are.
  bool is_split = false;  ///< they are there: the same on all ranks
  PatchColumns patch_factor, global_factor;
  /// Of members where the basis has seams: what `mean` and the shared columns of `factor` hold of
  /// the parts inside patches, which are unfolded on their own.
  bool has_own = false;
  PatchColumns own_mean, own_factor;
};

/// Whether a forecast from latents has its covariance factor, which takes modes x (R + modes)
/// values a patch: it can be left out where PointVariance is all that is asked of the variance.
enum class Factor { with, without };

/// Not collective. Independent latents: shared = R. condition: [local patches][C].
CoefficientForecast forecast_from_latents(const LatentSpace& space, LatentForecast latent,
                                          std::span<const float> condition, Factor factor = Factor::with);

/// Not collective. M members: the factor is their deviations over sqrt(M - 1), shared = M, so that
/// F F^T is their sample covariance, between patches too (method: section 4.15). z_patch:
/// [M][local patches][K]; z_global: [M][R]. latent: mean and variance of each, the latter times
/// (M + 1) / M, which makes it comparable with the squared error of the mean.
///
/// start_noise (optional): mean over the members of the noise that each was made from, as a
/// control variate. A sampler that the network hardly bends returns its start noise nearly
/// unchanged, and that has mean 0 exactly: the mean is then B c + colour(mean(z - noise)), without
/// the sampling error of M members where the network does nothing (Owen 2013, Monte Carlo, section
/// 8.9). latent.variance is left without its (M + 1) / M then.
CoefficientForecast forecast_from_members(const LatentSpace& space, int members,
                                          std::span<const double> z_patch, std::span<const double> z_global,
                                          std::span<const float> condition,
                                          const LatentSpace::Latents* start_noise = nullptr);
/// Not collective. Fills patch_factor and global_factor of a forecast from the same members, which
/// the variance budget needs.
void split_members(const LatentSpace& space, int members, std::span<const double> z_patch,
                   std::span<const double> z_global, const Inflation& inflation,
                   CoefficientForecast& forecast);

/// Not collective. Coefficients of one member of independent latents: [local patches][K]; where
/// the basis has seams [2][local patches][K], the second what is independent from patch to patch
/// and not in the first. noise: [tokens of the layout][K] standard normal.
std::vector<double> draw_coefficients(const LatentSpace& space, const LatentForecast& latent,
                                      std::span<const float> noise, std::span<const float> condition);

/// Times to forecast. condition: [times][local patches][C].
struct ForecastRequest {
  std::span<const float> condition;
  std::span<const float> year_phase;        ///< [times] in [0, 1)
  std::span<const std::uint64_t> time_key;  ///< [times]
  /// [times][local patches] Factor of the variance of each patch, where LR cells were filled in;
  /// empty: 1.
  std::span<const float> raised{};
  std::span<const float> raised_at(std::size_t t) const {
    return raised.subspan(t * raised.size() / times(), raised.size() / times());
  }
  std::span<const std::size_t> regime{};  ///< [times] of the reference forecast; empty: all 0
  std::size_t times() const { return year_phase.size(); }
  /// [times] Factor of the variance of all latents, as of forecasts at their lead; empty: 1.
  std::span<const float> level{};
  double level_at(std::size_t t) const { return level.empty() ? 1.0 : static_cast<double>(level[t]); }
  /// Told which part of this rank's work is done, 0 to 1, where it is many evaluations of a
  /// network.
  std::function<void(double part)> on_part{};
};
/// Collective. One forecast a time; variances of the latents times the inflation.
using ForecastFunction =
    std::function<std::vector<CoefficientForecast>(const ForecastRequest&, const Inflation&)>;

/// Not collective. Times to forecast at once, at most `block`: each forecast holds its covariance
/// factors, of which there are at most 1 GiB, over all ranks, so that their number does not
/// matter.
long times_at_once(const LatentSpace& space, long block);

/// Not collective. From moments of the network's latents at a phase of the year to those under the
/// reference: with the inflation, the seasonal scale, factors of the patches (or none) and of all.
LatentForecast with_season(const LatentSpace& space, double year_phase, const Inflation& inflation,
                           LatentForecast network, std::span<const float> raised = {}, double level = 1);

/// The base alone: z ~ N(0, inflation times its seasonal variance), no network.
ForecastFunction base_forecast(const LatentSpace& space, Factor factor = Factor::with);

/// Collective where patches overlap. Anomalies of `count` sets of coefficients: [count][values
/// of a field], 0 on land. a: [count][local patches][K].
void decode_coefficients(const Basis& basis, std::span<const double> a, long count,
                         std::span<double> anomalies);
/// Collective where patches overlap. The same of `count` members, as draw_coefficients gives them.
void decode_members(const Basis& basis, std::span<const double> a, long count, std::span<double> anomalies,
                    std::span<const double> left_out = {});

/// Collective where patches overlap. The same of one member in the units of the field, on the
/// climatology, [values of a field]; NaN on land. left_out: what the modes leave out of the folded
/// anomaly (TruncationNoise), or empty.
void decode_member(const Basis& basis, std::span<const double> a, std::span<const double> climatology,
                   std::span<double> field, std::span<const double> left_out = {});

/// Collective where patches overlap. Mean and variance of the anomaly of one time: Phi a, and
/// diag(Phi F F^T Phi^T) + truncation * tau: [values of a field] each.
void decode_anomaly(const Basis& basis, const CoefficientForecast& forecast, double truncation,
                    std::span<double> mean, std::span<double> variance);
/// The same in the units of the field, on the climatology. NaN on land.
void decode_forecast(const Basis& basis, const CoefficientForecast& forecast, double truncation,
                     std::span<const double> climatology, std::span<double> mean, std::span<double> variance);

/// Parts of the variance, in the square of the units of the field: [values of a field] each, NaN
/// on land. They add up to the variance; the first three are never negative.
struct VarianceBudget {
  std::vector<double> patch;        ///< of the retained modes, inside the patch
  std::vector<double> cross_patch;  ///< of the retained modes, through global modes
  std::vector<double> truncation;   ///< of the modes left out
  /// What the inflation added (or took) over all of these; of members also their sample covariance
  /// between the first two.
  std::vector<double> calibration;
};
/// Collective where patches overlap. Of members: after split_members.
VarianceBudget variance_budget(const Basis& basis, const CoefficientForecast& forecast,
                               const Inflation& inflation);

}  // namespace podscale
