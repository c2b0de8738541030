#include "podscale/file/output_file.hpp"

#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <limits>
#include <random>
#include <regex>
#include <utility>

#include "podscale/core/error.hpp"
#include "podscale/core/process.hpp"
#include "podscale/core/stage.hpp"
#include "podscale/core/traffic.hpp"

namespace podscale {
namespace {

namespace fs = std::filesystem;

std::string folder_of(const std::string& path) {
  const fs::path folder = fs::path(path).parent_path();
  return folder.empty() ? "." : folder.string();
}

/// ".product.nc.": every temporary is called <prefix><host>-<process>-<8 hexadecimal digits>.tmp.
std::string prefix_of(const std::string& target) {
  return "." + fs::path(target).filename().string() + ".";
}

std::string host_name() {
  char host[33] = "";
  gethostname(host, sizeof host - 1);
  return host;
}

/// Under the lock, which only the writer of the target has. Some network file systems lock on one
/// node only, so what another node wrote is left alone for an hour.
void remove_stale(const std::string& target) {
  static const std::regex form("(.+)-([0-9]{1,9})-[0-9a-f]{8}\\.tmp");
  const std::string prefix = prefix_of(target);
  std::error_code status;
  for (const auto& entry : fs::directory_iterator(folder_of(target), status)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(prefix) || !entry.is_regular_file(status)) continue;
    const std::string rest = name.substr(prefix.size());
    std::smatch part;
    if (!std::regex_match(rest, part, form)) continue;
    const bool dead = part[1] == host_name() && process_has_ended(std::stoi(part[2]));
    const auto age = fs::file_time_type::clock::now() - entry.last_write_time(status);
    if (dead || age > std::chrono::hours(1)) fs::remove(entry.path(), status);
  }
}

[[noreturn]] void cannot(const std::string& target, const std::string& what) {
  fail(ExitCode::io, "{}: {}: {}; check the disk and run again", target, what, std::strerror(errno));
}

/// Folders too: the new name is not on the disk before its folder is.
void flush_path(const std::string& path, const std::string& target, int flags) {
  const int file = open(path.c_str(), flags | O_CLOEXEC);
  if (file < 0) cannot(target, fmt::format("{} cannot be opened to flush it", path));
  const bool flushed = fsync(file) == 0 || errno == EINVAL;  // a file system that cannot flush folders
  const int error = errno;
  close(file);
  errno = error;
  if (!flushed) cannot(target, fmt::format("{} cannot be flushed to the disk", path));
}

}  // namespace

OutputFile::OutputFile(const std::string& target) : target_(target), lock_(target) {
  if (lock_.enforced()) remove_stale(target);
  std::string name = fmt::format("{}/{}{}-{}-{:08x}.tmp", folder_of(target), prefix_of(target), host_name(),
                                 getpid(), std::random_device{}());
  doomed_ = std::make_unique<DoomedFile>(name);  // first: a signal may come as soon as it is there
  const int file = open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (file < 0) cannot(target, fmt::format("cannot be written: {} cannot be made", name));
  close(file);
  temporary_ = std::move(name);
}

OutputFile::OutputFile(OutputFile&& other) noexcept {
  *this = std::move(other);
}
OutputFile& OutputFile::operator=(OutputFile&& other) noexcept {
  std::swap(target_, other.target_);
  std::swap(temporary_, other.temporary_);
  std::swap(lock_, other.lock_);
  std::swap(doomed_, other.doomed_);
  return *this;
}

OutputFile::~OutputFile() {
  if (!temporary_.empty()) unlink(temporary_.c_str());
}

void OutputFile::require_space(std::uint64_t bytes) const {
  if (temporary_.empty()) return;
  if (const std::uint64_t free = free_bytes(temporary_); free < bytes)
    fail(ExitCode::io, "{}: the disk is full: {} bytes needed, {} free; make room or choose another folder",
         target_, bytes, free);
}

void OutputFile::write(std::string_view content) const {
  require_space(content.size());
  const Stage stage(StageId::write);
  const Transfer transfer(Direction::out, content.size());
  const int file = open(temporary_.c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC);
  if (file < 0) cannot(target_, fmt::format("{} cannot be opened", temporary_));
  while (!content.empty()) {
    const ssize_t written = ::write(file, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      const int error = errno;
      close(file);
      errno = error;
      cannot(target_, "cannot be written");
    }
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  if (close(file) != 0) cannot(target_, "cannot be written");
}

void OutputFile::commit() {
  flush_to_disk(temporary_, target_);
  if (rename(temporary_.c_str(), target_.c_str()) != 0)
    cannot(target_, fmt::format("cannot be renamed from {}", temporary_));
  temporary_.clear();
  doomed_.reset();
  flush_path(folder_of(target_), target_, O_RDONLY | O_DIRECTORY);
  lock_ = {};
}

void flush_to_disk(const std::string& path, const std::string& target) {
  flush_path(path, target, O_RDONLY);
}

std::uint64_t free_bytes(const std::string& path) {
  struct statvfs system {};
  if (statvfs(folder_of(path).c_str(), &system) != 0 || system.f_blocks == 0)
    return std::numeric_limits<std::uint64_t>::max();
  return static_cast<std::uint64_t>(system.f_bavail) * system.f_frsize;
}

std::string file_stamp(const std::string& path) {
  std::error_code status;
  const auto size = fs::file_size(path, status);
  if (status) return path + ": absent";
  const auto changed = fs::last_write_time(path, status).time_since_epoch().count();
  return fmt::format("{}: {} bytes of {}", path, size, changed);
}

bool older_file(const std::string& path, const std::string& than) {
  std::error_code first, second;
  const auto changed = fs::last_write_time(path, first), other = fs::last_write_time(than, second);
  return !first && !second && changed < other;
}

bool same_file(const std::string& a, const std::string& b) {
  std::error_code status;
  const bool there = fs::exists(a, status);
  if (there != fs::exists(b, status)) return false;
  if (there) return fs::equivalent(a, b, status);
  return fs::weakly_canonical(fs::absolute(a), status) == fs::weakly_canonical(fs::absolute(b), status);
}

}  // namespace podscale
