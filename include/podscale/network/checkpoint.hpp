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
#include "podscale/network/named_slice.hpp"

namespace podscale {

struct Checkpoint {
  ModelSummary summary;
  double pending_loss = 0;  ///< sum of the losses since the last validation, and their number
  long pending_steps = 0;
  std::vector<NamedSlice> slices;
  std::vector<float> parameters, average, best;    ///< [n]
  std::vector<float> first_moment, second_moment;  ///< [n]; 0 before the first step
};

/// Collective; rank 0 writes to a temporary name and renames. Errors: io.
void write_checkpoint(const Communicator& comm, const Checkpoint& checkpoint, const std::string& path);
/// Collective; rank 0 reads, all get it. Errors: no_input, data (not a model of ours, truncated,
/// another format).
Checkpoint read_checkpoint(const Communicator& comm, const std::string& path);
/// Of the best weights, whatever the order of the slices.
std::string weights_checksum(const Checkpoint& checkpoint);
/// Values of `from` (laid out as checkpoint.slices) in the order of `slices`. Error(data) that
/// names the first parameter that is missing or has another shape. Not collective.
std::vector<float> in_order_of(const std::vector<NamedSlice>& slices, const Checkpoint& checkpoint,
                               const std::vector<float>& from, const std::string& path);
/// Error(data/usage) where a checkpoint does not belong to this layout, network or basis. Not
/// collective.
void require_same_study(const ModelSummary& found, const TokenLayout& layout,
                        const std::string& basis_checksum, const std::string& path, const std::string& basis);

}  // namespace podscale
