#pragma once
// One step of training: the weights, their moving average, AdamW, and how gradients meet. Knows
// neither MPI nor files.

#include <torch/optim/adamw.h>

#include <optional>

#include "network.hpp"
#include "podscale/network/gradient_average.hpp"
#include "podscale/network/schedule.hpp"
#include "training_batch.hpp"

namespace podscale {

struct Learner {
  /// average must outlive the learner. The weights are what Denoiser makes: initialise them.
  Learner(const GradientAverage& processes, const TokenLayout& layout, const ModelOptions& model,
          const TrainingOptions& training);
  Learner(const Learner&) = delete;
  Learner& operator=(const Learner&) = delete;

  /// Not collective. Of this process's share of the batch of step `step`; leaves the gradient in
  /// network.flat. Where the weights are on a device, the host draws the next batch meanwhile.
  double loss_and_gradient(const TrainingSet& data);
  /// Collective. The mean over the processes, clipped. Error(data), agreed, where its norm is not
  /// finite.
  void average_gradient();
  /// Not collective. AdamW with the rate of this step, then the moving average; ++step.
  void update();
  /// AdamW's state of the one flat parameter. The key of the map differs between Torch versions, so
  /// it is reached by being the only entry; a step with gradient and rate 0 makes it.
  torch::optim::AdamWParamState& moments();
  /// Linear warm-up, then a cosine to rate_floor of the peak.
  double rate_at(long at) const;
  /// Error(data), marked as agreed: `value` is the same on all processes.
  void require_finite(const char* what, double value) const;

  const GradientAverage* processes;
  TrainingOptions training;
  Network network, average;  // weights, and their exponential moving average
  torch::optim::AdamW optimizer;
  Schedule schedule;
  long step = 0;

 private:
  TrainingBatch batch_of(const TrainingSet& data, long at) const;
  void rate(double value);
  struct Drawn {
    const float* of;  // data.latent: of which set
    long step;
    TrainingBatch batch;
  };
  std::optional<Drawn> next_;
};

}  // namespace podscale
