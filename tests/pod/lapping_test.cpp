// Against the rotations done one after the other on the whole grid.
#include "podscale/pod/lapping.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "podscale/core/random.hpp"

using namespace podscale;

namespace {

struct Region {
  long ny, nx, patch_y, patch_x;
  bool periodic, land;
  bool ocean(long y, long x) const { return !land || (5 * y + 3 * x) % 7 != 0; }
};

std::vector<double> field(const Region& r, std::uint32_t number) {
  std::vector<double> u(r.ny * r.nx);
  CounterRandom(3, Stream::test).fill_normal(std::span(u), number);
  return u;
}

/// R u by its definition.
std::vector<double> folded(const Region& r, std::vector<double> u, long overlap) {
  const auto at = [&](long y, long x) -> double& { return u[y * r.nx + x]; };
  const auto rotate = [&](long y0, long x0, long y1, long x1, double angle) {
    if (!r.ocean(y0, x0) || !r.ocean(y1, x1)) return;
    const double low = at(y0, x0), high = at(y1, x1);
    at(y0, x0) = std::cos(angle) * low - std::sin(angle) * high;
    at(y1, x1) = std::cos(angle) * high + std::sin(angle) * low;
  };
  const auto along = [&](long points, long patch, bool periodic, const auto& pair) {
    const long patches = (points + patch - 1) / patch;
    const auto size = [&](long p) { return std::min(patch, points - p * patch); };
    for (long p = 0; p < patches; ++p) {
      const long next = (p + 1) % patches;
      if (next == 0 && (!periodic || patches == 1)) continue;
      const long width = std::min({overlap, size(p) / 2, size(next) / 2});
      for (long j = 0; j < width; ++j)
        pair(p * patch + size(p) - 1 - j, next * patch + j,
             std::numbers::pi / 4 * (1 - (static_cast<double>(j) + 0.5) / static_cast<double>(width)));
    }
  };
  along(r.ny, r.patch_y, false, [&](long low, long high, double angle) {
    for (long x = 0; x < r.nx; ++x) rotate(low, x, high, x, angle);
  });
  along(r.nx, r.patch_x, r.periodic, [&](long low, long high, double angle) {
    for (long y = 0; y < r.ny; ++y) rotate(y, low, y, high, angle);
  });
  return u;
}

struct Part {
  Part(const Region& r, long overlap)
      : region(r),
        decomposition(r.ny, r.nx, r.patch_y, r.patch_x, comm.size()),
        window(decomposition.window_of(comm.rank())) {
    std::vector<unsigned char> ocean;
    for (long y = window.y0; y < window.y0 + window.ny; ++y)
      for (long x = window.x0; x < window.x0 + window.nx; ++x) ocean.push_back(r.ocean(y, x));
    lapping = Lapping(comm, decomposition, r.periodic, ocean, overlap);
  }
  std::vector<double> of(const std::vector<double>& whole) const {
    std::vector<double> part;
    for (long y = window.y0; y < window.y0 + window.ny; ++y)
      for (long x = window.x0; x < window.x0 + window.nx; ++x) part.push_back(whole[y * region.nx + x]);
    return part;
  }
  Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  Region region;
  Decomposition decomposition;
  Window window;
  Lapping lapping;
};

const std::vector<Region> kRegions = {{14, 17, 4, 5, false, false}, {14, 17, 4, 5, false, true},
                                      {12, 24, 4, 6, true, true},   {9, 12, 4, 6, true, false},
                                      {8, 16, 8, 16, true, false},  {10, 11, 3, 3, false, true}};

}  // namespace

TEST(Lapping, IsItsDefinitionTheSameBitsAtAnyRankCount) {
  for (const Region& r : kRegions)
    for (const long overlap : {1, 2, 3}) {
      const Part part(r, overlap);
      const auto a = field(r, 1), b = field(r, 2);
      std::vector<double> two = part.of(a);
      const auto second = part.of(b);
      two.insert(two.end(), second.begin(), second.end());
      part.lapping.fold(two, 2);
      auto expected = part.of(folded(r, a, overlap));
      const auto more = part.of(folded(r, b, overlap));
      expected.insert(expected.end(), more.begin(), more.end());
      // The definition is computed the same on every rank, so equal bits here are equal bits
      // between rank counts.
      for (std::size_t i = 0; i < two.size(); ++i) EXPECT_DOUBLE_EQ(two[i], expected[i]) << i;
    }
}

TEST(Lapping, IsOrthonormal) {
  for (const Region& r : kRegions) {
    const Part part(r, 2);
    const auto before = part.of(field(r, 1)), other = part.of(field(r, 2));
    auto x = before, y = other;
    part.lapping.fold(x, 1);
    part.lapping.fold(y, 1);
    double product[2] = {};
    for (std::size_t i = 0; i < x.size(); ++i) product[0] += before[i] * other[i], product[1] += x[i] * y[i];
    part.comm.sum(std::span(product));
    EXPECT_NEAR(product[0], product[1], 1e-12);
    part.lapping.unfold(x, 1);
    for (std::size_t i = 0; i < x.size(); ++i) EXPECT_NEAR(x[i], before[i], 1e-14);
  }
}

