// The main of every test program: MPI, PETSc and SLEPc up, failures reduced over ranks, and a watchdog that
// aborts a run whose ranks do not come together at the end, so that no test can hang.
#include <gtest/gtest.h>
#include <slepcsys.h>
#include <unistd.h>

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  int thread_level = 0;
  MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &thread_level);
  if (SlepcInitialize(&argc, &argv, nullptr, nullptr) != 0) return 1;
  int rank = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  auto& listeners = ::testing::UnitTest::GetInstance()->listeners();
  if (rank != 0) delete listeners.Release(listeners.default_result_printer());
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
  for (int i = 0; i < 2000 && !done; ++i) {
    MPI_Test(&request, &done, MPI_STATUS_IGNORE);
    if (!done) usleep(10000);
  }
  if (!done) MPI_Abort(MPI_COMM_WORLD, 2);
  SlepcFinalize();
  MPI_Finalize();
  return any;
}
