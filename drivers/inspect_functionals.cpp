#include "inspect_functionals.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "podscale/base/calendar.hpp"
#include "podscale/base/error.hpp"
#include "podscale/base/units.hpp"
#include "podscale/gaussian/product_factors.hpp"

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

/// d/dx and d/dy by central differences, one-sided beside land, K per km.
std::vector<Functional> gradient(const Basis& basis, double lat, double lon) {
  const Grid& grid = basis.grid;
  const long at = nearest_point(basis, lat, lon, "--gradient"), nx = grid.nx(), j = at / nx, i = at % nx;
  const auto ocean = [&](long y, long x) {
    return y >= 0 && y < grid.ny() && x >= 0 && x < nx && basis.ocean[static_cast<std::size_t>(y * nx + x)];
  };
  std::vector<Functional> both;
  for (const bool east : {true, false}) {
    const long y0 = j - (!east && ocean(j - 1, i)), y1 = j + (!east && ocean(j + 1, i)),
               x0 = i - (east && ocean(j, i - 1)), x1 = i + (east && ocean(j, i + 1));
    const double distance =
        east ? cells_apart(grid.lon[static_cast<std::size_t>(x1)] - grid.lon[static_cast<std::size_t>(x0)]) *
                   std::cos(grid.lat[static_cast<std::size_t>(j)] * std::numbers::pi / 180)
             : cells_apart(grid.lat[static_cast<std::size_t>(y1)] - grid.lat[static_cast<std::size_t>(y0)]);
    if (distance <= 0)
      fail(ExitCode::data, "--gradient {},{}: land on both sides; expected a place in the open ocean", lat,
           lon);
    Functional f{east ? "d/dx" : "d/dy", std::vector<double>(static_cast<std::size_t>(grid.points()), 0.0)};
    f.weights[static_cast<std::size_t>(y1 * nx + x1)] += 1 / distance;
    f.weights[static_cast<std::size_t>(y0 * nx + x0)] -= 1 / distance;
    both.push_back(std::move(f));
  }
  return both;
}

Functional region(const Basis& basis, const std::string& request) {
  const std::size_t colon = request.rfind(':');
  const std::string path = request.substr(0, colon);
  const Communicator self = Communicator::self();
  const NetcdfFile file = NetcdfFile::open(self, path);
  std::string name = colon == std::string::npos ? "" : request.substr(colon + 1);
  const std::vector<std::size_t> shape{basis.grid.lat.size(), basis.grid.lon.size()};
  for (const std::string& candidate : file.variable_names())
    if (name.empty() && file.variable(candidate).shape == shape) name = candidate;
  if (name.empty() || file.variable(name).shape != shape)
    fail(ExitCode::data,
         "--region {}: {} is not {} x {}; expected a mask on the grid of the product, file.nc or "
         "file.nc:variable",
         request, name.empty() ? "no variable" : name, shape[0], shape[1]);
  const auto mask = file.get_all(name);
  Functional f{"region", std::vector<double>(mask.size(), 0.0)};
  for (std::size_t i = 0; i < mask.size(); ++i)
    if (basis.ocean[i] && mask[i] != 0 && std::abs(mask[i]) < 1e30)
      f.weights[i] = basis.grid.area_weight(static_cast<long>(i) / basis.grid.nx(),
                                            static_cast<long>(i) % basis.grid.nx());
  normalise_weights(self, f.weights, "--region " + request, basis.grid.points());
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
  for (std::size_t f = 0; f < set.size(); ++f) text += fmt::format(" {:>12} {:>10}", set.name(f), "std");
  text += '\n';
  const std::size_t ny = basis.grid.lat.size(), nx = basis.grid.lon.size();
  std::vector<double> mean(ny * nx);
  for (std::size_t t = 0; t < factors.times(); ++t) {
    file.get(variable, {t, 0, 0}, {1, ny, nx}, std::span(mean));
    text += fmt::format("{:>20}", date_text(axis.dates[t]));
    for (const FunctionalForecast& f : set.evaluate(self, factors.read(t), 1, mean))
      text += fmt::format(" {:>12.5f} {:>10.5f}", f.mean, scale * std::sqrt(f.variance));
    text += '\n';
  }
  return text;
}

}  // namespace podscale
