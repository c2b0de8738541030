#include <algorithm>
#include <filesystem>

#include "learner.hpp"
#include "over_communicator.hpp"
#include "podscale/core/error.hpp"
#include "podscale/core/log.hpp"
#include "podscale/core/stage.hpp"
#include "podscale/file/previous_file.hpp"
#include "podscale/network/checkpoint.hpp"
#include "podscale/network/vit.hpp"
#include "recovery.hpp"

namespace podscale {

struct Trainer::State : private OverCommunicator, Learner, TrainingRun {
  State(const Communicator& comm, const TokenLayout& layout, const ModelOptions& model,
        const TrainingOptions& training)
      : OverCommunicator(comm),
        Learner(*this, layout, model, training),
        TrainingRun(comm, optimizer, training.steps, training.validate_every, training.checkpoint_every) {}

  SamplerOptions sampler{SamplerKind::ddim, 20, 1};
  std::string model_file, basis_checksum, effective_namelist;
  std::string criterion, scored_by;  // of this run; of best_score, which model_file may bring
  std::vector<float> best;
  std::vector<Calibration> head_calibrations{1}, ensemble_calibrations{1};
  std::vector<ValidationRecord> history;

  void initialise();
  void take(const Checkpoint& c);
  void validate(const ValidationScore& score, double loss);
  bool validated(const ValidationScore& score, double loss);
  void rescore(const ValidationScore& score);
  void forget_calibrations(std::size_t regimes) {
    head_calibrations = ensemble_calibrations = std::vector<Calibration>(regimes);
  }
  /// No validation has gained for a while.
  bool exhausted() const {
    return training.patience > 0 &&
           std::count_if(history.begin(), history.end(), [this](const ValidationRecord& record) {
             return record.step > best_step;
           }) >= training.patience;
  }
};

Trainer::Trainer(Trainer&&) noexcept = default;
Trainer::~Trainer() = default;

Trainer::Trainer(const Communicator& comm, const TokenLayout& layout, const ModelOptions& model,
                 const TrainingOptions& training, const std::string& basis_checksum,
                 const std::string& model_file, bool resume, const std::string& effective_namelist,
                 const std::string& basis) {
  int found = 0;
  ModelOptions placed = model;
  placed.device = device_of_rank(comm, model.placement());
  comm.agree([&] {
    if (training.batch < 1 || training.batch % comm.size() != 0)
      fail(ExitCode::usage, "training.batch = {}; expected a multiple of the {} ranks", training.batch,
           comm.size());
    if (training.groups > 0 && (training.batch % training.groups != 0 || training.groups % comm.size() != 0))
      fail(ExitCode::usage,
           "training.groups = {}; expected a divisor of training.batch = {} and a multiple of the {} ranks",
           training.groups, training.batch, comm.size());
    state_ = std::make_unique<State>(comm, layout, placed, training);
    std::error_code absent;
    found = comm.is_root() && resume && std::filesystem::exists(model_file, absent);
  });
  State& s = *state_;
  s.model_file = model_file;
  s.basis_checksum = basis_checksum;
  s.effective_namelist = effective_namelist;
  s.initialise();
  if (comm.max(found) == 0) return;

  fall_back(comm, model_file);
  const Checkpoint c = read_checkpoint(comm, model_file);
  comm.agree([&] {
    require_same_study(c.summary, layout, basis_checksum, model_file, basis);
    const ModelOptions& o = c.summary.options;
    std::string changed;
    const auto compare = [&](const char* key, const auto& trained, const auto& wanted) {
      if (trained != wanted)
        changed += fmt::format("{}{} = {} (now {})", changed.empty() ? "" : ", ", key, trained, wanted);
    };
    const auto name = [](Prediction p) { return p == Prediction::noise ? "'noise'" : "'velocity'"; };
    const auto head = [](bool with) { return with ? "above 0" : "0"; };
    compare("model.width", o.width, model.width);
    compare("model.depth", o.depth, model.depth);
    compare("model.heads", o.heads, model.heads);
    compare("model.prediction", std::string(name(o.prediction)), name(model.prediction));
    compare("model.diffusion_steps", o.diffusion_steps, model.diffusion_steps);
    compare("model.dropout", o.dropout, model.dropout);
    compare("model.tile", o.tile, model.tile);
    compare("model.tile_halo", o.tile_halo, model.tile_halo);
    compare("training.head_weight", std::string(head(o.with_head)), head(model.with_head));
    if (!changed.empty())
      fail(ExitCode::data,
           "{}: trained with {}; to go on, set them back; to train anew, set training.resume = .false. or "
           "another output.model_file",
           model_file, changed);
  });
  s.take(c);
}

void Trainer::State::initialise() {
  network.module->initialise(training.seed);
  average.set_weights(network.weights());
  best = network.weights();
  history.clear();
}

void Trainer::State::take(const Checkpoint& c) {
  best = go_on(c, c.summary, model_file);
  scored_by = c.summary.criterion;
  history = c.summary.history;
  head_calibrations = c.summary.head_calibrations;
  ensemble_calibrations = c.summary.ensemble_calibrations;
  if (c.summary.groups != groups())
    log::warn(
        "{} was trained in {} groups a batch, this run has {} ranks and {} groups: the continuation is "
        "valid but not bit-identical; training.groups sets them",
        model_file, c.summary.groups, comm->size(), groups());
}

void Trainer::State::validate(const ValidationScore& score, double loss) {
  const Stage stage(StageId::validate);
  const double value = score(average.functions(sampler));
  if (gains(value)) best = average.weights();
  history.push_back({optimizer.step, loss, value});
}

/// False where the run is to stop before it is done: then it is made up for when training goes on.
bool Trainer::State::validated(const ValidationScore& score, double loss) {
  try {
    validate(score, loss);
  } catch (const Error& error) {
    if (error.code() != ExitCode::requeue) throw;
    return false;
  }
  return true;
}

/// best_score is by another criterion: the weights behind it have to beat step 0 once more.
void Trainer::State::rescore(const ValidationScore& score) {
  const std::vector<float> averaged = average.weights();
  average.module->initialise(training.seed);
  const std::vector<float> first = average.weights();
  const double untrained = score(average.functions(sampler));
  average.set_weights(best);
  const double kept = best_step > 0 ? score(average.functions(sampler)) : untrained;
  average.set_weights(averaged);
  optimizer.require_finite("the validation score", untrained);
  optimizer.require_finite("the validation score", kept);
  log::info("{}: kept step {} by '{}'; by '{}' it scores {:.5f}, step 0 {:.5f}", model_file, best_step,
            scored_by, criterion, kept, untrained);
  best_score = kept;
  scored_by = criterion;
  // What was found by another criterion says nothing of when to stop.
  history = {{0, history.front().loss, untrained}};
  if (best_step > 0 && kept < untrained) history.push_back({best_step, history.front().loss, kept});
  if (best_step == 0 || kept < untrained) return;
  best_score = untrained;
  best_step = 0;
  best = first;
  forget_calibrations(head_calibrations.size());  // of weights that are gone
}

bool Trainer::run(const TrainingSet& data, const ValidationScore& score,
                  const std::function<bool()>& should_stop) {
  State& s = *state_;
  return with_recoveries(
      s, s.optimizer, [&] { return run_steps(data, score, should_stop); },
      [&] { s.take(read_checkpoint(*s.comm, s.model_file)); },
      [&] {
        s.initialise();
        s.begin();
      });
}

bool Trainer::run_steps(const TrainingSet& data, const ValidationScore& score,
                        const std::function<bool()>& should_stop) {
  State& s = *state_;
  s.comm->agree([&] { require_usable(data, s.network.layout, s.comm->rank(), s.comm->size()); });
  s.network.module->train();
  if (s.history.empty()) {
    s.loss_and_gradient(data);
    s.validate(score, s.mean_over_parts(s.losses()));
    s.scored_by = s.criterion;
  } else if (s.scored_by != s.criterion) {
    s.rescore(score);
    save();
  }
  if (s.optimizer.step > s.history.back().step && s.pending_steps > 0 && s.is_due()) {
    s.validate(score, s.mean_loss());
    s.pending_loss = 0, s.pending_steps = 0;
    save();
  }
  Progress progress("training", s.training.steps, "steps");
  progress.skip(s.optimizer.step);
  const std::size_t regimes = 1 + data.others.size();
  if (s.head_calibrations.size() != regimes || (s.optimizer.step < s.training.steps && !s.exhausted()))
    s.forget_calibrations(regimes);
  const TrainingRun::Parts parts{[&] {
                                   s.loss_and_gradient(data);
                                   return s.losses();
                                 },
                                 [&] { s.average_gradient(); },
                                 [&](double mean_loss) { return s.validated(score, mean_loss); },
                                 [&] { return s.exhausted(); },
                                 [&] { save(); },
                                 [&](double mean_loss) {
                                   return fmt::format("loss {:.4f} | score {:.5f} (best {:.5f} at {})",
                                                      mean_loss, s.history.back().score, s.best_score,
                                                      s.best_step);
                                 }};
  if (!s.train(parts, progress, should_stop)) return false;
  progress.finish(fmt::format("{}best score {:.5f} at step {}",
                              s.optimizer.step < s.training.steps
                                  ? fmt::format("stopped at step {}: {} validations without a gain, ",
                                                s.optimizer.step, s.training.patience)
                                  : "",
                              s.best_score, s.best_step));
  return true;
}

void Trainer::save() const {
  State& s = *state_;
  Checkpoint c;
  c.summary.options = s.network.options;
  c.summary.layout = s.network.layout;
  c.summary.groups = s.groups();
  c.summary.basis_checksum = s.basis_checksum;
  c.summary.effective_namelist = s.effective_namelist;
  c.summary.criterion = s.scored_by;
  c.summary.history = s.history;
  c.summary.head_calibrations = s.head_calibrations;
  c.summary.ensemble_calibrations = s.ensemble_calibrations;
  s.put(c, c.summary);
  if (s.comm->is_root()) c.best = s.best;
  write_checkpoint(*s.comm, c, s.model_file);
}

void Trainer::set_calibrations(const std::vector<Calibration>& head,
                               const std::vector<Calibration>& ensemble) {
  state_->head_calibrations = head;
  state_->ensemble_calibrations = ensemble;
}
void Trainer::set_validation_sampler(const SamplerOptions& sampler) {
  state_->sampler = sampler;
}
void Trainer::set_criterion(const std::string& criterion) {
  state_->criterion = criterion;
}
long Trainer::step() const {
  return state_->optimizer.step;
}
long Trainer::parameters() const {
  return state_->network.flat->values.numel();
}
long Trainer::best_step() const {
  return state_->best_step;
}

}  // namespace podscale
