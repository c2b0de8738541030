#include "residual_modes.hpp"

#include <algorithm>
#include <cmath>
#include <exception>
#include <optional>

#include "podscale/core/error.hpp"
#include "podscale/core/handle.hpp"
#include "podscale/core/lapack.hpp"
#include "podscale/core/petsc.hpp"
#include "podscale/parallel/exact_sum.hpp"
#include "podscale/pod/eigensolver.hpp"
#include "scattered_rows.hpp"

namespace podscale {
namespace {

/// y = R (R^T x) / times, R [coefficients x times] spread over ranks by patches; x and y are whole
/// on rank 0 alone. Rank 0 drives: product() there is served by serve() on the others until
/// stop(). Ranks agree on their own part of every product: an error of any is thrown by all, out
/// of serve() too.
class ResidualOperator {
 public:
  ResidualOperator(const Communicator& comm, const Patches& patches, int modes, const PatchSeries& residuals,
                   long times)
      : comm_(&comm),
        patches_(&patches),
        residuals_(&residuals),
        rows_(comm, patches, modes),
        modes_(modes),
        times_(times) {
    for (std::size_t p = 0; p < residuals.size(); ++p) {
      const auto norms = column_norms(residuals[p], static_cast<std::size_t>(patches.mine[p].modes));
      largest_.push_back(norms.empty() ? 0 : *std::max_element(norms.begin(), norms.end()));
    }
  }
  const ScatteredRows& rows() const { return rows_; }

  /// Rank 0. x, y: [rows().size()].
  void product(const double* x, double* y) {
    tell(1);
    multiply({x, rows_.size()}, {y, rows_.size()});
  }
  /// The other ranks.
  void serve() {
    while (tell(0) == 1) multiply({}, {});
  }
  void stop() { tell(0); }
  /// Rank 0. What a product threw inside PETSc, which is C and must not be unwound.
  std::exception_ptr failure;

 private:
  int tell(int more) {
    comm_->broadcast(std::span<int>(&more, 1));
    return more;
  }
  void multiply(std::span<const double> x, std::span<double> y) {
    own_.resize(rows_.mine());
    rows_.scatter(x, own_);
    const int n = static_cast<int>(times_), one = 1;
    double bound = 0;
    comm_->agree([&] {
      for (std::size_t p = 0; p < patches_->mine.size(); ++p) {
        const std::size_t modes = patches_->mine[p].modes;
        PODSCALE_ASSERT((*residuals_)[p].size() == modes * times_, "{} residuals of {} modes at {} times",
                        (*residuals_)[p].size(), modes, times_);
        for (const double norm : column_norms(std::span(own_).subspan(p * modes_, modes), modes))
          bound = std::max(bound, norm * largest_[p]);
      }
    });
    ExactSum sum(static_cast<std::size_t>(times_), comm_->max(bound), std::ssize(patches_->patch_of_token));
    std::vector<double> part(times_);
    for (std::size_t p = 0; p < patches_->mine.size(); ++p) {
      const int modes = patches_->mine[p].modes;
      gemm(true, false, n, one, modes, 1, (*residuals_)[p].data(), modes, own_.data() + p * modes_, modes, 0,
           part.data(), n);
      sum.add(part);
    }
    const auto series = sum.reduce(*comm_, "global modes of the residuals");
    std::fill(own_.begin(), own_.end(), 0.0);
    for (std::size_t p = 0; p < patches_->mine.size(); ++p) {
      const int modes = patches_->mine[p].modes;
      gemm(false, false, modes, one, n, 1 / static_cast<double>(times_), (*residuals_)[p].data(), modes,
           series.data(), n, 0, own_.data() + p * modes_, modes);
    }
    rows_.gather(own_, y);
  }

  const Communicator* comm_;
  const Patches* patches_;
  const PatchSeries* residuals_;
  ScatteredRows rows_;
  std::size_t modes_;
  long times_;
  std::vector<double> own_, largest_;  // largest_: [local patches] norm of the residuals of a time
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

/// Rank 0. What SLEPc finds: variances, and vectors that stay with it.
class Solution {
 public:
  Solution(ResidualOperator& op, int global_modes)
      : matrix_(shell(op)), solver_(matrix_.get(), {.wanted = global_modes, .start = 2}) {
    for (int k = 0; k < solver_.count(); ++k) {
      const double value = solver_.value(k);
      if (is_silent(value, k > 0 ? values.front() : value)) break;
      values.push_back(value);
    }
    if (solver_.count() < global_modes && (values.empty() || values.back() > 1e-7 * values.front()))
      fail(ExitCode::bug, "SLEPc found {} of {} modes of the residuals of {} coefficients", solver_.count(),
           global_modes, op.rows().size());
  }
  std::vector<double> values;
  std::vector<double> mode(std::size_t k) const { return solver_.vector(static_cast<int>(k)); }

 private:
  using Matrix = Handle<Mat, MatDestroy>;
  static Matrix shell(ResidualOperator& op) {
    const PetscInt n = static_cast<PetscInt>(op.rows().size());
    Matrix matrix;
    PODSCALE_PETSC(MatCreateShell(PETSC_COMM_SELF, n, n, n, n, &op, matrix.out()));
    PODSCALE_PETSC(
        MatShellSetOperation(matrix.get(), MATOP_MULT, reinterpret_cast<void (*)(void)>(shell_product)));
    return matrix;
  }
  Matrix matrix_;
  Eigensolver solver_;
};

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
  std::optional<Solution> solution;
  if (global_modes > 0) {
    // The other ranks wait in serve(): an error of rank 0 alone must release them before all throw
    // it. One that came out of a product is past that: either all have it, or the run has to be
    // aborted.
    std::exception_ptr failure;
    if (!comm.is_root()) {
      op.serve();
    } else {
      try {
        solution.emplace(op, global_modes);
      } catch (...) {
        failure = std::current_exception();
      }
      if (op.failure) std::rethrow_exception(op.failure);
      op.stop();
    }
    comm.agree([&] {
      if (failure) std::rethrow_exception(failure);
    });
    if (solution) {
      result.variance = solution->values;
      result.variance.resize(modes_that_hold(result.variance, variance));
    }
  }
  const long found = comm.max(std::ssize(result.variance));
  result.variance.resize(found);
  comm.broadcast(std::span(result.variance));
  result.rows.resize(patches.mine.size());
  // One mode after the other: none but rank 0 ever holds one that is whole.
  std::vector<double> whole, own(op.rows().mine());
  for (long r = 0; r < found; ++r) {
    comm.agree([&] {
      if (solution) whole = solution->mode(static_cast<std::size_t>(r));
    });
    op.rows().scatter(whole, own);
    for (std::size_t p = 0; p < patches.mine.size(); ++p) {
      const auto first = own.begin() + static_cast<long>(p) * modes;
      result.rows[p].insert(result.rows[p].end(), first, first + patches.mine[p].modes);
    }
  }
  return result;
}

}  // namespace podscale
