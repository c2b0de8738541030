// Against covariances assembled densely, point by point, from the same random base on one process.
#include "podscale/gaussian/forecast.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "podscale/gaussian/functional.hpp"
#include "podscale/gaussian/point_variance.hpp"
#include "podscale/gaussian/ridge.hpp"
#include "synthetic.hpp"

using namespace podscale;
using synthetic::Dense;
using synthetic::in_grid;
using synthetic::on_window;
using synthetic::rectangle;
using synthetic::Study;

namespace {

CoefficientForecast of_base(const Study& study, const Inflation& inflation) {
  const float phase = 0.25f;
  const std::uint64_t key = 7;
  return base_forecast(study.space)({study.condition, {&phase, 1}, {&key, 1}}, inflation).front();
}

struct Fields {
  std::vector<double> mean, variance;
};
Fields decode(const Study& study, const CoefficientForecast& forecast, double truncation) {
  const std::size_t n = study.basis.window.points();
  Fields f{std::vector<double>(n), std::vector<double>(n)};
  decode_forecast(study.basis, forecast, truncation, study.climatology(), f.mean, f.variance);
  return f;
}

/// Over four patches, over all of the region, one point, and a difference between two halves.
std::vector<std::vector<double>> straddling() {
  return {rectangle(2, 10, 3, 13), rectangle(0, 14, 0, 17), rectangle(6, 7, 7, 8),
          rectangle(2, 12, 2, 14, true)};
}

FunctionalSet functionals(const Basis& basis) {
  std::vector<Functional> list;
  for (const auto& w : straddling()) list.push_back({"f", on_window(basis, w)});
  return {basis, list};
}

double product(const std::vector<double>& w, const std::vector<double>& field) {
  double sum = 0;
  for (std::size_t i = 0; i < w.size(); ++i)
    if (w[i] != 0) sum += w[i] * field[i];
  return sum;
}

/// Latents of members: [M][local patches][K], [M][R]; not centred, and z_g enters every patch.
struct Members {
  Members(const Basis& basis, int count, int rank) {
    for (int m = 0; m < count; ++m) {
      for (const PatchModes& p : basis.patches.mine)
        for (const double z : synthetic::normals(synthetic::modes, 41, p.patch, m))
          patch.push_back(0.6 * z + 0.2);
      for (const double z : synthetic::normals(static_cast<std::size_t>(rank), 42, m))
        global.push_back(1.3 * z);
    }
  }
  std::vector<double> patch, global;
};

/// Decoded members of the whole region, on this process, with nothing but the definition.
std::vector<std::vector<double>> decoded(const Study& alone, const LatentSpace& space, const Members& z,
                                         int count, bool own_part = true, bool global_part = true) {
  const auto& patches = alone.basis.patches.mine;
  const std::size_t slots = space.condition_width(), rank = space.global_modes();
  std::vector<std::vector<double>> fields;
  for (int m = 0; m < count; ++m) {
    std::vector<double> field(alone.climatology().size(), 0.0), inside(field.size(), 0.0);
    for (std::size_t p = 0; p < patches.size(); ++p) {
      const std::size_t k = patches[p].modes, d = patches[p].points.size();
      for (std::size_t i = 0; i < k; ++i) {
        double a = 0, own = 0;
        for (std::size_t s = 0; space.reference().stands_alone() && s < slots; ++s)
          a += alone.base.regression[p][i * slots + s] * static_cast<double>(alone.condition[p * slots + s]);
        for (std::size_t r = 0; r < rank && global_part; ++r)
          a += space.covariance(p).global[r * k + i] * z.global[static_cast<std::size_t>(m) * rank + r];
        for (std::size_t j = 0; j <= i && own_part; ++j)
          own += space.covariance(p).root[j * k + i] *
                 z.patch[(static_cast<std::size_t>(m) * patches.size() + p) * synthetic::modes + j];
        for (std::size_t x = 0; x < d; ++x) {
          field[patches[p].points[x]] += a * patches[p].phi[i * d + x];
          inside[patches[p].points[x]] += own * patches[p].phi[i * d + x];
        }
      }
    }
    for (auto* part : {&field, &inside})
      synthetic::unfold_by_definition(*part, alone.basis.lapping.overlap());
    const auto seams = synthetic::dense_seams(alone.basis);
    for (std::size_t i = 0; i < field.size(); ++i) {
      field[i] += alone.climatology()[i];
      for (std::size_t j = 0; j < field.size(); ++j) field[i] += seams[i * field.size() + j] * inside[j];
    }
    fields.push_back(field);
  }
  return fields;
}

struct Moments {
  double mean = 0, variance = 0;
};
Moments moments(const std::vector<double>& values) {
  Moments m;
  for (const double v : values) m.mean += v / static_cast<double>(values.size());
  for (const double v : values)
    m.variance += std::pow(v - m.mean, 2) / static_cast<double>(values.size() - 1);
  return m;
}

Moments moments_at(const std::vector<std::vector<double>>& fields, const std::vector<double>& weights) {
  std::vector<double> values;
  for (const auto& field : fields) values.push_back(product(weights, field));
  return moments(values);
}

std::vector<double> point_weights(std::size_t point) {
  std::vector<double> w(synthetic::ny * synthetic::nx, 0.0);
  w[point] = 1;
  return w;
}

class ForecastOverlap : public testing::TestWithParam<synthetic::Overlap> {};
INSTANTIATE_TEST_SUITE_P(Points, ForecastOverlap,
                         testing::Values(synthetic::Overlap(0), synthetic::Overlap(2),
                                         synthetic::Overlap(2, true)));

}  // namespace

