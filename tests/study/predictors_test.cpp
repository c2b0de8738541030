// Which LR cells a patch is told of: against index arithmetic on nested grids and against plain
// geometry on others.
#include "podscale/gaussian/predictors.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "podscale/field/mesh_file.hpp"
#include "podscale/mesh/mesh.hpp"
#include "scratch.hpp"

using namespace podscale;

namespace {

struct Axis {
  double first;  ///< western or southern edge of the first cell
  double spacing;
  long n;
  std::vector<double> centres() const {
    std::vector<double> c;
    for (long i = 0; i < n; ++i) c.push_back(first + (static_cast<double>(i) + 0.5) * spacing);
    return c;
  }
};

Basis make_basis(const Communicator& comm, const Axis& lat, const Axis& lon, long py, long px, Mesh lr) {
  Basis basis(Mesh::rectilinear(lat.centres(), lon.centres()), py, px, comm.size(), comm.rank());
  basis.lr_mesh = std::move(lr);
  basis.lr_ocean.assign(static_cast<std::size_t>(basis.lr_mesh.points()), 1);
  basis.ocean.assign(static_cast<std::size_t>(basis.window.points()), 1);
  basis.patches = find_patches(comm, basis.decomposition, basis.ocean);
  return basis;
}

Mesh lr_of(const Axis& lat, const Axis& lon) {
  return Mesh::rectilinear(lat.centres(), lon.centres());
}

/// Cells of the whole LR grid in the slots of a patch, -1 for unused.
std::vector<long> slots(const Predictors& predictors, std::size_t p) {
  std::vector<long> cells;
  for (const idx_t cell : predictors.cells.cells()[p].span())
    cells.push_back(cell < 0 ? -1 : predictors.cells.point(cell));
  return cells;
}

/// The same at any rank count as on this process alone.
template <class Make>
void expect_independent_of_ranks(const Make& make, long halo) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD), self = Communicator::self();
  const Basis basis = make(comm), alone = make(self);
  const Predictors here(comm, basis, halo, {0, -3}), there(self, alone, halo, {0, -3});
  EXPECT_EQ(here.cells.rows(), there.cells.rows());
  EXPECT_EQ(here.cells.columns(), there.cells.columns());
  EXPECT_EQ(here.slots(), 2 * here.cells.rows() * here.cells.columns());
  for (std::size_t p = 0; p < basis.patches.mine.size(); ++p)
    EXPECT_EQ(slots(here, p), slots(there, static_cast<std::size_t>(basis.patches.mine[p].token)));
}

/// Geometry: cells whose area shares more than a sliver with the patch, longitude modulo 360.
std::set<long> overlapping(const Basis& basis, long patch) {
  const Window w = basis.decomposition.patch_window(patch);
  const Mesh& lr = basis.lr_mesh;
  const auto &hr_lat = basis.mesh.y().bounds, &hr_lon = basis.mesh.x().bounds, &lr_lat = lr.y().bounds,
             &lr_lon = lr.x().bounds;
  const auto shared = [](double a0, double a1, double b0, double b1) {
    return std::min(a1, b1) - std::max(a0, b0) > 1e-4 * (a1 - a0);
  };
  std::set<long> cells;
  for (long y = 0; y < lr.ny(); ++y)
    for (long x = 0; x < lr.nx(); ++x)
      for (const double turn : {-720.0, -360.0, 0.0, 360.0, 720.0})
        if (shared(hr_lat[w.y0], hr_lat[w.y0 + w.ny], lr_lat[y], lr_lat[y + 1]) &&
            shared(hr_lon[w.x0], hr_lon[w.x0 + w.nx], lr_lon[x] + turn,
                   lr_lon[x + 1] + turn))
          cells.insert(y * lr.nx() + x);
  return cells;
}

/// Without a halo the used slots are the overlapping cells; with one they are these and their
/// neighbours.
void expect_geometry(const Basis& basis) {
  const Communicator self = Communicator::self();
  const Predictors bare(self, basis, 0, {0}), haloed(self, basis, 1, {0});
  const long nx = basis.lr_mesh.nx(), ny = basis.lr_mesh.ny();
  for (std::size_t p = 0; p < basis.patches.mine.size(); ++p) {
    const auto expected = overlapping(basis, basis.patches.mine[p].patch);
    std::set<long> found, near, around;
    for (const long cell : slots(bare, p))
      if (cell >= 0) {
        EXPECT_TRUE(found.insert(cell).second) << "twice: " << cell;
      }
    EXPECT_EQ(found, expected) << "patch " << p;
    for (const long cell : slots(haloed, p))
      if (cell >= 0) {
        EXPECT_TRUE(around.insert(cell).second) << "twice: " << cell;
      }
    for (const long cell : expected)
      for (long dy = -1; dy <= 1; ++dy)
        for (long dx = -1; dx <= 1; ++dx) {
          const long y = cell / nx + dy;
          long x = cell % nx + dx;
          if (basis.lr_mesh.periodic()) x = (x + nx) % nx;
          if (y >= 0 && y < ny && x >= 0 && x < nx) near.insert(y * nx + x);
        }
    EXPECT_EQ(around, near) << "patch " << p;
  }
}

}  // namespace

