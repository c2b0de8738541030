#include "podscale/verify/score_accumulator.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "podscale/core/error.hpp"

namespace podscale {

ScoreAccumulator::ScoreAccumulator(const Mesh& mesh, std::vector<unsigned char> ocean,
                                   std::vector<VerifiedSystem> systems, long times, double data_range,
                                   const std::string& units, const SsimWindow& window)
    : mesh_(mesh),
      ocean_(std::move(ocean)),
      systems_(std::move(systems)),
      times_(times),
      data_range_(data_range),
      units_(units, data_range),
      window_(window),
      sums_(times * systems_.size()),
      maps_(systems_.size()),
      map_count_(mesh.points(), 0.0) {
  for (std::size_t s = 0; s < systems_.size(); ++s) {
    maps_[s].rmse.assign(map_count_.size(), 0.0);
    maps_[s].bias.assign(map_count_.size(), 0.0);
    if (systems_[s].has_variance) maps_[s].deviation.assign(map_count_.size(), 0.0);
  }
}

void ScoreAccumulator::add(long time, std::span<const Forecast> forecasts, std::span<const float> truth,
                           std::span<const float> climatology) {
  PODSCALE_ASSERT(time >= 0 && time < times_ && forecasts.size() == systems_.size(),
                  "time {} of {}, {} of {} systems", time, times_, forecasts.size(), systems_.size());
  const std::vector<double> weights = point_weights(mesh_, ocean_, truth, forecasts, &lost_);
  for (std::size_t i = 0; i < weights.size(); ++i) map_count_[i] += weights[i] > 0 ? 1 : 0;
  const SsimTruth similarity(mesh_.ny(), mesh_.nx(), weights, truth, data_range_, window_);
  for (std::size_t s = 0; s < systems_.size(); ++s) {
    const Forecast& forecast = forecasts[s];
    PODSCALE_ASSERT(forecast.variance.empty() != systems_[s].has_variance &&
                        forecast.members.empty() != systems_[s].has_members,
                    "{}: variance of {} points, members of {}", systems_[s].name, forecast.variance.size(),
                    forecast.members.size());
    FieldSums& sums = sums_[index(time, s)];
    sums = field_sums(weights, forecast, truth, climatology);
    const SsimSums ssim = similarity.sums(forecast.mean);
    sums[Sum::ssim] = ssim.ssim;
    sums[Sum::ssim_weight] = ssim.weight;
    ScoreMaps& maps = maps_[s];
    for (std::size_t i = 0; i < weights.size(); ++i) {
      if (weights[i] == 0) continue;
      const double error = static_cast<double>(forecast.mean[i]) - truth[i];
      maps.bias[i] += error;
      maps.rmse[i] += error * error;
      if (!maps.deviation.empty()) maps.deviation[i] += std::sqrt(std::max(0.0f, forecast.variance[i]));
    }
  }
  const auto sums = std::span<const FieldSums>(sums_).subspan(index(time, 0), systems_.size());
  for (const auto& family : families_) family->add({time, weights, forecasts, truth, climatology, sums});
}

void ScoreAccumulator::reduce(const Communicator& comm) {
  for (FieldSums& sums : sums_)
    for (double& value : sums.values) value += 0.0;  // -0 and +0 would differ in bits between rank counts
  static_assert(sizeof(FieldSums) == sizeof(FieldSums::values));
  comm.sum(
      std::span<double>(reinterpret_cast<double*>(sums_.data()), sums_.size() * sums_.front().values.size()));
  comm.sum(std::span<double>(map_count_));
  lost_ = comm.sum(lost_);
  for (ScoreMaps& maps : maps_) {
    for (std::vector<double>* map : {&maps.rmse, &maps.bias, &maps.deviation}) {
      comm.sum(std::span<double>(*map));
      for (std::size_t i = 0; i < map->size(); ++i) (*map)[i] = quotient((*map)[i], map_count_[i]);
    }
    for (double& value : maps.rmse) value = std::sqrt(value);
  }
  for (const auto& family : families_) family->reduce(comm);
}

std::vector<ScoreSection> ScoreAccumulator::sections() const {
  std::vector<ScoreSection> out;
  for (const auto& family : families_) out.push_back(family->section(units_));
  return out;
}

Scores ScoreAccumulator::total(std::size_t system) const {
  FieldSums sums;
  for (long t = 0; t < times_; ++t) sums += sums_[index(t, system)];
  return scores_of(sums, rules_of(systems_[system], data_range_));
}

Scores ScoreAccumulator::at(long time, std::size_t system) const {
  return scores_of(sums_[index(time, system)], rules_of(systems_[system], data_range_));
}

void DataRange::add(std::span<const unsigned char> ocean, std::span<const float> field) {
  PODSCALE_ASSERT(ocean.size() == field.size(), "mask {}, field {}", ocean.size(), field.size());
  for (std::size_t i = 0; i < field.size(); ++i) {
    if (!ocean[i] || !std::isfinite(field[i])) continue;
    low_ = std::min<double>(low_, field[i]);
    high_ = std::max<double>(high_, field[i]);
  }
}

double DataRange::reduce(const Communicator& comm) const {
  const double low = comm.min(low_), high = comm.max(high_);
  return high > low ? high - low : 0;
}

}  // namespace podscale
