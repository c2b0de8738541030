// OutputLock, and the list of files that die with the process.
#include <fcntl.h>
#include <fmt/chrono.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <climits>
#include <cstring>
#include <filesystem>
#include <map>
#include <utility>

#include "podscale/core/error.hpp"
#include "podscale/core/log.hpp"
#include "podscale/file/output_file.hpp"

namespace podscale {
namespace {

namespace fs = std::filesystem;

/// Paths in static memory: a signal handler may neither allocate nor wait.
struct Slot {
  std::atomic<int> state{0};  // 0 free, 1 being filled, 2 in use
  char path[PATH_MAX];
};
std::array<Slot, 32> slots;

constexpr std::string_view signature = "podscale lock: ";

std::string holder_line() {
  char host[256] = "";
  gethostname(host, sizeof host - 1);
  return fmt::format("{}{} on {}, process {}, since {:%Y-%m-%d %H:%M:%S} UTC\n", signature,
                     program_invocation_short_name, host, getpid(), fmt::gmtime(std::time(nullptr)));
}

std::string text_of(int file) {
  std::array<char, 512> text{};
  const ssize_t size = pread(file, text.data(), text.size(), 0);
  return {text.data(), static_cast<std::size_t>(std::max<ssize_t>(0, size))};
}

/// The holder writes its name just after it got the lock.
std::string holder_of(int file) {
  for (int tries = 0; tries < 50; ++tries, usleep(20000))
    if (const std::string text = text_of(file); text.ends_with('\n') && text.starts_with(signature))
      return text.substr(signature.size(), text.size() - signature.size() - 1);
  return "unknown";
}

}  // namespace

DoomedFile::DoomedFile(const std::string& path) : slot_(slots.size()) {
  if (path.size() >= sizeof slots[0].path) return;
  for (slot_ = 0; slot_ < slots.size(); ++slot_)  // none free: the next run of that target removes it
    if (int free = 0; slots[slot_].state.compare_exchange_strong(free, 1)) {
      std::memcpy(slots[slot_].path, path.c_str(), path.size() + 1);
      slots[slot_].state = 2;
      return;
    }
}
DoomedFile::~DoomedFile() {
  if (slot_ < slots.size()) slots[slot_].state = 0;
}
void remove_doomed_files() noexcept {
  for (const Slot& slot : slots)
    if (slot.state == 2) unlink(slot.path);
}

struct OutputLock::Held {
  std::string path;
  int file = -1;  // none where the file system has no locks
  std::unique_ptr<DoomedFile> doomed;
  ~Held() {
    if (file < 0) return;
    unlink(
        path.c_str());  // while it is held: who waits for this file sees that it is gone, and makes another
    close(file);
  }
};

OutputLock::OutputLock(const std::string& target) {
  static std::map<std::string, std::weak_ptr<Held>> mine;
  const fs::path path(target);
  const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  std::error_code status;
  if (!fs::is_directory(folder, status))
    fail(ExitCode::io, "{}: cannot be written: there is no directory {}; create it first", target,
         folder.string());
  if (fs::exists(path, status) && !fs::is_regular_file(path, status))
    fail(ExitCode::io, "{}: cannot be written: it is a directory or a device; expected a file", target);
  const std::string lock = name_of(target);
  held_ = mine[lock].lock();
  if (held_) return;
  held_ = std::make_shared<Held>();
  held_->path = lock;
  for (int& file = held_->file;;) {
    file = open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0666);
    if (file < 0)
      fail(ExitCode::io, "{}: cannot be written: its lock {} cannot be made: {}", target, lock,
           std::strerror(errno));
    struct stat opened {
    }, there{};
    if (fstat(file, &opened) != 0 || !S_ISREG(opened.st_mode)) {
      close(std::exchange(file, -1));
      fail(ExitCode::io, "{}: cannot be written: {}, which is to be its lock, is no file; remove it", target,
           lock);
    }
    if (flock(file, LOCK_EX | LOCK_NB) != 0) {
      const int error = errno;
      const std::string holder = error == EWOULDBLOCK ? holder_of(file) : "";
      close(std::exchange(file, -1));
      if (error == EINTR) continue;
      if (error == EWOULDBLOCK)
        fail(ExitCode::io,
             "{}: another run is writing it: {}; wait for it or stop it, or choose another file ({} is the "
             "lock; remove it only where that process is gone)",
             target, holder, lock);
      if (opened.st_size == 0) unlink(lock.c_str());
      log::warn("{}: no lock on this file system ({}): let no other run write it at the same time", target,
                std::strerror(error));
      return;
    }
    // The last holder may have removed the file between open and flock.
    if (stat(lock.c_str(), &there) == 0 && there.st_ino == opened.st_ino && there.st_dev == opened.st_dev)
      break;
    close(std::exchange(file, -1));
  }
  if (const std::string text = text_of(held_->file); !text.empty() && !text.starts_with(signature)) {
    close(std::exchange(held_->file, -1));
    fail(ExitCode::io, "{}: cannot be written: {}, which is to be its lock, is another file; move it", target,
         lock);
  }
  const std::string text = holder_line();
  if (ftruncate(held_->file, 0) != 0 ||
      pwrite(held_->file, text.data(), text.size(), 0) != static_cast<ssize_t>(text.size()))
    fail(ExitCode::io, "{}: cannot be written: {}; make room on the disk", target, std::strerror(errno));
  held_->doomed = std::make_unique<DoomedFile>(lock);
  mine[lock] = held_;
}

std::string OutputLock::name_of(const std::string& target) {
  std::error_code status;
  const fs::path path = fs::absolute(target);
  return (fs::canonical(path.parent_path(), status) / ("." + path.filename().string() + ".lock")).string();
}

bool OutputLock::enforced() const {
  return held_ && held_->file >= 0;
}

}  // namespace podscale
