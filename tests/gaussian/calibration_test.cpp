#include "podscale/gaussian/calibration.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "podscale/core/error.hpp"
#include "podscale/core/random.hpp"

using namespace podscale;

namespace {

constexpr long kPatches = 12;
constexpr std::size_t kErrors = 6000;  // a patch

/// Errors of a patch, over their sigma; `heavy`: one in ten is four times larger.
std::vector<double> errors(long patch, bool heavy) {
  std::vector<double> z(kErrors);
  CounterRandom(71, Stream::test).fill_normal(std::span(z), static_cast<std::uint32_t>(patch));
  for (std::size_t i = 0; heavy && i < z.size(); i += 10) z[i] *= 4;
  return z;
}

/// True sigma of error i: differs from point to point.
double sigma(std::size_t i) {
  return 0.2 + 0.1 * static_cast<double>(i % 7);
}

std::vector<long> patches_of(const Communicator& comm) {
  std::vector<long> mine;
  const Share share = share_of(kPatches, comm.size(), comm.rank());
  for (long p = share.begin; p < share.end; ++p) mine.push_back(p);
  return mine;
}

/// Predicted variance = true variance * misfit.
ErrorHistogram histogram(const Communicator& comm, bool heavy, double misfit) {
  const auto mine = patches_of(comm);
  ErrorHistogram h(mine.size());
  for (std::size_t p = 0; p < mine.size(); ++p) {
    const auto z = errors(mine[p], heavy);
    for (std::size_t i = 0; i < z.size(); ++i)
      h.add(p, z[i] * sigma(i), misfit * sigma(i) * sigma(i), 1 + 0.01 * static_cast<double>(mine[p]));
  }
  h.reduce(comm, kPatches);
  return h;
}

LevelSums level_sums(const Communicator& comm, const std::array<double, 3>& misfit) {
  const auto mine = patches_of(comm);
  LevelSums sums(mine.size());
  for (std::size_t p = 0; p < mine.size(); ++p) {
    const auto z = errors(mine[p], false);
    for (std::size_t i = 0; i < z.size(); ++i) {
      const auto level = static_cast<LevelSums::Level>(i % 3);
      const double variance = sigma(i) * sigma(i);
      sums.add(level, p, z[i] * z[i] * variance, misfit[i % 3] * variance);
    }
  }
  return sums;
}

}  // namespace

TEST(Calibration, HalfWidthsAreThoseOfTheGaussian) {
  // Quantiles of N(0, 1) from tables.
  EXPECT_NEAR(central_half_width(0.50), 0.67448975, 1e-8);
  EXPECT_NEAR(central_half_width(0.80), 1.28155157, 1e-8);
  EXPECT_NEAR(central_half_width(0.90), 1.64485363, 1e-8);
  EXPECT_NEAR(central_half_width(0.95), 1.95996398, 1e-8);
}

TEST(Calibration, EveryLevelGetsTheFactorThatItsVarianceIsShortOf) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  const Inflation found = level_sums(comm, {0.5, 2, 1.25}).factors(comm, kPatches);
  // Sampling error of a mean of 24000 squares, weighted: some 1.1 %.
  EXPECT_NEAR(found.global * 0.5, 1, 0.045);
  EXPECT_NEAR(found.patch * 2, 1, 0.045);
  EXPECT_NEAR(found.truncation * 1.25, 1, 0.045);
}

TEST(Calibration, FactorsAreTheRatioOfSumsAndOneWhereNothingIsPredicted) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  LevelSums sums(comm.is_root() ? 2 : 0);
  if (comm.is_root()) {
    sums.add(LevelSums::patch, 0, 3, 1);
    sums.add(LevelSums::patch, 1, 5, 3);
    sums.add(LevelSums::truncation, 1, 0, 4);  // no error at all: no factor to learn
  }
  const Inflation found = sums.factors(comm, 2);
  EXPECT_EQ(found.global, 1);
  EXPECT_NEAR(found.patch, 2, 1e-15);
  EXPECT_EQ(found.truncation, 1);
}

