#pragma once
// model.h5 of a study of images: as checkpoint.hpp has it, without a layout of tokens, as windows
// have no place. No Torch here.

#include <string>

#include "podscale/network/trained_weights.hpp"
#include "podscale/network/window_training.hpp"

namespace podscale {

struct WindowCheckpoint : TrainedWeights {
  WindowSummary summary{};
};

/// Collective; rank 0 writes to a temporary name and renames. Errors: io.
void write_window_checkpoint(const Communicator& comm, const WindowCheckpoint& checkpoint,
                             const std::string& path);
/// Collective; rank 0 reads, all get it. Errors: no_input, data (not a model of images, truncated,
/// another format).
WindowCheckpoint read_window_checkpoint(const Communicator& comm, const std::string& path);

}  // namespace podscale
