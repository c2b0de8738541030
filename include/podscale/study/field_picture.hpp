#pragma once
// The fields of podscale-inspect --picture, in a file for podscale_pictures.py.

#include <string>

#include "podscale/study/series_summary.hpp"

namespace podscale {

/// Rank 0 only. One field, and over the times of the sample its mean and its standard deviation,
/// on the mesh as podscale understood it. Errors: io.
void write_field_picture(const std::string& path, const FieldSource& source, bool over_time,
                         const FieldSample& sample);

}  // namespace podscale
