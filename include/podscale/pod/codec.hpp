#pragma once
// Fields to tokens and back: linear and orthonormal (method: section 1.3; arXiv 2606.31290, section 3).

#include <span>
#include <vector>

#include "podscale/pod/modes.hpp"

namespace podscale {

/// For the patches of one rank. Tokens are laid out [items][local patches][modes], float32, divided by a
/// scale [local patches][modes] K (the training standard deviation); entries beyond a patch's own modes are
/// 0. Not collective.
class Codec {
 public:
  /// patches must outlive the codec.
  Codec(const std::vector<PatchModes>& patches, int modes, long window_points);
  long tokens() const { return static_cast<long>(patches_->size()); }
  int modes() const { return modes_; }
  /// Scales of the training coefficients, from the patches: [local patches][modes]; 1 where padded.
  std::vector<double> scales() const;
  /// a = Phi^T u' / scale. anomalies: [items][window points] K.
  void encode(std::span<const double> anomalies, long items, std::span<const double> scale,
              std::span<float> tokens) const;
  /// u' = Phi (scale a). anomalies: [items][window points] K; points without ocean are left alone.
  void decode(std::span<const float> tokens, long items, std::span<const double> scale,
              std::span<double> anomalies) const;

 private:
  const std::vector<PatchModes>* patches_;
  int modes_;
  long window_points_;
};

}  // namespace podscale
