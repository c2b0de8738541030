// A write that fails inside MPI-IO on one rank, which no look at the disk foretells: a limit on
// the size of files stands for a quota, or for another program that fills the disk meanwhile. The
// run must end by itself; see failing_write.sh.
#include <sys/resource.h>

#include <csignal>

#include "podscale/core/process.hpp"
#include "podscale/file/netcdf_file.hpp"

int main(int argc, char** argv) {
  using namespace podscale;
  choose_mpi_io();
  MPI_Init(&argc, &argv);
  {
    const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
    const std::string step = argv[2];
    std::signal(SIGXFSZ, SIG_IGN);
    const std::size_t rows = 64, columns = 4096;
    NetcdfFile file = NetcdfFile::create(comm, argv[1]);
    file.define_dimension("time", 8, true);
    file.define_dimension("y", rows * static_cast<std::size_t>(comm.size()));
    file.define_dimension("x", columns);
    file.define_variable("a", NC_DOUBLE, {"time", "y", "x"}, {{1, rows, columns}, 1, {}});
    file.put_text("", "namelist", std::string(30000, 'x'));
    const auto limit = [](rlim_t bytes) {
      const rlimit size{bytes, RLIM_INFINITY};
      setrlimit(RLIMIT_FSIZE, &size);
    };
    if (step == "define") limit(4096);
    file.end_definitions();
    if (step == "put") limit(1 << 20);
    std::vector<double> values(rows * columns);
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = 1.0 / static_cast<double>(i + 1);
    for (std::size_t t = 0; t < 8; ++t)
      file.put("a", {t, rows * static_cast<std::size_t>(comm.rank()), 0}, {1, rows, columns},
               std::span<const double>(values));
    if (step == "close") limit(4096);
    file.commit();
  }
  MPI_Finalize();
}
