#include "podscale/gaussian/functional.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "podscale/core/error.hpp"
#include "synthetic.hpp"

using namespace podscale;

namespace {

Mesh mesh_of(double lat0, long ny, double lon0, long nx, double spacing) {
  std::vector<double> lat, lon;
  for (long y = 0; y < ny; ++y) lat.push_back(lat0 + spacing * static_cast<double>(y));
  for (long x = 0; x < nx; ++x) lon.push_back(lon0 + spacing * static_cast<double>(x));
  return Mesh::rectilinear(lat, lon);
}

/// Columns of the grid that a box takes.
std::vector<long> columns(const Mesh& grid, const Box& box) {
  const Window whole{0, grid.ny(), 0, grid.nx()};
  const std::vector<unsigned char> ocean(grid.points(), 1);
  const auto weights = box_weights(grid, whole, ocean, box);
  std::vector<long> taken;
  for (long x = 0; x < grid.nx(); ++x)
    if (weights[x] > 0) taken.push_back(x);
  return taken;
}

std::vector<long> range(long first, long last) {
  std::vector<long> list;
  for (long i = first; i <= last; ++i) list.push_back(i);
  return list;
}

}  // namespace

TEST(BoxWeights, AnyLongitudeConventionNamesTheSameBox) {
  for (const double lon0 : {-60.0, 300.0}) {
    const Mesh grid = mesh_of(30, 4, lon0, 40, 0.25);  // 60 W to 50.25 W
    for (const double turn : {-360.0, 0.0, 360.0})
      EXPECT_EQ(columns(grid, {29, 32, -57.1 + turn, -54.9 + turn}), range(12, 20)) << lon0 << ", " << turn;
  }
}

TEST(BoxWeights, CellCentresOnTheEdgeCountInEveryConvention) {
  const Mesh grid = mesh_of(30, 4, 0.1, 50, 0.1);  // centres that no double holds
  for (long west = 0; west < 49; west += 4)
    for (const double turn : {-720.0, -360.0, 0.0, 360.0}) {
      const double from = 0.1 * static_cast<double>(west + 1) + turn, to = from + 0.1;
      EXPECT_EQ(columns(grid, {29, 31, from, to}), range(west, west + 1)) << from;
    }
}

TEST(BoxWeights, ABoxMayCrossTheCut) {
  const Mesh pacific = mesh_of(0, 2, 160.5, 40, 1);  // 160 E to 160 W
  EXPECT_EQ(columns(pacific, {-1, 2, 175, 185}), range(15, 24));
  EXPECT_EQ(columns(pacific, {-1, 2, 175, -175}), range(15, 24));
  EXPECT_EQ(columns(pacific, {-1, 2, -185, -175}), range(15, 24));
  const Mesh globe = mesh_of(0, 2, 0.5, 360, 1);
  EXPECT_EQ(columns(globe, {-1, 2, -2, 2}), (std::vector<long>{0, 1, 358, 359}));
  EXPECT_EQ(columns(globe, {-1, 2, 358, 2}), (std::vector<long>{0, 1, 358, 359}));
  EXPECT_EQ(columns(globe, {-1, 2, 0, 360}), range(0, 359));
  EXPECT_EQ(columns(globe, {-1, 2, -180, 180}), range(0, 359));
}

TEST(BoxWeights, AreCellAreasOnOceanAlone) {
  const Communicator self = Communicator::self();
  const Basis basis = synthetic::make_basis(self);
  const Box box{31, 32.6, -59, -57.3};
  const auto weights = box_weights(basis.mesh, basis.window, basis.ocean, box);
  double reference = 0;
  int inside = 0;
  for (long i = 0; i < basis.window.points(); ++i) {
    const auto [lat, lon] = basis.mesh.degrees(i);
    const bool in = lat >= 31 && lat <= 32.6 && lon >= -59 && lon <= -57.3 && basis.ocean[i];
    EXPECT_EQ(weights[i] > 0, in) << lat << ", " << lon;
    if (!in) continue;
    ++inside;
    const double area = std::cos(lat * std::numbers::pi / 180);
    if (reference == 0) reference = weights[i] / area;
    EXPECT_NEAR(weights[i] / area / reference, 1, 1e-5);  // cells of finite height
  }
  EXPECT_GT(inside, 20);
}

TEST(NormaliseWeights, SumToOneWithTheSameBitsAtAnyRankCount) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD), self = Communicator::self();
  const Basis basis = synthetic::make_basis(comm), alone = synthetic::make_basis(self);
  const Box box{30.4, 33, 300.4, 303.1};
  auto mine = box_weights(basis.mesh, basis.window, basis.ocean, box),
       all = box_weights(alone.mesh, alone.window, alone.ocean, box);
  normalise_weights(comm, mine, "box", basis.mesh.points());
  normalise_weights(self, all, "box", alone.mesh.points());
  double sum = 0;
  for (const double w : mine) sum += w;
  EXPECT_NEAR(comm.sum(sum), 1, 1e-14);
  EXPECT_EQ(mine, synthetic::on_window(basis, all));
}

TEST(NormaliseWeights, NoOceanIsAnErrorOnEveryRank) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  const Basis basis = synthetic::make_basis(comm);
  for (const Box& box : {Box{30, 30.75, -60, -59},    // the patch that is all land
                         Box{60, 70, -60, -50},       // not in the grid
                         Box{33, 30.4, -60, -56}}) {  // north and south exchanged
    auto weights = box_weights(basis.mesh, basis.window, basis.ocean, box);
    try {
      normalise_weights(comm, weights, "regions: nowhere", basis.mesh.points());
      FAIL();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::data);
      EXPECT_TRUE(error.agreed());
      EXPECT_NE(std::string(error.what()).find("regions: nowhere"), std::string::npos);
    }
  }
}

TEST(FunctionalSet, AnAreaMeanOfACertainFieldHasNoVariance) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  const synthetic::Study study(comm);
  auto weights = box_weights(study.basis.mesh, study.basis.window, study.basis.ocean, {31, 33, -59, -57});
  normalise_weights(comm, weights, "box", study.basis.mesh.points());
  const FunctionalSet set(study.basis, {{"mean", weights}});
  EXPECT_EQ(set.size(), 1u);
  EXPECT_EQ(set.name(0), "mean");
  CoefficientForecast certain;
  certain.shared = 2;
  for (const PatchModes& patch : study.basis.patches.mine) {
    certain.mean.emplace_back(patch.modes, 0.0);
    certain.factor.emplace_back(2 * patch.modes, 0.0);
  }
  const std::vector<double> seven(study.basis.window.points(), 7.0);
  const auto found = set.evaluate(comm, certain, 0, seven);
  EXPECT_NEAR(found.front().mean, 7, 1e-13);
  EXPECT_EQ(found.front().variance, 0);
}
