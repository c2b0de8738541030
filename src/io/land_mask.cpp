// The mask of a series: what is valid in the data, and what a mask variable calls ocean.
#include <algorithm>
#include <cmath>

#include "podscale/base/error.hpp"
#include "podscale/io/series.hpp"
#include "window_reader.hpp"

namespace podscale {
namespace {

/// Collective. Clears the points of the window that the mask variable does not call ocean.
void apply_mask_variable(const Series& series, const Window& window, std::vector<unsigned char>& ocean) {
  const SeriesSpec& spec = series.spec();
  const Grid& grid = series.grid();
  const std::string path = spec.mask_file.empty() ? series.files().front() : spec.mask_file;
  const NetcdfFile file = NetcdfFile::open(series.comm(), path);
  FileLayout layout;
  layout.variable = cf_variable(file, spec.mask_variable, false);
  const CfAxes axes = cf_axes(file, layout.variable);
  layout.flip_y = axes.flip_y;
  layout.flip_x = axes.flip_x;
  layout.file_nx = axes.file_nx;
  series.comm().agree([&] {
    const std::string where = fmt::format("{}: mask variable '{}'", path, spec.mask_variable);
    const CfVariable& v = layout.variable;
    if (v.time >= 0 && v.info.shape[static_cast<std::size_t>(v.time)] != 1)
      fail(ExitCode::data,
           "{} has {} times; expected none or one; select one first, as in 'ncks -d {},0 in.nc out.nc'",
           where, v.info.shape[static_cast<std::size_t>(v.time)],
           v.info.dims[static_cast<std::size_t>(v.time)]);
    if (axes.lat.size() != grid.lat.size() || axes.lon.size() != grid.lon.size())
      fail(ExitCode::data, "{} has {} x {} points; expected the {} x {} of {}", where, axes.lat.size(),
           axes.lon.size(), grid.ny(), grid.nx(), series.describe());
    const auto apart = [](const std::vector<double>& a, const std::vector<double>& b) {
      double largest = 0;
      for (std::size_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::abs(a[i] - b[i]));
      return largest > 0.1 * (a.size() > 1 ? (a.back() - a.front()) / static_cast<double>(a.size() - 1) : 1);
    };
    if (apart(grid.lat, axes.lat) || apart(grid.lon, axes.lon))
      fail(ExitCode::data, "{} starts at {} N, {} E; expected the grid of {}, which starts at {} N, {} E",
           where, axes.lat[0], axes.lon[0], series.describe(), grid.lat[0], grid.lon[0]);
  });
  std::vector<float> values(static_cast<std::size_t>(window.points()));
  read_window(file, layout, grid, window, ReadPlan::make(series.comm(), grid, window), 0, 1, values);
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
