#include "weight_update.hpp"

#include <torch/utils.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "podscale/core/error.hpp"

namespace podscale {

WeightUpdate::WeightUpdate(const GradientAverage& processes, const UpdateOptions& options,
                           FlatParameters& weights, FlatParameters& average)
    : weights(weights),
      average(average),
      processes_(&processes),
      options_(options),
      adamw_({weights.values}, torch::optim::AdamWOptions(options.rate)
                                   .weight_decay(options.weight_decay)
                                   .betas({0.9, options.square_decay})) {
  weights.values.mutable_grad() = weights.gradient;
  rate(0);  // a step that changes nothing makes the moments
  adamw_.step();
  moments().step(0);
}

torch::optim::AdamWParamState& WeightUpdate::moments() {
  return static_cast<torch::optim::AdamWParamState&>(*adamw_.state().begin()->second);
}

void WeightUpdate::rate(double value) {
  static_cast<torch::optim::AdamWOptions&>(adamw_.param_groups().front().options()).lr(value);
}

double WeightUpdate::rate_at(long at) const {
  const UpdateOptions& o = options_;
  if (at < o.warmup) return o.rate * static_cast<double>(at + 1) / static_cast<double>(o.warmup);
  const double done =
      static_cast<double>(at - o.warmup) / static_cast<double>(std::max(1l, o.steps - o.warmup));
  return o.rate *
         (o.rate_floor + (1 - o.rate_floor) * 0.5 * (1 + std::cos(std::numbers::pi * std::min(1.0, done))));
}

void WeightUpdate::average_gradient() {
  torch::NoGradGuard no_grad;
  torch::Tensor& gradient = weights.gradient;
  if (processes_->size() > 1) {
    auto host = gradient.to(torch::kCPU);  // the same tensor on a CPU
    processes_->sum(std::span(host.data_ptr<float>(), static_cast<std::size_t>(host.numel())));
    if (!gradient.is_cpu()) gradient.copy_(host);
    gradient.mul_(1.0 / processes_->size());
  }
  clip_gradient();
}

void WeightUpdate::clip_gradient() {
  torch::NoGradGuard no_grad;
  torch::Tensor& gradient = weights.gradient;
  const double norm = gradient.norm().item<double>();
  require_finite("the norm of the gradient", norm);
  if (options_.clip > 0 && norm > options_.clip) gradient.mul_(options_.clip / norm);
}

void WeightUpdate::update() {
  rate(rate_factor * rate_at(step));
  adamw_.step();
  ++step;
  torch::NoGradGuard no_grad;
  // The average of the first steps forgets faster, so that it is of use from the start.
  const double decay =
      std::min(options_.ema_decay, (1.0 + static_cast<double>(step)) / (10.0 + static_cast<double>(step)));
  average.values.lerp_(weights.values, 1 - decay);
}

void WeightUpdate::require_finite(const char* what, double value) const {
  if (std::isfinite(value)) return;
  throw NotFinite(fmt::format("training: {} is {} at step {}, at a rate of {:.3g}; expected a finite number",
                              what, value, step, rate_factor * rate_at(step)),
                  options_.remedy);
}

void WeightUpdate::require_finite_weights() const {
  torch::NoGradGuard no_grad;
  require_finite("the norm of the weights", weights.values.norm().item<double>());
}

}  // namespace podscale
