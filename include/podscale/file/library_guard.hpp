#pragma once
// Bounds on what a library does with a file from elsewhere. HDF5 1.10 follows damaged records into
// foreign memory, frees them twice or asks for as much memory as a changed byte says.

#include <cstdint>
#include <string>

namespace podscale {

/// Not collective; lives while the calling thread is inside HDF5 or NetCDF. Where the library
/// crashes, the run ends with one line that names the file and code 65 on that rank, by MPI_Abort
/// where there are others: what the library leaves behind cannot be trusted. On one thread; a
/// guard within another does nothing.
class LibraryGuard {
 public:
  explicit LibraryGuard(const std::string& path);
  /// For records alone, which take milliseconds and less memory than the file has bytes: the
  /// library gets no more than `room` bytes of address space, and ends as if it had crashed after
  /// 10 s of computing.
  LibraryGuard(const std::string& path, std::uint64_t room);
  ~LibraryGuard();
  LibraryGuard(const LibraryGuard&) = delete;
  LibraryGuard& operator=(const LibraryGuard&) = delete;

 private:
  bool bounded_ = false;
  unsigned long memory_ = 0;  ///< the soft limit that was
};

/// Not collective. Bytes of address space that this process has; 0 where the system does not say.
std::uint64_t address_space();

/// Not collective. Not with the address sanitizer: its shadow memory meets any limit at once.
bool address_space_can_be_bounded();

/// Not collective. Bytes that a file of so many can honestly hold, compression included (deflate:
/// 1,032 to one), with 32 MiB for what was never written.
std::uint64_t honest_bytes(std::uint64_t file_size);

/// Not collective, after an allocation has failed. Whether the memory that an honest file of this
/// size may want can be had: then the request was that of a damaged one.
bool has_honest_memory(std::uint64_t file_size);

}  // namespace podscale
