// Training: restart, data parallelism, what is refused, and that it learns.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "network_study.hpp"
#include "podscale/network/checkpoint.hpp"
#include "podscale/network/vit.hpp"

namespace podscale {
namespace {

using namespace test;

const std::string kBasis = "0123456789abcdef";

TrainingOptions small_training(long steps) {
  TrainingOptions options;
  options.steps = steps, options.batch = 16, options.groups = 4, options.warmup = 5, options.rate = 5e-3;
  options.validate_every = 4, options.checkpoint_every = 1000;
  return options;
}

Study own_share(const Communicator& comm, long items) {
  const Share share = share_of(items, comm.size(), comm.rank());
  return make_study(small_layout(), share.begin, share.size());
}

TEST(Trainer, RestartIsTheSameBits) {
  const auto comm = Communicator::duplicate(MPI_COMM_WORLD);
  const Folder folder(comm);
  const Study study = own_share(comm, 40), validation = make_study(small_layout(), 1000, 2);
  // cut_short: the stop comes within the validation of that step, which is made up for.
  const auto run = [&](const std::string& file, bool resume, long stop_at, bool cut_short = false) {
    Trainer trainer(comm, study.layout, small_model(), small_training(20), kBasis, folder / file, resume, "");
    trainer.set_validation_sampler({SamplerKind::angle, 4, 1});
    // Only the last rank asks to stop: all must.
    const bool finished = trainer.run(
        study.set(),
        [&](const NetworkFunctions& n) {
          if (cut_short && trainer.step() == stop_at) throw Error(ExitCode::requeue, "stopped", true);
          return crps(validation, n.sample);
        },
        [&] { return !cut_short && comm.rank() == comm.size() - 1 && trainer.step() == stop_at - 1; });
    EXPECT_EQ(finished, stop_at == 0);
    EXPECT_EQ(trainer.step(), stop_at == 0 ? 20 : stop_at);
  };
  run("whole.h5", false, 0);
  run("parts.h5", false, 8, true);
  run("parts.h5", true, 10);
  run("parts.h5", true, 20, true);
  run("parts.h5", true, 0);
  const Checkpoint a = read_checkpoint(comm, folder / "whole.h5"),
                   b = read_checkpoint(comm, folder / "parts.h5");
  EXPECT_EQ(a.parameters, b.parameters);
  EXPECT_EQ(a.average, b.average);
  EXPECT_EQ(a.best, b.best);
  EXPECT_EQ(a.first_moment, b.first_moment);
  EXPECT_EQ(a.second_moment, b.second_moment);
  EXPECT_EQ(a.summary.best_step, b.summary.best_step);
  EXPECT_EQ(a.summary.best_score, b.summary.best_score);
  ASSERT_EQ(a.summary.history.size(), 6u);  // 0, 4, ..., 20
  ASSERT_EQ(b.summary.history.size(), 6u);
  for (std::size_t i = 0; i < 6; ++i) {
    EXPECT_EQ(a.summary.history[i].step, static_cast<long>(4 * i));
    EXPECT_EQ(b.summary.history[i].step, static_cast<long>(4 * i));
    EXPECT_EQ(a.summary.history[i].loss, b.summary.history[i].loss);
    EXPECT_EQ(a.summary.history[i].score, b.summary.history[i].score);
  }
}

/// The tokens of a study that one of several ranks has: every size-th one.
struct OwnTokens {
  OwnTokens(const Communicator& comm, const Study& study) : year_phase(study.year_phase) {
    const TokenLayout& l = study.layout;
    for (long token = comm.rank(); token < l.tokens; token += comm.size()) tokens.push_back(token);
    for (std::size_t t = 0; t < year_phase.size(); ++t)
      for (const long token : tokens) {
        const auto row = static_cast<long>(t) * l.tokens + token;
        latent.insert(latent.end(), study.latent.begin() + row * l.modes, study.latent.begin() + (row + 1) * l.modes);
        condition.insert(condition.end(), study.condition.begin() + row * l.condition,
                         study.condition.begin() + (row + 1) * l.condition);
      }
  }
  TrainingSet set() const {
    return {std::ssize(year_phase), latent, condition, year_phase, {}, {}, tokens, false};
  }
  std::vector<long> tokens;
  std::vector<float> latent, condition, year_phase;
};

/// 6 x 6 patches of which some are land, and a global token: tiles of 2 patches with a halo of 1.
TokenLayout tiled_layout() {
  PatchGrid grid{6, 6, true, {}};
  for (long p = 0; p < 36; ++p)
    if (p % 7 != 3) grid.patch.push_back(p);
  TokenLayout layout = small_layout(static_cast<int>(grid.patch.size()) + 1);
  layout.global_tokens = 1;
  layout.grid = grid;
  return layout;
}

TEST(Trainer, TheSameBitsAtAnyNumberOfRanks) {
  const auto comm = Communicator::duplicate(MPI_COMM_WORLD), self = Communicator::self();
  const Folder folder(comm);
  for (const bool tiles : {false, true}) {
    ModelOptions model = small_model();
    model.dropout = 0.1;
    if (tiles) model.tile = 2, model.tile_halo = 1;
    const TokenLayout layout = tiles ? tiled_layout() : small_layout();
    ASSERT_EQ(tiles_of(layout, model) != nullptr, tiles);
    const Study study = make_study(layout, 0, 40);
    const auto trained = [&](const Communicator& c, const std::string& file, long steps, bool resume) {
      TrainingOptions options = small_training(steps);
      options.head_weight = 1, options.condition_noise = 0.1;
      Trainer trainer(c, layout, model, options, kBasis, file, resume, "");
      trainer.run(
          OwnTokens(c, study).set(), [&](const NetworkFunctions&) { return -static_cast<double>(trainer.step()); },
          [] { return false; });
      return read_checkpoint(c, file);
    };
    const std::string own = folder / ("self" + std::to_string(comm.rank()) + (tiles ? "t.h5" : ".h5")),
                      all = folder / (tiles ? "all_t.h5" : "all.h5");
    const Checkpoint together = trained(comm, all, 9, false), alone = trained(self, own, 9, false);
    const auto same = [&](const Checkpoint& a, const Checkpoint& b) {
      EXPECT_EQ(a.parameters, b.parameters) << tiles;
      EXPECT_EQ(a.average, b.average) << tiles;
      EXPECT_EQ(a.first_moment, b.first_moment) << tiles;
      EXPECT_EQ(a.second_moment, b.second_moment) << tiles;
      ASSERT_EQ(a.summary.history.size(), b.summary.history.size());
      for (std::size_t i = 0; i < a.summary.history.size(); ++i)
        EXPECT_EQ(a.summary.history[i].loss, b.summary.history[i].loss);
    };
    same(together, alone);
    double size = 0;
    for (const float value : alone.first_moment) size += std::abs(value);
    EXPECT_GT(size, 0) << "the gradient was lost";
    // What all ranks began, one goes on with.
    if (!comm.is_root()) continue;
    same(trained(self, all, 14, true), trained(self, own, 14, true));
  }
}

TEST(Trainer, StopsWhereNoValidationGainsForAWhile) {
  const auto comm = Communicator::duplicate(MPI_COMM_WORLD);
  const Folder folder(comm);
  const Study study = own_share(comm, 40);
  // Scores at steps 0, 4, 8, ...: a gain at step 8, after one validation without.
  const std::vector<double> scores{5, 6, 4, 7, 7, 7, 7, 7, 7, 7, 7};
  const auto run = [&](long patience, bool resume, long stop_at, const std::string& criterion = "head") {
    TrainingOptions options = small_training(40);
    options.patience = patience;
    const std::string file = folder / ("patience" + std::to_string(patience) + ".h5");
    Trainer trainer(comm, study.layout, small_model(), options, kBasis, file, resume, "");
    trainer.set_criterion(criterion);
    const bool finished = trainer.run(
        study.set(),
        [&](const NetworkFunctions&) { return scores[static_cast<std::size_t>(trainer.step() / 4)]; },
        [&] { return trainer.step() == stop_at - 1; });
    EXPECT_EQ(finished, stop_at == 0);
    EXPECT_EQ(read_checkpoint(comm, file).summary.step, trainer.step());
    return std::pair{trainer.step(), trainer.best_step()};
  };
  EXPECT_EQ(run(0, false, 0), (std::pair{40L, 8L}));
  EXPECT_EQ(run(1, false, 0), (std::pair{4L, 0L}));
  EXPECT_EQ(run(3, false, 0), (std::pair{20L, 8L}));
  EXPECT_EQ(run(3, true, 0), (std::pair{20L, 8L}));  // it is finished
  // By another criterion, nothing has been tried in vain yet: three more validations.
  EXPECT_EQ(run(3, true, 0, "members"), (std::pair{32L, 0L}));
  EXPECT_EQ(run(2, false, 14).first, 14);
  EXPECT_EQ(run(2, true, 0), (std::pair{16L, 8L}));
}

TEST(Trainer, LearnsTheConditionalDistribution) {
  const auto comm = Communicator::duplicate(MPI_COMM_WORLD);
  const Folder folder(comm);
  const Study study = own_share(comm, 2000), validation = make_study(small_layout(), 5000, 16);
  TrainingOptions options = small_training(400);
  options.batch = 32, options.validate_every = 100, options.ema_decay = 0.99;
  Trainer trainer(comm, study.layout, small_model(), options, kBasis, folder / "model.h5", false, "");
  const SamplerOptions sampler{SamplerKind::angle, 8, 1};
  trainer.set_validation_sampler(sampler);
  trainer.run(
      study.set(), [&](const NetworkFunctions& n) { return crps(validation, n.sample); },
      [] { return false; });
  const auto history = inspect_model(comm, folder / "model.h5").history;
  EXPECT_GT(trainer.best_step(), 0);
  EXPECT_LT(history.back().score, 0.75 * history.front().score);
  EXPECT_LT(history.back().loss, history[1].loss);

  // Mean and spread of many members against the truth. Without learning the mean is off by 0.8
  // (root mean square).
  const Model model = Model::load(comm, folder / "model.h5", study.layout, kBasis, {"cpu"});
  constexpr int members = 64;
  const std::size_t latent = study.layout.latent_size();
  double error = 0, variance = 0;
  long count = 0;
  std::vector<float> out(members * latent);
  for (std::size_t t = 0; t < validation.year_phase.size(); ++t) {
    const auto condition = std::span(validation.condition).subspan(8 * t, 8);
    model.sample(sampler, condition, validation.year_phase[t], 1, 0, members, out);
    const auto truth = conditional_mean(study.layout, condition);
    for (std::size_t i = 0; i < latent; ++i) {
      if (!study.layout.active[i]) continue;
      double mean = 0, square = 0;
      for (std::size_t m = 0; m < members; ++m) {
        mean += out[m * latent + i] / members;
        square += std::pow(out[m * latent + i], 2) / members;
      }
      error += std::pow(mean - truth[i], 2), variance += square - mean * mean, ++count;
    }
  }
  EXPECT_LT(std::sqrt(error / static_cast<double>(count)), 0.25);
  EXPECT_NEAR(std::sqrt(variance / static_cast<double>(count)), kNoise, 0.15);
}

TEST(Trainer, KeepsStepZeroWhereNothingBeatsIt) {
  const auto comm = Communicator::duplicate(MPI_COMM_WORLD);
  const Folder folder(comm);
  const Study study = own_share(comm, 40);
  Trainer trainer(comm, study.layout, small_model(), small_training(8), kBasis, folder / "model.h5", false,
                  "");
  trainer.run(
      study.set(), [&](const NetworkFunctions&) { return static_cast<double>(trainer.step()); },
      [] { return false; });
  EXPECT_EQ(trainer.best_step(), 0);
  const Checkpoint checkpoint = read_checkpoint(comm, folder / "model.h5");
  for (const NamedSlice& slice : checkpoint.slices) {
    if (slice.name != "last.weight") continue;
    for (std::int64_t i = slice.offset; i < slice.offset + slice.size; ++i)
      ASSERT_EQ(checkpoint.best[i], 0.0f);
  }
  EXPECT_NE(checkpoint.average, checkpoint.best);
}

/// How far the head of these weights is from the base, at one time: 0 for zero-initialised ones.
double learnt(const Study& study, const NetworkFunctions& network) {
  std::vector<float> mean(study.layout.latent_size()), variance(mean.size());
  network.head(std::span(study.condition).first(8), study.year_phase[0], mean, variance);
  double sum = 0;
  for (const float value : mean) sum += std::abs(static_cast<double>(value));
  return sum;
}

TEST(Trainer, AnotherCriterionScoresTheKeptWeightsAgain) {
  const auto comm = Communicator::duplicate(MPI_COMM_WORLD);
  const Folder folder(comm);
  const Study study = own_share(comm, 40), fixed = make_study(small_layout(), 0, 1);
  TrainingOptions options = small_training(8);
  options.head_weight = 1;
  int scored = 0;
  const auto run = [&](const std::string& file, const std::string& criterion, double sign, bool resume) {
    Trainer trainer(comm, study.layout, small_model(), options, kBasis, folder / file, resume, "");
    trainer.set_criterion(criterion);
    scored = 0;
    trainer.run(
        study.set(),
        [&](const NetworkFunctions& network) {
          ++scored;
          return 1 + sign * learnt(fixed, network);
        },
        [] { return false; });
    return read_checkpoint(comm, folder / file);
  };
  const auto calibrated = [&](const std::string& file, const std::string& criterion, double sign) {
    Trainer trainer(comm, study.layout, small_model(), options, kBasis, folder / file, true, "");
    trainer.set_criterion(criterion);
    trainer.run(
        study.set(), [&](const NetworkFunctions& network) { return 1 + sign * learnt(fixed, network); },
        [] { return false; });
    Calibration calibration;
    calibration.times = 3;
    calibration.forecast = "24 members";
    trainer.set_calibrations({calibration}, {calibration});
    trainer.save();
  };
  // A calibration that no forecast could have is refused on every rank, not on the one that reads.
  {
    Trainer trainer(comm, study.layout, small_model(), options, kBasis, folder / "broken.h5", false, "");
    Calibration none, broken;
    broken.inflation.patch = 0;
    trainer.set_calibrations({none}, {broken});
    trainer.save();
    ExitCode code = ExitCode::ok;
    try {
      read_checkpoint(comm, folder / "broken.h5");
    } catch (const Error& error) {
      code = error.code();
    }
    EXPECT_EQ(code, ExitCode::data);
  }
  for (const char* file : {"kept.h5", "lost.h5"}) {
    const Checkpoint first = run(file, "members", -0.01, false);
    ASSERT_GT(first.summary.best_step, 0);
    EXPECT_EQ(first.summary.criterion, "members");
    calibrated(file, "members", -0.01);
  }

  // The same criterion: nothing is scored again.
  const Checkpoint before = run("kept.h5", "members", 1, true);
  EXPECT_EQ(scored, 0);
  EXPECT_EQ(before.summary.ensemble_calibrations.front().forecast, "24 members");

  // Another one that the kept weights win by, too.
  const Checkpoint kept = run("kept.h5", "head", -0.02, true);
  EXPECT_EQ(scored, 2);
  EXPECT_EQ(kept.best, before.best);
  EXPECT_EQ(kept.average, before.average);
  EXPECT_EQ(kept.summary.best_step, before.summary.best_step);
  EXPECT_LT(kept.summary.best_score, before.summary.best_score);
  EXPECT_EQ(kept.summary.criterion, "head");
  EXPECT_EQ(kept.summary.head_calibrations.front().times, 3);

  // One that they lose by: back to step 0, without the calibrations of what is gone.
  const Checkpoint lost = run("lost.h5", "head", 1, true);
  EXPECT_EQ(lost.summary.best_step, 0);
  EXPECT_EQ(lost.summary.best_score, 1);
  EXPECT_EQ(lost.average, before.average);
  EXPECT_EQ(lost.summary.head_calibrations.front().times, 0);
  EXPECT_EQ(lost.summary.ensemble_calibrations.front().times, 0);
  const Model model = Model::load(comm, folder / "lost.h5", study.layout, kBasis, {"cpu"});
  EXPECT_EQ(learnt(fixed, model.functions({})), 0);
  EXPECT_EQ(model.criterion(), "head");
}

TEST(Trainer, RefusesWhatItCannotTrainOn) {
  const auto comm = Communicator::duplicate(MPI_COMM_WORLD);
  const Folder folder(comm);
  const auto refused = [&](const Study& study, const ValidationScore& score) {
    Trainer trainer(comm, study.layout, small_model(), small_training(4), kBasis, folder / "model.h5", false,
                    "");
    return outcome([&] { trainer.run(study.set(), score, [] { return false; }); });
  };
  const ValidationScore one = [](const NetworkFunctions&) { return 1.0; };
  const bool last = comm.rank() == comm.size() - 1;

  // The last rank has nothing: all say so.
  const auto [none, none_line] = refused(make_study(small_layout(), 0, last ? 0 : 5), one);
  EXPECT_EQ(none, ExitCode::data);
  EXPECT_NE(none_line.find("no time to train on"), std::string::npos) << none_line;

  Study gap = make_study(small_layout(), 0, 5);
  if (last) gap.latent[4] = std::numeric_limits<float>::quiet_NaN();
  const auto [not_a_number, nan_line] = refused(gap, one);
  EXPECT_EQ(not_a_number, ExitCode::data);
  EXPECT_NE(nan_line.find("latent"), std::string::npos) << nan_line;

  Study huge = make_study(small_layout(), 0, 5);
  for (float& value : huge.latent) value *= 1e25f;
  const auto [overflow, overflow_line] = refused(huge, one);
  EXPECT_EQ(overflow, ExitCode::data);
  EXPECT_NE(overflow_line.find("training.rate"), std::string::npos) << overflow_line;

  const auto [score, score_line] =
      refused(make_study(small_layout(), 0, 5), [](const NetworkFunctions&) { return std::nan(""); });
  EXPECT_EQ(score, ExitCode::data);
  EXPECT_NE(score_line.find("score"), std::string::npos) << score_line;
}

TEST(Trainer, RefusesToGoOnWithAnotherNetwork) {
  const auto comm = Communicator::duplicate(MPI_COMM_WORLD);
  const Folder folder(comm);
  const Study study = own_share(comm, 40);
  const auto start = [&](const ModelOptions& model, const std::string& basis, bool resume) {
    Trainer(comm, study.layout, model, small_training(4), basis, folder / "model.h5", resume, "").save();
  };
  start(small_model(), kBasis, false);
  start(small_model(), kBasis, true);
  ModelOptions wide = small_model(), noise = small_model(Prediction::noise);
  wide.width = 64;
  const auto [code, message] = outcome([&] { start(wide, kBasis, true); });
  EXPECT_EQ(code, ExitCode::data);
  const std::string widths = fmt::format("model.width = {} (now 64)", small_model().width);
  for (const std::string& word : {std::string("model.h5"), widths, std::string("training.resume")})
    EXPECT_NE(message.find(word), std::string::npos) << message;
  EXPECT_EQ(outcome([&] { start(noise, kBasis, true); }).first, ExitCode::data);
  EXPECT_EQ(outcome([&] { start(small_model(), "fedcba9876543210", true); }).first, ExitCode::data);
  EXPECT_EQ(outcome([&] { start(noise, kBasis, false); }).first, ExitCode::ok);
}

}  // namespace
}  // namespace podscale
