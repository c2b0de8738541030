#pragma once
// The one place where data moves between the two distributions: by space (a rank holds its
// patches' tokens for all items) and by work item (a rank holds all tokens of its items). One
// MPI_Alltoallv of tokens either way, as in spectral models.

#include <span>
#include <vector>

#include "podscale/parallel/communicator.hpp"

namespace podscale {

class Transposition {
 public:
  /// Collective. local_tokens: global token numbers of this rank (each token on exactly one rank);
  /// tokens: their number over all ranks; items are dealt over ranks in contiguous shares; `width`
  /// floats a token and item. Error(usage) where a rank's tokens times items are more than MPI can
  /// count.
  Transposition(const Communicator& comm, std::vector<long> local_tokens, long tokens, long items,
                long width);

  Share items() const { return items_; }  ///< of this rank
  /// Collective. by_space: [items][local tokens][width] -> by_item: [my items][tokens][width]; and
  /// back.
  void to_items(std::span<const float> by_space, std::span<float> by_item) const;
  void to_space(std::span<const float> by_item, std::span<float> by_space) const;
  /// Bytes that leave this rank in one transposition.
  long bytes_sent() const;

 private:
  const Communicator* comm_;
  std::vector<std::vector<long>> tokens_of_;  // [rank] global token numbers
  long tokens_, item_count_, width_;
  Share items_;
  // What goes to or comes from each rank, in tokens, on either side.
  struct Messages {
    std::vector<int> counts, starts;
    void add(long count);  ///< of the next rank
  };
  Messages space_, item_;
};

}  // namespace podscale
