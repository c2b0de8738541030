// All families of scores together: the same bits at any number of ranks.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <vector>

#include "podscale/core/random.hpp"
#include "podscale/verify/bootstrap.hpp"
#include "podscale/verify/brier.hpp"
#include "podscale/verify/calibration.hpp"
#include "podscale/verify/energy_score.hpp"
#include "podscale/verify/rank_histogram.hpp"
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
    event_.frequency = {points, std::vector<double>(12 * points, 0.3)};
  }

  ScoreAccumulator make() const {
    const std::vector<VerifiedSystem> systems = {{"podscale", "the product", true, true, members, members},
                                                 {"a_rather_long_name", "a base", true, false},
                                                 {"zero", "climatology"}};
    ScoreAccumulator scores(grid_, ocean_, systems, times, 6.0);
    scores.add_family(std::make_unique<GaussianCalibration>(systems, times));
    scores.add_family(std::make_unique<RankHistogram>(systems, times, 3));
    scores.add_family(std::make_unique<EnergyScores>(grid_, systems, times, 4));
    scores.add_family(std::make_unique<SpectralScores>(grid_, systems, times, 8));
    std::vector<double> phases;
    for (long t = 0; t < times; ++t) phases.push_back(static_cast<double>(t) / 365);
    scores.add_family(std::make_unique<BrierScores>(systems, event_, phases));
    return scores;
  }

  std::vector<float> noise(long time, std::uint32_t what, std::size_t n = points) const {
    std::vector<float> values(n);
    random_.fill_normal(std::span<float>(values), static_cast<std::uint32_t>(time), what);
    return values;
  }

  void add(ScoreAccumulator& scores, long time) const {
    std::vector<float> truth = noise(time, 1), mean = noise(time, 2), all = noise(time, 3, members * points);
    const std::vector<float> variance(points, 0.25f), zero(points, 0.0f);
    for (long i = 0; i < points; ++i) {
      mean[i] = truth[i] + 0.5f * mean[i];
      for (long m = 0; m < members; ++m) all[m * points + i] = mean[i] + 0.5f * all[m * points + i];
    }
    truth[(7 * time) % points] = nan;
    const Forecast forecasts[] = {{mean, variance, all}, {mean, variance, {}}, {zero, {}, {}}};
    scores.add(time, forecasts, truth, zero);
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
  ASSERT_EQ(a.size(), 6u);
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
