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
#include <map>
#include <string>
#include <vector>

#include "podscale/field/mesh_file.hpp"
#include "podscale/gaussian/time_functional.hpp"
#include "podscale/study/factor_file.hpp"
#include "podscale/study/product_reader.hpp"

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
  /// Collective. Times by their numbers. condition: [times][local patches][C]. raised: as that of a
  /// ForecastRequest.
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

/// Collective on the file of factors. The condition of a time for the patches of a rank, [local patches][width].
std::vector<float> read_condition(const NetcdfFile& factors, const Basis& basis, int rank, std::size_t width,
                                  std::size_t time);

/// Collective on the file of factors. Factors of the variance of the patches of a rank where LR was
/// filled in, [local patches]; empty where the file has none.
std::vector<float> read_raised(const NetcdfFile& factors, const Basis& basis, int rank, std::size_t time);

/// Collective on the file of factors. The regime of the base that a time was forecast by.
std::size_t read_regime(const NetcdfFile& factors, std::size_t time);

/// The factors of a product, whole region on one process.
class FactorReader {
 public:
  /// Not collective (product: opened on Communicator::self()). Errors: as open_factors.
  explicit FactorReader(const NetcdfFile& product);
  FactorReader(const FactorReader&) = delete;
  const Basis& basis() const { return basis_; }  ///< patches, phi, and tau with its inflation
  const std::vector<std::string>& variables() const { return variables_; }  ///< of the channels
  const NetcdfFile& file() const { return file_; }
  /// Of the columns of its forecasts, from one time to another.
  const TimeCovariance& time() const { return time_; }
  Columns columns() const { return columns_ > 0 ? Columns::members : Columns::latents; }
  /// Not collective. Error(data) where functionals over several times cannot be had: how errors
  /// persist is not known, or members do not.
  void require_time() const;
  /// Not collective. As factor_steps(), of one variable of that product.
  std::vector<std::size_t> steps_of(ProductReader& product) const;
  /// Not collective. Forecast of a time: factors only; its mean is in the fields of the product.
  CoefficientForecast read(std::size_t time) const;
  /// Not collective. Error(data) where the variance in the product, of a channel and of this
  /// time, is another one than that of the factors: the product was changed. fields: of that channel and time.
  void require_variance(const CoefficientForecast& forecast, std::size_t channel, const ProductFields& fields,
                        const std::string& product) const;

 private:
  Communicator self_ = Communicator::self();
  NetcdfFile file_;
  Basis basis_;
  std::vector<std::string> variables_;
  std::size_t rank_ = 0, columns_ = 0;
  std::map<std::size_t, std::vector<PatchCovariance>> covariance_;  // of each regime in use
  TimeCovariance time_;
};

}  // namespace podscale
