// Samplers on a Gaussian target N(mu, Sigma), whose exact denoiser is known in closed form.
#include "podscale/network/sampler.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "podscale/core/error.hpp"
#include "podscale/core/random.hpp"
#include "podscale/network/schedule.hpp"

namespace podscale {
namespace {

constexpr int kMembers = 20000;
constexpr double kMean[2] = {0.5, -1.0};
constexpr double kCovariance[2][2] = {{1.0, 0.6}, {0.6, 0.5}};  // eigenvalues 1.4 and 0.1

torch::Tensor noise(std::uint32_t step) {
  auto x = torch::empty({kMembers, 1, 2});
  CounterRandom(7, Stream::test).fill_normal(std::span(x.data_ptr<float>(), 2 * kMembers), step);
  return x;
}

/// E[z0 | x] = mu + c S (c2 S + s2 I)^-1 (x - c mu); v = (c x - z0) / s.
torch::Tensor exact_velocity(const torch::Tensor& x, double angle) {
  const double c = std::cos(angle), s = std::sin(angle);
  const double a = c * c * kCovariance[0][0] + s * s, b = c * c * kCovariance[0][1],
               d = c * c * kCovariance[1][1] + s * s;
  const double determinant = a * d - b * b;
  const double inverse[2][2] = {{d / determinant, -b / determinant}, {-b / determinant, a / determinant}};
  auto gain = torch::empty({2, 2}, torch::kFloat);
  for (int i = 0; i < 2; ++i)
    for (int j = 0; j < 2; ++j)
      gain.data_ptr<float>()[2 * j + i] =
          static_cast<float>(c * (kCovariance[i][0] * inverse[0][j] + kCovariance[i][1] * inverse[1][j]));
  const auto mean = torch::tensor({static_cast<float>(kMean[0]), static_cast<float>(kMean[1])});
  const auto z0 = mean + torch::matmul(x - mean * c, gain);
  return (x * c - z0) / s;
}

/// The same denoiser given as a noise prediction, to test the conversion.
torch::Tensor exact_velocity_by_noise(const torch::Tensor& x, double angle) {
  const auto predicted = x * std::sin(angle) + exact_velocity(x, angle) * std::cos(angle);
  return velocity_from_noise(predicted, x, angle);
}

struct Moments {
  std::array<double, 2> mean{};
  double xx = 0, xy = 0, yy = 0;
};
Moments moments(const torch::Tensor& z) {
  Moments m;
  const float* v = z.data_ptr<float>();
  for (int i = 0; i < kMembers; ++i)
    for (int k = 0; k < 2; ++k) m.mean[k] += v[2 * i + k] / double{kMembers};
  for (int i = 0; i < kMembers; ++i) {
    const double x = v[2 * i] - m.mean[0], y = v[2 * i + 1] - m.mean[1];
    m.xx += x * x / (kMembers - 1), m.xy += x * y / (kMembers - 1), m.yy += y * y / (kMembers - 1);
  }
  return m;
}

Moments draw(SamplerKind kind, int steps, const Velocity& velocity = exact_velocity) {
  return moments(run_sampler(kind, steps, noise(1000), velocity, [](int step) {
                   return noise(static_cast<std::uint32_t>(step));
                 }).contiguous());
}

void expect_target(const Moments& m, const char* name) {
  // Sampling errors of 20,000 members: 0.7 % of a standard deviation, 1 % of a variance; four of
  // them.
  EXPECT_NEAR(m.mean[0], kMean[0], 0.03) << name;
  EXPECT_NEAR(m.mean[1], kMean[1], 0.03) << name;
  EXPECT_NEAR(m.xx, kCovariance[0][0], 0.04) << name;
  EXPECT_NEAR(m.xy, kCovariance[0][1], 0.03) << name;
  EXPECT_NEAR(m.yy, kCovariance[1][1], 0.02) << name;
}

TEST(Sampler, EachReachesTheGaussianTarget) {
  expect_target(draw(SamplerKind::angle, 32), "angle");
  expect_target(draw(SamplerKind::dpm_solver, 32), "dpm-solver++");
  expect_target(draw(SamplerKind::ddim, 400), "ddim");
  expect_target(draw(SamplerKind::ancestral, 200), "ancestral");
}

TEST(Sampler, NoisePredictionIsTheSameDenoiser) {
  for (const SamplerKind kind : {SamplerKind::angle, SamplerKind::dpm_solver, SamplerKind::ddim}) {
    const Moments a = draw(kind, 16), b = draw(kind, 16, exact_velocity_by_noise);
    EXPECT_NEAR(a.mean[0], b.mean[0], 1e-3);
    EXPECT_NEAR(a.xx, b.xx, 1e-3);
    EXPECT_NEAR(a.yy, b.yy, 1e-3);
  }
}

TEST(Sampler, ErrorOfTheAngleOdeIsOfSecondOrder) {
  const auto field = [](int steps) {
    return run_sampler(SamplerKind::angle, steps, noise(1000), exact_velocity, {});
  };
  const auto exact = field(1024);
  const double coarse = (field(32) - exact).abs().mean().item<double>();
  const double fine = (field(64) - exact).abs().mean().item<double>();
  EXPECT_GT(coarse / fine, 3.0);
  EXPECT_LT(coarse / fine, 5.5);
}

TEST(Sampler, DdimLosesVarianceWhereTheAngleOdeDoesNot) {
  // For z0 ~ N(0, I) the exact velocity is 0: DDIM multiplies the state by the cosine of each
  // step's angle.
  const Velocity zero = [](const torch::Tensor& x, double) { return torch::zeros_like(x); };
  for (const int steps : {4, 8, 100}) {
    const auto x = noise(1000);
    const auto kept = run_sampler(SamplerKind::angle, steps, x, zero, {});
    EXPECT_TRUE(torch::equal(kept, x)) << steps;  // not a bit moves
    const auto shrunk = run_sampler(SamplerKind::ddim, steps, x, zero, {});
    const double factor = std::pow(std::cos(sampler_start_angle() / steps), steps);
    EXPECT_NEAR((shrunk * x).sum().item<double>() / x.square().sum().item<double>(), factor, 1e-4) << steps;
  }
  // And on the correlated target with 8 steps.
  const double truth = kCovariance[0][0] + kCovariance[1][1];
  const Moments angle = draw(SamplerKind::angle, 8), ddim = draw(SamplerKind::ddim, 8);
  EXPECT_LT((ddim.xx + ddim.yy) / truth, 0.85);
  EXPECT_NEAR((angle.xx + angle.yy) / truth, 1.0, 0.05);
}

TEST(Sampler, OneStepIsTheDataEstimate) {
  // From angle to 0 in one step DDIM, DPM-Solver++ and the ancestral sampler all return E[z0 | x].
  const auto x = noise(1000);
  const double angle = sampler_start_angle();
  const auto z0 = x * std::cos(angle) - exact_velocity(x, angle) * std::sin(angle);
  for (const SamplerKind kind : {SamplerKind::dpm_solver, SamplerKind::ddim, SamplerKind::ancestral})
    EXPECT_LT((run_sampler(kind, 1, x, exact_velocity, {}) - z0).abs().max().item<double>(), 1e-5);
}

TEST(Sampler, NamesAreStrict) {
  EXPECT_EQ(sampler_from_name("angle"), SamplerKind::angle);
  EXPECT_EQ(sampler_from_name("dpm-solver++"), SamplerKind::dpm_solver);
  EXPECT_EQ(sampler_from_name("ddim"), SamplerKind::ddim);
  EXPECT_EQ(sampler_from_name("ancestral"), SamplerKind::ancestral);
  try {
    sampler_from_name("DDIM");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::usage);
    EXPECT_NE(std::string(error.what()).find("'DDIM'"), std::string::npos);
  }
}

}  // namespace
}  // namespace podscale
