// Whether two meshes are the same.

#include <algorithm>
#include <cmath>
#include <map>

#include "payload.hpp"
#include "podscale/core/checksum.hpp"
#include "podscale/core/error.hpp"

namespace podscale {
namespace {

constexpr double kTolerance = 0.01;  // of a cell: axes are rounded to float, or to the digits of a text

constexpr double kFloat = 1.2e-7;  // spacing of float32 numbers, as a share of them

std::string place(const Mesh& mesh, idx_t point) {
  const Position at = mesh.position(point);
  if (mesh.space() == Space::sphere) return fmt::format("{:.9g} N, {:.9g} E", at.y, at.x);
  return fmt::format("y {:.9g}, x {:.9g} {}", at.y, at.x, mesh.unit().metres > 0 ? "m" : "pixels");
}

/// Of two points; the tolerance is a share of the cell of the expected one. Cheap where meshes
/// have axes.
bool apart(const Mesh& found, idx_t at, const Mesh& expected, idx_t point) {
  if (found.owner(at) < 0 || expected.owner(point) < 0) return found.owner(at) != expected.owner(point);
  if (expected.separable()) {
    const Position a = found.position(at), b = expected.position(point);
    const std::size_t row = point / expected.nx(), column = point % expected.nx();
    const auto width = [&](const MeshAxis& axis, std::size_t i) {
      return axis.bounds[i + 1] - axis.bounds[i];
    };
    const bool sphere = expected.space() == Space::sphere;
    const double unit = sphere || expected.unit().metres == 0 ? 1 : expected.unit().metres;
    const double dx = sphere ? std::remainder(a.x - b.x, 360.0) : a.x - b.x;
    // Cells of metres are finer than float32 holds the degrees of their centres.
    const auto tolerance = [&](double cell, double largest) {
      return std::max(kTolerance * cell, std::min(0.25 * cell, kFloat * largest));
    };
    return !(std::abs(a.y - b.y) <= tolerance(unit * width(expected.y(), row), std::abs(b.y)) &&
             std::abs(dx) <= tolerance(unit * width(expected.x(), column), sphere ? 360 : std::abs(b.x)));
  }
  const Space space = expected.space();
  const Position cell = expected.spacing(point);
  const double d =
      expected.kilometres(space) * distance(found.vector(at, space), expected.vector(point, space), space);
  return !(d <= kTolerance * std::max(cell.y, cell.x));
}

std::optional<std::string> difference(const Mesh& found, const Mesh& expected, idx_t shift) {
  if (found.ny() != expected.ny() || found.nx() != expected.nx())
    return fmt::format("{}, expected {}", found.describe(), expected.describe());
  const auto what = [](const Mesh& mesh) {
    if (mesh.space() == Space::sphere) return "latitudes and longitudes";
    return mesh.unit().metres > 0 ? "positions in a plane" : "pixels of an image";
  };
  if (std::string(what(found)) != what(expected))
    return fmt::format("{}, expected {}", what(found), what(expected));
  if (expected.space() == Space::plane)
    if (auto mapping = mapping_difference(found.mapping(), expected.mapping())) return mapping;
  // Axes differ where the first row or the first column does.
  const bool axes = found.separable() && expected.separable();
  for (idx_t j = 0; j < expected.ny(); ++j)
    for (idx_t i = 0; i < (axes && j > 0 ? 1 : expected.nx()); ++i) {
      const idx_t point = j * expected.nx() + i, at = j * expected.nx() + (i + shift) % expected.nx();
      if (apart(found, at, expected, point))
        return fmt::format("row {}, column {} lies at {}, expected {} (to {} of a cell)", j, i,
                           place(found, at), place(expected, point), kTolerance);
    }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> mapping_difference(const GridMapping& found, const GridMapping& expected) {
  using Attribute = GridMapping::Attribute;
  if (found.attributes.empty() || expected.attributes.empty()) return std::nullopt;
  const auto text = [](const Attribute& a) {
    return a.numbers.empty() ? a.text : fmt::format("{}", fmt::join(a.numbers, ", "));
  };
  const auto table = [&](const GridMapping& mapping) {
    std::map<std::string, std::string> attributes;
    for (const Attribute& a : mapping.attributes)
      if (a.name != "long_name" && a.name != "GeoTransform") attributes[a.name] = text(a);
    return attributes;
  };
  const auto a = table(found), b = table(expected);
  const auto value = [](const auto& map, const std::string& name) {
    const auto it = map.find(name);
    return it == map.end() ? std::string("nothing") : "'" + it->second + "'";
  };
  for (const auto* map : {&b, &a})
    for (const auto& [name, unused] : *map)
      if (value(a, name) != value(b, name))
        return fmt::format("grid mapping with {} = {}, expected {}", name, value(a, name), value(b, name));
  return std::nullopt;
}

std::optional<std::string> mesh_difference(const Mesh& found, const Mesh& expected) {
  return difference(found, expected, 0);
}

std::optional<idx_t> column_shift(const Mesh& found, const Mesh& expected) {
  const idx_t turns = found.periodic() && expected.periodic() ? found.nx() : 1;
  for (idx_t shift = 0; shift < turns; ++shift)
    if (!difference(found, expected, shift)) return shift;
  return std::nullopt;
}

std::uint64_t Mesh::checksum() const {
  Checksum sum;
  sum.add(static_cast<std::uint64_t>(ny()));
  sum.add(static_cast<std::uint64_t>(nx()));
  if (points() == 0) return sum.value();
  const Mesh::Payload& mesh = held();
  // In steps of a power of two, so that round coordinates lie on one and not half-way between two.
  const auto add = [&](const std::vector<double>& values, double cell, bool turns) {
    const double step = std::exp2(std::floor(std::log2(1e-6 * cell)));
    for (double value : values) {
      if (turns) value -= 360 * std::floor(value / 360);
      if (turns && 360 - value < 0.5 * step) value = 0;
      sum.add(std::isnan(value) ? ~0ULL : static_cast<std::uint64_t>(std::llround(value / step)));
    }
  };
  const bool sphere = kind() != MeshKind::plane;
  sum.add(static_cast<std::uint64_t>(sphere ? 0 : mesh.unit.metres > 0 ? 1 : 2));
  if (mesh.separable) {
    for (const MeshAxis* axis : {&mesh.y, &mesh.x})
      add(axis->centres,
          (axis->bounds.back() - axis->bounds.front()) / static_cast<double>(axis->centres.size()),
          sphere && axis == &mesh.x);
  } else {
    double cell = std::sqrt(mesh.size / static_cast<double>(std::max<idx_t>(1, mesh.counted)));
    if (sphere)
      cell /= kRadians;
    else
      cell /= mesh.scale();
    add(mesh.table.y, cell, false);
    add(mesh.table.x, cell, sphere);
  }
  if (!sphere) sum.add(static_cast<std::uint64_t>(std::llround(1e6 * mesh.unit.metres)));
  return sum.value();
}

}  // namespace podscale
