#include "podscale/study/inspect_functionals.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <optional>
#include <tuple>
#include <utility>

#include "podscale/core/error.hpp"
#include "podscale/core/strands.hpp"
#include "podscale/core/units.hpp"
#include "podscale/field/field_on_mesh.hpp"
#include "podscale/mesh/point_search.hpp"
#include "podscale/study/functional_reader.hpp"
#include "podscale/study/time_means.hpp"

namespace podscale {
namespace {

/// Ocean point with the nearest centre to a latitude and longitude, or to y and x of a plane
/// without them.
idx_t nearest_point(const Basis& basis, const Position& place, const std::string& option) {
  const Mesh& mesh = basis.mesh;
  const Space space = mesh.geographic() ? Space::sphere : Space::plane;
  const Vector3 v = space == Space::sphere ? unit_vector(place) : Vector3{place.x, place.y, 0};
  const auto hits = PointSearch(mesh, space, basis.ocean).nearest(v, 1);
  const double unit = space == Space::sphere   ? kEarthRadius
                      : mesh.unit().metres > 0 ? 1e-3
                                               : 1;  // km, pixels
  if (!hits.empty()) {
    const Position cell = mesh.spacing(hits[0].point);
    if (hits[0].distance * unit <= 2 * std::max(cell.y, cell.x)) return hits[0].point;
  }
  fail(ExitCode::data, "{} {},{}: no ocean point within two cells; expected a place in the region", option,
       place.y, place.x);
}

/// d/dx and d/dy by central differences, one-sided beside land, per km: eastward and northward
/// whatever the rows and columns of the mesh do.
std::vector<Functional> gradient(const Basis& basis, const Position& place) {
  const Mesh& mesh = basis.mesh;
  const idx_t at = nearest_point(basis, place, "--gradient"), j = at / mesh.nx(), i = at % mesh.nx();
  // The neighbour, or the point itself where that is land or outside.
  const auto neighbour = [&](idx_t dj, idx_t di) {
    const idx_t p = mesh.at(j + dj, i + di);
    return p >= 0 && basis.ocean[p] ? p : at;
  };
  const idx_t west = neighbour(0, -1), east = neighbour(0, 1), south = neighbour(-1, 0),
              north = neighbour(1, 0);
  const Position row = mesh.offset(west, east), column = mesh.offset(south, north);
  const double determinant = row.x * column.y - row.y * column.x;
  if (west == east || south == north || determinant == 0)
    fail(ExitCode::data, "--gradient {},{}: land on both sides; expected a place in the open ocean", place.y,
         place.x);
  std::vector<Functional> both;
  for (const auto& [name, of_row, of_column] :
       {std::tuple{"d/dx", column.y, -row.y}, std::tuple{"d/dy", -column.x, row.x}}) {
    Functional f{name, std::vector<double>(mesh.points(), 0.0)};
    const auto add = [&](idx_t point, double weight) { f.weights[point] += weight / determinant; };
    add(east, of_row);
    add(west, -of_row);
    add(north, of_column);
    add(south, -of_column);
    both.push_back(std::move(f));
  }
  return both;
}

/// file.nc or file.nc:variable. A path may hold colons of its own.
std::pair<std::string, std::string> file_and_variable(const std::string& request) {
  const std::size_t colon = request.rfind(':');
  std::error_code absent;
  if (colon == std::string::npos || std::filesystem::exists(request, absent)) return {request, ""};
  return {request.substr(0, colon), request.substr(colon + 1)};
}

/// Area mean over the ocean points where the mask is neither 0 nor missing.
Functional region(const Basis& basis, const std::string& request) {
  const auto [path, variable] = file_and_variable(request);
  const Communicator self = Communicator::self();
  const NetcdfFile file = NetcdfFile::open(self, path);
  const Mesh& mesh = basis.mesh;
  const auto mask =
      read_on_mesh(file, variable, mesh, {0, mesh.ny(), 0, mesh.nx()}, "--region " + request, "the product");
  Functional f{"region", std::vector<double>(mask.size(), 0.0)};
  for (std::size_t i = 0; i < mask.size(); ++i)
    if (basis.ocean[i] && !std::isnan(mask[i]) && mask[i] != 0) f.weights[i] = basis.area_weight(i);
  normalise_weights(self, f.weights, "--region " + request, mesh.points());
  return f;
}

/// On the points of one variable.
std::vector<Functional> functionals(const Basis& basis, const FunctionalRequest& request) {
  std::vector<Functional> result;
  if (!request.box.empty()) {
    const Box box{request.box[0], request.box[1], request.box[2], request.box[3]};
    Functional f{"box", box_weights(basis.mesh, basis.window, basis.ocean, box)};
    normalise_weights(Communicator::self(), f.weights,
                      fmt::format("--box {},{},{},{}", box.south, box.north, box.west, box.east),
                      basis.mesh.points());
    result.push_back(std::move(f));
  }
  if (!request.region.empty()) result.push_back(region(basis, request.region));
  if (!request.point.empty()) {
    Functional f{"point", std::vector<double>(basis.mesh.points(), 0.0)};
    const idx_t at = nearest_point(basis, {request.point[0], request.point[1]}, "--point");
    f.weights[at] = 1;
    result.push_back(std::move(f));
  }
  if (!request.gradient.empty())
    for (Functional& f : gradient(basis, {request.gradient[0], request.gradient[1]}))
      result.push_back(std::move(f));
  return result;
}

/// Behind a row: its realization and run.
std::string strand_note(const SampleAxis& axis, std::size_t t) {
  const std::string text = strand_text({axis[t].realization, axis[t].reference, {}});
  return text.empty() ? "" : "  " + text;
}

/// What is averaged: a variable, or one less another.
struct Combination {
  std::string name, units;
  std::vector<std::pair<std::size_t, double>> channels;  // with their factors
};
using Readers = FunctionalReader::Channels;
std::vector<Combination> combinations(const std::string& path, const Readers& readers,
                                      const std::string& wanted) {
  std::vector<Combination> found;
  std::vector<std::string> names;
  for (std::size_t a = 0; a < readers.size(); ++a) {
    if (!readers[a]) continue;
    const std::string &name = readers[a]->name(), units = readers[a]->units();
    names.push_back(name);
    if (wanted.empty() || wanted == name) found.push_back({name, units, {{a, 1.0}}});
    for (std::size_t b = 0; b < readers.size(); ++b)
      if (readers[b] && wanted == name + "-" + readers[b]->name()) {
        if (const std::string other = readers[b]->units(); units != other)
          fail(ExitCode::usage, "--variable {}: {} is in {}, {} in {}; expected one unit", wanted, name, units,
               readers[b]->name(), other);
        found.push_back({wanted, difference_units(units), {{a, 1.0}, {b, -1.0}}});
      }
  }
  if (found.empty())
    fail(ExitCode::usage,
         "--variable {}: {} holds {}; expected one of them, or the difference of two as a-b", wanted, path,
         fmt::join(names, ", "));
  return found;
}

/// What is averaged over time; nothing: each time for itself.
std::vector<TimeStretch> time_means(const SampleAxis& axis, const FunctionalRequest& request) {
  std::vector<TimeStretch> found;
  const auto append = [&](std::vector<TimeStretch> more) {
    found.insert(found.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
  };
  if (!request.mean.empty()) append(stretches(axis, request.mean));
  if (request.season) append(seasons(axis));
  if (!request.period.empty()) found.push_back(period(axis, request.period[0], request.period[1]));
  return found;
}

/// One row a mean over time.
std::string table_of_means(const FunctionalReader& reader, const std::string& name, const std::string& units,
                           const FunctionalSet& set, const std::vector<TimeStretch>& means) {
  const SampleAxis& axis = reader.times();
  std::string text =
      fmt::format("{}: {}, {}, means over time\n{:>20} {:>20} {:>6}", reader.path(), name, units, "from", "to", "times");
  for (std::size_t f = 0; f < set.size(); ++f) text += fmt::format(" {:>13} {:>11}", set.name(f), "std");
  text += '\n';
  for (const TimeStretch& stretch : means) {
    text += fmt::format("{:>20} {:>20} {:>6}", date_text(axis[stretch.steps.front()].date),
                        date_text(axis[stretch.steps.back()].date), stretch.steps.size());
    for (const FunctionalForecast& f : reader.over_time(set, stretch))
      text += fmt::format(" {:>13.7g} {:>11.5g}", f.mean, std::sqrt(f.variance));
    text += '\n';
  }
  return text;
}

}  // namespace

std::string functional_table(const std::string& path, const FunctionalRequest& request) {
  const Communicator self = Communicator::self();
  const FunctionalReader reader(path);
  const Basis& basis = reader.factors().basis();
  const auto& readers = reader.channels();
  const SampleAxis& axis = reader.times();
  const std::vector<TimeStretch> means = time_means(axis, request);
  if (!means.empty()) reader.factors().require_time();
  const std::vector<Functional> on_points = functionals(basis, request);
  const std::size_t n = basis.mesh.points();
  std::string text;
  for (const Combination& what : combinations(path, readers, request.variable)) {
    std::vector<Functional> wanted;
    for (const Functional& f : on_points) {
      Functional whole{f.name, std::vector<double>(n * readers.size(), 0.0)};
      for (const auto& [channel, factor] : what.channels)
        for (std::size_t i = 0; i < n; ++i) whole.weights[channel * n + i] = factor * f.weights[i];
      wanted.push_back(std::move(whole));
    }
    const FunctionalSet set(basis, wanted);
    if (!means.empty()) {
      require_one_series(axis, path,
                         "one for means over time: downscale one realization or run (data.realizations, "
                         "data.lr_files)");
      text += table_of_means(reader, what.name, what.units, set, means);
      continue;
    }
    text += fmt::format("{}: {}, {}{}\n{:>20}", path, what.name, what.units,
                        request.gradient.empty() ? "" : "; gradients per km", "time");
    for (std::size_t f = 0; f < set.size(); ++f) text += fmt::format(" {:>13} {:>11}", set.name(f), "std");
    text += '\n';
    std::vector<double> running;
    for (std::size_t t = 0; t < axis.size(); ++t) {
      const CoefficientForecast forecast = reader.forecast(t);
      const std::vector<double> mean = reader.mean(t, forecast, running);
      text += fmt::format("{:>20}", date_text(axis[t].date));
      auto found = set.evaluate(self, forecast, 1, mean);
      if (!running.empty()) {  // deviations are scaled point by point
        auto scaled = wanted;
        for (Functional& f : scaled)
          for (std::size_t i = 0; i < f.weights.size(); ++i) f.weights[i] *= running[i];
        const auto spread = FunctionalSet(basis, std::move(scaled)).evaluate(self, forecast, 1, mean);
        for (std::size_t f = 0; f < found.size(); ++f) found[f].variance = spread[f].variance;
      }
      for (const FunctionalForecast& f : found)
        text += fmt::format(" {:>13.7g} {:>11.5g}", f.mean, std::sqrt(f.variance));
      text += strand_note(axis, t) + '\n';
    }
  }
  return text;
}

}  // namespace podscale
