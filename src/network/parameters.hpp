#pragma once
// The parameters of a network, whatever it is made of: where they lie, and how they begin.

#include <torch/nn/module.h>
#include <torch/types.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "podscale/network/named_slice.hpp"

namespace podscale {

/// The parameters of a module as views of one contiguous float32 tensor: one reduction, one norm,
/// one average for all.
class FlatParameters {
 public:
  /// Moves the parameters of `module` into a flat tensor and leaves views behind; gradients
  /// likewise if asked for.
  FlatParameters(torch::nn::Module& module, bool gradients);
  torch::Tensor values;    ///< [n]
  torch::Tensor gradient;  ///< [n], undefined without gradients
  std::vector<NamedSlice> slices;
};

/// Not collective. Weights ~ N(0, 1/fan_in) from the counter-based generator, the same on any
/// rank; biases, all else of one dimension, and what is_zero() names 0.
void initialise_parameters(torch::nn::Module& module, std::uint64_t seed,
                           const std::function<bool(const std::string& name)>& is_zero);

}  // namespace podscale
