#pragma once
// The forecast that sampling.uncertainty names, calibrated: base, head or members.

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "podscale/gaussian/truncation_noise.hpp"
#include "podscale/study/downscaling.hpp"
#include "podscale/study/foundation.hpp"

namespace podscale {

class Forecaster {
 public:
  /// Collective. Loads model_file unless the base is used alone; all arguments must outlive it.
  /// Errors: usage (keys that do not go together), no_input, data (a model of another basis, or
  /// one that was not calibrated for this forecast). inflation: to use instead of that of basis or
  /// model, one a regime, which are then not asked for a calibration: that of a product whose
  /// members are wanted.
  Forecaster(const Communicator& comm, const Foundation& foundation, const StudyOptions& options,
             const NetworkBackend& backend,
             const std::optional<std::vector<Inflation>>& inflation = std::nullopt);
  Forecaster(const Forecaster&) = delete;

  Uncertainty kind() const { return kind_; }
  /// In use, of a regime; all 1: none.
  const Inflation& inflation(std::size_t regime = 0) const { return inflations_[regime]; }
  const std::optional<Calibration>& calibration(std::size_t regime = 0) const {
    return calibrations_[regime];
  }
  const EnsemblePlan& plan() const { return plan_; }
  std::string model_checksum() const { return model_ ? model_->checksum() : ""; }
  std::string description() const;  ///< one line for the log

  /// Collective. Forecasts of the times, and the coefficients of their first `members` members:
  /// [times][members] each [local patches][K]. budget: with what variance_budget needs.
  struct Batch {
    std::vector<CoefficientForecast> forecasts;
    std::vector<std::vector<std::vector<double>>> members;
  };
  Batch forecast(const ForecastRequest& request, int members, bool budget,
                 Factor factor = Factor::with) const;
  /// Not collective. What a member (from 0) holds beside its modes, of the folded anomaly: [values
  /// of a field]; empty with sampling.truncation_noise = .false.
  std::vector<double> left_out(std::uint64_t time_key, int member, std::size_t regime) const;
  /// Not collective. Of the times that members are asked for: see CoherentNoise.
  void use_calendar(Calendar calendar) const;
  /// Collective. Members first .. first + count - 1 (from 0), the same bits as forecast() gives.
  std::vector<std::vector<std::vector<double>>> members(const ForecastRequest& request, int first,
                                                        int count) const;

 private:
  void prepare_noise(const StudyOptions& options, bool writes_members);
  void require_calibration(const StudyOptions& options, const std::optional<Calibration>& calibration) const;
  /// Of times of one regime.
  Batch forecast_of(std::size_t regime, const ForecastRequest& request, int members, bool budget,
                    Factor factor) const;
  std::vector<std::vector<std::vector<double>>> members_of(std::size_t regime, const ForecastRequest& request,
                                                           int first, int count) const;
  std::vector<CoefficientForecast> closed_form(std::size_t regime, const ForecastRequest& request,
                                               Factor factor) const;
  std::vector<double> closed_form_member(const LatentSpace& space, const CoefficientForecast& forecast,
                                         std::uint64_t time_key, int member,
                                         std::span<const float> condition) const;
  const Communicator& comm_;
  const Foundation& foundation_;
  Uncertainty kind_;
  EnsemblePlan plan_;
  std::uint64_t seed_;
  std::optional<std::uint64_t> control_seed_;
  std::shared_ptr<CoherentNoise> coherent_;
  std::optional<TruncationNoise> truncation_;
  std::unique_ptr<TokenNetwork> model_;
  std::vector<std::optional<Calibration>> calibrations_;  // [regimes]
  std::vector<Inflation> inflations_;
  NetworkFunctions network_, untrained_;
  std::vector<unsigned char> trained_;  // [regimes] 1: the network knows it; else the base serves it
  const NetworkFunctions& network(std::size_t regime) const {
    return trained_[regime] ? network_ : untrained_;
  }
};

}  // namespace podscale
