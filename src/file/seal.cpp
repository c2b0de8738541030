#include "podscale/file/seal.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <set>

#include "podscale/core/checksum.hpp"
#include "podscale/core/error.hpp"
#include "podscale/core/pulse.hpp"

namespace podscale {
namespace {

const std::string kMark = "\npodscale checksum ";
constexpr long kDigits = 16, kBlock = 1 << 20;  // bytes; a rank hashes whole blocks

/// FNV-1a by words of eight bytes, with a shift that lets high bits reach low ones.
std::uint64_t checksum_of(const std::vector<std::uint64_t>& words, std::uint64_t start) {
  std::uint64_t value = 0xcbf29ce484222325ULL + start;
  for (const std::uint64_t word : words) {
    value = (value ^ word) * 0x100000001b3ULL;
    value ^= value >> 32;
  }
  return value;
}

/// Collective. Of the first `size` bytes: one checksum a block, added up, so that the number of
/// ranks does not matter.
std::string checksum_of(const Communicator& comm, const std::string& path, long size) {
  unsigned long sum = comm.is_root() ? static_cast<unsigned long>(size) : 0;
  comm.agree([&] {
    const Share mine = share_of((size + kBlock - 1) / kBlock, comm.size(), comm.rank());
    std::ifstream file(path, std::ios::binary);
    file.seekg(mine.begin * kBlock);
    std::vector<std::uint64_t> words;
    for (long block = mine.begin; block < mine.end; ++block) {
      const long bytes = std::min(kBlock, size - block * kBlock);
      words.assign(static_cast<std::size_t>(bytes + 7) / 8, 0);
      if (!file.read(reinterpret_cast<char*>(words.data()), bytes))
        fail(ExitCode::io, "{}: its checksum cannot be made, reading failed: {}", path, std::strerror(errno));
      sum += checksum_of(words, static_cast<std::uint64_t>(block));
      pulse::beat();
    }
  });
  return checksum_text(comm.sum(sum));
}

/// Which file it is, in which state; all 0 for none. Only a file at rest for a while can be told
/// from a changed one by the time of its change.
std::array<long, 4> state_of(const std::string& path) {
  struct stat s {};
  if (stat(path.c_str(), &s) != 0 || std::time(nullptr) - s.st_ctim.tv_sec < 3) return {};
  return {static_cast<long>(s.st_dev), static_cast<long>(s.st_ino), s.st_ctim.tv_sec, s.st_ctim.tv_nsec};
}

}  // namespace

void seal_file(const Communicator& comm, const std::string& path) {
  long size = 0;
  comm.agree([&] {
    std::error_code status;
    if (comm.is_root()) size = static_cast<long>(std::filesystem::file_size(path, status));
    if (status) fail(ExitCode::io, "{}: its size cannot be read: {}", path, status.message());
  });
  comm.broadcast(std::span(&size, 1));
  const std::string checksum = checksum_of(comm, path, size);
  comm.agree([&] {
    if (!comm.is_root()) return;
    std::ofstream file(path, std::ios::binary | std::ios::app);
    if (!(file << kMark << checksum << '\n').flush())
      fail(ExitCode::io, "{}: its checksum cannot be written: {}", path, std::strerror(errno));
  });
}

long seal_bytes() {
  return std::ssize(kMark) + kDigits + 1;
}

std::string seal_of(const std::string& path) {
  std::error_code status;
  if (!std::filesystem::is_regular_file(path, status)) return "";  // to open a pipe may wait for ever
  std::string stored(static_cast<std::size_t>(seal_bytes()), '\0');
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  const long sealed = static_cast<long>(file.tellg()) - seal_bytes();
  const bool found =
      sealed > 0 && file.seekg(sealed).read(stored.data(), std::ssize(stored)) && stored.starts_with(kMark);
  return found ? stored.substr(kMark.size(), kDigits) : "";
}

bool check_seal(const Communicator& comm, const std::string& path) {
  static std::set<std::array<long, 4>> checked;  // by this process
  const auto state = state_of(path);
  std::string stored(kMark.size() + kDigits + 1, '\0');
  long size = -1;  // of what is sealed; 0: known to be whole, -1: no seal
  if (std::error_code status; comm.is_root() && std::filesystem::is_regular_file(path, status)) {
    std::ifstream file(path, std::ios::binary | std::ios::ate);
    const long sealed = static_cast<long>(file.tellg()) - std::ssize(stored);
    const bool found = sealed > 0 && file.seekg(sealed).read(stored.data(), std::ssize(stored)) &&
                       stored.starts_with(kMark) && stored.back() == '\n';
    if (found) size = checked.contains(state) ? 0 : sealed;
  }
  comm.broadcast(std::span(&size, 1));
  if (size <= 0) return size == 0;
  const std::string found = checksum_of(comm, path, size);
  comm.agree([&] {
    stored = stored.substr(kMark.size(), kDigits);
    if (comm.is_root() && found != stored)
      fail(ExitCode::data,
           "{}: damaged: its bytes have the checksum {}, expected {} as its last line says; copy the file "
           "again or make it again",
           path, found, stored);
  });
  if (state != std::array<long, 4>{}) checked.insert(state);
  return true;
}

}  // namespace podscale
