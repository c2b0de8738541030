#pragma once
// The best that any forecast in the space of the retained modes can do: the projection of the truth itself.

#include <span>
#include <vector>

#include "podscale/study/basis_file.hpp"

namespace podscale {

class PodBound {
 public:
  /// Not collective. basis (on the whole grid, with its modes) must outlive it.
  explicit PodBound(const Basis& basis);
  /// Not collective. out: [points] degC, climatology + Phi Phi^T (truth - climatology); NaN on land and where
  /// the truth is missing. In a patch with gaps the coefficients are those of least squares on its valid
  /// points (gappy POD: Everson & Sirovich (1995), J. Opt. Soc. Am. A 12, 1657-1664), so it stays a bound for
  /// exactly the points that are scored, and no other system loses points. Where patches overlap, by
  /// filling the gaps with the projection until it does not change. truth, climatology: [points] degC.
  void project(std::span<const float> truth, std::span<const float> climatology, std::span<float> out) const;

 private:
  void project_overlapping(std::span<const float> truth, std::span<const float> climatology,
                           std::span<float> out) const;
  const Basis* basis_;
};

}  // namespace podscale
