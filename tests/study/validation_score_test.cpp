// Which weights podscale-train keeps: those that beat the base by more than chance.
#include "podscale/study/validation_score.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <numeric>

#include "podscale/config/namelist.hpp"
#include "podscale/core/log.hpp"
#include "podscale/core/random.hpp"
#include "podscale/study/fit_base.hpp"
#include "podscale/study/ocean_file.hpp"
#include "podscale/study/options.hpp"
#include "podscale/study/token_series.hpp"
#include "sanitized.hpp"
#include "scratch.hpp"
#include "whole_series.hpp"

using namespace podscale;

namespace {

Namelist study_namelist(const std::string& dir) {
  Namelist n;
  n.parse(
      "&ocean ny=16, nx=20, factor=4, first_date='2001-01-01', last_date='2002-12-31', step_days=5, "
      "turbulence_modes=32, land_fraction=0.15, islands=1 /\n"
      "&data hr_files='" +
          dir +
          "/hr.nc', lr_source='coarsen', coarsen_factor=4, hr_variable='tos', "
          "train='2001-01-01','2001-12-31', validate='2002-01-01','2002-12-31' /\n"
          "&patches size=4,5, modes=4, overlap=0 /\n&basis harmonics=1 /\n&base rank=4, penalties=0.1 /\n",
      "test");
  return n;
}

/// The true latents of a time, found by its phase: what a network would love to know.
using Truth = std::map<float, std::vector<float>>;

/// Not movable: the parts refer to each other.
struct Study {
  explicit Study(const Communicator& comm, const Namelist& namelist)
      : series(open_study(comm, DataOptions(namelist))),
        train(steps_of_period(series.hr, series.lr, DataOptions(namelist).train)),
        validate(spread(steps_of_period(series.hr, series.lr, DataOptions(namelist).validate), 36)),
        basis(build_basis(comm, StudyOptions(namelist), series)),
        base(fit_linear_gaussian(comm, StudyOptions(namelist).base, basis, series, train, validate, 50)),
        space(basis, base),
        layout(space.layout(comm)) {
    const TokenSeries tokens =
        token_series(comm, space, encode_period(comm, space, series, validate, 50), 50);
    const std::size_t size = layout.latent_size();
    const auto all = test::whole_series(comm, tokens, tokens.latent, layout.tokens);
    const auto& phase = tokens.year_phase;
    for (std::size_t t = 0; t < validate.size(); ++t)
      truth[phase[t]] = {all.begin() + static_cast<long>(t * size),
                         all.begin() + static_cast<long>((t + 1) * size)};
  }
  Study(const Study&) = delete;
  StudySeries series;
  std::vector<StepPair> train, validate;
  Basis basis;
  LinearGaussian base;
  LatentSpace space;
  TokenLayout layout;
  Truth truth;
};

/// A network that moves the mean by gain(time) times the true latents; untrained: gain 0
/// everywhere.
NetworkFunctions network(const Truth& truth, const TokenLayout& layout,
                         const std::function<double(std::size_t)>& gain) {
  const auto add = [&truth, gain](float phase, std::span<float> mean) {
    const auto found = truth.find(phase);
    const std::size_t time = std::distance(truth.begin(), found);
    for (std::size_t i = 0; i < mean.size(); ++i)
      mean[i] += static_cast<float>(gain(time)) * found->second[i];
  };
  return {
      [add, layout](std::span<const float>, float phase, std::uint64_t key, int first, int count,
                    std::span<float> out, const Temperature& temperature) {
        const std::size_t size = layout.latent_size(),
                          patches =
                              static_cast<std::size_t>((layout.tokens - layout.global_tokens) * layout.modes);
        for (int m = 0; m < count; ++m) {
          const auto member = out.subspan(static_cast<std::size_t>(m) * size, size);
          CounterRandom(1, Stream::sampler).fill_noise(member, key, static_cast<std::uint32_t>(first + m));
          for (std::size_t i = 0; i < size; ++i)
            member[i] *= layout.active[i] ? (i < patches ? temperature.patch : temperature.global) : 0.0f;
          add(phase, member);
        }
      },
      [add](std::span<const float>, float phase, std::span<float> mean, std::span<float> variance) {
        std::fill(mean.begin(), mean.end(), 0.0f);
        std::fill(variance.begin(), variance.end(), 1.0f);
        add(phase, mean);
      }};
}

class Selection : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    comm_ = std::make_unique<Communicator>(Communicator::duplicate(MPI_COMM_WORLD));
    const std::string dir = test::ScratchFolder(*comm_).path();
    const Namelist namelist = study_namelist(dir);
    write_ocean(*comm_, ocean_spec(OceanOptions(namelist)), {dir + "/hr.nc", dir + "/lr.nc", "", ""});
    comm_->barrier();
    study_ = std::make_unique<Study>(*comm_, namelist);
  }
  static void TearDownTestSuite() {
    study_.reset();
    comm_.reset();
  }
  static const Study& study() { return *study_; }
  static ValidationSubset subset(const std::vector<StepPair>& pairs, bool head, long block = 16) {
    return {*comm_,
            study().series,
            {{&study().space, Inflation{1.2, 0.9, 1.1},
              encode_period(*comm_, study().space, study().series, pairs, block)}},
            4,
            1,
            head,
            block};
  }
  /// Every time of the validation period alone.
  static std::vector<ValidationSubset> times(bool head) {
    std::vector<ValidationSubset> all;
    for (const StepPair& pair : study().validate) all.push_back(subset({pair}, head));
    return all;
  }
  static NetworkFunctions with(const std::function<double(std::size_t)>& gain) {
    return network(study().truth, study().layout, gain);
  }

 private:
  static inline std::unique_ptr<Communicator> comm_;
  static inline std::unique_ptr<Study> study_;
};

}  // namespace

