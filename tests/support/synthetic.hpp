#pragma once
// A basis and a base of random numbers that depend on the patch alone: the same at any rank count.
// Its patches differ in size and modes, one is all land.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <vector>

#include "podscale/core/random.hpp"
#include "podscale/gaussian/latent_space.hpp"

namespace synthetic {

using namespace podscale;

inline constexpr long ny = 14, nx = 17, patch_y = 4, patch_x = 5;
inline constexpr int modes = 4, global_modes = 3;

inline std::vector<double> normals(std::size_t size, long a, long b = 0, long c = 0) {
  std::vector<double> values(size);
  CounterRandom(11, Stream::test)
      .fill_normal(std::span(values), static_cast<std::uint32_t>(a), static_cast<std::uint32_t>(b),
                   static_cast<std::uint32_t>(c));
  return values;
}

inline bool is_ocean(long y, long x) {
  return !(y < patch_y && x < patch_x) && (3 * y + 5 * x) % 13 != 0;
}

/// Columns orthonormal by Gram-Schmidt, twice.
inline std::vector<double> orthonormal(std::vector<double> columns, std::size_t d) {
  for (std::size_t k = 0; k < columns.size() / d; ++k) {
    double* v = columns.data() + k * d;
    for (int pass = 0; pass < 2; ++pass)
      for (std::size_t j = 0; j < k; ++j) {
        const double* u = columns.data() + j * d;
        double product = 0;
        for (std::size_t i = 0; i < d; ++i) product += u[i] * v[i];
        for (std::size_t i = 0; i < d; ++i) v[i] -= product * u[i];
      }
    double norm = 0;
    for (std::size_t i = 0; i < d; ++i) norm += v[i] * v[i];
    for (std::size_t i = 0; i < d; ++i) v[i] /= std::sqrt(norm);
  }
  return columns;
}

/// Points over which patches overlap, and whether what they do not share has its covariance across
/// the borders.
struct Overlap {
  Overlap(long over = 0, bool with_seams = false) : points(over), seams(with_seams) {}
  long points;
  bool seams;
};

inline Basis make_basis(const Communicator& comm, Overlap overlap = {}) {
  std::vector<double> lat, lon;
  for (long y = 0; y < ny; ++y) lat.push_back(30 + 0.25 * static_cast<double>(y));
  for (long x = 0; x < nx; ++x) lon.push_back(-60 + 0.25 * static_cast<double>(x));
  Basis basis(Mesh::rectilinear(lat, lon), patch_y, patch_x, comm.size(), comm.rank());
  basis.variables = {{"sst", "degC", "degC", "sea_surface_temperature", "sea surface temperature", "", {}}};
  basis.lr_mesh = basis.mesh.coarsened(4);
  basis.lr_ocean.assign(static_cast<std::size_t>(basis.lr_mesh.points()), 1);
  basis.lr_ocean.front() = 0;
  const Window& w = basis.window;
  std::vector<double> mean;
  for (long y = w.y0; y < w.y0 + w.ny; ++y)
    for (long x = w.x0; x < w.x0 + w.nx; ++x) {
      basis.ocean.push_back(is_ocean(y, x));
      mean.push_back(20 - 0.3 * static_cast<double>(y) + 0.1 * static_cast<double>(x));
    }
  basis.overlap_patches(comm, overlap.points);
  basis.hr_climatology = basis.lr_climatology = {0, w.points(), mean};
  basis.modes = modes;
  basis.samples = 100;
  basis.patches = find_patches(comm, basis.decomposition, basis.ocean);
  for (PatchModes& patch : basis.patches.mine) {
    const std::size_t d = patch.points.size();
    patch.modes = std::min(modes - static_cast<int>(patch.patch % 2), static_cast<int>(d));
    patch.phi = orthonormal(normals(d * static_cast<std::size_t>(patch.modes), 1, patch.patch), d);
    patch.tau = normals(d, 2, patch.patch);
    patch.scale = normals(static_cast<std::size_t>(patch.modes), 3, patch.patch);
    for (double& t : patch.tau) t = 0.02 + 0.01 * t * t;
    for (double& s : patch.scale) s = 0.5 + std::abs(s);
    for (int k = 0; k < modes; ++k) basis.condition_scale.push_back(1 + 0.1 * k);
  }
  if (overlap.seams) {
    SeamProducts products(basis.lapping, 1);
    const auto on_window = [&w](const std::vector<double>& whole) {
      std::vector<double> part;
      for (long y = w.y0; y < w.y0 + w.ny; ++y)
        for (long x = w.x0; x < w.x0 + w.nx; ++x)
          part.push_back(whole[static_cast<std::size_t>(y * nx + x)]);
      return part;
    };
    for (long t = 0; t < 12; ++t) products.add(on_window(normals(ny * nx, 9, t)), 1);
    auto variance = on_window(normals(ny * nx, 9, 12));
    for (double& v : variance) v = 0.5 + v * v;
    basis.seams = Seams(comm, basis.lapping, 1, seam_map(basis.lapping, 1, products.means(), variance));
  }
  return basis;
}

inline LinearGaussian make_base(const Communicator& comm, const Basis& basis, int rank = global_modes,
                                bool season = false, bool spread = false) {
  LinearGaussian base(1, {0}, Predictors(comm, basis, 1, {0}));
  base.penalty = 0.1;
  base.interpolation = 1;
  if (season) {
    base.season.harmonics = 1;
    for (int r = 0; r < rank; ++r)
      for (const double value : {1.0, 0.3 + 0.1 * r, -0.2}) base.season.global.push_back(value);
    for (const PatchModes& patch : basis.patches.mine)
      for (const double value : {1.1, 0.4, 0.02 * static_cast<double>(patch.patch)})
        base.season.patch.push_back(value);
  }
  const std::size_t slots = base.conditions(basis);
  base.residual.global_modes = rank;
  for (int r = 0; r < rank; ++r) base.residual.variance.push_back(3.0 - r);
  for (const PatchModes& patch : basis.patches.mine) {
    const std::size_t k = patch.modes;
    base.regression.push_back(normals(k * slots, 4, patch.patch));
    base.predictor_scale.insert(base.predictor_scale.end(), slots, 2.0);
    base.predictor_range.insert(base.predictor_range.end(), slots, 6.0);
    if (spread) {  // 1.1 to 2
      const std::size_t cells = static_cast<std::size_t>(base.predictors.slots());
      const auto root = normals(cells * (cells + 1) / 2, 8, patch.patch);
      base.inverse_root.emplace_back(root.begin(), root.end());
      for (float& value : base.inverse_root.back()) value *= 0.2f;
    }
    PatchCovariance covariance{normals(k * static_cast<std::size_t>(rank), 5, patch.patch),
                               normals(k * k, 6, patch.patch)};
    for (std::size_t j = 0; j < k; ++j) {
      for (std::size_t i = 0; i < j; ++i) covariance.root[j * k + i] = 0;
      covariance.root[j * k + j] = 0.5 + std::abs(covariance.root[j * k + j]);
    }
    base.residual.mine.push_back(covariance);
  }
  return base;
}

/// [local patches][width] K.
inline std::vector<float> make_condition(const Basis& basis, long width, long time = 0) {
  std::vector<float> rows;
  for (const PatchModes& patch : basis.patches.mine)
    for (const double value : normals(static_cast<std::size_t>(width), 7, patch.patch, time))
      rows.push_back(static_cast<float>(value));
  return rows;
}

/// Everything on one communicator. Not movable: the parts refer to each other.
struct Study {
  explicit Study(const Communicator& comm, int rank = global_modes, Overlap overlap = {}, bool season = false,
                 bool spread = false)
      : basis(make_basis(comm, overlap)),
        base(make_base(comm, basis, rank, season, spread)),
        space(basis, base),
        diagonal(basis),
        published(basis, diagonal),
        condition(make_condition(basis, space.condition_width())) {}
  Study(const Study&) = delete;
  Basis basis;
  LinearGaussian base;
  LatentSpace space;  ///< with the base
  Diagonal diagonal;  ///< base = 'none'
  LatentSpace published;
  std::vector<float> condition;
  const std::vector<double>& climatology() const { return basis.hr_climatology.coefficients; }
};

/// R^T of the whole region by its definition: one rotation of two points after the other, in
/// place. values: [ny * nx * columns], the columns of a point together.
inline void unfold_by_definition(std::vector<double>& values, long overlap) {
  const std::size_t columns = values.size() / static_cast<std::size_t>(ny * nx);
  const auto rotate = [&](long y0, long x0, long y1, long x1,
                          double angle) {  // low and high side of a border
    if (!is_ocean(y0, x0) || !is_ocean(y1, x1)) return;
    for (std::size_t c = 0; c < columns; ++c) {
      double &low = values[static_cast<std::size_t>(y0 * nx + x0) * columns + c],
             &high = values[static_cast<std::size_t>(y1 * nx + x1) * columns + c];
      const double odd = low, even = high;
      low = std::cos(angle) * odd + std::sin(angle) * even;
      high = std::cos(angle) * even - std::sin(angle) * odd;
    }
  };
  const auto angle = [](long j, long width) {
    return std::numbers::pi / 4 * (1 - (static_cast<double>(j) + 0.5) / static_cast<double>(width));
  };
  const auto width = [&](long border, long points, long patch) {
    return std::min({overlap, patch / 2, std::min(patch, points - border) / 2});
  };
  for (long border = patch_x; border < nx; border += patch_x)
    for (long j = 0; j < width(border, nx, patch_x); ++j)
      for (long y = 0; y < ny; ++y)
        rotate(y, border - 1 - j, y, border + j, angle(j, width(border, nx, patch_x)));
  for (long border = patch_y; border < ny; border += patch_y)
    for (long j = 0; j < width(border, ny, patch_y); ++j)
      for (long x = 0; x < nx; ++x)
        rotate(border - 1 - j, x, border + j, x, angle(j, width(border, ny, patch_y)));
}

/// D of Seams, [points][points], of a basis on this process alone: by its rows.
inline std::vector<double> dense_seams(const Basis& basis) {
  const std::size_t n = static_cast<std::size_t>(basis.window.points());
  std::vector<double> d(n * n, 0.0);
  for (std::size_t i = 0; i < n; ++i) {
    const Lapping::Quad quad = basis.lapping.quad(static_cast<long>(i));
    for (std::size_t s = 0; s < 4; ++s)
      if (const long at = quad.at[quad.own ^ s]; at >= 0)
        d[i * n + basis.lapping.point_of_extended(at)] =
            basis.seams.present() ? basis.seams.map()[s * n + i] : s == 0;
  }
  return d;
}

/// Matrices over all points of the region, of a study on this process alone.
struct Dense {
  /// mode: factors on the variance of the latents of a patch; all 1 where empty.
  explicit Dense(const Study& study, const std::vector<double>& mode = {})
      : n(static_cast<std::size_t>(study.basis.window.points())) {
    global.assign(n * n, 0.0);
    patch.assign(n * n, 0.0);
    tau.assign(n * n, 0.0);
    mean.assign(n, 0.0);
    for (const PatchModes& own : study.basis.patches.mine)
      for (std::size_t i = 0; i < own.points.size(); ++i)
        tau[static_cast<std::size_t>(own.points[i]) * (n + 1)] = own.tau[i];
    struct Row {
      std::size_t point, patch;
      std::vector<double> across, own;  // phi U L^(1/2), phi S^(1/2)
    };
    std::vector<Row> rows;
    for (std::size_t p = 0; p < study.basis.patches.mine.size(); ++p) {
      const PatchModes& own = study.basis.patches.mine[p];
      const PatchCovariance& c = study.base.residual.mine[p];
      const std::size_t d = own.points.size(), k = own.modes, slots = study.space.condition_width();
      for (std::size_t i = 0; i < d; ++i) {
        Row row{static_cast<std::size_t>(own.points[i]), p,
                std::vector<double>(study.base.residual.global_modes), std::vector<double>(k)};
        for (std::size_t m = 0; m < k; ++m) {
          const double phi = own.phi[m * d + i];
          for (std::size_t r = 0; r < row.across.size(); ++r) row.across[r] += phi * c.global[r * k + m];
          for (std::size_t j = 0; j <= m; ++j)
            row.own[j] += phi * c.root[j * k + m] * (mode.empty() ? 1 : std::sqrt(mode[j]));
          for (std::size_t s = 0; s < slots; ++s)
            mean[row.point] += phi * study.base.regression[p][m * slots + s] *
                               static_cast<double>(study.condition[p * slots + s]);
        }
        rows.push_back(row);
      }
    }
    for (const Row& a : rows)
      for (const Row& b : rows) {
        for (std::size_t r = 0; r < a.across.size(); ++r)
          global[a.point * n + b.point] += a.across[r] * b.across[r];
        for (std::size_t j = 0; a.patch == b.patch && j < a.own.size(); ++j)
          patch[a.point * n + b.point] += a.own[j] * b.own[j];
      }
    // Of the folded field so far: mean to R^T mean, each C to R^T C R.
    const long overlap = study.basis.lapping.overlap();
    unfold_by_definition(mean, overlap);
    for (std::size_t i = 0; i < n; ++i) mean[i] += study.climatology()[i];
    for (auto* matrix : {&global, &patch, &tau})
      for (int side = 0; side < 2; ++side) {
        unfold_by_definition(*matrix, overlap);
        std::vector<double> transposed(n * n);
        for (std::size_t i = 0; i < n; ++i)
          for (std::size_t j = 0; j < n; ++j) transposed[j * n + i] = (*matrix)[i * n + j];
        *matrix = std::move(transposed);
      }
    if (!study.basis.seams.present()) return;
    const auto d = dense_seams(study.basis);
    for (auto* matrix : {&patch, &tau})
      for (int side = 0; side < 2; ++side) {
        std::vector<double> next(n * n, 0.0);  // (D M)^T
        for (std::size_t i = 0; i < n; ++i)
          for (std::size_t k = 0; k < n; ++k)
            for (std::size_t j = 0; d[i * n + k] != 0 && j < n; ++j)
              next[j * n + i] += d[i * n + k] * (*matrix)[k * n + j];
        *matrix = std::move(next);
      }
  }
  /// w^T (g global + p patch + t tau) w.
  double quadratic(const std::vector<double>& w, const Inflation& f) const {
    double sum = 0;
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < n; ++j)
        sum += w[i] * w[j] *
               (f.global * global[i * n + j] + f.patch * patch[i * n + j] + f.truncation * tau[i * n + j]);
    return sum;
  }
  std::size_t n;
  std::vector<double> global, patch, tau, mean;
};

/// Number of a point of the window in the whole grid.
inline std::size_t in_grid(const Basis& basis, long point) {
  const Window& w = basis.window;
  return static_cast<std::size_t>((w.y0 + point / w.nx) * basis.mesh.nx() + w.x0 + point % w.nx);
}

/// Weights on the whole grid to those on the window.
inline std::vector<double> on_window(const Basis& basis, const std::vector<double>& weights) {
  std::vector<double> part;
  for (long i = 0; i < basis.window.points(); ++i) part.push_back(weights[in_grid(basis, i)]);
  return part;
}

/// A weight on every ocean point of a rectangle of the grid, with sign: no box of ours is as
/// general.
inline std::vector<double> rectangle(long y0, long y1, long x0, long x1, bool gradient = false) {
  std::vector<double> w(ny * nx, 0.0);
  for (long y = y0; y < y1; ++y)
    for (long x = x0; x < x1; ++x)
      if (is_ocean(y, x))
        w[y * nx + x] = gradient && 2 * x < x0 + x1 ? -0.1 : 0.05 + 0.001 * static_cast<double>(y);
  return w;
}

}  // namespace synthetic
