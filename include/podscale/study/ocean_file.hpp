#pragma once
// The synthetic ocean as two CF NetCDF files: the HR field and its LR companion.

#include <string>

#include "podscale/field/synthetic_ocean.hpp"
#include "podscale/parallel/communicator.hpp"

namespace podscale {

struct OceanFiles {
  std::string hr, lr;    ///< paths
  std::string namelist;  ///< effective values, stored in both
  std::string source;    ///< global attribute
};

struct OceanSummary {
  long steps = 0, ocean_points = 0, lr_ocean_points = 0;
  double ocean_share = 0;
};

/// Collective. Ranks own rectangles of LR blocks and write their own hyperslabs, one block of
/// times at a time: memory does not grow with the number of times. The LR value is the mean of the
/// ocean points of a block, plus lr_bias and noise. The data are the same bits at any rank count.
/// Nothing appears under the paths before both are complete and on the disk. Two names cannot
/// change at once: a crash between the two renames leaves a new HR file beside an old LR file, or
/// none. Errors: data (no ocean), io.
OceanSummary write_ocean(const Communicator& comm, const OceanSpec& spec, const OceanFiles& files);

/// Not collective. Steps that write_ocean holds at once.
long ocean_time_block(const OceanSpec& spec);

}  // namespace podscale