TEST_P(ForecastOverlap, PixelMeanAndVarianceAreThoseOfTheDenseGaussian) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD), self = Communicator::self();
  const Study study(comm, synthetic::global_modes, GetParam()),
      alone(self, synthetic::global_modes, GetParam());
  const Dense dense(alone);
  const Inflation inflation{1.3, 0.8, 1.1};
  const Fields fields = decode(study, of_base(study, inflation), inflation.truncation);
  for (long i = 0; i < study.basis.window.points(); ++i) {
    const std::size_t g = in_grid(study.basis, i);
    if (!study.basis.ocean[i]) {
      EXPECT_TRUE(std::isnan(fields.mean[i]) && std::isnan(fields.variance[i])) << g;
      continue;
    }
    EXPECT_NEAR(fields.mean[i], dense.mean[g], 1e-11) << g;
    EXPECT_NEAR(fields.variance[i],
                1.3 * dense.global[g * dense.n + g] + 0.8 * dense.patch[g * dense.n + g] +
                    1.1 * dense.tau[g * dense.n + g],
                1e-12)
        << g;
  }
}

TEST_P(ForecastOverlap, FunctionalsThatStraddlePatchesHaveTheDenseVariance) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD), self = Communicator::self();
  const Study study(comm, synthetic::global_modes, GetParam()),
      alone(self, synthetic::global_modes, GetParam());
  const Dense dense(alone);
  const Inflation inflation{1.3, 0.8, 1.1};
  const auto found =
      functionals(study.basis)
          .evaluate(comm, of_base(study, inflation), inflation.truncation, study.climatology());
  const auto weights = straddling();
  for (std::size_t f = 0; f < weights.size(); ++f) {
    EXPECT_NEAR(found[f].mean, product(weights[f], dense.mean), 1e-10) << f;
    const double expected = dense.quadratic(weights[f], inflation);
    EXPECT_NEAR(found[f].variance / expected, 1, 1e-11) << f;
    const double without = dense.quadratic(weights[f], {0, 0.8, 1.1});
    EXPECT_GT(std::abs(expected / without - 1), 0.1) << f;  // patches do matter to each other
  }
}

