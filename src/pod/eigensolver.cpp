#include "podscale/pod/eigensolver.hpp"

#include <algorithm>
#include <cmath>

#include "podscale/core/petsc.hpp"
#include "podscale/core/random.hpp"

namespace podscale {

Eigensolver::Eigensolver(Mat matrix, const Request& request) {
  PODSCALE_PETSC(MatSetOption(matrix, MAT_SYMMETRIC, PETSC_TRUE));
  PODSCALE_PETSC(EPSCreate(PETSC_COMM_SELF, eps_.out()));
  PODSCALE_PETSC(EPSSetOperators(eps_.get(), matrix, nullptr));
  PODSCALE_PETSC(EPSSetProblemType(eps_.get(), EPS_HEP));
  PODSCALE_PETSC(EPSSetType(eps_.get(), request.type));
  PODSCALE_PETSC(EPSSetWhichEigenpairs(eps_.get(), EPS_LARGEST_REAL));
  PODSCALE_PETSC(EPSSetDimensions(eps_.get(), request.wanted, PETSC_DEFAULT, PETSC_DEFAULT));
  PODSCALE_PETSC(EPSSetTolerances(eps_.get(), request.tolerance, 1000));
  PODSCALE_PETSC(EPSSetFromOptions(eps_.get()));
  Handle<Vec, VecDestroy> start;
  PODSCALE_PETSC(MatCreateVecs(matrix, start.out(), vector_.out()));
  PetscInt rows = 0;
  PODSCALE_PETSC(VecGetSize(start.get(), &rows));
  PetscScalar* values = nullptr;
  PODSCALE_PETSC(VecGetArray(start.get(), &values));
  CounterRandom(request.start, Stream::start_vector)
      .fill_normal(std::span<double>(values, static_cast<std::size_t>(rows)), 0);
  PODSCALE_PETSC(VecRestoreArray(start.get(), &values));
  Vec starts[] = {start.get()};
  PODSCALE_PETSC(EPSSetInitialSpace(eps_.get(), 1, starts));
  PODSCALE_PETSC(EPSSolve(eps_.get()));
  PetscInt converged = 0;
  PODSCALE_PETSC(EPSGetConverged(eps_.get(), &converged));
  count_ = static_cast<int>(std::min<PetscInt>(converged, request.wanted));
}

double Eigensolver::value(int k) const {
  PetscScalar value = 0;
  PODSCALE_PETSC(EPSGetEigenvalue(eps_.get(), k, &value, nullptr));
  return value;
}

std::vector<double> Eigensolver::vector(int k) const {
  PetscInt rows = 0;
  PODSCALE_PETSC(EPSGetEigenpair(eps_.get(), k, nullptr, nullptr, vector_.get(), nullptr));
  PODSCALE_PETSC(VecGetSize(vector_.get(), &rows));
  const PetscScalar* entries = nullptr;
  PODSCALE_PETSC(VecGetArrayRead(vector_.get(), &entries));
  std::vector<double> mode(entries, entries + rows);
  PODSCALE_PETSC(VecRestoreArrayRead(vector_.get(), &entries));
  fix_sign(mode);
  return mode;
}

void fix_sign(std::span<double> mode) {
  const auto largest = std::max_element(mode.begin(), mode.end(),
                                        [](double x, double y) { return std::abs(x) < std::abs(y); });
  if (largest != mode.end() && *largest < 0)
    for (double& value : mode) value = -value;
}

}  // namespace podscale
