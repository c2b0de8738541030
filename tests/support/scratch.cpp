#include "scratch.hpp"

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <vector>

#include "podscale/core/error.hpp"

namespace podscale::test {
namespace {

std::vector<std::string> made;

}  // namespace

ScratchFolder::ScratchFolder(const Communicator& comm)
    : path_((std::filesystem::temp_directory_path() / "podscale_test_XXXXXX").string()) {
  comm.agree([&] {
    if (!comm.is_root()) return;
    if (!mkdtemp(path_.data())) fail(ExitCode::io, "can't make {}: {}", path_, std::strerror(errno));
    made.push_back(path_);
  });
  path_ = comm.broadcast(path_);
}

void remove_scratch_folders() {
  for (const std::string& path : made) std::filesystem::remove_all(path);
  made.clear();
}

}  // namespace podscale::test
