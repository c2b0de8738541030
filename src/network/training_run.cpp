#include "training_run.hpp"

#include <numeric>
#include <span>

#include "network.hpp"
#include "podscale/core/error.hpp"
#include "podscale/core/stage.hpp"
#include "podscale/core/version.hpp"

namespace podscale {

TrainingRun::TrainingRun(const Communicator& comm, WeightUpdate& optimizer, long steps, long validate_every,
                         long checkpoint_every)
    : comm(&comm),
      steps(steps),
      validate_every(validate_every),
      checkpoint_every(checkpoint_every),
      optimizer_(&optimizer) {}

bool TrainingRun::train(const Parts& parts, Progress& progress, const std::function<bool()>& should_stop) {
  const Stage stage(StageId::train);
  while (optimizer_->step < steps && !parts.exhausted()) {
    const std::vector<double> losses = parts.loss_and_gradient();
    const auto [loss, asked_to_stop] = mean_over_parts(losses, should_stop());
    parts.average_gradient();
    optimizer_->update();
    pending_loss += loss, ++pending_steps;
    last_loss = loss;
    const double mean = mean_loss();
    const bool due = is_due(), cut_short = due && !parts.validate(mean);
    if (due && !cut_short) pending_loss = 0, pending_steps = 0;
    const bool stop = asked_to_stop || cut_short;
    const bool last = !cut_short && (optimizer_->step == steps || parts.exhausted());
    if (stop || last || optimizer_->step % checkpoint_every == 0) {
      optimizer_->require_finite_weights();
      parts.save();
      in_file = true;
    }
    progress.update(optimizer_->step, parts.text(mean));
    if (stop && !last) return false;
  }
  if (steps == 0) parts.save();
  return true;
}

std::pair<double, bool> TrainingRun::mean_over_parts(const std::vector<double>& losses,
                                                     bool asked_to_stop) const {
  std::vector<double> shared = losses;
  shared.push_back(asked_to_stop ? 1.0 : 0.0);
  comm->sum(std::span(shared));
  const auto parts = std::span(shared).first(losses.size());
  const double mean = std::accumulate(parts.begin(), parts.end(), 0.0) / static_cast<double>(parts.size());
  optimizer_->require_finite("the loss", mean);
  return {mean, shared.back() > 0};
}

bool TrainingRun::gains(double score) {
  optimizer_->require_finite("the validation score", score);
  if (!(score < best_score)) return false;
  best_score = score;
  best_step = optimizer_->step;
  return true;
}

bool TrainingRun::is_due() const {
  return optimizer_->step % validate_every == 0 || optimizer_->step == steps;
}

void TrainingRun::put(TrainedWeights& weights, TrainingSummary& summary) const {
  summary.step = optimizer_->step;
  summary.best_step = best_step;
  summary.best_score = best_score;
  summary.ranks = comm->size();
  summary.version = version();
  weights.pending_loss = pending_loss;
  weights.pending_steps = pending_steps;
  weights.rate_factor = optimizer_->rate_factor;
  if (!comm->is_root()) return;
  auto& moments = optimizer_->moments();
  weights.slices = optimizer_->weights.slices;
  weights.parameters = Network::to_vector(optimizer_->weights.values);
  weights.average = Network::to_vector(optimizer_->average.values);
  weights.first_moment = Network::to_vector(moments.exp_avg());
  weights.second_moment = Network::to_vector(moments.exp_avg_sq());
}

void TrainingRun::begin() {
  auto& moments = optimizer_->moments();
  moments.exp_avg().zero_();
  moments.exp_avg_sq().zero_();
  moments.step(0);
  optimizer_->step = best_step = pending_steps = 0;
  pending_loss = 0;
  best_score = std::numeric_limits<double>::infinity();
}

std::vector<float> TrainingRun::go_on(const TrainedWeights& weights, const TrainingSummary& summary,
                                      const std::string& path) {
  std::vector<float> best;
  comm->agree([&] {
    const auto in_order = [&](const std::vector<float>& values) {
      return in_order_of(optimizer_->weights.slices, weights, values, path);
    };
    Network::from_vector(in_order(weights.parameters), optimizer_->weights.values);
    Network::from_vector(in_order(weights.average), optimizer_->average.values);
    best = in_order(weights.best);
    auto& moments = optimizer_->moments();
    torch::Tensor first = moments.exp_avg(), second = moments.exp_avg_sq();
    Network::from_vector(in_order(weights.first_moment), first);
    Network::from_vector(in_order(weights.second_moment), second);
    moments.step(summary.step);
  });
  optimizer_->step = summary.step;
  best_step = summary.best_step;
  best_score = summary.best_score;
  pending_loss = weights.pending_loss;
  pending_steps = weights.pending_steps;
  optimizer_->rate_factor = weights.rate_factor;
  in_file = true;
  log::info("{}: going on from step {} (best {:.5f} at step {})", path, summary.step, best_score, best_step);
  return best;
}

}  // namespace podscale
