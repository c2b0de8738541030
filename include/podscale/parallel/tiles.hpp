#pragma once
// A region as a set of tiles: what a network sees at once (method: section 3.13).
//
//   +-----------------+   own: patches whose tokens this tile forecasts; the tiles' own parts cover
//   | . . . . . . . . |        the region, each patch once
//   | . o o o o o o . |   window: own and a halo of patches around it, tokens of neighbours that the
//   | . o o o o o o . |        tile sees too; all windows of a region are of one size, moved inwards
//   | . . . . . . . . |        at its edges and around the globe where it is periodic
//   +-----------------+   global tokens: every tile sees them
//
// Patches without a token (land) are absent from a tile. Knows neither MPI nor Torch.

#include <span>
#include <vector>

namespace podscale {

/// The patches of a region and those that have tokens.
struct PatchGrid {
  long ny = 0, nx = 0;
  bool periodic = false;    ///< the first column of patches is next to the last one
  std::vector<long> patch;  ///< [tokens of patches] row * nx + column, ascending
};

/// Part of an axis of patches: begin may lie outside [0, n) where the axis is periodic.
struct PatchSpan {
  long begin = 0, count = 0;
};

struct Tile {
  PatchSpan own_y, own_x, window_y, window_x;
  /// Tokens of the window, by rows and columns of the window, then the global ones.
  std::vector<long> tokens;
  std::vector<unsigned char> own;         ///< [tokens] 1: forecast by this tile; 0 for global ones too
  std::vector<float> place_y, place_x;    ///< [tokens] in the window, -1 to 1; 0 for global ones
  long own_tokens = 0;
};

class TileSet {
 public:
  /// Not collective. edge: largest number of patches of an own part along an axis, at least 1;
  /// halo: smallest one on each side that is not an edge of the region. Tiles without a token are
  /// left out.
  TileSet(PatchGrid grid, long edge, long halo, long global_tokens);

  std::size_t size() const { return tiles_.size(); }
  const Tile& operator[](std::size_t i) const { return tiles_[i]; }
  /// The tile that forecasts a token of a patch.
  std::size_t tile_of(long token) const { return tile_of_[static_cast<std::size_t>(token)]; }
  long patch_tokens() const { return static_cast<long>(grid_.patch.size()); }
  long global_tokens() const { return global_tokens_; }
  /// Tokens of the largest window, global ones included.
  long most_tokens() const;

  /// Not collective. A window anywhere in the region, for training: u, v in (0, 1) are where. Its
  /// own part is the window less the halo. At an edge of the region it comes more often, so that
  /// patches there are in own parts about as often as others. It may have no own token.
  Tile random_tile(double u, double v) const;

 private:
  struct Axis {
    long patches, edge, halo, window;
    bool periodic;
  };
  static Axis axis_of(long patches, long edge, long halo, bool periodic);
  static PatchSpan window_of(const Axis& axis, PatchSpan own);
  static std::pair<PatchSpan, PatchSpan> random_span(const Axis& axis, double u);  // own, window
  Tile cut(PatchSpan own_y, PatchSpan own_x, PatchSpan window_y, PatchSpan window_x) const;

  PatchGrid grid_;
  Axis y_, x_;
  long global_tokens_;
  std::vector<long> token_at_;  // [patches], -1 on land
  std::vector<Tile> tiles_;
  std::vector<std::size_t> tile_of_;
};

/// Pairs of tokens of patches that are neighbours along a row or a column.
struct NeighbourPair {
  long first, second;
  bool across;  ///< of two tiles
};
/// Not collective. All of them, once each: what a seam is measured by.
std::vector<NeighbourPair> neighbour_pairs(const PatchGrid& grid, const TileSet& tiles);

}  // namespace podscale
