#include "podscale/mesh/neighbourhood.hpp"

#include <gtest/gtest.h>

#include <random>

#include "example_meshes.hpp"
#include "podscale/core/error.hpp"
#include "podscale/parallel/decomposition.hpp"

namespace podscale {
namespace {

struct Patches {
  Decomposition decomposition;
  std::vector<long> mine;
  std::vector<Window> windows;
  Patches(const Communicator& comm, const Mesh& fine, long size)
      : decomposition(fine.ny(), fine.nx(), size, size, comm.size()),
        mine(decomposition.patch_list(comm.rank())) {
    for (const long patch : mine) windows.push_back(decomposition.patch_window(patch));
  }
};

std::vector<idx_t> slots_of(const Neighbourhood& neighbourhood, idx_t patch) {
  std::vector<idx_t> points;
  for (const idx_t cell : neighbourhood.cells()[patch].span())
    points.push_back(cell < 0 ? -1 : neighbourhood.point(cell));
  return points;
}

std::vector<unsigned char> random_ocean(idx_t points) {
  std::mt19937 generator(1);
  std::vector<unsigned char> ocean;
  for (idx_t p = 0; p < points; ++p) ocean.push_back(generator() % 5 != 0);
  return ocean;
}

TEST(Neighbourhood, ImagesAndPlanesHaveBoxesToo) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  const Mesh fine = Mesh::image(32, 40), coarse = Mesh::image(8, 10, 4);
  const Patches patches(comm, fine, 8);
  const Neighbourhood found(comm, coarse, all_ocean(80), fine, patches.windows, 1);
  EXPECT_EQ(found.rows(), 4);
  EXPECT_EQ(found.columns(), 4);
  for (std::size_t p = 0; p < patches.mine.size(); ++p) {
    const Window& w = patches.windows[p];
    std::vector<idx_t> expected;
    for (idx_t j = w.y0 / 4 - 1; j < w.y0 / 4 + 3; ++j)
      for (idx_t i = w.x0 / 4 - 1; i < w.x0 / 4 + 3; ++i) expected.push_back(coarse.at(j, i));
    EXPECT_EQ(slots_of(found, static_cast<idx_t>(p)), expected);
  }
  const Mesh km = Mesh::plane(regular_axis(2, 4, 8), regular_axis(2, 4, 10), {"km", 1000}),
             metres = Mesh::plane(regular_axis(500, 1000, 32), regular_axis(500, 1000, 40), {"m", 1});
  const Neighbourhood plane(comm, km, all_ocean(80), metres, patches.windows, 1);
  for (std::size_t p = 0; p < patches.mine.size(); ++p)
    EXPECT_EQ(slots_of(plane, static_cast<idx_t>(p)), slots_of(found, static_cast<idx_t>(p)));
}

/// Centre of a patch, by positions.
Vector3 centre_of(const Mesh& fine, const Window& w) {
  Vector3 sum;
  for (idx_t j = 0; j < w.ny; ++j)
    for (idx_t i = 0; i < w.nx; ++i) sum = sum + fine.vector(point_of(fine, w, j, i), Space::sphere);
  return 1 / norm(sum) * sum;
}

TEST(Neighbourhood, OtherPairsGetTheNearestCellsByRank) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD), self = Communicator::self();
  const Tripolar t{60, 90, 18};
  const Mesh regular = Mesh::rectilinear(regular_axis(-44, 1, 32), regular_axis(150, 1, 40));
  const Mesh turned = Mesh::curvilinear(32, 40, table_of(32, 40, [](double j, double i) {
                                          return rotated({-16 + j, -20 + i}, 40, 160);
                                        }));
  struct Case {
    Mesh coarse, fine;
  };
  for (const auto& [coarse, fine] : {Case{t.mesh(), regular}, Case{t.with_repeats(true), regular},
                                     Case{turned.coarsened(8), turned}, Case{regular.coarsened(8), turned}}) {
    const auto ocean = random_ocean(coarse.points());
    const Patches patches(comm, fine, 8), alone(self, fine, 8);
    const Neighbourhood found(comm, coarse, ocean, fine, patches.windows, 1),
        whole(self, coarse, ocean, fine, alone.windows, 1);
    EXPECT_EQ(found.rows(), 1);
    EXPECT_EQ(found.slots(), whole.slots());
    EXPECT_GE(found.slots(), 9);
    EXPECT_LE(found.slots(), 49);
    for (std::size_t p = 0; p < patches.mine.size(); ++p) {
      const auto slots = slots_of(found, static_cast<idx_t>(p));
      EXPECT_EQ(slots, slots_of(whole, patches.mine[p]));
      // Nearest first, no nearer cell left out, land and repeats never.
      const Vector3 centre = centre_of(fine, patches.windows[p]);
      const auto far = [&](idx_t point) { return norm(coarse.vector(point, Space::sphere) - centre); };
      double last = 0;
      std::vector<unsigned char> taken(coarse.points(), 0);
      idx_t unused = 0;
      for (const idx_t point : slots) {
        if (point < 0) {
          ++unused;
          continue;
        }
        EXPECT_TRUE(ocean[point]);
        EXPECT_EQ(coarse.owner(point), point);
        EXPECT_GE(far(point), last - 1e-9);
        last = far(point);
        taken[point] = 1;
      }
      idx_t nearer = 0;
      for (idx_t q = 0; q < coarse.points(); ++q)
        nearer += coarse.owner(q) == q && !taken[q] && far(q) < last - 1e-9;
      EXPECT_LE(nearer, unused);
    }
  }
}

TEST(Neighbourhood, EqualDistancesComeInTheOrderOfTheCells) {
  // Patches in the middle between four cells; every one must see the same order.
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  const Mesh fine = Mesh::plane(24, 24,
                                table_of(24, 24,
                                         [](double j, double i) {
                                           return Position{0.1 + 0.1 * j, 0.3 + 0.1 * i};
                                         }),
                                {"m", 1});
  const Mesh coarse = fine.coarsened(4);
  const Patches patches(comm, fine, 8);
  const Neighbourhood found(comm, coarse, all_ocean(36), fine, patches.windows, 0);
  EXPECT_EQ(found.slots(), 4);
  for (std::size_t p = 0; p < patches.mine.size(); ++p) {
    const idx_t y = patches.windows[p].y0 / 4, x = patches.windows[p].x0 / 4;
    EXPECT_EQ(slots_of(found, static_cast<idx_t>(p)),
              (std::vector<idx_t>{coarse.at(y, x), coarse.at(y, x + 1), coarse.at(y + 1, x),
                                  coarse.at(y + 1, x + 1)}));
  }
}

TEST(Neighbourhood, MeshesWithoutCommonCoordinatesAreRefusedOnAllRanks) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  const Mesh fine = Mesh::image(8, 8), coarse = Mesh::rectilinear({0, 1}, {0, 1});
  try {
    const Neighbourhood found(comm, coarse, all_ocean(4), fine, {}, 1);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::data);
    EXPECT_TRUE(error.agreed());
  }
}

}  // namespace
}  // namespace podscale
