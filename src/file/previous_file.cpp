#include "podscale/file/previous_file.hpp"

#include <filesystem>

#include "podscale/core/error.hpp"
#include "podscale/core/log.hpp"
#include "podscale/file/output_file.hpp"
#include "podscale/file/seal.hpp"

namespace podscale {
namespace {

namespace fs = std::filesystem;

std::string previous_of(const std::string& path) {
  const fs::path file(path);
  return (file.parent_path() / ("." + file.filename().string() + ".previous")).string();
}

/// Rank 0 only.
bool is_whole(const std::string& path) {
  try {
    return check_seal(Communicator::self(), path);
  } catch (const Error&) {
    return false;
  }
}

}  // namespace

void keep_previous(const std::string& path) {
  std::error_code status;
  if (!fs::exists(path, status)) return;
  fs::remove(previous_of(path), status);
  fs::create_hard_link(path, previous_of(path), status);
}

void make_room(const std::string& path, std::uint64_t bytes) {
  std::error_code status;
  if (free_bytes(path) < bytes) fs::remove(previous_of(path), status);
}

void fall_back(const Communicator& comm, const std::string& path) {
  comm.agree([&] {
    std::error_code status;
    const std::string previous = previous_of(path);
    if (!comm.is_root() || !fs::exists(previous, status) || is_whole(path) || !is_whole(previous)) return;
    fs::rename(previous, path, status);
    if (status) fail(ExitCode::io, "{}: cannot be replaced by {}: {}", path, previous, status.message());
    log::warn("{}: damaged: the checkpoint before it takes its place", path);
  });
}

void forget_previous(const Communicator& comm, const std::string& path) {
  std::error_code status;
  if (comm.is_root()) fs::remove(previous_of(path), status);
}

}  // namespace podscale
