#include "learner.hpp"

#include <torch/utils.h>

#include "podscale/core/error.hpp"
#include "podscale/core/random.hpp"

namespace podscale {
namespace {

/// Where a number is not finite.
std::string remedy(const TrainingOptions& training) {
  return fmt::format(
      "lower training.rate (now {}) or training.clip (now {}), and look for absurd values in the input",
      training.rate, training.clip);
}

}  // namespace

Learner::Learner(const GradientAverage& processes, const TokenLayout& layout, const ModelOptions& model,
                 const TrainingOptions& training)
    : processes(&processes),
      training(training),
      network(layout, model, true),
      average(layout, model, false),
      optimizer(processes, update_options(training, training.steps, 0.95, remedy(training)), *network.flat,
                *average.flat),
      schedule(model.diffusion_steps) {}

TrainingBatch Learner::batch_of(const TrainingSet& data, long at) const {
  const int count = training.batch / processes->size();
  return draw_batch(data, network.layout, schedule, network.options.prediction, training.seed, at,
                    processes->rank() * count, count, network.device);
}

double Learner::loss_and_gradient(const TrainingSet& data) {
  const long step = optimizer.step;
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

}  // namespace podscale
