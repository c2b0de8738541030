#include "run_facts.hpp"

#include <fmt/ranges.h>
#include <hdf5.h>
#include <netcdf.h>
#include <slepcsys.h>
#include <unistd.h>

#include <algorithm>
#include <sstream>

#include "podscale/core/log.hpp"
#include "podscale/core/version.hpp"

namespace podscale {

LibraryVersions library_versions(const ProgramInfo& info) {
  PetscInt major = 0, minor = 0, subminor = 0, release = 0;
  unsigned h5_major = 0, h5_minor = 0, h5_release = 0;
  char mpi[MPI_MAX_LIBRARY_VERSION_STRING] = "";
  int length = 0;
  LibraryVersions found;
  PetscGetVersionNumber(&major, &minor, &subminor, &release);
  found.emplace_back("PETSc", fmt::format("{}.{}.{}", major, minor, subminor));
  SlepcGetVersionNumber(&major, &minor, &subminor, &release);
  found.emplace_back("SLEPc", fmt::format("{}.{}.{}", major, minor, subminor));
  const std::string netcdf = nc_inq_libvers();
  found.emplace_back("NetCDF", netcdf.substr(0, netcdf.find(' ')));
  H5get_libversion(&h5_major, &h5_minor, &h5_release);
  found.emplace_back("HDF5", fmt::format("{}.{}.{}", h5_major, h5_minor, h5_release));
  MPI_Get_library_version(mpi, &length);
  // "Open MPI v4.1.4, package: ..."; MPICH has a line "MPICH Version:      4.0.2".
  std::string name = std::string(mpi).substr(0, std::string(mpi).find_first_of(",\n")), number;
  if (const auto colon = name.find(':'); colon != std::string::npos) name.erase(colon, 1);
  if (const auto blank = name.find_last_of(" \t"); blank != std::string::npos) {
    number = name.substr(blank + 1);
    name.erase(name.find_last_not_of(" \t", blank) + 1);
  }
  if (number.starts_with("v")) number.erase(0, 1);
  found.emplace_back(name, number);
  std::istringstream further(info.versions);  // "LibTorch 1.13.1"
  for (std::string line; std::getline(further, line);)
    if (const auto blank = line.rfind(' '); blank != std::string::npos)
      found.emplace_back(line.substr(0, blank), line.substr(blank + 1));
    else if (!line.empty())
      found.emplace_back(line, "");
  return found;
}

RunFacts run_facts(const ProgramInfo& info, const CommandLine& line, const Node& node, int ranks,
                   int threads) {
  RunFacts facts;
  facts.program = info.name;
  facts.version = version();
  facts.build = PODSCALE_BUILD;
  facts.libraries = library_versions(info);
  char host[256] = "";
  gethostname(host, sizeof host - 1);
  facts.host = host;
  facts.process = getpid();
  facts.ranks = ranks;
  facts.nodes = node.count();
  facts.cores = node.cores();
  if (!info.versions.empty()) facts.threads = threads > 0 ? threads : std::max(1, node.cores() / node.size());
  facts.namelist = line.namelist;
  facts.command = command_line();
  facts.started = utc_now();
  return facts;
}

void log_header(const RunFacts& facts) {
  std::vector<std::string> libraries;
  for (const auto& [name, number] : facts.libraries)
    libraries.push_back(number.empty() ? name : name + " " + number);
  log::info("  {}; {}", facts.build, fmt::join(libraries, ", "));
  log::info("  {}: {} node{}, {} core{} here, {} thread{} a rank; process {}", facts.host, facts.nodes,
            facts.nodes > 1 ? "s" : "", facts.cores, facts.cores > 1 ? "s" : "", facts.threads,
            facts.threads > 1 ? "s" : "", facts.process);
  log::info("  {}", facts.command);
}

}  // namespace podscale