TEST_P(ForecastOverlap, SameBitsAtAnyRankCount) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD), self = Communicator::self();
  const Study study(comm, synthetic::global_modes, GetParam()),
      alone(self, synthetic::global_modes, GetParam());
  const Inflation inflation{1.3, 0.8, 1.1};
  const auto here = of_base(study, inflation), there = of_base(alone, inflation);
  const Fields mine = decode(study, here, 1.1), all = decode(alone, there, 1.1);
  for (long i = 0; i < study.basis.window.points(); ++i) {
    if (!study.basis.ocean[i]) continue;
    EXPECT_EQ(mine.mean[i], all.mean[in_grid(study.basis, i)]);
    EXPECT_EQ(mine.variance[i], all.variance[in_grid(study.basis, i)]);
  }
  const auto a = functionals(study.basis).evaluate(comm, here, 1.1, study.climatology());
  const auto b = functionals(alone.basis).evaluate(self, there, 1.1, alone.climatology());
  for (std::size_t f = 0; f < a.size(); ++f) {
    EXPECT_EQ(a[f].mean, b[f].mean);
    EXPECT_EQ(a[f].variance, b[f].variance);
  }
}

TEST(Forecast, NoiseOfATokenIsThatOfItsPatchAtAnyRankCount) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  const Study study(comm);
  const auto& patches = study.basis.patches.mine;
  const std::size_t tokens = study.basis.patches.patch_of_token.size(), k = synthetic::modes;
  const auto forecast = of_base(study, {4, 9, 1});
  for (std::size_t one = 0; one < (tokens + 1) * k; ++one) {  // a single number that is not 0
    std::vector<float> noise((tokens + 1) * k, 0.0f);
    noise[one] = 1;
    const auto a = draw_coefficients(study.space, forecast.latent, noise, study.condition);
    for (std::size_t p = 0; p < patches.size(); ++p) {
      const std::size_t modes = patches[p].modes;
      const PatchCovariance& c = study.base.residual.mine[p];
      for (std::size_t i = 0; i < k; ++i) {
        double expected = i < modes ? forecast.mean[p][i] : 0;
        if (i < modes && one >= tokens * k && one < tokens * k + synthetic::global_modes)
          expected += 2 * c.global[(one - tokens * k) * modes + i];
        if (i < modes && one / k == static_cast<std::size_t>(patches[p].token) && one % k < modes)
          expected += 3 * c.root[one % k * modes + i];
        EXPECT_NEAR(a[p * k + i], expected, 1e-12) << one << ", " << p << ", " << i;
      }
    }
  }
}

TEST_P(ForecastOverlap, DrawnMembersHaveTheMeanAndCovarianceOfTheClosedForm) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  const Study study(comm, synthetic::global_modes, GetParam());
  const Basis& basis = study.basis;
  const std::size_t n = basis.window.points();
  auto forecast = of_base(study, {1.3, 0.8, 1});
  // Latents with a mean, as a head gives them.
  LatentForecast latent = forecast.latent;
  for (std::size_t r = 0; r < latent.global_mean.size(); ++r) latent.global_mean[r] = 0.5 - 0.4 * r;
  for (double& z : latent.patch_mean) z = -0.3;
  forecast = forecast_from_latents(study.space, latent, study.condition);
  const Fields closed = decode(study, forecast, 0);
  const auto expected = functionals(basis).evaluate(comm, forecast, 0, study.climatology());

  constexpr int members = 4000;
  const std::size_t tokens = basis.patches.patch_of_token.size() + 1;
  const auto weights = straddling();
  std::vector<double> sum(n, 0.0), square(n, 0.0), area(weights.size() * members, 0.0);
  std::vector<float> noise(tokens * synthetic::modes);
  for (int m = 0; m < members; ++m) {
    CounterRandom(9, Stream::test).fill_normal(std::span(noise), static_cast<std::uint32_t>(m));
    const auto a = draw_coefficients(study.space, latent, noise, study.condition);
    std::vector<double> field(n);
    decode_member(basis, a, study.climatology(), field);
    for (std::size_t i = 0; i < n; ++i) {
      sum[i] += field[i] - closed.mean[i];
      square[i] += std::pow(field[i] - closed.mean[i], 2);
    }
    for (std::size_t f = 0; f < weights.size(); ++f)
      area[f * members + m] = product(on_window(basis, weights[f]), field);
  }
  comm.sum(std::span(area));
  const double spread = std::sqrt(2.0 / members);  // relative, of a variance
  for (std::size_t i = 0; i < n; ++i) {
    if (!basis.ocean[i]) continue;
    EXPECT_LT(std::abs(sum[i] / members), 4.5 * std::sqrt(closed.variance[i] / members)) << i;
    EXPECT_NEAR(square[i] / members / closed.variance[i], 1, 4.5 * spread) << i;
  }
  for (std::size_t f = 0; f < weights.size(); ++f) {
    const Moments found = moments({area.begin() + f * members, area.begin() + (f + 1) * members});
    EXPECT_LT(std::abs(found.mean - expected[f].mean), 4.5 * std::sqrt(expected[f].variance / members)) << f;
    EXPECT_NEAR(found.variance / expected[f].variance, 1, 4.5 * spread) << f;
  }
}

