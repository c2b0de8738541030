#include <filesystem>

#include "over_communicator.hpp"
#include "podscale/core/error.hpp"
#include "podscale/core/log.hpp"
#include "podscale/core/stage.hpp"
#include "podscale/file/previous_file.hpp"
#include "podscale/network/window_checkpoint.hpp"
#include "podscale/network/window_training.hpp"
#include "podscale/parallel/communicator.hpp"
#include "recovery.hpp"
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
        request_(request),
        learner_(*this, request.model, request.training, request.point_spread, request.whitening),
        run_(comm, learner_.optimizer, request.training.steps(), request.training.validate_every,
             request.training.checkpoint_every),
        kept_(request.model, false) {
    learner_.average.turns = 1;  // validation compares steps, forecasts average over turns
    initialise();
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
    return with_recoveries(
        run_, learner_.optimizer, [&] { return run_steps(draw, validate, should_stop); }, [&] { go_on(); },
        [&] {
          initialise();
          run_.begin();
        });
  }

  const WindowNetwork& best() override { return kept_; }
  void set_calibration(const std::vector<double>& numbers) override { calibration_ = numbers; }
  long step() const override { return learner_.optimizer.step; }
  long parameters() const override { return learner_.network.parameters(); }
  long best_step() const override { return run_.best_step; }

  void save() const override {
    WindowCheckpoint c;
    WindowSummary& s = c.summary;
    s.options = request_.model;
    s.basis_checksum = request_.basis_checksum;
    s.effective_namelist = request_.effective_namelist;
    s.calibration = calibration_;
    s.history = history_;
    run_.put(c, s);
    if (run_.comm->is_root()) c.best = kept_.weights();
    write_window_checkpoint(*run_.comm, c, request_.model_file);
  }

 private:
  void initialise() {
    learner_.network.module->initialise(request_.training.seed);
    learner_.average.set_weights(learner_.network.weights());
    kept_.set_weights(learner_.network.weights());
    history_.clear();
  }

  /// The steps that are left.
  bool run_steps(const WindowDraw& draw, const WindowValidation& validate,
                 const std::function<bool()>& should_stop) {
    learner_.network.module->train();
    if (history_.empty()) validate_now(validate, run_.mean_over_parts(losses(draw)));
    Progress progress("training", run_.steps, "steps");
    progress.skip(step());
    if (step() < run_.steps) calibration_.clear();
    const TrainingRun::Parts parts{
        [&] { return losses(draw); },
        [&] { learner_.optimizer.average_gradient(); },
        [&](double mean_loss) {
          validate_now(validate, mean_loss);
          return true;
        },
        [] { return false; },
        [&] { save(); },
        [&](double mean_loss) {
          return fmt::format("loss {:.5f} | PSNR {:.3f} dB, CRPS {:.5f} (best {:.5f} at {})", mean_loss,
                             history_.back().psnr, history_.back().crps, run_.best_score, run_.best_step);
        }};
    if (!run_.train(parts, progress, should_stop)) return false;
    progress.finish(fmt::format("best CRPS {:.5f} of the range at step {}, {:.1f} million windows seen",
                                run_.best_score, run_.best_step,
                                static_cast<double>(step()) * request_.training.batch / 1e6));
    return true;
  }

  /// A batch has one part a rank.
  std::vector<double> losses(const WindowDraw& draw) {
    std::vector<double> parts(static_cast<std::size_t>(run_.comm->size()), 0.0);
    parts[static_cast<std::size_t>(run_.comm->rank())] = learner_.loss_and_gradient(draw);
    return parts;
  }

  void go_on() {
    const std::string& path = request_.model_file;
    const WindowCheckpoint c = read_window_checkpoint(*run_.comm, path);
    run_.comm->agree([&] {
      require_same_basis(c.summary, request_.basis_checksum, path, request_.basis);
      require_same_network(c.summary.options, request_.model, path);
    });
    kept_.set_weights(run_.go_on(c, c.summary, path));
    history_ = c.summary.history;
    calibration_ = c.summary.calibration;
    if (c.summary.ranks != run_.comm->size())
      log::warn(
          "{} was written on {} ranks, this run has {}: the continuation is valid but not bit-identical",
          path, c.summary.ranks, run_.comm->size());
  }

  void validate_now(const WindowValidation& validate, double loss) {
    const Stage stage(StageId::validate);
    const WindowScore score = validate(learner_.average);
    if (run_.gains(score.crps)) kept_.set_weights(learner_.average.weights());
    history_.push_back({step(), loss, score.crps, score.psnr});
  }

  WindowTrainerRequest request_;
  WindowLearner learner_;
  TrainingRun run_;
  WindowModel kept_;
  std::vector<double> calibration_;
  std::vector<WindowRecord> history_;
};

LoadedWindowNetwork load_window_network(const Communicator& comm, const std::string& path,
                                        const std::string& basis_checksum, const std::string& basis) {
  const WindowCheckpoint c = read_window_checkpoint(comm, path);
  LoadedWindowNetwork loaded;
  comm.agree([&] {
    require_same_basis(c.summary, basis_checksum, path, basis);
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
