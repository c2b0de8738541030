// Seams against matrices of the whole region, made of unit vectors.
#include "podscale/pod/seams.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "podscale/core/random.hpp"

using namespace podscale;

namespace {

struct Region {
  long ny, nx;
  bool periodic, land;
  long channels, overlap;
  bool ocean(long y, long x) const { return !land || (5 * y + 3 * x) % 7 != 0; }
  std::size_t points() const { return static_cast<std::size_t>(ny * nx); }
};
constexpr Region kRegions[] = {
    {14, 17, false, true, 1, 2}, {12, 20, true, true, 2, 2}, {12, 15, true, false, 1, 1}};

/// One rank's share of a region.
struct Part {
  Part(const Communicator& on, const Region& r)
      : comm(on),
        region(r),
        decomposition(r.ny, r.nx, 4, 5, on.size()),
        window(decomposition.window_of(on.rank())) {
    std::vector<unsigned char> ocean;
    for (long y = window.y0; y < window.y0 + window.ny; ++y)
      for (long x = window.x0; x < window.x0 + window.nx; ++x) ocean.push_back(r.ocean(y, x));
    lapping = Lapping(comm, decomposition, r.periodic, ocean, r.overlap);
    SeamProducts products(lapping, r.channels);
    for (std::uint32_t t = 0; t < 9; ++t) products.add(of(smooth(t)), 1);
    covariance = products.means();
    variance = of(normals(50));
    for (double& v : variance) v = 0.2 + v * v;
    map = seam_map(lapping, r.channels, covariance, variance);
    seams = Seams(comm, lapping, r.channels, map);
  }
  std::vector<double> normals(std::uint32_t number) const {
    std::vector<double> u(region.points() * static_cast<std::size_t>(region.channels));
    CounterRandom(5, Stream::test).fill_normal(std::span(u), number);
    return u;
  }
  /// Neighbours alike, so that the covariance across borders is not nothing.
  std::vector<double> smooth(std::uint32_t number) const {
    auto u = normals(number);
    for (std::size_t i = 1; i < u.size(); ++i) u[i] = 0.8 * u[i - 1] + 0.6 * u[i];
    return u;
  }
  /// Of [any][points of the grid].
  std::vector<double> of(const std::vector<double>& whole) const {
    std::vector<double> part;
    for (std::size_t f = 0; f < whole.size() / region.points(); ++f)
      for (long y = window.y0; y < window.y0 + window.ny; ++y)
        for (long x = window.x0; x < window.x0 + window.nx; ++x)
          part.push_back(whole[f * region.points() + static_cast<std::size_t>(y * region.nx + x)]);
    return part;
  }
  const Communicator& comm;
  Region region;
  Decomposition decomposition;
  Window window;
  Lapping lapping;
  std::vector<double> covariance, variance, map;
  Seams seams;
};

/// Columns A e_j of one process.
std::vector<std::vector<double>> columns(const Part& alone) {
  std::vector<std::vector<double>> a;
  for (std::size_t j = 0; j < alone.variance.size(); ++j) {
    auto& column = a.emplace_back(alone.variance.size(), 0.0);
    column[j] = 1;
    alone.seams.unfold(alone.lapping, column, 1);
  }
  return a;
}

}  // namespace

TEST(Seams, GiveJoinedPointsTheirCovariance) {
  const Communicator self = Communicator::self();
  for (const Region& r : kRegions) {
    const Part alone(self, r);
    const auto a = columns(alone);
    const std::size_t n = alone.variance.size(), points = r.points();
    int joined = 0;
    for (std::size_t i = 0; i < n; ++i) {
      const Lapping::Quad quad = alone.lapping.quad(static_cast<long>(i % points));
      for (std::size_t s = 0; s < 4; ++s) {
        const long at = quad.at[quad.own ^ s];
        if (at < 0 ||
            (s == 0 && quad.at[quad.own ^ 1] < 0 && quad.at[quad.own ^ 2] < 0 && quad.at[quad.own ^ 3] < 0))
          continue;
        const std::size_t other = i / points * points + alone.lapping.point_of_extended(at);
        double found = 0;
        for (std::size_t j = 0; j < n; ++j) found += a[j][i] * alone.variance[j] * a[j][other];
        EXPECT_NEAR(found, alone.covariance[s * n + i], 1e-6) << i << ", " << s;
        joined += s > 0;
      }
    }
    EXPECT_GT(joined, 40);
  }
}

