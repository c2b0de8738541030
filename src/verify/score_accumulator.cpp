#include "podscale/verify/score_accumulator.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "podscale/core/error.hpp"

namespace podscale {
namespace {

constexpr std::size_t kSums = static_cast<std::size_t>(Sum::count);

}  // namespace

ScoreAccumulator::ScoreAccumulator(const Mesh& mesh, std::vector<unsigned char> ocean,
                                   std::vector<VerifiedSystem> systems, long times, double data_range,
                                   const std::string& units, const SsimWindow& window,
                                   const std::optional<ScoredRows>& rows, double middle)
    : mesh_(mesh),
      rows_(rows.value_or(ScoredRows::whole(mesh))),
      ocean_(std::move(ocean)),
      area_(ocean_area(mesh, rows_.own().begin, ocean_)),
      systems_(std::move(systems)),
      times_(times),
      data_range_(data_range),
      middle_(middle),
      units_(units, data_range),
      window_(window),
      sums_(times, systems_.size() * kSums),
      maps_(systems_.size()),
      map_count_(ocean_.size(), 0.0) {
  PODSCALE_ASSERT(std::ssize(ocean_) == rows_.own().size() * rows_.nx, "mask of {} points, {} rows of {}",
                  ocean_.size(), rows_.own().size(), rows_.nx);
  sums_.split(std::ssize(rows_.strips), rows_.ranks);
  for (std::size_t s = 0; s < systems_.size(); ++s) {
    maps_[s].rmse.assign(map_count_.size(), 0.0);
    maps_[s].bias.assign(map_count_.size(), 0.0);
    if (systems_[s].has_variance) maps_[s].deviation.assign(map_count_.size(), 0.0);
  }
}

void ScoreAccumulator::add(long time, std::span<const Forecast> forecasts, std::span<const float> truth,
                           std::span<const float> climatology) {
  long lost = 0;
  const auto weights = point_weights(area_, truth, forecasts, &lost);
  add(time, weights, forecasts, truth, climatology, lost);
  close(time);
}

void ScoreAccumulator::close(long time) {
  sums_.close(time);
  for (const auto& family : families_) family->close(time);
}

void ScoreAccumulator::add(long time, std::span<const double> weights, std::span<const Forecast> forecasts,
                           std::span<const float> truth, std::span<const float> climatology, long lost) {
  PODSCALE_ASSERT(time >= 0 && time < times_ && forecasts.size() == systems_.size(),
                  "time {} of {}, {} of {} systems", time, times_, forecasts.size(), systems_.size());
  const std::size_t nx = static_cast<std::size_t>(rows_.nx);
  const Share own = rows_.own();
  PODSCALE_ASSERT(weights.size() == static_cast<std::size_t>(rows_.held().size()) * nx,
                  "{} weights, {} rows of {}", weights.size(), rows_.held().size(), nx);
  lost_ += lost;
  for (std::size_t i = 0; i < map_count_.size(); ++i) map_count_[i] += weights[i] > 0 ? 1 : 0;
  for (std::size_t s = 0; s < systems_.size(); ++s) {
    const Forecast& forecast = forecasts[s];
    PODSCALE_ASSERT(forecast.variance.empty() != systems_[s].has_variance &&
                        forecast.members.empty() != systems_[s].has_members,
                    "{}: variance of {} points, members of {}", systems_[s].name, forecast.variance.size(),
                    forecast.members.size());
    ScoreMaps& maps = maps_[s];
    for (std::size_t i = 0; i < map_count_.size(); ++i) {
      if (weights[i] == 0) continue;
      const double error = static_cast<double>(forecast.mean[i]) - truth[i];
      maps.bias[i] += error;
      maps.rmse[i] += error * error;
      if (!maps.deviation.empty()) maps.deviation[i] += std::sqrt(std::max(0.0f, forecast.variance[i]));
    }
  }
  // Windows of SSIM begin in a strip and reach beyond it.
  const SsimTruth similarity(rows_.held().size(), rows_.nx, weights, truth, data_range_, window_, middle_);
  std::vector<std::vector<SsimSums>> ssim;  // [systems][rows]
  for (const Forecast& forecast : forecasts) ssim.push_back(similarity.sums_of_rows(forecast.mean));
  std::vector<FieldSums> all(systems_.size());
  for (long strip = 0; strip < rows_.mine.size(); ++strip) {
    const Share& of_region = rows_.strips[static_cast<std::size_t>(rows_.mine.begin + strip)];
    const Share rows{of_region.begin - own.begin, of_region.end - own.begin};
    const std::size_t first = static_cast<std::size_t>(rows.begin) * nx,
                      end = static_cast<std::size_t>(rows.end) * nx;
    for (std::size_t s = 0; s < systems_.size(); ++s) {
      all[s] = field_sums(weights, forecasts[s], truth, climatology, first, end);
      for (long row = rows.begin; row < rows.end; ++row) {
        all[s][Sum::ssim] += ssim[s][static_cast<std::size_t>(row)].ssim;
        all[s][Sum::ssim_weight] += ssim[s][static_cast<std::size_t>(row)].weight;
      }
      std::copy(all[s].values.begin(), all[s].values.end(), sums_.at(time, strip).begin() + s * kSums);
    }
    const ScoredTime fields{
        time,        weights, forecasts, truth,
        climatology, all,     strip,     {static_cast<long>(first), static_cast<long>(end)}};
    for (const auto& family : families_) family->add(fields);
  }
}

void ScoreAccumulator::reduce(const Communicator& comm, const Communicator& peers) {
  sums_.reduce(comm);
  lost_ = comm.sum(lost_);
  ocean_points_ = comm.sum(static_cast<long>(std::count(ocean_.begin(), ocean_.end(), 1))) / peers.size();
  peers.sum(std::span<double>(map_count_));
  for (ScoreMaps& maps : maps_) {
    for (std::vector<double>* map : {&maps.rmse, &maps.bias, &maps.deviation}) {
      peers.sum(std::span<double>(*map));
      for (std::size_t i = 0; i < map->size(); ++i) (*map)[i] = quotient((*map)[i], map_count_[i]);
    }
    for (double& value : maps.rmse) value = std::sqrt(value);
  }
  for (const auto& family : families_) family->reduce(comm, peers);
}

FieldSums ScoreAccumulator::sums_at(long time, std::size_t system) const {
  FieldSums sums;
  std::copy_n(sums_.at(time).begin() + static_cast<long>(system * kSums), kSums, sums.values.begin());
  return sums;
}

std::vector<ScoreSection> ScoreAccumulator::sections() const {
  std::vector<ScoreSection> out;
  for (const auto& family : families_) out.push_back(family->section(units_));
  return out;
}

Scores ScoreAccumulator::total(std::size_t system) const {
  FieldSums sums;
  for (long t = 0; t < times_; ++t) sums += sums_at(t, system);
  return scores_of(sums, rules_of(systems_[system], data_range_));
}

Scores ScoreAccumulator::at(long time, std::size_t system) const {
  return scores_of(sums_at(time, system), rules_of(systems_[system], data_range_));
}

void DataRange::add(std::span<const unsigned char> ocean, std::span<const float> field) {
  PODSCALE_ASSERT(ocean.size() == field.size(), "mask {}, field {}", ocean.size(), field.size());
  for (std::size_t i = 0; i < field.size(); ++i) {
    if (!ocean[i] || !std::isfinite(field[i])) continue;
    low_ = std::min<double>(low_, field[i]);
    high_ = std::max<double>(high_, field[i]);
  }
}

double DataRange::reduce(const Communicator& comm) {
  low_ = comm.min(low_);
  high_ = comm.max(high_);
  return high_ > low_ ? high_ - low_ : 0;
}

}  // namespace podscale
