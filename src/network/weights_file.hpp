#pragma once
// The weights of a model file. Private to this folder; not collective.

#include <string>

#include "hdf5_values.hpp"
#include "podscale/network/trained_weights.hpp"

namespace podscale {

void put_weights(Hdf5File& file, const TrainedWeights& weights);
/// Names, shapes and values of all parameters, in the order of their names. Errors: data.
void get_weights(const Hdf5File& file, const std::string& path, TrainedWeights& weights);
/// Errors: data, where the weights are not those that `stored` is of.
void require_checksum(const TrainedWeights& weights, const std::string& stored, const std::string& path);

}  // namespace podscale
