// An applied LR source: statistics of cells, and what becomes of its fields.
#include "podscale/study/applied_source.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <random>

#include "on_all_ranks.hpp"
#include "podscale/field/array_source.hpp"
#include "podscale/stat/normal.hpp"
#include "sample_file.hpp"

namespace podscale {
namespace {

constexpr long kNy = 4, kNx = 5, kPoints = kNy * kNx, kMonths = 480;
using Value = std::function<double(long month, long point)>;

/// Independent in time and space, of no rank's own.
double noise(long month, long point) {
  std::mt19937 random(static_cast<unsigned>(1 + month * 64 + point));
  return normal_quantile((static_cast<double>(random() % 1000000) + 0.5) / 1000000);
}
double phase_of(long month) {
  return (static_cast<double>(month % 12) + 0.5) / 12;
}
double season(long month, long point) {
  return 10 + static_cast<double>(point) + 4 * std::cos(6.283185307 * phase_of(month)) +
         std::sin(4 * 3.141592654 * phase_of(month));
}
/// Standard deviation by season.
double spread(long month) {
  return std::sqrt(1 + 0.5 * std::cos(6.283185307 * phase_of(month)));
}

class Applied : public test::OnAllRanks {
 protected:
  Applied() : basis(Mesh::rectilinear(ramp(-4, 1, 8), ramp(10, 1, 10)), 4, 5, comm.size(), comm.rank()) {
    basis.lr_mesh = mesh();
    basis.lr_ocean.assign(kPoints, 1);
    basis.lr_ocean[2] = 0;  // land
    basis.year = {SeasonPhase::month, Calendar::standard};
    basis.lr_climatology.harmonics = 2;
  }
  static Mesh mesh() { return Mesh::rectilinear(ramp(-3.5, 2, kNy), ramp(10.5, 2, kNx)); }
  std::shared_ptr<const FieldSource> source(const Value& value, const std::string& calendar = "standard",
                                            long months = kMonths) {
    std::vector<double> days;
    for (long m = 0; m < months; ++m)
      days.push_back(calendar == "360_day" ? 15 + 30.0 * static_cast<double>(m)
                                           : 15 + 30.4375 * static_cast<double>(m));
    SampleAxis axis = decode_times(days, "days since 1960-01-01", calendar, "test");
    std::vector<float> values;
    for (long m = 0; m < months; ++m)
      for (long p = 0; p < kPoints; ++p) values.push_back(p == 2 ? NAN : static_cast<float>(value(m, p)));
    return std::make_shared<const ArraySource>(comm, mesh(), std::move(axis), std::move(values));
  }
  static std::vector<long> steps(long first = 0, long count = kMonths) {
    std::vector<long> all;
    for (long t = first; t < first + count; ++t) all.push_back(t);
    return all;
  }
  LrStatistics statistics(const FieldSource& lr, const std::vector<long>& of) {
    return fit_lr_statistics(lr, basis.lr_ocean, of, 2, basis.year, true, "data.train");
  }
  static std::vector<float> read(const FieldSource& of, const std::vector<long>& at) {
    std::vector<float> values(at.size() * kPoints);
    of.read({0, kNy, 0, kNx}, at, values);
    return values;
  }
  AppliedSource applied(const std::shared_ptr<const FieldSource>& lr, AppliedSource::Matching matching) {
    const auto training = source([](long m, long p) { return season(m, p) + spread(m) * noise(m, p); });
    if (matching.period.empty()) matching.period = {"1960-01-01", "1999-12-31"};
    return {lr, basis, statistics(*training, steps()), matching, steps(0, std::ssize(lr->times().samples))};
  }
  Basis basis;
};

TEST_F(Applied, StatisticsOfCellsAreThoseOfTheNumbers) {
  const auto lr = source([](long m, long p) {
    return season(m, p) + 0.01 * static_cast<double>(m - kMonths / 2) +
           spread(m) * static_cast<double>(1 + p % 3) * noise(m, p);
  });
  const LrStatistics found = statistics(*lr, steps());
  for (long p = 0; p < kPoints; ++p) {
    if (p == 2) continue;
    const auto v = static_cast<std::size_t>(p);
    const double scale = static_cast<double>(1 + p % 3);
    EXPECT_NEAR(found.mean.coefficients[v], 10 + static_cast<double>(p), 0.2 * scale);
    EXPECT_NEAR(found.mean.coefficients[kPoints + v], 4, 0.3 * scale);
    // The trend of 4.8 K in all is none of it; standard error of a variance of 480 numbers: 6.5 %.
    EXPECT_NEAR(found.variance.coefficients[v] / (scale * scale), 1, 0.25);
    const auto winter = harmonic_basis(0, 1), summer = harmonic_basis(0.5, 1);
    EXPECT_NEAR(found.deviation(v, winter) / found.deviation(v, summer), std::sqrt(3.0), 0.5);
    for (std::size_t q = 0; q < kLrQuantiles; q += 5)
      EXPECT_NEAR(found.quantiles[q * kPoints + v],
                  normal_quantile((static_cast<double>(q) + 0.5) / kLrQuantiles), q % 20 == 0 ? 0.45 : 0.3);
  }
  // A cell that lacks times is fitted to the others; one season of one year says too little.
  const auto gappy =
      source([](long m, long p) { return p == 7 && m % 5 == 0 ? NAN : season(m, p) + noise(m, p); });
  EXPECT_NEAR(statistics(*gappy, steps()).mean.coefficients[7], 17, 0.3);
  expect_error(ExitCode::data, {"data.train", "do not determine a climatology", "5 coefficients"},
               [&] { statistics(*gappy, steps(0, 3)); });
}

TEST_F(Applied, ABiasAndAnotherVarianceAreTakenOff) {
  // The training series with a bias, another season and 1.7 times its anomalies, in another
  // calendar.
  const auto model = source(
      [](long m, long p) {
        return season(m, p) - 3 + 2 * std::sin(6.283185307 * phase_of(m)) + 1.7 * spread(m) * noise(m, p);
      },
      "360_day");
  const auto at = steps(40, 60);
  const auto training = source([](long m, long p) { return season(m, p) + spread(m) * noise(m, p); });
  const auto expected = read(*training, at);
  for (const Adapt adapt : {Adapt::variance, Adapt::quantile}) {
    const auto found = read(applied(model, {.adapt = adapt, .signal_years = 0}), at);
    double worst = 0;
    for (std::size_t i = 0; i < found.size(); ++i) {
      EXPECT_EQ(std::isnan(found[i]), i % kPoints == 2);
      if (i % kPoints != 2) worst = std::max(worst, std::abs(static_cast<double>(found[i] - expected[i])));
    }
    EXPECT_LT(worst, adapt == Adapt::variance ? 1e-4 : 1e-2);
  }
  // With its own variance the anomalies are 1.7 times as large.
  const auto plain = read(applied(model, {.adapt = Adapt::none, .signal_years = 0}), at);
  double squares = 0, of_training = 0;
  for (std::size_t i = 0; i < plain.size(); ++i) {
    if (i % kPoints == 2) continue;
    const double normal = season(40 + static_cast<long>(i / kPoints), static_cast<long>(i % kPoints));
    squares += std::pow(static_cast<double>(plain[i]) - normal, 2);
    of_training += std::pow(static_cast<double>(expected[i]) - normal, 2);
  }
  EXPECT_NEAR(std::sqrt(squares / of_training), 1.7, 0.05);
}

TEST_F(Applied, TheRatioOfACellIsItsOwnAsFarAsItIsNoChance) {
  const auto ratios = [&](const Value& model, long months) {
    const auto training = source([](long m, long p) { return season(m, p) + noise(m, p); }),
               own = source(model);
    const LrStatistics of_training = statistics(*training, steps()),
                       of_own = statistics(*own, steps(0, months));
    const VarianceMatch match(of_training, of_own, basis.lr_ocean);
    std::vector<double> found;
    for (long p = 0; p < kPoints; ++p)
      if (p != 2)
        found.push_back(
            match.ratio(static_cast<std::size_t>(p), harmonic_basis(0.3, VarianceMatch::kHarmonics)));
    return found;
  };
  // Twice as large in the east: kept.
  const auto east =
      ratios([](long m, long p) { return season(m, p) + (p % kNx > 2 ? 2 : 1) * noise(m + 999, p); }, 480);
  for (std::size_t i = 0; i < east.size(); ++i) {
    const long p = static_cast<long>(i) + (i >= 2 ? 1 : 0);
    EXPECT_NEAR(east[i], p % kNx > 2 ? 0.5 : 1, p % kNx > 2 ? 0.1 : 0.2) << p;
  }
  // Twelve years of one ratio everywhere: what sets cells apart is chance.
  const auto even = ratios([](long m, long p) { return season(m, p) + 2 * noise(m + 999, p); }, 144);
  for (const double ratio : even) EXPECT_NEAR(ratio, 0.5, 0.06);
  // Where nothing varies there is none.
  const auto still =
      ratios([](long m, long p) { return season(m, p) + (p == 9 ? 0 : 2) * noise(m + 999, p); }, 480);
  EXPECT_EQ(still[8], 1);
  EXPECT_NEAR(still[5], 0.5, 0.1);
}

TEST_F(Applied, QuantilesTakeOffASkewness) {
  // Anomalies that are squares of the normal ones of the training: of one sign, skewed.
  const auto skewed = source([](long m, long p) { return season(m, p) + std::exp(0.8 * noise(m, p)); });
  const auto at = steps();
  const auto found = read(applied(skewed, {.adapt = Adapt::quantile, .signal_years = 0}), at);
  const auto scaled = read(applied(skewed, {.adapt = Adapt::variance, .signal_years = 0}), at);
  const auto skewness = [&](const std::vector<float>& fields) {
    double cubes = 0, squares = 0, n = 0;
    for (std::size_t i = 0; i < fields.size(); ++i) {
      if (i % kPoints == 2) continue;
      const double x = static_cast<double>(fields[i]) -
                       season(static_cast<long>(i / kPoints), static_cast<long>(i % kPoints));
      cubes += x * x * x, squares += x * x, ++n;
    }
    return cubes / n / std::pow(squares / n, 1.5);
  };
  EXPECT_GT(skewness(scaled), 1.5);
  EXPECT_LT(std::abs(skewness(found)),
            0.4 * skewness(scaled));  // beyond the outermost quantiles some is left
}

TEST_F(Applied, AConstantIsInTheSlowPartAndNowhereElse) {
  // The reference as it is; after a gap two years that are 2.5 K warmer, or not.
  const auto warm = [&](double constant) {
    std::vector<double> days;
    for (long m = 0; m < 240; ++m) days.push_back(15 + 30.0 * static_cast<double>(m));
    for (long m = 0; m < 24; ++m) days.push_back(15 + 30.0 * static_cast<double>(1200 + m));
    SampleAxis axis = decode_times(days, "days since 1960-01-01", "360_day", "test");
    std::vector<float> values;
    for (long t = 0; t < 264; ++t)
      for (long p = 0; p < kPoints; ++p)
        values.push_back(p == 2 ? NAN
                                : static_cast<float>(season(t, p) + noise(t, p) + (t >= 240 ? constant : 0)));
    return std::make_shared<const ArraySource>(comm, mesh(), std::move(axis), std::move(values));
  };
  const auto at = steps(240, 24);
  for (const Adapt adapt : {Adapt::none, Adapt::variance, Adapt::quantile}) {
    const AppliedSource::Matching matching{.adapt = adapt, .period = {"1960-01-01", "1979-12-30"}};
    const AppliedSource one = applied(warm(0), matching), two = applied(warm(2.5), matching);
    const auto before = read(one, at), after = read(two, at);
    for (std::size_t i = 0; i < before.size(); ++i)
      if (i % kPoints != 2) {
        EXPECT_NEAR(after[i], before[i], 1e-5);
      }
    for (const long step : at) {
      const auto slow = one.signal(step), slower = two.signal(step);
      for (long p = 0; p < kPoints; ++p) EXPECT_NEAR(slower[p] - slow[p], p == 2 ? 0 : 2.5, 1e-5);
    }
    // With its signal the source is warmer by the constant.
    AppliedSource::Matching whole = matching;
    whole.with_signal = true;
    const auto full = read(applied(warm(2.5), whole), at);
    for (std::size_t i = 0; i < full.size(); ++i)
      if (i % kPoints != 2) {
        EXPECT_NEAR(full[i] - after[i], two.signal(240 + static_cast<long>(i / kPoints))[i % kPoints], 1e-5);
      }
  }
}

TEST_F(Applied, RealizationsShareAClimatologyAndKeepTheirOwnSlowPart) {
  // value(month, point, realization), one realization after the other.
  const auto ensemble = [&](const std::function<double(long, long, long)>& value, long realizations) {
    SampleAxis axis{Calendar::standard, "", {}, {}, {}};
    std::vector<float> values;
    for (long r = 0; r < realizations; ++r) {
      const auto one = source([&](long m, long p) { return value(m, p, r); });
      const SampleAxis& times = one->times();
      axis.calendar = times.calendar, axis.units = times.units, axis.step = times.step;
      for (Sample sample : times.samples) {
        sample.realization = r + 1;
        axis.samples.push_back(sample);
      }
      const auto fields = read(*one, steps());
      values.insert(values.end(), fields.begin(), fields.end());
    }
    return std::make_shared<const ArraySource>(comm, mesh(), std::move(axis), std::move(values));
  };
  const auto at = [&](long realization) { return steps((realization - 1) * kMonths + 200, 24); };
  // 1. Copies of one series: as that alone.
  const auto weather = [](long m, long p) { return season(m, p) + 1.5 * noise(m + 7, p); };
  const AppliedSource alone = applied(source(weather), {}),
                      copies = applied(ensemble([&](long m, long p, long) { return weather(m, p); }, 3), {});
  const auto expected = read(alone, at(1)), found = read(copies, at(3));
  for (std::size_t i = 0; i < found.size(); ++i)
    if (i % kPoints != 2) {
      EXPECT_NEAR(found[i], expected[i], 0.03) << i;  // of 3 x 480 numbers a little less went into the mean
    }
  for (long p = 0; p < kPoints; ++p)
    EXPECT_NEAR(copies.signal(at(2)[5])[p], alone.signal(at(1)[5])[p], 1e-5);

  // 2. One of them 3 K warmer, for good: the difference is in its slow part, and the sum of both.
  const auto model = ensemble([](long m, long p, long r) {
    return season(m, p) + 1.5 * noise(m + 1000 * r, p) + (r == 1 ? 3.0 : 0.0);
  }, 3), same = ensemble([](long m, long p, long r) { return season(m, p) + 1.5 * noise(m + 1000 * r, p); }, 3);
  const AppliedSource one = applied(model, {.adapt = Adapt::none}), two = applied(same, {.adapt = Adapt::none});
  for (const long r : {1, 2, 3}) {
    const auto fast = read(one, at(r)), other = read(two, at(r));
    for (std::size_t i = 0; i < fast.size(); ++i)
      if (i % kPoints != 2) {
        EXPECT_NEAR(fast[i], other[i], 1e-4);
      }
    for (const long step : at(r)) {
      const auto slow = one.signal(step), flat = two.signal(step);
      for (long p = 0; p < kPoints; ++p)
        EXPECT_NEAR(slow[p] - flat[p], p == 2 ? 0 : r == 2 ? 2.0 : -1.0, 1e-4);  // from the mean of all three
    }
  }
  // 3. What sets realizations apart counts as variance: pooled about one climatology.
  const LrStatistics pooled = statistics(*model, steps(0, 3 * kMonths)), own = statistics(*model, steps());
  double ratio = 0;
  for (long p = 0; p < kPoints; ++p)
    if (p != 2)
      ratio += (pooled.variance.coefficients[static_cast<std::size_t>(p)] -
                own.variance.coefficients[static_cast<std::size_t>(p)]) / (kPoints - 1);
  EXPECT_NEAR(ratio, 2.0, 0.3);  // of 0, 3, 0
}

TEST_F(Applied, IsTheSameOnOneRank) {
  const auto model = [](long m, long p) {
    return season(m, p) + 0.004 * static_cast<double>(m) + 1.3 * noise(m + 7, p);
  };
  const auto many = read(applied(source(model), {.adapt = Adapt::quantile}), steps(100, 20));
  Communicator self = Communicator::self();
  std::swap(self, comm);
  const auto alone = read(applied(source(model), {.adapt = Adapt::quantile}), steps(100, 20));
  std::swap(self, comm);
  ASSERT_EQ(many.size(), alone.size());
  for (std::size_t i = 0; i < many.size(); ++i)
    if (i % kPoints != 2) {
      EXPECT_EQ(many[i], alone[i]);
    }
  expect_error(ExitCode::data, {"data.apply_reference", "2100", "expected a period that it covers"}, [&] {
    applied(source(model), {.period = {"2100-01-01", "2110-12-31"}});
  });
}

}  // namespace
}  // namespace podscale
