#include "podscale/pod/seams.hpp"

#include <algorithm>
#include <cmath>

#include "podscale/core/error.hpp"
#include "podscale/core/lapack.hpp"

namespace podscale {
namespace {

using Matrix = std::array<double, 16>;  // row-major, 4 x 4; rows and columns of absent points are 0

Matrix product(const Matrix& a, const Matrix& b) {
  Matrix c{};
  for (std::size_t i = 0; i < 4; ++i)
    for (std::size_t k = 0; k < 4; ++k)
      for (std::size_t j = 0; j < 4; ++j) c[4 * i + j] += a[4 * i + k] * b[4 * k + j];
  return c;
}

Matrix transposed(const Matrix& a) {
  Matrix t{};
  for (std::size_t i = 0; i < 16; ++i) t[i % 4 * 4 + i / 4] = a[i];
  return t;
}

/// f of a symmetric matrix, by its eigenvalues.
template <class Function>
Matrix apply_to(Matrix a, const Function& f) {
  const int n = 4, work_size = 32;
  std::array<double, 4> values{};
  std::array<double, 32> work{};
  int info = 0;
  dsyev_("V", "L", &n, a.data(), &n, values.data(), work.data(), &work_size, &info);
  PODSCALE_ASSERT(info == 0, "dsyev: {}", info);
  Matrix result{};
  for (std::size_t k = 0; k < 4; ++k)
    for (std::size_t i = 0; i < 4; ++i)
      for (std::size_t j = 0; j < 4; ++j) result[4 * i + j] += f(values[k]) * a[4 * k + i] * a[4 * k + j];
  return result;
}

double trace(const Matrix& a) {
  return a[0] + a[5] + a[10] + a[15];
}

/// The symmetric D with D v D = c of positive matrices (Dowson & Landau 1982, J. Multivar. Anal.
/// 12).
Matrix transport(const Matrix& v, const Matrix& c) {
  const auto root = [](double x) { return std::sqrt(std::max(x, 0.0)); };
  const Matrix half = apply_to(v, root), inverse = apply_to(v, [](double x) { return 1 / std::sqrt(x); });
  return product(inverse, product(apply_to(product(half, product(c, half)), root), inverse));
}

/// R^T where rotations join the points of a quad.
Matrix unfolding(const Lapping::Quad& quad) {
  Matrix m{};
  std::copy(quad.unfold.begin(), quad.unfold.end(), m.begin());
  return m;
}

/// Places of the partners of every window point, the point itself where there is none.
std::vector<std::array<long, 4>> partners(const Lapping& lapping) {
  std::vector<std::array<long, 4>> at;
  for (long i = 0; i < lapping.points(); ++i) {
    const Lapping::Quad quad = lapping.quad(i);
    auto& places = at.emplace_back();
    for (std::size_t s = 0; s < 4; ++s) {
      const long other = quad.at[quad.own ^ s];
      places[s] = other < 0 ? quad.at[quad.own] : other;
    }
  }
  return at;
}

}  // namespace

SeamProducts::SeamProducts(const Lapping& lapping, long channels)
    : lapping_(&lapping),
      channels_(channels),
      at_(partners(lapping)),
      sums_(static_cast<std::size_t>(4 * channels * lapping.points()), 0.0),
      samples_(sums_.size(), 0.0) {}

void SeamProducts::add(std::span<const double> fields, long count) {
  const std::size_t points = lapping_->points(), n = points * static_cast<std::size_t>(channels_);
  for (long t = 0; t < count; ++t) {
    const auto field = fields.subspan(static_cast<std::size_t>(t) * n, n);
    const auto wide = lapping_->widen(field, channels_);
    const std::size_t wide_points = wide.size() / static_cast<std::size_t>(channels_);
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t s = 0; s < 4; ++s) {
        const double both =
            field[i] * wide[i / points * wide_points + static_cast<std::size_t>(at_[i % points][s])];
        if (std::isnan(both)) continue;
        sums_[s * n + i] += both;
        samples_[s * n + i] += 1;
      }
  }
}

std::vector<double> SeamProducts::means() const {
  std::vector<double> means = sums_;
  for (std::size_t i = 0; i < means.size(); ++i) means[i] /= std::max(samples_[i], 1.0);
  return means;
}

std::vector<double> seam_map(const Lapping& lapping, long channels, std::span<const double> covariance,
                             std::span<const double> variance) {
  const std::size_t points = lapping.points(), n = points * static_cast<std::size_t>(channels);
  std::vector<double> map(4 * n, 0.0);
  std::fill_n(map.begin(), n, 1.0);
  const auto wide_variance = lapping.widen(variance, channels),
             wide_covariance = lapping.widen(covariance, 4 * channels);
  const std::size_t wide = wide_variance.size() / static_cast<std::size_t>(channels);
  for (std::size_t i = 0; i < n; ++i) {
    const Lapping::Quad quad = lapping.quad(static_cast<long>(i % points));
    const std::size_t own = quad.own, channel = i / points;
    if (std::count_if(quad.at.begin(), quad.at.end(), [](long at) { return at >= 0; }) < 2) continue;
    // The same numbers in the same order whichever point of the quad asks, on any rank.
    Matrix v{}, c{};
    for (std::size_t a = 0; a < 4; ++a)
      for (std::size_t b = 0; b < 4; ++b) {
        if (quad.at[a] < 0 || quad.at[b] < 0) continue;
        const std::size_t place = static_cast<std::size_t>(quad.at[a]);
        if (a == b) v[5 * a] = wide_variance[channel * wide + place];
        c[4 * a + b] =
            wide_covariance[((a ^ b) * static_cast<std::size_t>(channels) + channel) * wide + place];
      }
    const Matrix unfold = unfolding(quad);
    v = product(unfold, product(v, transposed(unfold)));
    const double scale_v = trace(v), scale_c = trace(c);
    if (!(scale_v > 0) || !(scale_c > 0)) continue;  // water that never varies
    for (std::size_t a = 0; a < 4; ++a) {
      v[5 * a] += quad.at[a] < 0 ? scale_v : 1e-9 * scale_v;
      c[5 * a] += quad.at[a] < 0 ? scale_v : 1e-9 * scale_c;
    }
    const Matrix d = transport(v, c);
    for (std::size_t s = 0; s < 4; ++s) map[s * n + i] = quad.at[own ^ s] < 0 ? 0 : d[4 * own + (own ^ s)];
  }
  return map;
}

