#pragma once
// Members of a product drawn from its factors alone: no model, no condition, one time at a time.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "podscale/gaussian/truncation_noise.hpp"
#include "podscale/study/factor_reader.hpp"

namespace podscale {

/// Where the variance comes from latents (base and head) these are the members of
/// podscale-members, to rounding. Where it comes from members, they are drawn from the covariance
/// of those.
class FactorMembers {
 public:
  /// Not collective; on one process. factors must outlive it. basis: the whole one that the
  /// product was made with, and its file; calendar: of the product's times. Errors: data (a file
  /// of factors that holds no namelist).
  FactorMembers(const FactorReader& factors, const Basis& basis, const std::string& basis_path,
                Calendar calendar);
  /// Not collective. A member (from 0) less the mean, at a step of the factors whose time has this
  /// key (SampleAxis::time_key): [channels][points] in the units of the product file, NaN on land.
  std::vector<double> deviation(std::size_t step, std::uint64_t time_key, int member) const;

 private:
  std::vector<double> coefficients(const CoefficientForecast& forecast, std::span<const float> noise) const;

  const FactorReader& factors_;
  std::uint64_t seed_ = 0;
  std::shared_ptr<CoherentNoise> coherent_;
  std::optional<TruncationNoise> truncation_;
};

}  // namespace podscale
