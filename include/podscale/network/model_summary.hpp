#pragma once
// What a model file says of itself.

#include <string>
#include <vector>

#include "podscale/gaussian/calibration.hpp"
#include "podscale/network/model.hpp"

namespace podscale {

/// One history row per validation.
struct ValidationRecord {
  long step = 0;
  double loss = 0, score = 0;
};

/// Collective; for podscale-inspect: what a model file says of itself, without building a network.
struct ModelSummary {
  ModelOptions options;
  TokenLayout layout;
  long step = 0, best_step = 0, parameters = 0;
  double best_score = 0;
  int ranks = 1;
  int groups = 1;  ///< see TrainingOptions
  std::string basis_checksum, weights_checksum, effective_namelist, version;
  std::string criterion;  ///< that best_score is by, in words
  std::vector<Calibration> head_calibrations{1}, ensemble_calibrations{1};  ///< [regimes that it was trained on]; times = 0: none
  std::vector<ValidationRecord> history;
};
/// Collective on comm. Errors: data (no model file, or a damaged one), no_input.
ModelSummary inspect_model(const Communicator& comm, const std::string& path);

}  // namespace podscale
