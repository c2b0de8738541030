// All families of scores together: the same bits at any number of ranks.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <numeric>
#include <vector>

#include "podscale/core/random.hpp"
#include "podscale/verify/bootstrap.hpp"
#include "podscale/verify/brier.hpp"
#include "podscale/verify/calibration.hpp"
#include "podscale/verify/energy_score.hpp"
#include "podscale/verify/heatwaves.hpp"
#include "podscale/verify/held_rows.hpp"
#include "podscale/verify/rank_histogram.hpp"
#include "podscale/verify/seam_scores.hpp"
#include "podscale/verify/spectral_scores.hpp"

namespace podscale {
namespace {

constexpr float nan = std::numeric_limits<float>::quiet_NaN();
constexpr long times = 21, ny = 12, nx = 18, points = ny * nx, members = 4;

class Families : public ::testing::Test {
 protected:
  Families() {
    std::vector<double> lat, lon;
    for (long j = 0; j < ny; ++j) lat.push_back(-40 + 0.5 * static_cast<double>(j));
    for (long i = 0; i < nx; ++i) lon.push_back(150 + 0.5 * static_cast<double>(i));
    grid_ = Mesh::rectilinear(lat, lon);
    ocean_[3] = ocean_[points - 1] = 0;
    event_.threshold = 0.5;
  }

  /// rows: those of this rank; none: all.
  ScoreAccumulator make(const std::optional<ScoredRows>& rows = {}) const {
    const std::vector<VerifiedSystem> systems = {{"podscale", "the product", true, true, members, members},
                                                 {"a_rather_long_name", "a base", true, false},
                                                 {"zero", "climatology"}};
    const Share own = rows ? rows->own() : Share{0, ny};
    const std::vector<unsigned char> ocean(ocean_.begin() + own.begin * nx, ocean_.begin() + own.end * nx);
    ScoreAccumulator scores(grid_, ocean, systems, times, 6.0, "1", {}, rows);
    scores.add_family(std::make_unique<GaussianCalibration>(systems, times));
    scores.add_family(std::make_unique<RankHistogram>(systems, times, 3));
    scores.add_family(std::make_unique<EnergyScores>(grid_, systems, times, 4));
    scores.add_family(std::make_unique<SpectralScores>(grid_, systems, times, 8));
    std::vector<double> phases;
    for (long t = 0; t < times; ++t) phases.push_back(static_cast<double>(t) / 365);
    ExceedanceEvent event = event_;
    event.frequency = {own.size() * nx,
                       std::vector<double>(static_cast<std::size_t>(12 * own.size() * nx), 0.3)};
    scores.add_family(std::make_unique<BrierScores>(systems, event, phases));
    event.kind = ExceedanceEvent::Kind::percentile;
    event.percentile = {event.frequency.points, std::vector<double>(event.frequency.values.size(), -0.5)};
    std::vector<double> days(times);
    std::iota(days.begin(), days.end(), 0.0);
    scores.add_family(std::make_unique<Heatwaves>(systems, event, phases, days, ocean_));
    scores.add_family(std::make_unique<SeamScores>(grid_, Decomposition(ny, nx, 3, 3, 1), systems, times));
    return scores;
  }

  std::vector<float> noise(long time, std::uint32_t what, std::size_t n = points) const {
    std::vector<float> values(n);
    random_.fill_normal(std::span<float>(values), static_cast<std::uint32_t>(time), what);
    return values;
  }

