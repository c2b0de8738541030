#include "podscale/gaussian/ridge.hpp"

#include <cmath>

#include "podscale/core/error.hpp"
#include "podscale/core/lapack.hpp"

namespace podscale {

RidgeFit::RidgeFit(std::vector<double> penalty_weights, int modes, std::vector<unsigned char> own_unit)
    : slots_(static_cast<int>(penalty_weights.size())),
      modes_(modes),
      weights_(std::move(penalty_weights)),
      own_unit_(std::move(own_unit)),
      aa_(2 * static_cast<std::size_t>(modes)),
      cc_(weights_.size() * weights_.size()),
      ca_(weights_.size() * static_cast<std::size_t>(modes)) {}

void RidgeFit::add(const float* c, std::size_t stride_c, const float* a, std::size_t stride_a, long times) {
  const std::size_t s = slots_, m = modes_, n = times;
  std::vector<double> x(s * n), y(m * n);
  for (std::size_t t = 0; t < n; ++t) {
    for (std::size_t i = 0; i < s; ++i) x[t * s + i] = static_cast<double>(c[t * stride_c + i]);
    for (std::size_t k = 0; k < m; ++k) {
      y[t * m + k] = static_cast<double>(a[t * stride_a + k]);
      aa_[k] += y[t * m + k] * y[t * m + k];
    }
    for (std::size_t k = 0; k < m / 2; ++k) aa_[m + k] += y[t * m + k] * y[t * m + k + m / 2];
  }
  times_ += times;
  if (s == 0 || n == 0) return;
  const int count = static_cast<int>(times);
  const double one = 1;
  dsyrk_("L", "N", &slots_, &count, &one, x.data(), &slots_, &one, cc_.data(), &slots_);
  gemm(false, true, slots_, modes_, count, 1, x.data(), slots_, y.data(), modes_, 1, ca_.data(), slots_);
}

void RidgeFit::subtract(const RidgeFit& part) {
  PODSCALE_ASSERT(part.slots_ == slots_ && part.modes_ == modes_ && part.times_ <= times_, "{} of {} times",
                  part.times_, times_);
  times_ -= part.times_;
  for (std::size_t i = 0; i < aa_.size(); ++i) aa_[i] -= part.aa_[i];
  for (std::size_t i = 0; i < cc_.size(); ++i) cc_[i] -= part.cc_[i];
  for (std::size_t i = 0; i < ca_.size(); ++i) ca_[i] -= part.ca_[i];
}

RidgeFit RidgeFit::less_second_half(double share) const {
  const std::size_t s = slots_, m = static_cast<std::size_t>(modes_) / 2;
  RidgeFit fit(weights_, static_cast<int>(m), own_unit_);
  fit.times_ = times_;
  fit.cc_ = cc_;
  for (std::size_t k = 0; k < m; ++k) {
    fit.aa_[k] = aa_[k] - 2 * share * aa_[2 * m + k] + share * share * aa_[m + k];
    for (std::size_t i = 0; i < s; ++i) fit.ca_[k * s + i] = ca_[k * s + i] - share * ca_[(m + k) * s + i];
  }
  return fit;
}

std::vector<double> RidgeFit::penalised(double penalty) const {
  PODSCALE_ASSERT(penalty > 0, "penalty {}", penalty);
  const std::size_t s = slots_;
  double trace = 0;
  int varying = 0, own = 0;
  const auto has_own = [&](std::size_t i) { return !own_unit_.empty() && own_unit_[i] != 0; };
  for (std::size_t i = 0; i < s; ++i) {
    const double square = cc_[i * s + i];
    (has_own(i) ? own : varying) += square > 0;
    if (!has_own(i)) trace += square;
  }
  if (varying + own == 0) return {};
  if (varying == 0) trace = varying = 1;
  std::vector<double> matrix = cc_;
  for (std::size_t i = 0; i < s; ++i)
    if (const double square = cc_[i * s + i]; has_own(i) && square > 0)
      matrix[i * s + i] += penalty * weights_[i] * square;
    else
      matrix[i * s + i] += penalty * weights_[i] * trace / varying;
  return matrix;
}

void RidgeFit::refuse_singular(double penalty) const {
  fail(ExitCode::data,
       "base.penalties: {} is too small for {} predictors and {} times, the normal equations are singular; "
       "expected larger ones",
       penalty, slots_, times_);
}

std::vector<double> RidgeFit::coefficients(double penalty) const {
  std::vector<double> matrix = penalised(penalty), b(ca_.size(), 0.0);
  if (matrix.empty() || modes_ == 0) return b;
  b = ca_;
  int info = 0;
  dposv_("L", &slots_, &modes_, matrix.data(), &slots_, b.data(), &slots_, &info);
  if (info != 0) refuse_singular(penalty);
  return b;  // column-major [slots x modes] is row-major [modes][slots]
}

std::vector<float> RidgeFit::inverse_root(double penalty) const {
  const std::size_t s = slots_;
  std::vector<double> matrix = penalised(penalty);
  std::vector<float> rows(s * (s + 1) / 2, 0.0f);
  if (matrix.empty()) return rows;
  int info = 0;
  dpotrf_("L", &slots_, matrix.data(), &slots_, &info);
  if (info == 0) dtrtri_("L", "N", &slots_, matrix.data(), &slots_, &info);
  if (info != 0) refuse_singular(penalty);
  std::size_t at = 0;
  for (std::size_t i = 0; i < s; ++i)
    for (std::size_t j = 0; j <= i; ++j) rows[at++] = static_cast<float>(matrix[j * s + i]);
  return rows;
}

double RidgeFit::squared_error(std::span<const double> b) const {
  // |a|^2 - 2 B:ca + B cc B^T, all of it sums over the times.
  const std::size_t s = static_cast<std::size_t>(slots_);
  double error = 0;
  for (std::size_t k = 0; k < static_cast<std::size_t>(modes_); ++k) {
    const double* row = b.data() + k * s;
    error += aa_[k];
    for (std::size_t i = 0; i < s; ++i) {
      error -= 2 * row[i] * ca_[k * s + i];
      double product = cc_[i * s + i] * row[i];
      for (std::size_t j = 0; j < i; ++j) product += 2 * cc_[j * s + i] * row[j];
      error += row[i] * product;
    }
  }
  return error;
}

std::vector<double> RidgeFit::predictor_scale() const {
  const std::size_t s = slots_;
  std::vector<double> scale;
  for (std::size_t i = 0; i < s; ++i)
    scale.push_back(times_ > 0 ? std::sqrt(cc_[i * s + i] / static_cast<double>(times_)) : 0.0);
  return scale;
}

double leverage(std::span<const float> inverse_root, const float* x) {
  double sum = 0;
  const float* w = inverse_root.data();
  for (std::size_t i = 0; w < inverse_root.data() + inverse_root.size(); w += ++i) {
    double part[4] = {};  // sums that need not wait for each other
    std::size_t j = 0;
    for (; j + 4 <= i + 1; j += 4)
      for (std::size_t l = 0; l < 4; ++l)
        part[l] += static_cast<double>(w[j + l]) * static_cast<double>(x[j + l]);
    for (; j <= i; ++j) part[0] += static_cast<double>(w[j]) * static_cast<double>(x[j]);
    const double row = (part[0] + part[1]) + (part[2] + part[3]);
    sum += row * row;
  }
  return sum;
}

}  // namespace podscale
