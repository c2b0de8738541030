#pragma once
// The numbers of a network in training, as a model file keeps them. No Torch here.

#include <string>
#include <vector>

#include "podscale/network/named_slice.hpp"

namespace podscale {

struct TrainedWeights {
  std::vector<NamedSlice> slices{};
  std::vector<float> parameters{}, average{}, best{};  ///< [n]
  std::vector<float> first_moment{}, second_moment{};  ///< [n]; 0 before the first step
  double pending_loss = 0;  ///< sum of the losses since the last validation, and their number
  long pending_steps = 0;
  double rate_factor = 1;  ///< of the rate from here on; below 1 after a recovery
};

/// Of the best weights, whatever the order of the slices.
std::string weights_checksum(const TrainedWeights& weights);
/// Values of `from` (laid out as weights.slices) in the order of `slices`. Error(data) that names
/// the first parameter that is missing or has another shape. Not collective.
std::vector<float> in_order_of(const std::vector<NamedSlice>& slices, const TrainedWeights& weights,
                               const std::vector<float>& from, const std::string& path);

}  // namespace podscale
