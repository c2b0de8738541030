#pragma once
// What a model file says of its training, whatever network it is of.

#include <string>

namespace podscale {

struct TrainingSummary {
  long step = 0, best_step = 0, parameters = 0;
  double best_score = 0;
  int ranks = 1;
  std::string basis_checksum{}, weights_checksum{}, effective_namelist{}, version{};
};

/// Not collective. Error(data) where the model at `path` was trained on a basis of another
/// checksum. basis: the name of the one here.
void require_same_basis(const TrainingSummary& found, const std::string& basis_checksum,
                        const std::string& path, const std::string& basis);

}  // namespace podscale
