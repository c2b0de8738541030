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
      schedule(model.diffusion_steps),
      groups_(groups_of_batch(training, network.device.is_cpu(), processes.size())),
      own_(groups_ / processes.size()),
      rows_(processes, layout),
      parts_(processes, groups_),
      losses_(static_cast<std::size_t>(groups_), 0.0) {
  PODSCALE_ASSERT(groups_ % processes.size() == 0 && training.batch % groups_ == 0,
                  "{} samples in {} parts on {} processes", training.batch, groups_, processes.size());
}

/// part: of this process's.
TrainingBatch Learner::part_of_batch(const TrainingSet& data, long at, int part) {
  const int count = training.batch / groups_;
  std::vector<int> first;
  for (int r = 0; r < processes->size(); ++r) first.push_back((r * own_ + part) * count);
  return draw_batch(
      {&data, &network.layout, network.tiles.get(), &schedule, network.options.prediction, training.seed},
      rows_, at, first, processes->rank(), count, network.device);
}

double Learner::loss_and_gradient(const TrainingSet& data) {
  const long step = optimizer.step;
  parts_.clear();
  double sum = 0;
  for (int part = 0; part < own_; ++part) {
    const bool ready = next_ && next_->step == step && next_->part == part && next_->of == data.latent.data();
    const TrainingBatch batch = ready ? std::move(next_->batch) : part_of_batch(data, step, part);
    next_.reset();
    const int number = processes->rank() * own_ + part;
    // Dropout and condition noise come from Torch's generator: seeded by (seed, step, part), so
    // that neither a restart nor the number of processes changes them.
    torch::manual_seed(CounterRandom(training.seed, Stream::dropout)
                           .integer(static_cast<std::uint32_t>(step), static_cast<std::uint32_t>(number)));
    const auto loss = training_loss(*network.module, batch, training);
    network.flat->gradient.zero_();
    loss.backward();
    // The device is at work on what it was sent: item() waits for it.
    const bool more = part + 1 < own_;
    if (!network.device.is_cpu() && (more || step + 1 < training.steps))
      next_ = Drawn{data.latent.data(), more ? step : step + 1, more ? part + 1 : 0,
                    part_of_batch(data, more ? step : step + 1, more ? part + 1 : 0)};
    const double value = loss.item<double>();
    losses_[static_cast<std::size_t>(number)] = value;
    sum += value;
    if (groups_ > 1) {
      const auto host = network.flat->gradient.to(torch::kCPU);  // the same tensor on a CPU
      parts_.add(std::span(host.data_ptr<float>(), static_cast<std::size_t>(host.numel())));
    }
  }
  return sum / own_;
}

void Learner::average_gradient() {
  torch::NoGradGuard no_grad;
  if (groups_ > 1) {
    torch::Tensor& gradient = network.flat->gradient;
    auto host = gradient.to(torch::kCPU);  // the same tensor on a CPU
    parts_.mean(std::span(host.data_ptr<float>(), static_cast<std::size_t>(host.numel())));
    if (!gradient.is_cpu()) gradient.copy_(host);
  }
  optimizer.clip_gradient();
}

}  // namespace podscale
