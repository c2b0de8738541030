// Means over time in closed form, against the double sum and against many members; the noise that
// members hold for what the modes leave out.
#include <gtest/gtest.h>

#include <cmath>

#include "podscale/gaussian/start_noise.hpp"
#include "podscale/gaussian/time_functional.hpp"
#include "podscale/gaussian/truncation_noise.hpp"
#include "synthetic.hpp"

namespace podscale {
namespace {

const TimeLattice kDays({0, 1}, Calendar::standard);
constexpr double kTruncation = 1.3;

std::uint64_t key_of_day(long day) {
  return static_cast<std::uint32_t>(24 * day);
}

TimeCovariance time_of(const synthetic::Study& study) {
  TimeCovariance time;
  time.lattice = kDays;
  for (std::size_t i = 0; i < study.basis.patches.mine.size() * synthetic::modes; ++i)
    time.patch.push_back({0.1 + 0.1 * static_cast<double>(i % 7), 1 + static_cast<double>(i % 3), 20,
                          static_cast<double>(i % 2)});
  for (int r = 0; r < synthetic::global_modes; ++r) time.global.push_back({0.5, 4.0 + r, 50});
  time.truncation = {0.2, 1.5, 10};
  return time;
}

LeftOut columns_of(const Basis& basis) {
  LeftOut all;
  for (const PatchModes& patch : basis.patches.mine) {
    const std::size_t d = patch.points.size(), count = 3;
    std::vector<double> c = synthetic::normals(d * count, 81, patch.patch);
    auto& columns = all.emplace_back(d * count);
    for (std::size_t i = 0; i < d; ++i) {
      double square = 0;
      for (std::size_t j = 0; j < count; ++j) square += c[j * d + i] * c[j * d + i];
      for (std::size_t j = 0; j < count; ++j)
        columns[j * d + i] = static_cast<float>(c[j * d + i] * std::sqrt(patch.tau[i] / square));
    }
  }
  return all;
}

/// Forecasts of days whose variance changes from one to the next.
std::vector<CoefficientForecast> forecasts_of(const synthetic::Study& study, std::size_t times) {
  std::vector<CoefficientForecast> list;
  for (std::size_t t = 0; t < times; ++t) {
    LatentForecast latent;
    const std::size_t n = study.basis.patches.mine.size() * synthetic::modes;
    latent.global_mean.assign(synthetic::global_modes, 0.2);
    latent.global_variance.assign(synthetic::global_modes, 1 + 0.02 * static_cast<double>(t));
    latent.patch_mean.assign(n, -0.1);
    latent.patch_variance.assign(n, 1.5 - 0.02 * static_cast<double>(t));
    list.push_back(forecast_from_latents(study.space, std::move(latent), study.condition));
  }
  return list;
}

double brute_force(const std::vector<FunctionalTerms>& terms, const std::vector<long>& days,
                   const TimeCovariance& time) {
  double variance = 0;
  const double weight = 1 / static_cast<double>(terms.size());
  for (std::size_t a = 0; a < terms.size(); ++a)
    for (std::size_t b = 0; b < terms.size(); ++b) {
      const double lag = static_cast<double>(days[a] - days[b]);
      double sum = time.truncation.at(lag) * std::sqrt(terms[a].truncation * terms[b].truncation);
      for (std::size_t c = 0; c < terms[a].shared.size(); ++c)
        sum += time.global[c].at(lag) * terms[a].shared[c] * terms[b].shared[c];
      for (std::size_t c = 0; c < terms[a].own.size(); ++c)
        sum += time.patch[c].at(lag) * terms[a].own[c] * terms[b].own[c];
      variance += weight * weight * sum;
    }
  return variance;
}

TEST(TimeFunctional, IsTheDoubleSumAndAtOneTimeTheFunctionalItself) {
  const Communicator self = Communicator::self();
  const synthetic::Study study(self, synthetic::global_modes, 2);
  const TimeCovariance time = time_of(study);
  const FunctionalSet set(study.basis, {{"box", synthetic::rectangle(2, 10, 3, 13)},
                                        {"point", synthetic::rectangle(6, 7, 7, 8)}});
  const auto forecasts = forecasts_of(study, 30);
  std::vector<long> days;
  for (std::size_t t = 0; t < forecasts.size(); ++t) days.push_back(static_cast<long>(t + t / 10));  // gaps
  for (std::size_t f = 0; f < set.size(); ++f) {
    TimeFunctional sum(time, Columns::latents), one(time, Columns::latents);
    std::vector<FunctionalTerms> terms;
    double mean = 0;
    for (std::size_t t = 0; t < forecasts.size(); ++t) {
      terms.push_back(set.terms(f, forecasts[t], kTruncation, study.climatology()));
      sum.add(days[t], 1.0 / 30, terms.back());
      const auto single = set.evaluate(self, forecasts[t], kTruncation, study.climatology())[f];
      mean += single.mean / 30;
      if (t > 0) continue;
      one.add(days[t], 1, terms.back());
      EXPECT_NEAR(one.value().variance / single.variance, 1, 1e-12);
      EXPECT_NEAR(one.value().mean, single.mean, 1e-12 * std::abs(single.mean));
    }
    EXPECT_NEAR(sum.value().variance / brute_force(terms, days, time), 1, 1e-10);
    EXPECT_NEAR(sum.value().mean / mean, 1, 1e-12);
  }
}

TEST(TimeFunctional, OfMembersItIsTheSampleVarianceOfTheirMeans) {
  const Communicator self = Communicator::self();
  const synthetic::Study study(self, synthetic::global_modes, 2);
  TimeCovariance time = time_of(study);
  FunctionalTerms a{1, 0, {0.3, -0.1, -0.2}, {}}, b{3, 0, {0.1, 0.1, -0.2}, {}};
  TimeFunctional sum(time, Columns::members);
  sum.add(4, 0.5, a);
  sum.add(9, 0.5, b);
  EXPECT_NEAR(sum.value().variance, 0.2 * 0.2 + 0 + 0.2 * 0.2, 1e-15);
  EXPECT_NEAR(sum.value().mean, 2, 1e-15);
}

/// Members as podscale-downscale makes them, over 30 days.
TEST(Members, SpreadAtATimeAndOfThirtyDayMeansIsTheClosedForm) {
  const Communicator self = Communicator::self();
  const synthetic::Study study(self, synthetic::global_modes, 2);
  const Basis& basis = study.basis;
  const TimeCovariance time = time_of(study);
  const auto coherent = std::make_shared<CoherentNoise>(
      3, Stream::coherent, kDays,
      scales_of_tokens(self, basis.patches, basis.modes, study.space.global_tokens(), time));
  const StartNoise start(3, basis.modes, Stream::sampler, coherent);
  const TruncationNoise left_out(basis, columns_of(basis), 3, time, true);
  const std::size_t n = static_cast<std::size_t>(basis.points()),
                    tokens = basis.patches.patch_of_token.size() +
                             static_cast<std::size_t>(study.space.global_tokens());
  constexpr std::size_t kTimes = 30;
  constexpr int kMembers = 1500;
  const auto forecasts = forecasts_of(study, kTimes);
  const std::vector<double> zero(n, 0.0);
  std::vector<double> first(n, 0.0), means(n, 0.0), mean(n), variance(n), field(n);
  std::vector<double> expected_mean(n, 0.0), expected_first(n);
  for (std::size_t t = 0; t < kTimes; ++t) {
    decode_forecast(basis, forecasts[t], kTruncation, zero, mean, variance);
    for (std::size_t i = 0; i < n; ++i) expected_mean[i] += mean[i] / kTimes;
    if (t == 0) expected_first = mean;
  }
  std::vector<float> noise(tokens * static_cast<std::size_t>(basis.modes));
  for (int m = 0; m < kMembers; ++m) {
    std::vector<double> sum(n, 0.0);
    for (std::size_t t = 0; t < kTimes; ++t) {
      const std::uint64_t key = key_of_day(70000 + static_cast<long>(t));
      start.values(key, m, 0, noise);
      decode_member(basis, draw_coefficients(study.space, forecasts[t].latent, noise, study.condition), zero,
                    field, left_out.field(key, m, kTruncation));
      for (std::size_t i = 0; i < n; ++i) {
        sum[i] += field[i] / kTimes;
        if (t == 0) first[i] += std::pow(field[i] - expected_first[i], 2) / kMembers;
      }
    }
    for (std::size_t i = 0; i < n; ++i) means[i] += std::pow(sum[i] - expected_mean[i], 2) / kMembers;
  }
  std::vector<double> of_first(n);
  decode_forecast(basis, forecasts[0], kTruncation, zero, mean, of_first);
  for (std::size_t i = 0; i < n; i += 5) {
    if (!basis.is_ocean(i)) continue;
    EXPECT_NEAR(first[i] / of_first[i], 1, 5 * std::sqrt(2.0 / kMembers)) << i;
    Functional point{"point", std::vector<double>(n, 0.0)};
    point.weights[i] = 1;
    const FunctionalSet set(basis, {point});
    TimeFunctional closed(time, Columns::latents);
    for (std::size_t t = 0; t < kTimes; ++t)
      closed.add(static_cast<long>(t), 1.0 / kTimes, set.terms(0, forecasts[t], kTruncation, zero));
    EXPECT_NEAR(means[i] / closed.value().variance, 1, 5 * std::sqrt(2.0 / kMembers)) << i;
  }
}

TEST(TruncationNoise, HasTheCovarianceOfItsColumnsAndTheSameBitsAtAnyRankCount) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD), self = Communicator::self();
  const Basis basis = synthetic::make_basis(comm, 2), whole = synthetic::make_basis(self, 2);
  TimeCovariance time;
  time.lattice = kDays;
  time.truncation = {0.2, 1.5, 10};
  const LeftOut columns = columns_of(basis);
  for (const bool coherent : {true, false}) {
    const TruncationNoise noise(basis, columns, 5, time, coherent),
        of_all(whole, columns_of(whole), 5, time, coherent);
    const auto mine = noise.field(key_of_day(70001), 2, kTruncation),
               all = of_all.field(key_of_day(70001), 2, kTruncation);
    const Window& w = basis.window;
    for (long y = 0; y < w.ny; ++y)
      for (long x = 0; x < w.nx; ++x)
        EXPECT_EQ(mine[static_cast<std::size_t>(y * w.nx + x)],
                  all[static_cast<std::size_t>((w.y0 + y) * synthetic::nx + w.x0 + x)]);
    if (basis.patches.mine.empty()) continue;
    const PatchModes& patch = basis.patches.mine.front();
    const std::size_t d = patch.points.size();
    constexpr int kMembers = 3000;
    double sums[3] = {};  // variance, covariance with another point, with the next day
    const std::size_t i = static_cast<std::size_t>(patch.points[0]),
                      j = static_cast<std::size_t>(patch.points[d - 1]);
    for (int m = 0; m < kMembers; ++m) {
      const auto today = noise.field(key_of_day(70001), m, kTruncation),
                 next = noise.field(key_of_day(70002), m, kTruncation);
      sums[0] += today[i] * today[i] / kMembers;
      sums[1] += today[i] * today[j] / kMembers;
      sums[2] += today[i] * next[i] / kMembers;
    }
    double both = 0;
    for (std::size_t c = 0; c < 3; ++c)
      both += static_cast<double>(columns[0][c * d]) * static_cast<double>(columns[0][c * d + d - 1]);
    const double scale = kTruncation * std::max(patch.tau[0], patch.tau[d - 1]),
                 error = 5 * scale * std::sqrt(2.0 / kMembers);
    EXPECT_NEAR(sums[0], kTruncation * patch.tau[0], error);
    EXPECT_NEAR(sums[1], kTruncation * both, error);
    EXPECT_NEAR(sums[2], coherent ? kTruncation * patch.tau[0] * time.truncation.at(1) : 0, error);
  }
}

}  // namespace
}  // namespace podscale
