#include "podscale/parallel/communicator.hpp"

#include <gtest/gtest.h>

#include "podscale/core/error.hpp"
#include "podscale/core/petsc.hpp"

using namespace podscale;

TEST(Communicator, SumsAndBroadcasts) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  const long n = comm.size();
  EXPECT_EQ(comm.sum(static_cast<long>(comm.rank())), n * (n - 1) / 2);
  EXPECT_EQ(comm.max(comm.rank()), comm.size() - 1);
  EXPECT_EQ(comm.broadcast(comm.is_root() ? std::string("from the root") : std::string("x")),
            "from the root");
}

TEST(Communicator, AgreeThrowsTheLowestRanksErrorOnEveryRank) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  try {
    comm.agree([&] {
      if (comm.rank() >= comm.size() / 2) fail(ExitCode::data, "rank {} found nothing", comm.rank());
    });
    FAIL() << "no error on rank " << comm.rank();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::data);
    EXPECT_TRUE(error.agreed());
    EXPECT_EQ(std::string(error.what()), "rank " + std::to_string(comm.size() / 2) + " found nothing");
  }
  // No rank was left behind: the next collective call still matches.
  EXPECT_EQ(comm.sum(1), comm.size());
}

TEST(Communicator, AgreeTurnsForeignExceptionsIntoBugsOfOneLine) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  try {
    comm.agree([&] {
      if (comm.rank() == comm.size() - 1) throw std::runtime_error("odd\nframe #0");
    });
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::bug);
    EXPECT_NE(std::string(error.what()).find("odd"), std::string::npos);
    EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
  }
}

TEST(Communicator, AgreeKnowsWhenMemoryRanOut) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  const int last = comm.size() - 1;
  const std::vector<std::function<void()>> failures = {
      [] { throw std::bad_alloc(); },
      [] { throw std::runtime_error("DefaultCPUAllocator: can't allocate memory\nframe #0"); },
      [] { throw std::runtime_error("CUDA out of memory. Tried to allocate 2.00 GiB"); },
      [] { petsc_check(PETSC_ERR_MEM, "MatCreate"); }};
  for (const auto& failure : failures) {
    try {
      comm.agree([&] {
        if (comm.rank() == last) failure();
      });
      FAIL();
    } catch (const Error& error) {
      const std::string line = error.what();
      EXPECT_EQ(error.code(), ExitCode::io);
      EXPECT_EQ(line.find("out of memory on rank " + std::to_string(last) + ": use more ranks"), 0u) << line;
      EXPECT_EQ(line.find('\n'), std::string::npos) << line;
    }
  }
}

TEST(Share, CoversEverythingOnceForAnyNumberOfParts) {
  for (long total : {0l, 1l, 7l, 100l})
    for (int parts : {1, 2, 3, 8, 150}) {
      long next = 0;
      for (int i = 0; i < parts; ++i) {
        const Share share = share_of(total, parts, i);
        EXPECT_EQ(share.begin, next);
        EXPECT_LE(share.size(), total / parts + 1);
        next = share.end;
      }
      EXPECT_EQ(next, total);
    }
}
