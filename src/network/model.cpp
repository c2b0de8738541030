#include "podscale/network/model.hpp"

#include <algorithm>
#include <numeric>

#include "podscale/core/error.hpp"

namespace podscale {

SamplerKind sampler_from_name(const std::string& name) {
  if (name == "angle") return SamplerKind::angle;
  if (name == "dpm-solver++") return SamplerKind::dpm_solver;
  if (name == "ddim") return SamplerKind::ddim;
  if (name == "ancestral") return SamplerKind::ancestral;
  fail(ExitCode::usage, "sampling.sampler = '{}': expected 'angle', 'dpm-solver++', 'ddim' or 'ancestral'",
       name);
}

Precision precision_from_name(const std::string& name) {
  for (const Precision precision : {Precision::float32, Precision::tf32, Precision::bfloat16})
    if (name == precision_name(precision)) return precision;
  fail(ExitCode::usage, "model.precision = '{}': expected 'float32', 'tf32' or 'bfloat16'", name);
}

const char* precision_name(Precision precision) {
  return precision == Precision::tf32 ? "tf32" : precision == Precision::bfloat16 ? "bfloat16" : "float32";
}

TileExtent tile_extent(const ModelOptions& options) {
  // Attention costs as much as the rest of a block at P = 6 width: about 1000 tokens at width 128.
  const long edge = options.tile > 0 ? options.tile : 24;
  return {edge, options.tile_halo >= 0 ? options.tile_halo : std::max(1l, edge / 6)};
}

std::shared_ptr<const TileSet> tiles_of(const TokenLayout& layout, const ModelOptions& options) {
  const TileExtent extent = tile_extent(options);
  if (static_cast<long>(layout.grid.patch.size()) <= extent.window() * extent.window()) return nullptr;
  auto tiles = std::make_shared<const TileSet>(layout.grid, extent.edge, extent.halo, layout.global_tokens);
  return tiles->size() > 1 ? tiles : nullptr;
}

int groups_of_batch(const TrainingOptions& training, bool on_cpu, int ranks) {
  if (training.groups > 0) return training.groups;
  const int groups = std::gcd(training.batch, 8);
  return on_cpu && groups % ranks == 0 ? groups : ranks;
}

}  // namespace podscale
