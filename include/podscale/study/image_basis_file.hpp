#pragma once
// The file of a pooled base of images: output.basis_file of a namelist with &images.

#include <cstdint>
#include <string>
#include <vector>

#include "podscale/field/image_set.hpp"
#include "podscale/file/netcdf_file.hpp"
#include "podscale/study/image_calibrate.hpp"

namespace podscale {

struct ImageBasis {
  PooledBase base{};
  std::vector<ImageCalibration> calibrations{};  ///< of the base alone, by number of grids
  std::string degrade{};                         ///< how LR was made: "bicubic", ...
  std::string effective_namelist{};
  /// Not collective. Of all numbers: a network knows its base by it.
  std::uint64_t checksum() const;
};

/// Collective on comm, with the same basis on every rank. run: checksum of its RunIdentity; "":
/// none. Errors: io.
void write_image_basis(const Communicator& comm, const ImageBasis& basis, const std::string& path,
                       const std::string& run = "");

/// Collective on comm. Errors: no_input; data (a basis of fields, of another version, damaged).
ImageBasis read_image_basis(const Communicator& comm, const std::string& path);

/// Not collective. Error(usage), agreed, where the namelist `source` asks for other patches than
/// the basis of the file `path` has.
void require_window_shape(const ImageBasis& basis, const WindowShape& asked, const std::string& source,
                          const std::string& path);

/// Not collective. "bicubic", ...
const char* degrade_name(Degrade degrade);

/// Collective on comm, as the file is. Whether an open file is a basis of images.
bool is_image_basis(const NetcdfFile& file);

}  // namespace podscale
