#pragma once
// The best that any forecast in the space of the retained modes can do: the projection of the
// truth itself.

#include <span>
#include <vector>

#include "podscale/study/basis_file.hpp"
#include "podscale/verify/scored_rows.hpp"

namespace podscale {

class PodBound {
 public:
  /// Not collective. basis, with its modes and with whole rows on each rank of comm, must outlive
  /// it, as must comm. rows: those of the basis' window.
  PodBound(const Communicator& comm, const Basis& basis, const ScoredRows& rows);
  /// Collective. out: [channels][window points], climatology + Phi Phi^T (truth - climatology);
  /// NaN on land and where the truth is missing. In a patch with gaps the coefficients are those
  /// of least squares on its valid points (gappy POD: Everson & Sirovich (1995), J. Opt. Soc. Am.
  /// A 12, 1657-1664), so it stays a bound for exactly the points that are scored, and no other
  /// system loses points. Where patches overlap, of all patches together. truth, climatology:
  /// [channels][window points]. The same bits at any number of ranks. Returns what is left of the
  /// normal equations, relative to their right side: above `tolerance` they were not solved in
  /// `largest_passes`.
  double project(std::span<const float> truth, std::span<const float> climatology,
                 std::span<float> out) const;
  static constexpr double tolerance = 1e-9;
  static constexpr int largest_passes = 500;

 private:
  double dot(const std::vector<double>& a, const std::vector<double>& b) const;
  const Communicator* comm_;
  const Basis* basis_;
  std::vector<std::size_t> first_;  // [strips of this rank + 1] of its patches
  long strips_, first_strip_;
};

}  // namespace podscale
