#pragma once
// Rows of floats that move between ranks, each by name: both sides list them in the same order.

#include <vector>

#include "podscale/parallel/communicator.hpp"

namespace podscale {

/// One exchange. Rows of a rank's own travel too, as copies.
class RowExchange {
 public:
  /// Not collective. comm must outlive it; rows of `width` floats.
  RowExchange(const Communicator& comm, long width);
  /// Not collective. The n-th row sent from rank a to rank b is the n-th that b receives from a.
  /// The rows must stay in place until run().
  void send(int to, const float* row) { out_[static_cast<std::size_t>(to)].push_back(row); }
  void receive(int from, float* row) { in_[static_cast<std::size_t>(from)].push_back(row); }
  /// Collective. Error(usage), agreed, where MPI cannot count the rows.
  void run();

 private:
  const Communicator* comm_;
  long width_;
  std::vector<std::vector<const float*>> out_;  // [ranks]
  std::vector<std::vector<float*>> in_;
};

}  // namespace podscale
