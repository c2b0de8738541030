#pragma once
// The covariance of the product, in factors, inside the product: area means, gradients and any
// other linear functional can be had from the file alone, and members from the file, basis and
// model.
//
//   phi (mode, y, x), tau (y, x), behind (channel) where several       decoder, truncation variance
//   condition (time, patch_y, patch_x, predictor)                              what the forecast was told
// head and base:
//   global_root, residual_root                                                 U L^(1/2), S^(1/2)
//   global_latent_variance (time, global_mode), latent_variance (time, patch_y, patch_x, mode)
//   patch_spread (time, patch_y, patch_x)                                      s(c), absent in old files: 1
// ensemble:
//   member_factor (time, patch_y, patch_x, factor_element)                     deviations over sqrt(M - 1)

#include <string>
#include <vector>

#include "podscale/field/mesh_file.hpp"
#include "podscale/gaussian/forecast.hpp"

namespace podscale {

class ProductFactors {
 public:
  /// Not collective. members: 0 for independent latents (head, base). comm and space must outlive
  /// it. unit_scale: from the working units to those of the product, [channels]; empty: 1.
  ProductFactors(const Communicator& comm, const LatentSpace& space, int members, double truncation,
                 int deflate, std::vector<double> unit_scale = {});
  /// Collective, in define mode / after it.
  void define(NetcdfFile& file, const MeshNames& mesh) const;
  void put_static(NetcdfFile& file) const;
  /// Collective. Times first and on. condition: [times][local patches][C].
  void put(NetcdfFile& file, std::size_t first, const std::vector<CoefficientForecast>& forecasts,
           std::span<const float> condition) const;

 private:
  const Communicator& comm_;
  const LatentSpace& space_;
  int members_;
  double truncation_;
  int deflate_;
  std::vector<double> unit_scale_;
};

/// Not collective, the same on every rank. Error(data), agreed, where what a reader looked for in a
/// product was not found: it was written without factors.
void require_factors(const NetcdfFile& product, bool found);

/// Collective. The condition of a time for the patches of a rank, [local patches][width].
std::vector<float> read_condition(const NetcdfFile& product, const Basis& basis, int rank, std::size_t width,
                                  std::size_t time);

/// The factors of a product, whole region on one process.
class FactorReader {
 public:
  /// Not collective (file: opened on Communicator::self(), outlives the reader). variable: of the
  /// mean. Errors: data (a product without factors).
  FactorReader(const NetcdfFile& file, const std::string& variable);
  const Basis& basis() const { return basis_; }  ///< patches, phi, and tau with its inflation
  std::size_t times() const { return times_; }
  /// Forecast of a time: factors only; its mean is in the fields of the product.
  CoefficientForecast read(std::size_t time) const;

 private:
  const NetcdfFile* file_;
  Basis basis_;
  std::size_t times_ = 0, rank_ = 0, columns_ = 0;
  std::vector<PatchCovariance> covariance_;
};

}  // namespace podscale
