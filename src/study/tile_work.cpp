#include "podscale/study/tile_work.hpp"

#include <algorithm>

#include "podscale/core/error.hpp"
#include "podscale/parallel/row_exchange.hpp"

namespace podscale {

TileWork::TileWork(const Communicator& comm, const Basis& basis, const TileSet& tiles, long times,
                   long groups)
    : comm_(&comm),
      basis_(&basis),
      tiles_(&tiles),
      pairs_(times * groups),
      items_(pairs_ * static_cast<long>(tiles.size())),
      groups_(groups),
      mine_(share_of(items_, comm.size(), comm.rank())),
      seen_(tiles.size()),
      own_(tiles.size()),
      halo_(tiles.size()) {
  const std::size_t tokens = static_cast<std::size_t>(tiles.patch_tokens());
  std::vector<long> local(tokens, -1);
  for (std::size_t p = 0; p < basis.patches.mine.size(); ++p)
    local[static_cast<std::size_t>(basis.patches.mine[p].token)] = static_cast<long>(p);
  std::vector<std::size_t> own_slot(tokens, 0);
  const auto for_patches = [&](std::size_t t, const auto& work) {
    for (std::size_t s = 0; s < tiles[t].tokens.size(); ++s)
      if (const auto token = static_cast<std::size_t>(tiles[t].tokens[s]); token < tokens) work(s, token);
  };
  for (std::size_t t = 0; t < tiles.size(); ++t)
    for_patches(t, [&](std::size_t s, std::size_t token) {
      const bool own = tiles[t].own[s] != 0;
      if (own) own_slot[token] = s;
      if (local[token] < 0) return;
      seen_[t].push_back({s, static_cast<std::size_t>(local[token])});
      if (own) own_[t].push_back(seen_[t].back());
    });
  for (std::size_t t = 0; t < tiles.size(); ++t)
    for_patches(t, [&](std::size_t s, std::size_t token) {
      if (!tiles[t].own[s]) halo_[t].push_back({s, tiles.tile_of(static_cast<long>(token)), own_slot[token]});
    });
}

TileWork::Item TileWork::item(std::size_t i) const {
  const long number = mine_.begin + static_cast<long>(i), tiles = static_cast<long>(tiles_->size()),
             pair = number / tiles;
  return {static_cast<std::size_t>(pair / groups_), static_cast<std::size_t>(pair % groups_),
          static_cast<std::size_t>(number % tiles)};
}

/// Inverse of share_of.
int TileWork::rank_of(long item) const {
  const long base = items_ / comm_->size(), extra = items_ % comm_->size(), boundary = extra * (base + 1);
  return static_cast<int>(item < boundary ? item / (base + 1) : extra + (item - boundary) / base);
}

std::vector<std::vector<float>> TileWork::to_items(std::span<const float> by_space, long width) const {
  const long tiles = static_cast<long>(tiles_->size()), local = std::ssize(basis_->patches.mine);
  std::vector<std::vector<float>> rows;
  for (std::size_t i = 0; i < count(); ++i)
    rows.emplace_back(tile(i).tokens.size() * static_cast<std::size_t>(width), 0.0f);
  RowExchange exchange(*comm_, width);
  for (long item = 0; item < items_; ++item) {
    const long time = item / tiles / groups_;
    const int to = rank_of(item);
    for (const Slot& slot : seen_[static_cast<std::size_t>(item % tiles)])
      exchange.send(to, by_space.data() + (time * local + static_cast<long>(slot.patch)) * width);
  }
  for (std::size_t i = 0; i < count(); ++i) {
    const Tile& of = tile(i);
    for (std::size_t s = 0; s < of.tokens.size(); ++s)
      if (of.tokens[s] < tiles_->patch_tokens())
        exchange.receive(basis_->decomposition.owner(
                             basis_->patches.patch_of_token[static_cast<std::size_t>(of.tokens[s])]),
                         rows[i].data() + static_cast<long>(s) * width);
  }
  exchange.run();
  return rows;
}

/// [times * groups][rows][global tokens * K], of states as they are.
std::vector<float> TileWork::global_means(std::span<const std::span<float>> states, long rows) const {
  const std::size_t tiles = tiles_->size(), k = static_cast<std::size_t>(basis_->modes),
                    width = static_cast<std::size_t>(tiles_->global_tokens()) * k,
                    size = static_cast<std::size_t>(rows) * width;
  std::vector<float> of_tiles(static_cast<std::size_t>(items_) * size, 0.0f), means;
  if (size == 0) return means;
  for (std::size_t i = 0; i < count(); ++i)
    for (std::size_t r = 0; r < static_cast<std::size_t>(rows); ++r) {
      const std::size_t n = tile(i).tokens.size() * k;
      std::copy_n(states[i].begin() + static_cast<long>((r + 1) * n - width), width,
                  of_tiles.begin() +
                      static_cast<long>((static_cast<std::size_t>(mine_.begin) + i) * size + r * width));
    }
  comm_->sum(std::span(of_tiles));  // every item comes from one rank
  for (std::size_t pair = 0; pair < static_cast<std::size_t>(pairs_); ++pair)
    for (std::size_t j = 0; j < size; ++j) {
      double sum = 0;
      for (std::size_t t = 0; t < tiles; ++t)
        sum += static_cast<double>(of_tiles[(pair * tiles + t) * size + j]);
      means.push_back(static_cast<float>(sum / static_cast<double>(tiles)));
    }
  return means;
}

void TileWork::exchange(std::span<const std::span<float>> states, long rows) const {
  const long tiles = static_cast<long>(tiles_->size()), k = basis_->modes;
  // Global tokens first: an exchange writes to states.
  const std::vector<float> means = global_means(states, rows);
  const long width = tiles_->global_tokens() * k;
  const auto row = [&](long item, long r, std::size_t slot) {
    const std::size_t i = static_cast<std::size_t>(item - mine_.begin);
    const long n = std::ssize((*tiles_)[static_cast<std::size_t>(item % tiles)].tokens);
    return states[i].data() + (r * n + static_cast<long>(slot)) * k;
  };
  RowExchange halos(*comm_, k);
  for (long item = mine_.begin; item < mine_.end; ++item)
    for (const HaloSlot& slot : halo_[static_cast<std::size_t>(item % tiles)])
      for (long r = 0; r < rows; ++r)
        halos.receive(rank_of(item / tiles * tiles + static_cast<long>(slot.tile)), row(item, r, slot.slot));
  const long first = mine_.begin / tiles, last = mine_.size() > 0 ? (mine_.end - 1) / tiles : first - 1;
  for (long asking = first * tiles; asking < (last + 1) * tiles; ++asking)
    for (const HaloSlot& slot : halo_[static_cast<std::size_t>(asking % tiles)]) {
      const long item = asking / tiles * tiles + static_cast<long>(slot.tile);
      if (item < mine_.begin || item >= mine_.end) continue;
      for (long r = 0; r < rows; ++r) halos.send(rank_of(asking), row(item, r, slot.slot_there));
    }
  halos.run();
  for (std::size_t i = 0; i < count(); ++i) {
    const long pair = (mine_.begin + static_cast<long>(i)) / tiles, n = std::ssize(tile(i).tokens) * k;
    for (long r = 0; r < rows; ++r)
      std::copy_n(means.begin() + (pair * rows + r) * width, width, states[i].begin() + (r + 1) * n - width);
  }
}

DealtWork TileWork::to_space(std::span<const std::span<float>> states, long rows) const {
  const long tiles = static_cast<long>(tiles_->size()), k = basis_->modes,
             local = std::ssize(basis_->patches.mine);
  DealtWork work{std::vector<float>(static_cast<std::size_t>(pairs_ * local * rows * k)),
                 global_means(states, rows)};
  RowExchange exchange(*comm_, k);
  for (std::size_t i = 0; i < count(); ++i) {
    const Tile& of = tile(i);
    for (std::size_t s = 0; s < of.tokens.size(); ++s) {
      if (!of.own[s]) continue;
      const int to =
          basis_->decomposition.owner(basis_->patches.patch_of_token[static_cast<std::size_t>(of.tokens[s])]);
      for (long r = 0; r < rows; ++r)
        exchange.send(to, states[i].data() + (r * std::ssize(of.tokens) + static_cast<long>(s)) * k);
    }
  }
  for (long item = 0; item < items_; ++item)
    for (const Slot& slot : own_[static_cast<std::size_t>(item % tiles)])
      for (long r = 0; r < rows; ++r)
        exchange.receive(
            rank_of(item),
            work.patch.data() + ((item / tiles * local + static_cast<long>(slot.patch)) * rows + r) * k);
  exchange.run();
  return work;
}

}  // namespace podscale
