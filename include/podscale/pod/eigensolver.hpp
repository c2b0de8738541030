#pragma once
// The leading eigenpairs of a symmetric operator of one process, by SLEPc: of a patch's Gram
// matrix and of the residuals of a region.

#include <slepceps.h>

#include <cstdint>
#include <span>
#include <vector>

#include "podscale/core/handle.hpp"

namespace podscale {

class Eigensolver {
 public:
  struct Request {
    int wanted = 0;  ///< eigenpairs, the largest; at least 1
    double tolerance = 1e-10;
    std::uint64_t start = 1;  ///< seed of the start vector: the same one gives the same bits on any rank
    EPSType type = EPSKRYLOVSCHUR;
  };
  /// Not collective: `matrix` is of PETSC_COMM_SELF, and must outlive this. Solves; PETSc's
  /// options -eps_... come after the request. Errors: those of PETSc (bug), std::bad_alloc.
  Eigensolver(Mat matrix, const Request& request);

  /// Those that converged, `wanted` at most.
  int count() const { return count_; }
  double value(int k) const;  ///< descending in k
  /// [rows of the matrix], of length 1, turned by fix_sign().
  std::vector<double> vector(int k) const;

 private:
  Handle<EPS, EPSDestroy> eps_;
  Handle<Vec, VecDestroy> vector_;
  int count_ = 0;
};

/// Not collective. Turns a mode so that its entry of largest magnitude, the first one of equals,
/// is positive.
void fix_sign(std::span<double> mode);

}  // namespace podscale
