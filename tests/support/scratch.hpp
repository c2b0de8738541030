#pragma once
// Temporary folders of a test program: no two builds, users or processes share one.

#include <string>

#include "podscale/parallel/communicator.hpp"

namespace podscale::test {

/// A new, empty folder, the same on all ranks; main() removes it when all ranks have met at the
/// end.
class ScratchFolder {
 public:
  /// Collective on comm.
  explicit ScratchFolder(const Communicator& comm);
  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

/// Not collective, for main(): removes the folders that this process has made.
void remove_scratch_folders();

}  // namespace podscale::test
