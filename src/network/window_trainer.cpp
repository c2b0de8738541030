#include <algorithm>
#include <filesystem>
#include <limits>

#include "network.hpp"
#include "over_communicator.hpp"
#include "podscale/core/error.hpp"
#include "podscale/core/log.hpp"
#include "podscale/core/version.hpp"
#include "podscale/file/previous_file.hpp"
#include "podscale/network/window_checkpoint.hpp"
#include "podscale/network/window_training.hpp"
#include "podscale/parallel/communicator.hpp"
#include "window_learner.hpp"

namespace podscale {
namespace {

/// Error(data) that names what differs between the network of a file and the one that is wanted.
void require_same_network(const WindowModelOptions& found, const WindowModelOptions& wanted,
                          const std::string& path) {
  std::string changed;
  const auto compare = [&](const char* key, int trained, int now) {
    if (trained != now)
      changed += fmt::format("{}{} = {} (now {})", changed.empty() ? "" : ", ", key, trained, now);
  };
  compare("images.width", found.width, wanted.width);
  compare("images.layers", found.layers, wanted.layers);
  compare("images.blocks", found.blocks, wanted.blocks);
  compare("heads", found.heads, wanted.heads);
  compare("tile", found.tile, wanted.tile);
  compare("images.members", found.members, wanted.members);
  if (!changed.empty())
    fail(ExitCode::data,
         "{}: trained with {}; to go on, set them back; to train anew, set training.resume = .false. or "
         "another output.model_file",
         path, changed);
}

class Trained final : public WindowTrainer, private OverCommunicator {
 public:
  Trained(const Communicator& comm, const WindowTrainerRequest& request)
      : OverCommunicator(comm),
        comm_(&comm),
        request_(request),
        learner_(*this, request.model, request.training, request.point_spread, request.whitening),
        kept_(request.model, false) {
    learner_.network.module->initialise(request.training.seed);
    learner_.average.set_weights(learner_.network.weights());
    learner_.average.turns = 1;  // validation compares steps, forecasts average over turns
    kept_.set_weights(learner_.network.weights());
    int found = 0;
    std::error_code absent;
    found = comm.is_root() && request.resume && std::filesystem::exists(request.model_file, absent);
    if (comm.max(found) != 0) {
      fall_back(comm, request.model_file);
      go_on();
    }
  }

  bool run(const WindowDraw& draw, const WindowValidation& validate,
           const std::function<bool()>& should_stop) override {
    const WindowTrainingOptions& training = request_.training;
    const long steps = training.steps();
    learner_.optimizer.moments();  // makes them where this is the first step
    learner_.network.module->train();
    if (history_.empty())
      validate_now(validate, comm_->sum(learner_.loss_and_gradient(draw)) / comm_->size());
    Progress progress("training", steps, "steps");
    if (learner_.optimizer.step < steps) calibration_.clear();
    while (learner_.optimizer.step < steps) {
      double shared[2] = {learner_.loss_and_gradient(draw), should_stop() ? 1.0 : 0.0};
      comm_->sum(std::span<double>(shared));
      const double loss = shared[0] / comm_->size();
      learner_.optimizer.require_finite("the loss", loss);
      learner_.optimizer.average_gradient();
      learner_.optimizer.update();
      pending_loss_ += loss, ++pending_steps_;
      const double mean_loss = pending_loss_ / static_cast<double>(pending_steps_);
      const bool last = learner_.optimizer.step == steps;
      if (last || learner_.optimizer.step % training.validate_every == 0) {
        validate_now(validate, mean_loss);
        pending_loss_ = 0, pending_steps_ = 0;
      }
      const bool stop = shared[1] > 0;
      if (stop || last || learner_.optimizer.step % training.checkpoint_every == 0) save();
      progress.update(learner_.optimizer.step,
                      fmt::format("loss {:.5f} | PSNR {:.3f} dB, CRPS {:.5f} (best {:.5f} at {})", mean_loss,
                                  history_.back().psnr, history_.back().crps, best_score_, best_step_));
      if (stop && !last) return false;
    }
    if (steps == 0) save();
    progress.finish(fmt::format("best CRPS {:.5f} of the range at step {}, {:.1f} million windows seen",
                                best_score_, best_step_,
                                static_cast<double>(learner_.optimizer.step) * training.batch / 1e6));
    return true;
  }

  const WindowNetwork& best() override { return kept_; }
  void set_calibration(const std::vector<double>& numbers) override { calibration_ = numbers; }
  long step() const override { return learner_.optimizer.step; }
  long parameters() const override { return learner_.network.parameters(); }
  long best_step() const override { return best_step_; }

