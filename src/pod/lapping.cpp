#include "podscale/pod/lapping.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "podscale/core/error.hpp"
#include "podscale/core/vector_clones.hpp"

namespace podscale {
namespace {

/// out = own * values + sign * partner * others; of variances with the squares of both factors.
/// Where a rotation joins nothing the value stays, whatever the other one is.
PODSCALE_VECTOR_CLONES void turn_rows(long count, bool squares, double sign, const double* own,
                                      const double* partner, const double* values, const double* others,
                                      double* out) {
  if (squares) {
    for (long i = 0; i < count; ++i) {
      const double turned = own[i] * own[i] * values[i] + partner[i] * partner[i] * others[i];
      out[i] = partner[i] == 0 ? values[i] : turned;
    }
  } else {
    for (long i = 0; i < count; ++i) {
      const double turned = own[i] * values[i] + sign * partner[i] * others[i];
      out[i] = partner[i] == 0 ? values[i] : turned;
    }
  }
}

}  // namespace

Lapping::Rotation Lapping::rotation(long first, long count, long points, long patch, long overlap,
                                    bool periodic) {
  Rotation r{std::vector<long>(count, -1), std::vector<double>(count, 1.0), std::vector<double>(count, 0.0)};
  const long patches = (points + patch - 1) / patch;
  const auto size = [&](long p) { return std::min(patch, points - p * patch); };
  const auto pair = [&](long low, long high, double angle) {
    for (const long shift : {-points, 0l, points}) {  // images across the cut of a periodic axis
      const long a = low + shift - first, b = high + shift - first;
      if ((shift != 0 && !periodic) || a < 0 || b < 0 || a >= count || b >= count) continue;
      const std::size_t i = a, j = b;
      r.partner[i] = b;
      r.partner[j] = a;
      r.cosine[i] = r.cosine[j] = std::cos(angle);
      r.sine[j] = std::sin(angle);
      r.sine[i] = -r.sine[j];
    }
  };
  // A patch that is its own neighbour would correlate with itself across the border.
  const long borders = periodic && patches > 1 ? patches : patches - 1;
  for (long b = 0; b < borders; ++b) {
    const long width = std::min({overlap, size(b) / 2, size((b + 1) % patches) / 2});
    const long border = b * patch + size(b);
    for (long j = 0; j < width; ++j)
      pair(border - 1 - j, border + j,
           std::numbers::pi / 4 * (1 - (static_cast<double>(j) + 0.5) / static_cast<double>(width)));
  }
  return r;
}

Lapping::Lapping(const Communicator& comm, const Decomposition& decomposition, bool periodic,
                 std::span<const unsigned char> ocean, long overlap)
    : overlap_(overlap), window_(decomposition.window_of(comm.rank())) {
  if (overlap == 0) return;
  halo_ = HaloExchange(comm, decomposition, periodic, overlap);
  const std::vector<double> mask(ocean.begin(), ocean.end());
  for (const double value : halo_.widen(mask, 1)) ocean_.push_back(value != 0);
  const Window& e = halo_.extended();
  const Window patch = decomposition.patch_window(0);
  y_ = rotation(e.y0, e.ny, decomposition.ny(), patch.ny, overlap, false);
  x_ = rotation(e.x0, e.nx, decomposition.nx(), patch.nx, overlap, periodic);
  const auto add = [](Factors& factors, bool both, double own, double partner) {
    factors.own.push_back(both ? own : 1);
    factors.partner.push_back(both ? partner : 0);
  };
  for (long y = 0; y < e.ny; ++y)
    for (long x = 0; x < e.nx; ++x) {
      const bool water = ocean_[y * e.nx + x] != 0;
      const long north = y_.partner[y], east = x_.partner[x];
      add(along_y_, water && north >= 0 && ocean_[north * e.nx + x], y_.cosine[y], y_.sine[y]);
      add(along_x_, water && east >= 0 && ocean_[y * e.nx + east], x_.cosine[x], x_.sine[x]);
    }
}

std::vector<std::pair<std::size_t, double>> Lapping::folded_point(long y, long x) const {
  std::vector<std::pair<std::size_t, double>> column;
  if (overlap_ == 0) return {{static_cast<std::size_t>(y * window_.nx + x), 1.0}};
  const Window& e = halo_.extended();
  const auto ocean = [&](long row, long col) { return ocean_[row * e.nx + col] != 0; };
  const auto add = [&](long row, long col, double value) {
    column.emplace_back(point_of_extended(row * e.nx + col), value);
  };
  // A value at i goes to i times the cosine, and to its partner j times the sine that belongs to
  // j.
  const auto along_x = [&](long row, long col, double value) {
    const long other = x_.partner[col];
    if (other < 0 || !ocean(row, col) || !ocean(row, other)) return add(row, col, value);
    add(row, col, x_.cosine[col] * value);
    add(row, other, x_.sine[other] * value);
  };
  const long row = y - e.y0, col = x - e.x0, other = y_.partner[row];
  if (other < 0 || !ocean(row, col) || !ocean(other, col)) {
    along_x(row, col, 1);
  } else {
    along_x(row, col, y_.cosine[row]);
    along_x(other, col, y_.sine[other]);
  }
  return column;
}

std::size_t Lapping::point_of_extended(long at) const {
  if (overlap_ == 0) return static_cast<std::size_t>(at);
  const Window& e = halo_.extended();
  const long x = ((at % e.nx + e.x0) % window_.nx + window_.nx) % window_.nx;
  return static_cast<std::size_t>((at / e.nx + e.y0) * window_.nx + x);
}

Lapping::Quad Lapping::quad(long point) const {
  Quad quad{{-1, -1, -1, -1}, 0, {}};
  const auto identity = [&](std::size_t a) { quad.unfold[5 * a] = 1; };
  if (overlap_ == 0) {
    quad.at[0] = point;
    identity(0);
    return quad;
  }
  const Window& e = halo_.extended();
  const long y = point / window_.nx + window_.y0 - e.y0, x = point % window_.nx + window_.x0 - e.x0;
  const auto land = [&](long row, long column) { return ocean_[row * e.nx + column] == 0; };
  const long rows[2] = {y, y_.partner[y]}, columns[2] = {x, x_.partner[x]};
  const std::size_t high_y = rows[1] >= 0 && y_.sine[y] > 0, high_x = columns[1] >= 0 && x_.sine[x] > 0;
  quad.own = 2 * high_y + high_x;
  if (land(y, x)) {
    quad.at[quad.own] = y * e.nx + x;
    identity(quad.own);
    return quad;
  }
  const auto there = [&](std::size_t a) { return quad.at[a] >= 0; };
  for (std::size_t s = 0; s < 4; ++s) {
    const long row = rows[s / 2], column = columns[s % 2];
    if (row >= 0 && column >= 0 && !land(row, column)) quad.at[quad.own ^ s] = row * e.nx + column;
  }
  // R^T undoes the rotation along x, then that along y.
  std::array<double, 16> along_x{};
  for (std::size_t a = 0; a < 4; ++a) {
    if (!there(a)) continue;
    const bool both = there(a ^ 1);
    const long column = quad.at[a] % e.nx;
    along_x[5 * a] = both ? x_.cosine[column] : 1;
    if (both) along_x[4 * a + (a ^ 1)] = -x_.sine[column];
  }
  for (std::size_t a = 0; a < 4; ++a) {
    if (!there(a)) continue;
    const bool both = there(a ^ 2);
    const long row = quad.at[a] / e.nx;
    const double cosine = both ? y_.cosine[row] : 1, sine = both ? -y_.sine[row] : 0;
    for (std::size_t b = 0; b < 4; ++b)
      quad.unfold[4 * a + b] = cosine * along_x[4 * a + b] + sine * along_x[4 * (a ^ 2) + b];
  }
  return quad;
}

std::vector<double> Lapping::widen(std::span<const double> fields, long count) const {
  if (overlap_ == 0) return {fields.begin(), fields.end()};
  return halo_.widen(fields, count);
}

void Lapping::fold(std::span<double> fields, long count) const {
  apply(fields, count, Direction::fold);
}
void Lapping::unfold(std::span<double> fields, long count) const {
  apply(fields, count, Direction::unfold);
}
void Lapping::unfold_variance(std::span<double> fields, long count) const {
  apply(fields, count, Direction::squares);
}

void Lapping::apply(std::span<double> fields, long count, Direction direction) const {
  if (overlap_ == 0) return;
  const Window &e = halo_.extended(), &w = window_;
  PODSCALE_ASSERT(std::ssize(fields) == count * w.points(), "{} values for {} fields of {}", fields.size(),
                  count, w.points());
  // A few fields at a time: their copies with margins are temporary, a block of times is large.
  if (constexpr long kBatch = 8; count > kBatch) {
    for (long first = 0; first < count; first += kBatch) {
      const long n = std::min(kBatch, count - first);
      apply(fields.subspan(first * w.points(), n * w.points()), n, direction);
    }
    return;
  }
  const std::vector<double> wide = halo_.widen(fields, count);
  const long top = w.y0 - e.y0, left = w.x0 - e.x0;
  const bool squares = direction == Direction::squares, fold = direction == Direction::fold;
  const double sign = direction == Direction::unfold ? -1 : 1;
  const auto along_y = [&](const double* from, long y, long x0, long nx, double* out) {
    const long other = y_.partner[y] < 0 ? y : y_.partner[y], at = y * e.nx + x0;
    turn_rows(nx, squares, sign, along_y_.own.data() + at, along_y_.partner.data() + at, from + at,
              from + other * e.nx + x0, out);
  };
  const auto along_x = [&](const double* from, long y, long x0, long nx, double* partners, double* out) {
    const long at = y * e.nx + x0;
    const double* row = from + y * e.nx;
    for (long x = 0; x < nx; ++x) partners[x] = row[x_.partner[x0 + x] < 0 ? x0 + x : x_.partner[x0 + x]];
    turn_rows(nx, squares, sign, along_x_.own.data() + at, along_x_.partner.data() + at, from + at, partners,
              out);
  };
  std::vector<double> half(e.points()), partners(e.nx);  // half: after the first axis
  for (long f = 0; f < count; ++f) {
    const double* source = wide.data() + f * e.points();
    double* out = fields.data() + f * w.points();
    if (fold) {
      for (long y = top; y < top + w.ny; ++y) along_y(source, y, 0, e.nx, half.data() + y * e.nx);
      for (long y = 0; y < w.ny; ++y)
        along_x(half.data(), y + top, left, w.nx, partners.data(), out + y * w.nx);
    } else {
      for (long y = 0; y < e.ny; ++y)
        along_x(source, y, left, w.nx, partners.data(), half.data() + y * e.nx + left);
      for (long y = 0; y < w.ny; ++y) along_y(half.data(), y + top, left, w.nx, out + y * w.nx);
    }
  }
}

}  // namespace podscale
