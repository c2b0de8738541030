#include "podscale/parallel/tiles.hpp"

#include <algorithm>
#include <utility>

#include "podscale/core/error.hpp"

namespace podscale {
namespace {

/// Share `i` of n things dealt to `parts`: as share_of, which needs MPI.
PatchSpan part_of(long n, long parts, long i) {
  const long base = n / parts, extra = n % parts;
  return {i * base + std::min(i, extra), base + (i < extra ? 1 : 0)};
}

long wrapped(long i, long n) {
  return ((i % n) + n) % n;
}

float place(long i, long count) {
  return (2 * static_cast<float>(i) + 1) / static_cast<float>(count) - 1;
}

}  // namespace

TileSet::Axis TileSet::axis_of(long patches, long edge, long halo, bool periodic) {
  return {patches, edge, halo, std::min(patches, edge + 2 * halo), periodic};
}

PatchSpan TileSet::window_of(const Axis& axis, PatchSpan own) {
  long begin = own.begin - (axis.window - own.count) / 2;
  if (!axis.periodic) begin = std::clamp(begin, 0l, axis.patches - axis.window);
  return {begin, axis.window};
}

TileSet::TileSet(PatchGrid grid, long edge, long halo, long global_tokens)
    : grid_(std::move(grid)),
      y_(axis_of(grid_.ny, edge, halo, false)),
      x_(axis_of(grid_.nx, edge, halo, grid_.periodic)),
      global_tokens_(global_tokens),
      token_at_(static_cast<std::size_t>(grid_.ny * grid_.nx), -1),
      tile_of_(grid_.patch.size(), 0) {
  PODSCALE_ASSERT(edge > 0 && halo >= 0, "tiles of {} patches, halo {}", edge, halo);
  for (std::size_t t = 0; t < grid_.patch.size(); ++t)
    token_at_[static_cast<std::size_t>(grid_.patch[t])] = static_cast<long>(t);
  const long down = (y_.patches + edge - 1) / edge, across = (x_.patches + edge - 1) / edge;
  for (long j = 0; j < down; ++j)
    for (long i = 0; i < across; ++i) {
      const PatchSpan own_y = part_of(y_.patches, down, j), own_x = part_of(x_.patches, across, i);
      Tile tile = cut(own_y, own_x, window_of(y_, own_y), window_of(x_, own_x));
      if (tile.own_tokens == 0) continue;
      for (std::size_t t = 0; t < tile.tokens.size(); ++t)
        if (tile.own[t]) tile_of_[static_cast<std::size_t>(tile.tokens[t])] = tiles_.size();
      tiles_.push_back(std::move(tile));
    }
}

Tile TileSet::cut(PatchSpan own_y, PatchSpan own_x, PatchSpan window_y, PatchSpan window_x) const {
  Tile tile{own_y, own_x, window_y, window_x, {}, {}, {}, {}, 0};
  const auto within = [](PatchSpan span, long i) { return i >= span.begin && i < span.begin + span.count; };
  for (long j = 0; j < window_y.count; ++j)
    for (long i = 0; i < window_x.count; ++i) {
      const long y = window_y.begin + j, x = window_x.begin + i;
      const long token = token_at_[static_cast<std::size_t>(y * grid_.nx + wrapped(x, grid_.nx))];
      if (token < 0) continue;
      const bool own = within(own_y, y) && within(own_x, x);
      tile.tokens.push_back(token);
      tile.own.push_back(own);
      tile.own_tokens += own;
      tile.place_y.push_back(place(j, window_y.count));
      tile.place_x.push_back(place(i, window_x.count));
    }
  for (long g = 0; g < global_tokens_; ++g) {
    tile.tokens.push_back(patch_tokens() + g);
    tile.own.push_back(0);
    tile.place_y.push_back(0);
    tile.place_x.push_back(0);
  }
  return tile;
}

long TileSet::most_tokens() const {
  std::size_t most = 0;
  for (const Tile& tile : tiles_) most = std::max(most, tile.tokens.size());
  return static_cast<long>(most);
}

std::pair<PatchSpan, PatchSpan> TileSet::random_span(const Axis& axis, double u) {
  if (axis.window == axis.patches) {  // all of it is seen: any part of it, as the cover has
    const long parts = (axis.patches + axis.edge - 1) / axis.edge;
    const PatchSpan own = part_of(axis.patches, parts, static_cast<long>(u * static_cast<double>(parts)));
    return {own, window_of(axis, own)};
  }
  if (axis.periodic) {
    const long begin = static_cast<long>(u * static_cast<double>(axis.patches));
    return {{begin + axis.halo, axis.edge}, {begin, axis.window}};
  }
  const long inner = axis.patches - axis.window, more = axis.edge / 2;
  const long drawn = static_cast<long>(u * static_cast<double>(inner + 1 + 2 * more)) - more;
  const long begin = std::clamp(drawn, 0l, inner);
  const long low = begin == 0 ? 0 : axis.halo, high = begin == inner ? 0 : axis.halo;
  return {{begin + low, axis.window - low - high}, {begin, axis.window}};
}

Tile TileSet::random_tile(double u, double v) const {
  const auto [own_y, window_y] = random_span(y_, u);
  const auto [own_x, window_x] = random_span(x_, v);
  return cut(own_y, own_x, window_y, window_x);
}

std::vector<NeighbourPair> neighbour_pairs(const PatchGrid& grid, const TileSet& tiles) {
  std::vector<long> token_at(static_cast<std::size_t>(grid.ny * grid.nx), -1);
  for (std::size_t t = 0; t < grid.patch.size(); ++t)
    token_at[static_cast<std::size_t>(grid.patch[t])] = static_cast<long>(t);
  std::vector<NeighbourPair> pairs;
  const auto add = [&](long first, long y, long x) {
    const long second = token_at[static_cast<std::size_t>(y * grid.nx + x)];
    if (second >= 0) pairs.push_back({first, second, tiles.tile_of(first) != tiles.tile_of(second)});
  };
  for (std::size_t t = 0; t < grid.patch.size(); ++t) {
    const long y = grid.patch[t] / grid.nx, x = grid.patch[t] % grid.nx;
    if (y + 1 < grid.ny) add(static_cast<long>(t), y + 1, x);
    if (x + 1 < grid.nx || (grid.periodic && grid.nx > 2)) add(static_cast<long>(t), y, (x + 1) % grid.nx);
  }
  return pairs;
}

}  // namespace podscale
