#include "window_learner.hpp"

#include <torch/csrc/autograd/autograd.h>
#include <torch/utils.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "podscale/core/error.hpp"
#include "window_loss.hpp"

namespace podscale {
namespace {

constexpr double kUsualContrast = 0.1;  // over range: a window of it has weight 1

/// A view of values that outlive it.
torch::Tensor view_of(const std::vector<float>& values, const std::vector<std::int64_t>& shape) {
  return torch::from_blob(const_cast<float*>(values.data()), shape);
}

}  // namespace

WindowLearner::WindowLearner(const GradientAverage& processes, const WindowModelOptions& model,
                             const WindowTrainingOptions& training, const std::vector<double>& point_spread)
    : processes(&processes),
      training(training),
      network(model, true),
      average(model, false),
      optimizer(
          {network.flat->values},
          torch::optim::AdamWOptions(training.rate).weight_decay(training.weight_decay).betas({0.9, 0.99})),
      point_spread(torch::tensor(std::vector<float>(point_spread.begin(), point_spread.end()))) {
  network.flat->values.mutable_grad() = network.flat->gradient;
}

torch::optim::AdamWParamState& WindowLearner::moments() {
  if (optimizer.state().empty()) {
    rate(0);
    network.flat->gradient.zero_();
    optimizer.step();
    auto& fresh = static_cast<torch::optim::AdamWParamState&>(*optimizer.state().begin()->second);
    fresh.step(0);
  }
  return static_cast<torch::optim::AdamWParamState&>(*optimizer.state().begin()->second);
}

void WindowLearner::rate(double value) {
  static_cast<torch::optim::AdamWOptions&>(optimizer.param_groups().front().options()).lr(value);
}

double WindowLearner::rate_at(long at) const {
  if (at < training.warmup)
    return training.rate * static_cast<double>(at + 1) / static_cast<double>(training.warmup);
  const double done = static_cast<double>(at - training.warmup) /
                      static_cast<double>(std::max(1l, training.steps() - training.warmup));
  return training.rate * (training.rate_floor + (1 - training.rate_floor) * 0.5 *
                                                    (1 + std::cos(std::numbers::pi * std::min(1.0, done))));
}

double WindowLearner::loss_and_gradient(const WindowDraw& draw) {
  const idx_t side = network.options.drawn_side(),
              tiles = training.batch / (side * side) / processes->size();
  return loss_and_gradient(draw(step, processes->rank() * tiles, tiles));
}

double WindowLearner::loss_and_gradient(const WindowSamples& samples) {
  const WindowBatch& windows = samples.windows;
  const std::int64_t n = windows.count, points = point_spread.size(0),
                     cells = network.options.shape.cells();
  const auto mean = view_of(windows.mean, {n}), contrast = view_of(windows.contrast, {n});
  const auto over_contrast = [&](const std::vector<float>& values) {
    return (view_of(values, {n, points}) - mean.unsqueeze(1)) / contrast.unsqueeze(1);
  };
  const auto base = over_contrast(samples.base.mean), target = over_contrast(samples.target);
  const auto spread = (view_of(samples.base.scale, {n}) / contrast).unsqueeze(1) * point_spread;
  const auto weight = torch::pow(contrast / kUsualContrast, training.contrast_power);

  network.flat->gradient.zero_();
  const idx_t side = network.options.drawn_side();
  const auto features = network.module->features(view_of(windows.cells, {n, cells}),
                                                 window_scalars(mean, contrast), side, side);
  const auto correction = network.module->head(features);
  const WindowLoss loss = window_loss(base + correction.mean.detach(), correction.log_factor.detach(), spread,
                                      target, weight, training.likelihood_weight);
  torch::autograd::backward({correction.mean, correction.log_factor},
                            {loss.mean_gradient, loss.factor_gradient});
  return loss.value.item<double>();
}

void WindowLearner::average_gradient() {
  torch::NoGradGuard no_grad;
  torch::Tensor& gradient = network.flat->gradient;
  if (processes->size() > 1) {
    processes->sum(std::span(gradient.data_ptr<float>(), static_cast<std::size_t>(gradient.numel())));
    gradient.mul_(1.0 / processes->size());
  }
  const double norm = gradient.norm().item<double>();
  require_finite("the norm of the gradient", norm);
  if (training.clip > 0 && norm > training.clip) gradient.mul_(training.clip / norm);
}

void WindowLearner::update() {
  rate(rate_at(step));
  optimizer.step();
  ++step;
  torch::NoGradGuard no_grad;
  // The average of the first steps forgets faster, so that it is of use from the start.
  const double decay =
      std::min(training.ema_decay, (1.0 + static_cast<double>(step)) / (10.0 + static_cast<double>(step)));
  average.flat->values.lerp_(network.flat->values, 1 - decay);
}

void WindowLearner::require_finite(const char* what, double value) const {
  if (std::isfinite(value)) return;
  throw Error(ExitCode::data,
              fmt::format("training: {} is {} at step {}; expected a finite number: lower images.rate (now "
                          "{}), and look for absurd values in the images",
                          what, value, step, training.rate),
              true);  // the same sum on every rank
}

}  // namespace podscale
