#pragma once
// Named regions of a product: boxes of latitude and longitude, whose area means it holds as
// series.

#include <vector>

#include "podscale/gaussian/functional.hpp"
#include "podscale/study/options.hpp"
#include "podscale/study/product_file.hpp"

namespace podscale {

/// Collective. The area mean of each series of region_series() over each box of &regions:
/// [series][regions]. Errors: usage (keys that do not go together), data (a region without ocean).
std::vector<Functional> region_functionals(const Communicator& comm, const StudyOptions& options,
                                           const Basis& basis, const std::vector<ProductVariable>& variables);

/// Not collective, the same on every rank. What is averaged: each variable, then each difference
/// of regions.differences. Errors: usage (not pairs, no such variable, variables in two units).
std::vector<RegionSeries> region_series(const StudyOptions& options,
                                        const std::vector<ProductVariable>& variables);

}  // namespace podscale