  /// held: fetches the rows beyond those of this rank; none: it has all.
  void add(ScoreAccumulator& scores, long time, const HeldRows* held = nullptr) const {
    std::vector<float> truth = noise(time, 1), mean = noise(time, 2), all = noise(time, 3, members * points);
    std::vector<float> variance(points, 0.25f), zero(points, 0.0f);
    for (long i = 0; i < points; ++i) {
      mean[i] = truth[i] + 0.5f * mean[i];
      for (long m = 0; m < members; ++m) all[m * points + i] = mean[i] + 0.5f * all[m * points + i];
    }
    truth[(7 * time) % points] = nan;
    // 1. The rows of this rank alone.
    const Share own = scores.rows().own();
    for (std::vector<float>* field : {&truth, &mean, &all, &variance, &zero}) {
      std::vector<float> part;
      for (auto first = field->begin(); first != field->end(); first += points)
        part.insert(part.end(), first + own.begin * nx, first + own.end * nx);
      *field = part;
    }
    const auto forecasts = [&] {
      return std::vector<Forecast>{{mean, variance, all}, {mean, variance, {}}, {zero, {}, {}}};
    };
    const auto weights = point_weights(scores.area(), truth, forecasts());
    const std::vector<float> climatology = zero;
    if (!held) {
      scores.add(time, weights, forecasts(), truth, climatology, 0);
      return scores.close(time);
    }
    // 2. With those beyond.
    std::vector<float> wide(weights.begin(), weights.end());
    held->extend({&truth, &mean, &all, &zero, &wide});
    std::vector<double> all_weights = weights;
    for (long i = std::ssize(weights); i < std::ssize(wide); ++i)
      all_weights.push_back(
          wide[static_cast<std::size_t>(i)] > 0 ? grid_.area_weight(own.begin + i / nx, i % nx) : 0);
    scores.add(time, all_weights, forecasts(), truth, climatology, 0);
    scores.close(time);
  }

  std::vector<ScoreSection> sections(const ScoreAccumulator& scores) const {
    std::vector<ScoreSection> out = scores.sections();
    out.push_back(difference_section(scores, {50, 2, 1, 0.95}));
    return out;
  }

