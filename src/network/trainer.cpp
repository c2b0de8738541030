#include <algorithm>
#include <filesystem>
#include <limits>
#include <numeric>
#include <utility>

#include "learner.hpp"
#include "over_communicator.hpp"
#include "podscale/core/error.hpp"
#include "podscale/core/log.hpp"
#include "podscale/core/version.hpp"
#include "podscale/network/checkpoint.hpp"
#include "podscale/network/vit.hpp"

namespace podscale {

struct Trainer::State : private OverCommunicator, Learner {
  State(const Communicator& comm, const TokenLayout& layout, const ModelOptions& model,
        const TrainingOptions& training)
      : OverCommunicator(comm), Learner(*this, layout, model, training), comm(&comm) {}

  const Communicator* comm;
  SamplerOptions sampler{SamplerKind::ddim, 20, 1};
  std::string model_file, basis_checksum, effective_namelist;
  std::string criterion, scored_by;  // of this run; of best_score, which model_file may bring
  std::vector<float> best;
  std::vector<Calibration> head_calibrations{1}, ensemble_calibrations{1};
  std::vector<ValidationRecord> history;
  long best_step = 0, pending_steps = 0;
  double pending_loss = 0;  // since the last validation
  double best_score = std::numeric_limits<double>::infinity();

  void validate(const ValidationScore& score, double loss);
  bool validated(const ValidationScore& score, double loss);
  bool is_due() const {
    return optimizer.step % training.validate_every == 0 || optimizer.step == training.steps;
  }
  /// Collective. The parts are added in their order; and whether any rank was asked to stop.
  std::pair<double, bool> mean_loss_of_batch(bool stop) const {
    std::vector<double> shared = losses();
    shared.push_back(stop ? 1.0 : 0.0);
    comm->sum(std::span(shared));
    const auto parts = std::span(shared).first(losses().size());
    return {std::accumulate(parts.begin(), parts.end(), 0.0) / static_cast<double>(parts.size()),
            shared.back() > 0};
  }
  double mean_loss() const { return pending_loss / static_cast<double>(pending_steps); }
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
  placed.device = device_of_rank(comm, model.device);
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
  s.network.module->initialise(training.seed);
  s.average.set_weights(s.network.weights());
  s.best = s.network.weights();
  if (comm.max(found) == 0) return;

  const Checkpoint c = read_checkpoint(comm, model_file);
  comm.agree([&] {
    require_same_study(c.summary, layout, basis_checksum, model_file, basis);
    const auto& slices = s.network.flat->slices;
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
    s.network.set_weights(in_order_of(slices, c, c.parameters, model_file));
    s.average.set_weights(in_order_of(slices, c, c.average, model_file));
    s.best = in_order_of(slices, c, c.best, model_file);
    auto& moments = s.optimizer.moments();
    torch::Tensor first = moments.exp_avg(), second = moments.exp_avg_sq();
    Network::from_vector(in_order_of(slices, c, c.first_moment, model_file), first);
    Network::from_vector(in_order_of(slices, c, c.second_moment, model_file), second);
    moments.step(c.summary.step);
  });
  s.optimizer.step = c.summary.step;
  s.best_step = c.summary.best_step;
  s.best_score = c.summary.best_score;
  s.scored_by = c.summary.criterion;
  s.history = c.summary.history;
  s.head_calibrations = c.summary.head_calibrations;
  s.ensemble_calibrations = c.summary.ensemble_calibrations;
  s.pending_loss = c.pending_loss;
  s.pending_steps = c.pending_steps;
  log::info("{}: going on from step {} (best {:.5f} at step {})", model_file, s.optimizer.step, s.best_score,
            s.best_step);
  if (c.summary.groups != s.groups())
    log::warn("{} was trained in {} groups a batch, this run has {} ranks and {} groups: the continuation is valid "
              "but not bit-identical; training.groups sets them",
              model_file, c.summary.groups, comm.size(), s.groups());
}

void Trainer::State::validate(const ValidationScore& score, double loss) {
  const double value = score(average.functions(sampler));
  optimizer.require_finite("the validation score", value);
  history.push_back({optimizer.step, loss, value});
  if (value < best_score) {
    best_score = value;
    best_step = optimizer.step;
    best = average.weights();
  }
}

/// False where the run is to stop before it is done: then it is made up for when training goes on.
bool Trainer::State::validated(const ValidationScore& score, double loss) {
  try {
    validate(score, loss);
  } catch (const Error& error) {
    if (error.code() != ExitCode::requeue) throw;
    return false;
  }
  pending_loss = 0, pending_steps = 0;
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
  if (best_step == 0 || kept < untrained) return;
  best_score = untrained;
  best_step = 0;
  best = first;
  forget_calibrations(head_calibrations.size());  // of weights that are gone
}

bool Trainer::run(const TrainingSet& data, const ValidationScore& score,
                  const std::function<bool()>& should_stop) {
  State& s = *state_;
  s.comm->agree([&] { require_usable(data, s.network.layout, s.comm->rank(), s.comm->size()); });
  s.optimizer.moments();  // makes them where this is the first step
  s.network.module->train();
  if (s.history.empty()) {
    s.loss_and_gradient(data);
    const double loss = s.mean_loss_of_batch(false).first;
    s.optimizer.require_finite("the loss", loss);
    s.validate(score, loss);
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
  const std::size_t regimes = 1 + data.others.size();
  if (s.head_calibrations.size() != regimes || (s.optimizer.step < s.training.steps && !s.exhausted()))
    s.forget_calibrations(regimes);
  while (s.optimizer.step < s.training.steps && !s.exhausted()) {
    s.loss_and_gradient(data);
    const auto [loss, asked_to_stop] = s.mean_loss_of_batch(should_stop());
    s.optimizer.require_finite("the loss", loss);
    s.average_gradient();
    s.optimizer.update();
    s.pending_loss += loss, ++s.pending_steps;
    const double mean_loss = s.mean_loss();
    const bool cut_short = s.is_due() && !s.validated(score, mean_loss);
    const bool stop = asked_to_stop || cut_short;
    const bool last = !cut_short && (s.optimizer.step == s.training.steps || s.exhausted());
    if (stop || last || s.optimizer.step % s.training.checkpoint_every == 0) save();
    progress.update(s.optimizer.step, fmt::format("loss {:.4f} | score {:.5f} (best {:.5f} at {})", mean_loss,
                                                  s.history.back().score, s.best_score, s.best_step));
    if (stop && !last) return false;
  }
  if (s.training.steps == 0) save();
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
  c.summary.step = s.optimizer.step;
  c.summary.best_step = s.best_step;
  c.summary.best_score = s.best_score;
  c.summary.ranks = s.comm->size();
  c.summary.groups = s.groups();
  c.summary.basis_checksum = s.basis_checksum;
  c.summary.effective_namelist = s.effective_namelist;
  c.summary.version = version();
  c.summary.criterion = s.scored_by;
  c.summary.history = s.history;
  c.summary.head_calibrations = s.head_calibrations;
  c.summary.ensemble_calibrations = s.ensemble_calibrations;
  c.pending_loss = s.pending_loss;
  c.pending_steps = s.pending_steps;
  if (s.comm->is_root()) {
    auto& moments = s.optimizer.moments();
    c.slices = s.network.flat->slices;
    c.parameters = s.network.weights();
    c.average = s.average.weights();
    c.best = s.best;
    c.first_moment = Network::to_vector(moments.exp_avg());
    c.second_moment = Network::to_vector(moments.exp_avg_sq());
  }
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
