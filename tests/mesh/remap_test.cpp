#include "podscale/mesh/remap.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>

#include "example_meshes.hpp"
#include "podscale/core/error.hpp"

namespace podscale {
namespace {

constexpr float kMissing = std::numeric_limits<float>::quiet_NaN();
constexpr Interpolation kAll[] = {Interpolation::nearest, Interpolation::bilinear, Interpolation::bicubic};

std::vector<unsigned char> random_ocean(idx_t points, double share, unsigned seed) {
  std::mt19937 generator(seed);
  std::uniform_real_distribution<double> uniform;
  std::vector<unsigned char> ocean;
  for (idx_t p = 0; p < points; ++p) ocean.push_back(uniform(generator) < share);
  return ocean;
}

/// Values of the whole source on a window, NaN where they are not allowed to be looked at.
std::vector<float> window_of(const Mesh& mesh, const Window& w, const std::vector<float>& whole,
                             const std::vector<unsigned char>& ocean) {
  std::vector<float> values;
  for (idx_t j = 0; j < w.ny; ++j)
    for (idx_t i = 0; i < w.nx; ++i) {
      const std::size_t p = point_of(mesh, w, j, i);
      values.push_back(ocean[p] ? whole[p] : kMissing);
    }
  return values;
}

std::vector<float> sampled(const Mesh& mesh, const std::function<double(const Position&)>& field) {
  std::vector<float> values;
  for (idx_t p = 0; p < mesh.points(); ++p) values.push_back(static_cast<float>(field(mesh.position(p))));
  return values;
}

Window whole(const Mesh& mesh) {
  return {0, mesh.ny(), 0, mesh.nx()};
}

std::vector<float> applied(const Remap& remap, const Mesh& source, const std::vector<float>& values,
                           const std::vector<unsigned char>& ocean) {
  std::vector<float> out(remap.rows());
  remap.apply(window_of(source, remap.source(), values, ocean), out);
  return out;
}

/// All points ocean, the whole target.
std::vector<float> interpolated(const Mesh& source, const Mesh& target, const std::vector<float>& values,
                                Interpolation kind) {
  const auto ocean = all_ocean(source.points());
  const Remap remap(source, ocean, target, whole(target), all_ocean(target.points()), kind);
  EXPECT_EQ(remap.unreached(), 0);
  return applied(remap, source, values, ocean);
}

void expect_rows_sum_to_one(const Remap& remap) {
  for (idx_t r = 0; r < remap.rows(); ++r) {
    double sum = 0;
    for (const double w : remap.weights(r)) sum += w;
    ASSERT_NEAR(sum, remap.weights(r).empty() ? 0 : 1, 1e-12) << r;
  }
}

struct Pair {
  const char* name;
  std::vector<double> lat, lon, fine_lat, fine_lon;
};

/// Meshes with axes, each with windows of the target, masks of which this share is ocean, and each
/// kind of interpolation.
struct AxesCase {
  const Mesh &source, &target;
  const Window& window;
  const std::vector<unsigned char>& ocean;  ///< of the source
  std::vector<unsigned char> wet;           ///< of the window
  Interpolation kind;
  Remap remap{source, ocean, target, window, wet, kind};
};

void each_case_with_axes(double share, const std::function<void(const AxesCase&)>& check) {
  const std::vector<Pair> pairs{
      {"nested", regular_axis(-41, 2, 8), regular_axis(151, 2, 9), regular_axis(-41.875, 0.25, 64),
       regular_axis(150.125, 0.25, 72)},
      {"uneven",
       {-10, -7, -5, 0, 4},
       {30, 31, 33, 36, 40, 41},
       regular_axis(-12, 0.37, 47),
       regular_axis(28.9, 0.41, 33)},
      {"other longitudes", regular_axis(-41, 2, 8), regular_axis(-209, 2, 9), regular_axis(-41.875, 0.25, 64),
       regular_axis(150.125, 0.25, 72)},
      {"global", regular_axis(-88, 4, 45), regular_axis(2, 4, 90), regular_axis(-89.5, 1, 180),
       regular_axis(-179.5, 1, 360)},
      {"one column", regular_axis(-41, 2, 8), {150}, regular_axis(-41.875, 0.25, 64), {149.8, 150.2}}};
  for (const Pair& pair : pairs) {
    const Mesh source = Mesh::rectilinear(pair.lat, pair.lon),
               target = Mesh::rectilinear(pair.fine_lat, pair.fine_lon);
    const auto ocean = random_ocean(source.points(), share, 1),
               all_wet = random_ocean(target.points(), share, 2);
    std::vector<Window> windows{whole(target),
                                {target.ny() / 3, target.ny() / 2, target.nx() / 2, target.nx() / 2}};
    if (target.periodic()) windows.push_back({100, 30, 340, 40}), windows.push_back({0, 20, -10, 20});
    for (const Window& window : windows) {
      std::vector<unsigned char> wet;
      for (idx_t j = 0; j < window.ny; ++j)
        for (idx_t i = 0; i < window.nx; ++i) wet.push_back(all_wet[point_of(target, window, j, i)]);
      for (const Interpolation kind : kAll) {
        SCOPED_TRACE(fmt::format("{}, window {}, kind {}", pair.name, window.x0, int(kind)));
        check({source, target, window, ocean, wet, kind});
      }
    }
  }
}

double keys(double s) {
  s = std::abs(s);
  return s < 1 ? 1.5 * s * s * s - 2.5 * s * s + 1 : s < 2 ? -0.5 * s * s * s + 2.5 * s * s - 4 * s + 2 : 0;
}

/// The interpolation along one axis at a place x, by its definition: a sum of kernels over the
/// numbers of the cells. turn: 360 where the axis goes round, else 0.
double along(const std::vector<double>& centres, double turn, double x, const std::vector<double>& values,
             Interpolation kind) {
  const long n = std::ssize(centres);
  if (n == 1) return values[0];
  const auto centre = [&](long k) { return k < n ? centres[k] : centres[0] + turn; };
  const double ends = turn > 0 ? centres[0] + turn / 2 : (centres.front() + centres.back()) / 2;
  x -= 360 * std::floor((x - ends + 180) / 360);
  long left = 0;
  while (left < (turn > 0 ? n - 1 : n - 2) && centre(left + 1) <= x) ++left;
  double number = static_cast<double>(left) + (x - centre(left)) / (centre(left + 1) - centre(left));
  const double beyond = kind == Interpolation::bilinear ? 0 : 0.5;
  if (turn == 0) number = std::clamp(number, -beyond, static_cast<double>(n) - 1 + beyond);
  double sum = 0;
  for (long k = std::lround(number) - 2; k <= std::lround(number) + 2; ++k) {
    const double s = number - static_cast<double>(k),
                 weight = kind == Interpolation::bilinear ? std::max(0.0, 1 - std::abs(s)) : keys(s);
    const long inner = std::clamp<long>(k, 0, n - 1), next = inner == 0 ? 1 : n - 2;
    const auto value = [&](long cell) { return values[cell]; };
    if (turn > 0)
      sum += weight * value((k + n) % n);
    else  // a ghost lies on the line through the two outermost
      sum +=
          weight * (value(inner) + static_cast<double>(std::abs(k - inner)) * (value(inner) - value(next)));
  }
  return sum;
}

TEST(RemapAxes, AllOceanIsTheTensorProductOfTheKernels) {
  each_case_with_axes(1, [](const AxesCase& c) {
    std::mt19937 generator(3);
    std::normal_distribution<float> normal;
    std::vector<float> values;
    for (idx_t p = 0; p < c.source.points(); ++p) values.push_back(10 * normal(generator));
    EXPECT_EQ(c.remap.unreached(), 0);
    const auto out = applied(c.remap, c.source, values, c.ocean);
    const double turn = c.source.periodic() ? 360 : 0;
    const auto &lat = c.source.y().centres, &lon = c.source.x().centres;
    for (idx_t r = 0; r < c.remap.rows(); ++r) {
      const Position at = c.target.position(point_of(c.target, c.window, r / c.window.nx, r % c.window.nx));
      const float found = out[r];
      if (c.kind == Interpolation::nearest) {
        if (r % 7 > 0) continue;        // each looks at all cells
        double least = 1e9, its = 1e9;  // distances of any cell, and of the nearest that holds this value
        for (idx_t p = 0; p < c.source.points(); ++p) {
          const Position cell = c.source.position(p);
          const double far = std::hypot(cell.y - at.y, std::remainder(cell.x - at.x, 360.0));
          least = std::min(least, far);
          if (values[p] == found) its = std::min(its, far);
        }
        ASSERT_NEAR(its, least, 1e-9) << r;
        continue;
      }
      std::vector<double> rows;
      for (idx_t j = 0; j < c.source.ny(); ++j) {
        const auto first = values.begin() + j * c.source.nx();
        rows.push_back(along(lon, turn, at.x, {first, first + c.source.nx()}, c.kind));
      }
      ASSERT_NEAR(found, along(lat, 0, at.y, rows, c.kind), 1e-5) << r;
    }
  });
}

TEST(RemapAxes, AConstantStaysWhereARowHasLinksAndIsZeroElsewhere) {
  each_case_with_axes(0.6, [](const AxesCase& c) {
    const auto out = applied(c.remap, c.source, std::vector<float>(c.ocean.size(), 7), c.ocean);
    expect_rows_sum_to_one(c.remap);
    idx_t empty = 0, full = 0;
    for (idx_t r = 0; r < c.remap.rows(); ++r) {
      const std::size_t p = r;
      ASSERT_NEAR(out[p], c.remap.weights(r).empty() ? 0 : 7, 1e-5) << r;
      if (!c.wet[p]) {
        ASSERT_TRUE(c.remap.weights(r).empty()) << r;
      } else {
        ++(c.remap.weights(r).empty() ? empty : full);
      }
    }
    EXPECT_EQ(empty, c.remap.unreached());
    EXPECT_GT(full, 0);
  });
}

TEST(RemapAxes, ASourceThatEndsFarAwayIsNotReached) {
  const Mesh source = Mesh::rectilinear(regular_axis(0, 1, 5), regular_axis(0, 1, 5));
  const Mesh target = Mesh::rectilinear({2}, regular_axis(0, 1, 20));
  for (const Interpolation kind : kAll) {
    const Remap remap(source, all_ocean(25), target, whole(target), all_ocean(20), kind);
    EXPECT_EQ(remap.unreached(), 20 - 9) << int(kind);  // columns 0 to 4, and 4 more
    EXPECT_EQ(remap.weights(9).size(), 0u);
    EXPECT_NE(remap.weights(8).size(), 0u);
  }
}

TEST(RemapAxes, WindowsHaveTheRowsOfTheWholeWhateverTheCut) {
  // Longitudes of a tenth of a degree have no exact double: windows across the cut must not shift
  // them.
  const Mesh source = Mesh::rectilinear(regular_axis(-88, 4, 45), regular_axis(0.3, 4, 90)),
             target = Mesh::rectilinear(regular_axis(-40, 0.7, 30), regular_axis(-179.9, 0.1, 3600));
  const auto ocean = random_ocean(source.points(), 0.7, 5);
  for (const Interpolation kind : kAll) {
    const Remap all(source, ocean, target, whole(target), all_ocean(target.points()), kind);
    for (const Window& w : {Window{3, 7, 1700, 300}, Window{0, 30, 3500, 200}, Window{10, 5, -50, 60}}) {
      const Remap part(source, ocean, target, w, all_ocean(w.points()), kind);
      for (idx_t r = 0; r < part.rows(); ++r) {
        const idx_t row = point_of(target, w, r / w.nx, r % w.nx);
        ASSERT_TRUE(std::ranges::equal(part.weights(r), all.weights(row))) << r;
        for (std::size_t k = 0; k < part.weights(r).size(); ++k) {
          const auto point = [&](const Remap& remap, idx_t of) {
            const idx_t c = remap.columns(of)[k], nx = remap.source().nx;
            return point_of(source, remap.source(), c / nx, c % nx);
          };
          ASSERT_EQ(point(part, r), point(all, row));
        }
      }
    }
  }
}

TEST(RemapAxes, TargetsMayLieAnywhere) {
  const Mesh source = Mesh::rectilinear(regular_axis(-89, 2, 90), regular_axis(1, 2, 180));
  const auto linear = [](const Position& p) { return 3 + 0.5 * p.y; };
  const Mesh target = Mesh::curvilinear(20, 30, table_of(20, 30, [](double j, double i) {
                                          return rotated({-20 + 2 * j, 5 + i}, 50, 30);
                                        }));
  for (const Interpolation kind : {Interpolation::bilinear, Interpolation::bicubic}) {
    const auto values = interpolated(source, target, sampled(source, linear), kind);
    for (idx_t p = 0; p < target.points(); ++p) ASSERT_NEAR(values[p], linear(target.position(p)), 1e-5);
  }
  // The same places as axes and as single positions.
  const Mesh axes = Mesh::rectilinear(regular_axis(-50, 0.5, 40), regular_axis(170, 0.5, 50));
  const Mesh points = Mesh::curvilinear(40, 50, table_of(40, 50, [](double j, double i) {
                                          return Position{-50 + 0.5 * j, 170 + 0.5 * i};
                                        }));
  const auto wavy = sampled(source, [](const Position& p) { return std::sin(p.y) + std::cos(0.1 * p.x); });
  for (const Interpolation kind : kAll)
    EXPECT_EQ(interpolated(source, axes, wavy, kind), interpolated(source, points, wavy, kind));
}

/// Largest error of a smooth function of the place, in terms of its vector on the sphere.
double error_on_sphere(const Mesh& source, const Mesh& target, Interpolation kind) {
  const auto field = [](const Position& p) {
    const Vector3 v = unit_vector(p);
    return 2 * v.x - v.y + 3 * v.z + v.x * v.z;
  };
  const auto values = interpolated(source, target, sampled(source, field), kind);
  double worst = 0;
  for (idx_t p = 0; p < target.points(); ++p)
    worst = std::max(worst, std::abs(static_cast<double>(values[p]) - field(target.position(p))));
  return worst;
}

TEST(RemapCurvilinear, IsOfSecondOrderOnRotatedAndTripolarMeshes) {
  const Mesh target = Mesh::rectilinear(regular_axis(-70, 2.3, 69), regular_axis(-179, 3.1, 116));
  const auto turned = [](idx_t n) {  // a whole globe with its poles elsewhere, one of them in the target
    return Mesh::curvilinear(n, 2 * n, table_of(n, 2 * n, [n](double j, double i) {
                               const double step = 180 / static_cast<double>(n);
                               return rotated({-90 + step * (j + 0.5), step * (i + 0.5)}, 39.25, -162);
                             }));
  };
  const Mesh off_the_poles = Mesh::rectilinear(regular_axis(-30, 2.3, 26), regular_axis(0, 3.1, 40));
  double coarse = error_on_sphere(turned(45), off_the_poles, Interpolation::bilinear);
  double fine = error_on_sphere(turned(90), off_the_poles, Interpolation::bilinear);
  EXPECT_LT(coarse, 5e-3);
  EXPECT_NEAR(coarse / fine, 4, 0.8);
  const auto tripolar = [](idx_t n) { return Tripolar{20 * n, 30 * n, 6 * n}.mesh(); };
  coarse = error_on_sphere(tripolar(3), target, Interpolation::bilinear);
  fine = error_on_sphere(tripolar(6), target, Interpolation::bilinear);
  EXPECT_LT(coarse, 1e-2);
  EXPECT_NEAR(coarse / fine, 4, 0.8);
  EXPECT_LT(error_on_sphere(tripolar(3), target, Interpolation::nearest), 0.3);
}

TEST(RemapCurvilinear, SeamsFoldsAndRepeatsLeaveNoGap) {
  const Tripolar t{60, 90, 18};
  const Mesh target = Mesh::rectilinear(regular_axis(-84, 1.7, 103), regular_axis(-180, 1.3, 276));
  const double plain = error_on_sphere(t.mesh(), target, Interpolation::bilinear);
  EXPECT_LT(plain, 1e-2);
  for (const bool t_pivot : {false, true})
    EXPECT_LT(error_on_sphere(t.with_repeats(t_pivot), target, Interpolation::bilinear), 1.2e-2) << t_pivot;
  // Repeats hold no values of their own.
  const Mesh source = t.with_repeats(false);
  auto ocean = all_ocean(source.points());
  for (idx_t p = 0; p < source.points(); ++p)
    if (source.owner(p) != p) ocean[p] = 0;
  const Remap remap(source, ocean, target, whole(target), all_ocean(target.points()),
                    Interpolation::bilinear);
  const auto constant = std::vector<float>(source.points(), 7);
  for (const float v : applied(remap, source, constant, ocean)) ASSERT_NEAR(v, 7, 1e-5);
  expect_rows_sum_to_one(remap);
  for (idx_t r = 0; r < remap.rows(); ++r) ASSERT_GE(remap.weights(r).size(), 1u);
}

TEST(RemapCurvilinear, PlainMeshesGiveWhatAxesGive) {
  // Great circles and parallels differ a little: by the square of the cell.
  const Mesh axes = Mesh::rectilinear(regular_axis(-30, 1, 40), regular_axis(0, 1, 50));
  const Mesh points = Mesh::curvilinear(40, 50, table_of(40, 50, [](double j, double i) {
                                          return Position{-30 + j, i};
                                        }));
  const Mesh target = Mesh::rectilinear(regular_axis(-29.3, 0.31, 120), regular_axis(0.1, 0.29, 160));
  const auto values =
      sampled(axes, [](const Position& p) { return std::sin(0.1 * p.y) + std::cos(0.1 * p.x); });
  const auto a = interpolated(axes, target, values, Interpolation::bilinear),
             b = interpolated(points, target, values, Interpolation::bilinear);
  for (std::size_t p = 0; p < a.size(); ++p) ASSERT_NEAR(a[p], b[p], 2e-4);
  const auto c = interpolated(axes, target, values, Interpolation::nearest),
             d = interpolated(points, target, values, Interpolation::nearest);
  idx_t differ = 0;  // half-way between two points
  for (std::size_t p = 0; p < c.size(); ++p) differ += c[p] != d[p];
  EXPECT_LT(differ, target.points() / 50);
}

TEST(RemapCurvilinear, LandNeverBleedsAndFarPointsAreCounted) {
  const Tripolar t{60, 90, 18};
  const Mesh source = t.mesh(), target = Mesh::rectilinear(regular_axis(-80, 2, 80), regular_axis(0, 2, 180));
  std::vector<unsigned char> ocean;
  for (idx_t p = 0; p < source.points(); ++p) ocean.push_back(source.position(p).y > 10);
  for (const Interpolation kind : {Interpolation::nearest, Interpolation::bilinear}) {
    const Remap remap(source, ocean, target, whole(target), all_ocean(target.points()), kind, 2);
    const auto out = applied(remap, source, std::vector<float>(ocean.size(), 7), ocean);
    idx_t far = 0;
    for (idx_t p = 0; p < target.points(); ++p) {
      const double lat = target.position(p).y;
      const float value = out[p];
      if (lat > 10 - 3) {
        ASSERT_NEAR(value, 7, 1e-5) << lat;
      }
      if (lat < 10 - 10) {
        ASSERT_EQ(value, 0) << lat;
      }
      far += value == 0;
    }
    EXPECT_EQ(remap.unreached(), far);
    expect_rows_sum_to_one(remap);
  }
}

TEST(RemapCurvilinear, WindowsHaveTheRowsOfTheWhole) {
  const Tripolar t{60, 90, 18};
  const Mesh source = t.mesh(), target = Mesh::rectilinear(regular_axis(-80, 2, 85), regular_axis(1, 2, 180));
  const auto ocean = random_ocean(source.points(), 0.6, 7);
  const auto values = sampled(source, [](const Position& p) { return std::sin(p.y) + std::cos(0.1 * p.x); });
  const Remap all(source, ocean, target, whole(target), all_ocean(target.points()), Interpolation::bilinear);
  const auto expected = applied(all, source, values, ocean);
  idx_t narrow = 0;
  for (idx_t y = 0; y < 85; y += 17)
    for (idx_t x = -10; x < 170; x += 30) {
      const Window w{y, 17, x, 30};
      const Remap part(source, ocean, target, w, all_ocean(w.points()), Interpolation::bilinear);
      const auto out = applied(part, source, values, ocean);
      for (idx_t r = 0; r < part.rows(); ++r)
        ASSERT_EQ(out[r], expected[point_of(target, w, r / w.nx, r % w.nx)]);
      narrow += part.source().nx < 45;
    }
  EXPECT_GE(narrow, 20);  // of 30: all but those in the cap
}

TEST(RemapCurvilinear, PointsWithoutAPositionTakeNoPart) {
  PointTable table = table_of(20, 20, [](double j, double i) { return Position{j, i}; });
  for (idx_t i = 0; i < 20; ++i) table.y[100 + i] = std::nan("");
  const Mesh source = Mesh::curvilinear(20, 20, table);
  const Mesh target = Mesh::rectilinear(regular_axis(0.5, 1, 19), regular_axis(0.5, 1, 19));
  const Remap remap(source, all_ocean(400), target, whole(target), all_ocean(361), Interpolation::bilinear,
                    2);
  EXPECT_EQ(remap.unreached(), 0);
  const Remap back(target, all_ocean(361), source, whole(source), all_ocean(400), Interpolation::bilinear);
  EXPECT_EQ(back.unreached(), 20);
}

TEST(RemapPlane, UnitsOfLengthMayDiffer) {
  const Mesh source = Mesh::plane(regular_axis(0, 10, 12), regular_axis(50, 10, 15), {"km", 1000});
  const Mesh axes = Mesh::plane(regular_axis(5000, 2500, 40), regular_axis(52000, 2500, 50), {"m", 1});
  const Mesh skewed = Mesh::plane(10, 10,
                                  table_of(10, 10,
                                           [](double j, double i) {
                                             return Position{20e3 + 3e3 * j + 500 * i, 80e3 + 3e3 * i};
                                           }),
                                  {"m", 1});
  const auto linear = [](const Position& p) { return 1e-3 * p.y - 2e-3 * p.x; };
  for (const Mesh& target : {axes, skewed})
    for (const Interpolation kind : {Interpolation::bilinear, Interpolation::bicubic}) {
      const auto out = interpolated(source, target, sampled(source, linear), kind);
      for (idx_t p = 0; p < target.points(); ++p) ASSERT_NEAR(out[p], linear(target.position(p)), 1e-4);
    }
  const auto back = interpolated(Mesh::plane(30, 30,
                                             table_of(30, 30,
                                                      [](double j, double i) {
                                                        return Position{3e3 * j + 500 * i, 60e3 + 3e3 * i};
                                                      }),
                                             {"m", 1}),
                                 Mesh::plane({40, 50}, {80, 90, 100}, {"km", 1000}),
                                 std::vector<float>(900, 3), Interpolation::bilinear);
  for (const float v : back) EXPECT_NEAR(v, 3, 1e-6);
}

TEST(RemapPlane, ImagesScaleUp) {
  const Mesh fine = Mesh::image(16, 24), coarse = Mesh::image(4, 6, 4);
  const auto linear = [](const Position& p) { return p.y + 2 * p.x; };
  const auto out = interpolated(coarse, fine, sampled(coarse, linear), Interpolation::bicubic);
  for (idx_t p = 0; p < fine.points(); ++p) ASSERT_NEAR(out[p], linear(fine.position(p)), 1e-5);
}

TEST(RemapPlane, LatitudesJoinAPlaneToTheSphere) {
  // A polar stereographic plane, as sea ice has it.
  const idx_t n = 60;
  std::vector<double> lat, lon;
  const std::vector<double> axis = regular_axis(-2950, 100, n);
  for (const double y : axis)
    for (const double x : axis) {
      lat.push_back(90 - 2 * std::atan(std::hypot(x, y) / (2 * kEarthRadius)) / kRadians);
      lon.push_back(std::atan2(x, -y) / kRadians);
    }
  const Mesh bare = Mesh::plane(axis, axis, {"km", 1000}), plane = bare.with_geographic(lat, lon);
  const Mesh target = Mesh::rectilinear(regular_axis(70, 1, 20), regular_axis(0, 5, 72));
  const auto field = [](const Position& p) { return dot(unit_vector(p), {1, 2, 3}); };
  std::vector<float> values;
  for (idx_t p = 0; p < plane.points(); ++p) values.push_back(static_cast<float>(field(plane.degrees(p))));
  const auto out = interpolated(plane, target, values, Interpolation::bilinear);
  for (idx_t p = 0; p < target.points(); ++p) ASSERT_NEAR(out[p], field(target.position(p)), 1e-3);
  const auto back =
      interpolated(target, plane.subset({20, 20, 20, 20}), sampled(target, field), Interpolation::bicubic);
  EXPECT_EQ(back.size(), 400u);
  EXPECT_FALSE(offers(Interpolation::bicubic, plane, target));
  EXPECT_TRUE(offers(Interpolation::bicubic, plane, bare));

  const auto refusal = [](const Mesh& a, const Mesh& b) -> std::string {
    try {
      common_space(a, b);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::data);
      return error.what();
    }
    return "";
  };
  EXPECT_NE(refusal(bare, target).find("no latitudes"), std::string::npos) << refusal(bare, target);
  EXPECT_NE(refusal(bare, Mesh::image(60, 60)).find("pixels"), std::string::npos);
  const auto parallel = [](double degrees) {
    return GridMapping{"crs", {{"standard_parallel", "", {degrees}}}};
  };
  EXPECT_EQ(refusal(bare.with_mapping(parallel(70)), bare.with_mapping(parallel(70))), "");
  EXPECT_NE(
      refusal(bare.with_mapping(parallel(70)), bare.with_mapping(parallel(71))).find("standard_parallel"),
      std::string::npos);
  EXPECT_EQ(common_space(plane.with_mapping(parallel(70)), plane.with_mapping(parallel(71))), Space::sphere);
}

TEST(RemapCurvilinear, BicubicIsRefused) {
  const Mesh source = Tripolar().mesh(), target = Mesh::rectilinear({0, 1}, {0, 1});
  try {
    const Remap remap(source, all_ocean(source.points()), target, whole(target), all_ocean(4),
                      Interpolation::bicubic);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::usage);
    EXPECT_NE(std::string(error.what()).find("choose 'bilinear'"), std::string::npos);
  }
}

