#pragma once
// The finished blocks of a run, on disk until its files are complete: a run that was stopped or
// killed goes on from them.

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "podscale/file/netcdf_file.hpp"
#include "podscale/parallel/communicator.hpp"

namespace podscale {

/// A file of results is written block by block, and is worth nothing before its last block: what a
/// block puts into the NetCDF files of the run is also written, as it is, to units of some blocks
/// in the folder .<name>.part beside the first of them. A unit is one file a rank, with a seal,
/// under a temporary name until it is on the disk; it counts if the files of all ranks of that run
/// are there. A later run, of any number of ranks, puts the same hyperslabs again.
///
/// A unit ends after 10 s of work, or PODSCALE_KEEP_SECONDS of the environment (below 0: nothing
/// is kept), and when the run is asked to stop. Where the disk lacks the room for both, or a unit
/// cannot be written, nothing is kept and there is a warning: keeping never ends a run.
class KeptBlocks {
 public:
  /// Collective on comm, which must outlive it. target: the output, whose lock this run holds.
  /// identity: lines of text on which the blocks depend; units of another one are removed, and the
  /// log says what differs. blocks: of the run. most_bytes: of all blocks in the files, at most.
  /// Damaged units are removed with a warning.
  KeptBlocks(const Communicator& comm, const std::string& target, const std::string& identity, long blocks,
             std::uint64_t most_bytes);
  /// Not collective. Keeps what is finished since the last unit.
  ~KeptBlocks();
  KeptBlocks(const KeptBlocks&) = delete;
  KeptBlocks& operator=(const KeptBlocks&) = delete;
  /// Not collective, the same on every rank. Whether an earlier run finished the block.
  bool has(long block) const;
  /// Not collective. How many those are.
  long count() const;
  /// Collective. write() puts a block into the files, and says, alike on every rank, whether the
  /// next one may do without what this one left in memory: a unit ends at such places only.
  void record(long block, std::span<NetcdfFile* const> files, const std::function<bool()>& write);
  /// Collective. Puts a block that has(block) into the same files.
  void replay(long block, std::span<NetcdfFile* const> files);
  /// Collective, once the files are complete: removes the folder.
  void remove();

  /// Collective, with the lock of the target. Removes what a run that was killed left behind it.
  static void discard(const Communicator& comm, const std::string& target);

  /// Not collective. .<name>.part beside the target.
  static std::string folder_of(const std::string& target);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace podscale