Seams::Seams(const Communicator& comm, const Lapping& lapping, long channels, std::vector<double> map)
    : present_(true), channels_(channels), map_(std::move(map)), at_(partners(lapping)) {
  const std::size_t points = lapping.points(), n = points * static_cast<std::size_t>(channels);
  PODSCALE_ASSERT(map_.size() == 4 * n, "{} numbers of seams for {} values", map_.size(), n);
  comm.agree([&] {
    for (const double value : map_)
      if (!std::isfinite(value))
        fail(ExitCode::data, "a number {} in the map of seams; expected finite ones: make the basis again",
             value);
  });
  const auto wide_map = lapping.widen(map_, 4 * channels);
  const std::size_t wide = n == 0 ? 0 : wide_map.size() / static_cast<std::size_t>(4 * channels);
  for (std::size_t i = 0; i < n; ++i) {
    const Lapping::Quad quad = lapping.quad(static_cast<long>(i % points));
    const std::size_t own = quad.own, channel = i / points;
    Matrix d{};
    for (std::size_t a = 0; a < 4; ++a)
      for (std::size_t b = 0; b < 4; ++b)
        if (quad.at[a] >= 0 && quad.at[b] >= 0)
          d[4 * a + b] = wide_map[((a ^ b) * static_cast<std::size_t>(channels) + channel) * wide +
                                  static_cast<std::size_t>(quad.at[a])];
    const Matrix a = product(d, unfolding(quad));
    auto &row = row_.emplace_back(), &column = column_.emplace_back(), &square = square_.emplace_back();
    for (std::size_t s = 0; s < 4; ++s) {
      const bool there = quad.at[own ^ s] >= 0;
      row[s] = there ? a[4 * own + (own ^ s)] : 0;
      column[s] = there ? a[4 * (own ^ s) + own] : 0;
      square[s] = row[s] * row[s];
    }
  }
}

void Seams::apply(const Lapping& lapping, std::span<double> fields, long count, const Rows& rows) const {
  constexpr long kBatch = 8;  // fields that are there twice
  const std::size_t points = lapping.points(), n = rows.size();
  for (long first = 0; first < count; first += kBatch) {
    const long some = std::min(kBatch, count - first);
    const auto part = fields.subspan(static_cast<std::size_t>(first) * n, static_cast<std::size_t>(some) * n);
    const auto wide = lapping.widen(part, some * channels_);
    const std::size_t wide_points = wide.size() / static_cast<std::size_t>(some * channels_);
    for (std::size_t k = 0; k < part.size(); ++k) {
      const double* from = wide.data() + k / points * wide_points;
      const auto& row = rows[k % n];
      const auto& at = at_[k % points];
      double sum = 0;
      for (std::size_t s = 0; s < 4; ++s) sum += row[s] * from[at[s]];
      part[k] = sum;
    }
  }
}

std::array<double, 4> Seams::row(const Lapping& lapping, std::size_t value) const {
  if (present_) return row_[value];
  const Lapping::Quad quad = lapping.quad(static_cast<long>(value) % lapping.points());
  std::array<double, 4> row{};
  for (std::size_t s = 0; s < 4; ++s)
    if (quad.at[quad.own ^ s] >= 0) row[s] = quad.unfold[4 * quad.own + (quad.own ^ s)];
  return row;
}

std::vector<std::pair<std::size_t, double>> Seams::folded_point(const Lapping& lapping, long channel, long y,
                                                                long x) const {
  if (!present_) return lapping.folded_point(y, x);
  const std::size_t point = static_cast<std::size_t>(lapping.window().nx * y + x),
                    value = static_cast<std::size_t>(channel * lapping.points()) + point;
  // Weight w on the point goes to every j of its quad with A_ij: a row of A.
  std::vector<std::pair<std::size_t, double>> column;
  for (std::size_t s = 0; s < 4; ++s)
    if (row_[value][s] != 0) column.emplace_back(lapping.point_of_extended(at_[point][s]), row_[value][s]);
  return column;
}

void Seams::unfold(const Lapping& lapping, std::span<double> fields, long count) const {
  if (!present_) return lapping.unfold(fields, count * channels_);
  apply(lapping, fields, count, row_);
}

void Seams::fold(const Lapping& lapping, std::span<double> fields, long count) const {
  if (!present_) return lapping.fold(fields, count * channels_);
  apply(lapping, fields, count, column_);
}

void Seams::unfold_variance(const Lapping& lapping, std::span<double> fields, long count) const {
  if (!present_) return lapping.unfold_variance(fields, count * channels_);
  apply(lapping, fields, count, square_);
}

}  // namespace podscale
