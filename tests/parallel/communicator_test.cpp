#include "podscale/parallel/communicator.hpp"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cmath>
#include <limits>
#include <numeric>

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

TEST(Communicator, ExtremesKeepANanOfAnyRank) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  const double nan = std::nan("");
  for (int rank = 0; rank < comm.size(); ++rank) {
    const double value = rank == comm.rank() ? nan : comm.rank();
    EXPECT_TRUE(std::isnan(comm.max(value)));
    EXPECT_TRUE(std::isnan(comm.min(value)));
    EXPECT_TRUE(std::isnan(comm.max(static_cast<float>(value))));
    std::vector<double> both{value, static_cast<double>(comm.rank())};
    comm.max(std::span(both));
    EXPECT_TRUE(std::isnan(both[0]));
    EXPECT_EQ(both[1], comm.size() - 1);
  }
  const double inf = std::numeric_limits<double>::infinity();
  EXPECT_EQ(comm.max(comm.is_root() ? inf : 1.0), inf);
  EXPECT_EQ(comm.min(1.5 + comm.rank()), 1.5);
  EXPECT_EQ(comm.min(-comm.rank()), 1 - comm.size());
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

TEST(Communicator, AnErrorOfARankAloneNamesThatRank) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD), self = Communicator::self();
  const int last = comm.size() - 1;
  for (const bool memory : {true, false})
    try {
      comm.agree([&] {
        if (comm.rank() != last) return;
        self.agree([&] {
          if (memory) throw std::bad_alloc();
          throw std::runtime_error("broken");
        });
      });
      FAIL() << "no error on rank " << comm.rank();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), memory ? ExitCode::io : ExitCode::bug);
      EXPECT_TRUE(error.agreed());
      EXPECT_NE(std::string(error.what()).find(fmt::format("on rank {}:", last)), std::string::npos)
          << error.what();
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

TEST(Counts, PiecesCoverAllOnceAndFitAnInt) {
  for (const std::size_t count : {0ul, 1ul, 1ul << 30, (1ul << 30) + 1, (1ul << 31) + 7, 5ul << 32}) {
    std::size_t next = 0;
    for_pieces(count, [&](std::size_t first, int n) {
      EXPECT_EQ(first, next);
      EXPECT_GT(n, 0);
      next += static_cast<std::size_t>(n);
    });
    EXPECT_EQ(next, count);
  }
  std::vector<int> sizes;
  for_pieces(
      10, [&](std::size_t, int n) { sizes.push_back(n); }, 4);
  EXPECT_EQ(sizes, (std::vector<int>{4, 4, 2}));
  EXPECT_EQ(mpi_count((1l << 31) - 1, "n"), 2147483647);
  EXPECT_THROW(mpi_count(1l << 31, "n"), Error);
  EXPECT_THROW(mpi_count((1l << 32) + 1, "n"), Error);
}

TEST(Counts, SumsAndBroadcastsTakeMoreThanAnInt) {
  // On one rank no page is touched, so this needs address space only.
  const Communicator self = Communicator::self();
  constexpr std::size_t bytes = (1ul << 31) + 3;
  void* pages =
      mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  ASSERT_NE(pages, MAP_FAILED);
  const std::span<unsigned char> values(static_cast<unsigned char*>(pages), bytes);
  values.back() = 7;
  self.broadcast(values);
  self.sum(values);
  EXPECT_EQ(values.back(), 7);
  munmap(pages, bytes);
}
