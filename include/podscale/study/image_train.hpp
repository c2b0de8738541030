#pragma once
// podscale-train for a namelist with &images.

#include <vector>

#include "podscale/network/model.hpp"
#include "podscale/network/window_training.hpp"
#include "podscale/study/context.hpp"
#include "podscale/study/image_calibrate.hpp"

namespace podscale {

/// Collective. Trains the window network on the training images against the base in
/// output.basis_file, keeps what scored best on those for validation, calibrates its forecasts.
/// The exit code: 0, or requeue where a signal or the time limit stopped it with a checkpoint.
/// Errors: usage, no_input, data, io.
int run_image_train(const Context& context, const NetworkBackend& backend, const WindowBackend& windows);

/// Not collective. Of the network's forecasts, by number of grids; empty where its training was
/// not finished.
std::vector<ImageCalibration> calibrations_of(const WindowSummary& model);

}  // namespace podscale
