#pragma once
// Rows of fields that move between the ranks which score a region together.

#include <span>
#include <vector>

#include "podscale/parallel/communicator.hpp"
#include "podscale/parallel/row_strips.hpp"
#include "podscale/verify/scored_rows.hpp"

namespace podscale {

/// Fetches the rows beyond a rank's own ones from those who own them.
class HeldRows {
 public:
  /// Not collective. comm: the ranks that own the region, by share_of of its strips; it must
  /// outlive this.
  HeldRows(const Communicator& comm, const ScoredRows& rows);
  /// Collective. Each [count][own points] -> [count][held points], in place; the same number of
  /// fields and counts on all ranks. Exact copies.
  void extend(const std::vector<std::vector<float>*>& fields) const;
  /// Collective. [own points] -> [points of the region] on rank 0, nothing on the others.
  template <class T>
  std::vector<T> gather(std::span<const T> own) const;

 private:
  const Communicator* comm_;
  ScoredRows rows_;
  struct Row {
    int rank;
    long row;  // of the own ones (sent), of the held ones (received)
  };
  std::vector<Row> sent_, received_;
  std::vector<Share> shares_;  // [ranks] rows
};

}  // namespace podscale
