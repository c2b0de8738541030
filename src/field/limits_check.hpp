#pragma once
// Whether the limits of validity that a file gives can be those of its values. Private to src/field.

#include "file_reader.hpp"

namespace podscale {

/// Not collective. Error(data) where valid_min, valid_max or valid_range take every value of the
/// first, the middle and the last time for missing: they are in other units.
void require_sensible_limits(const NetcdfFile& file, const FileLayout& layout, const Mesh& mesh);

}  // namespace podscale