TEST_P(ForecastOverlap, PointVarianceIsThatOfTheFactor) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  const Study study(comm, synthetic::global_modes, GetParam(), false, true);
  const std::size_t n = study.basis.window.points();
  LatentForecast latent = of_base(study, {1.3, 0.8, 1}).latent;
  for (std::size_t r = 0; r < latent.global_mean.size(); ++r) {
    latent.global_mean[r] = 0.5 - 0.4 * static_cast<double>(r);
    latent.global_variance[r] = 0.2 + static_cast<double>(r);
  }
  for (std::size_t i = 0; i < latent.patch_mean.size(); ++i) {
    latent.patch_mean[i] = -0.3;
    latent.patch_variance[i] = 0.5 + 0.1 * static_cast<double>(i % 7);
  }
  const PointVariance points(study.space);
  for (const bool alike :
       {false, true, false}) {  // the variances of the global latents: two ways to the same
    const std::vector<double> different = latent.global_variance;
    if (alike) latent.global_variance.assign(different.size(), 1.7);
    const auto with = forecast_from_latents(study.space, latent, study.condition),
               without = forecast_from_latents(study.space, latent, study.condition, Factor::without);
    EXPECT_TRUE(without.factor.empty());
    const std::vector<double> climatology(n, 3.0);
    std::vector<double> mean(n), variance(n), mean_too(n), variance_too(n);
    decode_forecast(study.basis, with, 0.7, climatology, mean, variance);
    points.decode(without, 0.7, climatology, mean_too, variance_too);
    for (std::size_t i = 0; i < n; ++i) {
      EXPECT_EQ(std::isnan(variance_too[i]), !study.basis.ocean[i]) << i;
      if (!study.basis.ocean[i]) continue;
      EXPECT_EQ(mean_too[i], mean[i]) << i;
      EXPECT_NEAR(variance_too[i] / variance[i], 1, 1e-12) << i;
    }
    latent.global_variance = different;
  }
}

