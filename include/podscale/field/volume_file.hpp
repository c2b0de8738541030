#pragma once
// Volumes of the format NIfTI-1, plain or gzipped, in one file (.nii, .nii.gz).
//
// Read by zlib alone: niftilib sets numbers that are not finite to 0 without a word.

#include <array>
#include <string>
#include <vector>

#include "podscale/mesh/plane.hpp"

namespace podscale {

struct Volume {
  std::array<idx_t, 3> size{};                    ///< voxels along i, j, k
  std::vector<float> values{};                    ///< scaled by scl_slope and scl_inter; i fastest
  std::array<std::array<double, 4>, 3> affine{};  ///< from i, j, k, 1 to millimetres
  int axial = 2;                                  ///< the axis that is nearest to head and foot
  std::string header{};                           ///< 348 bytes, as in the file
  idx_t slices() const { return size[static_cast<std::size_t>(axial)]; }
};

/// Not collective. Errors: no_input; data (no NIfTI-1 of one file, cut short, other than three
/// axes, complex or colour numbers, numbers that are not finite).
Volume read_volume(const std::string& path);

/// Not collective. Whether the file, once unpacked, begins as NIfTI does.
bool is_volume(const std::string& path);

/// Not collective. Across the axial axis: rows along the later of the other axes, columns along
/// the earlier.
Plane axial_slice(const Volume& volume, idx_t slice);

/// Not collective. A gzipped file of float32 with the axes and the affine of `like`; slices: all,
/// of one size, [slices]. refined: voxels of them to a side of one of like's, whose position the
/// affine keeps. description: of the header, at most 79 bytes. Errors: io.
void write_volume(const std::string& path, const Volume& like, int refined, const std::vector<Plane>& slices,
                  const std::string& description);

}  // namespace podscale
