// Series of the same events at the same dates are told from a free-running model.
#include "podscale/study/paired_series.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "on_all_ranks.hpp"
#include "podscale/config/namelist.hpp"
#include "podscale/field/array_source.hpp"
#include "podscale/study/ocean_file.hpp"
#include "sample_file.hpp"

namespace podscale {
namespace {

/// Means over a region: season, trend and red noise that both share to some part.
struct Pair {
  std::vector<double> hr, lr, phase, year;
  Pair(std::mt19937& random, std::size_t n, double a_year, double persistence, double shared) {
    std::normal_distribution<double> normal;
    double x = 0, y = 0;
    for (std::size_t t = 0; t < n; ++t) {
      const double at = 1990 + static_cast<double>(t) / a_year, phi = at - std::floor(at),
                   common = normal(random);
      x = persistence * x + std::sqrt(1 - persistence * persistence) * common;
      y = persistence * y + std::sqrt(1 - persistence * persistence) *
                                (shared * common + std::sqrt(1 - shared * shared) * normal(random));
      const double both = 5 * std::cos(6.2831853 * phi) + std::cos(6.2831853 * 3 * phi) + 0.05 * (at - 1990);
      hr.push_back(both + 0.5 * x);
      lr.push_back(1 + 1.2 * both + 0.7 * y);
      phase.push_back(phi), year.push_back(at);
    }
  }
  PairedMeans compared() const { return compare_means(hr, lr, phase, year); }
};

struct Kind {
  std::size_t n;
  double a_year, persistence;
};
/// Of `draws`, those that pass for unrelated.
int unrelated(const Kind& kind, double shared, int draws) {
  std::mt19937 random(7);
  int found = 0;
  for (int i = 0; i < draws; ++i)
    found += Pair(random, kind.n, kind.a_year, kind.persistence, shared).compared().unrelated();
  return found;
}

TEST(PairedMeans, FreeRunningSeriesAreRecognised) {
  // Twenty years of months, six of days, seventeen of months with a long memory.
  for (const Kind& kind : {Kind{240, 12, 0.6}, Kind{2190, 365, 0.95}, Kind{204, 12, 0.8}})
    EXPECT_GE(unrelated(kind, 0, 100), 85) << kind.n;
}

TEST(PairedMeans, HealthyPairsAreNotRefusedHoweverShort) {
  for (const Kind& kind : {Kind{240, 12, 0.6}, Kind{2190, 365, 0.95}, Kind{204, 12, 0.8}, Kind{24, 12, 0.7},
                           Kind{60, 12, 0.9}, Kind{90, 365, 0.95}, Kind{12, 12, 0.5}, Kind{30, 365, 0.9}})
    for (const double shared : {1.0, 0.9, 0.7})
      EXPECT_EQ(unrelated(kind, shared, 100), 0) << kind.n << " " << shared;
  // A weak pair of many times is a pair.
  EXPECT_LE(unrelated({2190, 365, 0.9}, 0.3, 100), 1);
}

/// Rotated: HR tells `late` times late.
void put_late(Pair& pair, long late) {
  std::rotate(pair.hr.begin(), pair.hr.end() - late, pair.hr.end());
}

TEST(PairedMeans, SeveralTimesApartAreTold) {
  // A reference date of a month before or after, days of another time zone, a year of months.
  std::mt19937 random(5);
  for (const auto& [kind, late] : {std::pair{Kind{2190, 365, 0.95}, 3L}, {Kind{2190, 365, 0.95}, 31L},
                                   {Kind{1000, 365, 0.9}, 7L}, {Kind{240, 12, 0.6}, 12L}})
    for (int i = 0; i < 20; ++i) {
      Pair pair(random, kind.n, kind.a_year, kind.persistence, 0.9), other = pair;
      put_late(pair, late);
      EXPECT_EQ(pair.compared().shifted(), late);
      EXPECT_FALSE(pair.compared().drifts());
      put_late(other, static_cast<long>(kind.n) - late);
      EXPECT_EQ(other.compared().shifted(), -late);
    }
}

TEST(PairedMeans, FewTimesAndConstantSeriesSayNothing) {
  std::mt19937 random(2);
  for (const std::size_t n : {1u, 2u, 3u, 5u, 12u, 25u, 40u})
    for (int i = 0; i < 50; ++i) {
      Pair pair(random, n, 12, 0.6, 0.9);
      EXPECT_EQ(pair.compared().shifted(), 0) << n;
      EXPECT_FALSE(pair.compared().drifts()) << n;
      std::fill(pair.lr.begin(), pair.lr.end(), 3.0);
      EXPECT_EQ(pair.compared().shifted(), 0) << n;
      EXPECT_FALSE(pair.compared().drifts()) << n;
    }
}

TEST(PairedMeans, ADailyCycleOfAnotherPhaseIsNoShift) {
  // Hours of two years: LR has its maximum three hours early, and the weather of days.
  std::mt19937 random(4);
  const std::size_t n = 2 * 8766;
  Pair pair(random, n, 8766, 0.99, 0.95);
  for (std::size_t t = 0; t < n; ++t) {
    const double hour = 6.2831853 / 24 * static_cast<double>(t);
    pair.hr[t] += std::cos(hour), pair.lr[t] += std::cos(hour + 6.2831853 / 8);
  }
  EXPECT_EQ(pair.compared().shifted(), 0);
  EXPECT_FALSE(pair.compared().drifts());
}

TEST(PairedMeans, ClocksThatDriftApartAreTold) {
  // Days of 365-day years under the dates of the standard calendar: one more apart after each leap
  // year.
  std::mt19937 random(11);
  for (const std::size_t years : {4u, 9u, 20u})
    for (int i = 0; i < 20; ++i) {
      const std::size_t n = years * 365;
      Pair pair(random, n + 8, 365, 0.9, 0.9);
      const auto healthy = pair.compared();
      EXPECT_FALSE(healthy.drifts()) << years;
      EXPECT_EQ(healthy.shifted(), 0) << years;
      std::vector<double> drifted;
      for (std::size_t t = 0; t < n; ++t) drifted.push_back(pair.lr[t + (t + 1000) / 1461]);
      pair.lr = drifted;
      for (auto* series : {&pair.hr, &pair.phase, &pair.year}) series->resize(n);
      const auto apart = pair.compared();
      EXPECT_TRUE(apart.drifts()) << years << ": " << apart.begin.late << " " << apart.end.late;
      EXPECT_LT(apart.begin.late, apart.end.late);
    }
}

TEST(PairedMeans, ATimeApartIsToldFromHealthyPairs) {
  std::mt19937 random(3);
  for (const Kind& kind : {Kind{240, 12, 0.6}, Kind{2190, 365, 0.95}, Kind{204, 12, 0.8}, Kind{48, 12, 0.5},
                           Kind{90, 365, 0.95}})
    for (int i = 0; i < 50; ++i) {
      for (const double shared : {1.0, 0.9, 0.7, 0.3, 0.0})
        if (const auto means = Pair(random, kind.n, kind.a_year, kind.persistence, shared).compared();
            means.shifted() != 0 || means.drifts())
          ADD_FAILURE() << kind.n << " " << shared;
      if (kind.n == 90) continue;  // the season of a part of a year hides it
      // What HR tells at a time, LR told the time before; and the other way round.
      Pair late(random, kind.n, kind.a_year, kind.persistence, 0.95), early = late;
      std::rotate(late.hr.begin(), late.hr.end() - 1, late.hr.end());
      EXPECT_EQ(late.compared().shifted(), 1) << kind.n;
      std::rotate(early.lr.begin(), early.lr.end() - 1, early.lr.end());
      EXPECT_EQ(early.compared().shifted(), -1) << kind.n;
    }
}

class PairedSources : public test::OnAllRanks {
 protected:
  std::string ocean(int seed, const std::string& name,
                    const std::string& more = "last_date='2004-12-31', step_days=5") {
    Namelist n;
    n.parse(
        fmt::format("&ocean ny=12, nx=12, resolution=0.5, first_date='2001-01-01', {}, "
                    "factor=3, islands=1, turbulence_modes=16, seed={} /\n",
                    more, seed),
        "test");
    write_ocean(comm, ocean_spec(OceanOptions(n)),
                {scratch / (name + "_hr.nc"), scratch / (name + "_lr.nc"), "", ""});
    comm.barrier();
    return "hr_files='" + (scratch / (name + "_hr.nc")) + "', lr_files='";
  }
  DataOptions data(const std::string& text) {
    Namelist n;
    n.parse("&data " + text + " /\n", "test.nml");
    return DataOptions(n);
  }
};

TEST_F(PairedSources, AnotherOceanIsRefusedWithWhatToDo) {
  const std::string hr = ocean(1, "one");
  ocean(2, "two");
  const std::string period = "', hr_variable='tos', lr_variable='tos', train='2001-01-01', '2004-12-31'";
  const auto options = [&](const std::string& lr, const std::string& more = "") {
    return data(hr + (scratch / (lr + "_lr.nc")) + period + more);
  };
  const auto judge = [&](const DataOptions& of) {
    const StudySeries study = open_study(comm, of);
    const auto pairs = steps_of_period(study.hr, study.lr, of.train);
    require_paired(of, study, pairs, {});
    return compare_series(study, pairs, {})[0];
  };
  EXPECT_GT(judge(options("one")).anomalies.r, 0.95);
  expect_error(ExitCode::data, {"correlate by", "free-running", "data.apply_files", "coarsen"},
               [&] { judge(options("two")); });
  const PairedMeans accepted = judge(options("two", ", doubts='accept'"));
  EXPECT_TRUE(accepted.unrelated());
  // The same bits on one rank.
  const Communicator self = Communicator::self();
  const DataOptions of = options("two");
  const StudySeries alone = open_study(self, of);
  EXPECT_EQ(compare_series(alone, steps_of_period(alone.hr, alone.lr, of.train), {})[0].anomalies.r,
            accepted.anomalies.r);
}

TEST_F(PairedSources, ACalendarThatWasLostIsNamed) {
  const std::string files = ocean(3, "noleap", "last_date='2012-12-31', step_days=1, calendar='noleap'");
  const std::string lr = scratch / "noleap_lr.nc";
  // HR keeps its calendar; that of LR is taken for the standard one from here on.
  comm.agree([&] {
    if (!comm.is_root()) return;
    int id, time;
    nc_ok(nc_open(lr.c_str(), NC_WRITE, &id));
    nc_ok(nc_inq_varid(id, "time", &time));
    nc_ok(nc_redef(id));
    nc_ok(nc_del_att(id, time, "calendar"));
    nc_ok(nc_close(id));
  });
  const DataOptions of =
      data(files + lr + "', hr_variable='tos', lr_variable='tos', train='2001-01-01', '2012-12-27'");
  expect_error(ExitCode::data, {"one clock", "time:calendar", "LR of the same time at the beginning"}, [&] {
    const StudySeries study = open_study(comm, of);
    require_paired(of, study, steps_of_period(study.hr, study.lr, of.train), {});
  });
}

}  // namespace
}  // namespace podscale
