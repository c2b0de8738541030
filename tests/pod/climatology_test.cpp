#include "podscale/pod/climatology.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numbers>

#include "podscale/core/error.hpp"

using namespace podscale;

TEST(Climatology, RecoversHarmonicsExactly) {
  const auto truth = [](std::size_t point, double phase) {
    const double a = 2 * std::numbers::pi * phase, p = static_cast<double>(point);
    return 10 + p + (3 + p) * std::cos(a) - 2 * std::sin(a) + 0.5 * std::cos(2 * a) +
           0.25 * p * std::sin(2 * a);
  };
  HarmonicFit fit(3, 2);
  for (int day = 0; day < 365; ++day) {
    const double phase = day / 365.0;
    const std::vector<float> field{static_cast<float>(truth(0, phase)), static_cast<float>(truth(1, phase)),
                                   std::numeric_limits<float>::quiet_NaN()};
    fit.add(field, phase);
  }
  const Climatology climatology = fit.solve();
  std::vector<double> out(3);
  for (const double phase : {0.0, 0.123, 0.77}) {
    climatology.evaluate(phase, out);
    EXPECT_NEAR(out[0], truth(0, phase), 1e-6);
    EXPECT_NEAR(out[1], truth(1, phase), 1e-6);
    EXPECT_TRUE(std::isnan(out[2]));  // land stays land and touches nobody
  }
}

TEST(Climatology, ResidualIsOrthogonalToTheHarmonics) {
  HarmonicFit fit(1, 2);
  std::vector<float> series;
  for (int t = 0; t < 500; ++t) {
    series.push_back(static_cast<float>(std::sin(0.37 * t) + 0.01 * t));
    fit.add(std::span(series).last(1), std::fmod(t * 0.0137, 1.0));
  }
  const Climatology climatology = fit.solve();
  std::vector<double> dot(5), value(1);
  for (int t = 0; t < 500; ++t) {
    const double phase = std::fmod(t * 0.0137, 1.0);
    climatology.evaluate(phase, value);
    const auto x = harmonic_basis(phase, 2);
    for (int c = 0; c < 5; ++c) dot[c] += x[c] * (series[t] - value[0]);
  }
  for (const double d : dot) EXPECT_NEAR(d, 0, 1e-8);
}

TEST(YearCoverage, FindsTheGapAndWhatItCosts) {
  const auto days = [](int first, int last, int step = 1) {
    std::vector<double> phases;
    for (int d = first; d <= last; d += step) phases.push_back((d % 365) / 365.0);
    return phases;
  };
  EXPECT_FALSE(year_coverage(days(0, 364), 4).has_gap());
  EXPECT_NEAR(year_coverage(days(0, 364), 4).growth, 1, 1e-6);
  EXPECT_FALSE(year_coverage(days(0, 364, 73), 1).has_gap());  // sparse, but even
  // January to October: in the middle of the gap the error is that of independent least squares
  // there.
  const YearCoverage year = year_coverage(days(0, 303), 2);
  EXPECT_TRUE(year.has_gap());
  EXPECT_NEAR(365 * year.from, 303, 1e-9);
  EXPECT_NEAR(365 * year.to, 365, 1e-9);
  EXPECT_NEAR(year.growth, 1.67, 0.02);  // by numpy.linalg.inv
  EXPECT_NE(year.text().find("between 10-31 and 01-01 (62 days"), std::string::npos) << year.text();
  EXPECT_TRUE(year_coverage(days(0, 303), 1).has_gap());
  EXPECT_FALSE(year_coverage(days(0, 303), 0).has_gap());   // the mean needs no season
  EXPECT_FALSE(year_coverage(days(0, 330), 1).has_gap());   // five weeks
  EXPECT_TRUE(year_coverage(days(330, 600), 1).has_gap());  // across the turn of the year
  EXPECT_GT(year_coverage(days(0, 182), 4).growth, 100);
  EXPECT_TRUE(year_coverage({0.3}, 1).has_gap());
}

TEST(Climatology, TooFewPhasesAreRefused) {
  HarmonicFit fit(1, 2);
  const std::vector<float> field{1.0f};
  for (int year = 0; year < 20; ++year)
    for (const double phase : {0.1, 0.6}) fit.add(field, phase);
  EXPECT_THROW(fit.solve(), Error);
}
