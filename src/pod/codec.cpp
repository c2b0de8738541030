#include "podscale/pod/codec.hpp"

#include <algorithm>

#include "podscale/core/error.hpp"
#include "podscale/core/lapack.hpp"

namespace podscale {
namespace {

/// Phi B for count columns, [d x count], to the points of the patch in count fields of `values`
/// values.
void scatter(const PatchModes& patch, const double* b, int ldb, int count, std::size_t values, double* fields,
             std::vector<double>& product) {
  const std::size_t d = patch.points.size();
  if (patch.modes == 0) return;
  product.resize(d * static_cast<std::size_t>(count));
  gemm(false, false, static_cast<int>(d), count, patch.modes, 1, patch.phi.data(), static_cast<int>(d), b,
       ldb, 0, product.data(), static_cast<int>(d));
  for (std::size_t c = 0; c < static_cast<std::size_t>(count); ++c)
    for (std::size_t i = 0; i < d; ++i)
      fields[c * values + static_cast<std::size_t>(patch.points[i])] = product[c * d + i];
}

}  // namespace

Codec::Codec(const std::vector<PatchModes>& patches, int modes, long values_of_field)
    : patches_(&patches), modes_(modes), values_of_field_(values_of_field) {}

void Codec::encode(std::span<const double> anomalies, long items, std::span<float> a) const {
  const long n_tokens = this->tokens();
  PODSCALE_ASSERT(
      std::ssize(anomalies) == items * values_of_field_ && std::ssize(a) == items * n_tokens * modes_,
      "sizes {} and {}", anomalies.size(), a.size());
  std::fill(a.begin(), a.end(), 0.0f);
  std::vector<double> gathered, coefficients;
  // One item at a time through gemm's matrix-vector shape would be slow; all items of a patch in
  // one product.
  for (long p = 0; p < n_tokens; ++p) {
    const PatchModes& patch = (*patches_)[p];
    const int d = static_cast<int>(patch.points.size()), n = static_cast<int>(items);
    gathered.resize(static_cast<std::size_t>(d) * static_cast<std::size_t>(items));
    coefficients.resize(static_cast<std::size_t>(patch.modes) * static_cast<std::size_t>(items));
    for (long t = 0; t < items; ++t)
      for (int i = 0; i < d; ++i) gathered[t * d + i] = anomalies[t * values_of_field_ + patch.points[i]];
    gemm(true, false, patch.modes, n, d, 1, patch.phi.data(), d, gathered.data(), d, 0, coefficients.data(),
         patch.modes);
    for (long t = 0; t < items; ++t)
      for (int k = 0; k < patch.modes; ++k)
        a[(t * n_tokens + p) * modes_ + k] = static_cast<float>(coefficients[t * patch.modes + k]);
  }
}

void Codec::decode(std::span<const double> a, long items, std::span<double> anomalies) const {
  const std::size_t k = modes_, row = patches_->size() * k;
  PODSCALE_ASSERT(
      std::ssize(anomalies) == items * values_of_field_ && a.size() == static_cast<std::size_t>(items) * row,
      "sizes {} and {}", anomalies.size(), a.size());
  std::fill(anomalies.begin(), anomalies.end(), 0.0);
  std::vector<double> product;
  for (std::size_t p = 0; p < patches_->size(); ++p)
    scatter((*patches_)[p], a.data() + p * k, static_cast<int>(row), static_cast<int>(items),
            static_cast<std::size_t>(values_of_field_), anomalies.data(), product);
}

void Codec::decode(const PatchColumns& columns, int first, int count, std::span<double> fields) const {
  PODSCALE_ASSERT(columns.size() == patches_->size() && std::ssize(fields) == count * values_of_field_,
                  "sizes {} and {}", columns.size(), fields.size());
  std::fill(fields.begin(), fields.end(), 0.0);
  std::vector<double> product;
  for (std::size_t p = 0; p < patches_->size(); ++p) {
    const int modes = (*patches_)[p].modes;
    PODSCALE_ASSERT(columns[p].size() >= static_cast<std::size_t>((first + count) * modes), "{} values",
                    columns[p].size());
    scatter((*patches_)[p], columns[p].data() + static_cast<long>(first) * modes, modes, count,
            static_cast<std::size_t>(values_of_field_), fields.data(), product);
  }
}

void Codec::add_variance(const PatchColumns& factor, int first, int last, std::span<double> variance) const {
  PODSCALE_ASSERT(factor.size() == patches_->size() && std::ssize(variance) == values_of_field_,
                  "sizes {} and {}", factor.size(), variance.size());
  std::vector<double> product, covariance, sum;
  for (std::size_t p = 0; p < patches_->size(); ++p) {
    const PatchModes& patch = (*patches_)[p];
    const int d = static_cast<int>(patch.points.size()), k = patch.modes;
    if (k == 0) continue;
    int columns = std::min(last, static_cast<int>(factor[p].size()) / k) - first;
    if (columns <= 0) continue;
    const double* f = factor[p].data() + static_cast<long>(first) * k;
    // The rows of Phi F with themselves; with many columns the rows of Phi (F F^T) with those of
    // Phi.
    const bool many = columns > 2 * k;
    if (many) {
      covariance.resize(static_cast<std::size_t>(k) * static_cast<std::size_t>(k));
      gemm(false, true, k, k, columns, 1, f, k, f, k, 0, covariance.data(), k);
      f = covariance.data();
      columns = k;
    }
    product.resize(static_cast<std::size_t>(d) * static_cast<std::size_t>(columns));
    gemm(false, false, d, columns, k, 1, patch.phi.data(), d, f, k, 0, product.data(), d);
    const double* other = many ? patch.phi.data() : product.data();
    sum.assign(static_cast<std::size_t>(d), 0.0);
    for (long c = 0; c < columns; ++c)
      for (long i = 0; i < d; ++i) sum[i] += product[c * d + i] * other[c * d + i];
    for (std::size_t i = 0; i < sum.size(); ++i)  // rounding may leave less than nothing
      variance[patch.points[i]] += std::max(sum[i], 0.0);
  }
}

}  // namespace podscale
