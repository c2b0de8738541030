#pragma once
// Work items (time, member group, tile) dealt over ranks: their conditions, what tiles tell each
// other of their halos, and the way back to the ranks that own the patches. A rank holds the
// tokens of its items' windows and no more.

#include <span>
#include <vector>

#include "podscale/parallel/tiles.hpp"
#include "podscale/pod/basis.hpp"

namespace podscale {

/// Results of work items by space; global tokens come to every rank.
struct DealtWork {
  std::vector<float> patch;   ///< [times * groups][local patches][rows][K]
  std::vector<float> global;  ///< [times * groups][rows][global tokens * K]
};

class TileWork {
 public:
  /// Not collective. comm, basis and tiles must outlive it. Items are numbered (time, group,
  /// tile), and dealt in contiguous shares.
  TileWork(const Communicator& comm, const Basis& basis, const TileSet& tiles, long times, long groups);

  std::size_t count() const { return static_cast<std::size_t>(mine_.size()); }  ///< items of this rank
  struct Item {
    std::size_t time, group, tile;
  };
  Item item(std::size_t i) const;  ///< i: among this rank's
  const Tile& tile(std::size_t i) const { return (*tiles_)[item(i).tile]; }

  /// Collective. Rows [times][local patches][width] to [items of this rank] each [tokens of the
  /// tile][width], 0 for global tokens.
  std::vector<std::vector<float>> to_items(std::span<const float> by_space, long width) const;
  /// Collective. States [items of this rank] each [rows][tokens of the tile][K]: tokens of halos
  /// become those of the tile that owns them; global ones the mean over the tiles of their time
  /// and group.
  void exchange(std::span<const std::span<float>> states, long rows) const;
  /// Collective. Own tokens to the ranks of their patches, means of global ones to all.
  DealtWork to_space(std::span<const std::span<float>> states, long rows) const;

 private:
  struct Slot {
    std::size_t slot, patch;  ///< in the tile; among this rank's patches
  };
  struct HaloSlot {
    std::size_t slot, tile, slot_there;
  };
  int rank_of(long item) const;
  std::vector<float> global_means(std::span<const std::span<float>> states, long rows) const;

  const Communicator* comm_;
  const Basis* basis_;
  const TileSet* tiles_;
  long pairs_, items_;  // times * groups; times tiles
  long groups_;
  Share mine_;
  std::vector<std::vector<Slot>> seen_, own_;      // [tiles] tokens whose patches are this rank's
  std::vector<std::vector<HaloSlot>> halo_;        // [tiles]
};

}  // namespace podscale
