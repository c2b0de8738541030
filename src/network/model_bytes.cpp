#include "model_bytes.hpp"

#include <hdf5.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <new>
#include <span>

#include "podscale/core/error.hpp"
#include "podscale/core/input_file.hpp"
#include "podscale/core/stage.hpp"
#include "podscale/core/traffic.hpp"
#include "podscale/file/library_guard.hpp"
#include "podscale/file/output_file.hpp"
#include "podscale/file/previous_file.hpp"
#include "podscale/file/seal.hpp"

namespace podscale {
namespace {

void silence_hdf5() {
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
}  // our own messages say what matters

}  // namespace

void write_model_bytes(const Communicator& comm, const std::string& path,
                       const std::function<std::string()>& make) {
  comm.agree([&] {
    if (!comm.is_root()) return;
    silence_hdf5();
    OutputFile file(path);
    const std::string bytes = make();
    make_room(path, bytes.size());
    file.write(bytes);
    seal_file(Communicator::self(), file.temporary());
    keep_previous(path);
    file.commit();
  });
}

ModelBytes read_model_bytes(const Communicator& comm, const std::string& path) {
  ModelBytes bytes;
  bytes.sealed = check_seal(comm, path);
  comm.agree([&] {
    if (!comm.is_root()) return;
    const Stage stage(StageId::read);
    require_regular_file(path, "file", "expected a model: run podscale-train first or set output.model_file");
    std::error_code status;
    std::ifstream file(path, std::ios::binary);
    bytes.image.resize(std::filesystem::file_size(path, status));
    const Transfer transfer(Direction::in, bytes.image.size());
    if (!file.read(bytes.image.data(), std::ssize(bytes.image)))
      fail(ExitCode::io, "{}: cannot be read: {}", path, std::strerror(errno));
  });
  std::size_t size = bytes.image.size();
  comm.broadcast(std::span(&size, 1));
  comm.agree([&] { bytes.image.resize(size); });
  constexpr std::size_t part = 1 << 30;  // MPI counts are int
  for (std::size_t at = 0; at < size; at += part)
    comm.broadcast(std::span(bytes.image).subspan(at, std::min(part, size - at)));
  return bytes;
}

void require_sealed(const ModelBytes& bytes, const std::string& path) {
  if (!bytes.sealed)
    fail(ExitCode::data,
         "{}: has no checksum as its last line: cut off, or changed by another program; train again with "
         "podscale-train",
         path);
}

void with_quiet_hdf5(const std::string& path, const ModelBytes& bytes, const std::function<void()>& read) {
  silence_hdf5();
  errno = 0;
  try {
    constexpr std::uint64_t records = 256 << 20;
    const LibraryGuard guard(path, records + 8 * bytes.image.size());  // the image and what is made of it
    read();
  } catch (const Error& error) {
    if (errno == ENOMEM && !has_honest_memory(bytes.image.size()))
      throw std::bad_alloc();  // HDF5 has no status for it
    if (std::string(error.what()).find(path) == std::string::npos)
      fail(error.code(), "{}: {}", path, error.what());
    throw;
  }
}

}  // namespace podscale
