#include "podscale/field/series_view.hpp"

#include <map>

#include "podscale/core/error.hpp"
#include "podscale/core/sample_layout.hpp"

namespace podscale {

SeriesView::SeriesView(std::shared_ptr<const FieldSource> source, std::vector<long> steps,
                       const std::string& what)
    : source_(std::move(source)),
      times_(subset(source_->times(), steps)),
      what_(what.empty() ? "" : ", " + what) {
  for (const long step : steps) parts_.push_back({step});
}

SeriesView::SeriesView(std::shared_ptr<const FieldSource> source, std::vector<std::vector<long>> parts,
                       SampleAxis times, const std::string& what)
    : source_(std::move(source)),
      parts_(std::move(parts)),
      times_(std::move(times)),
      what_(what.empty() ? "" : ", " + what) {
  PODSCALE_ASSERT(parts_.size() == times_.size(), "{} parts of {} times", parts_.size(), times_.size());
}

std::string SeriesView::where(long step, idx_t channel) const {
  return source_->where(parts_.at(static_cast<std::size_t>(step)).front(), channel) + what_;
}

void SeriesView::read(const Window& window, std::span<const long> steps, std::span<float> out) const {
  std::vector<long> all;
  for (const long step : steps)
    for (const long part : parts_.at(static_cast<std::size_t>(step))) all.push_back(part);
  if (all.size() == steps.size()) {
    source_->read(window, all, out);
    return;
  }
  const std::size_t n = static_cast<std::size_t>(window.points() * channels());
  std::vector<float> values(n * all.size());
  source_->read(window, all, values);
  std::size_t from = 0;
  for (std::size_t t = 0; t < steps.size(); ++t) {
    const std::size_t count = parts_[static_cast<std::size_t>(steps[t])].size();
    for (std::size_t i = 0; i < n; ++i) {
      double sum = 0;
      for (std::size_t r = 0; r < count; ++r) sum += static_cast<double>(values[(from + r) * n + i]);
      out[t * n + i] = static_cast<float>(sum / static_cast<double>(count));
    }
    from += count;
  }
}

std::shared_ptr<const FieldSource> ensemble_mean(std::shared_ptr<const FieldSource> source) {
  const SampleLayout layout(source->times(), source->describe());
  if (!layout.has_realizations()) return source;
  std::map<SampleCell, std::vector<long>> steps_of;
  for (std::size_t t = 0; t < layout.cells.size(); ++t) {
    SampleCell cell = layout.cells[t];
    cell.realization = 0;
    steps_of[cell].push_back(static_cast<long>(t));
  }
  std::vector<std::vector<long>> parts;
  for (const SampleCell& cell : layout.cells_of_times) parts.push_back(steps_of.at(cell));
  return std::make_shared<const SeriesView>(std::move(source), std::move(parts), layout.times,
                                            "mean of its realizations");
}

}  // namespace podscale
