#pragma once
// The ranks that share a node: who they are, how many cores they may use, and the memory in which
// they see each other's signs of life.

#include <cstddef>
#include <span>
#include <vector>

#include "podscale/core/pulse.hpp"
#include "podscale/parallel/communicator.hpp"

namespace podscale {

class Node {
 public:
  /// Collective on comm. Where the ranks of a node cannot share memory, a rank sees itself alone.
  explicit Node(const Communicator& comm);
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;
  /// Not collective. From here on this process's signs are in its own memory.
  ~Node();

  /// Of all ranks of the node that this one sees, in the order of ranks().
  std::span<pulse::Signs> signs() const { return {signs_, seen_.size()}; }
  const std::vector<int>& ranks() const { return seen_; }
  /// Which of them is this one.
  std::size_t mine() const { return mine_; }
  bool sees_all() const { return count_ == 1 && std::ssize(seen_) == size_; }  ///< ranks of the run
  int count() const { return count_; }                                         ///< of nodes
  int size() const { return size_; }                                           ///< ranks of this node
  int cores() const { return cores_; }                                         ///< that these ranks may use

 private:
  void share_memory(MPI_Comm node);
  std::vector<int> seen_;
  std::size_t mine_ = 0, bytes_ = 0;
  pulse::Signs* signs_ = nullptr;
  int count_ = 1, size_ = 1, cores_ = 1;
};

}  // namespace podscale
