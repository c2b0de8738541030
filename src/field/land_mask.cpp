// The mask of a series: what is valid in the data, and what a mask variable calls ocean.
#include <algorithm>
#include <cmath>

#include "podscale/core/error.hpp"
#include "podscale/field/field_on_grid.hpp"
#include "podscale/field/series.hpp"

namespace podscale {
namespace {

/// Collective. Clears the points of the window that the mask variable does not call ocean.
void apply_mask_variable(const Series& series, const Window& window, std::vector<unsigned char>& ocean) {
  const SeriesSpec& spec = series.spec();
  const std::string path = spec.mask_file.empty() ? series.files().front() : spec.mask_file;
  const NetcdfFile file = NetcdfFile::open(series.comm(), path);
  const auto values =
      read_on_grid(series.comm(), file, spec.mask_variable, series.grid(), window,
                   fmt::format("{}: mask variable '{}'", path, spec.mask_variable), series.describe());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto& wanted = spec.mask_ocean_values;
    const double v = values[i];
    const bool is_ocean = wanted.empty() ? !std::isnan(v) && v != 0
                                         : std::any_of(wanted.begin(), wanted.end(),
                                                       [v](double w) { return std::abs(v - w) < 1e-6; });
    if (!is_ocean) ocean[i] = 0;
  }
}

}  // namespace

std::vector<unsigned char> ocean_mask(const Series& series, const Window& window, std::span<const long> steps,
                                      long* sometimes_valid) {
  const auto points = static_cast<std::size_t>(window.points());
  const long largest = std::max(series.comm().max(window.points()), 1L);
  const std::size_t block = static_cast<std::size_t>(std::max((8L << 20) / largest, 1L));
  std::vector<long> valid(points, 0);
  std::vector<float> values;
  for (std::size_t at = 0; at < steps.size(); at += block) {
    const auto some = steps.subspan(at, std::min(block, steps.size() - at));
    values.resize(some.size() * points);
    series.read(window, some, values);
    for (std::size_t i = 0; i < values.size(); ++i) valid[i % points] += std::isnan(values[i]) ? 0 : 1;
  }
  std::vector<unsigned char> ocean(points, 1);
  const long all = static_cast<long>(steps.size());
  long sometimes = 0;
  if (!series.spec().mask_variable.empty()) apply_mask_variable(series, window, ocean);
  for (std::size_t i = 0; i < points; ++i) {
    if (ocean[i] && valid[i] > 0 && valid[i] < all) ++sometimes;
    if (valid[i] < all) ocean[i] = 0;
  }
  if (sometimes_valid) *sometimes_valid = sometimes;
  return ocean;
}

}  // namespace podscale