  Mesh grid_;
  std::vector<unsigned char> ocean_ = std::vector<unsigned char>(points, 1);
  ExceedanceEvent event_;
  CounterRandom random_{31, Stream::test};
};

TEST_F(Families, SameBitsAtAnyNumberOfRanks) {
  const Communicator world = Communicator::duplicate(MPI_COMM_WORLD);
  ScoreAccumulator alone = make(), together = make();
  for (long t = 0; t < times; ++t) add(alone, t);
  const Share mine = share_of(times, world.size(), world.rank());
  for (long t = mine.begin; t < mine.end; ++t) add(together, t);
  alone.reduce(Communicator::self());
  together.reduce(world);
  const auto a = sections(alone), b = sections(together);
  ASSERT_EQ(a.size(), 8u);
  for (std::size_t k = 0; k < a.size(); ++k) {
    EXPECT_EQ(a[k].text, b[k].text);
    ASSERT_EQ(a[k].variables.size(), b[k].variables.size());
    for (std::size_t v = 0; v < a[k].variables.size(); ++v) {
      const auto &x = a[k].variables[v].values, &y = b[k].variables[v].values;
      ASSERT_EQ(x.size(), y.size());
      EXPECT_EQ(std::memcmp(x.data(), y.data(), x.size() * sizeof(double)), 0) << a[k].variables[v].name;
    }
  }
}

// Strips of three rows: windows of 4, 7 and 8 points reach over several of them, and over ranks.
TEST_F(Families, SameBitsHoweverTheRowsAreDealt) {
  const Communicator world = Communicator::duplicate(MPI_COMM_WORLD), self = Communicator::self();
  const StripCut cut = cut_into_strips(ny, 3);
  ASSERT_EQ(std::ssize(cut.strips), 4);
  const int parts = row_parts(world.size(), 4);
  ASSERT_EQ(parts, world.size());
  const ScoredRows mine{ny, nx, cut.strips, share_of(4, parts, world.rank()), 8, &world},
      every{ny, nx, cut.strips, {0, 4}, 8, nullptr};
  ScoreAccumulator dealt = make(mine), alone = make(every), whole = make();
  const HeldRows held(world, mine);
  for (long t = 0; t < times; ++t) {
    add(dealt, t, &held);
    add(alone, t);
    add(whole, t);
  }
  dealt.reduce(world, self);
  alone.reduce(self);
  whole.reduce(self);
  const auto a = sections(dealt), b = sections(alone), c = sections(whole);
  for (std::size_t k = 0; k < a.size(); ++k)
    for (std::size_t v = 0; v < a[k].variables.size(); ++v) {
      const auto &x = a[k].variables[v].values, &y = b[k].variables[v].values, &z = c[k].variables[v].values;
      EXPECT_EQ(std::memcmp(x.data(), y.data(), x.size() * sizeof(double)), 0) << a[k].variables[v].name;
      for (std::size_t i = 0; i < x.size(); ++i) {
        ASSERT_EQ(std::isnan(x[i]), std::isnan(z[i])) << a[k].variables[v].name;
        if (!std::isfinite(z[i])) {
          EXPECT_TRUE(std::isnan(z[i]) || x[i] == z[i]) << a[k].variables[v].name;
          continue;
        }
        EXPECT_NEAR(x[i], z[i], 1e-11 * std::max(1.0, std::abs(z[i]))) << a[k].variables[v].name;
      }
    }
  for (std::size_t s = 0; s < 3; ++s) {
    const Scores x = dealt.total(s), y = alone.total(s), z = whole.total(s);
    EXPECT_EQ(std::memcmp(&x, &y, sizeof x), 0) << s;
    EXPECT_NEAR(x.ssim, z.ssim, 1e-12) << s;
    EXPECT_NEAR(x.crps, z.crps, 1e-12) << s;
    const auto map = held.gather(std::span<const double>(dealt.maps(s).rmse));
    if (!world.is_root()) continue;
    EXPECT_EQ(std::memcmp(map.data(), whole.maps(s).rmse.data(), points * sizeof(double)), 0);
  }
}

TEST(HeldRows, StripsDependOnTheRegionAlone) {
  for (const long ny_of_region : {1l, 7l, 96l, 360l, 2160l, 5000l})
    for (const long patch : {1l, 4l, 8l, 31l}) {
      const StripCut cut = cut_into_strips(ny_of_region, patch);
      EXPECT_LE(std::ssize(cut.strips), kMostStrips);
      long row = 0;
      for (const Share& strip : cut.strips) {
        EXPECT_EQ(strip.begin, row);
        EXPECT_EQ(strip.begin % patch, 0);
        EXPECT_GT(strip.size(), 0);
        row = strip.end;
      }
      EXPECT_EQ(row, ny_of_region);
      // Ranks own them as a basis that is read by rows does.
      for (const int ranks : {1, 2, 3, 4, 6, 64}) {
        const int parts = row_parts(ranks, std::ssize(cut.strips));
        EXPECT_EQ(ranks % parts, 0);
        const Decomposition rows = Decomposition::of_rows(ny_of_region, 10, patch, 5, parts, cut.patch_rows);
        for (int part = 0; part < parts; ++part) {
          const Share mine = share_of(std::ssize(cut.strips), parts, part);
          const Window window = rows.window_of(part);
          EXPECT_EQ(window.y0, cut.strips[static_cast<std::size_t>(mine.begin)].begin);
          EXPECT_EQ(window.y0 + window.ny, cut.strips[static_cast<std::size_t>(mine.end - 1)].end);
          for (const long number : rows.patch_list(part)) EXPECT_EQ(rows.owner(number), part);
        }
      }
    }
}

TEST_F(Families, SectionsFitTogether) {
  ScoreAccumulator scores = make();
  for (long t = 0; t < times; ++t) add(scores, t);
  scores.reduce(Communicator::self());
  for (const ScoreSection& section : sections(scores)) {
    EXPECT_EQ(section.text.find("nan"), std::string::npos) << section.text;
    EXPECT_EQ(section.text.back(), '\n');
    std::vector<std::string> rows;  // of one table: they are equally long
    std::size_t begin = 0;
    for (std::size_t end = section.text.find('\n'); end != std::string::npos;
         end = section.text.find('\n', begin)) {
      const std::string line = section.text.substr(begin, end - begin);
      begin = end + 1;
      EXPECT_LE(line.size(), 125u) << line;
      if (line.rfind("podscale ", 0) == 0) rows.assign(1, line);
      if (line.rfind("a_rather", 0) == 0 && rows.size() == 1) {
        EXPECT_EQ(line.size(), rows[0].size()) << line;
      }
    }
    for (const ScoreVariable& variable : section.variables) {
      std::size_t values = 1;
      for (const std::string& dim : variable.dims) {
        std::size_t size = dim == "system" ? 3 : 0;
        for (const ScoreAxis& axis : section.axes)
          if (axis.name == dim) size = axis.values.size();
        values *= size;
      }
      EXPECT_EQ(values, variable.values.size()) << variable.name;
      EXPECT_FALSE(variable.long_name.empty() || variable.units.empty()) << variable.name;
    }
  }
}

}  // namespace
}  // namespace podscale
