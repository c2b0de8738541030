#include "window_learner.hpp"

#include <torch/csrc/autograd/autograd.h>
#include <torch/utils.h>

#include "podscale/core/error.hpp"
#include "podscale/core/random.hpp"
#include "window_loss.hpp"

namespace podscale {
namespace {

constexpr double kUsualContrast = 0.1;  // over range: a window of it has weight 1
constexpr int kDiffusionSteps = 1000;
constexpr double kLargestCoefficient = 8;  // of a whitened residual, whose tails are long

/// A view of values that outlive it.
torch::Tensor view_of(const std::vector<float>& values, const std::vector<std::int64_t>& shape) {
  return torch::from_blob(const_cast<float*>(values.data()), shape);
}

/// Where a number is not finite.
std::string remedy(const WindowTrainingOptions& training) {
  return fmt::format("lower images.rate (now {}), and look for absurd values in the images", training.rate);
}

}  // namespace

WindowLearner::WindowLearner(const GradientAverage& processes, const WindowModelOptions& model,
                             const WindowTrainingOptions& training, const std::vector<double>& point_spread,
                             const std::vector<double>& whitening)
    : processes(&processes),
      training(training),
      network(model, true),
      average(model, false),
      optimizer(processes, update_options(training, training.steps(), 0.99, remedy(training)), *network.flat,
                *average.flat),
      point_spread(torch::tensor(std::vector<float>(point_spread.begin(), point_spread.end()))),
      schedule(kDiffusionSteps) {
  PODSCALE_ASSERT(!model.members || std::ssize(whitening) == model.modes * std::ssize(point_spread),
                  "{} numbers for {} modes", whitening.size(), model.modes);
  if (model.members)
    this->whitening = torch::tensor(std::vector<float>(whitening.begin(), whitening.end()))
                          .view({model.modes, std::ssize(point_spread)});
}

double WindowLearner::loss_and_gradient(const WindowDraw& draw) {
  const idx_t side = network.options.drawn_side(), tiles = training.batch / (side * side) / processes->size();
  const idx_t first = processes->rank() * tiles;
  const double loss = loss_and_gradient(draw(optimizer.step, first, tiles), first);
  if (static_cast<double>(optimizer.step) < training.attention_after * static_cast<double>(training.steps()))
    for (const NamedSlice& slice : network.flat->slices)
      if (is_of_attention(slice.name)) network.flat->gradient.narrow(0, slice.offset, slice.size).zero_();
  return loss;
}

/// x = cos z0 + sin eps of each tile at an angle of its own: the mean square error of the
/// velocity.
torch::Tensor WindowLearner::member_loss(const torch::Tensor& whitened, const torch::Tensor& features,
                                         idx_t first) {
  const idx_t side = network.options.drawn_side(), patches = side * side, modes = whitened.size(1),
              tiles = whitened.size(0) / patches;
  auto noise = torch::empty_like(whitened), angle = torch::empty({tiles});
  const CounterRandom normal(training.seed, Stream::training_noise),
      times(training.seed, Stream::training_time);
  const auto key = static_cast<std::uint32_t>(optimizer.step);
  for (idx_t t = 0; t < tiles; ++t) {
    const auto number = static_cast<std::uint32_t>(first + t);
    normal.fill_normal(
        std::span(noise.data_ptr<float>() + t * patches * modes, static_cast<std::size_t>(patches * modes)),
        key, number);
    angle.data_ptr<float>()[t] = static_cast<float>(
        schedule.angle(1 + static_cast<int>(times.uniform(key, number) * schedule.steps())));
  }
  const auto of_patches = angle.repeat_interleave(patches).unsqueeze(1);
  const auto cosine = torch::cos(of_patches), sine = torch::sin(of_patches);
  const auto velocity =
      network.module->denoiser().forward(cosine * whitened + sine * noise, features, angle, side, side);
  return (velocity - (cosine * noise - sine * whitened)).square().mean();
}

double WindowLearner::loss_and_gradient(const WindowSamples& samples, idx_t first) {
  const WindowBatch& windows = samples.windows;
  const std::int64_t n = windows.count, points = point_spread.size(0), cells = network.options.shape.cells();
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
  if (!whitening.defined()) return loss.value.item<double>();
  // Members learn from the head, the head does not from members.
  const auto residual =
      (target - base - correction.mean.detach()) /
      ((view_of(samples.base.scale, {n}) / contrast) * torch::exp(correction.log_factor.detach()))
          .unsqueeze(1);
  const auto whitened =
      torch::matmul(residual, whitening.t()).clamp(-kLargestCoefficient, kLargestCoefficient).contiguous();
  const auto of_members = training.member_weight * member_loss(whitened, features.detach(), first);
  of_members.backward();
  return (loss.value + of_members).item<double>();
}

}  // namespace podscale
