#include "podscale/network/model.hpp"

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

}  // namespace podscale
