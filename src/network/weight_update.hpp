#pragma once
// A step of the weights of any network: how gradients meet, AdamW and its rate, and the moving
// average. Knows neither MPI nor files, nor what is trained.

#include <torch/optim/adamw.h>

#include <string>

#include "parameters.hpp"
#include "podscale/core/error.hpp"
#include "podscale/network/gradient_average.hpp"

namespace podscale {

struct UpdateOptions {
  long steps = 0, warmup = 0;       ///< of the cosine, with its warm-up
  double rate = 0, rate_floor = 0;  ///< peak of the cosine, floor as a fraction of it
  double weight_decay = 0, clip = 0, ema_decay = 0;
  double square_decay = 0;  ///< of AdamW's mean of the squared gradient; 0.9 of that of the gradient
  std::string remedy{};     ///< where a number is not finite: what the user may change
};

/// A number of the training that is not finite, the same on all ranks.
class NotFinite : public Error {
 public:
  NotFinite(const std::string& what, const std::string& remedy)
      : Error(ExitCode::bug, what, true), remedy(remedy) {}
  std::string remedy;  ///< what the user may change
};

/// training: TrainingOptions or WindowTrainingOptions.
template <class Training>
UpdateOptions update_options(const Training& training, long steps, double square_decay,
                             const std::string& remedy) {
  return {steps,
          training.warmup,
          training.rate,
          training.rate_floor,
          training.weight_decay,
          training.clip,
          training.ema_decay,
          square_decay,
          remedy};
}

class WeightUpdate {
 public:
  /// All must outlive it: processes, the weights (with a gradient) and their moving average, which
  /// is theirs to begin with once the weights are initialised.
  WeightUpdate(const GradientAverage& processes, const UpdateOptions& options, FlatParameters& weights,
               FlatParameters& average);
  WeightUpdate(const WeightUpdate&) = delete;
  WeightUpdate& operator=(const WeightUpdate&) = delete;

  /// Collective. The mean of the gradient over the processes, clipped. NotFinite where its norm is
  /// not.
  void average_gradient();
  /// Not collective: the second half of that, where the gradient is the same on every process.
  void clip_gradient();
  /// Not collective. AdamW with the rate of this step, then the moving average; ++step.
  void update();
  /// AdamW's state of the one flat parameter. The key of the map differs between Torch versions,
  /// so it is reached by being the only entry.
  torch::optim::AdamWParamState& moments();
  /// NotFinite that names step and rate: `value` is the same on all processes.
  void require_finite(const char* what, double value) const;
  /// Not collective. The same of the weights, before they are kept.
  void require_finite_weights() const;

  FlatParameters &weights, &average;
  long step = 0;
  double rate_factor = 1;  ///< of the rate; below 1 after a recovery

 private:
  /// Linear warm-up, then a cosine to rate_floor of the peak.
  double rate_at(long at) const;
  void rate(double value);
  const GradientAverage* processes_;
  UpdateOptions options_;
  torch::optim::AdamW adamw_;
};

}  // namespace podscale
