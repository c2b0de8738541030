// The running level against its formula, by brute force over all errors of a series.
#include "podscale/gaussian/running_variance.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "podscale/core/random.hpp"

using namespace podscale;

namespace {

constexpr long kValues = 37, kDays = 40;

/// Errors of a series on so many points, which the ranks share; every value a function of its
/// number.
struct Series {
  explicit Series(const Communicator& on) : comm(on), share(share_of(kValues, on.size(), on.rank())) {
    for (long i = share.begin; i < share.end; ++i) weights.push_back(weight(i));
  }
  static double weight(long i) { return i % 7 == 3 ? 0 : 1 + 0.1 * static_cast<double>(i); }  // 0: land
  static double normal(long day, long i) {
    std::vector<double> one(1);
    CounterRandom(4, Stream::test)
        .fill_normal(std::span(one), static_cast<std::uint32_t>(day), static_cast<std::uint32_t>(i));
    return one.front();
  }
  /// Missing as a whole on a day, at some points on others.
  static bool missing(long day, long i) { return day == 9 || (day + i) % 11 == 0; }
  static double mean(long day, long i) { return 15 + 0.25 * static_cast<double>(i + day % 3); }
  static double variance(long i) { return 0.25 + 0.125 * static_cast<double>(i % 4); }
  static double truth(long day, long i) {
    return mean(day, i) + (1 + 0.02 * static_cast<double>(day)) * normal(day, i);
  }

  void forecast(RunningVariance& running, long day) const {
    std::vector<double> means, variances;
    for (long i = share.begin; i < share.end; ++i)
      means.push_back(mean(day, i)), variances.push_back(variance(i));
    running.add(static_cast<double>(day), means, variances);
  }
  std::vector<float> truth_of(long day) const {
    std::vector<float> field;
    for (long i = share.begin; i < share.end; ++i)
      field.push_back(missing(day, i) ? std::numeric_limits<float>::quiet_NaN()
                                      : static_cast<float>(truth(day, i)));
    return field;
  }
  RunningVariance make(const RunningOptions& options) const { return {comm, options, weights, 1, kValues}; }
  /// One day: truth that has come, factors, then the forecast is taken down.
  std::vector<double> step(RunningVariance& running, long day) const {
    for (const double past : running.wanted(static_cast<double>(day)))
      if (past != 9) running.set_truth(past, truth_of(std::lround(past)));
    auto factors = running.factors(static_cast<double>(day));
    forecast(running, day);
    return factors;
  }
  const Communicator& comm;
  Share share;
  std::vector<double> weights;
};

/// f of all points by its definition.
std::vector<double> expected(const RunningOptions& o, long day) {
  double region = o.prior, region_days = o.prior;
  std::vector<double> sum(kValues, 0.0), days(kValues, 0.0);
  for (long s = 0; s < day; ++s) {
    if (static_cast<double>(s) > static_cast<double>(day) - o.delay ||
        static_cast<double>(s) <= static_cast<double>(day) - o.delay - o.window)
      continue;
    double squares = 0, weights = 0;
    for (long i = 0; i < kValues; ++i) {
      if (Series::missing(s, i) || Series::weight(i) == 0) continue;
      const double q = std::pow(Series::truth(s, i) - Series::mean(s, i), 2) / Series::variance(i);
      squares += Series::weight(i) * q;
      weights += Series::weight(i);
      sum[i] += q;
      days[i] += 1;
    }
    if (weights == 0) continue;
    region += squares / weights;
    region_days += 1;
  }
  std::vector<double> f;
  for (long i = 0; i < kValues; ++i)
    f.push_back(Series::weight(i) == 0 ? 1 : (o.prior * region / region_days + sum[i]) / (o.prior + days[i]));
  return f;
}

}  // namespace

TEST(RunningVariance, IsItsFormula) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  const Series series(comm);
  for (const RunningOptions& options :
       {RunningOptions{}, RunningOptions{7, 2, 3}, RunningOptions{10, 0, 5}}) {
    auto running = series.make(options);
    for (long day = 0; day < kDays; ++day) {
      const auto found = series.step(running, day), all = expected(options, day);
      for (long i = series.share.begin; i < series.share.end; ++i)
        EXPECT_NEAR(found[i - series.share.begin], all[i], 2e-5) << day << ", " << i;  // records are floats
    }
    EXPECT_LE(std::ssize(running.records()), std::lround(options.window + options.delay) + 1);
  }
}

