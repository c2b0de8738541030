#pragma once
// What catalogues want to know of a file: the global attributes of ACDD-1.3, as far as the fields
// themselves tell them. Nothing here is collective.

#include <string>

#include "podscale/core/sample_axis.hpp"
#include "podscale/mesh/mesh.hpp"
#include "podscale/study/attributes.hpp"

namespace podscale {

/// geospatial_* of a mesh that has latitudes and longitudes (degrees; else none). O(points) unless
/// it has axes of them.
Attributes place_attributes(const Mesh& mesh);

/// time_coverage_* from the intervals of the samples, or their times where they have none.
Attributes time_attributes(const SampleAxis& axis);

/// Not collective. "1993-01-31T12:00:00Z"; a date of a calendar that is not the standard one is
/// written alike.
std::string iso_time(const Date& date);

}  // namespace podscale
