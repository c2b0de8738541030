#pragma once
// What a model file of fields says of itself.

#include <string>
#include <vector>

#include "podscale/gaussian/calibration.hpp"
#include "podscale/network/model.hpp"
#include "podscale/network/training_summary.hpp"

namespace podscale {

/// One history row per validation.
struct ValidationRecord {
  long step = 0;
  double loss = 0, score = 0;
};

/// What a model file says of itself.
struct ModelSummary : TrainingSummary {
  ModelOptions options;
  TokenLayout layout;
  int groups = 1;  ///< parts of a batch, see TrainingOptions
  std::string criterion;  ///< that best_score is by, in words
  /// [regimes that it was trained on]; times = 0: none.
  std::vector<Calibration> head_calibrations{1}, ensemble_calibrations{1};
  std::vector<ValidationRecord> history;
};
/// Collective on comm, without building a network. Errors: data (no model file, or a damaged one),
/// no_input.
ModelSummary inspect_model(const Communicator& comm, const std::string& path);

}  // namespace podscale
