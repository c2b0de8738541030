#pragma once
// One step of training: the weights, their moving average, and the loss of this process's share of a
// batch. Knows neither MPI nor files.

#include <optional>

#include "network.hpp"
#include "podscale/network/schedule.hpp"
#include "training_batch.hpp"
#include "weight_update.hpp"

namespace podscale {

struct Learner {
  /// processes must outlive the learner. The weights are what Denoiser makes: initialise them.
  Learner(const GradientAverage& processes, const TokenLayout& layout, const ModelOptions& model,
          const TrainingOptions& training);
  Learner(const Learner&) = delete;
  Learner& operator=(const Learner&) = delete;

  /// Not collective. Of this process's share of the batch of step optimizer.step; leaves the gradient in
  /// network.flat. Where the weights are on a device, the host draws the next batch meanwhile.
  double loss_and_gradient(const TrainingSet& data);

  const GradientAverage* processes;
  TrainingOptions training;
  Network network, average;  // weights, and their exponential moving average
  WeightUpdate optimizer;
  Schedule schedule;

 private:
  TrainingBatch batch_of(const TrainingSet& data, long at) const;
  struct Drawn {
    const float* of;  // data.latent: of which set
    long step;
    TrainingBatch batch;
  };
  std::optional<Drawn> next_;
};

}  // namespace podscale
