// Several variables in one study: what belongs together, and that the unit of one changes nothing.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "podscale/core/random.hpp"
#include "podscale/field/array_source.hpp"
#include "podscale/field/coarsened.hpp"
#include "podscale/gaussian/functional.hpp"
#include "podscale/study/anomaly.hpp"
#include "podscale/study/basis_builder.hpp"
#include "podscale/study/encoded_period.hpp"
#include "podscale/study/fit_base.hpp"

namespace podscale {
namespace {

constexpr long kNy = 12, kNx = 16, kTimes = 240;
constexpr std::size_t kPoints = kNy * kNx;

class Channels : public ::testing::Test {
 protected:
  Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);

  static std::vector<double> axis(double first, long n) {
    std::vector<double> values;
    for (long i = 0; i < n; ++i) values.push_back(first + 0.5 * static_cast<double>(i));
    return values;
  }
  static SampleAxis times() {
    return decode_times(
        [] {
          std::vector<double> days;
          for (long t = 0; t < kTimes; ++t) days.push_back(1.5 * static_cast<double>(t));
          return days;
        }(),
        "days since 2001-01-01", "standard", "test");
  }
  /// Two fields that share half of their waves; the second in another unit, `unit` times smaller.
  std::shared_ptr<const FieldSource> source(double unit, const std::vector<Variable>& variables) const {
    std::vector<float> values;
    const CounterRandom random(5, Stream::test);
    for (long t = 0; t < kTimes; ++t) {
      std::vector<double> amplitude(std::max<std::size_t>(9, 6 + 3 * (variables.size() - 1)));
      random.fill_normal(std::span(amplitude), static_cast<std::uint32_t>(t));
      for (std::size_t c = 0; c < variables.size(); ++c)
        for (long y = 0; y < kNy; ++y)
          for (long x = 0; x < kNx; ++x) {
            double value = 10 + 3 * std::sin(0.026 * static_cast<double>(t));
            for (std::size_t k = 0; k < 6; ++k)
              value += amplitude[k + (k < 3 ? 0 : 3 * c)] * std::sin(0.2 * static_cast<double>((k + 1) * y) +
                                                                     0.13 * static_cast<double>((6 - k) * x));
            values.push_back(static_cast<float>(c == 0 ? value : unit * value));
          }
    }
    return std::make_shared<const ArraySource>(comm, Mesh::rectilinear(axis(30, kNy), axis(-40, kNx)),
                                               times(), values, variables);
  }
  static Variable variable(const std::string& name, const std::string& units) {
    return {name, units, units, "", "", "", {}};
  }
  StudySeries study(double unit) const {
    const auto fine = source(unit, {variable("a", "degC"), variable("b", "degC")});
    return {fine, std::make_shared<const Coarsened>(fine, 4)};
  }
  static StudyOptions options(const std::string& more = "") {
    return options_of_text(
        "&data hr_files='x', train='2001-01-01','2001-09-30', validate='2001-10-01','2001-12-31' /\n"
        "&patches size=4,4, modes=6, overlap=1 " +
            more +
            " /\n&basis harmonics=1 /\n"
            "&base halo=1, lags=0, rank=4, penalties=0.1,1.0 /\n",
        "test");
  }
  struct Result {
    std::vector<double> scale, mean, variance;
    std::vector<FunctionalForecast> functionals;
  };
  Result forecast(double unit) const {
    const StudySeries series = study(unit);
    const StudyOptions asked = options();
    const Basis basis = build_basis(comm, asked, series);
    const auto train = steps_of_period(series.hr, series.lr, asked.data.train),
               days = steps_of_period(series.hr, series.lr, asked.data.validate);
    const LinearGaussian base = fit_linear_gaussian(comm, asked.base, basis, series, train, days, 64);
    const LatentSpace space(basis, base);
    const EncodedPeriod period = encode_period(comm, space, series, {days.begin(), days.begin() + 3}, 64);
    const std::vector<float> phase(period.year_phase.begin(), period.year_phase.end());
    const auto forecasts = base_forecast(space)({period.conditions, phase, period.time_key}, {});
    const std::size_t n = basis.points();
    Result result{basis.channel_scale, std::vector<double>(n), std::vector<double>(n), {}};
    const std::vector<double> normal(n, 0.0);
    decode_forecast(basis, forecasts[2], 1, normal, result.mean, result.variance);
    std::vector<Functional> means;
    for (std::size_t c = 0; c < 2; ++c) {
      Functional f{"mean", std::vector<double>(n, 0.0)};
      for (std::size_t i = 0; i < n / 2; ++i) f.weights[c * (n / 2) + i] = 1.0 / kPoints;
      means.push_back(f);
    }
    result.functionals = FunctionalSet(basis, means).evaluate(comm, forecasts[2], 1, normal);
    return result;
  }
};

TEST_F(Channels, TheUnitOfOneVariableChangesNothingButItself) {
  const Result plain = forecast(1);
  EXPECT_GT(plain.functionals[0].variance, 0);
  for (const double unit : {std::ldexp(1.0, 24), std::ldexp(1.0, -30)}) {
    const Result other = forecast(unit);
    EXPECT_NEAR(other.scale[0] / plain.scale[0], 1, 1e-9);
    EXPECT_NEAR(other.scale[1] / plain.scale[1] / unit, 1, 1e-9);
    const std::size_t half = plain.mean.size() / 2;
    for (std::size_t i = 0; i < plain.mean.size(); ++i) {
      const double factor = i < half ? 1 : unit;
      ASSERT_NEAR(other.mean[i] / factor, plain.mean[i], 1e-5) << unit << ", " << i;
      ASSERT_NEAR(other.variance[i] / (factor * factor) / plain.variance[i], 1, 1e-4) << unit << ", " << i;
    }
    for (std::size_t c = 0; c < 2; ++c) {
      const double factor = c == 0 ? 1 : unit;
      EXPECT_NEAR(other.functionals[c].mean / factor, plain.functionals[c].mean, 1e-5) << unit;
      EXPECT_NEAR(other.functionals[c].variance / (factor * factor) / plain.functionals[c].variance, 1, 1e-4)
          << unit << ", " << c;
    }
  }
}

TEST_F(Channels, OneBasisForAllPatchesIsRefused) {
  const StudySeries series = study(1);
  try {
    build_basis(comm, options(", basis='shared'"), series);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::usage);
    EXPECT_TRUE(error.agreed());
    EXPECT_NE(std::string(error.what()).find("2 variables"), std::string::npos) << error.what();
  }
}

