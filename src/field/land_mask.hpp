#pragma once
// What the numbers of a mask mean. Private to src/field.

#include <string>
#include <vector>

#include "podscale/field/cf_source.hpp"

namespace podscale {

/// Not collective. The mask of a series on its mesh, [points]: 1 sea, 0 land.
/// spec.mask_ocean_values come first, then flag_meanings, then standard_name (land_binary_mask,
/// land_area_fraction, sea_binary_mask, sea_area_fraction, as shares or %), then the names sftlf,
/// sftof and lsm; a plain mask is sea where it is neither 0 nor missing, which is said aloud.
/// Shares count as sea from spec.mask_threshold on. path: of the file where spec names none;
/// owner: whose mesh is expected. Errors: as read_on_mesh; data where the meaning is open (an
/// elevation, a mask of land by its name), where two attributes contradict each other or nothing
/// is sea.
std::vector<float> read_land_mask(const CfSpec& spec, const std::string& path, const Mesh& mesh,
                                  const std::string& owner);

}  // namespace podscale
