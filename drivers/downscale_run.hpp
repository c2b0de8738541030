#pragma once
// The loop of podscale-downscale over blocks of times.

#include <span>

#include "podscale/diffusion/model.hpp"
#include "podscale/io/low_resolution.hpp"
#include "podscale/pod/basis_file.hpp"
#include "program.hpp"

namespace podscale {

/// Collective. Writes output.product_file for the LR steps. Errors: io, data (LR gaps), requeue (a signal
/// came: nothing is left behind, the next run starts again and gives the same bits).
void downscale(const Context& context, const Basis& basis, const Model& model, const LowResolution& lr,
               std::span<const long> steps);

}  // namespace podscale
