#include "residual_modes.hpp"

#include <slepceps.h>

#include <algorithm>
#include <cmath>
#include <exception>

#include "podscale/core/error.hpp"
#include "podscale/core/handle.hpp"
#include "podscale/core/lapack.hpp"
#include "podscale/core/petsc.hpp"
#include "podscale/core/random.hpp"
#include "podscale/parallel/exact_sum.hpp"

namespace podscale {
namespace {

/// y = R (R^T x) / times, R [coefficients x times] spread over ranks by patches. Rank 0 drives:
/// product() there is served by serve() on the others until stop(). Ranks agree on their own part
/// of every product: an error of any is thrown by all, out of serve() too.
class ResidualOperator {
 public:
  ResidualOperator(const Communicator& comm, const Patches& patches, int modes, const PatchSeries& residuals,
                   long times)
      : comm_(&comm), patches_(&patches), residuals_(&residuals), modes_(modes), times_(times) {
    for (std::size_t p = 0; p < residuals.size(); ++p) {
      const auto norms = column_norms(residuals[p], static_cast<std::size_t>(patches.mine[p].modes));
      largest_.push_back(norms.empty() ? 0 : *std::max_element(norms.begin(), norms.end()));
    }
  }
  std::size_t size() const { return patches_->patch_of_token.size() * static_cast<std::size_t>(modes_); }

  /// Rank 0. x, y: [size()].
  void product(const double* x, double* y) {
    tell(1);
    x_.assign(x, x + size());
    multiply();
    std::copy(y_.begin(), y_.end(), y);
  }
  /// The other ranks.
  void serve() {
    x_.resize(size());
    while (tell(0) == 1) multiply();
  }
  void stop() { tell(0); }
  /// Rank 0. What a product threw inside PETSc, which is C and must not be unwound.
  std::exception_ptr failure;

 private:
  int tell(int more) {
    comm_->broadcast(std::span<int>(&more, 1));
    return more;
  }
  void multiply() {
    comm_->broadcast(std::span(x_));
    const int n = static_cast<int>(times_), one = 1;
    double bound = 0;
    comm_->agree([&] {
      for (std::size_t p = 0; p < patches_->mine.size(); ++p) {
        const PatchModes& patch = patches_->mine[p];
        const std::size_t modes = patch.modes;
        PODSCALE_ASSERT((*residuals_)[p].size() == modes * times_, "{} residuals of {} modes at {} times",
                        (*residuals_)[p].size(), modes, times_);
        for (const double norm : column_norms(std::span(x_).subspan(patch.token * modes_, modes), modes))
          bound = std::max(bound, norm * largest_[p]);
      }
      y_.assign(size(), 0.0);
    });
    ExactSum sum(static_cast<std::size_t>(times_), comm_->max(bound), std::ssize(patches_->patch_of_token));
    std::vector<double> part(times_);
    for (std::size_t p = 0; p < patches_->mine.size(); ++p) {
      const PatchModes& patch = patches_->mine[p];
      gemm(true, false, n, one, patch.modes, 1, (*residuals_)[p].data(), patch.modes,
           x_.data() + patch.token * modes_, patch.modes, 0, part.data(), n);
      sum.add(part);
    }
    const auto series = sum.reduce(*comm_, "global modes of the residuals");
    for (std::size_t p = 0; p < patches_->mine.size(); ++p) {
      const PatchModes& patch = patches_->mine[p];
      gemm(false, false, patch.modes, one, n, 1 / static_cast<double>(times_), (*residuals_)[p].data(),
           patch.modes, series.data(), n, 0, y_.data() + patch.token * modes_, patch.modes);
    }
    comm_->sum(std::span(y_));  // every entry comes from one rank
  }

