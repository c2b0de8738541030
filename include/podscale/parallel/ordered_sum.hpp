#pragma once
// Sums over work items of very different size and magnitude, as images are: each is one vector,
// made by one rank, and vectors add up in the order of their numbers, so that the bits are the
// same at any number of ranks.

#include <functional>
#include <span>
#include <vector>

#include "podscale/core/view.hpp"
#include "podscale/parallel/communicator.hpp"

namespace podscale {

/// Collective on comm. The sum of `items` vectors of `size` values, on every rank. make(i, out)
/// fills the vector of item i, which is 0 before; it is called on one rank, not collective, and
/// what it throws all ranks throw. Memory: two vectors a rank. One broadcast of a vector an item.
std::vector<double> sum_in_order(const Communicator& comm, idx_t items, std::size_t size,
                                 const std::function<void(idx_t, std::span<double>)>& make);

}  // namespace podscale
