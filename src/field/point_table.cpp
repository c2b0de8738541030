#include "point_table.hpp"

#include <algorithm>
#include <cmath>

#include "refusal.hpp"

namespace podscale {

bool leave_corners(PointTable& table) {
  const std::size_t n = table.y.size();
  const auto corner = [&](std::size_t c) { return unit_vector({table.corner_y[c], table.corner_x[c]}); };
  const auto are_corners = [&](std::size_t k) {
    bool any = false;
    for (std::size_t p = 0; p < n; ++p) {
      const double size = norm(corner(4 * p) - corner(4 * p + 2));
      if (std::isnan(size) || std::isnan(table.y[p])) continue;
      if (!(norm(unit_vector({table.y[p], table.x[p]}) - corner(4 * p + k)) <= 1e-3 * size)) return false;
      any = any || size > 0;
    }
    return any;
  };
  bool found = false;
  for (std::size_t k = 0; k < 4 && !found && !table.corner_y.empty(); ++k) found = are_corners(k);
  for (std::size_t p = 0; p < n && found; ++p) {
    const Position at = degrees_of(corner(4 * p) + corner(4 * p + 1) + corner(4 * p + 2) + corner(4 * p + 3));
    if (!std::isnan(at.y)) table.y[p] = at.y, table.x[p] = at.x;
  }
  return found;
}

idx_t rotate_table(PointTable& table, idx_t nx) {
  const idx_t ny = std::ssize(table.x) / std::max<idx_t>(nx, 1);
  const auto step = [&](idx_t j, idx_t from, idx_t to) {
    return std::remainder(table.x[j * nx + to] - table.x[j * nx + from], 360.0);
  };
  std::vector<double> middle(nx);  // of the steps from each column to the next, the last to the first
  for (idx_t i = 0; i < nx; ++i) {
    std::vector<double> steps;
    for (idx_t j = 0; j < ny; ++j)
      if (const double s = step(j, i, (i + 1) % nx); !std::isnan(s)) steps.push_back(s);
    if (steps.empty()) return 0;
    std::nth_element(steps.begin(), steps.begin() + std::ssize(steps) / 2, steps.end());
    middle[i] = steps[steps.size() / 2];
  }
  const auto outer = middle.back();
  idx_t back = -1;
  for (idx_t i = 0; i + 1 < nx; ++i)
    if (middle[i] * outer < 0) {
      if (back >= 0) return 0;
      back = i;
    }
  if (nx < 3 || back < 0) return 0;
  const double beside = std::abs(middle[back > 0 ? back - 1 : back + 1]);
  if (!(std::abs(outer) < kGap * beside)) return 0;
  const auto rotate = [&](std::vector<double>& values, idx_t each) {
    for (idx_t j = 0; j < ny && !values.empty(); ++j) {
      const auto row = values.begin() + j * nx * each;
      std::rotate(row, row + (back + 1) * each, row + nx * each);
    }
  };
  for (std::vector<double>* values : {&table.y, &table.x}) rotate(*values, 1);
  for (std::vector<double>* values : {&table.corner_y, &table.corner_x}) rotate(*values, 4);
  return back + 1;
}

PointTable read_table(const NetcdfFile& file, const std::string& lat, const std::string& lon) {
  PointTable table{degrees_of_table(file, lat), degrees_of_table(file, lon), {}, {}};
  for (std::size_t p = 0; p < table.y.size(); ++p) {
    if (std::isnan(table.y[p]) || std::isnan(table.x[p])) table.y[p] = table.x[p] = std::nan("");
    if (std::abs(table.y[p]) > 90.001 || std::abs(table.x[p]) > 1000)
      refuse(file, lat,
             fmt::format("has a point at {} N, {} E; expected degrees, or missing values where there is none",
                         table.y[p], table.x[p]));
  }
  if (std::all_of(table.y.begin(), table.y.end(), [](double y) { return std::isnan(y); }))
    refuse(file, lat, "has no position at all; expected degrees");
  const auto corners = [&](const std::string& name) -> std::vector<double> {
    const std::string bounds = file.text(name, "bounds").value_or("");
    if (bounds.empty() || !file.has_variable(bounds)) return {};
    const VariableInfo info = file.variable(bounds), cells = file.variable(name);
    if (cells.shape.size() != 2 || info.shape != std::vector{cells.shape[0], cells.shape[1], std::size_t{4}})
      return {};
    std::vector<double> values = degrees_in(file, bounds, name);
    for (double& v : values)
      if (!(std::abs(v) <= 1000)) v = std::nan("");  // of cells without a position
    return values;
  };
  table.corner_y = corners(lat);
  table.corner_x = corners(lon);
  for (double& v : table.corner_y) v = std::clamp(v, -90.0, 90.0);
  if (table.corner_y.size() != table.corner_x.size()) table.corner_y.clear(), table.corner_x.clear();
  return table;
}

}  // namespace podscale
