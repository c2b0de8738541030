#pragma once
// The covariance of the product, in factors, in a file beside it: area means, gradients and any
// other linear functional can be had from the two alone, and members from them, basis and model.
//
//   time, mesh                                                                 what the product has, too
//   phi (mode, y, x), tau (y, x), behind (channel) where several       decoder, truncation variance
//   condition (time, patch_y, patch_x, predictor)                              what the forecast was told
// head and base:
//   global_root, residual_root                                                 U L^(1/2), S^(1/2)
//   global_latent_variance (time, global_mode), latent_variance (time, patch_y, patch_x, mode)
//   patch_spread (time, patch_y, patch_x)                                      s(c), absent in old files: 1
//   patch_raised (time, patch_y, patch_x)   in latent_variance already; where LR had gaps in training
// ensemble:
//   member_factor (time, patch_y, patch_x, factor_element)                     deviations over sqrt(M - 1)
// where patches overlap and a base has been fitted:
//   seam_map (seam_partner, y, x)                                              D of Seams
//   member_own_factor, as member_factor                                        its part inside patches

#include <functional>
#include <string>
#include <vector>

#include "podscale/field/mesh_file.hpp"
#include "podscale/gaussian/forecast.hpp"
#include "podscale/study/factor_file.hpp"

namespace podscale {

class ProductFactors {
 public:
  /// Not collective. members: 0 for independent latents (head, base). comm and space must outlive
  /// it. unit_scale: from the working units to those of the product, [channels]; empty: 1.
  ProductFactors(const Communicator& comm, const LatentSpace& space, int members, double truncation,
                 int deflate, std::vector<double> unit_scale = {});
  /// Before create(): the regimes that times of the product are of, others than that of the space.
  /// spaces: of all regimes, must outlive it.
  void set_regimes(const std::vector<LatentSpace>& spaces, std::vector<std::size_t> regimes) {
    spaces_ = &spaces;
    regimes_ = std::move(regimes);
  }
  /// Collective. The file of factors of a product with these variables and times, with all in it
  /// that has no time. more: defines what else is to be in it. Errors: io.
  NetcdfFile create(const std::string& path, const SampleAxis& times, const std::vector<std::string>& variables,
                    const Attributes& attributes,
                    const std::function<void(NetcdfFile&)>& more = {}) const;
  /// Collective. Times by their numbers. condition: [times][local patches][C]. raised: as that of
  /// a ForecastRequest.
  void put(NetcdfFile& file, std::span<const std::size_t> times,
           const std::vector<CoefficientForecast>& forecasts, std::span<const float> condition,
           std::span<const float> raised = {}) const;

 private:
  void define(NetcdfFile& file, const MeshNames& mesh) const;
  void put_static(NetcdfFile& file) const;
  std::vector<std::size_t> all_regimes() const;  // 0 first
  const Communicator& comm_;
  const LatentSpace& space_;
  int members_;
  double truncation_;
  int deflate_;
  std::vector<double> unit_scale_;
  const std::vector<LatentSpace>* spaces_ = nullptr;
  std::vector<std::size_t> regimes_;
};

}  // namespace podscale
