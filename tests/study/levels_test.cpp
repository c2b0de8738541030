// What the residuals of training say of their level: by contrast of the LR field, and by years.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "podscale/core/error.hpp"
#include "podscale/gaussian/ridge.hpp"
#include "podscale/study/fit_contrast.hpp"
#include "podscale/study/fit_level.hpp"
#include "synthetic.hpp"

using namespace podscale;

namespace {

const std::vector<long> kLags = {-2, 0, 2};

/// A base with lags whose regression is known.
struct Region {
  explicit Region(const Communicator& on)
      : comm(on), basis(synthetic::make_basis(on)), base(1, kLags, Predictors(on, basis, 1, kLags)) {
    const std::size_t width = base.conditions(basis), slots = base.predictors.slots();
    for (const PatchModes& patch : basis.patches.mine) {
      base.regression.push_back(
          synthetic::normals(static_cast<std::size_t>(patch.modes) * width, 4, patch.patch));
      // Some cells are land.
      for (std::size_t i = 0; i < width; ++i)
        base.predictor_scale.push_back(i < slots && i % 9 == 2 ? 0 : 1.0);
      base.inverse_root.emplace_back(slots * (slots + 1) / 2, 0.0f);
      PatchCovariance covariance;
      covariance.root.assign(static_cast<std::size_t>(patch.modes * patch.modes), 0.0);
      for (int k = 0; k < patch.modes; ++k)
        covariance.root[static_cast<std::size_t>(k * (patch.modes + 1))] = 1;
      base.residual.mine.push_back(covariance);
    }
  }
  std::span<const double> scale(std::size_t p) const {
    const std::size_t width = base.conditions(basis);
    return std::span(base.predictor_scale).subspan(p * width, width);
  }
  /// Conditions whose contrast differs from time to time, and residuals with deviation(p,
  /// contrast).
  template <class Deviation>
  EncodedPeriod period(long first, long times, const Deviation& deviation) const {
    EncodedPeriod period;
    const std::size_t width = base.conditions(basis), slots = base.predictors.slots(), k = basis.modes;
    std::vector<double> mean(k);
    for (long t = first; t < first + times; ++t) {
      period.samples.push_back({t, t});
      for (std::size_t p = 0; p < basis.patches.mine.size(); ++p) {
        const PatchModes& patch = basis.patches.mine[p];
        const auto values = synthetic::normals(width, 20, patch.patch, t),
                   of_time = synthetic::normals(2, 21, patch.patch, t);
        std::vector<float> condition(width);
        for (std::size_t i = 0; i < slots; ++i)
          if (scale(p)[i] > 0) {
            // One amplitude in space, and one for the other times.
            const bool present = i / (slots / 3) == 1;
            condition[i] = static_cast<float>(std::exp(0.5 * of_time[0]) * values[i % (slots / 3)] +
                                              (present ? 0 : std::exp(0.5 * of_time[1]) * values[i]));
          }
        base.mean(basis, p, condition.data(), mean);
        const double s = deviation(p, lr_contrast(base.predictors, scale(p), condition.data()));
        const auto noise = synthetic::normals(k, 22, patch.patch, t);
        for (std::size_t m = 0; m < k; ++m)
          period.coefficients.push_back(
              m < static_cast<std::size_t>(patch.modes) ? static_cast<float>(mean[m] + s * noise[m]) : 0.0f);
        period.conditions.insert(period.conditions.end(), condition.begin(), condition.end());
      }
    }
    return period;
  }
  const Communicator& comm;
  Basis basis;
  LinearGaussian base;
};

double grows(std::size_t, const std::array<double, 2>& contrast) {
  return std::pow(contrast[0], 0.2) * std::pow(contrast[1], 0.1);
}
double constant(std::size_t, const std::array<double, 2>&) {
  return 0.7;
}

/// Days of three years and a half.
SampleAxis days(long count) {
  SampleAxis axis;
  axis.units = "days since 2000-01-01";
  for (long t = 0; t < count; ++t)
    axis.samples.push_back(
        {static_cast<double>(t),
         date_from_day_number(Calendar::standard, day_number(Calendar::standard, 2000, 1, 1) + 20 * t)});
  return axis;
}

}  // namespace

