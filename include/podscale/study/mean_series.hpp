#pragma once
// Means over time of named regions, in a file beside the product: months, seasons, stretches of
// days, each with the standard deviation that follows from the factors and from how errors persist
// (doc/method.md: 4.17).

#include <string>

#include "podscale/study/foundation.hpp"
#include "podscale/study/options.hpp"
#include "podscale/study/time_means.hpp"

namespace podscale {

/// Not collective. product.means.nc of product.nc.
std::string means_path(const std::string& product_path);

/// Not collective. The stretches of regions.means: as stretches(), or 'season', or 'all'.
std::vector<TimeStretch> stretches_of_key(const SampleAxis& times, const std::string& key);

/// Not collective, the same on every rank; before the work. kind: of the forecasts, never
/// automatic. Error(usage) for keys that do not go together with regions.means, data where how
/// errors persist is not known or the times make up no such mean.
void require_means(const StudyOptions& options, const Foundation& foundation, const SampleAxis& times,
                   Uncertainty kind);

/// Collective, once the product and its factors are there. Writes means_path() of
/// output.product_file: for each key of regions.means a dimension of its own and
/// <series>_region_mean_<key>, _region_std_<key> along it and the regions. Means are dealt over
/// ranks; each reads the times of its own. The same bits at any number of ranks. Memory: every
/// rank holds the whole mesh, as a mean needs all patches at once: phi of the factors (modes x
/// channels x points) and some fields, whatever the number of ranks. Errors: io, requeue.
void write_means(const Communicator& comm, const StudyOptions& options, const Basis& basis);

}  // namespace podscale