TEST(Calibration, CoverageOfGaussianErrorsIsNominalAfterTheRightFactor) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  for (const double misfit : {0.49, 1.0, 2.25}) {
    const ErrorHistogram h = histogram(comm, false, misfit);
    const double factor = 1 / std::sqrt(misfit);
    EXPECT_NEAR(h.best_factor() * std::sqrt(misfit), 1, 0.012) << misfit;
    const auto before = h.coverage(), after = h.coverage(factor);
    for (std::size_t i = 0; i < calibration_levels.size(); ++i) {
      EXPECT_NEAR(after[i], calibration_levels[i], 0.008);
      // Uncorrected: the Gaussian's own answer, P(|N| < q sqrt(misfit)).
      const double q = central_half_width(calibration_levels[i]) * std::sqrt(misfit);
      EXPECT_NEAR(before[i], std::erf(q / std::numbers::sqrt2), 0.008);
    }
  }
}

TEST(Calibration, ConformalHalfWidthsOfGaussianErrorsAreTheGaussianOnes) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  const ErrorHistogram h = histogram(comm, false, 2.25);
  const auto found = h.quantiles(1 / 1.5);
  const double expected[] = {0.674, 1.282, 1.645, 1.960};
  for (std::size_t i = 0; i < 4; ++i) EXPECT_NEAR(found[i], expected[i], 0.02) << i;
}

TEST(Calibration, QuantilesHoldTheirLevelExactlyWhateverTheErrors) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  const auto found = histogram(comm, true, 1).quantiles();
  std::vector<std::pair<double, double>> sorted;  // (|z|, weight)
  double all = 0;
  for (long p = 0; p < kPatches; ++p)
    for (const double z : errors(p, true)) {
      sorted.emplace_back(std::abs(z), 1 + 0.01 * static_cast<double>(p));
      all += sorted.back().second;
    }
  std::sort(sorted.begin(), sorted.end());
  for (std::size_t level = 0; level < 4; ++level) {
    double below = 0, expected = 0;
    for (const auto& [z, weight] : sorted) {
      if (below >= calibration_levels[level] * all) break;
      below += weight;
      expected = z;
    }
    EXPECT_NEAR(found[level], expected, 8.0 / 1024) << level;  // width of a bin
  }
}

TEST(Calibration, HeavyTailsNeedLessThanTheirMeanSquare) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  const double mean_square = 0.9 + 0.1 * 16;
  const double found = histogram(comm, true, mean_square).best_factor();
  EXPECT_LT(found, 0.9);
  // The factor by search over the CRPS of the errors themselves, without bins.
  double best = 0, lowest = 1e300;
  for (double c = 0.5; c < 1.1; c += 0.004) {
    double score = 0;
    for (long p = 0; p < 2; ++p) {
      const auto z = errors(p, true);
      for (std::size_t i = 0; i < z.size(); ++i) {
        const double s = c * std::sqrt(mean_square), u = z[i] / s;
        score += sigma(i) * s *
                 (u * std::erf(u / std::numbers::sqrt2) +
                  std::sqrt(2 / std::numbers::pi) * std::exp(-u * u / 2) - 1 / std::sqrt(std::numbers::pi));
      }
    }
    if (score < lowest) lowest = score, best = c;
  }
  EXPECT_NEAR(found, best, 0.03);
}

TEST(Calibration, ErrorsBeyondTheLastBinStillCount) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  ErrorHistogram h(comm.is_root() ? 1 : 0);
  if (comm.is_root()) {
    for (int i = 0; i < 60; ++i) h.add(0, 0.001, 1, 1);
    for (int i = 0; i < 20; ++i) h.add(0, 100, 1, 1);
    for (int i = 0; i < 20; ++i) h.add(0, 1, 0, 1);  // no variance predicted, but an error
  }
  h.reduce(comm, 1);
  for (std::size_t i = 0; i < 4; ++i) EXPECT_NEAR(h.coverage()[i], 0.6, 1e-12);
  EXPECT_LT(h.quantiles()[0], 0.01);
  EXPECT_GE(h.quantiles()[2], 8);
}

TEST(Calibration, NoErrorsAtAllGiveNumbers) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  ErrorHistogram h(0);
  h.reduce(comm, 0);
  for (const double c : h.coverage()) EXPECT_EQ(c, 0);
}

