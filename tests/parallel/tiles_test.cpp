// The cover of a region by tiles: every token is forecast once, windows and halos are where they
// belong.
#include "podscale/parallel/tiles.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

namespace podscale {
namespace {

/// Every patch has a token but those where (3 y + 5 x) % land == 0.
PatchGrid grid_of(long ny, long nx, bool periodic, long land = 1000000) {
  PatchGrid grid{ny, nx, periodic, {}};
  for (long p = 0; p < ny * nx; ++p)
    if (p == 0 || (3 * (p / nx) + 5 * (p % nx)) % land != 0) grid.patch.push_back(p);
  return grid;
}

/// Steps from a column to the nearest of a span.
long distance(long i, PatchSpan span, long n, bool periodic) {
  long least = n;
  for (long j = span.begin; j < span.begin + span.count; ++j) {
    const long d = std::abs((((i - j) % n) + n) % n);
    least = std::min(least, periodic ? std::min(d, n - d) : std::abs(i - j));
  }
  return least;
}

TEST(Tiles, EachTokenIsOwnedOnceAndSeesItsHalo) {
  for (const bool periodic : {false, true})
    for (const long land : {3l, 7l, 1000000l})
      for (const auto& [ny, nx, edge, halo] : {std::tuple{9l, 14l, 4l, 1l},
                                               {8l, 8l, 3l, 2l},
                                               {5l, 30l, 24l, 4l},
                                               {1l, 6l, 2l, 1l},
                                               {7l, 5l, 2l, 0l}}) {
        const PatchGrid grid = grid_of(ny, nx, periodic, land);
        const TileSet tiles(grid, edge, halo, 2);
        std::vector<int> owned(grid.patch.size(), 0);
        for (std::size_t t = 0; t < tiles.size(); ++t) {
          const Tile& tile = tiles[t];
          EXPECT_LE(tile.own_y.count, edge);
          EXPECT_LE(tile.own_x.count, edge);
          EXPECT_EQ(tile.window_y.count, std::min(ny, edge + 2 * halo)) << "one size for all";
          EXPECT_EQ(tile.window_x.count, std::min(nx, edge + 2 * halo));
          const std::set<long> seen(tile.tokens.begin(), tile.tokens.end());
          EXPECT_EQ(seen.size(), tile.tokens.size()) << "no token twice, around the globe either";
          ASSERT_GE(tile.tokens.size(), 2u);
          EXPECT_EQ(tile.tokens.end()[-2], tiles.patch_tokens());
          EXPECT_EQ(tile.tokens.end()[-1], tiles.patch_tokens() + 1);
          long own = 0;
          for (std::size_t s = 0; s + 2 < tile.tokens.size(); ++s) {
            const auto token = static_cast<std::size_t>(tile.tokens[s]);
            const long y = grid.patch[token] / nx, x = grid.patch[token] % nx;
            const bool inside =
                distance(y, tile.own_y, ny, false) == 0 && distance(x, tile.own_x, nx, periodic) == 0;
            EXPECT_EQ(tile.own[s] != 0, inside);
            own += inside;
            owned[token] += inside;
            if (inside) {
              EXPECT_EQ(tiles.tile_of(tile.tokens[s]), t);
            }
            EXPECT_LT(std::abs(tile.place_y[s]), 1);
            EXPECT_LT(std::abs(tile.place_x[s]), 1);
          }
          EXPECT_EQ(own, tile.own_tokens);
          EXPECT_GT(own, 0);
          // Whatever lies within the halo of the own part is seen.
          for (std::size_t token = 0; token < grid.patch.size(); ++token) {
            const long y = grid.patch[token] / nx, x = grid.patch[token] % nx;
            const bool near =
                distance(y, tile.own_y, ny, false) <= halo && distance(x, tile.own_x, nx, periodic) <= halo;
            EXPECT_TRUE(!near || seen.contains(static_cast<long>(token)))
                << "token " << token << " of tile " << t;
          }
        }
        EXPECT_EQ(owned, std::vector<int>(grid.patch.size(), 1)) << ny << " x " << nx << ", edge " << edge;
      }
}

TEST(Tiles, PlacesAreThoseOfTheWindowAcrossTheSeamOfTheGlobe) {
  const PatchGrid grid = grid_of(3, 12, true);
  const TileSet tiles(grid, 3, 1, 0);
  const Tile& first = tiles[0];  // columns 11, 0, 1, 2, 3
  ASSERT_EQ(first.window_x.begin, -1);
  EXPECT_EQ(grid.patch[static_cast<std::size_t>(first.tokens[0])] % 12, 11);
  EXPECT_FLOAT_EQ(first.place_x[0], -0.8f);
  EXPECT_FLOAT_EQ(first.place_x[4], 0.8f);
  EXPECT_FALSE(first.own[0]);
  EXPECT_TRUE(first.own[1]);
}

TEST(Tiles, RandomOnesAreOfTheSizeOfTheCoverAndReachEveryPatchAboutAlike) {
  for (const bool periodic : {false, true}) {
    const PatchGrid grid = grid_of(20, 24, periodic);
    const TileSet tiles(grid, 6, 2, 1);
    std::vector<double> share(grid.patch.size(), 0.0);
    constexpr int draws = 60;
    for (int i = 0; i < draws; ++i)
      for (int j = 0; j < draws; ++j) {
        const Tile tile = tiles.random_tile((i + 0.5) / draws, (j + 0.5) / draws);
        EXPECT_EQ(tile.window_y.count, tiles[0].window_y.count);
        EXPECT_EQ(tile.window_x.count, tiles[0].window_x.count);
        EXPECT_GE(tile.window_y.begin, 0);
        EXPECT_LE(tile.window_y.begin + tile.window_y.count, 20);
        EXPECT_EQ(tile.tokens.size(), 101u);
        for (std::size_t s = 0; s < tile.tokens.size(); ++s)
          if (tile.own[s]) share[static_cast<std::size_t>(tile.tokens[s])] += 1.0 / (draws * draws);
      }
    const auto [least, most] = std::minmax_element(share.begin(), share.end());
    EXPECT_GT(*least, 0);
    EXPECT_LT(*most, (periodic ? 3 : 9) * *least);
  }
}

TEST(Tiles, NeighboursAreFoundOnceAndAcrossWhereTheirTilesDiffer) {
  const PatchGrid grid = grid_of(4, 6, true);
  const TileSet tiles(grid, 2, 1, 0);  // 2 x 3 tiles
  int across = 0, inside = 0;
  for (const NeighbourPair& pair : neighbour_pairs(grid, tiles)) (pair.across ? across : inside) += 1;
  EXPECT_EQ(across, 6 * 1 + 4 * 3);  // one border along y, three along x with that of the seam
  EXPECT_EQ(inside, 6 * 2 + 4 * 3);
}

}  // namespace
}  // namespace podscale
