#pragma once
// One step of training: the weights, their moving average, and the loss of this process's share of
// a batch. Knows neither MPI nor files.

#include <optional>

#include "network.hpp"
#include "podscale/network/schedule.hpp"
#include "training_batch.hpp"
#include "unit_gradients.hpp"
#include "weight_update.hpp"

namespace podscale {

struct Learner {
  /// processes must outlive the learner. The weights are what Denoiser makes: initialise them.
  Learner(const GradientAverage& processes, const TokenLayout& layout, const ModelOptions& model,
          const TrainingOptions& training);
  Learner(const Learner&) = delete;
  Learner& operator=(const Learner&) = delete;

  /// Collective where the tokens of `data` lie on several processes. The mean loss of this
  /// process's parts of the batch of step optimizer.step. Where the weights are on a device, the
  /// host draws the next part meanwhile.
  double loss_and_gradient(const TrainingSet& data);
  int groups() const { return groups_; }  ///< parts of a batch
  /// Of all parts of a batch, those of this process filled in, the others 0: their sum over the
  /// processes is exact.
  const std::vector<double>& losses() const { return losses_; }
  /// Collective. The mean gradient of the batch, clipped, into network.flat: the same bits at any
  /// number of processes that divides the parts.
  void average_gradient();

  const GradientAverage* processes;
  TrainingOptions training;
  Network network, average;  // weights, and their exponential moving average
  WeightUpdate optimizer;
  Schedule schedule;

 private:
  TrainingBatch part_of_batch(const TrainingSet& data, long at, int part);
  struct Drawn {
    const float* of;  // data.latent: of which set
    long step;
    int part;
    TrainingBatch batch;
  };
  int groups_, own_;  // parts of a batch, and those of each process
  SampleRows rows_;
  UnitGradients parts_;
  std::vector<double> losses_;
  std::optional<Drawn> next_;
};

}  // namespace podscale