TEST(Calibration, SameBitsAtAnyRankCount) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD), self = Communicator::self();
  const ErrorHistogram here = histogram(comm, true, 1.3), alone = histogram(self, true, 1.3);
  EXPECT_EQ(here.coverage(0.9), alone.coverage(0.9));
  EXPECT_EQ(here.quantiles(), alone.quantiles());
  EXPECT_EQ(here.best_factor(), alone.best_factor());
  const Inflation a = level_sums(comm, {0.5, 2, 1}).factors(comm, kPatches),
                  b = level_sums(self, {0.5, 2, 1}).factors(self, kPatches);
  EXPECT_EQ(a.global, b.global);
  EXPECT_EQ(a.patch, b.patch);
  EXPECT_EQ(a.truncation, b.truncation);
}

TEST(Calibration, NoteSaysWhyAPeriodIsTooShort) {
  EXPECT_EQ(calibration_note(365, 365), "");
  EXPECT_EQ(calibration_note(24, 350), "");
  EXPECT_NE(calibration_note(12, 365).find("only 12 validation times"), std::string::npos);
  EXPECT_NE(calibration_note(12, 365).find("41 %"), std::string::npos);  // sqrt(2 / 12)
  EXPECT_NE(calibration_note(90, 90).find("seasons"), std::string::npos);
  EXPECT_NE(calibration_note(90, 90).find("90 days"), std::string::npos);
  EXPECT_NE(calibration_note(0, 0), "");
}

TEST(Calibration, EveryModeGetsItsFactorBesideThatOfAllModes) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  const auto mine = patches_of(comm);
  const std::vector<double> misfit{0.5, 2.0, 1.0};  // predicted over true variance
  LevelSums sums(mine.size(), 4);                   // the last mode is padding everywhere
  for (std::size_t p = 0; p < mine.size(); ++p) {
    const auto z = errors(mine[p], false);
    for (std::size_t i = 0; i < z.size(); ++i)
      sums.add_mode(p, i % 3, z[i] * z[i] * 0.09, misfit[i % 3] * 0.09);
  }
  const Inflation found = sums.factors(comm, kPatches);
  // 24,000 errors a mode: 5 standard errors of a mean square are 5 sqrt(2 / 24000) = 0.046.
  for (std::size_t m = 0; m < 3; ++m) EXPECT_NEAR(found.of_mode(m) * misfit[m], 1, 0.046) << m;
  EXPECT_NEAR(found.patch, 3 / 3.5, 0.03);
  EXPECT_EQ(found.mode[3], 1);
  EXPECT_EQ(found.of_mode(7), found.patch);
}

TEST(Calibration, ADamagedInflationIsRefused) {
  for (const std::vector<double>& numbers :
       {std::vector<double>{}, {1, 1}, {1, 0, 1}, {1, 1, 1, -2}, {1, 1, NAN}})
    EXPECT_THROW(Inflation::from_numbers(numbers, "file: inflation"), Error);
  EXPECT_EQ(Inflation::from_numbers(std::vector<double>{1, 2, 3, 4}, "file").of_mode(0), 8);
}

TEST(Calibration, NumbersRoundTrip) {
  Calibration c;
  c.inflation = {1.1, 1.2, 1.3, {0.7, 1.4}};
  c.before = {0.4, 0.7, 0.8, 0.85};
  c.after = {0.5, 0.79, 0.91, 0.96};
  c.half_width = {0.6, 1.2, 1.7, 2.1};
  c.times = 365;
  c.held_out = 364;
  const auto numbers = c.numbers();
  EXPECT_EQ(numbers.size(), 19u);
  const Calibration back = Calibration::from_numbers(numbers);
  EXPECT_EQ(back.numbers(), numbers);
  EXPECT_EQ(back.inflation.patch, 1.2);
  EXPECT_EQ(back.inflation.mode, c.inflation.mode);
  EXPECT_EQ(back.before, c.before);
  EXPECT_EQ(back.after, c.after);
  EXPECT_EQ(back.half_width, c.half_width);
  EXPECT_EQ(back.times, 365);
  EXPECT_EQ(back.held_out, 364);
  c.period = "2001-01-01 to 2001-12-31";
  for (const char* part :
       {"1.100", "1.200", "1.300", "0.910", "364 times held out", "365 others", "2001-12-31"})
    EXPECT_NE(c.text().find(part), std::string::npos) << c.text();
}