TEST(Forecast, SpreadScalesTheCovarianceMembersAndBudgetOfItsPatch) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  const Study plain(comm), study(comm, synthetic::global_modes, 0, false, true);
  const std::size_t k = study.basis.modes, local = study.basis.patches.mine.size(),
                    width = study.space.condition_width(), tokens = study.basis.patches.patch_of_token.size();
  const Inflation inflation{1.3, 0.8, 1.1};
  const auto with = of_base(study, inflation), without = of_base(plain, inflation);
  // A member of the same noise, and the parts of the budget.
  std::vector<float> noise((tokens + 1) * k);
  CounterRandom(3, Stream::test).fill_normal(std::span(noise), 0);
  const auto far = draw_coefficients(study.space, with.latent, noise, study.condition),
             near = draw_coefficients(plain.space, without.latent, noise, study.condition);
  const VarianceBudget budget = variance_budget(study.basis, with, inflation),
                       other = variance_budget(plain.basis, without, inflation);
  for (std::size_t p = 0; p < local; ++p) {
    const double s = study.space.spread(p, study.condition.data() + p * width);
    EXPECT_EQ(with.spread[p], s);
    EXPECT_EQ(without.spread[p], 1);
    EXPECT_GT(s, 1);
    EXPECT_NEAR(s * s, 1 + leverage(study.base.inverse_root[p], study.condition.data() + p * width), 1e-12);
    const PatchModes& patch = study.basis.patches.mine[p];
    EXPECT_EQ(with.mean[p], without.mean[p]);
    for (std::size_t i = 0; i < with.factor[p].size(); ++i)
      EXPECT_NEAR(with.factor[p][i], s * without.factor[p][i], 1e-12);
    for (std::size_t i = p * k; i < p * k + static_cast<std::size_t>(patch.modes); ++i)
      EXPECT_NEAR(far[i] - with.mean[p][i - p * k], s * (near[i] - with.mean[p][i - p * k]), 1e-9);
    for (const long point : patch.points) {
      const std::size_t i = point;
      EXPECT_NEAR(budget.patch[i] / (s * s * other.patch[i]), 1, 1e-9);
      EXPECT_NEAR(budget.cross_patch[i] / (s * s * other.cross_patch[i]), 1, 1e-9);
      EXPECT_NEAR(budget.truncation[i] / other.truncation[i], 1, 1e-12);
    }
  }
  // Whitening takes it out again.
  std::vector<float> a(far.begin(), far.end());
  const auto z = study.space.whiten(comm, a, study.condition, 1);
  for (std::size_t p = 0; p < local; ++p) {
    std::vector<double> mean(study.basis.patches.mine[p].modes), r(mean.size());
    study.space.mean(p, study.condition.data() + p * width, mean);
    study.space.colour(p, z.global, std::span<const double>(z.patch).subspan(p * k, r.size()), r);
    for (std::size_t m = 0; m < r.size(); ++m)
      EXPECT_NEAR(mean[m] + with.spread[p] * r[m], far[p * k + m], 1e-5);
  }
}

TEST_P(ForecastOverlap, BudgetSplitsTheVarianceAndAddsUp) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD), self = Communicator::self();
  const Study study(comm, synthetic::global_modes, GetParam()),
      alone(self, synthetic::global_modes, GetParam());
  const Dense dense(alone);
  const Inflation inflation{1.3, 0.8, 1.1, {0.5, 1.0, 2.0, 1.5}};
  const Dense inflated(alone, inflation.mode);
  const auto forecast = of_base(study, inflation);
  const Fields fields = decode(study, forecast, inflation.truncation);
  const VarianceBudget budget = variance_budget(study.basis, forecast, inflation);
  for (long i = 0; i < study.basis.window.points(); ++i) {
    if (!study.basis.ocean[i]) {
      EXPECT_TRUE(std::isnan(budget.patch[i]) && std::isnan(budget.calibration[i]));
      continue;
    }
    const std::size_t g = in_grid(study.basis, i);
    const double across = dense.global[g * dense.n + g], own = dense.patch[g * dense.n + g],
                 more = 0.8 * inflated.patch[g * dense.n + g], tau = dense.tau[g * dense.n + g];
    EXPECT_NEAR(budget.patch[i], own, 1e-12);
    EXPECT_NEAR(budget.cross_patch[i], across, 1e-12);
    EXPECT_NEAR(budget.truncation[i], tau, 1e-14);
    EXPECT_NEAR(budget.calibration[i], 0.3 * across + more - own + 0.1 * tau, 1e-12);
    EXPECT_NEAR(budget.patch[i] + budget.cross_patch[i] + budget.truncation[i] + budget.calibration[i],
                fields.variance[i], 1e-13);
  }
}