TEST(Contrast, IsThatOfTheCellsInUse) {
  const Communicator self = Communicator::self();
  const Region region(self);
  const EncodedPeriod period = region.period(0, 3, constant);
  const std::size_t width = region.base.conditions(region.basis), slots = region.base.predictors.slots(),
                    cells = slots / 3;
  for (std::size_t p = 0; p < region.basis.patches.mine.size(); ++p) {
    const float* c = period.conditions.data() + p * width;
    std::vector<double> now, change;
    for (std::size_t i = 0; i < cells; ++i) {
      if (!(region.scale(p)[cells + i] > 0)) continue;
      now.push_back(static_cast<double>(c[cells + i]));
      for (const std::size_t lag : {std::size_t{0}, std::size_t{2}})
        change.push_back(static_cast<double>(c[cells + i]) - static_cast<double>(c[lag * cells + i]));
    }
    double mean = 0, variance = 0, square = 0;
    for (const double v : now) mean += v / static_cast<double>(now.size());
    for (const double v : now) variance += std::pow(v - mean, 2) / static_cast<double>(now.size());
    for (const double v : change) square += v * v / static_cast<double>(change.size());
    const auto found = lr_contrast(region.base.predictors, region.scale(p), c);
    EXPECT_NEAR(found[0], variance, 1e-9);
    EXPECT_NEAR(found[1], square, 1e-9);
  }
}

TEST(Contrast, FindsHowTheVarianceGrows) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD), self = Communicator::self();
  const Region region(comm), alone(self);
  const ContrastSpread found = fit_contrast(comm, region.basis, region.base, region.period(0, 400, grows),
                                            region.period(1000, 150, grows));
  ASSERT_TRUE(found.varies()) << found.reason;
  // Standard deviations with the powers 0.2 and 0.1 of mean squares: variances with 0.8 and 0.4 of
  // the log of their roots. The floor takes a little.
  EXPECT_NEAR(found.coefficients[1], 0.8, 0.1);
  EXPECT_NEAR(found.coefficients[2], 0.4, 0.1);
  const ContrastSpread same = fit_contrast(self, alone.basis, alone.base, alone.period(0, 400, grows),
                                           alone.period(1000, 150, grows));
  EXPECT_EQ(found.coefficients, same.coefficients);  // the same bits at any number of ranks
}

TEST(Contrast, IsLeftOutWhereValidationDoesNotGain) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  const Region region(comm);
  const auto against = [](std::size_t p, const std::array<double, 2>& c) { return 1 / grows(p, c); };
  const ContrastSpread found = fit_contrast(comm, region.basis, region.base, region.period(0, 200, grows),
                                            region.period(1000, 100, against));
  EXPECT_FALSE(found.varies());
  EXPECT_EQ(found.reason.rfind("left out", 0), 0u) << found.reason;
}

TEST(Contrast, ScalesTheSpreadOfTheBase) {
  const Communicator self = Communicator::self();
  Region region(self);
  const EncodedPeriod train = region.period(0, 200, grows);
  const std::size_t width = region.base.conditions(region.basis);
  EXPECT_EQ(region.base.spread(0, train.conditions.data()), 1);
  region.base.contrast =
      fit_contrast(self, region.basis, region.base, train, region.period(1000, 100, grows));
  ASSERT_TRUE(region.base.contrast.varies());
  // Residuals over their spread no longer know of the contrast: mean squares of the calm and the
  // lively half are alike, where they were far apart.
  const std::size_t local = region.basis.patches.mine.size(), k = region.basis.modes;
  std::vector<double> mean(k);
  std::array<std::array<double, 3>, 2> halves{};  // [lively][count, square, square over the spread]
  for (std::size_t t = 0; t < train.size(); ++t)
    for (std::size_t p = 0; p < local; ++p) {
      const float* given = train.conditions.data() + (t * local + p) * width;
      region.base.mean(region.basis, p, given, mean);
      const double spread = region.base.spread(p, given);
      auto& half = halves[lr_contrast(region.base.predictors, region.scale(p), given)[0] >
                          region.base.contrast.reference[2 * p] / 2];
      for (std::size_t m = 0; m < static_cast<std::size_t>(region.basis.patches.mine[p].modes); ++m) {
        const double r = static_cast<double>(train.coefficients[(t * local + p) * k + m]) - mean[m];
        half[0] += 1;
        half[1] += r * r;
        half[2] += r * r / (spread * spread);
      }
    }
  const auto ratio = [&](std::size_t i) {
    return halves[1][i] / halves[1][0] / (halves[0][i] / halves[0][0]);
  };
  EXPECT_GT(ratio(1), 1.5);
  EXPECT_NEAR(ratio(2), 1, 0.1);
}

