#include "podscale/study/options.hpp"

#include "podscale/core/error.hpp"
#include "podscale/core/log.hpp"

namespace podscale {
namespace {

[[noreturn]] void refuse(const Namelist& namelist, const std::string& message) {
  throw Error(ExitCode::usage, namelist.source() + ": " + message, true);  // the same namelist on every rank
}

}  // namespace

ModelOptions model_options(const Namelist& namelist) {
  ModelOptions options;
  options.width = static_cast<int>(namelist.integer("model.width"));
  options.depth = static_cast<int>(namelist.integer("model.depth"));
  options.heads = static_cast<int>(namelist.integer("model.heads"));
  options.prediction =
      namelist.text("model.prediction") == "velocity" ? Prediction::velocity : Prediction::noise;
  options.diffusion_steps = static_cast<int>(namelist.integer("model.diffusion_steps"));
  options.device = namelist.text("model.device");
  options.dropout = namelist.real("model.dropout");
  options.with_head = namelist.real("training.head_weight") > 0;
  if (namelist.text("model.base") == "gaussian" && options.prediction == Prediction::noise)
    refuse(namelist,
           "model.prediction = 'noise' with model.base = 'gaussian': "
           "an untrained network would not be the base; expected 'velocity'");
  if (options.width % options.heads != 0)
    refuse(namelist, fmt::format("model.width = {} is not a multiple of model.heads = {}; expected one",
                                 options.width, options.heads));
  return options;
}

TrainingOptions training_options(const Namelist& namelist, int ranks) {
  TrainingOptions options;
  options.steps = namelist.integer("training.steps");
  options.batch = static_cast<int>(namelist.integer("training.batch"));
  options.warmup = namelist.integer("training.warmup");
  options.rate = namelist.real("training.rate");
  options.rate_floor = namelist.real("training.rate_floor");
  options.weight_decay = namelist.real("training.weight_decay");
  options.clip = namelist.real("training.clip");
  options.ema_decay = namelist.real("training.ema_decay");
  options.validate_every = namelist.integer("training.validate_every");
  options.checkpoint_every = namelist.integer("training.checkpoint_every");
  options.seed = static_cast<std::uint64_t>(namelist.integer("training.seed"));
  options.diffusion_weight = namelist.real("training.diffusion_weight");
  options.head_weight = namelist.real("training.head_weight");
  options.condition_noise = namelist.real("training.condition_noise");
  const std::string& uncertainty = namelist.text("sampling.uncertainty");
  if ((uncertainty == "head" ? options.head_weight : options.diffusion_weight) == 0)
    refuse(namelist,
           fmt::format("sampling.uncertainty = '{}' chooses the weights, but training.{}_weight = 0; "
                       "expected a positive weight",
                       uncertainty, uncertainty == "head" ? "head" : "diffusion"));
  if (options.batch % ranks != 0)
    refuse(namelist,
           fmt::format("training.batch = {} is not a multiple of the {} ranks; expected one, such as {}",
                       options.batch, ranks, (options.batch / ranks + 1) * ranks));
  return options;
}

SamplerOptions sampler_options(const Namelist& namelist) {
  return {sampler_from_name(namelist.text("sampling.sampler")),
          static_cast<int>(namelist.integer("sampling.steps")),
          static_cast<std::uint64_t>(namelist.integer("sampling.seed"))};
}

SamplerOptions validation_sampler_options(const Namelist& namelist) {
  SamplerOptions options = sampler_options(namelist);
  options.steps = static_cast<int>(namelist.integer("training.validation_sampler_steps"));
  return options;
}

EnsemblePlan ensemble_plan(const Namelist& namelist) {
  return {static_cast<int>(namelist.integer("sampling.members")),
          static_cast<int>(namelist.integer("sampling.member_batch"))};
}

std::optional<std::uint64_t> control_variate_seed(const Namelist& namelist) {
  if (namelist.logical("sampling.control_variate") && namelist.text("model.base") == "gaussian" &&
      namelist.text("sampling.sampler") == "angle")
    return static_cast<std::uint64_t>(namelist.integer("sampling.seed"));
  return std::nullopt;
}

std::string calibrated_forecast(const Namelist& namelist) {
  if (namelist.text("sampling.uncertainty") != "ensemble") return namelist.text("sampling.uncertainty");
  const SamplerOptions sampler = sampler_options(namelist);
  return fmt::format("{} members, sampler {}, {} steps, {}control variate", ensemble_plan(namelist).members,
                     namelist.text("sampling.sampler"), sampler.steps,
                     control_variate_seed(namelist) ? "" : "no ");
}

std::string selection_criterion(const Namelist& namelist, const Inflation& base) {
  const auto& period = namelist.required_texts("data.validate");
  std::string text =
      fmt::format("{}, {} times of {} to {} less a held out {}", namelist.text("sampling.uncertainty"),
                  namelist.integer("training.validation_times"), period.front(), period.back(),
                  namelist.real("data.held_out"));
  if (namelist.text("sampling.uncertainty") == "ensemble") {
    const SamplerOptions sampler = validation_sampler_options(namelist);
    text += fmt::format(", {} members, sampler {}, {} steps, seed {}",
                        namelist.integer("training.validation_members"), namelist.text("sampling.sampler"),
                        sampler.steps, sampler.seed);
  }
  return text + fmt::format(", inflation {:.6g}", fmt::join(base.numbers(), " "));
}

bool untrained_is_base(const Namelist& namelist) {
  return namelist.text("model.base") == "gaussian" && (namelist.text("sampling.uncertainty") != "ensemble" ||
                                                       namelist.text("sampling.sampler") == "angle");
}

void warn_of_damping(const Namelist& namelist) {
  if (namelist.text("model.base") == "gaussian" && !untrained_is_base(namelist))
    log::warn(
        "sampling.sampler = '{}' with model.base = 'gaussian': where the network adds nothing it damps the "
        "base, which only 'angle' leaves as it is",
        namelist.text("sampling.sampler"));
}

}  // namespace podscale
