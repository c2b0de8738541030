// An untrained network is the linear-Gaussian base exactly: head, members, their mean and
// covariance.
#include "podscale/study/downscaling.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "network_study.hpp"
#include "podscale/gaussian/functional.hpp"
#include "podscale/network/vit.hpp"
#include "synthetic.hpp"

namespace podscale {
namespace {

constexpr std::uint64_t kSeed = 17;
const Inflation kInflation{4.0, 2.25, 1.5, {1.0, 1.0, 0.64, 1.44}};

/// An untrained model of the synthetic study. Collective.
Model untrained(const Communicator& comm, const test::Folder& folder, const synthetic::Study& study) {
  const TokenLayout layout = study.space.layout(comm);
  const std::string checksum = study.space.checksum(comm);
  const std::vector<float> latent(layout.latent_size(), 0.5f),
      condition(static_cast<std::size_t>(layout.condition_size()), 0.5f), phase(1, 0.2f);
  TrainingOptions training;
  training.steps = 0, training.batch = comm.size();
  Trainer(comm, layout, test::small_model(), training, checksum, folder / "model.h5", false, "")
      .run(
          {1, latent, condition, phase}, [](const NetworkFunctions&) { return 1.0; }, [] { return false; });
  return Model::load(comm, folder / "model.h5", layout, checksum, {"cpu"});
}

struct Case {
  /// Patches that overlap, and with `season` a variance that depends on it: the base in full.
  explicit Case(bool season = true)
      : comm(Communicator::duplicate(MPI_COMM_WORLD)),
        folder(comm),
        study(comm, synthetic::global_modes, 2, season),
        model(untrained(comm, folder, study)) {}
  ForecastRequest request() const { return {study.condition, std::span(&phase, 1), std::span(&key, 1)}; }
  Communicator comm;
  test::Folder folder;
  synthetic::Study study;
  Model model;
  float phase = 0.3f;
  std::uint64_t key = 4711;
};

TEST(Untrained, HeadIsTheBaseExactly) {
  const Case c;
  const auto base = base_forecast(c.study.space)(c.request(), kInflation),
             head = head_forecast(c.comm, c.study.space, c.model.functions({}))(c.request(), kInflation);
  ASSERT_EQ(head.size(), 1u);
  EXPECT_EQ(head[0].mean, base[0].mean);
  EXPECT_EQ(head[0].factor, base[0].factor);
  EXPECT_EQ(head[0].shared, base[0].shared);
}

TEST(Untrained, MembersAreTheStartNoiseAtAnyNumberOfStepsScaledByTheInflation) {
  const Case c(false);
  const auto draw = [&](int steps, const Inflation& inflation) {
    return sample_members(c.comm, c.study.space, {10, 4},
                          c.model.functions({SamplerKind::angle, steps, kSeed}), c.request(),
                          inflation);
  };
  const MemberLatents one = draw(1, {}), hundred = draw(100, {}), inflated = draw(1, kInflation);
  EXPECT_EQ(one.patch, hundred.patch);
  EXPECT_EQ(one.global, hundred.global);
  const Basis& basis = c.study.basis;
  const TokenLayout layout = c.study.space.layout(c.comm);
  const std::size_t k = basis.modes, local = basis.patches.mine.size(), rank = c.study.space.global_modes(),
                    patches = basis.patches.patch_of_token.size();
  std::vector<float> noise(layout.latent_size());
  for (std::size_t m = 0; m < 10; ++m) {
    CounterRandom(kSeed, Stream::sampler)
        .fill_normal(std::span(noise), 4711, static_cast<std::uint32_t>(m), 0);
    for (std::size_t p = 0; p < local; ++p)
      for (std::size_t i = 0; i < static_cast<std::size_t>(basis.patches.mine[p].modes); ++i) {
        const float expected = noise[static_cast<std::size_t>(basis.patches.mine[p].token) * k + i];
        EXPECT_EQ(one.patch[(m * local + p) * k + i], static_cast<double>(expected));
        const float factor = i == 2 ? 1.2f : i == 3 ? 1.8f : 1.5f;
        EXPECT_FLOAT_EQ(static_cast<float>(inflated.patch[(m * local + p) * k + i]), factor * expected);
      }
    for (std::size_t r = 0; r < rank; ++r) {
      EXPECT_EQ(one.global[m * rank + r], static_cast<double>(noise[patches * k + r]));
      EXPECT_EQ(inflated.global[m * rank + r], static_cast<double>(2.0f * noise[patches * k + r]));
    }
  }
}

TEST(Untrained, MeanAndCovarianceOfManyMembersAreThoseOfTheBase) {
  const Case c;
  constexpr int members = 1200;
  const auto base = base_forecast(c.study.space)(c.request(), kInflation).front();
  const NetworkFunctions sample = c.model.functions({SamplerKind::angle, 1, kSeed});
  const auto ensemble =
      ensemble_forecast(c.comm, c.study.space, {members, 48}, sample)(c.request(), kInflation).front();
  const Basis& basis = c.study.basis;
  const std::size_t n = basis.window.points();
  std::vector<double> mean(n), variance(n), mean_of_members(n), variance_of_members(n);
  decode_forecast(basis, base, kInflation.truncation, c.study.climatology(), mean, variance);
  decode_forecast(basis, ensemble, kInflation.truncation, c.study.climatology(), mean_of_members,
                  variance_of_members);
  // Five standard errors: of the mean sigma / sqrt(M), of the variance sqrt(2 / M) of it.
  for (std::size_t i = 0; i < n; ++i) {
    if (!basis.ocean[i]) continue;
    EXPECT_NEAR(mean_of_members[i], mean[i], 5 * std::sqrt(variance[i] / members));
    EXPECT_NEAR(variance_of_members[i] / variance[i], 1, 5 * std::sqrt(2.0 / members));
  }
  std::vector<Functional> boxes;  // across patch borders
  for (const auto& w : {synthetic::rectangle(2, 10, 3, 13), synthetic::rectangle(0, 14, 0, 17),
                        synthetic::rectangle(6, 9, 7, 12)})
    boxes.push_back({"box", synthetic::on_window(basis, w)});
  const FunctionalSet set(basis, boxes);
  const auto expected = set.evaluate(c.comm, base, kInflation.truncation, c.study.climatology()),
             found = set.evaluate(c.comm, ensemble, kInflation.truncation, c.study.climatology());
  for (std::size_t f = 0; f < boxes.size(); ++f) {
    EXPECT_NEAR(found[f].mean, expected[f].mean, 5 * std::sqrt(expected[f].variance / members));
    EXPECT_NEAR(found[f].variance / expected[f].variance, 1, 5 * std::sqrt(2.0 / members));
  }
}

TEST(Untrained, ControlVariateTakesTheSamplingErrorOutOfTheMean) {
  const Case c;
  const auto base = base_forecast(c.study.space)(c.request(), kInflation).front();
  const NetworkFunctions sample = c.model.functions({SamplerKind::angle, 8, kSeed});
  const auto plain =
                 ensemble_forecast(c.comm, c.study.space, {6, 4}, sample)(c.request(), kInflation).front(),
             control =
                 ensemble_forecast(c.comm, c.study.space, {6, 4}, sample, kSeed)(c.request(), kInflation)
                     .front();
  double without = 0;
  for (std::size_t p = 0; p < base.mean.size(); ++p)
    for (std::size_t i = 0; i < base.mean[p].size(); ++i) {
      EXPECT_NEAR(control.mean[p][i], base.mean[p][i], 1e-5);
      without = std::max(without, std::abs(plain.mean[p][i] - base.mean[p][i]));
    }
  EXPECT_GT(c.comm.max(without), 0.1);
  EXPECT_EQ(control.factor, plain.factor);
}

TEST(Members, AreTheSameBitsInLaterGroups) {
  // What podscale-members relies on: group 1 on its own.
  const Case c;
  const NetworkFunctions sample = c.model.functions({SamplerKind::angle, 2, kSeed});
  const auto all = sample_members(c.comm, c.study.space, {8, 4}, sample, c.request(), kInflation),
             later = sample_members(c.comm, c.study.space, {4, 4, 1}, sample, c.request(), kInflation);
  for (int m = 0; m < 4; ++m)
    EXPECT_EQ(member_coefficients(c.study.space, later, 0, m, c.study.condition),
              member_coefficients(c.study.space, all, 0, 4 + m, c.study.condition));
}

}  // namespace
}  // namespace podscale
