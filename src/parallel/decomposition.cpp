#include "podscale/parallel/decomposition.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "podscale/core/error.hpp"

namespace podscale {

Decomposition::Decomposition(long ny, long nx, long patch_y, long patch_x, int ranks)
    : ny_(ny),
      nx_(nx),
      patch_y_(patch_y),
      patch_x_(patch_x),
      patches_y_((ny + patch_y - 1) / patch_y),
      patches_x_((nx + patch_x - 1) / patch_x) {
  PODSCALE_ASSERT(ny > 0 && nx > 0 && patch_y > 0 && patch_x > 0 && ranks > 0,
                  "{} x {} points, patches {} x {}, {} ranks", ny, nx, patch_y, patch_x, ranks);
  // The rank grid with the smallest largest load; among equals the one with the shortest edges.
  // Ranks that do not fit (a prime number of them, or more than patches) stay idle: a DMDA would
  // refuse.
  long best_load = patches() + 1, best_edge = 0;
  for (int ry = 1; ry <= std::min<long>(ranks, patches_y_); ++ry) {
    const int rx = static_cast<int>(std::min<long>(ranks / ry, patches_x_));
    const long tile_y = (patches_y_ + ry - 1) / ry, tile_x = (patches_x_ + rx - 1) / rx;
    const long load = tile_y * tile_x, edge = tile_y + tile_x;
    if (load < best_load || (load == best_load && edge < best_edge)) {
      best_load = load;
      best_edge = edge;
      ranks_y_ = ry;
      ranks_x_ = rx;
    }
  }
}

Decomposition Decomposition::of_rows(long ny, long nx, long patch_y, long patch_x, int ranks, long strip) {
  Decomposition rows(ny, nx, patch_y, patch_x, 1);
  rows.strip_ = strip;
  rows.ranks_y_ = static_cast<int>(std::min<long>(ranks, (rows.patches_y_ + strip - 1) / strip));
  return rows;
}

PatchRange Decomposition::patches_of(int rank) const {
  if (rank >= ranks_y_ * ranks_x_) return {};
  Share y = share_of((patches_y_ + strip_ - 1) / strip_, ranks_y_, rank / ranks_x_);
  y = {y.begin * strip_, std::min(y.end * strip_, patches_y_)};
  const Share x = share_of(patches_x_, ranks_x_, rank % ranks_x_);
  return {y.begin, y.size(), x.begin, x.size()};
}

Window Decomposition::window_of(int rank) const {
  const PatchRange p = patches_of(rank);
  if (p.ny == 0 || p.nx == 0) return {};
  const long y0 = p.y0 * patch_y_, x0 = p.x0 * patch_x_;
  return {y0, std::min(ny_, (p.y0 + p.ny) * patch_y_) - y0, x0, std::min(nx_, (p.x0 + p.nx) * patch_x_) - x0};
}

int Decomposition::owner(long patch) const {
  PODSCALE_ASSERT(patch >= 0 && patch < patches(), "patch {} of {}", patch, patches());
  const auto find = [](long index, long total, int parts) {
    // Inverse of share_of: the first `extra` parts hold base + 1.
    const long base = total / parts, extra = total % parts, boundary = extra * (base + 1);
    return static_cast<int>(index < boundary ? index / (base + 1) : extra + (index - boundary) / base);
  };
  return find(patch / patches_x_ / strip_, (patches_y_ + strip_ - 1) / strip_, ranks_y_) * ranks_x_ +
         find(patch % patches_x_, patches_x_, ranks_x_);
}

Window Decomposition::patch_window(long patch) const {
  const long y0 = patch / patches_x_ * patch_y_, x0 = patch % patches_x_ * patch_x_;
  return {y0, std::min(patch_y_, ny_ - y0), x0, std::min(patch_x_, nx_ - x0)};
}

std::vector<long> Decomposition::patch_list(int rank) const {
  const PatchRange p = patches_of(rank);
  std::vector<long> list;
  for (long y = p.y0; y < p.y0 + p.ny; ++y)
    for (long x = p.x0; x < p.x0 + p.nx; ++x) list.push_back(y * patches_x_ + x);
  return list;
}

std::vector<std::size_t> Decomposition::chunk_shape() const {
  const auto along = [](long patches, int parts, long patch, long points) {
    // The largest whole number of patches that divides every rank's share: no chunk straddles two
    // ranks.
    const long extra = patches % parts, base = patches / parts;
    const long common = parts == 1 ? patches : (extra == 0 ? base : 1);
    return std::min(common * patch, points);
  };
  const long strips = (patches_y_ + strip_ - 1) / strip_;
  long y = along(strips, ranks_y_, strip_ * patch_y_, ny_), x = along(patches_x_, ranks_x_, patch_x_, nx_);
  // Tiny chunks cost more than sharing does.
  if (y * x < 1024) {
    y = std::min(ny_, (strips + ranks_y_ - 1) / ranks_y_ * strip_ * patch_y_);
    x = std::min(nx_, (patches_x_ + ranks_x_ - 1) / ranks_x_ * patch_x_);
  }
  while (y * x > (1l << 20)) (y > x ? y : x) = ((y > x ? y : x) + 1) / 2;
  return {static_cast<std::size_t>(y), static_cast<std::size_t>(x)};
}

}  // namespace podscale
