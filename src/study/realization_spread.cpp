#include "podscale/study/realization_spread.hpp"

#include <algorithm>

#include "podscale/core/error.hpp"

namespace podscale {

std::vector<std::vector<std::size_t>> blocks_of_samples(const SampleLayout& layout, std::size_t block) {
  std::map<SampleCell, std::size_t> sample_of;
  for (std::size_t s = 0; s < layout.cells.size(); ++s) sample_of[layout.cells[s]] = s;
  const std::size_t times = layout.times.size(), width = std::min(std::max<std::size_t>(block, 1), times),
                    together = std::max<std::size_t>(1, block / std::max<std::size_t>(width, 1));
  std::vector<std::vector<std::size_t>> blocks;
  for (std::size_t first = 0; first < times; first += width)
    for (std::size_t r = 0; r < layout.members(); r += together) {
      std::vector<std::size_t> samples;
      for (std::size_t of = r; of < std::min(r + together, layout.members()); ++of)
        for (std::size_t t = first; t < std::min(first + width, times); ++t) {
          SampleCell cell = layout.cells_of_times[t];
          cell.realization = of;
          samples.push_back(sample_of.at(cell));
        }
      blocks.push_back(std::move(samples));
    }
  return blocks;
}

SampleAxis in_order_of_time(const SampleAxis& axis) {
  SampleAxis sorted = axis;
  std::stable_sort(sorted.samples.begin(), sorted.samples.end(),
                   [](const Sample& a, const Sample& b) { return a.time < b.time; });
  return sorted;
}

std::vector<std::size_t> SpreadSums::add(std::span<const std::size_t> samples, std::span<const double> mean,
                                         std::span<const double> variance) {
  std::vector<std::size_t> whole;
  if (!layout_->has_realizations()) return whole;
  if (time_of_.empty())
    for (std::size_t t = 0; t < layout_->cells_of_times.size(); ++t) time_of_[layout_->cells_of_times[t]] = t;
  for (std::size_t s = 0; s < samples.size(); ++s) {
    SampleCell cell = layout_->cells.at(samples[s]);
    cell.realization = 0;
    const std::size_t time = time_of_.at(cell);
    Sums& sums = sums_[time];
    RealizationSpread& spread = sums.spread;
    for (std::vector<double>* field : {&spread.mean, &spread.within, &spread.between}) field->resize(points_);
    const double n = static_cast<double>(++sums.count);
    for (std::size_t i = 0; i < points_; ++i) {
      const double value = mean[s * points_ + i], before = value - spread.mean[i];
      spread.mean[i] += before / n;
      spread.between[i] += before * (value - spread.mean[i]);
      spread.within[i] += (variance[s * points_ + i] - spread.within[i]) / n;
    }
    if (sums.count == layout_->members()) whole.push_back(time);
  }
  return whole;
}

RealizationSpread SpreadSums::take(std::size_t time) {
  const auto found = sums_.find(time);
  PODSCALE_ASSERT(found != sums_.end() && found->second.count == layout_->members(), "time {} of {}", time,
                  sums_.size());
  RealizationSpread spread = std::move(found->second.spread);
  for (double& value : spread.between) value /= static_cast<double>(layout_->members());
  sums_.erase(found);
  return spread;
}

}  // namespace podscale
