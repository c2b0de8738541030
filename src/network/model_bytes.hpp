#pragma once
// The bytes of a model file, which rank 0 alone reads and writes. Private to this folder.

#include <functional>
#include <string>
#include <vector>

#include "podscale/parallel/communicator.hpp"

namespace podscale {

/// Collective. Rank 0 writes what make() gives it, sealed, to a temporary name and renames; the
/// file that was there stays as the previous one, see previous_file.hpp. Errors: io.
void write_model_bytes(const Communicator& comm, const std::string& path,
                       const std::function<std::string()>& make);

/// The attribute that tells a model of images from one of fields.
inline constexpr const char* kImageModelFormat = "podscale_image_model_format";

struct ModelBytes {
  std::vector<char> image{};
  bool sealed = false;  ///< the checksum at the end is there, and right
};
/// Collective. Every rank gets them. Errors: no_input, data, io.
ModelBytes read_model_bytes(const Communicator& comm, const std::string& path);

/// Not collective. Error(data) for a file that has no seal.
void require_sealed(const ModelBytes& bytes, const std::string& path);

/// Not collective. Runs `read`, which parses the bytes, within bounds on memory and time
/// (LibraryGuard), and tells what HDF5 has no status for: std::bad_alloc.
void with_quiet_hdf5(const std::string& path, const ModelBytes& bytes, const std::function<void()>& read);

}  // namespace podscale
