#include <algorithm>
#include <cmath>

#include "podscale/field/field_source.hpp"

namespace podscale {

std::vector<unsigned char> ocean_mask(const FieldSource& source, const Window& window,
                                      std::span<const long> steps, long* sometimes_valid) {
  const auto points = static_cast<std::size_t>(window.points());
  const long largest = std::max(source.comm().max(window.points()), 1L);
  const std::size_t block = static_cast<std::size_t>(std::max((8L << 20) / largest, 1L));
  std::vector<long> valid(points, 0);
  std::vector<float> values;
  for (std::size_t at = 0; at < steps.size(); at += block) {
    const auto some = steps.subspan(at, std::min(block, steps.size() - at));
    values.resize(some.size() * points);
    source.read(window, some, values);
    for (std::size_t i = 0; i < values.size(); ++i) valid[i % points] += std::isnan(values[i]) ? 0 : 1;
  }
  const long all = static_cast<long>(steps.size());
  long sometimes = 0;
  std::vector<unsigned char> ocean = source.land_mask(window);
  for (std::size_t i = 0; i < points; ++i) {
    if (ocean[i] && valid[i] > 0 && valid[i] < all) ++sometimes;
    if (valid[i] < all) ocean[i] = 0;
  }
  if (sometimes_valid) *sometimes_valid = sometimes;
  return ocean;
}

std::vector<unsigned char> whole_ocean_mask(const FieldSource& source, std::span<const long> steps) {
  const Grid& grid = source.grid();
  const Share rows = share_of(grid.ny(), source.comm().size(), source.comm().rank());
  const auto mine = ocean_mask(source, {rows.begin, rows.size(), 0, rows.size() > 0 ? grid.nx() : 0}, steps);
  std::vector<unsigned char> mask(static_cast<std::size_t>(grid.points()), 0);
  std::copy(mine.begin(), mine.end(), mask.begin() + rows.begin * grid.nx());
  source.comm().sum(std::span(mask));
  return mask;
}

}  // namespace podscale
