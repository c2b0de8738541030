#include "podscale/mesh/regrid.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "podscale/core/error.hpp"
#include "podscale/core/petsc.hpp"

namespace podscale {

Interpolation interpolation_from_name(const std::string& name) {
  if (name == "nearest") return Interpolation::nearest;
  if (name == "bilinear") return Interpolation::bilinear;
  if (name == "bicubic") return Interpolation::bicubic;
  fail(ExitCode::usage, "grid.interpolation = '{}': expected 'nearest', 'bilinear' or 'bicubic'", name);
}

namespace {

/// Weights along one axis: coarse index and weight; indices of a periodic axis are unwrapped (may be < 0 or
/// >= n).
struct Tap {
  long index;
  double weight;
};
struct AxisStencil {
  long cell = 0;  // nearest centre
  std::array<Tap, 2> linear{};
  std::vector<Tap> cubic;
};

/// Fractional position of x among ascending centres: index j and t in [0, 1) with x = c_j + t (c_j+1 - c_j);
/// beyond the first and last centre by at most half a cell. Periodic axes: any x, unwrapped index.
std::pair<long, double> locate(const std::vector<double>& centres, double x, bool periodic) {
  const long n = static_cast<long>(centres.size());
  if (n == 1) return {0, 0.0};
  long turns = 0;
  if (periodic) {
    turns = static_cast<long>(std::floor((x - centres.front()) / 360.0));
    x -= 360.0 * static_cast<double>(turns);
  }
  long j = std::upper_bound(centres.begin(), centres.end(), x) - centres.begin() - 1;
  if (periodic) {
    const double left = centres[static_cast<std::size_t>(j)];
    const double right = j + 1 < n ? centres[static_cast<std::size_t>(j + 1)] : centres.front() + 360.0;
    return {j + turns * n, (x - left) / (right - left)};
  }
  j = std::clamp(j, 0l, n - 2);
  const double t = (x - centres[static_cast<std::size_t>(j)]) /
                   (centres[static_cast<std::size_t>(j + 1)] - centres[static_cast<std::size_t>(j)]);
  return {j, std::clamp(t, -0.5, 1.5)};
}

double keys(double s) {
  s = std::abs(s);
  if (s < 1) return (1.5 * s - 2.5) * s * s + 1;
  if (s < 2) return ((-0.5 * s + 2.5) * s - 4) * s + 2;
  return 0;
}

AxisStencil axis_stencil(const std::vector<double>& centres, double x, bool periodic) {
  const long n = static_cast<long>(centres.size());
  auto [j, t] = locate(centres, x, periodic);
  AxisStencil s;
  if (n == 1) {
    s.linear = {Tap{0, 1.0}, Tap{0, 0.0}};
    s.cubic = {{0, 1.0}};
    return s;
  }
  s.cell = t < 0.5 ? j : j + 1;
  const double inside = std::clamp(t, 0.0, 1.0);
  s.linear = {Tap{j, 1 - inside}, Tap{j + 1, inside}};
  // Beyond the centres the cubic is centred on its own (ghost) interval.
  if (t < 0) j -= 1, t += 1;
  if (t > 1) j += 1, t -= 1;
  const auto add = [&s](long index, double weight) {
    for (Tap& tap : s.cubic)
      if (tap.index == index) {
        tap.weight += weight;
        return;
      }
    s.cubic.push_back({index, weight});
  };
  for (long d = -1; d <= 2; ++d) {
    const long index = j + d;
    const double weight = keys(t - static_cast<double>(d));
    if (weight == 0) continue;
    if (periodic || (index >= 0 && index < n)) {
      add(index, weight);
    } else {  // ghost: f(edge) + distance * (f(edge) - f(its neighbour))
      const long edge = index < 0 ? 0 : n - 1, next = index < 0 ? 1 : n - 2;
      const double distance = static_cast<double>(std::abs(index - edge));
      add(edge, weight * (1 + distance));
      add(next, -weight * distance);
    }
  }
  return s;
}

}  // namespace

Regridder::Regridder(const Grid& coarse, std::span<const unsigned char> coarse_ocean, const Grid& fine,
                     const Window& window, std::span<const unsigned char> fine_ocean, Interpolation kind,
                     int search) {
  PODSCALE_ASSERT(static_cast<long>(coarse_ocean.size()) == coarse.points() &&
                      static_cast<long>(fine_ocean.size()) == window.points(),
                  "mask sizes {} and {}", coarse_ocean.size(), fine_ocean.size());
  const long nx = coarse.nx(), ny = coarse.ny();
  const auto wrap = [&](long i) { return ((i % nx) + nx) % nx; };
  const auto ocean = [&](long j, long i) {
    if (j < 0 || j >= ny || (!coarse.periodic && (i < 0 || i >= nx))) return false;
    return coarse_ocean[static_cast<std::size_t>(j * nx + wrap(i))] != 0;
  };
  // Longitudes are brought near the middle of the coarse axis (regional) or left to unwrap by themselves
  // (periodic).
  const double middle = 0.5 * (coarse.lon.front() + coarse.lon.back());
  const auto near = [&](double lon, double reference) {
    return lon + 360.0 * std::round((reference - lon) / 360.0);
  };

  std::vector<AxisStencil> ys, xs;
  for (long j = 0; j < window.ny; ++j)
    ys.push_back(axis_stencil(coarse.lat, fine.lat[static_cast<std::size_t>(window.y0 + j)], false));
  for (long i = 0; i < window.nx; ++i) {
    const long column = ((window.x0 + i) % fine.nx() + fine.nx()) % fine.nx();
    double lon = fine.lon[static_cast<std::size_t>(column)];
    if (!coarse.periodic) lon = near(lon, middle);
    // A tile that crosses the coarse grid's cut continues past its last column.
    else if (i > 0)
      lon = near(lon, fine.lon[static_cast<std::size_t>(((window.x0) % fine.nx() + fine.nx()) % fine.nx())]);
    xs.push_back(axis_stencil(coarse.lon, lon, coarse.periodic));
  }

  struct Entry {
    long j, i;
    double weight;
  };
  // The row of a point of the window; made twice, so that all rows are never there together.
  std::vector<Entry> row;
  const auto make_row = [&](long j, long i) {
    row.clear();
    if (!fine_ocean[static_cast<std::size_t>(j * window.nx + i)]) return;
    const AxisStencil& y = ys[static_cast<std::size_t>(j)];
    const AxisStencil& x = xs[static_cast<std::size_t>(i)];
    if (kind == Interpolation::bicubic) {
      for (const Tap& a : y.cubic)
        for (const Tap& b : x.cubic) row.push_back({a.index, b.index, a.weight * b.weight});
      if (std::any_of(row.begin(), row.end(), [&](const Entry& e) { return !ocean(e.j, e.i); })) row.clear();
    }
    if (row.empty() && kind != Interpolation::nearest) {
      double sum = 0;
      for (const Tap& a : y.linear)
        for (const Tap& b : x.linear)
          if (a.weight * b.weight > 0 && ocean(a.index, b.index)) {
            row.push_back({a.index, b.index, a.weight * b.weight});
            sum += a.weight * b.weight;
          }
      for (Entry& e : row) e.weight /= sum;
    }
    if (!row.empty()) return;
    long best = std::numeric_limits<long>::max();
    Entry nearest{};
    for (long dj = -search; dj <= search; ++dj)
      for (long di = -search; di <= search; ++di)
        if (dj * dj + di * di < best && ocean(y.cell + dj, x.cell + di)) {
          best = dj * dj + di * di;
          nearest = {y.cell + dj, x.cell + di, 1.0};
        }
    if (best != std::numeric_limits<long>::max()) row.push_back(nearest);
  };

  // The coarse window that the rows refer to.
  std::vector<PetscInt> lengths;
  long j0 = ny, j1 = -1, i0 = std::numeric_limits<long>::max(), i1 = std::numeric_limits<long>::min();
  for (long j = 0; j < window.ny; ++j)
    for (long i = 0; i < window.nx; ++i) {
      make_row(j, i);
      lengths.push_back(static_cast<PetscInt>(row.size()));
      if (row.empty() && fine_ocean[static_cast<std::size_t>(j * window.nx + i)]) ++unreached_;
      for (const Entry& e : row) {
        j0 = std::min(j0, e.j), j1 = std::max(j1, e.j);
        i0 = std::min(i0, e.i), i1 = std::max(i1, e.i);
      }
    }
  if (j1 >= j0) source_ = {j0, j1 - j0 + 1, i0, i1 - i0 + 1};
  if (source_.nx >= nx) source_.x0 = 0, source_.nx = nx;
  const auto column = [&](const Entry& e) {
    const long i = source_.nx == nx ? wrap(e.i) : e.i - source_.x0;
    return (e.j - source_.y0) * source_.nx + i;
  };

  used_.assign(static_cast<std::size_t>(source_.points()), 0);
  const PetscInt m = static_cast<PetscInt>(window.points()), n = static_cast<PetscInt>(source_.points());
  PODSCALE_PETSC(MatCreateSeqAIJ(PETSC_COMM_SELF, m, n, 0, lengths.data(), matrix_.out()));
  for (PetscInt r = 0; r < m; ++r) {
    make_row(r / window.nx, r % window.nx);
    for (const Entry& e : row) {
      used_[static_cast<std::size_t>(column(e))] = 1;
      PODSCALE_PETSC(MatSetValue(matrix_.get(), r, static_cast<PetscInt>(column(e)), e.weight, ADD_VALUES));
    }
  }
  PODSCALE_PETSC(MatAssemblyBegin(matrix_.get(), MAT_FINAL_ASSEMBLY));
  PODSCALE_PETSC(MatAssemblyEnd(matrix_.get(), MAT_FINAL_ASSEMBLY));
  PODSCALE_PETSC(MatCreateVecs(matrix_.get(), in_.out(), out_.out()));
}

void Regridder::apply(std::span<const float> coarse, std::span<float> fine) const {
  PODSCALE_ASSERT(coarse.size() == used_.size(), "coarse window of {} points, expected {}", coarse.size(),
                  used_.size());
  PetscScalar* in = nullptr;
  PODSCALE_PETSC(VecGetArrayWrite(in_.get(), &in));
  for (std::size_t i = 0; i < coarse.size(); ++i) in[i] = used_[i] ? static_cast<double>(coarse[i]) : 0.0;
  PODSCALE_PETSC(VecRestoreArrayWrite(in_.get(), &in));
  PODSCALE_PETSC(MatMult(matrix_.get(), in_.get(), out_.get()));
  const PetscScalar* out = nullptr;
  PODSCALE_PETSC(VecGetArrayRead(out_.get(), &out));
  for (std::size_t i = 0; i < fine.size(); ++i) fine[i] = static_cast<float>(out[i]);
  PODSCALE_PETSC(VecRestoreArrayRead(out_.get(), &out));
}

}  // namespace podscale