TEST_P(ForecastOverlap, MembersFactorsGiveTheSampleVarianceOfTheDecodedMembers) {
  // Method, section 4.15: to rounding, also with fewer members than modes, and across patches.
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD), self = Communicator::self();
  const Study study(comm, synthetic::global_modes, GetParam()),
      alone(self, synthetic::global_modes, GetParam());
  for (const bool with_base : {true, false})
    for (const int count : {2, 3, 24}) {
      const LatentSpace &space = with_base ? study.space : study.published,
                        &whole = with_base ? alone.space : alone.published;
      const auto condition =
          with_base ? study.condition : synthetic::make_condition(study.basis, space.condition_width());
      const Members z(study.basis, count, space.global_modes()),
          all(alone.basis, count, space.global_modes());
      auto forecast = forecast_from_members(space, count, z.patch, z.global, condition);
      split_members(space, count, z.patch, z.global, {}, forecast);
      EXPECT_EQ(forecast.shared, count);
      const auto fields = decoded(alone, whole, all, count);
      const auto own = decoded(alone, whole, all, count, true, false),
                 global = decoded(alone, whole, all, count, false, true);
      const Fields found = decode(study, forecast, 0);
      const VarianceBudget budget = variance_budget(study.basis, forecast, {});
      for (long i = 0; i < study.basis.window.points(); ++i) {
        if (!study.basis.ocean[i]) continue;
        const auto w = point_weights(in_grid(study.basis, i));
        const Moments expected = moments_at(fields, w);
        EXPECT_NEAR(found.mean[i], expected.mean, 1e-11);
        EXPECT_NEAR(found.variance[i], expected.variance, 1e-11 * (1 + expected.variance)) << count;
        const double inside = moments_at(own, w).variance;
        EXPECT_NEAR(budget.patch[i], inside, 1e-11 * (1 + inside));
        const double across = moments_at(global, w).variance;
        EXPECT_NEAR(budget.cross_patch[i], across, 1e-11 * (1 + across));
        // No inflation here: what is left is the sample covariance of the two parts.
        EXPECT_NEAR(budget.calibration[i], expected.variance - inside - across,
                    1e-11 * (1 + expected.variance));
      }
      const auto areas = functionals(study.basis).evaluate(comm, forecast, 0, study.climatology());
      const auto weights = straddling();
      for (std::size_t f = 0; f < weights.size(); ++f) {
        const Moments expected = moments_at(fields, weights[f]);
        EXPECT_NEAR(areas[f].mean, expected.mean, 1e-10);
        EXPECT_NEAR(areas[f].variance, expected.variance, 1e-11 * (1 + expected.variance)) << count;
      }
    }
}

TEST(Forecast, LatentMomentsOfMembersAreComparableWithTheErrorOfTheirMean) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  const Study study(comm);
  constexpr int count = 5;
  const Members z(study.basis, count, synthetic::global_modes);
  const auto forecast = forecast_from_members(study.space, count, z.patch, z.global, study.condition);
  const auto expect = [&](const std::vector<double>& values, std::size_t size,
                          const std::vector<double>& mean, const std::vector<double>& variance) {
    ASSERT_EQ(mean.size(), size);
    for (std::size_t j = 0; j < size; ++j) {
      std::vector<double> of_members;
      for (std::size_t m = 0; m < count; ++m) of_members.push_back(values[m * size + j]);
      const Moments expected = moments(of_members);
      EXPECT_NEAR(mean[j], expected.mean, 1e-14);
      EXPECT_NEAR(variance[j], expected.variance * 6 / 5, 1e-13);
    }
  };
  const std::size_t local = study.basis.patches.mine.size() * synthetic::modes;
  expect(z.patch, local, forecast.latent.patch_mean, forecast.latent.patch_variance);
  expect(z.global, synthetic::global_modes, forecast.latent.global_mean, forecast.latent.global_variance);
}

