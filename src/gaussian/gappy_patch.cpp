#include "podscale/gaussian/gappy_patch.hpp"

#include <algorithm>
#include <cmath>

#include "podscale/core/error.hpp"
#include "podscale/core/lapack.hpp"
#include "podscale/pod/modes.hpp"

namespace podscale {

ConditionalPatch::ConditionalPatch(const PatchGaussian& gaussian) : gaussian_(&gaussian) {}

/// With V = Psi_m L^-T, L L^T = I + Psi_o^T N_o^-1 Psi_o: the mean is V L^-1 Psi_o^T N_o^-1 x_o,
/// the covariance V V^T + N_m (the inverse of a matrix of factors in place of one of values).
long ConditionalPatch::fill(std::span<double> deviation, std::span<double> covariance,
                            std::span<const double> normal, std::span<double> drawn) {
  const std::size_t d = static_cast<std::size_t>(gaussian_->values),
                    q = static_cast<std::size_t>(gaussian_->factors);
  PODSCALE_ASSERT(deviation.size() == d, "{} values, expected {}", deviation.size(), d);
  seen_.clear(), missing_.clear();
  for (std::size_t i = 0; i < d; ++i) (std::isnan(deviation[i]) ? missing_ : seen_).push_back(static_cast<int>(i));
  if (!drawn.empty()) std::copy(deviation.begin(), deviation.end(), drawn.begin());
  const std::size_t o = seen_.size(), m = missing_.size();
  if (m == 0) return 0;

  const int factors = gaussian_->factors, n_seen = static_cast<int>(o), n_missing = static_cast<int>(m);
  inverse_.assign(q * q, 0.0);
  for (std::size_t k = 0; k < q; ++k) inverse_[k * q + k] = 1;
  weights_.assign(q, 0.0);
  if (o > 0 && q > 0) {
    rows_.resize(o * q), scaled_.resize(o);
    for (std::size_t i = 0; i < o; ++i)
      scaled_[i] = 1 / std::sqrt(gaussian_->noise[static_cast<std::size_t>(seen_[i])]);
    for (std::size_t k = 0; k < q; ++k)
      for (std::size_t i = 0; i < o; ++i)
        rows_[k * o + i] = scaled_[i] * gaussian_->psi[k * d + static_cast<std::size_t>(seen_[i])];
    const double one = 1;
    int info = 0;
    dsyrk_("L", "T", &factors, &n_seen, &one, rows_.data(), &n_seen, &one, inverse_.data(), &factors);
    dpotrf_("L", &factors, inverse_.data(), &factors, &info);
    if (info == 0) dtrtri_("L", "N", &factors, inverse_.data(), &factors, &info);
    PODSCALE_ASSERT(info == 0, "conditional covariance of {} factors: {}", factors, info);
    for (std::size_t k = 1; k < q; ++k)
      for (std::size_t i = 0; i < k; ++i) inverse_[k * q + i] = 0;
    for (std::size_t i = 0; i < o; ++i) scaled_[i] *= deviation[static_cast<std::size_t>(seen_[i])];
    product_.resize(q);
    gemm(true, false, factors, 1, n_seen, 1, rows_.data(), n_seen, scaled_.data(), n_seen, 0, product_.data(),
         factors);
    gemm(false, false, factors, 1, factors, 1, inverse_.data(), factors, product_.data(), factors, 0,
         weights_.data(), factors);
  }
  rows_.resize(m * q), factor_.resize(m * q);
  for (std::size_t k = 0; k < q; ++k)
    for (std::size_t i = 0; i < m; ++i)
      rows_[k * m + i] = gaussian_->psi[k * d + static_cast<std::size_t>(missing_[i])];
  gemm(false, true, n_missing, factors, factors, 1, rows_.data(), n_missing, inverse_.data(), factors, 0,
       factor_.data(), n_missing);
  product_.resize(m);
  const auto times_factor = [&](const double* x) {
    std::fill(product_.begin(), product_.end(), 0.0);
    for (std::size_t k = 0; k < q; ++k)
      for (std::size_t i = 0; i < m; ++i) product_[i] += factor_[k * m + i] * x[k];
  };
  times_factor(weights_.data());
  for (std::size_t i = 0; i < m; ++i) deviation[static_cast<std::size_t>(missing_[i])] = product_[i];
  if (!drawn.empty()) {
    PODSCALE_ASSERT(normal.size() == q + d && drawn.size() == d, "{} normal numbers", normal.size());
    times_factor(normal.data());
    for (std::size_t i = 0; i < m; ++i) {
      const std::size_t at = static_cast<std::size_t>(missing_[i]);
      drawn[at] = deviation[at] + product_[i] + std::sqrt(gaussian_->noise[at]) * normal[q + at];
    }
  }
  if (!covariance.empty()) {
    const double one = 1, zero = 0;
    product_.assign(m * m, 0.0);
    if (q > 0)
      dsyrk_("L", "N", &n_missing, &factors, &one, factor_.data(), &n_missing, &zero, product_.data(),
             &n_missing);
    for (std::size_t j = 0; j < m; ++j) {
      double* column = covariance.data() + static_cast<std::size_t>(missing_[j]) * d;
      for (std::size_t i = j; i < m; ++i) column[missing_[i]] += product_[j * m + i];
      column[missing_[j]] += gaussian_->noise[static_cast<std::size_t>(missing_[j])];
    }
  }
  return static_cast<long>(m);
}

namespace {

void fill_upper(std::vector<double>& matrix, std::size_t n) {
  for (std::size_t j = 0; j < n; ++j)
    for (std::size_t i = j + 1; i < n; ++i) matrix[i * n + j] = matrix[j * n + i];
}

/// The leading eigenvectors of a covariance, and as noise what they leave of each value.
PatchGaussian truncated(std::vector<double> covariance, int values, int factors) {
  const std::size_t d = static_cast<std::size_t>(values);
  PatchGaussian gaussian{values, 0, {}, {}};
  double trace = 0;
  for (std::size_t i = 0; i < d; ++i) gaussian.noise.push_back(covariance[i * d + i]), trace += covariance[i * d + i];
  const Eigenpairs pairs = leading_eigenpairs(covariance, values, factors);
  gaussian.factors = pairs.count();
  gaussian.psi = pairs.vectors;
  for (std::size_t k = 0; k < pairs.values.size(); ++k)
    for (std::size_t i = 0; i < d; ++i) {
      double& entry = gaussian.psi[k * d + i];
      entry *= std::sqrt(pairs.values[k]);
      gaussian.noise[i] -= entry * entry;
    }
  // A value that others determine exactly would make the conditional covariance singular.
  const double least = trace > 0 ? 1e-6 * trace / static_cast<double>(d) : 1e-18;
  for (double& noise : gaussian.noise) noise = std::max(noise, least);
  return gaussian;
}

/// The penalised normal matrix of the predictors, lower triangle, and without its penalty.
struct Normal {
  Normal(const GappySeries& series, const GappyOptions& options) : slots(series.slots) {
    const std::size_t s = static_cast<std::size_t>(slots);
    plain.assign(s * s, 0.0);
    if (slots == 0) return;
    constexpr long kBatch = 256;
    std::vector<double> rows;
    const double one = 1;
    for (long first = 0; first < series.times; first += kBatch) {
      const long count = std::min(kBatch, series.times - first);
      const auto from = series.predictor.begin() + first * series.slots;
      rows.assign(from, from + count * series.slots);
      const int n = static_cast<int>(count);
      dsyrk_("L", "N", &slots, &n, &one, rows.data(), &slots, &one, plain.data(), &slots);
    }
    double trace = 0;
    long varying = 0;
    for (std::size_t i = 0; i < s; ++i) trace += plain[i * s + i], varying += plain[i * s + i] > 0;
    cholesky = plain;
    for (std::size_t i = 0; i < s; ++i)
      cholesky[i * s + i] +=
          varying > 0 ? options.penalty * options.weights[i] * trace / static_cast<double>(varying) : 1;
    fill_upper(plain, s);
    int info = 0;
    dpotrf_("L", &slots, cholesky.data(), &slots, &info);
    PODSCALE_ASSERT(info == 0, "normal equations of {} predictors: {}", slots, info);
  }
  int slots;
  std::vector<double> plain, cholesky;
};

/// Sums over the times of what a pass has filled.
struct FilledSums {
  std::vector<double> squares;   ///< [values x values] lower: sum x x^T + conditional covariance
  std::vector<double> products;  ///< [values x slots]: sum x c^T
};

FilledSums expectation(const GappySeries& series, const std::vector<double>& regression,
                       const PatchGaussian& gaussian) {
  const int d = series.values, s = series.slots;
  const std::size_t values = static_cast<std::size_t>(d);
  FilledSums sums{std::vector<double>(values * values, 0.0),
                  std::vector<double>(values * static_cast<std::size_t>(s), 0.0)};
  ConditionalPatch conditional(gaussian);
  constexpr long kBatch = 64;
  std::vector<double> mean, filled, predictors;
  for (long first = 0; first < series.times; first += kBatch) {
    const long count = std::min(kBatch, series.times - first);
    const int n = static_cast<int>(count);
    const auto target = series.target.begin() + first * d;
    filled.assign(target, target + count * d);
    const auto from = series.predictor.begin() + first * s;
    predictors.assign(from, from + count * s);
    mean.assign(filled.size(), 0.0);
    if (s > 0) gemm(false, false, d, n, s, 1, regression.data(), d, predictors.data(), s, 0, mean.data(), d);
    for (std::size_t i = 0; i < filled.size(); ++i) filled[i] -= mean[i];
    for (std::size_t t = 0; t < static_cast<std::size_t>(count); ++t)
      conditional.fill(std::span(filled).subspan(t * values, values), sums.squares);
    for (std::size_t i = 0; i < filled.size(); ++i) filled[i] += mean[i];
    const double one = 1;
    dsyrk_("L", "N", &d, &n, &one, filled.data(), &d, &one, sums.squares.data(), &d);
    if (s > 0)
      gemm(false, true, d, s, n, 1, filled.data(), d, predictors.data(), s, 1, sums.products.data(), d);
  }
  fill_upper(sums.squares, values);
  return sums;
}

/// D = products (C C^T + penalty)^-1.
std::vector<double> regression_of(const Normal& normal, const FilledSums& sums, int values) {
  const std::size_t d = static_cast<std::size_t>(values), s = static_cast<std::size_t>(normal.slots);
  std::vector<double> transposed(s * d), regression(d * s);
  for (std::size_t j = 0; j < s; ++j)
    for (std::size_t i = 0; i < d; ++i) transposed[i * s + j] = sums.products[j * d + i];
  int info = 0;
  if (s > 0)
    dpotrs_("L", &normal.slots, &values, normal.cholesky.data(), &normal.slots, transposed.data(), &normal.slots,
            &info);
  for (std::size_t j = 0; j < s; ++j)
    for (std::size_t i = 0; i < d; ++i) regression[j * d + i] = transposed[i * s + j];
  return regression;
}

/// (squares - D H^T - H D^T + D CC^T D^T) / times: both triangles.
std::vector<double> residual_covariance_of(const Normal& normal, FilledSums sums,
                                           const std::vector<double>& regression, int d, long times) {
  const int s = normal.slots;
  std::vector<double> half = sums.products;  // D CC^T / 2 - H
  gemm(false, false, d, s, s, 0.5, regression.data(), d, normal.plain.data(), s, -1, half.data(), d);
  if (s > 0) {
    gemm(false, true, d, d, s, 1, regression.data(), d, half.data(), d, 1, sums.squares.data(), d);
    gemm(false, true, d, d, s, 1, half.data(), d, regression.data(), d, 1, sums.squares.data(), d);
  }
  for (double& value : sums.squares) value /= static_cast<double>(times);
  const std::size_t n = static_cast<std::size_t>(d);
  for (std::size_t j = 0; j < n; ++j)  // symmetric to the last bit
    for (std::size_t i = j + 1; i < n; ++i) sums.squares[i * n + j] = sums.squares[j * n + i];
  return std::move(sums.squares);
}

/// Before anything is fitted: values apart from each other, each with its mean square.
PatchGaussian independent(const GappySeries& series) {
  const std::size_t d = static_cast<std::size_t>(series.values);
  PatchGaussian gaussian{series.values, 0, {}, std::vector<double>(d, 0.0)};
  std::vector<long> seen(d, 0);
  double all = 0;
  long count = 0;
  for (std::size_t i = 0; i < series.target.size(); ++i) {
    const double value = static_cast<double>(series.target[i]);
    if (std::isnan(value)) continue;
    gaussian.noise[i % d] += value * value, ++seen[i % d];
    all += value * value, ++count;
  }
  const double typical = count > 0 ? all / static_cast<double>(count) : 0;
  for (std::size_t i = 0; i < d; ++i)
    gaussian.noise[i] =
        (seen[i] > 0 ? gaussian.noise[i] / static_cast<double>(seen[i]) : typical) + (typical > 0 ? 1e-6 * typical : 1e-18);
  return gaussian;
}

}  // namespace

GappyFit fit_gappy(const GappySeries& series, const GappyOptions& options) {
  PODSCALE_ASSERT(series.times > 0 && std::ssize(series.target) == series.times * series.values &&
                      std::ssize(series.predictor) == series.times * series.slots,
                  "{} times, {} targets, {} predictors", series.times, series.target.size(),
                  series.predictor.size());
  const int d = series.values,
            factors = static_cast<int>(
                std::max<long>(1, std::min({static_cast<long>(options.factors), static_cast<long>(d) - 1,
                                            series.times / 4})));
  const Normal normal(series, options);
  GappyFit fit;
  fit.regression.assign(static_cast<std::size_t>(d) * static_cast<std::size_t>(series.slots), 0.0);
  fit.gaussian = independent(series);
  for (fit.passes = 1; fit.passes <= options.passes; ++fit.passes) {
    FilledSums sums = expectation(series, fit.regression, fit.gaussian);
    fit.regression = regression_of(normal, sums, d);
    const std::vector<double> before = std::move(fit.covariance);
    fit.covariance = residual_covariance_of(normal, std::move(sums), fit.regression, d, series.times);
    fit.gaussian = truncated(fit.covariance, d, factors);
    double difference = 0, norm = 0;
    for (std::size_t i = 0; i < fit.covariance.size(); ++i) {
      difference += before.empty() ? 0 : std::pow(fit.covariance[i] - before[i], 2);
      norm += fit.covariance[i] * fit.covariance[i];
    }
    fit.change = before.empty() ? 1 : norm > 0 ? std::sqrt(difference / norm) : 0;
    if (fit.change <= options.tolerance) break;
  }
  fit.passes = std::min(fit.passes, options.passes);
  return fit;
}

}  // namespace podscale
