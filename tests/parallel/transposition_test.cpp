#include "podscale/parallel/transposition.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "podscale/core/error.hpp"

using namespace podscale;

namespace {

/// Tokens dealt in an uneven way that leaves the last rank of several without any.
std::vector<long> tokens_of(int rank, int ranks, long tokens) {
  std::vector<long> mine;
  for (long t = 0; t < tokens; ++t) {
    const int owner = ranks == 1 ? 0 : static_cast<int>(t * t % std::max(1, ranks - 1));
    if (owner == rank) mine.push_back(t);
  }
  return mine;
}

float value(long item, long token, long k) {
  return static_cast<float>(item * 10000 + token * 100 + k);
}

}  // namespace

TEST(Transposition, ThereAndBackIsTheIdentity) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  for (const long items : {1l, 2l, 3l, 17l})
    for (const long width : {1l, 5l}) {
      const long tokens = 11;
      const auto mine = tokens_of(comm.rank(), comm.size(), tokens);
      const long local = std::ssize(mine);
      const Transposition transposition(comm, mine, tokens, items, width);
      std::vector<float> by_space;
      for (long item = 0; item < items; ++item)
        for (const long t : mine)
          for (long k = 0; k < width; ++k) by_space.push_back(value(item, t, k));
      std::vector<float> by_item(transposition.items().size() * tokens * width, -1);
      transposition.to_items(by_space, by_item);
      std::size_t at = 0;
      for (long item = transposition.items().begin; item < transposition.items().end; ++item)
        for (long t = 0; t < tokens; ++t)
          for (long k = 0; k < width; ++k) ASSERT_EQ(by_item[at++], value(item, t, k));
      std::vector<float> back(by_space.size(), -1);
      transposition.to_space(by_item, back);
      EXPECT_EQ(back, by_space);
      EXPECT_EQ(transposition.bytes_sent(), (items - transposition.items().size()) * local * width * 4);
    }
}

TEST(Transposition, MoreThanMpiCountsIsRefusedOnAllRanks) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  const std::vector<long> mine = comm.is_root() ? std::vector<long>{0, 1, 2} : std::vector<long>{};
  const auto code = [&](long items, long width) {
    try {
      Transposition(comm, mine, 3, items, width);  // allocates nothing of the size of the data
    } catch (const Error& error) {
      EXPECT_TRUE(error.agreed());
      EXPECT_NE(std::string(error.what()).find("2147483647"), std::string::npos) << error.what();
      return error.code();
    }
    return ExitCode::ok;
  };
  // 3 tokens times 2^31 / 3 items is one too many, on rank 0 only: it holds the tokens.
  EXPECT_EQ(code((1l << 31) / 3, 1), ExitCode::ok);
  EXPECT_EQ(code((1l << 31) / 3 + 1, 1), ExitCode::usage);
  EXPECT_EQ(code(3l << 31, 1), ExitCode::usage);  // 0 where it is cut to an int
  EXPECT_EQ(code(1, (1l << 32) + 5), ExitCode::usage);
  EXPECT_EQ(comm.sum(1), comm.size());
}
