#pragma once
// From namelist keys to the option structures of the network.

#include <optional>
#include <string>

#include "podscale/study/downscaling.hpp"
#include "podscale/network/model.hpp"
#include "podscale/config/namelist.hpp"

namespace podscale {

/// Not collective. Errors: usage (keys that do not go together), on every rank alike.
ModelOptions model_options(const Namelist& namelist);
TrainingOptions training_options(const Namelist& namelist, int ranks);
SamplerOptions sampler_options(const Namelist& namelist);
SamplerOptions validation_sampler_options(const Namelist& namelist);
EnsemblePlan ensemble_plan(const Namelist& namelist);
/// The seed of the start noise where it serves as a control variate.
std::optional<std::uint64_t> control_variate_seed(const Namelist& namelist);

/// Not collective. What a calibration of the head or of members holds for, in words: "24 members, sampler
/// angle, 8 steps, control variate".
std::string calibrated_forecast(const Namelist& namelist);
/// Not collective. What selects the weights, in words; base: the inflation of step 0.
std::string selection_criterion(const Namelist& namelist, const Inflation& base);
/// Not collective. Whether an untrained network forecasts the base: its head does, and its members where the
/// sampler leaves the start noise as it is; the others damp it.
bool untrained_is_base(const Namelist& namelist);
/// Not collective. Warns where members of a base are drawn by such a sampler.
void warn_of_damping(const Namelist& namelist);

}  // namespace podscale
