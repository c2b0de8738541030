#pragma once
// The factors of a product, read again: for functionals after the run, and for members.

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "podscale/gaussian/time_functional.hpp"
#include "podscale/study/factor_file.hpp"
#include "podscale/study/product_reader.hpp"

namespace podscale {

/// Collective on the file of factors. The condition of a time for the patches of a rank, [local
/// patches][width].
std::vector<float> read_condition(const NetcdfFile& factors, const Basis& basis, int rank, std::size_t width,
                                  std::size_t time);

/// Collective on the file of factors. Factors of the variance of the patches of a rank where LR
/// was filled in, [local patches]; empty where the file has none.
std::vector<float> read_raised(const NetcdfFile& factors, const Basis& basis, int rank, std::size_t time);

/// Collective on the file of factors. The regime of the base that a time was forecast by.
std::size_t read_regime(const NetcdfFile& factors, std::size_t time);

/// The factors of a product on one process: of the whole region, or of some of its rows.
class FactorReader {
 public:
  /// Not collective (product: its attributes are read). rows: those that functionals lie in; none:
  /// all. Errors: as open_factors.
  explicit FactorReader(const NetcdfFile& product, const std::optional<Share>& rows = {});
  FactorReader(const FactorReader&) = delete;
  /// Patches, phi, and tau with its inflation. With rows, of a mesh that is the part of the region
  /// with the patches that those rows touch, also where patches overlap.
  const Basis& basis() const { return basis_; }
  const Mesh& region() const { return region_; }
  long first_row() const { return basis_.first_patch_row * basis_.patch_y; }  ///< of the basis, in the region
  const std::vector<std::string>& variables() const { return variables_; }  ///< of the channels
  const NetcdfFile& file() const { return file_; }
  /// Of the columns of its forecasts, from one time to another.
  const TimeCovariance& time() const { return time_; }
  int global_modes() const { return static_cast<int>(rank_); }
  Columns columns() const { return columns_ > 0 ? Columns::members : Columns::latents; }
  /// Not collective. Error(data) where functionals over several times cannot be had: how errors
  /// persist is not known, or members do not.
  void require_time() const;
  /// Not collective. As factor_steps(), of one variable of that product.
  std::vector<std::size_t> steps_of(ProductReader& product) const;
  /// Not collective. Forecast of a time: factors only; its mean is in the fields of the product.
  CoefficientForecast read(std::size_t time) const;
  /// Not collective. The same, kept until another time is asked for: several scores want it.
  std::shared_ptr<const CoefficientForecast> read_shared(std::size_t time) const;
  /// Not collective. Error(data) where the variance in the product, of a channel and of this
  /// time, is another one than that of the factors: the product was changed. fields: of that
  /// channel and time, on these rows of the region (none: all); largest: variance of the region at
  /// that time, where these are not all.
  void require_variance(const CoefficientForecast& forecast, std::size_t channel, const ProductFields& fields,
                        const std::string& product, const std::optional<Share>& rows = {},
                        double largest = 0) const;

 private:
  Communicator self_ = Communicator::self();
  NetcdfFile file_;
  Mesh region_;
  Basis basis_;
  std::vector<std::string> variables_;
  std::size_t rank_ = 0, columns_ = 0;
  std::map<std::size_t, std::vector<PatchCovariance>> covariance_;  // of each regime in use
  TimeCovariance time_;
  mutable std::shared_ptr<const CoefficientForecast> last_;
  mutable std::size_t last_time_ = 0;
};

}  // namespace podscale
