#pragma once
// LR values far outside of what the base was trained on: its mean is a straight line there that
// nothing has tested.

#include <set>
#include <span>
#include <string>
#include <utility>

#include "podscale/gaussian/latent_space.hpp"

namespace podscale {

/// Counts them while a period is downscaled. An anomaly is far outside where it exceeds, in
/// absolute value, twice the largest of data.train there, five times its standard deviation there,
/// and once the largest standard deviation of the patch's cells: the first for skewed values, the
/// second for few training times, the third for cells that hardly vary, such as ice.
class OutsideTraining {
 public:
  /// Not collective. space must outlive it. Without a base nothing is counted.
  explicit OutsideTraining(const LatentSpace& space) : space_(&space) {}
  /// Not collective. Times by their numbers. condition: [times][local patches][C].
  void add(std::span<const std::size_t> times, std::span<const float> condition);
  /// Collective. "" or one line: how many times and cells, and the worst value. axis: of the times
  /// that were added; what: the LR series in words.
  std::string text(const Communicator& comm, const SampleAxis& axis, const std::string& what) const;

 private:
  const LatentSpace* space_;
  std::set<std::size_t> times_;
  std::set<idx_t> cells_;                // of the LR mesh
  double worst_ = 0;                     // over the largest of data.train
  std::pair<std::size_t, idx_t> where_;  // time and cell
  double value_ = 0, range_ = 0;
};

}  // namespace podscale
