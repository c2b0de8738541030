// LR cells with gaps: what is filled in, and what its error adds to the variance.
#include "podscale/study/lr_gaps.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "on_all_ranks.hpp"
#include "podscale/field/array_source.hpp"
#include "sample_file.hpp"

namespace podscale {
namespace {

constexpr long kNy = 5, kNx = 12, kTimes = 48;

/// A season of its own for each cell, and an anomaly that all cells share.
double season(double phase, long point) {
  return 10 + static_cast<double>(point) +
         3 * std::cos(6.283185307179586 * (phase - 0.01 * static_cast<double>(point)));
}
double shared_anomaly(long t) {
  return std::sin(2.1 * static_cast<double>(t));
}

class Gaps : public test::OnAllRanks {
 protected:
  using Missing = std::function<bool(long t, long point)>;
  using Anomaly = std::function<double(long t, long point)>;

  std::shared_ptr<const FieldSource> source(const Missing& missing, bool globe, const Anomaly& anomaly) {
    std::vector<double> days;
    for (long t = 0; t < kTimes; ++t) days.push_back(30.4375 * static_cast<double>(t) + 10);
    SampleAxis axis = decode_times(days, "days since 2000-01-01", "standard", "test");
    std::vector<float> values;
    for (long t = 0; t < kTimes; ++t)
      for (long p = 0; p < kNy * kNx; ++p)
        values.push_back(missing(t, p) ? NAN
                                       : static_cast<float>(
                                             season(year_phase(axis, t, SeasonPhase::date), p) +
                                             anomaly(t, p)));
    return std::make_shared<const ArraySource>(
        comm, Mesh::rectilinear(ramp(-40, 20, kNy), globe ? ramp(15, 30, kNx) : ramp(15, 1, kNx)),
        std::move(axis), std::move(values));
  }
  std::shared_ptr<const FieldSource> source(const Missing& missing, bool globe = false) {
    return source(missing, globe, [](long t, long) { return shared_anomaly(t); });
  }
  static std::vector<long> all_steps() {
    std::vector<long> steps;
    for (long t = 0; t < kTimes; ++t) steps.push_back(t);
    return steps;
  }
  static double truth(const FieldSource& lr, long t, long point) {
    return season(year_phase(lr.times(), t, SeasonPhase::date), point) + shared_anomaly(t);
  }
};

TEST_F(Gaps, ASeriesWithoutGapsHasNone) {
  EXPECT_TRUE(fit_gaps(*source([](long, long) { return false; }), all_steps(), 1, {}).empty());
  // Land at all times, and a cell that has a value now and then, are none, either.
  EXPECT_TRUE(
      fit_gaps(*source([](long t, long p) { return p < 3 || (p == 20 && t % 3 > 0); }), all_steps(), 1, {})
          .empty());
}

TEST_F(Gaps, AreFilledWithTheAnomalyOfTheNeighboursOnAnyWindow) {
  for (const bool globe : {false, true}) {
    // Cell 30 lacks one time; cells at both ends of the longitudes another; 0 to 2 are land.
    const auto missing = [](long t, long p) {
      return p < 3 || (t == 7 && p == 30) || (t == 8 && (p == 24 || p == 35)) || (t == 9 && p >= 12);
    };
    const auto lr = source(missing, globe);
    const LrGaps gaps = fit_gaps(*lr, all_steps(), 1, {});
    ASSERT_FALSE(gaps.empty());
    EXPECT_EQ(gaps.cells[0], 0);
    EXPECT_EQ(gaps.cells[30], 1);
    EXPECT_EQ(gaps.cells[13], 1);
    const GapFilled filled(lr, gaps, StudyYear{});
    const long x0 = globe ? -3 + comm.rank() : 0, nx = globe ? 6 : kNx;
    const Window window{1, 3, x0, nx};
    std::vector<float> read(3 * 3 * nx);
    filled.read(window, std::vector<long>{7, 9, 8}, read);
    std::size_t at = 0;
    for (const long t : {7, 9, 8})
      for (long y = 1; y < 4; ++y)
        for (long x = x0; x < x0 + nx; ++x, ++at) {
          const long point = y * kNx + (x + kNx) % kNx;
          // Where no neighbour has a value, the climatology alone. The anomaly is not periodic in
          // the training times, so the climatology holds a little of it.
          const double expected =
              t == 9 && y > 2 ? truth(*lr, t, point) - shared_anomaly(t) : truth(*lr, t, point);
          EXPECT_NEAR(read[at], expected, missing(t, point) ? 0.15 : 1e-5) << t << " " << y << " " << x;
        }
    EXPECT_EQ(filled.count(all_steps()), 1 + 2 + 48);
    EXPECT_EQ(filled.count(std::vector<long>{1, 2}), 0);
  }
}

TEST_F(Gaps, TheErrorIsThatOfKnownValues) {
  // Anomalies of their own: what the neighbours say is worth nothing, and the error is larger than
  // the standard deviation of a cell.
  const auto own = [](long t, long p) { return (t * 7 + p * 5 + t * p * 3) % 13 < 6 ? 1.0 : -1.0; };
  const auto lr = source([](long t, long p) { return t == 7 && p == 30; }, false, own);
  const LrGaps gaps = fit_gaps(*lr, all_steps(), 1, {});
  const auto shared =
      fit_gaps(*source([](long t, long p) { return t == 7 && p == 30; }), all_steps(), 1, {});
  EXPECT_LT(shared.error[30], 0.1);
  EXPECT_GT(gaps.error[30], 0.8);
  EXPECT_LT(gaps.error[30], 1.5);
  // Shifted by it, and nothing else is.
  const Window window{0, kNy, 0, kNx};
  std::vector<float> plain(kNy * kNx), shifted(kNy * kNx);
  GapFilled(lr, gaps, StudyYear{}).read(window, std::vector<long>{7}, plain);
  GapFilled(lr, gaps, StudyYear{}, true).read(window, std::vector<long>{7}, shifted);
  for (long p = 0; p < kNy * kNx; ++p)
    EXPECT_NEAR(shifted[p] - plain[p], p == 30 ? gaps.error[30] : 0, 1e-5) << p;
}

}  // namespace
}  // namespace podscale