  void save() const override {
    WindowCheckpoint c;
    WindowSummary& s = c.summary;
    s.options = request_.model;
    s.step = learner_.optimizer.step;
    s.best_step = best_step_;
    s.best_score = best_score_;
    s.ranks = comm_->size();
    s.basis_checksum = request_.basis_checksum;
    s.effective_namelist = request_.effective_namelist;
    s.version = version();
    s.calibration = calibration_;
    s.history = history_;
    c.pending_loss = pending_loss_;
    c.pending_steps = pending_steps_;
    if (comm_->is_root()) {
      auto& moments = const_cast<WindowLearner&>(learner_).optimizer.moments();
      c.slices = learner_.network.flat->slices;
      c.parameters = learner_.network.weights();
      c.average = learner_.average.weights();
      c.best = kept_.weights();
      c.first_moment = Network::to_vector(moments.exp_avg());
      c.second_moment = Network::to_vector(moments.exp_avg_sq());
    }
    write_window_checkpoint(*comm_, c, request_.model_file);
  }

 private:
  void go_on() {
    const std::string& path = request_.model_file;
    const WindowCheckpoint c = read_window_checkpoint(*comm_, path);
    comm_->agree([&] {
      require_same_base(c.summary, request_.basis_checksum, path, request_.basis);
      require_same_network(c.summary.options, request_.model, path);
      const auto& slices = learner_.network.flat->slices;
      learner_.network.set_weights(in_order_of(slices, c, c.parameters, path));
      learner_.average.set_weights(in_order_of(slices, c, c.average, path));
      kept_.set_weights(in_order_of(slices, c, c.best, path));
      auto& moments = learner_.optimizer.moments();
      torch::Tensor first = moments.exp_avg(), second = moments.exp_avg_sq();
      Network::from_vector(in_order_of(slices, c, c.first_moment, path), first);
      Network::from_vector(in_order_of(slices, c, c.second_moment, path), second);
      moments.step(c.summary.step);
    });
    learner_.optimizer.step = c.summary.step;
    best_step_ = c.summary.best_step;
    best_score_ = c.summary.best_score;
    history_ = c.summary.history;
    calibration_ = c.summary.calibration;
    pending_loss_ = c.pending_loss;
    pending_steps_ = c.pending_steps;
    log::info("{}: going on from step {} (best {:.5f} at step {})", path, learner_.optimizer.step,
              best_score_, best_step_);
    if (c.summary.ranks != comm_->size())
      log::warn(
          "{} was written on {} ranks, this run has {}: the continuation is valid but not bit-identical",
          path, c.summary.ranks, comm_->size());
  }

  void validate_now(const WindowValidation& validate, double loss) {
    const WindowScore score = validate(learner_.average);
    learner_.optimizer.require_finite("the validation score", score.crps);
    history_.push_back({learner_.optimizer.step, loss, score.crps, score.psnr});
    if (score.crps >= best_score_) return;
    best_score_ = score.crps;
    best_step_ = learner_.optimizer.step;
    kept_.set_weights(learner_.average.weights());
  }

  const Communicator* comm_;
  WindowTrainerRequest request_;
  WindowLearner learner_;
  WindowModel kept_;
  std::vector<double> calibration_;
  std::vector<WindowRecord> history_;
  long best_step_ = 0, pending_steps_ = 0;
  double pending_loss_ = 0;  // since the last validation
  double best_score_ = std::numeric_limits<double>::infinity();
};

LoadedWindowNetwork load_window_network(const Communicator& comm, const std::string& path,
                                        const std::string& basis_checksum, const std::string& basis) {
  const WindowCheckpoint c = read_window_checkpoint(comm, path);
  LoadedWindowNetwork loaded;
  comm.agree([&] {
    require_same_base(c.summary, basis_checksum, path, basis);
    auto network = std::make_unique<WindowModel>(c.summary.options, false);
    network->set_weights(in_order_of(network->flat->slices, c, c.best, path));
    loaded = {std::move(network), c.summary};
  });
  return loaded;
}

std::unique_ptr<WindowTrainer> make_window_trainer(const Communicator& comm,
                                                   const WindowTrainerRequest& request) {
  same_on_all_ranks([&] {
    const int side = request.model.drawn_side(), batch = request.training.batch;
    if (batch < 1 || batch % (side * side * comm.size()) != 0)
      fail(ExitCode::usage,
           "images.batch_tokens = {}; expected a multiple of {}: {} patches drawn together, {} ranks", batch,
           side * side * comm.size(), side * side, comm.size());
    if (request.model.blocks > 0 && request.model.width % request.model.heads != 0)
      fail(ExitCode::usage, "images.width = {}; expected a multiple of the {} heads of attention",
           request.model.width, request.model.heads);
  });
  return std::make_unique<Trained>(comm, request);
}

}  // namespace

const WindowBackend& window_backend() {
  static const WindowBackend backend{load_window_network, make_window_trainer};
  return backend;
}

}  // namespace podscale