TEST(RunningVariance, IsOneBeforeAnyTruthAndWhereErrorsAreAsPredicted) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  const Series series(comm);
  auto running = series.make({});
  for (long day = 0; day < 5; ++day)
    for (const double f : series.step(running, day)) EXPECT_EQ(f, 1);
  auto exact = series.make({});  // errors of one standard deviation each
  for (long day = 0; day < 20; ++day) {
    for (const double past : exact.wanted(static_cast<double>(day))) {
      std::vector<float> truth;
      for (long i = series.share.begin; i < series.share.end; ++i)
        truth.push_back(
            static_cast<float>(Series::mean(std::lround(past), i) + std::sqrt(Series::variance(i))));
      exact.set_truth(past, truth);
    }
    for (const double f : exact.factors(static_cast<double>(day))) EXPECT_NEAR(f, 1, 1e-5);
    series.forecast(exact, day);
  }
}

TEST(RunningVariance, SeesNoTruthLaterThanTheDelayAllows) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  const Series series(comm);
  for (const double delay : {0.0, 1.0, 5.0}) {
    auto running = series.make({20, delay, 20});
    for (long day = 0; day < 30; ++day) {
      for (const double past : running.wanted(static_cast<double>(day)))
        EXPECT_LE(past, static_cast<double>(day) - delay);
      series.step(running, day);
    }
    // A truth that came early is kept for its day.
    const long last = 30;
    const auto before = running.factors(static_cast<double>(last));
    for (const auto& record : running.records())
      if (!record.known && record.day > last - delay)
        running.set_truth(record.day, std::vector<float>(record.mean.size(), 1e3f));
    EXPECT_EQ(running.factors(static_cast<double>(last)), before);
  }
}

TEST(RunningVariance, DayByDayIsTheSameBitsAsAtOnce) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  const Series series(comm);
  auto at_once = series.make({7, 2, 3}), of_today = series.make({7, 2, 3});
  for (long day = 0; day < kDays; ++day) {
    auto next = series.make({7, 2, 3});  // as a new run, with what the last one left
    for (const auto& record : of_today.records()) next.restore(record);
    EXPECT_EQ(series.step(at_once, day), series.step(next, day)) << day;
    of_today = std::move(next);
  }
}

TEST(RunningVariance, ARunOfAFewDaysCanBeMadeAgain) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  const Series series(comm);
  auto before = series.make({7, 2, 3});
  for (long day = 0; day < 20; ++day) series.step(before, day);
  const auto run = [&](const RunningVariance& left, std::vector<std::vector<double>>& factors) {
    auto running = series.make({7, 2, 3});
    running.start_run(20);
    for (const auto& record : left.records())
      if (record.day < 20) running.restore(record);
    for (long day = 20; day < 29; ++day) factors.push_back(series.step(running, day));
    EXPECT_LE(running.forgotten(), 20.0 - 2 - 7);
    return running;
  };
  std::vector<std::vector<double>> once, again;
  const auto left = run(before, once);
  run(left, again);
  EXPECT_EQ(once, again);
}

TEST(RunningVariance, IsTheSameBitsAtAnyRankCount) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD), self = Communicator::self();
  const Series series(comm), alone(self);
  auto running = series.make({}), whole = alone.make({});
  for (long day = 0; day < kDays; ++day) {
    const auto mine = series.step(running, day), all = alone.step(whole, day);
    for (std::size_t i = 0; i < mine.size(); ++i)
      EXPECT_EQ(mine[i], all[static_cast<std::size_t>(series.share.begin) + i]);
  }
}

TEST(RunningVariance, ADayMadeAgainReplacesItself) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  const Series series(comm);
  auto running = series.make({});
  for (long day = 0; day < 20; ++day) series.step(running, day);
  const auto once = running.factors(20);
  series.forecast(running, 20);
  EXPECT_EQ(running.factors(20), once);
}