TEST(RemapTriplets, RowsAreThoseOfTheLinks) {
  const Mesh source = Mesh::rectilinear({0, 1}, {0, 1, 2}), target = Mesh::rectilinear({0, 0.5, 1}, {0, 1});
  Remap::Triplets links{{3, 0, 3, 2, 2, 5}, {4, 0, 1, 2, 3, 5}, {0.5, 1, 0.5, 0.25, 0.75, 1}};
  auto ocean = all_ocean(6);
  const std::vector<float> values{1, 2, 3, 4, 5, 6};
  const auto rows = [&](const Window& w, Remap::Land land) {
    return Remap::from_triplets(source, ocean, target, w, all_ocean(w.points()), links, land);
  };
  const Remap all = rows(whole(target), Remap::Land::renormalise);
  EXPECT_EQ(all.unreached(), 2);
  EXPECT_EQ(applied(all, source, values, ocean), (std::vector<float>{1, 0, 3.75, 3.5, 0, 6}));
  EXPECT_EQ(applied(rows({1, 1, 0, 2}, Remap::Land::renormalise), source, values, ocean),
            (std::vector<float>{3.75, 3.5}));
  ocean[4] = ocean[5] = 0;
  EXPECT_EQ(applied(rows(whole(target), Remap::Land::renormalise), source, values, ocean),
            (std::vector<float>{1, 0, 3.75, 2, 0, 0}));
  const Remap strict = rows(whole(target), Remap::Land::unreached);
  EXPECT_EQ(applied(strict, source, values, ocean), (std::vector<float>{1, 0, 3.75, 0, 0, 0}));
  EXPECT_EQ(strict.unreached(), 4);
  links.source[2] = 6;
  EXPECT_THROW(rows(whole(target), Remap::Land::renormalise), Error);
}

}  // namespace
}  // namespace podscale
