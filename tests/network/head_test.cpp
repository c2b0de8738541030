// The Gaussian head, dropout and global tokens: what they learn, and what they must not touch.
#include <gtest/gtest.h>

#include <cmath>

#include "network_study.hpp"
#include "podscale/core/error.hpp"
#include "podscale/network/vit.hpp"

namespace podscale {
namespace {

using namespace test;

const std::string kBasis = "0123456789abcdef";

TrainingOptions head_training(long steps) {
  TrainingOptions options;
  options.steps = steps, options.batch = 32, options.warmup = 10, options.rate = 3e-3,
  options.ema_decay = 0.98;
  options.validate_every = 100;
  options.diffusion_weight = 0, options.head_weight = 1;
  return options;
}

struct HeadOfStudy {
  std::vector<float> mean, variance;  // [items][P][K]
};
HeadOfStudy head_of(const Study& study, const HeadFunction& head) {
  const std::size_t latent = study.layout.latent_size(), condition = study.layout.condition_size();
  HeadOfStudy all;
  std::vector<float> mean(latent), variance(latent);
  for (std::size_t t = 0; t < study.year_phase.size(); ++t) {
    head(std::span(study.condition).subspan(t * condition, condition), study.year_phase[t], mean, variance);
    all.mean.insert(all.mean.end(), mean.begin(), mean.end());
    all.variance.insert(all.variance.end(), variance.begin(), variance.end());
  }
  return all;
}

/// Mean negative log likelihood less its constant.
double likelihood(const Study& study, const HeadFunction& head) {
  const HeadOfStudy found = head_of(study, head);
  const std::size_t latent = study.layout.latent_size();
  double sum = 0;
  long count = 0;
  for (std::size_t i = 0; i < found.mean.size(); ++i) {
    if (!study.layout.active[i % latent]) continue;
    const double v = static_cast<double>(found.variance[i]),
                 e = static_cast<double>(study.latent[i]) - static_cast<double>(found.mean[i]);
    sum += 0.5 * (std::log(v) + e * e / v);
    ++count;
  }
  return sum / static_cast<double>(count);
}

TEST(Head, IsStandardNormalBeforeTraining) {
  const auto comm = Communicator::duplicate(MPI_COMM_WORLD);
  const Folder folder(comm);
  const Study study = make_study(small_layout(), 100 * comm.rank(), 40),
              other = make_study(small_layout(), 500, 3);
  Trainer trainer(comm, study.layout, small_model(), head_training(0), kBasis, folder / "model.h5", false,
                  "");
  trainer.run(
      study.set(), [](const NetworkFunctions&) { return 1.0; }, [] { return false; });
  const Model model = Model::load(comm, folder / "model.h5", study.layout, kBasis, {"cpu"});
  const auto found = head_of(other, model.functions({}).head);
  for (const float m : found.mean) EXPECT_EQ(m, 0.0f);
  for (const float v : found.variance) EXPECT_EQ(v, 1.0f);
}

TEST(Head, RecoversConditionalMeanAndVariance) {
  const auto comm = Communicator::duplicate(MPI_COMM_WORLD);
  const Folder folder(comm);
  const Share share = share_of(2000, comm.size(), comm.rank());
  const Study study = make_study(small_layout(), share.begin, share.size()),
              validation = make_study(small_layout(), 5000, 60);
  Trainer trainer(comm, study.layout, small_model(), head_training(500), kBasis, folder / "model.h5", false,
                  "");
  trainer.run(
      study.set(), [&](const NetworkFunctions& n) { return likelihood(validation, n.head); },
      [] { return false; });
  EXPECT_GT(trainer.best_step(), 0);
  const auto history = inspect_model(comm, folder / "model.h5").history;
  // Entropy of the noise alone: log 0.5 + 1/2, against the standard normal's half mean square of
  // the latents.
  EXPECT_LT(history.back().score, history.front().score - 0.3);
  EXPECT_NEAR(history.back().score, std::log(0.5) + 0.5, 0.1);

  const Model model = Model::load(comm, folder / "model.h5", study.layout, kBasis, {"cpu"});
  const auto found = head_of(validation, model.functions({}).head);
  const std::size_t latent = study.layout.latent_size(), condition = study.layout.condition_size();
  double error = 0, variance = 0;
  long count = 0;
  for (std::size_t t = 0; t < validation.year_phase.size(); ++t) {
    const auto expected =
        conditional_mean(study.layout, std::span(validation.condition).subspan(t * condition, condition));
    for (std::size_t i = 0; i < latent; ++i) {
      if (!study.layout.active[i]) {
        EXPECT_EQ(found.mean[t * latent + i], 0.0f);
        EXPECT_EQ(found.variance[t * latent + i], 1.0f);
        continue;
      }
      error +=
          std::pow(static_cast<double>(found.mean[t * latent + i]) - static_cast<double>(expected[i]), 2);
      variance += static_cast<double>(found.variance[t * latent + i]);
      ++count;
    }
  }
  EXPECT_LT(std::sqrt(error / static_cast<double>(count)), 0.2);
  EXPECT_NEAR(variance / static_cast<double>(count), kNoise * kNoise, 0.06);
}

TEST(Head, StepZeroIsKeptWhereNothingBeatsIt) {
  const auto comm = Communicator::duplicate(MPI_COMM_WORLD);
  const Folder folder(comm);
  const Study study = make_study(small_layout(), 100 * comm.rank(), 40);
  TrainingOptions options = head_training(12);
  options.validate_every = 4;
  Trainer trainer(comm, study.layout, small_model(), options, kBasis, folder / "model.h5", false, "");
  trainer.run(
      study.set(), [&](const NetworkFunctions&) { return static_cast<double>(trainer.step()); },
      [] { return false; });
  EXPECT_EQ(trainer.best_step(), 0);
  const Model model = Model::load(comm, folder / "model.h5", study.layout, kBasis, {"cpu"});
  for (const float m : head_of(study, model.functions({}).head).mean) ASSERT_EQ(m, 0.0f);
}

TEST(Dropout, RestartGivesTheSameBitsAndSamplingIsWithoutIt) {
  const auto comm = Communicator::duplicate(MPI_COMM_WORLD);
  const Folder folder(comm);
  const Study study = make_study(small_layout(), 100 * comm.rank(), 40);
  ModelOptions model = small_model();
  model.dropout = 0.3;
  TrainingOptions options = head_training(6);
  options.batch = 8, options.condition_noise = 0.2, options.diffusion_weight = 1, options.validate_every = 3;
  const auto train = [&](const std::string& name, const TrainingOptions& with, long stop_at) {
    Trainer trainer(comm, study.layout, model, with, kBasis, folder / name, true, "");
    trainer.run(
        study.set(), [&](const NetworkFunctions&) { return -static_cast<double>(trainer.step()); },
        [&] { return trainer.step() + 1 == stop_at; });
    return trainer.step();
  };
  EXPECT_EQ(train("whole.h5", options, -1), 6);
  EXPECT_EQ(train("parts.h5", options, 3), 3);
  EXPECT_EQ(train("parts.h5", options, -1), 6);
  const auto load = [&](const std::string& name) {
    return Model::load(comm, folder / name, study.layout, kBasis, {"cpu"});
  };
  const Model whole = load("whole.h5");
  EXPECT_EQ(whole.checksum(), load("parts.h5").checksum());

  TrainingOptions without = options;
  without.condition_noise = 0;
  train("other.h5", without, -1);
  EXPECT_NE(whole.checksum(), load("other.h5").checksum()) << "the noise has no effect";

  // Twice the same: nothing random is left in evaluation.
  const auto a = head_of(study, whole.functions({}).head), b = head_of(study, whole.functions({}).head);
  EXPECT_EQ(a.mean, b.mean);
  EXPECT_EQ(a.variance, b.variance);
}

TEST(GlobalTokens, AreKeptInTheFileAndMustAgree) {
  const auto comm = Communicator::duplicate(MPI_COMM_WORLD);
  const Folder folder(comm);
  TokenLayout layout = small_layout(5);
  layout.global_tokens = 2;
  const Study study = make_study(layout, 100 * comm.rank(), 40);
  Trainer trainer(comm, study.layout, small_model(), head_training(2), kBasis, folder / "model.h5", false,
                  "");
  trainer.run(
      study.set(), [](const NetworkFunctions&) { return 1.0; }, [] { return false; });
  EXPECT_EQ(inspect_model(comm, folder / "model.h5").layout.global_tokens, 2);
  Model::load(comm, folder / "model.h5", layout, kBasis, {"cpu"});
  layout.global_tokens = 1;
  try {
    Model::load(comm, folder / "model.h5", layout, kBasis, {"cpu"});
    FAIL() << "another number of global tokens was accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::data);
    EXPECT_NE(std::string(error.what()).find("model.h5"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace podscale
