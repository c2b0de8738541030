#include "podscale/core/process.hpp"

#include <gtest/gtest.h>
#include <mpi.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>

namespace podscale {
namespace {

TEST(MpiIo, OnlyOpenMpi4IsTold) {
  EXPECT_EQ(mpi_io_component("Open MPI v4.1.4, package: Debian OpenMPI, ident: 4.1.4"), "romio321");
  EXPECT_EQ(mpi_io_component("Open MPI v4.0.0rc2"), "romio321");
  for (const char* other : {"Open MPI v5.0.3, package: Debian OpenMPI", "Open MPI v3.1.6", "Open MPI v40.0.0",
                            "MPICH Version:      4.1.1", "Intel(R) MPI Library 2021.4 for Linux* OS", ""})
    EXPECT_EQ(mpi_io_component(other), "") << other;
}

// main() has called choose_mpi_io() before MPI_Init.
TEST(MpiIo, AUsersChoiceStays) {
  char library[MPI_MAX_LIBRARY_VERSION_STRING] = "";
  int length = 0;
  MPI_Get_library_version(library, &length);
  const char* const before = std::getenv("OMPI_MCA_io");
  const std::string chosen = before ? before : "";
  unsetenv("OMPI_MCA_io");
  choose_mpi_io();
  const char* const found = std::getenv("OMPI_MCA_io");
  EXPECT_EQ(found ? found : "", mpi_io_component(library));
  setenv("OMPI_MCA_io", "ompio", 1);
  choose_mpi_io();
  EXPECT_STREQ(std::getenv("OMPI_MCA_io"), "ompio");
  before ? setenv("OMPI_MCA_io", chosen.c_str(), 1) : unsetenv("OMPI_MCA_io");
}

TEST(Process, HasEndedBeforeItsParentAsks) {
  const pid_t child = fork();
  if (child == 0) {
    pause();
    _exit(0);
  }
  EXPECT_FALSE(process_has_ended(child));
  EXPECT_FALSE(process_has_ended(getpid()));
  EXPECT_EQ(process_state(getpid()), 'R');
  kill(child, SIGKILL);
  siginfo_t info{};
  waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT);
  EXPECT_EQ(process_state(child), 'Z');
  EXPECT_TRUE(process_has_ended(child));
  waitpid(child, nullptr, 0);
  EXPECT_TRUE(process_has_ended(child));
  EXPECT_EQ(process_state(child), '\0');
}

}  // namespace
}  // namespace podscale