TEST(Forecast, StartNoiseTakesTheSamplingErrorOffTheMean) {
  // A sampler that returns its noise has the mean B c, whatever the noise was.
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  const Study study(comm);
  constexpr int count = 5;
  const Members z(study.basis, count, synthetic::global_modes);
  const std::size_t local = study.basis.patches.mine.size() * synthetic::modes,
                    rank = synthetic::global_modes;
  LatentSpace::Latents noise{std::vector<double>(local, 0.0), std::vector<double>(rank, 0.0)};
  for (std::size_t i = 0; i < z.patch.size(); ++i) noise.patch[i % local] += z.patch[i] / count;
  for (std::size_t i = 0; i < z.global.size(); ++i) noise.global[i % rank] += z.global[i] / count;
  const auto plain = forecast_from_members(study.space, count, z.patch, z.global, study.condition);
  const auto with = forecast_from_members(study.space, count, z.patch, z.global, study.condition, &noise);
  EXPECT_EQ(with.factor, plain.factor);
  const auto base = of_base(study, {});
  for (std::size_t p = 0; p < with.mean.size(); ++p)
    for (std::size_t k = 0; k < with.mean[p].size(); ++k) {
      EXPECT_NEAR(with.mean[p][k], base.mean[p][k], 1e-13);
      EXPECT_GT(std::abs(plain.mean[p][k] - base.mean[p][k]), 1e-6);
    }
  for (const double mean : with.latent.patch_mean) EXPECT_NEAR(mean, 0, 1e-14);
  for (const double mean : with.latent.global_mean) EXPECT_NEAR(mean, 0, 1e-14);
  for (std::size_t i = 0; i < local; ++i)
    EXPECT_NEAR(with.latent.patch_variance[i] * 6 / 5, plain.latent.patch_variance[i], 1e-13);
}

TEST(Forecast, WhitenInvertsColourAndStandardiseDividesByTheScale) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  const Study study(comm);
  const std::size_t local = study.basis.patches.mine.size();
  std::vector<float> out(study.space.condition_width());
  for (std::size_t p = 0; p < local; ++p) {
    study.space.standardise(p, study.condition.data() + p * out.size(), out.data());
    for (std::size_t i = 0; i < out.size(); ++i)
      EXPECT_FLOAT_EQ(out[i], study.condition[p * out.size() + i] / 2);
  }
  // Without global modes, whitening needs nothing but the patch.
  const Study blocks(comm, 0);
  std::vector<float> a(local * synthetic::modes, 0.0f);
  std::vector<double> z(local * synthetic::modes, 0.0);
  for (std::size_t p = 0; p < local; ++p) {
    const PatchModes& patch = blocks.basis.patches.mine[p];
    const auto mine = synthetic::normals(static_cast<std::size_t>(patch.modes), 51, patch.patch);
    std::vector<double> mean(mine.size()), r(mine.size());
    blocks.space.mean(p, blocks.condition.data() + p * out.size(), mean);
    blocks.space.colour(p, {}, mine, r);
    for (std::size_t k = 0; k < mine.size(); ++k) {
      a[p * synthetic::modes + k] = static_cast<float>(mean[k] + r[k]);
      z[p * synthetic::modes + k] = mine[k];
    }
  }
  const auto found = blocks.space.whiten(comm, a, blocks.condition, 1);
  for (std::size_t i = 0; i < z.size(); ++i) EXPECT_NEAR(found.patch[i], z[i], 2e-4);  // a is float32
}

TEST(Forecast, GlobalTokensFollowThosePatches) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  const Study study(comm, 6);  // two tokens of four, the last two entries unused
  const TokenLayout layout = study.space.layout(comm);
  const int patches = static_cast<int>(study.basis.patches.patch_of_token.size());
  EXPECT_EQ(study.space.global_tokens(), 2);
  EXPECT_EQ(layout.tokens, patches + 2);
  EXPECT_EQ(layout.global_tokens, 2);
  EXPECT_EQ(layout.condition, study.space.condition_width());
  ASSERT_EQ(layout.active.size(), static_cast<std::size_t>(layout.latent_size()));
  const std::vector<unsigned char> expected{1, 1, 1, 1, 1, 1, 0, 0};
  EXPECT_TRUE(std::equal(expected.begin(), expected.end(), layout.active.end() - 8));
  EXPECT_EQ(study.published.global_tokens(), 0);
  EXPECT_EQ(study.published.layout(comm).tokens, patches);
  EXPECT_EQ(study.space.checksum(comm), study.space.checksum(comm));
  EXPECT_NE(study.space.checksum(comm), study.published.checksum(comm));
}
