#pragma once
// One step of the training of a window network: the weights, their moving average, AdamW, and how
// gradients meet. Knows neither MPI nor files.

#include <torch/optim/adamw.h>

#include <vector>

#include "podscale/network/gradient_average.hpp"
#include "podscale/network/schedule.hpp"
#include "window_model.hpp"

namespace podscale {

struct WindowLearner {
  /// processes must outlive the learner. point_spread: of the base where s = 1, [points]. whitening:
  /// [K][points], of members. The weights are what WindowTransformer makes: initialise them.
  WindowLearner(const GradientAverage& processes, const WindowModelOptions& model,
                const WindowTrainingOptions& training, const std::vector<double>& point_spread,
                const std::vector<double>& whitening = {});
  WindowLearner(const WindowLearner&) = delete;
  WindowLearner& operator=(const WindowLearner&) = delete;

  /// Not collective. Of this process's share of the batch of step `step`; leaves the gradient in
  /// network.flat.
  double loss_and_gradient(const WindowDraw& draw);
  /// Not collective. Of given samples; first: number of their first tile, for the noise of members.
  double loss_and_gradient(const WindowSamples& samples, idx_t first = 0);
  /// Collective. The mean over the processes, clipped. Error(data), agreed, where its norm is not
  /// finite.
  void average_gradient();
  /// Not collective. AdamW with the rate of this step, then the moving average; ++step.
  void update();
  /// As Learner::moments().
  torch::optim::AdamWParamState& moments();
  /// Linear warm-up, then a cosine to rate_floor of the peak.
  double rate_at(long at) const;
  /// Error(data), marked as agreed: `value` is the same on all processes.
  void require_finite(const char* what, double value) const;

  const GradientAverage* processes;
  WindowTrainingOptions training;
  WindowModel network, average;  // weights, and their exponential moving average
  torch::optim::AdamW optimizer;
  torch::Tensor point_spread;  // [points]
  torch::Tensor whitening;     // [K, points]; undefined without members
  Schedule schedule;           // of members
  long step = 0;

 private:
  torch::Tensor member_loss(const torch::Tensor& whitened, const torch::Tensor& features, idx_t first);
  void rate(double value);
};

}  // namespace podscale
