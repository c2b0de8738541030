#pragma once
// How far a training is, and its steps between validations and checkpoints: what the trainers of
// all networks share. Private to this folder.

#include <functional>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "podscale/core/log.hpp"
#include "podscale/network/trained_weights.hpp"
#include "podscale/network/training_summary.hpp"
#include "podscale/parallel/communicator.hpp"
#include "weight_update.hpp"

namespace podscale {

struct TrainingRun {
  /// Both must outlive it.
  TrainingRun(const Communicator& comm, WeightUpdate& optimizer, long steps, long validate_every,
              long checkpoint_every);

  struct Parts {
    /// Of this rank's share of a batch: losses of all parts of the batch, 0 those of other ranks.
    std::function<std::vector<double>()> loss_and_gradient;
    std::function<void()> average_gradient;          ///< collective: over the batch, clipped
    std::function<bool(double mean_loss)> validate;  ///< false where it was cut short by a request to stop
    std::function<bool()> exhausted;                 ///< no more steps, though some are left
    std::function<void()> save;
    std::function<std::string(double mean_loss)> text;  ///< for the progress line
  };
  /// Collective. The steps that are left, with their validations and checkpoints. False, with a
  /// checkpoint, where should_stop() is true on any rank (asked at every step) or a validation was
  /// cut short before the end. NotFinite where loss, gradient or weights are not.
  bool train(const Parts& parts, Progress& progress, const std::function<bool()>& should_stop);
  /// Collective. The mean over the parts of a batch, added in their order at any number of ranks;
  /// the parts of other ranks are 0. NotFinite where it is not.
  double mean_over_parts(const std::vector<double>& losses) const {
    return mean_over_parts(losses, false).first;
  }
  /// Not collective. Notes the score of this step, the same on all ranks: true where it is the
  /// best. NotFinite where it is not.
  bool gains(double score);
  bool is_due() const;  ///< a validation
  double mean_loss() const { return pending_loss / static_cast<double>(pending_steps); }

  /// Not collective. What a model file keeps of it; the weights on rank 0 alone, which writes
  /// them.
  void put(TrainedWeights& weights, TrainingSummary& summary) const;
  /// Collective. Goes on from what `path` kept. The weights of the best score, in the order of the
  /// optimizer's. Errors: data (a network of other parameters).
  std::vector<float> go_on(const TrainedWeights& weights, const TrainingSummary& summary,
                           const std::string& path);
  /// Not collective. As before the first step, but for the weights, which are the caller's to
  /// initialise.
  void begin();

  const Communicator* comm;
  long steps, validate_every, checkpoint_every;
  long best_step = 0, pending_steps = 0;
  double pending_loss = 0;  // since the last validation
  double best_score = std::numeric_limits<double>::infinity();
  double last_loss = std::numeric_limits<double>::quiet_NaN();  // of one step
  bool in_file = false;  // the model file holds a state of this training

 private:
  /// And whether any rank was asked to stop.
  std::pair<double, bool> mean_over_parts(const std::vector<double>& losses, bool asked_to_stop) const;

  WeightUpdate* optimizer_;
};

}  // namespace podscale
