#include "podscale/parallel/halo.hpp"

#include <gtest/gtest.h>

#include "podscale/core/error.hpp"

using namespace podscale;

namespace {

/// A different number at every point of the grid and in every field.
double value(long y, long x, long field) {
  return 1e4 * static_cast<double>(field) + 100 * static_cast<double>(y) + static_cast<double>(x) + 0.25;
}

void expect_neighbours(long ny, long nx, long patch, bool periodic, long margin) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  const Decomposition decomposition(ny, nx, patch, patch, comm.size());
  const HaloExchange halo(comm, decomposition, periodic, margin);
  const Window w = decomposition.window_of(comm.rank()), e = halo.extended();
  constexpr long count = 3;
  std::vector<double> fields;
  for (long f = 0; f < count; ++f)
    for (long y = w.y0; y < w.y0 + w.ny; ++y)
      for (long x = w.x0; x < w.x0 + w.nx; ++x) fields.push_back(value(y, x, f));
  const auto wide = halo.widen(fields, count);
  ASSERT_EQ(std::ssize(wide), count * e.points());
  if (w.points() == 0) return;
  EXPECT_EQ(e.y0, std::max(0l, w.y0 - margin));
  EXPECT_EQ(e.y0 + e.ny, std::min(ny, w.y0 + w.ny + margin));
  EXPECT_EQ(e.x0, periodic ? w.x0 - margin : std::max(0l, w.x0 - margin));
  EXPECT_EQ(e.x0 + e.nx, periodic ? w.x0 + w.nx + margin : std::min(nx, w.x0 + w.nx + margin));
  std::size_t at = 0;
  for (long f = 0; f < count; ++f)
    for (long y = e.y0; y < e.y0 + e.ny; ++y)
      for (long x = e.x0; x < e.x0 + e.nx; ++x)
        EXPECT_EQ(wide[at++], value(y, (x + nx) % nx, f)) << y << ", " << x << ", field " << f;
}

}  // namespace

TEST(HaloExchange, BringsTheNeighboursPoints) {
  for (const bool periodic : {false, true}) {
    expect_neighbours(14, 17, 4, periodic, 2);
    expect_neighbours(14, 17, 4, periodic, 6);  // wider than a patch
    expect_neighbours(5, 9, 8, periodic, 1);    // more ranks than patches
    expect_neighbours(8, 8, 8, periodic, 3);    // one patch: its own neighbour across the cut
  }
}

TEST(HaloExchange, MorePointsThanPetscCountsAreRefused) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  const Decomposition decomposition(70000, 70000, 70000, 70000, comm.size());  // one patch: rank 0 has it
  EXPECT_THROW(HaloExchange(comm, decomposition, false, 1), Error);
  EXPECT_EQ(comm.sum(1), comm.size());
}
