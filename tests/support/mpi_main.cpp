// The main of every test program: MPI, PETSc and SLEPc up, failures reduced over ranks. No test
// can hang: a fatal failure of one rank of several ends the run at once, and a watchdog aborts a
// run whose ranks do not come together at the end. It waits 200 s times
// PODSCALE_TEST_TIMEOUT_SCALE: a busy machine is no hang.
#include <gtest/gtest.h>
#include <slepcsys.h>
#include <unistd.h>

#include <cstdlib>

#include "podscale/core/process.hpp"
#include "scratch.hpp"

namespace {

/// A rank that leaves a test early is missing in the next collective call of the others.
class AbortOnFatalFailure : public ::testing::EmptyTestEventListener {
  void OnTestPartResult(const ::testing::TestPartResult& result) override {
    int rank = 0, size = 1;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    if (!result.fatally_failed() || size == 1) return;
    std::fprintf(stderr, "rank %d: %s:%d: %s\n", rank, result.file_name() ? result.file_name() : "unknown file",
                 result.line_number(), result.message());
    std::fflush(nullptr);
    MPI_Abort(MPI_COMM_WORLD, 1);
  }
};

}  // namespace

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  const char* const given = std::getenv("PODSCALE_TEST_TIMEOUT_SCALE");
  const long scale = given ? std::atol(given) : 1;
  if (scale < 1) {
    std::fprintf(stderr, "PODSCALE_TEST_TIMEOUT_SCALE = '%s'; expected a whole number above 0\n", given);
    return 2;
  }
  podscale::choose_mpi_io();
  int thread_level = 0;
  MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &thread_level);
  if (SlepcInitialize(&argc, &argv, nullptr, nullptr) != 0) return 1;
  int rank = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  auto& listeners = ::testing::UnitTest::GetInstance()->listeners();
  if (rank != 0) delete listeners.Release(listeners.default_result_printer());
  listeners.Append(new AbortOnFatalFailure);
  int failed = RUN_ALL_TESTS();
  if (failed && rank != 0) {
    for (int i = 0; i < ::testing::UnitTest::GetInstance()->total_test_suite_count(); ++i) {
      const auto* suite = ::testing::UnitTest::GetInstance()->GetTestSuite(i);
      for (int j = 0; j < suite->total_test_count(); ++j) {
        const auto* result = suite->GetTestInfo(j)->result();
        for (int k = 0; k < result->total_part_count(); ++k)
          if (result->GetTestPartResult(k).failed())
            std::fprintf(stderr, "rank %d: %s.%s: %s\n", rank, suite->name(), suite->GetTestInfo(j)->name(),
                         result->GetTestPartResult(k).message());
      }
    }
  }
  MPI_Request request = MPI_REQUEST_NULL;
  int any = 0, done = 0;
  MPI_Iallreduce(&failed, &any, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD, &request);
  for (const double start = MPI_Wtime(); !done && MPI_Wtime() - start < static_cast<double>(200 * scale);) {
    MPI_Test(&request, &done, MPI_STATUS_IGNORE);
    if (!done) usleep(10000);
  }
  if (!done) {
    std::fprintf(stderr, "rank %d: another rank is not there after %ld s\n", rank, 200 * scale);
    MPI_Abort(MPI_COMM_WORLD, 2);
  }
  podscale::test::remove_scratch_folders();
  SlepcFinalize();
  MPI_Finalize();
  return any;
}
