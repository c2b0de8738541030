#pragma once
// How every file of ours is written: under a name of the run's own beside the target, flushed to
// the disk, then renamed. A reader sees the old file or the new one, whole, whatever happens to
// the run.

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace podscale {

/// Rank 0 only. The right to write one file: an exclusive flock on .<name>.lock beside it, whose
/// text names the holder. The system frees it when the process ends, by kill -9 too. Copies share
/// it, as does every other lock of this process on the same file; the last one removes the lock
/// file. Where the file system has no locks there is a warning and no protection, but temporary
/// names are still the run's own.
class OutputLock {
 public:
  OutputLock() = default;  ///< holds nothing
  /// Errors: io (another run holds it; no folder; it cannot be written; `target` is no regular
  /// file).
  explicit OutputLock(const std::string& target);
  bool enforced() const;
  static std::string name_of(const std::string& target);

 private:
  struct Held;
  std::shared_ptr<Held> held_;
};

/// Not collective. A file that is not to outlive this process: its destructor forgets the path,
/// remove_doomed_files() removes it. Movable by pointer only: a signal handler reads it.
class DoomedFile {
 public:
  explicit DoomedFile(const std::string& path);
  DoomedFile(const DoomedFile&) = delete;
  DoomedFile& operator=(const DoomedFile&) = delete;
  ~DoomedFile();

 private:
  std::size_t slot_;
};
/// Safe in a signal handler. For a process that is about to die.
void remove_doomed_files() noexcept;

/// Rank 0 only. One file on its way. Errors: io.
class OutputFile {
 public:
  OutputFile() = default;  ///< no file: the other ranks
  /// Takes the lock, removes what dead runs left under temporary names of `target`, makes an empty
  /// file under a new one.
  explicit OutputFile(const std::string& target);
  OutputFile(OutputFile&& other) noexcept;
  OutputFile& operator=(OutputFile&& other) noexcept;
  ~OutputFile();  ///< removes the temporary file, unless committed

  const std::string& temporary() const { return temporary_; }
  /// Refuses where the disk has less than `bytes` free. Nothing where there is no file.
  void require_space(std::uint64_t bytes) const;
  /// The whole content.
  void write(std::string_view content) const;
  /// Flushes the temporary file, renames it to the target and flushes the folder.
  void commit();

 private:
  std::string target_, temporary_;
  OutputLock lock_;
  std::unique_ptr<DoomedFile> doomed_;
};

/// Not collective. Flushes a file that is closed, so that a full or broken disk is known before a
/// rename: every rank calls it for what its own node still holds. Errors: io.
void flush_to_disk(const std::string& path, const std::string& target);

/// Not collective. Bytes that a user may still write beside `path`; the largest number where the
/// file system does not say.
std::uint64_t free_bytes(const std::string& path);

/// Not collective. Path, size and time of the last change, in words: another file under the same
/// name has another stamp. What is absent is "absent".
std::string file_stamp(const std::string& path);

/// Not collective. Whether both are there, and the first was changed last before the second.
bool older_file(const std::string& path, const std::string& than);

/// Not collective. One file under two names: by path, symbolic link or hard link. Neither need be
/// there.
bool same_file(const std::string& a, const std::string& b);

}  // namespace podscale
