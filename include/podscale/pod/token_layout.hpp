#pragma once
// Which tokens a region has: what the network needs to know of the basis.

#include <vector>

#include "podscale/parallel/tiles.hpp"

namespace podscale {

/// The tokens of a region: one per patch with ocean, in the order of patch rows, then columns;
/// then those that carry the global modes of the base.
struct TokenLayout {
  int tokens = 0;     ///< P, global ones included
  int modes = 0;      ///< K: latent values per token; patches with fewer modes are padded with inactive zeros
  int condition = 0;  ///< C: condition values per token
  std::vector<float> centre_lat, centre_lon;  ///< [P] degrees
  std::vector<unsigned char> active;          ///< [P*K] 0 = padding: input 0, output 0, no loss
  int global_tokens = 0;                      ///< how many of the tokens, the last ones, are global
  int age = -1;  ///< the condition value that holds the age of an HR analysis over the largest; -1: none
  PatchGrid grid{};  ///< where the patches lie; empty: unknown, and the region is one tile
  long latent_size() const { return static_cast<long>(tokens) * modes; }
  long condition_size() const { return static_cast<long>(tokens) * condition; }
};

}  // namespace podscale
