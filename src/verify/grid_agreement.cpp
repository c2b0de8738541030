#include "podscale/verify/grid_agreement.hpp"

#include <cmath>

#include "podscale/core/error.hpp"

namespace podscale {
namespace {

bool close(const std::vector<double>& found, const std::vector<double>& expected, double period) {
  if (found.size() != expected.size()) return false;
  for (std::size_t i = 0; i < found.size(); ++i) {
    const std::size_t j = i + 1 < expected.size() ? i : i - (i > 0 ? 1 : 0);
    const double cell = expected.size() > 1 ? std::abs(expected[j + 1] - expected[j]) : 1.0;
    double distance = found[i] - expected[i];
    if (period > 0) distance = std::remainder(distance, period);
    if (!(std::abs(distance) <= 1e-3 * cell)) return false;
  }
  return true;
}

}  // namespace

std::string grid_corners(const Grid& grid) {
  return fmt::format("{} x {} points, {:.4f} to {:.4f} N, {:.4f} to {:.4f} E", grid.ny(), grid.nx(),
                     grid.lat.front(), grid.lat.back(), grid.lon.front(), grid.lon.back());
}

void require_close_grids(const Grid& found, const std::string& what, const Grid& expected,
                         const std::string& expected_what) {
  if (close(found.lat, expected.lat, 0) && close(found.lon, expected.lon, 360)) return;
  fail(ExitCode::data, "{}: grid of {}; expected that of {}: {}, to 1e-3 of a cell; give files on one grid",
       what, grid_corners(found), expected_what, grid_corners(expected));
}

}  // namespace podscale
