#include "podscale/study/discovery.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace podscale {
namespace {

/// Of the centres, as readers compare it with the coordinates.
Mesh::Extent covered(const Mesh& mesh) {
  if (mesh.kind() == MeshKind::rectilinear) return mesh.extent();
  constexpr double big = std::numeric_limits<double>::infinity();
  Mesh::Extent extent{big, -big, big, -big};
  for (idx_t p = 0; p < mesh.points(); ++p) {
    const Position at = mesh.degrees(p);
    if (std::isnan(at.y) || std::isnan(at.x)) continue;
    extent = {std::min(extent.south, at.y), std::max(extent.north, at.y), std::min(extent.west, at.x),
              std::max(extent.east, at.x)};
  }
  return extent;
}

}  // namespace

std::string iso_time(const Date& date) {
  const long second = std::lround(date.second);
  return fmt::format("{:04d}-{:02d}-{:02d}T{:02d}:{:02d}:{:02d}Z", date.year, date.month, date.day,
                     second / 3600, second / 60 % 60, second % 60);
}

Attributes place_attributes(const Mesh& mesh) {
  if (!mesh.geographic()) return {};
  const Mesh::Extent e = covered(mesh);
  return {{"geospatial_lat_units", "degrees_north"},
          {"geospatial_lon_units", "degrees_east"},
          {"geospatial_bounds", fmt::format("POLYGON(({0} {2}, {0} {3}, {1} {3}, {1} {2}, {0} {2}))", e.south,
                                            e.north, e.west, e.east)},
          {"geospatial_bounds_crs", "EPSG:4326"},
          {"geospatial_lat_min", "", {e.south}},
          {"geospatial_lat_max", "", {e.north}},
          {"geospatial_lon_min", "", {e.west}},
          {"geospatial_lon_max", "", {e.east}}};
}

Attributes time_attributes(const SampleAxis& axis) {
  if (axis.size() == 0) return {};
  const TimeUnits meaning(axis.units, calendar_name(axis.calendar), "time");
  const auto begin = [&](const Sample& s) { return s.interval ? meaning.date(s.interval->begin) : s.date; };
  const auto end = [&](const Sample& s) { return s.interval ? meaning.date(s.interval->end) : s.date; };
  const Date first = *begin(axis[0]), last = *end(axis[axis.size() - 1]);
  const auto duration = [](double days) {
    const bool whole = days == std::floor(days);
    return whole ? fmt::format("P{:.0f}D", days) : fmt::format("PT{:.0f}S", days * 86400);
  };
  Attributes a{{"time_coverage_start", iso_time(first)},
               {"time_coverage_end", iso_time(last)},
               {"time_coverage_duration", duration(days_between(axis.calendar, first, last))}};
  if (axis.size() > 1)
    a.push_back(
        {"time_coverage_resolution",
         axis.is_monthly() ? "P1M" : duration(days_between(axis.calendar, axis[0].date, axis[1].date))});
  return a;
}

}  // namespace podscale
