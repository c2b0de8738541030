#pragma once
// Between latents z and POD coefficients a (method: section 3.8):
//
//   a_p = B_p c_p + s_p(c) (U_p L^(1/2) z_g + S_p^(1/2) z_p)
//
// s_p(c): the spread, which grows where the condition lies far outside the training period,
// so that under the reference z ~ N(0, s(y)^2) whatever c is, s(y) the seasonal scale, 1 without
// one; the network works on z / s(y) ~ N(0, I). With base = 'none' there is no regression and no
// global part, and S_p^(1/2) is diagonal: the published per-coefficient standardisation.

#include <span>
#include <string>
#include <vector>

#include "podscale/gaussian/reference_forecast.hpp"
#include "podscale/pod/token_layout.hpp"

namespace podscale {

class LatentSpace {
 public:
  /// Not collective. Both must outlive it.
  LatentSpace(const Basis& basis, const ReferenceForecast& reference)
      : basis_(&basis), reference_(&reference) {}

  const Basis& basis() const { return *basis_; }
  const ReferenceForecast& reference() const { return *reference_; }
  int global_modes() const { return reference_->residual.global_modes; }  ///< R
  /// Tokens that carry z_g: ceil(R / K), behind those of the patches.
  int global_tokens() const { return (global_modes() + basis_->modes - 1) / basis_->modes; }
  long condition_width() const { return reference_->conditions(*basis_); }  ///< C
  /// Collective. Of basis and reference: what a model belongs to.
  std::string checksum(const Communicator& comm) const;
  /// Collective. The tokens of the region, global ones last.
  TokenLayout layout(const Communicator& comm) const;

  // Not collective, of a local patch p; loops in a fixed order.
  const PatchCovariance& covariance(std::size_t p) const { return reference_->residual.mine[p]; }
  /// B c: [modes]. condition: [C].
  void mean(std::size_t p, const float* condition, std::span<double> a) const {
    reference_->mean(*basis_, p, condition, a);
  }
  /// s(c)
  double spread(std::size_t p, const float* condition) const { return reference_->spread(p, condition); }
  /// (a - B c) / s(c) = U L^(1/2) z_g + S^(1/2) z_p: [modes]. z_global: [R]; z_patch: [modes].
  void colour(std::size_t p, std::span<const double> z_global, std::span<const double> z_patch,
              std::span<double> r) const;
  /// From latents of the network at a phase of the year to latents under the reference, in place:
  /// times the seasonal scale. z_patch: [any][local patches][K]; z_global: [any][R].
  void add_season(double year_phase, std::span<double> z_patch, std::span<double> z_global) const;
  /// Condition for the network, standardised: [C].
  void standardise(std::size_t p, const float* condition, float* out) const;

  /// Collective. Latents of `times` fields from their coefficients and conditions: z_patch
  /// [times][local patches][K], 0 in padding, and z_global [times][R], the same on every rank. a:
  /// [times][local patches][K]; condition: [times][local patches][C]. year_phase: [times], for
  /// the latents of the network, or empty.
  struct Latents {
    std::vector<double> patch, global;
  };
  Latents whiten(const Communicator& comm, std::span<const float> a, std::span<const float> condition,
                 long times, std::span<const double> year_phase = {}) const;

  /// Collective. The same from residuals (a - B c) / s(c): [local patches] each [times][modes].
  Latents whiten_residuals(const Communicator& comm, PatchSeries residuals, long times,
                           std::span<const double> year_phase = {}) const;

 private:
  LatentScale scale(double year_phase) const {
    return latent_scale(reference_->season, year_phase, basis_->patches.mine.size(),
                        static_cast<std::size_t>(global_modes()));
  }
  const Basis* basis_;
  const ReferenceForecast* reference_;
};

/// Not collective. [modes x (R + modes)]: the columns of U L^(1/2) and S^(1/2), each times the
/// standard deviation of its latent and the spread; F F^T is then the covariance of the
/// coefficients. variances of the latents: [R], [modes].
std::vector<double> covariance_factor(const PatchCovariance& patch, int modes,
                                      std::span<const double> global_variance,
                                      std::span<const double> patch_variance, double spread = 1);

}  // namespace podscale
