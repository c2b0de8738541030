#pragma once
// From basis and series to a trained, calibrated network: the work of podscale-train.

#include "podscale/network/model.hpp"
#include "podscale/study/context.hpp"

namespace podscale {

/// Collective. Writes output.model_file. Returns the exit code: 0, or that of requeue where a signal or the
/// time limit stopped the training after a checkpoint. Errors: usage, no_input, data, io.
int train(const Context& context, const NetworkBackend& backend);

}  // namespace podscale