TEST_F(Selection, FieldsAreReadBlockByBlockAndNotKept) {
  std::vector<StepPair> many;  // 5400 times of 320 points
  for (int i = 0; i < 150; ++i) many.insert(many.end(), study().validate.begin(), study().validate.end());
  const double before = peak_memory_mib();
  const ValidationSubset validation = subset(many, true);
  // Their fields alone are 13 MiB in float64, and as much as they are read; conditions are kept.
  const double conditions = 4.0 * static_cast<double>(many.size() * study().basis.patches.mine.size()) *
                            static_cast<double>(study().space.condition_width()) / (1 << 20);
  if (!test::sanitized) {
    EXPECT_LT(peak_memory_mib() - before, 3 * conditions + 6);
  }
  for (const bool head : {true, false})
    for (const long block : {1l, 7l}) {
      const auto network = with([](std::size_t time) { return 0.01 * static_cast<double>(time); });
      EXPECT_EQ(subset(study().validate, head, block).score(network),
                subset(study().validate, head, 100).score(network))
          << head << ", block " << block;
    }
}

TEST_F(Selection, StepZeroHasTheScoreOfTheBaseAndABetterNetworkWins) {
  for (const bool head : {true, false}) {
    const ValidationSubset validation = subset(study().validate, head);
    const double base = validation.score(with([](std::size_t) { return 0.0; }));
    double mean = 0;  // of single times, which have no standard error
    for (const ValidationSubset& one : times(head))
      mean += one.score(with([](std::size_t) { return 0.0; })) / static_cast<double>(study().validate.size());
    EXPECT_NEAR(base, mean, 1e-12 * mean) << head;
    EXPECT_LT(validation.score(with([](std::size_t) { return 0.3; })), base) << head;
    EXPECT_GT(validation.score(with([](std::size_t) { return -0.3; })), base) << head;
  }
}

TEST_F(Selection, ANetworkWithoutANumberAtSomeTimeHasNoFiniteScore) {
  const auto broken = with([](std::size_t time) { return time == 3 ? std::nan("") : 0.3; });
  for (const bool head : {true, false})
    EXPECT_FALSE(std::isfinite(subset(study().validate, head).score(broken))) << head;
}

TEST_F(Selection, BetterByChanceOnlyIsNotSelected) {
  // Good at some times, nearly as much harm at the others.
  const auto mixed = [&](double harm) {
    return with([harm](std::size_t time) { return time / 3 % 2 == 0 ? 0.3 : -harm; });
  };
  for (const bool head : {true, false}) {
    const ValidationSubset validation = subset(study().validate, head);
    const std::vector<ValidationSubset> alone = times(head);
    const auto differences = [&](double harm) {
      std::vector<double> found;
      for (const ValidationSubset& one : alone)
        found.push_back(one.score(mixed(harm)) - one.score(with([](std::size_t) { return 0.0; })));
      return found;
    };
    const auto mean_of = [](const std::vector<double>& values) {
      return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
    };
    // The largest harm that leaves the mean a little better than that of the base.
    double low = 0, high = 1;
    for (int i = 0; i < 10; ++i) {
      const double middle = 0.5 * (low + high);
      (mean_of(differences(middle)) < 0 ? low : high) = middle;
    }
    const std::vector<double> difference = differences(low);
    const double mean = mean_of(difference), base = validation.score(with([](std::size_t) { return 0.0; }));
    ASSERT_EQ(difference.size(), 36u);
    double squares = 0;
    for (std::size_t b = 0; b < 24; ++b) {  // 24 blocks: the first twelve have two times
      const double block = b < 12 ? 0.5 * (difference[2 * b] + difference[2 * b + 1]) : difference[12 + b];
      squares += std::pow(block - mean, 2);
    }
    const double error = std::sqrt(squares / 23 / 24);
    EXPECT_LT(mean, 0) << head;
    EXPECT_LT(-mean, error) << head;
    EXPECT_GT(validation.score(mixed(low)), base) << head;
    EXPECT_NEAR(validation.score(mixed(low)), base + mean + error, 1e-9) << head;
  }
}
