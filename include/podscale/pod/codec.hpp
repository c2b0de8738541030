#pragma once
// Fields to coefficients and back: linear and orthonormal (method: section 1.3; arXiv 2606.31290,
// section 3).

#include <span>
#include <vector>

#include "podscale/pod/modes.hpp"

namespace podscale {

/// One matrix a patch: [local patches][modes x columns] column-major. Columns are coefficients,
/// of fields or of a factor F of their covariance F F^T.
using PatchColumns = std::vector<std::vector<double>>;

/// For the patches of one rank. Where patches overlap, `anomalies`, `fields` and `variance` are
/// those of the folded field (Lapping). Not collective; the same bits at any number of ranks.
class Codec {
 public:
  /// patches must outlive the codec.
  Codec(const std::vector<PatchModes>& patches, int modes, long values_of_field);
  long tokens() const { return std::ssize(*patches_); }
  /// a = Phi^T u'. anomalies: [items][values of a field]; a: [items][local patches][K], 0 in
  /// padding.
  void encode(std::span<const double> anomalies, long items, std::span<float> a) const;
  /// u' = Phi a; 0 at points without ocean. Shapes as above.
  void decode(std::span<const double> a, long items, std::span<double> anomalies) const;
  /// The same of `count` columns from `first` on: [count][values of a field].
  void decode(const PatchColumns& columns, int first, int count, std::span<double> fields) const;
  /// variance += diag(Phi F F^T Phi^T), F the columns from `first` to `last` (or all that are
  /// there). variance: [values of a field].
  void add_variance(const PatchColumns& factor, int first, int last, std::span<double> variance) const;

 private:
  const std::vector<PatchModes>* patches_;
  int modes_;
  long values_of_field_;
};

}  // namespace podscale
