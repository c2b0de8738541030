#include "learner.hpp"

#include <torch/utils.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "podscale/core/error.hpp"
#include "podscale/core/random.hpp"

namespace podscale {

Learner::Learner(const GradientAverage& processes, const TokenLayout& layout, const ModelOptions& model,
                 const TrainingOptions& training)
    : processes(&processes),
      training(training),
      network(layout, model, true),
      average(layout, model, false),
      optimizer(
          {network.flat->values},
          torch::optim::AdamWOptions(training.rate).weight_decay(training.weight_decay).betas({0.9, 0.95})),
      schedule(model.diffusion_steps) {
  network.flat->values.mutable_grad() = network.flat->gradient;
}

torch::optim::AdamWParamState& Learner::moments() {
  if (optimizer.state().empty()) {
    rate(0);
    network.flat->gradient.zero_();
    optimizer.step();
    auto& fresh = static_cast<torch::optim::AdamWParamState&>(*optimizer.state().begin()->second);
    fresh.step(0);
  }
  return static_cast<torch::optim::AdamWParamState&>(*optimizer.state().begin()->second);
}

void Learner::rate(double value) {
  static_cast<torch::optim::AdamWOptions&>(optimizer.param_groups().front().options()).lr(value);
}

double Learner::rate_at(long at) const {
  if (at < training.warmup)
    return training.rate * static_cast<double>(at + 1) / static_cast<double>(training.warmup);
  const double done = static_cast<double>(at - training.warmup) /
                      static_cast<double>(std::max(1l, training.steps - training.warmup));
  return training.rate * (training.rate_floor + (1 - training.rate_floor) * 0.5 *
                                                    (1 + std::cos(std::numbers::pi * std::min(1.0, done))));
}

TrainingBatch Learner::batch_of(const TrainingSet& data, long at) const {
  const int count = training.batch / processes->size();
  return draw_batch(data, network.layout, schedule, network.options.prediction, training.seed, at,
                    processes->rank() * count, count, network.device);
}

double Learner::loss_and_gradient(const TrainingSet& data) {
  const bool ready = next_ && next_->step == step && next_->of == data.latent.data();
  const TrainingBatch batch = ready ? std::move(next_->batch) : batch_of(data, step);
  next_.reset();
  // Dropout and condition noise come from Torch's generator: seeded by (seed, step, rank), so that
  // a restart has no generator to restore.
  torch::manual_seed(
      CounterRandom(training.seed, Stream::dropout)
          .integer(static_cast<std::uint32_t>(step), static_cast<std::uint32_t>(processes->rank())));
  const auto loss = training_loss(*network.module, batch, training);
  network.flat->gradient.zero_();
  loss.backward();
  // The device is at work on what it was sent: item() waits for it.
  if (!network.device.is_cpu() && step + 1 < training.steps)
    next_ = Drawn{data.latent.data(), step + 1, batch_of(data, step + 1)};
  return loss.item<double>();
}

void Learner::average_gradient() {
  torch::NoGradGuard no_grad;
  torch::Tensor& gradient = network.flat->gradient;
  if (processes->size() > 1) {
    auto host = gradient.to(torch::kCPU);  // the same tensor on a CPU
    processes->sum(std::span(host.data_ptr<float>(), static_cast<std::size_t>(host.numel())));
    if (!gradient.is_cpu()) gradient.copy_(host);
    gradient.mul_(1.0 / processes->size());
  }
  const double norm = gradient.norm().item<double>();
  require_finite("the norm of the gradient", norm);
  if (training.clip > 0 && norm > training.clip) gradient.mul_(training.clip / norm);
}

void Learner::update() {
  rate(rate_at(step));
  optimizer.step();
  ++step;
  torch::NoGradGuard no_grad;
  // The average of the first steps forgets faster, so that it is of use from the start.
  const double decay =
      std::min(training.ema_decay, (1.0 + static_cast<double>(step)) / (10.0 + static_cast<double>(step)));
  average.flat->values.lerp_(network.flat->values, 1 - decay);
}

void Learner::require_finite(const char* what, double value) const {
  if (std::isfinite(value)) return;
  throw Error(ExitCode::data,
              fmt::format("training: {} is {} at step {}; expected a finite number: "
                          "lower training.rate (now {}) or training.clip (now {}), "
                          "and look for absurd values in the input",
                          what, value, step, training.rate, training.clip),
              true);  // the same sum on every rank
}

}  // namespace podscale
