#pragma once
// A product with its factors, as functionals of space and time need it.

#include <optional>
#include <string>
#include <vector>

#include "podscale/gaussian/functional.hpp"
#include "podscale/study/factor_reader.hpp"
#include "podscale/study/time_means.hpp"

namespace podscale {

class FunctionalReader {
 public:
  using Channels = std::vector<std::optional<ProductReader>>;  // those that the product has
  /// Not collective: one process reads the product. Errors: as open_factors, and data where it
  /// holds no field with its variance.
  explicit FunctionalReader(const std::string& path);
  const std::string& path() const { return path_; }
  const FactorReader& factors() const { return factors_; }
  const Channels& channels() const { return channels_; }
  const SampleAxis& times() const { return times_; }
  /// Not collective. Factors of a time; their mean is that of mean().
  CoefficientForecast forecast(std::size_t t) const { return factors_.read(steps_[t]); }
  /// Not collective. The mean of a time, [channels][points], 0 on land and where the product lacks
  /// the channel. running: gets the root of the factors of a running calibration, likewise; empty:
  /// there are none. Error(data) where the product was changed since its factors were written.
  std::vector<double> mean(std::size_t t, const CoefficientForecast& forecast,
                           std::vector<double>& running) const;
  /// Not collective. Means over the times of a stretch of one series, one a functional of the set;
  /// factors() must know time. Error(usage) for a product of a running calibration.
  std::vector<FunctionalForecast> over_time(const FunctionalSet& set, const TimeStretch& stretch) const;

 private:
  std::string path_;
  Communicator self_ = Communicator::self();
  NetcdfFile file_;
  FactorReader factors_;
  Channels channels_;
  std::vector<std::size_t> steps_;  // of the factors
  SampleAxis times_;
};

}  // namespace podscale