TEST_F(Channels, OtherVariablesThanThoseOfTheBasisAreRefused) {
  const Basis basis = build_basis(comm, options(), study(1));
  EXPECT_EQ(basis.lr_names, (std::vector<std::string>{"a", "b"}));
  const auto message = [&](const std::vector<Variable>& variables) -> std::string {
    try {
      require_same_variables(*source(1, variables), basis, basis.lr_names, "basis.nc");
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::data);
      EXPECT_TRUE(error.agreed());
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(message({variable("a", "degC"), variable("b", "degree_Celsius")}), "");
  EXPECT_EQ(message({variable("b", "degC"), variable("a", "degC")}), "");  // a warning
  for (const auto& [variables, words] :
       {std::pair<std::vector<Variable>, std::string>{{variable("a", "degC")}, "1 variables"},
        {{variable("a", "degC"), variable("b", "degC"), variable("c", "degC")}, "3 variables"},
        {{variable("a", "degC"), variable("b", "K")}, "'b' is read in 'K'"},
        {{variable("a", ""), variable("b", "degC")}, "'a' is read in ''"},
        {{variable("a", "m"), variable("b", "degC")}, "'a' is read in 'm'"}})
    EXPECT_NE(message(variables).find(words), std::string::npos) << message(variables);
}

}  // namespace
}  // namespace podscale
