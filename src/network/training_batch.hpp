#pragma once
// The samples of one training step, and their loss.

#include <torch/types.h>

#include <cstdint>

#include "podscale/network/denoiser.hpp"
#include "podscale/network/schedule.hpp"
#include "sample_rows.hpp"

namespace podscale {

/// x = cos(angle) z0 + sin(angle) eps and what the network should say of it, on its device.
struct TrainingBatch {
  torch::Tensor z0, x, target;      ///< [B, P, K]
  torch::Tensor condition;          ///< [B, P, C]
  torch::Tensor angle, year_phase;  ///< [B]
  /// Of each sample, where the network works on tiles: P is the most tokens of one, rows beyond a
  /// tile's are 0.
  std::vector<Tile> tiles{};
};

/// What a sample is drawn from.
struct BatchSource {
  const TrainingSet* data;
  const TokenLayout* layout;
  const TileSet* tiles;  ///< nullptr: a sample is the whole region; else a random tile of it
  const Schedule* schedule;
  Prediction prediction;
  std::uint64_t seed;
};

/// Collective over the processes of `rows`. Samples first[r], ..., first[r] + count - 1 of step
/// `step` for process r, numbered over all of them. The item, the tile, the diffusion step and the
/// noise of a sample are functions of (seed, step, number) alone: a restart has no generator to
/// restore. Drawn on the host by its threads, the same bits by any number of them; x and target
/// are made on the device, which may still be at it.
TrainingBatch draw_batch(const BatchSource& source, SampleRows& rows, long step, const std::vector<int>& first,
                         int rank, int count, const torch::Device& device);
/// Not collective. Of a process that has all tokens, whole regions.
TrainingBatch draw_batch(const TrainingSet& data, const TokenLayout& layout, const Schedule& schedule,
                         Prediction prediction, std::uint64_t seed, long step, int first, int count,
                         const torch::Device& device);

/// Not collective, on the device of the network; means over the samples and their active modes,
/// in tiles those of own and global tokens:
///   diffusion_weight * mean square error of the prediction
///   + head_weight * negative log likelihood (less its constant) of the clean latents under the head.
/// Nix & Weigend (1994) for the second.
torch::Tensor training_loss(Denoiser& network, const TrainingBatch& batch, const TrainingOptions& options);

/// Not collective. Error(data) where rank `rank` of `ranks` has no item, or a value that is not
/// finite.
void require_usable(const TrainingSet& data, const TokenLayout& layout, int rank, int ranks);

}  // namespace podscale
