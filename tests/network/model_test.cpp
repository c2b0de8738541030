// Sampling from a model file: what an untrained network draws, and that a member is the same bits
// wherever it is drawn.
#include <gtest/gtest.h>

#include <algorithm>

#include "network_study.hpp"
#include "podscale/network/vit.hpp"

namespace podscale {
namespace {

using namespace test;

const std::string kBasis = "0123456789abcdef";

/// A network trained for `steps` steps on `tokens` tokens, as loaded again. Collective.
Model trained(const Communicator& comm, const Folder& folder, Prediction prediction, long steps,
              int tokens = 4) {
  const Study study = make_study(small_layout(tokens), 100 * comm.rank(), 50);
  TrainingOptions options;
  options.steps = steps, options.batch = 8, options.warmup = 2, options.rate = 5e-3;
  Trainer trainer(comm, study.layout, small_model(prediction), options, kBasis, folder / "model.h5", false,
                  "");
  trainer.run(
      study.set(), [&](const NetworkFunctions&) { return -static_cast<double>(trainer.step()); },
      [] { return false; });
  return Model::load(comm, folder / "model.h5", study.layout, kBasis, {"cpu"});
}

std::vector<float> draw(const Model& model, const SamplerOptions& sampler, const Study& study,
                        std::uint64_t time_key, int first, int count) {
  std::vector<float> out(count * study.layout.latent_size());
  model.sample(sampler, std::span(study.condition).first(study.layout.condition_size()), 0.3f, time_key,
               first, count, out);
  return out;
}

TEST(Device, RanksOfANodeTakeItsDevicesInTurn) {
  for (int rank = 0; rank < 9; ++rank) {
    EXPECT_EQ(device_index(rank, 1), 0);
    EXPECT_EQ(device_index(rank, 4), rank % 4);
    EXPECT_EQ(device_index(rank, 16), rank);
  }
  const auto comm = Communicator::duplicate(MPI_COMM_WORLD);
  EXPECT_EQ(node_rank(comm), comm.rank());  // the tests run on one node
  EXPECT_EQ(device_of_rank(comm, {"cpu"}), "cpu");
}

TEST(Device, CudaWithoutADeviceIsRefusedOnAllRanksAlike) {
  const auto comm = Communicator::duplicate(MPI_COMM_WORLD);
  try {
    const std::string device = device_of_rank(comm, {"cuda"});
    EXPECT_TRUE(device.starts_with("cuda:")) << device;  // a machine that has one
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::usage);
    EXPECT_TRUE(error.agreed());
  }
}

TEST(Model, UntrainedVelocityNetworkWithTheAngleSamplerReturnsItsStartNoise) {
  const auto comm = Communicator::duplicate(MPI_COMM_WORLD);
  const Folder folder(comm);
  const Model model = trained(comm, folder, Prediction::velocity, 0);
  const Study study = make_study(small_layout(), 0, 1);
  for (const int steps : {1, 100}) {
    const auto out = draw(model, {SamplerKind::angle, steps, 11}, study, 77, 5, 3);
    for (int m = 0; m < 3; ++m) {
      std::vector<float> noise(study.layout.latent_size());
      CounterRandom(11, Stream::sampler).fill_normal(std::span(noise), 77, static_cast<std::uint32_t>(5 + m));
      for (std::size_t i = 0; i < noise.size(); ++i)
        EXPECT_EQ(out[static_cast<std::size_t>(m) * noise.size() + i],
                  study.layout.active[i] ? noise[i] : 0.0f);
    }
  }
}

TEST(Model, MemberIsTheSameBitsOnAnyRankAndToRoundingInAnotherGroup) {
  const auto comm = Communicator::duplicate(MPI_COMM_WORLD);
  const Folder folder(comm);
  for (const int tokens : {4, 7}) {
    const Model model = trained(comm, folder, Prediction::velocity, 10, tokens);
    const Study study = make_study(small_layout(tokens), 0, 1);
    const std::size_t size = study.layout.latent_size();
    for (const SamplerKind kind :
         {SamplerKind::angle, SamplerKind::dpm_solver, SamplerKind::ddim, SamplerKind::ancestral}) {
      const SamplerOptions sampler{kind, 6, 3};
      const auto a = draw(model, sampler, study, 5, 0, 8), b = draw(model, sampler, study, 5, 3, 8);
      float differ = 0;
      for (std::size_t i = 3 * size; i < a.size(); ++i)
        differ = std::max(differ, std::abs(a[i] - b[i - 3 * size]));
      EXPECT_LE(differ, 2e-4f) << static_cast<int>(kind);
      EXPECT_TRUE(std::equal(a.begin(), a.end(), draw(model, sampler, study, 5, 0, 8).begin()));
      EXPECT_FALSE(std::equal(a.begin(), a.end(), draw(model, sampler, study, 6, 0, 8).begin()))
          << "another time";
      EXPECT_FALSE(std::equal(a.begin(), a.begin() + size, a.begin() + size)) << "another member";
      auto root = a;
      comm.broadcast(std::span(root));
      EXPECT_EQ(a, root) << "another rank";
    }
  }
}

TEST(Model, SaysWhatItIs) {
  const auto comm = Communicator::duplicate(MPI_COMM_WORLD);
  const Folder folder(comm);
  const Model model = trained(comm, folder, Prediction::noise, 3);
  const ModelSummary summary = inspect_model(comm, folder / "model.h5");
  EXPECT_EQ(summary.parameters, model.parameters());
  EXPECT_EQ(summary.weights_checksum, model.checksum());
  EXPECT_EQ(summary.best_step, 3);
  EXPECT_EQ(model.best_step(), 3);
  EXPECT_EQ(summary.options.prediction, Prediction::noise);
  EXPECT_EQ(summary.layout.active, small_layout().active);
  ASSERT_EQ(summary.history.size(), 2u);
  EXPECT_EQ(summary.history.back().step, 3);
  EXPECT_EQ(summary.history.back().score, -3);
}

}  // namespace
}  // namespace podscale
