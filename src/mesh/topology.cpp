// Seam, fold, repeated points and areas of meshes with a position for each point, from their
// coordinates.

#include <algorithm>
#include <cmath>
#include <limits>

#include "payload.hpp"

namespace podscale {
namespace {

using Payload = Mesh::Payload;

constexpr double kSame = 0.01;   // of the spacing: two points are one
constexpr double kNext = 0.5;    // of the spacing: a point is where the next one is expected
constexpr double kMostly = 0.9;  // of a row or column

/// Of the cases that can tell (true, false; nullopt cannot), whether most are true.
template <class Case>
bool mostly(idx_t n, const Case& tell) {
  idx_t told = 0, yes = 0;
  for (idx_t i = 0; i < n; ++i)
    if (const std::optional<bool> answer = tell(i)) ++told, yes += *answer;
  return told > 0 && static_cast<double>(yes) >= kMostly * static_cast<double>(told);
}

struct Topology {
  Payload& mesh;
  const std::vector<std::optional<Vector3>>& vectors;

  const std::optional<Vector3>& vector(idx_t j, idx_t i) const { return vectors[j * mesh.nx + i]; }
  /// Whether b is within `share` of the spacing, which is from a to its neighbour `beside`.
  static std::optional<bool> near(const std::optional<Vector3>& a, const std::optional<Vector3>& b,
                                  const std::optional<Vector3>& beside, double share) {
    if (!a || !b || !beside || norm(*beside - *a) < 1e-9) return std::nullopt;
    return norm(*b - *a) < share * norm(*beside - *a);
  }

  void find_seam() {
    constexpr idx_t most = 8;  // columns that ocean models repeat
    const idx_t nx = mesh.nx;
    for (idx_t repeats = 1; repeats <= std::min(most, nx - 3) && mesh.period == 0; ++repeats) {
      const idx_t period = nx - repeats;
      bool same = true;
      for (idx_t c = 0; c < repeats && same; ++c)
        same = mostly(mesh.ny, [&](idx_t j) {
          return near(vector(j, c), vector(j, c + period), vector(j, c + 1), kSame);
        });
      if (same) mesh.period = period;
    }
    if (mesh.period == 0 && nx > 3 && mostly(mesh.ny, [&](idx_t j) -> std::optional<bool> {
          const auto &last = vector(j, nx - 1), &before = vector(j, nx - 2);
          if (!last || !before) return std::nullopt;
          return near(2.0 * *last - *before, vector(j, 0), last, kNext);
        }))
      mesh.period = nx;
  }

