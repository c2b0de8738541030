#include "podscale/field/field_on_grid.hpp"

#include <algorithm>
#include <cmath>

#include "file_reader.hpp"
#include "podscale/core/error.hpp"

namespace podscale {
namespace {

constexpr double kTolerance = 0.1;  // of a cell: axes are rounded

double cell(const std::vector<double>& axis) {
  return axis.size() > 1 ? (axis.back() - axis.front()) / static_cast<double>(axis.size() - 1) : 1;
}

/// Column of `lon` that the first of the grid is, -1 where the axes are not the same.
long first_column(const std::vector<double>& lon, const Grid& grid) {
  const std::size_t n = lon.size();
  if (n != grid.lon.size()) return -1;
  const double far = kTolerance * cell(grid.lon);
  const auto fits = [&](std::size_t shift) {
    for (std::size_t i = 0; i < n; ++i)
      if (!(std::abs(std::remainder(lon[(i + shift) % n] - grid.lon[i], 360.0)) <= far)) return false;
    return true;
  };
  for (std::size_t shift = 0; shift < (grid.periodic ? n : 1); ++shift)
    if (fits(shift)) return static_cast<long>(shift);
  return -1;
}

bool same_latitudes(const std::vector<double>& lat, const Grid& grid) {
  const double far = kTolerance * cell(grid.lat);
  return std::equal(lat.begin(), lat.end(), grid.lat.begin(), grid.lat.end(),
                    [far](double a, double b) { return std::abs(a - b) <= far; });
}

}  // namespace

std::vector<float> read_on_grid(const NetcdfFile& file, const std::string& variable, const Grid& grid,
                                const Window& window, const std::string& what, const std::string& owner) {
  FileLayout layout;
  layout.variable = cf_variable(file, variable.empty() ? only_cf_variable(file, false) : variable, false);
  const CfAxes axes = cf_axes(file, layout.variable);
  layout.flip_y = axes.flip_y;
  layout.flip_x = axes.flip_x;
  layout.file_nx = layout.chunks.x = axes.file_nx;
  const long shift = [&] {
    const CfVariable& v = layout.variable;
    if (v.time >= 0 && v.info.shape[static_cast<std::size_t>(v.time)] != 1)
      fail(ExitCode::data,
           "{} has {} times; expected none or one; select one first, as in 'ncks -d {},0 in.nc out.nc'", what,
           v.info.shape[static_cast<std::size_t>(v.time)], v.info.dims[static_cast<std::size_t>(v.time)]);
    if (axes.lat.size() != grid.lat.size() || axes.lon.size() != grid.lon.size())
      fail(ExitCode::data, "{} has {} x {} points; expected the {} x {} of {}", what, axes.lat.size(),
           axes.lon.size(), grid.ny(), grid.nx(), owner);
    const long first = first_column(axes.lon, grid);
    if (first < 0 || !same_latitudes(axes.lat, grid))
      fail(ExitCode::data,
           "{} goes from {} to {} N, {} to {} E; expected the grid of {}, from {} to {} N, {} to {} E", what,
           axes.lat.front(), axes.lat.back(), axes.lon.front(), axes.lon.back(), owner, grid.lat.front(),
           grid.lat.back(), grid.lon.front(), grid.lon.back());
    return first;
  }();
  // A window of the file's own columns: past the last one they count modulo nx, as those of any periodic
  // grid.
  Window shifted = window;
  shifted.x0 += shift;
  std::vector<float> values(static_cast<std::size_t>(window.points()));
  read_window(file, layout, grid, shifted, 0, 1, values);
  return values;
}

}  // namespace podscale
