#pragma once
// What a NetcdfFile holds; private to the sources netcdf_*.cpp.

#include <netcdf.h>
#include <netcdf_par.h>

#include <cerrno>
#include <cstdint>
#include <map>
#include <new>
#include <optional>
#include <set>

#include "podscale/core/error.hpp"
#include "podscale/file/netcdf_file.hpp"
#include "podscale/file/output_file.hpp"

namespace podscale {

struct NetcdfFile::State {
  const Communicator* comm;
  int id = -1;
  bool sealed = false;
  std::uint64_t size = 0;  // of a file that is read, bytes
  bool parallel = false;   // written through MPI-IO; reading is serial on every rank
  OutputFile output;       // rank 0's, when writing
  std::string temporary;
  std::optional<DoomedFile> doomed, doomed_lock;  // any rank removes both if it has to end the run
  // Names, types and shapes are read once: in NetCDF-4 every inquiry may read the file,
  // collectively.
  std::map<std::string, std::size_t> dims;
  std::map<std::string, VariableInfo> variables;
  std::vector<std::string> names, groups;

  std::set<std::string> unlimited;
  std::map<std::string, std::vector<std::size_t>> chunks;  // of a new file; no entry: contiguous
  std::uint64_t header = 0, plain = 0, deflated = 0;       // bytes of a new file, before deflation

  PutListener* listener = nullptr;

  // Files that were destroyed open, for abandon_all(): a list that needs no memory.
  State* next_left_open = nullptr;
  static inline State* left_open = nullptr;

  explicit State(const Communicator& c) : comm(&c) {}

  /// Not collective. Removes the temporary file and gives up the lock.
  void release_output() {
    output = {};
    doomed.reset();
    doomed_lock.reset();
  }

  /// Not collective. Throws what a status of the library means, after a call that began with
  /// errno = 0: for most failed allocations it says "HDF5 error". Where a file cannot be read,
  /// that is damage, unless the system has a reason: a device, or memory that any file of its size
  /// needs.
  void judge(int status, const std::string& path, const std::string& what, bool reading) const;
  /// Collective. Ranks agree on the outcome of a library call. A value that does not fit the
  /// element type read is no failure: the library leaves an infinity, which nothing takes for
  /// data.
  void check(int status, const std::string& path, const std::string& what, bool reading = true) const {
    if (reading && status == NC_ERANGE) status = NC_NOERR;
    comm->agree([&] { judge(status, path, what, reading); });
  }
  /// Collective. Refuses a write that the disk has no room for, while HDF5 can still close the
  /// file: inside the library an error on one rank would leave the others waiting.
  void require_space(const std::string& path, std::uint64_t bytes) const;
  /// Collective. At most so many bytes are written for the hyperslabs of all ranks, chunks being
  /// whole.
  std::uint64_t bytes_of(const VariableInfo& info, const std::string& name,
                         const std::vector<std::size_t>& start, const std::vector<std::size_t>& count) const;
  // Not collective, under a guard of the caller. The library's status.
  int load_dimensions();
  int load_variables();
  int load_groups(int parent, const std::string& within);

  void check_hyperslab(const VariableInfo& info, const std::string& path, const std::string& name,
                       const std::vector<std::size_t>& start, const std::vector<std::size_t>& count,
                       std::size_t size) const;
  template <class T>
  void transfer_in(const VariableInfo& info, const std::string& path, const std::string& name,
                   const std::vector<std::size_t>& start, const std::vector<std::size_t>& count,
                   std::span<T> out) const;
  template <class T>
  void transfer_out(const VariableInfo& info, const std::string& path, const std::string& name,
                    const std::vector<std::size_t>& start, const std::vector<std::size_t>& count,
                    std::span<const T> values) const;
};

}  // namespace podscale