  /// Row `edge` (the first or the last) against itself and the rows inside of it.
  void find_fold(idx_t edge, idx_t inward) {
    const idx_t nx = mesh.nx;
    const auto image = [&](idx_t row, idx_t sum, idx_t i) -> const std::optional<Vector3>& {
      return vector(row, mesh.wrap(sum - i));
    };
    const auto ghost = [&](idx_t i) -> std::optional<Vector3> {
      const auto &last = vector(edge, i), &before = vector(edge + inward, i);
      if (!last || !before) return std::nullopt;
      return 2.0 * *last - *before;
    };
    const auto beside = [&](idx_t i) { return vector(edge, i > 0 ? i - 1 : i + 1); };
    for (const idx_t probe : {nx / 4, nx / 3, 2 * nx / 3}) {
      for (idx_t depth = 0; depth < std::min<idx_t>(3, mesh.ny); ++depth) {
        const idx_t row = edge + depth * inward;
        const idx_t twin = closest(vector(edge, probe), row, depth == 0 ? probe : -1);
        if (twin >= 0 && mostly(nx, [&](idx_t i) {
              return near(vector(edge, i), image(row, probe + twin, i), beside(i), kSame);
            })) {
          mesh.fold = {true, edge + row, probe + twin};
          return;
        }
      }
      const idx_t twin = closest(ghost(probe), edge, probe);
      if (twin >= 0 && mostly(nx, [&](idx_t i) {
            return near(ghost(i), image(edge, probe + twin, i), vector(edge, i), kNext);
          })) {
        mesh.fold = {true, 2 * edge - inward, probe + twin};
        return;
      }
    }
  }
  idx_t closest(const std::optional<Vector3>& to, idx_t row, idx_t not_this) const {
    idx_t best = -1;
    double smallest = std::numeric_limits<double>::infinity();
    for (idx_t i = 0; to && i < mesh.nx; ++i) {
      const auto& v = vector(row, i);
      if (!v || (not_this >= 0 && mesh.wrap(i) == mesh.wrap(not_this))) continue;
      if (const double d = norm(*v - *to); d < smallest) smallest = d, best = i;
    }
    return best;
  }
};

/// Models that drop their processors without ocean write one position for all the points of such a
/// block.
bool in_block_without_positions(const Payload& mesh, idx_t j, idx_t i) {
  const auto same = [&](idx_t row, idx_t column) {
    if (row < 0 || row >= mesh.ny || column < 0 || column >= mesh.nx) return false;
    const std::size_t p = j * mesh.nx + i, q = row * mesh.nx + column;
    return mesh.table.y[p] == mesh.table.y[q] && mesh.table.x[p] == mesh.table.x[q];
  };
  return (same(j, i - 1) || same(j, i + 1)) && (same(j - 1, i) || same(j + 1, i));
}

/// Files order the corners of a cell in one of eight ways: brings them to that of Mesh::corners().
void order_corners(Payload& mesh, const VectorOf& vector) {
  PointTable& t = mesh.table;
  const auto order = [](int way, std::size_t k) {  // four turns, both senses
    const std::size_t turned = (k + static_cast<std::size_t>(way % 4)) % 4;
    return way < 4 ? turned : 3 - turned;
  };
  std::array<double, 8> misfit{};
  const idx_t stride = std::max<idx_t>(1, mesh.points() / 1000);
  for (idx_t p = 0; p < mesh.points(); p += stride) {
    const auto between = corners_between(mesh, vector, p);
    if (!between) continue;
    for (std::size_t k = 0; k < 4; ++k)
      for (int way = 0; way < 8; ++way) {
        const std::size_t at = static_cast<std::size_t>(4 * p) + order(way, k);
        const double d = norm(mesh.lifted({t.corner_y[at], t.corner_x[at]}) - (*between)[k]);
        if (std::isfinite(d)) misfit[way] += d;
      }
  }
  const int best = static_cast<int>(std::min_element(misfit.begin(), misfit.end()) - misfit.begin());
  for (std::vector<double>* values : {&t.corner_y, &t.corner_x})
    for (std::size_t cell = 0; cell < values->size(); cell += 4) {
      const std::array<double, 4> was{(*values)[cell], (*values)[cell + 1], (*values)[cell + 2],
                                      (*values)[cell + 3]};
      for (std::size_t k = 0; k < 4; ++k) (*values)[cell + k] = was[order(best, k)];
    }
}

}  // namespace

std::optional<std::array<Vector3, 4>> corners_between(const Payload& mesh, const VectorOf& vector,
                                                      idx_t point) {
  const idx_t j = point / mesh.nx, i = point % mesh.nx;
  const auto at = [&](idx_t row, idx_t column) -> std::optional<Vector3> {
    const idx_t p = mesh.at(row, column);
    return p < 0 ? std::nullopt : vector(p);
  };
  const auto beyond = [](const std::optional<Vector3>& edge,
                         const std::optional<Vector3>& inner) -> std::optional<Vector3> {
    if (!edge || !inner) return std::nullopt;
    return 2.0 * *edge - *inner;
  };
  const auto self = at(j, i);
  std::array<Vector3, 4> corners;
  for (std::size_t k = 0; k < 4; ++k) {
    const idx_t dy = k < 2 ? -1 : 1, dx = k == 0 || k == 3 ? -1 : 1;
    auto row = at(j, i + dx), column = at(j + dy, i), across = at(j + dy, i + dx);
    // Both cells at a corner must find the same: what is missing follows from the row or column
    // beside it.
    if (!across) across = row ? beyond(row, at(j - dy, i + dx)) : beyond(column, at(j + dy, i - dx));
    if (!row) row = beyond(self, at(j, i - dx));
    if (!column) column = beyond(self, at(j - dy, i));
    if (!self || !row || !column) return std::nullopt;
    if (!across) across = *row + *column - *self;
    Vector3 corner = 0.25 * (*self + *row + *column + *across);
    if (mesh.space() == Space::sphere) corner = 1 / norm(corner) * corner;
    corners[k] = corner;
  }
  return corners;
}

void find_topology(Payload& mesh) {
  const std::size_t n = mesh.points();
  std::vector<std::optional<Vector3>> vectors(n);
  for (idx_t p = 0; p < mesh.points(); ++p)
    if (const Vector3 v = mesh.vector(p);
        std::isfinite(norm(v)) && !in_block_without_positions(mesh, p / mesh.nx, p % mesh.nx))
      vectors[p] = v;
  if (mesh.space() == Space::sphere) {
    Topology topology{mesh, vectors};
    topology.find_seam();
    if (mesh.period > 0 && mesh.ny > 2 && !mesh.fold.present) topology.find_fold(mesh.ny - 1, -1);
    if (mesh.period > 0 && mesh.ny > 2 && !mesh.fold.present) topology.find_fold(0, 1);
  }
  const VectorOf vector = [&](idx_t p) { return vectors[p]; };
  if (!mesh.table.corner_y.empty()) order_corners(mesh, vector);

  const std::vector<double> summed = std::move(mesh.areas);  // of a mesh of blocks
  mesh.areas.assign(n, -1.0);
  for (idx_t p = 0; p < mesh.points(); ++p)  // first who has a position, which owner() asks
    if (vector(p)) mesh.areas[p] = 0;
  double total = 0;
  std::vector<idx_t> alone;
  for (idx_t p = 0; p < mesh.points(); ++p) {
    double& area = mesh.areas[p];
    if (mesh.owner(p) != p) continue;
    if (!summed.empty()) {
      area = std::max(0.0, summed[p]);
    } else {
      std::optional<std::array<Vector3, 4>> corners = mesh.given_corners(p);
      if (!corners) corners = corners_between(mesh, vector, p);
      if (corners)
        area = quad_area(*corners, mesh.space());
      else
        alone.push_back(p);
    }
    total += area;
    mesh.counted += area > 0;
  }
  // A cell without neighbours has no corners: it counts as the mean one.
  const double mean = mesh.counted > 0 ? total / static_cast<double>(mesh.counted) : 1;
  for (const idx_t p : alone) mesh.areas[p] = mean;
  mesh.counted += std::ssize(alone);
  mesh.size = total + mean * static_cast<double>(alone.size());
}

}  // namespace podscale
