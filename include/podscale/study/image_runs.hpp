#pragma once
// podscale-basis and podscale-downscale for a namelist with &images.

#include <string>
#include <vector>

#include "podscale/network/window_training.hpp"
#include "podscale/study/runs.hpp"

namespace podscale {

/// Collective. Fits the pooled base to the training images, calibrates it on those for validation,
/// and writes output.basis_file. Returns 0. Errors: usage, no_input, data, io.
int run_image_basis(const Context& context);

/// Collective. Mean, standard deviation and members of the images to downscale; each is one
/// rank's, and one that is finished is not done again. Returns 0. Errors: usage, no_input, data,
/// io, requeue (a signal or the time limit; what is finished stays).
int run_image_downscale(const Context& context, const NetworkBackend& backend, const WindowBackend& windows);

/// Not collective. Makes of the options those of a run that downscales these LR images alone, with
/// the product <stem>_podscale.nc and pictures beside the first. Errors: usage.
void downscale_pictures(StudyOptions& options, const std::vector<std::string>& pictures);

}  // namespace podscale