  const Communicator* comm_;
  const Patches* patches_;
  const PatchSeries* residuals_;
  int modes_;
  long times_;
  std::vector<double> x_, y_, largest_;  // largest_: [local patches] norm of the residuals of a time
};

PetscErrorCode shell_product(Mat matrix, Vec x, Vec y) {
  void* context = nullptr;
  const PetscScalar* in = nullptr;
  PetscScalar* out = nullptr;
  PetscErrorCode status = MatShellGetContext(matrix, &context);
  if (status != 0) return status;
  if ((status = VecGetArrayRead(x, &in)) != 0) return status;
  if ((status = VecGetArray(y, &out)) != 0) return status;
  ResidualOperator& op = *static_cast<ResidualOperator*>(context);
  try {
    op.product(in, out);
  } catch (...) {
    op.failure = std::current_exception();
    return PETSC_ERR_LIB;
  }
  if ((status = VecRestoreArray(y, &out)) != 0) return status;
  return VecRestoreArrayRead(x, &in);
}

/// Rank 0: modes [size x R] column-major and their variances.
void solve(ResidualOperator& op, int global_modes, std::vector<double>& values,
           std::vector<double>& vectors) {
  const PetscInt n = static_cast<PetscInt>(op.size());
  Handle<Mat, MatDestroy> matrix;
  PODSCALE_PETSC(MatCreateShell(PETSC_COMM_SELF, n, n, n, n, &op, matrix.out()));
  PODSCALE_PETSC(
      MatShellSetOperation(matrix.get(), MATOP_MULT, reinterpret_cast<void (*)(void)>(shell_product)));
  PODSCALE_PETSC(MatSetOption(matrix.get(), MAT_SYMMETRIC, PETSC_TRUE));
  Handle<EPS, EPSDestroy> eps;
  PODSCALE_PETSC(EPSCreate(PETSC_COMM_SELF, eps.out()));
  PODSCALE_PETSC(EPSSetOperators(eps.get(), matrix.get(), nullptr));
  PODSCALE_PETSC(EPSSetProblemType(eps.get(), EPS_HEP));
  PODSCALE_PETSC(EPSSetType(eps.get(), EPSKRYLOVSCHUR));
  PODSCALE_PETSC(EPSSetWhichEigenpairs(eps.get(), EPS_LARGEST_REAL));
  PODSCALE_PETSC(EPSSetDimensions(eps.get(), global_modes, PETSC_DEFAULT, PETSC_DEFAULT));
  PODSCALE_PETSC(EPSSetTolerances(eps.get(), 1e-10, 1000));
  PODSCALE_PETSC(EPSSetFromOptions(eps.get()));
  Handle<Vec, VecDestroy> start, vector;
  PODSCALE_PETSC(MatCreateVecs(matrix.get(), start.out(), vector.out()));
  PetscScalar* first = nullptr;
  PODSCALE_PETSC(VecGetArray(start.get(), &first));
  CounterRandom(2, Stream::start_vector).fill_normal(std::span<double>(first, op.size()), 0);
  PODSCALE_PETSC(VecRestoreArray(start.get(), &first));
  Vec starts[] = {start.get()};
  PODSCALE_PETSC(EPSSetInitialSpace(eps.get(), 1, starts));
  PODSCALE_PETSC(EPSSolve(eps.get()));
  PetscInt converged = 0;
  PODSCALE_PETSC(EPSGetConverged(eps.get(), &converged));
  for (PetscInt k = 0; k < std::min<PetscInt>(converged, global_modes); ++k) {
    PetscScalar value = 0;
    PODSCALE_PETSC(EPSGetEigenpair(eps.get(), k, &value, nullptr, vector.get(), nullptr));
    if (is_silent(value, k > 0 ? values.front() : value)) break;
    const PetscScalar* column = nullptr;
    PODSCALE_PETSC(VecGetArrayRead(vector.get(), &column));
    values.push_back(value);
    vectors.insert(vectors.end(), column, column + n);
    fix_sign(std::span(vectors).last(op.size()));
    PODSCALE_PETSC(VecRestoreArrayRead(vector.get(), &column));
  }
  if (converged < global_modes && (values.empty() || values.back() > 1e-7 * values.front()))
    fail(ExitCode::bug, "SLEPc found {} of {} modes of the residuals of {} coefficients", converged,
         global_modes, n);
}

}  // namespace

ResidualModes residual_modes(const Communicator& comm, const Patches& patches, int modes,
                             const PatchSeries& residuals, long times, int global_modes, double share) {
  std::vector<double> powers;  // of the patches: sum of r^2 / times
  for (const auto& series : residuals) {
    double power = 0;
    for (const double value : series) power += value * value / static_cast<double>(times);
    powers.push_back(power);
  }
  const double largest = comm.max(powers.empty() ? 0.0 : *std::max_element(powers.begin(), powers.end()));
  ExactSum total(1, largest, std::ssize(patches.patch_of_token));
  for (const double power : powers) total.add(std::span(&power, 1));
  const double all = total.reduce(comm, "power of the regression residuals").front();
  const long coefficients = std::ssize(patches.patch_of_token) * modes;
  // As many modes as coefficients or times would leave nothing for the blocks.
  global_modes = static_cast<int>(std::min({static_cast<long>(global_modes), coefficients / 2, times / 2}));
  if (all <= 0) global_modes = 0;
  constexpr long kFewTimes = 400;
  if (global_modes > 0 && times <= kFewTimes && times < coefficients)
    return snapshot_modes(comm, patches, modes, residuals, times, global_modes, share * all);
  constexpr long kFewCoefficients = 512, kFewValues = 1 << 23;
  if (global_modes > 0 && coefficients <= kFewCoefficients && coefficients * times <= kFewValues)
    return coefficient_modes(comm, patches, modes, residuals, times, global_modes, share * all);
  return iterated_modes(comm, patches, modes, residuals, times, global_modes, share * all);
}

ResidualModes iterated_modes(const Communicator& comm, const Patches& patches, int modes,
                             const PatchSeries& residuals, long times, int global_modes, double variance) {
  ResidualOperator op(comm, patches, modes, residuals, times);
  ResidualModes result;
  std::vector<double> vectors;
  if (global_modes > 0) {
    // The other ranks wait in serve(): an error of rank 0 alone must release them before all throw
    // it. One that came out of a product is past that: either all have it, or the run has to be
    // aborted.
    std::exception_ptr failure;
    if (!comm.is_root()) {
      op.serve();
    } else {
      try {
        solve(op, global_modes, result.variance, vectors);
      } catch (...) {
        failure = std::current_exception();
      }
      if (op.failure) std::rethrow_exception(op.failure);
      op.stop();
    }
    comm.agree([&] {
      if (failure) std::rethrow_exception(failure);
    });
    result.variance.resize(modes_that_hold(result.variance, variance));
  }
  const long found = comm.max(std::ssize(result.variance));
  result.variance.resize(found);
  vectors.resize(static_cast<std::size_t>(found) * op.size());
  comm.broadcast(std::span(result.variance));
  comm.broadcast(std::span(vectors));
  for (const PatchModes& patch : patches.mine) {
    std::vector<double> rows;
    for (long r = 0; r < found; ++r)
      rows.insert(rows.end(), vectors.begin() + r * std::ssize(op) + patch.token * modes,
                  vectors.begin() + r * std::ssize(op) + patch.token * modes + patch.modes);
    result.rows.push_back(std::move(rows));
  }
  return result;
}

}  // namespace podscale