TEST(Lapping, SquaresOfTheWindowsAddUpToOne) {
  // A partition of unity: independent errors of variance 1 everywhere stay so.
  for (const Region& r : kRegions) {
    const Part part(r, 3);
    std::vector<double> ones(part.window.points(), 1.0);
    part.lapping.unfold_variance(ones, 1);
    for (const double v : ones) EXPECT_NEAR(v, 1, 1e-15 * 4);
  }
}

TEST(Lapping, VarianceIsThatOfTheDefinition) {
  const Region r{14, 17, 4, 5, false, true};
  const Part part(r, 2);
  auto variance = part.of(field(r, 4));
  for (double& v : variance) v = 0.5 + v * v;
  std::vector<double> whole = field(r, 4);
  for (double& v : whole) v = 0.5 + v * v;
  const std::size_t n = whole.size();
  std::vector<double> expected(n, 0.0);  // diag(R^T V R): column i of R is R e_i
  for (std::size_t i = 0; i < n; ++i) {
    std::vector<double> unit(n, 0.0);
    unit[i] = 1;
    const auto column = folded(r, unit, 2);
    for (std::size_t j = 0; j < n; ++j) expected[i] += column[j] * column[j] * whole[j];
  }
  part.lapping.unfold_variance(variance, 1);
  const auto mine = part.of(expected);
  for (std::size_t i = 0; i < mine.size(); ++i) EXPECT_NEAR(variance[i], mine[i], 1e-14);
}

TEST(Lapping, ColumnsOfPointsAreThoseOfFold) {
  const Communicator self = Communicator::self();
  for (const Region& r : kRegions) {
    const Decomposition decomposition(r.ny, r.nx, r.patch_y, r.patch_x, 1);
    std::vector<unsigned char> ocean;
    for (long y = 0; y < r.ny; ++y)
      for (long x = 0; x < r.nx; ++x) ocean.push_back(r.ocean(y, x));
    for (const long overlap : {0, 2}) {
      const Lapping lapping(self, decomposition, r.periodic, ocean, overlap);
      for (long y = 0; y < r.ny; ++y)
        for (long x = 0; x < r.nx; ++x) {
          std::vector<double> unit(ocean.size(), 0.0), column(ocean.size(), 0.0);
          unit[y * r.nx + x] = 1;
          lapping.fold(unit, 1);
          for (const auto& [to, factor] : lapping.folded_point(y, x)) column[to] += factor;
          for (std::size_t i = 0; i < unit.size(); ++i)
            EXPECT_NEAR(column[i], unit[i], 1e-15) << y << ", " << x;
        }
    }
  }
}

TEST(Lapping, ManyFieldsAreFoldedOneByOne) {
  const Part part(kRegions[2], 2);
  const std::size_t n = part.window.points();
  std::vector<double> many;
  for (std::uint32_t f = 0; f < 21; ++f) {
    const auto one = part.of(field(kRegions[2], f));
    many.insert(many.end(), one.begin(), one.end());
  }
  part.lapping.fold(many, 21);
  for (std::uint32_t f = 0; f < 21; ++f) {
    auto one = part.of(field(kRegions[2], f));
    part.lapping.fold(one, 1);
    EXPECT_TRUE(std::equal(one.begin(), one.end(), many.begin() + static_cast<long>(f * n))) << f;
  }
}

TEST(Lapping, AModeReachesSmoothlyIntoTheNeighbour) {
  const Region r{4, 16, 4, 8, false, false};
  const Part part(r, 4);
  std::vector<double> right(64, 0.0);  // 1 in the right patch of the folded field
  for (std::size_t i = 0; i < 64; ++i) right[i] = i % 16 >= 8;
  auto u = part.of(right);
  part.lapping.unfold(u, 1);
  for (long y = 0; y < part.window.ny; ++y)
    for (long x = 0; x < part.window.nx; ++x) {
      const double value = u[y * part.window.nx + x];
      const long column = part.window.x0 + x;
      const double across = std::clamp((static_cast<double>(column - 4) + 0.5) / 8, 0.0, 1.0);
      const double window = column < 4 ? 0 : column >= 12 ? 1 : std::sin(std::numbers::pi / 2 * across);
      EXPECT_NEAR(value, window, 1e-15) << column;
    }
}

TEST(Lapping, WithoutOverlapNothingHappens) {
  const Lapping none;
  std::vector<double> u{1, 2, 3};
  none.fold(u, 1);
  none.unfold(u, 1);
  none.unfold_variance(u, 1);
  EXPECT_EQ(u, (std::vector<double>{1, 2, 3}));
}
