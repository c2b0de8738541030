#include "limits_check.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include "podscale/core/error.hpp"

namespace podscale {

void require_sensible_limits(const NetcdfFile& file, const FileLayout& layout, const Mesh& mesh) {
  const CfVariable& v = layout.variable;
  if (!v.packing.limited()) return;
  FileLayout unlimited = layout;
  unlimited.conversion = {};
  unlimited.variable.packing.low = Packing{}.low;
  unlimited.variable.packing.high = Packing{}.high;
  const Packing& packing = v.packing;
  const double ends[] = {packing.low * packing.scale + packing.offset,
                         packing.high * packing.scale + packing.offset};
  const double low = std::min(ends[0], ends[1]), high = std::max(ends[0], ends[1]);
  const long times = v.time < 0 ? 1 : static_cast<long>(v.info.shape[v.time]);
  // Rows of chunks, from the middle of the field on: mostly the first of them has a value inside.
  const long rows = layout.chunks.y * std::max(1L, (1L << 16) / (layout.chunks.y * mesh.nx()));
  const long blocks = (mesh.ny() + rows - 1) / rows;
  std::vector<float> values;
  long outside = 0;
  float least = INFINITY, most = -INFINITY;
  for (const long step : std::set<long>{0, times / 2, times - 1})
    for (long b = 0; b < blocks && step >= 0 && step < times; ++b) {
      const long first = (b + blocks / 2) % blocks * rows;
      const Window window{first, std::min(rows, mesh.ny() - first), 0, mesh.nx()};
      values.resize(window.points());
      read_window(file, unlimited, mesh, window, step, 1, values);
      for (const float value : values) {
        if (std::isnan(value)) continue;
        if (static_cast<double>(value) >= low && static_cast<double>(value) <= high) return;
        ++outside;
        least = std::min(least, value), most = std::max(most, value);
      }
    }
  if (outside == 0) return;
  std::string names;
  for (const char* name : {"valid_range", "valid_min", "valid_max"})
    if (file.attribute_type(v.name, name)) names += (names.empty() ? "" : " and ") + std::string(name);
  fail(
      ExitCode::data,
      "{}: variable '{}': its {} (unpacked {:.6g} to {:.6g}) leaves no value at all: they lie between {:.6g} "
      "and {:.6g} '{}'; expected limits in the units of the values (packed ones in packed data): set them "
      "right, or delete them, as in 'ncatted -a valid_min,{},d,, -a valid_max,{},d,, -a valid_range,{},d,, "
      "in.nc'",
      file.path(), v.name, names, low, high, least, most, v.units, v.name, v.name, v.name);
}

}  // namespace podscale
