// A vector of all coefficients on rank 0: every rank gets the rows of its own patches, and rank 0
// all of them back.
#include "scattered_rows.hpp"

#include <gtest/gtest.h>

namespace podscale {
namespace {

TEST(ScatteredRows, GoToTheOwnersOfTheirPatchesAndComeBack) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  const long tokens = 11;
  const int modes = 3;
  Patches patches;
  for (long token = 0; token < tokens; ++token) {
    patches.patch_of_token.push_back(2 * token);
    PatchModes patch;
    patch.token = token;
    if (token * token % comm.size() == comm.rank())
      patches.mine.push_back(patch);  // not in runs; some ranks none
  }
  const ScatteredRows rows(comm, patches, modes);
  ASSERT_EQ(rows.size(), 33u);
  ASSERT_EQ(rows.mine(), 3 * patches.mine.size());
  std::vector<double> whole(comm.is_root() ? rows.size() : 0), own(rows.mine());
  for (std::size_t i = 0; i < whole.size(); ++i) whole[i] = static_cast<double>(i);
  rows.scatter(whole, own);
  for (std::size_t p = 0; p < patches.mine.size(); ++p)
    for (int m = 0; m < modes; ++m)
      EXPECT_EQ(own[p * 3 + static_cast<std::size_t>(m)], static_cast<double>(3 * patches.mine[p].token + m));
  std::vector<double> back(whole.size(), -1.0);
  rows.gather(own, back);
  EXPECT_EQ(back, whole);
}

}  // namespace
}  // namespace podscale