TEST(Seams, LeaveOtherPointsAlone) {
  const Communicator self = Communicator::self();
  const Part alone(self, kRegions[0]);
  const auto a = columns(alone);
  int single = 0;
  for (std::size_t i = 0; i < alone.variance.size(); ++i) {
    auto plain = std::vector<double>(alone.variance.size(), 0.0);
    plain[i] = 1;
    alone.lapping.unfold(plain, 1);
    if (plain[i] != 1) continue;
    EXPECT_EQ(a[i][i], alone.map[i]);
    single += alone.map[i] == 1;
  }
  EXPECT_GT(single, 20);
}

TEST(Seams, FoldIsTheAdjointAndVariancesAreTheSquares) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD), self = Communicator::self();
  for (const Region& r : kRegions) {
    const Part part(comm, r), alone(self, r);
    const auto a = columns(alone);
    const std::size_t n = alone.variance.size();
    auto field = alone.normals(70), weights = field, squares = alone.variance;
    std::vector<double> unfolded(n, 0.0), folded(n, 0.0), variance(n, 0.0);
    for (std::size_t j = 0; j < n; ++j)
      for (std::size_t i = 0; i < n; ++i) {
        unfolded[i] += a[j][i] * field[j];
        folded[j] += a[j][i] * weights[i];
        variance[i] += a[j][i] * a[j][i] * squares[j];
      }
    auto x = part.of(field), w = x, v = part.variance;
    part.seams.unfold(part.lapping, x, 1);
    part.seams.fold(part.lapping, w, 1);
    part.seams.unfold_variance(part.lapping, v, 1);
    const auto expected_x = part.of(unfolded), expected_w = part.of(folded), expected_v = part.of(variance);
    for (std::size_t i = 0; i < x.size(); ++i) {
      EXPECT_NEAR(x[i], expected_x[i], 1e-12);
      EXPECT_NEAR(w[i], expected_w[i], 1e-12);
      EXPECT_NEAR(v[i], expected_v[i], 1e-12);
    }
  }
}

TEST(Seams, AreTheSameBitsAtAnyRankCount) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD), self = Communicator::self();
  for (const Region& r : kRegions) {
    const Part part(comm, r), alone(self, r);
    EXPECT_EQ(part.map, part.of(alone.map));
    auto whole = alone.normals(71), mine = part.of(whole);
    part.seams.unfold(part.lapping, mine, 1);
    alone.seams.unfold(alone.lapping, whole, 1);
    EXPECT_EQ(mine, part.of(whole));
  }
}

TEST(Seams, ColumnsOfPointsAreThoseOfFold) {
  const Communicator self = Communicator::self();
  const Part alone(self, kRegions[1]);
  const std::size_t points = kRegions[1].points();
  for (std::size_t i = 0; i < alone.variance.size(); ++i) {
    std::vector<double> unit(alone.variance.size(), 0.0), column = unit;
    unit[i] = 1;
    alone.seams.fold(alone.lapping, unit, 1);
    const long channel = static_cast<long>(i / points), point = static_cast<long>(i % points);
    for (const auto& [to, factor] :
         alone.seams.folded_point(alone.lapping, channel, point / kRegions[1].nx, point % kRegions[1].nx))
      column[i / points * points + to] += factor;
    for (std::size_t j = 0; j < unit.size(); ++j) EXPECT_NEAR(column[j], unit[j], 1e-15) << i;
  }
}

TEST(Seams, NeedFiniteNumbers) {
  const Communicator self = Communicator::self();
  const Part alone(self, kRegions[0]);
  auto map = alone.map;
  map[3] = std::nan("");
  EXPECT_ANY_THROW(Seams(self, alone.lapping, 1, map));
}