TEST(Predictors, NestedGridsGiveTheBlockAndItsHaloRowByRow) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  for (const long factor : {4l, 8l}) {  // patches of 8 points: two cells, one cell
    const Axis lat{-40, 0.25, 32}, lon{140, 0.25, 40};
    const Basis basis =
        make_basis(comm, lat, lon, 8, 8, lr_of(lat, lon).coarsened(static_cast<int>(factor)));
    const Predictors predictors(comm, basis, 1, {0});
    const long side = 8 / factor + 2, ny = 32 / factor, nx = 40 / factor;
    ASSERT_EQ(predictors.cells.rows(), side);
    ASSERT_EQ(predictors.cells.columns(), side);
    for (std::size_t p = 0; p < basis.patches.mine.size(); ++p) {
      const long row = basis.patches.mine[p].patch / 5, column = basis.patches.mine[p].patch % 5;
      std::vector<long> expected;
      for (long j = 0; j < side; ++j)
        for (long i = 0; i < side; ++i) {
          const long y = row * 8 / factor - 1 + j, x = column * 8 / factor - 1 + i;
          expected.push_back(y < 0 || y >= ny || x < 0 || x >= nx ? -1 : y * nx + x);  // over the edge: none
        }
      EXPECT_EQ(slots(predictors, p), expected) << factor << ", patch " << p;
    }
  }
}

TEST(Predictors, LandCellsAreUnused) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  const Axis lat{-40, 0.25, 32}, lon{140, 0.25, 40};
  Basis basis = make_basis(comm, lat, lon, 8, 8, lr_of(lat, lon).coarsened(8));
  const Predictors all(comm, basis, 1, {0});
  for (std::size_t i = 0; i < basis.lr_ocean.size(); i += 3) basis.lr_ocean[i] = 0;
  const Predictors some(comm, basis, 1, {0});
  for (std::size_t p = 0; p < basis.patches.mine.size(); ++p) {
    auto expected = slots(all, p);
    for (long& cell : expected)
      if (cell >= 0 && cell % 3 == 0) cell = -1;
    EXPECT_EQ(slots(some, p), expected);
  }
}

TEST(Predictors, AHaloWrapsAroundTheGlobe) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  const Axis lat{0, 2, 8}, lon{-180, 2, 180};
  const Basis basis = make_basis(comm, lat, lon, 4, 20, lr_of(lat, lon).coarsened(2));
  ASSERT_TRUE(basis.lr_mesh.periodic());
  const Predictors predictors(comm, basis, 1, {0});
  ASSERT_EQ(predictors.cells.columns(), 12);
  for (std::size_t p = 0; p < basis.patches.mine.size(); ++p) {
    const long row = basis.patches.mine[p].patch / 9, column = basis.patches.mine[p].patch % 9;
    std::vector<long> expected;
    for (long j = 0; j < 4; ++j)
      for (long i = 0; i < 12; ++i) {
        const long y = row * 2 - 1 + j, x = (column * 10 - 1 + i + 90) % 90;
        expected.push_back(y < 0 || y >= 4 ? -1 : y * 90 + x);
      }
    EXPECT_EQ(slots(predictors, p), expected) << "patch " << p;
  }
  // A band of one patch around the globe: every cell once, the halo finds nothing new.
  const Basis band = make_basis(comm, lat, lon, 8, 180, lr_of(lat, lon).coarsened(2));
  const Predictors whole(comm, band, 1, {0});
  EXPECT_EQ(whole.cells.columns(), 90);
  for (std::size_t p = 0; p < band.patches.mine.size(); ++p) {
    std::set<long> cells;
    for (const long cell : slots(whole, p)) cells.insert(cell);
    EXPECT_EQ(cells.size(), 4u * 90 + 1);  // and -1, over the southern edge
  }
}

TEST(Predictors, LongitudesMayDifferByWholeTurns) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  const Axis lat{30, 0.25, 16}, lon{-60, 0.25, 24};
  const Basis basis = make_basis(comm, lat, lon, 4, 4, lr_of({29, 1, 6}, {-61, 1, 8}));
  const Predictors expected(comm, basis, 1, {0});
  for (const double turn : {-360.0, 360.0}) {
    const Basis shifted = make_basis(comm, lat, lon, 4, 4, lr_of({29, 1, 6}, {-61 + turn, 1, 8}));
    const Predictors found(comm, shifted, 1, {0});
    for (std::size_t p = 0; p < basis.patches.mine.size(); ++p)
      EXPECT_EQ(slots(found, p), slots(expected, p));
  }
}

