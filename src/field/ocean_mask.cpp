#include <algorithm>
#include <cmath>
#include <set>

#include "podscale/core/error.hpp"
#include "podscale/field/field_source.hpp"

namespace podscale {

std::vector<long> valid_times(const FieldSource& source, const Window& window, std::span<const long> steps) {
  const std::size_t points = window.points();
  const std::size_t channels = source.channels();
  const long largest = std::max(source.comm().max(window.points()), 1L) * static_cast<long>(channels);
  const std::size_t block = std::max((8L << 20) / largest, 1L);
  std::vector<long> valid(points, 0);
  std::vector<float> values;
  for (std::size_t at = 0; at < steps.size(); at += block) {
    const auto some = steps.subspan(at, std::min(block, steps.size() - at));
    values.resize(some.size() * channels * points);
    source.read(window, some, values);
    for (std::size_t t = 0; t < some.size(); ++t)
      for (std::size_t i = 0; i < points; ++i) {
        bool all = true;
        for (std::size_t c = 0; c < channels; ++c)
          all = all && !std::isnan(values[(t * channels + c) * points + i]);
        valid[i] += all ? 1 : 0;
      }
  }
  const std::vector<unsigned char> sea = source.land_mask(window);
  for (std::size_t i = 0; i < points; ++i)
    if (!sea[i]) valid[i] = 0;
  return valid;
}

std::vector<unsigned char> ocean_mask(const FieldSource& source, const Window& window,
                                      std::span<const long> steps, long* sometimes_valid) {
  const long all = std::ssize(steps);
  long sometimes = 0;
  std::vector<unsigned char> ocean = source.land_mask(window);
  const std::vector<long> valid = valid_times(source, window, steps);
  for (std::size_t i = 0; i < valid.size(); ++i) {
    if (valid[i] > 0 && valid[i] < all) ++sometimes;
    if (valid[i] < all) ocean[i] = 0;
  }
  if (sometimes_valid) *sometimes_valid = sometimes;
  return ocean;
}

void require_mask_of_data(const FieldSource& source) {
  const Mesh& mesh = source.mesh();
  const Share rows = share_of(mesh.ny(), source.comm().size(), source.comm().rank());
  const Window window{rows.begin, rows.size(), 0, rows.size() > 0 ? mesh.nx() : 0};
  const std::vector<unsigned char> sea = source.land_mask(window);
  const std::size_t points = sea.size();
  std::vector<unsigned char> valid(points, 0);
  std::vector<float> values(points * source.channels());
  const long last = std::ssize(source.times().samples) - 1;
  for (const long step : std::set<long>{0, last / 2, last}) {
    source.read(window, std::vector<long>{step}, values);
    for (std::size_t i = 0; i < points; ++i) valid[i] = valid[i] || !std::isnan(values[i]);
  }
  long counts[4] = {0, 0, 0, 0};  // land and sea without a value, land and sea with one
  for (std::size_t i = 0; i < points; ++i) ++counts[2 * valid[i] + sea[i]];
  source.comm().sum(std::span<long>(counts));
  const long all_sea = counts[1] + counts[3], all_land = counts[0] + counts[2];
  if (10 * counts[1] < 9 * all_sea || counts[2] <= counts[3]) return;
  throw Error(
      ExitCode::data,
      fmt::format("{}: its land mask is inside out: {} of {} points that it calls sea never have a value, "
                  "but {} of {} that it calls land do; expected the other way round: name the values of "
                  "the sea in data.mask_ocean_values, or correct its standard_name or flag_meanings",
                  source.describe(), counts[1], all_sea, counts[2], all_land),
      true);
}

std::vector<unsigned char> whole_ocean_mask(const FieldSource& source, std::span<const long> steps) {
  const Mesh& mesh = source.mesh();
  const Share rows = share_of(mesh.ny(), source.comm().size(), source.comm().rank());
  const auto mine = ocean_mask(source, {rows.begin, rows.size(), 0, rows.size() > 0 ? mesh.nx() : 0}, steps);
  std::vector<unsigned char> mask(mesh.points(), 0);
  std::copy(mine.begin(), mine.end(), mask.begin() + rows.begin * mesh.nx());
  source.comm().sum(std::span(mask));
  return mask;
}

}  // namespace podscale
