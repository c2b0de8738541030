#pragma once
// model.h5: our own HDF5 layout, readable with h5dump. No Torch here.
//
//   /parameters/<name>                       weights
//   /average/<name>                          their moving average
//   /best/<name>                             the average that scored best
//   /first_moment/<name>  /second_moment/... of AdamW
//   /history/step  loss  score               one entry a validation
//   /layout/latitude  longitude  active      the tokens
//   /calibration/head  head_1 ...  ensemble  of each regime of the base, as many as head_calibrations says
//   /basis_checksum  weights_checksum  namelist  version  criterion      texts
//   attributes of /: podscale_model_format, model options, step, best_step, best_score, ranks

#include <cstdint>
#include <string>
#include <vector>

#include "podscale/network/model_summary.hpp"
#include "podscale/network/trained_weights.hpp"

namespace podscale {

struct Checkpoint : TrainedWeights {
  ModelSummary summary;
};

/// Collective; rank 0 writes to a temporary name and renames. Errors: io.
void write_checkpoint(const Communicator& comm, const Checkpoint& checkpoint, const std::string& path);
/// Collective; rank 0 reads, all get it. Errors: no_input, data (not a model of ours, truncated,
/// another format).
Checkpoint read_checkpoint(const Communicator& comm, const std::string& path);
/// Error(data/usage) where a checkpoint does not belong to this layout, network or basis. Not
/// collective.
void require_same_study(const ModelSummary& found, const TokenLayout& layout,
                        const std::string& basis_checksum, const std::string& path, const std::string& basis);

}  // namespace podscale
