#include "podscale/parallel/ordered_sum.hpp"

#include <algorithm>

namespace podscale {

std::vector<double> sum_in_order(const Communicator& comm, idx_t items, std::size_t size,
                                 const std::function<void(idx_t, std::span<double>)>& make) {
  std::vector<double> total(size, 0.0), mine(size), term(size);
  for (idx_t first = 0; first < items; first += comm.size()) {
    const idx_t own = first + comm.rank();
    comm.agree([&] {
      std::fill(mine.begin(), mine.end(), 0.0);
      if (own < items) make(own, std::span(mine));
    });
    const int round = static_cast<int>(std::min<idx_t>(comm.size(), items - first));
    for (int rank = 0; rank < round; ++rank) {
      if (rank == comm.rank()) term = mine;
      comm.broadcast(std::span(term), rank);
      for (std::size_t i = 0; i < size; ++i) total[i] += term[i];
    }
  }
  return total;
}

}  // namespace podscale
