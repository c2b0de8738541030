#pragma once
// One step of the training of a window network: the weights, their moving average, and the loss of
// this process's share of a batch. Knows neither MPI nor files.

#include <vector>

#include "podscale/network/schedule.hpp"
#include "weight_update.hpp"
#include "window_model.hpp"

namespace podscale {

struct WindowLearner {
  /// processes must outlive the learner. point_spread: of the base where s = 1, [points].
  /// whitening: [K][points], of members. The weights are what WindowTransformer makes: initialise
  /// them.
  WindowLearner(const GradientAverage& processes, const WindowModelOptions& model,
                const WindowTrainingOptions& training, const std::vector<double>& point_spread,
                const std::vector<double>& whitening = {});
  WindowLearner(const WindowLearner&) = delete;
  WindowLearner& operator=(const WindowLearner&) = delete;

  /// Not collective. Of this process's share of the batch of step optimizer.step; leaves the
  /// gradient in network.flat.
  double loss_and_gradient(const WindowDraw& draw);
  /// Not collective. Of given samples; first: number of their first tile, for the noise of
  /// members.
  double loss_and_gradient(const WindowSamples& samples, idx_t first = 0);

  const GradientAverage* processes;
  WindowTrainingOptions training;
  WindowModel network, average;  // weights, and their exponential moving average
  WeightUpdate optimizer;
  torch::Tensor point_spread;  // [points]
  torch::Tensor whitening;     // [K, points]; undefined without members
  Schedule schedule;           // of members

 private:
  torch::Tensor member_loss(const torch::Tensor& whitened, const torch::Tensor& features, idx_t first);
};

}  // namespace podscale
