#include "podscale/gaussian/point_variance.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "podscale/core/lapack.hpp"
#include "podscale/core/vector_clones.hpp"

namespace podscale {
namespace {

/// sums [count] += weight * column [count].
PODSCALE_VECTOR_CLONES void add_column(double weight, const double* column, std::size_t count, double* sums) {
  for (std::size_t i = 0; i < count; ++i) sums[i] += weight * column[i];
}

/// sum_g variance[g] (sum_t weights[t] rows[t][g])^2 of up to four rows, in a fixed order.
PODSCALE_VECTOR_CLONES double weighted_square(std::size_t terms, const double* weights,
                                              const double* const* rows, const double* variance,
                                              std::size_t count) {
  constexpr std::size_t kLanes = 8;
  double sums[kLanes] = {};
  std::size_t g = 0;
  for (; g + kLanes <= count; g += kLanes) {
    double values[kLanes] = {};
    for (std::size_t t = 0; t < terms; ++t)
      for (std::size_t i = 0; i < kLanes; ++i) values[i] += weights[t] * rows[t][g + i];
    for (std::size_t i = 0; i < kLanes; ++i) sums[i] += variance[g + i] * (values[i] * values[i]);
  }
  double sum = 0;
  for (; g < count; ++g) {
    double value = 0;
    for (std::size_t t = 0; t < terms; ++t) value += weights[t] * rows[t][g];
    sum += variance[g] * (value * value);
  }
  for (const double lane : sums) sum += lane;
  return sum;
}

}  // namespace

PointVariance::PointVariance(const LatentSpace& space) : space_(&space) {
  const Basis& basis = space.basis();
  for (std::size_t p = 0; p < basis.patches.mine.size(); ++p) {
    const PatchModes& patch = basis.patches.mine[p];
    const int d = static_cast<int>(patch.points.size());
    std::vector<double> product(patch.points.size() * static_cast<std::size_t>(patch.modes));
    gemm(false, false, d, patch.modes, patch.modes, 1, patch.phi.data(), d, space.covariance(p).root.data(),
         patch.modes, 0, product.data(), d);
    for (double& value : product) value *= value;
    own_.push_back(std::move(product));
  }
  const std::size_t points = static_cast<std::size_t>(basis.lapping.points()),
                    channels = static_cast<std::size_t>(basis.channels());
  if (basis.lapping.overlap() == 0) {
    wide_ = static_cast<std::size_t>(basis.points());
    for (const PatchModes& patch : basis.patches.mine)
      for (const long point : patch.points) {
        joined_.push_back({static_cast<std::size_t>(point), at_.size()});
        at_.push_back(static_cast<std::size_t>(point));
        shared_.push_back(1);
        square_.push_back(1);
      }
    return;
  }
  const std::size_t extended = static_cast<std::size_t>(basis.lapping.extended_points());
  wide_ = channels * extended;
  for (std::size_t c = 0; c < channels; ++c)
    for (std::size_t i = 0; i < points; ++i) {
      if (!basis.is_ocean(i)) continue;
      const Lapping::Quad quad = basis.lapping.quad(static_cast<long>(i));
      const std::array<double, 4> own = basis.seams.row(basis.lapping, c * points + i);
      joined_.push_back({c * points + i, at_.size()});
      for (std::size_t s = 0; s < 4; ++s) {
        const std::size_t other = quad.own ^ s;
        if (quad.at[other] < 0) continue;
        at_.push_back(c * extended + static_cast<std::size_t>(quad.at[other]));
        shared_.push_back(quad.unfold[4 * quad.own + other]);
        square_.push_back(own[s] * own[s]);
      }
    }
}

template <class Work>
void PointVariance::for_shared_fields(const Work& work) const {
  const Basis& basis = space_->basis();
  const std::size_t n = static_cast<std::size_t>(basis.points());
  constexpr int kBatch = 8;  // fields in memory at once
  std::vector<double> fields, product;
  for (int first = 0; first < space_->global_modes(); first += kBatch) {
    const int count = std::min(kBatch, space_->global_modes() - first);
    fields.assign(n * static_cast<std::size_t>(count), 0.0);
    for (std::size_t p = 0; p < basis.patches.mine.size(); ++p) {
      const PatchModes& patch = basis.patches.mine[p];
      const std::size_t d = patch.points.size();
      product.resize(d * static_cast<std::size_t>(count));
      gemm(false, false, static_cast<int>(d), count, patch.modes, 1, patch.phi.data(), static_cast<int>(d),
           space_->covariance(p).global.data() + static_cast<long>(first) * patch.modes, patch.modes, 0,
           product.data(), static_cast<int>(d));
      for (std::size_t c = 0; patch.modes > 0 && c < static_cast<std::size_t>(count); ++c)
        for (std::size_t i = 0; i < d; ++i)
          fields[c * n + static_cast<std::size_t>(patch.points[i])] = product[c * d + i];
    }
    work(static_cast<std::size_t>(first), static_cast<std::size_t>(count),
         basis.lapping.widen(fields, count * basis.channels()));
  }
}

const std::vector<double>& PointVariance::pairs() const {
  if (pairs_) return *pairs_;
  std::size_t size = 0;
  const auto terms_of = [&](std::size_t j) {
    return (j + 1 < joined_.size() ? joined_[j + 1].first : at_.size()) - joined_[j].first;
  };
  for (std::size_t j = 0; j < joined_.size(); ++j) size += terms_of(j) * (terms_of(j) + 1) / 2;
  auto& pairs = pairs_.emplace(size, 0.0);
  for_shared_fields([&](std::size_t, std::size_t count, const std::vector<double>& fields) {
    for (std::size_t g = 0; g < count; ++g) {
      const double* field = fields.data() + g * wide_;
      double* pair = pairs.data();
      for (std::size_t j = 0; j < joined_.size(); ++j) {
        const std::size_t first = joined_[j].first, terms = terms_of(j);
        for (std::size_t a = 0; a < terms; ++a)
          for (std::size_t b = 0; b <= a; ++b) *pair++ += field[at_[first + a]] * field[at_[first + b]];
      }
    }
  });
  double* pair = pairs.data();
  for (std::size_t j = 0; j < joined_.size(); ++j) {
    const std::size_t first = joined_[j].first, terms = terms_of(j);
    for (std::size_t a = 0; a < terms; ++a)
      for (std::size_t b = 0; b <= a; ++b)
        *pair++ *= (a == b ? 1 : 2) * shared_[first + a] * shared_[first + b];
  }
  return pairs;
}

const std::vector<double>& PointVariance::columns() const {
  if (columns_) return *columns_;
  const std::size_t shared = static_cast<std::size_t>(space_->global_modes());
  auto& columns = columns_.emplace(wide_ * shared);
  for_shared_fields([&](std::size_t first, std::size_t count, const std::vector<double>& fields) {
    for (std::size_t g = 0; g < count; ++g)
      for (std::size_t i = 0; i < wide_; ++i) columns[i * shared + first + g] = fields[g * wide_ + i];
  });
  return columns;
}

void PointVariance::decode(const CoefficientForecast& forecast, double truncation, std::span<double> mean,
                           std::span<double> variance) const {
  const Basis& basis = space_->basis();
  const std::size_t n = mean.size(), k = basis.modes, local = basis.patches.mine.size();
  basis.codec().decode(forecast.mean, 0, 1, mean);
  basis.unfold(mean, 1);

  // Before patches are joined: variance of a patch's own, and its spread.
  std::vector<double> inside(2 * n, 0.0), sums;
  for (std::size_t p = 0; p < local; ++p) {
    const PatchModes& patch = basis.patches.mine[p];
    const std::size_t d = patch.points.size();
    const double spread = forecast.spread[p];
    sums.assign(d, 0.0);
    for (std::size_t m = 0; m < static_cast<std::size_t>(patch.modes); ++m)
      add_column(forecast.latent.patch_variance[p * k + m] * spread * spread, own_[p].data() + m * d, d,
                 sums.data());
    add_column(truncation * forecast.truncation, patch.tau.data(), d, sums.data());
    for (std::size_t i = 0; i < d; ++i) {
      inside[patch.points[i]] = sums[i];
      inside[n + static_cast<std::size_t>(patch.points[i])] = spread;
    }
  }
  const std::vector<double> wide = basis.lapping.widen(inside, 2 * basis.channels());
  const double *own = wide.data(), *spread = wide.data() + wide_;
  const auto& shared_variance = forecast.latent.global_variance;
  const std::size_t shared = shared_variance.size();
  const bool alike = std::all_of(shared_variance.begin(), shared_variance.end(),
                                 [&](double v) { return v == shared_variance.front(); });
  const std::vector<double> none;
  const auto &pairs = shared > 0 && alike ? this->pairs() : none,
             &columns = shared > 0 && !alike ? this->columns() : none;
  const double* pair = pairs.data();
  std::fill(variance.begin(), variance.end(), 0.0);
  for (std::size_t j = 0; j < joined_.size(); ++j) {
    const std::size_t first = joined_[j].first,
                      terms = (j + 1 < joined_.size() ? joined_[j + 1].first : at_.size()) - first;
    double sum = 0, across = 0;
    for (std::size_t t = 0; t < terms; ++t) sum += square_[first + t] * own[at_[first + t]];
    if (!pairs.empty()) {
      for (std::size_t a = 0; a < terms; ++a) {
        double row = 0;
        for (std::size_t b = 0; b <= a; ++b) row += *pair++ * spread[at_[first + b]];
        across += spread[at_[first + a]] * row;
      }
      across = std::max(0.0, across) * shared_variance.front();
    } else if (!columns.empty()) {
      double weights[4];
      const double* rows[4];
      for (std::size_t t = 0; t < terms; ++t) {
        weights[t] = shared_[first + t] * spread[at_[first + t]];
        rows[t] = columns.data() + at_[first + t] * shared;
      }
      across = weighted_square(terms, weights, rows, shared_variance.data(), shared);
    }
    variance[joined_[j].value] = sum + across;
  }
}

void PointVariance::decode(const CoefficientForecast& forecast, double truncation,
                           std::span<const double> climatology, std::span<double> mean,
                           std::span<double> variance) const {
  const Basis& basis = space_->basis();
  decode(forecast, truncation, mean, variance);
  const std::size_t points = static_cast<std::size_t>(basis.window.points());
  for (std::size_t i = 0; i < mean.size(); i += points) {
    const double scale = basis.scale_of(i);
    for (std::size_t point = 0; point < points; ++point) {
      const bool ocean = basis.ocean[point] != 0;
      double &m = mean[i + point], &v = variance[i + point];
      m = ocean ? scale * m + climatology[i + point] : std::numeric_limits<double>::quiet_NaN();
      v = ocean ? scale * scale * v : std::numeric_limits<double>::quiet_NaN();
    }
  }
}

}  // namespace podscale
