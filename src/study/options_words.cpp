// What follows from several options together: refusals, and what files say of them in words.
#include <fmt/ranges.h>

#include <algorithm>

#include "podscale/config/namelist.hpp"
#include "podscale/core/log.hpp"
#include "podscale/study/options.hpp"

namespace podscale {

const char* adapt_name(Adapt adapt) {
  return adapt == Adapt::none ? "none" : adapt == Adapt::variance ? "variance" : "quantile";
}

const char* uncertainty_name(Uncertainty uncertainty) {
  switch (uncertainty) {
    case Uncertainty::base:
      return "base";
    case Uncertainty::head:
      return "head";
    case Uncertainty::ensemble:
      return "ensemble";
    case Uncertainty::automatic:
      break;
  }
  return "auto";
}

Uncertainty trained_uncertainty(const StudyOptions& options) {
  if (options.sampling.uncertainty != Uncertainty::automatic) return options.sampling.uncertainty;
  return options.with_base && options.training.head_weight > 0 ? Uncertainty::head : Uncertainty::ensemble;
}

void size_training(StudyOptions& options, long training_times) {
  ModelOptions& model = options.model;
  TrainingOptions& training = options.training;
  std::string sizes;
  if (model.width == 0) {
    const int wanted = training_times <= 2000 ? 32 : training_times <= 20000 ? 64 : 128;
    model.width = (wanted + model.heads - 1) / model.heads * model.heads;
    sizes = fmt::format("model.width = {}", model.width);
  }
  const bool given = training.steps >= 0;
  if (!given) {
    training.steps = std::clamp(10 * training_times / training.batch, 200l, 2000l);
    training.warmup = std::min(training.warmup, training.steps / 4);
    sizes += fmt::format("{}training.steps = {}, warmup = {}", sizes.empty() ? "" : ", ", training.steps,
                         training.warmup);
  }
  if (training.validate_every == 0) training.validate_every = given ? 200 : training.steps / 10;
  if (training.patience < 0) training.patience = given ? 0 : 4;
  if (!sizes.empty()) log::info("{}: by the {} training times", sizes, training_times);
}

std::string effective_with(const StudyOptions& options, Uncertainty uncertainty) {
  Namelist namelist;
  namelist.parse(options.effective, options.source);
  namelist.set_text("sampling.uncertainty", uncertainty_name(uncertainty));
  return namelist.effective();
}

void require_trainable(const StudyOptions& options, int ranks) {
  const Uncertainty uncertainty = trained_uncertainty(options);
  if (uncertainty == Uncertainty::base)
    refuse(
        options,
        "sampling.uncertainty = 'base' needs no network; run podscale-downscale at once, or choose 'head' or "
        "'ensemble' to train");
  const ModelOptions& model = options.model;
  if (options.with_base && model.prediction == Prediction::noise)
    refuse(
        options,
        "model.prediction = 'noise' with model.base = 'gaussian': an untrained network would not be the base; "
        "expected 'velocity'");
  if (model.width != 0 && model.width < 8)
    refuse(options, fmt::format("model.width = {}; expected 8 or more, or 0 for one by the training times",
                                model.width));
  if (model.width % model.heads != 0)
    refuse(options, fmt::format("model.width = {} is not a multiple of model.heads = {}; expected one",
                                model.width, model.heads));
  const TrainingOptions& training = options.training;
  const bool head = uncertainty == Uncertainty::head;
  if ((head ? training.head_weight : training.diffusion_weight) == 0)
    refuse(
        options,
        fmt::format(
            "sampling.uncertainty = '{}' chooses the weights, but training.{}_weight = 0; expected a positive "
            "weight",
            uncertainty_name(uncertainty), head ? "head" : "diffusion"));
  if (training.batch % ranks != 0)
    refuse(options,
           fmt::format("training.batch = {} is not a multiple of the {} ranks; expected one, such as {}",
                       training.batch, ranks, (training.batch / ranks + 1) * ranks));
  if (training.groups > 0 && (training.batch % training.groups != 0 || training.groups % ranks != 0))
    refuse(options,
           fmt::format("training.groups = {}; expected a divisor of training.batch = {} and a multiple of the {} "
                       "ranks, or 0",
                       training.groups, training.batch, ranks));
}

SamplerOptions validation_sampler(const StudyOptions& options) {
  SamplerOptions sampler = options.sampling.sampler;
  sampler.steps = options.validation.sampler_steps;
  return sampler;
}

std::optional<std::uint64_t> control_variate_seed(const StudyOptions& options) {
  if (options.sampling.control_variate && options.with_base &&
      options.sampling.sampler.kind == SamplerKind::angle)
    return options.sampling.sampler.seed;
  return std::nullopt;
}

std::string calibrated_forecast(const StudyOptions& options, Uncertainty uncertainty) {
  const SamplingOptions& s = options.sampling;
  if (uncertainty != Uncertainty::ensemble) return uncertainty_name(uncertainty);
  return fmt::format("{} members, sampler {}, {} steps, {}control variate{}", s.plan.members, s.sampler_name,
                     s.sampler.steps, control_variate_seed(options) ? "" : "no ",
                     s.plan.exchange_halos ? "" : ", halos not exchanged");
}

std::string selection_criterion(const StudyOptions& options, const Inflation& base) {
  const auto& period = options.data.validate.get();
  std::string text = fmt::format("{}, {} times of {} to {} less a held out {}",
                                 uncertainty_name(options.sampling.uncertainty), options.validation.times,
                                 period.front(), period.back(), options.data.held_out);
  if (options.sampling.uncertainty == Uncertainty::ensemble)
    text += fmt::format(", {} members, sampler {}, {} steps, seed {}{}", options.validation.members,
                        options.sampling.sampler_name, options.validation.sampler_steps,
                        options.sampling.sampler.seed,
                        options.sampling.plan.exchange_halos ? "" : ", halos not exchanged");
  return text + fmt::format(", inflation {:.6g}", fmt::join(base.numbers(), " "));
}

bool untrained_is_base(const StudyOptions& options) {
  return options.with_base && (options.sampling.uncertainty != Uncertainty::ensemble ||
                               options.sampling.sampler.kind == SamplerKind::angle);
}

void warn_of_damping(const StudyOptions& options) {
  if (options.with_base && !untrained_is_base(options))
    log::warn(
        "sampling.sampler = '{}' with model.base = 'gaussian': where the network adds nothing it damps the "
        "base, which only 'angle' leaves as it is",
        options.sampling.sampler_name);
}

}  // namespace podscale
