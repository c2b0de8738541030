#include "podscale/study/inspect_functionals.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <numbers>
#include <utility>

#include "podscale/core/calendar.hpp"
#include "podscale/core/error.hpp"
#include "podscale/core/units.hpp"
#include "podscale/study/product_factors.hpp"
#include "podscale/field/field_on_grid.hpp"

namespace podscale {
namespace {

constexpr double kEarthRadius = 6371.0;  // km

/// Name of the field: the one that has a _variance beside it.
std::string mean_variable(const NetcdfFile& file) {
  for (const std::string& name : file.variable_names())
    if (file.has_variable(name + "_variance")) return name;
  fail(ExitCode::data, "{}: no field with its variance in it; expected a product of podscale-downscale",
       file.path());
}

double cells_apart(double degrees) {
  return degrees * std::numbers::pi / 180 * kEarthRadius;
}

/// Nearest ocean point.
long nearest_point(const Basis& basis, double lat, double lon, const std::string& option) {
  const Grid& grid = basis.grid;
  long best = -1;
  double smallest = std::numeric_limits<double>::infinity();
  for (long j = 0; j < grid.ny(); ++j)
    for (long i = 0; i < grid.nx(); ++i) {
      if (!basis.ocean[static_cast<std::size_t>(j * grid.nx() + i)]) continue;
      const double dy = grid.lat[static_cast<std::size_t>(j)] - lat;
      const double dx = std::remainder(grid.lon[static_cast<std::size_t>(i)] - lon, 360.0) *
                        std::cos(lat * std::numbers::pi / 180);
      if (dy * dy + dx * dx < smallest) smallest = dy * dy + dx * dx, best = j * grid.nx() + i;
    }
  const double cell = grid.ny() > 1 ? grid.lat[1] - grid.lat[0] : 1;
  if (best < 0 || std::sqrt(smallest) > 2 * cell)
    fail(ExitCode::data, "{} {},{}: no ocean point within two cells; expected a place in the region", option,
         lat, lon);
  return best;
}

/// d/dx and d/dy by central differences, one-sided beside land, K per km. Round the earth where the grid
/// goes.
std::vector<Functional> gradient(const Basis& basis, double lat, double lon) {
  const Grid& grid = basis.grid;
  const long at = nearest_point(basis, lat, lon, "--gradient"), nx = grid.nx(), j = at / nx, i = at % nx;
  // The neighbour, or the point itself where that is land or outside.
  const auto neighbour = [&](long dy, long dx) {
    const long y = j + dy, x = grid.periodic ? (i + dx + nx) % nx : i + dx;
    const bool ocean =
        y >= 0 && y < grid.ny() && x >= 0 && x < nx && basis.ocean[static_cast<std::size_t>(y * nx + x)];
    return ocean ? y * nx + x : at;
  };
  const auto lat_of = [&](long point) { return grid.lat[static_cast<std::size_t>(point / nx)]; };
  const auto lon_of = [&](long point) { return grid.lon[static_cast<std::size_t>(point % nx)]; };
  std::vector<Functional> both;
  for (const bool east : {true, false}) {
    const long from = east ? neighbour(0, -1) : neighbour(-1, 0),
               to = east ? neighbour(0, 1) : neighbour(1, 0);
    const double distance = east ? cells_apart(std::remainder(lon_of(to) - lon_of(from), 360.0)) *
                                       std::cos(lat_of(at) * std::numbers::pi / 180)
                                 : cells_apart(lat_of(to) - lat_of(from));
    if (distance <= 0)
      fail(ExitCode::data, "--gradient {},{}: land on both sides; expected a place in the open ocean", lat,
           lon);
    Functional f{east ? "d/dx" : "d/dy", std::vector<double>(static_cast<std::size_t>(grid.points()), 0.0)};
    f.weights[static_cast<std::size_t>(to)] += 1 / distance;
    f.weights[static_cast<std::size_t>(from)] -= 1 / distance;
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
  const Grid& grid = basis.grid;
  const auto mask =
      read_on_grid(file, variable, mesh_of(grid), {0, grid.ny(), 0, grid.nx()}, "--region " + request, "the product");
  Functional f{"region", std::vector<double>(mask.size(), 0.0)};
  for (std::size_t i = 0; i < mask.size(); ++i)
    if (basis.ocean[i] && !std::isnan(mask[i]) && mask[i] != 0)
      f.weights[i] = grid.area_weight(static_cast<long>(i) / grid.nx(), static_cast<long>(i) % grid.nx());
  normalise_weights(self, f.weights, "--region " + request, grid.points());
  return f;
}

std::vector<Functional> functionals(const Basis& basis, const FunctionalRequest& request) {
  std::vector<Functional> result;
  if (!request.box.empty()) {
    const Box box{request.box[0], request.box[1], request.box[2], request.box[3]};
    Functional f{"box", box_weights(basis.grid, basis.window, basis.ocean, box)};
    normalise_weights(
        Communicator::self(), f.weights,
        fmt::format("--box {}", fmt::format("{},{},{},{}", box.south, box.north, box.west, box.east)),
        basis.grid.points());
    result.push_back(std::move(f));
  }
  if (!request.region.empty()) result.push_back(region(basis, request.region));
  if (!request.point.empty()) {
    Functional f{"point", std::vector<double>(static_cast<std::size_t>(basis.grid.points()), 0.0)};
    f.weights[static_cast<std::size_t>(nearest_point(basis, request.point[0], request.point[1], "--point"))] =
        1;
    result.push_back(std::move(f));
  }
  if (!request.gradient.empty())
    for (Functional& f : gradient(basis, request.gradient[0], request.gradient[1]))
      result.push_back(std::move(f));
  return result;
}

}  // namespace

std::string functional_table(const std::string& path, const FunctionalRequest& request) {
  const Communicator self = Communicator::self();
  const NetcdfFile file = NetcdfFile::open(self, path);
  file.warn_of_changes();
  const std::string variable = mean_variable(file);
  const FactorReader factors(file, variable);
  const Basis& basis = factors.basis();
  const FunctionalSet set(basis, functionals(basis, request));
  const TimeAxis axis = decode_times(file.get_all("time"), file.text("time", "units").value_or(""),
                                     file.text("time", "calendar").value_or("standard"), path + ": time");
  const std::string units = file.text(variable, "units").value_or("degC");
  const double scale = std::abs(unit_conversion("degC", units, path + ": " + variable).scale);

  std::string text = fmt::format("{}: {}, {}{}\n{:>20}", path, variable, units,
                                 request.gradient.empty() ? "" : "; gradients per km", "time");
  for (std::size_t f = 0; f < set.size(); ++f) text += fmt::format(" {:>13} {:>11}", set.name(f), "std");
  text += '\n';
  const std::size_t ny = basis.grid.lat.size(), nx = basis.grid.lon.size();
  std::vector<double> mean(ny * nx);
  for (std::size_t t = 0; t < factors.times(); ++t) {
    file.get(variable, {t, 0, 0}, {1, ny, nx}, std::span(mean));
    text += fmt::format("{:>20}", date_text(axis.dates[t]));
    for (const FunctionalForecast& f : set.evaluate(self, factors.read(t), 1, mean))
      text += fmt::format(" {:>13.7g} {:>11.5g}", f.mean, scale * std::sqrt(f.variance));
    text += '\n';
  }
  return text;
}

}  // namespace podscale
