#pragma once
// Patchwise proper orthogonal decomposition (method: section 1.2): Gram matrices of the anomalies,
// streamed in blocks of time, and their leading eigenvectors by SLEPc. Sirovich, Q. Appl. Math. 45
// (1987); arXiv 2606.31290, section 3.

#include <span>
#include <vector>

#include "podscale/parallel/communicator.hpp"
#include "podscale/parallel/decomposition.hpp"

namespace podscale {

/// One patch on the rank that owns it.
struct PatchModes {
  long patch = 0;             ///< number in the decomposition
  long token = 0;             ///< number among the patches with ocean, over all ranks
  std::vector<long> points;   ///< [d] ocean points of the patch, channel by channel: indices in a field
  int modes = 0;              ///< columns of phi, <= K
  std::vector<double> phi;    ///< [d x modes] column-major, orthonormal
  std::vector<double> scale;  ///< [modes]: standard deviation of the coefficients in the training period
  std::vector<double> tau;    ///< [d]: training variance of u' - phi a at each point
  double variance = 0;        ///< sum over points of the training variance of u'
  /// [d x columns] column-major, C: what the modes leave out has the covariance C C^T, whose
  /// diagonal is tau. See set_left_out.
  std::vector<float> left_out{};
};

/// PatchModes::left_out, [local patches].
using LeftOut = std::vector<std::vector<float>>;

/// The patches with ocean.
struct Patches {
  std::vector<PatchModes> mine;      ///< of this rank, ascending
  std::vector<long> patch_of_token;  ///< [tokens of the region], the same on every rank
};
/// Collective on comm. ocean: [points of the rank's window], for all channels: `points` of a patch
/// repeats them channel by channel. Tokens: numbered over all ranks in the order of patches.
Patches find_patches(const Communicator& comm, const Decomposition& decomposition,
                     std::span<const unsigned char> ocean, long channels = 1);

struct PodOptions {
  int modes = 16;       ///< K
  double energy = 1.0;  ///< keep the fewest modes that reach this share of the variance, at most K
  bool shared = false;  ///< one basis for all full-ocean patches instead of one a patch
};

/// Accumulates one Gram matrix a patch: G_p = sum_t u'_p u'_p^T, float64.
class GramMatrices {
 public:
  explicit GramMatrices(const std::vector<PatchModes>& patches);
  /// Not collective. anomalies: [steps][values of a field] float64. The result depends on how the
  /// series is cut into blocks in the last bits, but not on the number of ranks.
  void add(std::span<const double> anomalies, long steps, long values_of_field);
  long samples() const { return samples_; }
  std::vector<double>& of(std::size_t patch) { return grams_[patch]; }  ///< [d x d], lower triangle valid

 private:
  const std::vector<PatchModes>* patches_;
  std::vector<std::vector<double>> grams_;
  std::vector<double> gathered_;
  long samples_ = 0;
};

/// Leading eigenpairs of a symmetric positive semi-definite matrix by SLEPc (Krylov-Schur, or
/// LAPACK through SLEPc for small ones), on this process. matrix: [d x d], both triangles. Not
/// collective. vectors: [d x count] column-major, orthonormal, the entry of largest magnitude of
/// each positive (ties: lowest index); values descending. Fewer than `wanted` come back where the
/// matrix has numerically lower rank (values below 1e-12 of the first).
struct Eigenpairs {
  std::vector<double> values, vectors;
  int count() const { return static_cast<int>(values.size()); }
};
Eigenpairs leading_eigenpairs(std::vector<double>& matrix, int d, int wanted);

/// Collective on comm (a shared basis adds up the Gram matrices over ranks; a local one needs no
/// message). Fills phi, scale, tau and variance of every patch. Modes whose deviation is below
/// 1e-6 of the largest of the region are rounding and not kept: a patch that never varies (water
/// at its freezing point) has none. Errors: data (no patch without land for a shared basis).
void compute_modes(const Communicator& comm, const Decomposition& decomposition, GramMatrices& grams,
                   const PodOptions& options, std::vector<PatchModes>& patches);

}  // namespace podscale
