#include "podscale/study/analyses.hpp"

#include <algorithm>
#include <cmath>

#include "podscale/core/log.hpp"
#include "podscale/study/anomaly.hpp"
#include "podscale/study/blocks.hpp"

namespace podscale {

Analyses::Analyses(const FieldSource& source, const Basis& basis)
    : source_(&source),
      basis_(&basis),
      finder_(source.times()),
      width_(basis.patches.mine.size() * static_cast<std::size_t>(basis.modes)) {}

void Analyses::add(long step, std::span<const float> coefficients) {
  if (!row_.emplace(step, row_.size()).second) return;
  coefficients_.insert(coefficients_.end(), coefficients.begin(), coefficients.end());
}

void Analyses::read(const Communicator& comm, std::span<const long> steps, long block) {
  const std::size_t n = basis_->points();
  std::vector<float> values;
  std::vector<double> anomalies, climatology(n);
  std::vector<long> broken;
  for_blocks("analyses", steps.size(), block, [&](std::size_t first, std::size_t count) {
    const auto part = steps.subspan(first, count);
    values.resize(n * count);
    anomalies.assign(n * count, 0.0);
    source_->read(basis_->window, part, values);
    std::vector<int> gap(count, 0);
    for (std::size_t t = 0; t < count; ++t) {
      basis_->hr_climatology.evaluate(
          basis_->year_phase(source_->times(), static_cast<std::size_t>(part[t])), climatology);
      for (std::size_t i = 0; i < n; ++i) {
        if (!basis_->is_ocean(i)) continue;
        const double value = static_cast<double>(values[t * n + i]);
        if (std::isnan(value))
          gap[t] = 1;
        else
          anomalies[t * n + i] = (value - climatology[i]) / basis_->scale_of(i);
      }
    }
    comm.max(std::span(gap));
    const std::vector<float> a = to_coefficients(*basis_, anomalies, static_cast<long>(count));
    for (std::size_t t = 0; t < count; ++t)
      if (gap[t] == 0)
        add(part[t], std::span<const float>(a).subspan(t * width_, width_));
      else
        broken.push_back(part[t]);
  });
  if (!broken.empty())
    log::warn(
        "history: {} of {} analyses of {} have no value at some ocean point (the first at {}): they count as "
        "not there",
        broken.size(), steps.size(), source_->describe(), date_text(source_->times()[broken.front()].date));
}

}  // namespace podscale