TEST(Predictors, GeometryOfGridsThatAreNotNested) {
  const Communicator self = Communicator::self();
  const Axis lat{30, 0.25, 17}, lon{-60, 0.25, 22};
  // Coarser than a patch, finer than a patch, offset, and in the other convention.
  expect_geometry(make_basis(self, lat, lon, 4, 5, lr_of({28.7, 1.3, 6}, {-61.1, 1.7, 6})));
  expect_geometry(make_basis(self, lat, lon, 4, 5, lr_of({29.9, 0.37, 14}, {299.8, 0.41, 16})));
  // A globe of LR cells around a region that lies across its cut, and a globe in both.
  expect_geometry(make_basis(self, lat, {-3, 0.25, 24}, 4, 5, lr_of({-90, 2.5, 72}, {0, 2.5, 144})));
  expect_geometry(make_basis(self, lat, {177, 0.25, 24}, 4, 5, lr_of({-90, 2.5, 72}, {-180, 2.5, 144})));
  expect_geometry(make_basis(self, {-12, 3, 8}, {-180, 3, 120}, 4, 7, lr_of({-20, 5, 8}, {1, 5, 72})));
}

TEST(Predictors, APatchInsideOneCellHasThatCell) {
  const Communicator self = Communicator::self();
  const Axis lat{30, 0.25, 16}, lon{-60, 0.25, 16};
  const Mesh lr = lr_of({28, 2, 4}, {-62, 2, 4});
  const Basis nested = make_basis(self, lat, lon, 2, 2, lr);
  expect_geometry(nested);
  EXPECT_EQ(Predictors(self, nested, 1, {0}).cells.columns(), 3);
  const Basis across = make_basis(self, lat, lon, 3, 3, lr);  // some patches lie across a border of cells
  expect_geometry(across);
  const Predictors predictors(self, across, 1, {0});
  EXPECT_EQ(predictors.cells.columns(), 4);
  for (long j = 0; j < 4; ++j) EXPECT_EQ(predictors.cells.cells()(0, 4 * j + 3), -1);
}

TEST(Predictors, APatchBeyondTheLowResolutionGridTakesTheNearestCells) {
  const Communicator self = Communicator::self();
  const Basis basis = make_basis(self, {30, 0.25, 8}, {-60, 0.25, 8}, 8, 8, lr_of({20, 1, 5}, {-80, 1, 5}));
  const auto cells = slots(Predictors(self, basis, 0, {0}), 0);
  EXPECT_EQ(cells, std::vector<long>{24});  // the north-eastern corner
}

TEST(Predictors, TheGridInTheFileGivesTheCellsOfTheGridThatItWasFittedOn) {
  // Blocks that the HR grid cuts have other edges than their centres suggest: the file has both.
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  const test::ScratchFolder scratch(comm);
  const Axis lat{30, 0.25, 18}, lon{-60, 0.25, 21};
  const Mesh fitted = lr_of(lat, lon).coarsened(4);
  NetcdfFile file = NetcdfFile::create(comm, scratch / "mesh.nc");
  define_mesh(file, fitted, "lr_");
  file.end_definitions();
  write_mesh(comm, file, fitted, "lr_");
  file.commit();
  const Mesh stored = read_mesh(NetcdfFile::open(comm, scratch / "mesh.nc"), "lr_");
  const Basis basis = make_basis(comm, lat, lon, 4, 4, fitted),
              read = make_basis(comm, lat, lon, 4, 4, stored);
  const Predictors a(comm, basis, 1, {0}), b(comm, read, 1, {0});
  EXPECT_EQ(a.cells.rows(), 3);  // a patch is a block, also one that is cut
  EXPECT_EQ(a.cells.columns(), 3);
  EXPECT_EQ(b.cells.slots(), a.cells.slots());
  for (std::size_t p = 0; p < basis.patches.mine.size(); ++p) EXPECT_EQ(slots(a, p), slots(b, p)) << p;
  expect_geometry(make_basis(Communicator::self(), lat, lon, 4, 4, stored));
}

TEST(Predictors, TheSameAtAnyRankCount) {
  const Axis lat{30, 0.25, 17}, lon{-60, 0.25, 22};
  expect_independent_of_ranks(
      [&](const Communicator& comm) {
        return make_basis(comm, lat, lon, 4, 5, lr_of({28.7, 1.3, 6}, {298.9, 1.7, 6}));
      },
      2);
  expect_independent_of_ranks(
      [&](const Communicator& comm) {
        return make_basis(comm, {-12, 3, 8}, {-180, 3, 120}, 4, 7, lr_of({-20, 5, 8}, {1, 5, 72}));
      },
      1);
  expect_independent_of_ranks(  // fewer patches than ranks
      [&](const Communicator& comm) {
        return make_basis(comm, lat, lon, 17, 11, lr_of({28.7, 1.3, 6}, {-61.1, 1.7, 6}));
      },
      1);
}