TEST(Level, OfYearsThatDiffer) {
  const CrossValidatedLevel level = level_of_years({8, 12, 10, 14}, {10, 10, 10, 10});
  EXPECT_DOUBLE_EQ(level.level, 1.1);
  const double variance = (9 + 1 + 1 + 9) / 3.0 / 121;
  EXPECT_NEAR(level.spread, std::sqrt(variance), 1e-14);
  EXPECT_NEAR(level.degrees_of_freedom, 4 + 2 / variance, 1e-10);
}

TEST(Level, IsThatOfRegressionsWithoutTheYear) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD), self = Communicator::self();
  Region region(comm), alone(self);
  constexpr long times = 64;  // 20 days each: three years and a half
  const SampleAxis axis = days(times);
  for (Region* r : {&region, &alone}) r->base.penalty = 0.1, r->base.interpolation = 1;
  const EncodedPeriod train = region.period(0, times, constant), all = alone.period(0, times, constant);
  const CrossValidatedLevel found = cross_validated_level(comm, region.basis, region.base, 0.5, axis, train);
  ASSERT_EQ(found.of_year.size(), 4u);
  // Each year's regression from the other rows alone.
  const std::size_t width = alone.base.conditions(alone.basis), slots = alone.base.predictors.slots(),
                    k = alone.basis.modes, local = alone.basis.patches.mine.size();
  std::vector<double> weights(slots, 4.0);
  std::fill_n(weights.begin() + static_cast<long>(slots / 3), slots / 3, 1.0);
  std::vector<double> errors(4, 0.0), variances(4, 0.0);
  for (std::size_t p = 0; p < local; ++p)
    for (std::size_t y = 0; y < 4; ++y) {
      const int modes = alone.basis.patches.mine[p].modes;
      RidgeFit others(weights, modes), own(weights, modes);
      for (std::size_t t = 0; t < all.size(); ++t) {
        const float *c = all.conditions.data() + (t * local + p) * width,
                    *a = all.coefficients.data() + (t * local + p) * k;
        std::vector<float> target(a, a + modes);
        for (int m = 0; m < modes; ++m)
          target[static_cast<std::size_t>(m)] -= c[slots + static_cast<std::size_t>(m)];
        const bool mine = axis[t].date.year == 2000 + static_cast<int>(y);
        (mine ? own : others).add(c, width, target.data(), static_cast<std::size_t>(modes), 1);
        if (mine) variances[y] += modes;
      }
      errors[y] += own.squared_error(others.coefficients(0.1));
    }
  const CrossValidatedLevel expected = level_of_years(errors, variances);
  EXPECT_NEAR(found.level / expected.level, 1, 1e-6);
  for (std::size_t y = 0; y < 4; ++y) EXPECT_NEAR(found.of_year[y], expected.of_year[y], 1e-6);
  const CrossValidatedLevel same = cross_validated_level(self, alone.basis, alone.base, 0.5, axis, all);
  EXPECT_EQ(found.level, same.level);
  EXPECT_EQ(found.degrees_of_freedom, same.degrees_of_freedom);
}

TEST(Level, NeedsThreeYears) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  Region region(comm);
  region.base.penalty = 0.1;
  const EncodedPeriod train = region.period(0, 20, constant);
  EXPECT_THROW(cross_validated_level(comm, region.basis, region.base, 0.5, days(20), train), Error);
}
