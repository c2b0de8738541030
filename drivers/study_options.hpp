#pragma once
// From namelist keys to the option structures of the network.

#include <optional>

#include "podscale/diffusion/downscaling.hpp"
#include "podscale/diffusion/model.hpp"
#include "podscale/io/namelist.hpp"

namespace podscale {

/// Not collective. Errors: usage (keys that do not go together), on every rank alike.
ModelOptions model_options(const Namelist& namelist);
TrainingOptions training_options(const Namelist& namelist, int ranks);
SamplerOptions sampler_options(const Namelist& namelist);
SamplerOptions validation_sampler_options(const Namelist& namelist);
EnsemblePlan ensemble_plan(const Namelist& namelist);
/// The seed of the start noise where it serves as a control variate.
std::optional<std::uint64_t> control_variate_seed(const Namelist& namelist);

}  // namespace podscale
