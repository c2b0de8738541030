// The base of a synthetic ocean, from series to basis.nc and back, at any rank count.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <memory>
#include <numbers>
#include <set>
#include <tuple>

#include "podscale/config/namelist.hpp"
#include "podscale/core/error.hpp"
#include "podscale/file/netcdf_file.hpp"
#include "podscale/file/seal.hpp"
#include "podscale/study/anomaly.hpp"
#include "podscale/study/base_file.hpp"
#include "podscale/study/calibrate.hpp"
#include "podscale/study/fit_base.hpp"
#include "podscale/study/fit_season.hpp"
#include "podscale/study/ocean_file.hpp"
#include "podscale/study/options.hpp"
#include "podscale/study/token_series.hpp"
#include "whole_series.hpp"
#include "sample_file.hpp"

using namespace podscale;

namespace {

constexpr long kBlock = 50;

/// 22 x 26 points, so that the last LR blocks of 4 x 4 and the last patches are cut.
Namelist study_namelist(const std::string& dir) {
  Namelist n;
  n.parse(
      "&ocean ny=22, nx=26, factor=4, first_date='2001-01-01', last_date='2003-12-31', step_days=3, "
      "turbulence_modes=48, land_fraction=0.15, islands=2 /\n"
      "&data hr_files='" +
          dir +
          "/hr.nc', lr_source='coarsen', coarsen_factor=4, hr_variable='tos', "
          // All lags are there: the series begins and ends a step beyond.
          "train='2001-01-04','2002-12-31', validate='2003-01-01','2003-12-28' /\n"
          "&patches size=4,6, modes=5, overlap=2 /\n&basis harmonics=1 /\n&grid time_block=50 /\n"
          "&base halo=1, lags=-1,0,1, rank=12, share=0.8, penalties=1e-3,1e-2,0.1,1.0 /\n",
      "test");
  return n;
}

/// Series, basis and base on one communicator. Not movable: the parts refer to each other.
struct Study {
  Study(const Communicator& comm, const Namelist& namelist)
      : series(open_study(comm, DataOptions(namelist))),
        train(steps_of_period(series.hr, series.lr, DataOptions(namelist).train, StudyOptions(namelist).base.lags)),
        validate(steps_of_period(series.hr, series.lr, DataOptions(namelist).validate,
                                 StudyOptions(namelist).base.lags)),
        basis(build_basis(comm, StudyOptions(namelist), series)),
        base(fit_linear_gaussian(comm, StudyOptions(namelist).base, basis, series, train, validate, kBlock)),
        space(basis, base) {
    base.calibration.times = 1;  // a file with a base that was not calibrated is refused
  }
  Study(const Study&) = delete;
  EncodedPeriod encoded(const Communicator& comm, const std::vector<StepPair>& pairs) const {
    return encode_period(comm, space, series, pairs, kBlock);
  }
  StudySeries series;
  std::vector<StepPair> train, validate;
  Basis basis;
  LinearGaussian base;
  LatentSpace space;
};

/// One ocean and one fit for all tests.
class Base : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    comm_ = std::make_unique<Communicator>(Communicator::duplicate(MPI_COMM_WORLD));
    dir_ = test::ScratchFolder(*comm_).path();
    const Namelist namelist = study_namelist(dir_);
    OceanSpec spec = ocean_spec(OceanOptions(namelist));
    write_ocean(*comm_, spec, {dir_ + "/hr.nc", dir_ + "/lr.nc", "", ""});
    comm_->barrier();
    study_ = std::make_unique<Study>(*comm_, namelist);
  }
  static void TearDownTestSuite() {
    study_.reset();
    comm_.reset();
  }
  static const Communicator& comm() { return *comm_; }
  static const Study& study() { return *study_; }
  static const std::string& dir() { return dir_; }

 private:
  static inline std::unique_ptr<Communicator> comm_;
  static inline std::unique_ptr<Study> study_;
  static inline std::string dir_;
};

template <class Work>
ExitCode code_of(const Work& work) {
  try {
    work();
  } catch (const Error& error) {
    EXPECT_TRUE(error.agreed());
    return error.code();
  }
  return ExitCode::ok;
}

/// Calibrated and measured on the same times: what was fitted must then show exactly.
ValidationParts both(const std::vector<StepPair>& pairs) {
  return {pairs, pairs};
}
Calibration calibrate(const Communicator& comm, const LatentSpace& space, const StudySeries& series,
                      const ValidationParts& parts, const ForecastFunction& forecast, Inflate inflate,
                      long block, const std::function<bool()>& should_stop = {}) {
  const auto encoded = [&](const std::vector<StepPair>& pairs) {
    return encode_period(comm, space, series, pairs, block);
  };
  return podscale::calibrate(comm, space, series, encoded(parts.choosing), encoded(parts.held_out), forecast,
                             inflate, block, should_stop);
}

SeasonalVariance fit_seasonal_variance(const Communicator& comm, const LatentSpace& space,
                                       const StudySeries& series, const std::vector<StepPair>& train,
                                       const std::vector<StepPair>& validate, int harmonics, long block) {
  return podscale::fit_seasonal_variance(comm, space, encode_period(comm, space, series, train, block),
                                         encode_period(comm, space, series, validate, block), harmonics,
                                         block);
}

/// Conditions and true anomalies of a block of pairs, by space.
struct Block {
  std::vector<float> condition;
  std::vector<double> anomalies;
};
Block read_block(const Communicator& comm, const Study& study, std::span<const StepPair> part) {
  const std::vector<StepPair> pairs(part.begin(), part.end());
  const ConditionSeries conditions = conditions_of(study.space, study.series.lr, comm);
  Block block{conditions.read(lr_steps(pairs)),
              std::vector<double>(static_cast<std::size_t>(study.basis.window.points()) * pairs.size())};
  read_anomalies(study.series.hr, study.basis, comm, hr_steps(pairs), block.anomalies);
  return block;
}

/// work(index of the time, forecast mean, variance, truth) of all times of a period.
template <class Work>
void for_forecasts(const Communicator& comm, const Study& study, const std::vector<StepPair>& pairs,
                   const Inflation& inflation, const Work& work) {
  const std::size_t n = study.basis.window.points();
  const std::vector<double> zero(n, 0.0);
  std::vector<double> mean(n), variance(n);
  const Block block = read_block(comm, study, pairs);
  const std::vector<float> phase(pairs.size(), 0.0f);
  const std::vector<std::uint64_t> key(pairs.size(), 0);
  const auto forecasts = base_forecast(study.space)({block.condition, phase, key}, inflation);
  for (std::size_t t = 0; t < pairs.size(); ++t) {
    decode_forecast(study.basis, forecasts[t], inflation.truncation, zero, mean, variance);
    work(mean, variance, std::span(block.anomalies).subspan(t * n, n));
  }
}

}  // namespace

TEST_F(Base, NeedsTheStepsOfItsLags) {
  const ConditionSeries conditions = conditions_of(study().space, study().series.lr, comm());
  EXPECT_EQ(conditions.needed_steps(std::vector<long>{9, 5, 6}), (std::vector<long>{4, 5, 6, 7, 8, 9, 10}));
}

TEST_F(Base, OptionsComeFromTheNamelist) {
  const auto options = StudyOptions(study_namelist("x")).base;
  EXPECT_EQ(options.lags, (std::vector<long>{-1, 0, 1}));
  EXPECT_EQ(options.global_modes, 12);
  EXPECT_EQ(options.penalties.size(), 4u);
  EXPECT_EQ(study().base.lags, options.lags);
  EXPECT_EQ(study().base.predictors.slots() % 3, 0);
  EXPECT_GT(study().base.residual.global_modes, 0);
}

TEST_F(Base, FactorsOfPatchesRaiseTheirVarianceAlone) {
  const std::vector<StepPair> pairs(study().train.begin(), study().train.begin() + 2);
  const Block block = read_block(comm(), study(), pairs);
  const std::vector<float> phase(2, 0.0f);
  const std::vector<std::uint64_t> key(2, 0);
  const std::size_t local = study().basis.patches.mine.size(), k = study().basis.modes;
  std::vector<float> raised(2 * local, 1.0f);
  for (std::size_t p = 0; p < local; ++p) raised[local + p] = 1.5f + static_cast<float>(p);
  const auto forecast = base_forecast(study().space);
  const auto plain = forecast({block.condition, phase, key}, {}),
             with = forecast({block.condition, phase, key, raised}, {});
  for (std::size_t t = 0; t < 2; ++t) {
    EXPECT_EQ(with[t].mean, plain[t].mean);
    EXPECT_EQ(with[t].latent.global_variance, plain[t].latent.global_variance);
    for (std::size_t i = 0; i < local * k; ++i)
      EXPECT_DOUBLE_EQ(with[t].latent.patch_variance[i],
                       plain[t].latent.patch_variance[i] * static_cast<double>(raised[t * local + i / k]));
  }
}

TEST_F(Base, CellClimatologyIsTheLeastSquaresFit) {
  // What it leaves is orthogonal to mean, cosine and sine over the training period.
  const Communicator self = Communicator::self();
  const StudySeries alone = open_study(self, DataOptions(study_namelist(dir())));
  const Mesh& grid = alone.lr.mesh();
  const auto steps = lr_steps(study().train);
  std::vector<float> values(static_cast<std::size_t>(grid.points()) * steps.size());
  alone.lr.read({0, grid.ny(), 0, grid.nx()}, steps, values);
  const Climatology& cells = study().base.cells;
  ASSERT_EQ(cells.points, grid.points());
  std::vector<double> expected(grid.points()), sums(3 * expected.size());
  for (std::size_t t = 0; t < steps.size(); ++t) {
    const double phase = year_fraction(alone.lr.times().calendar, alone.lr.times()[steps[t]].date);
    cells.evaluate(phase, expected);
    const auto x = harmonic_basis(phase, 1);
    for (std::size_t i = 0; i < expected.size(); ++i)
      for (std::size_t c = 0; c < 3; ++c)
        sums[c * expected.size() + i] +=
            x[c] * (static_cast<double>(values[t * expected.size() + i]) - expected[i]) /
            static_cast<double>(steps.size());
  }
  int used = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    if (std::isnan(cells.coefficients[i])) continue;
    ++used;
    for (std::size_t c = 0; c < 3; ++c) EXPECT_NEAR(sums[c * expected.size() + i], 0, 1e-9) << i;
  }
  EXPECT_GT(used, 20);
  const Neighbourhood& near = study().base.predictors.cells;
  for (const idx_t cell : near.cells().span())
    if (cell >= 0) {
      EXPECT_FALSE(std::isnan(cells.coefficients[near.point(cell)]));
    }
}

TEST_F(Base, PredictorsAreAnomaliesOfTheCells) {
  const Communicator self = Communicator::self();
  const StudySeries alone = open_study(self, DataOptions(study_namelist(dir())));
  const Mesh& grid = alone.lr.mesh();
  const std::size_t cells = grid.points();
  const long last = std::ssize(alone.lr.times()) - 1;
  const std::vector<long> steps{2, 3, 200, last - 4, last - 3}, lags{-2, 0, 3};
  const Predictors predictors(comm(), study().basis, 1, lags);
  const auto& patches = study().basis.patches.mine;
  const std::size_t slots = predictors.slots(), box = slots / lags.size();
  std::vector<float> found(steps.size() * patches.size() * slots, 99.0f);
  const FieldSource& lr = study().series.lr;
  const PredictorSeries series(lr, study().basis, predictors, study().base.cells, comm());
  series.take(LrFields(lr, series.source(), series.needed_steps(steps)), steps, found);

  std::vector<float> values(cells);
  std::vector<double> climatology(cells);
  for (std::size_t t = 0; t < steps.size(); ++t)
    for (std::size_t l = 0; l < lags.size(); ++l) {
      const long step = steps[t] + lags[l];
      alone.lr.read({0, grid.ny(), 0, grid.nx()}, std::vector<long>{step}, values);
      study().base.cells.evaluate(year_fraction(alone.lr.times().calendar, alone.lr.times()[step].date),
                                  climatology);
      for (std::size_t p = 0; p < patches.size(); ++p)
        for (std::size_t i = 0; i < box; ++i) {
          const idx_t cell = predictors.cells.cells()(p, i);
          const float value = found[(t * patches.size() + p) * slots + l * box + i];
          if (cell < 0) {
            EXPECT_EQ(value, 0.0f);
            continue;
          }
          const std::size_t at = predictors.cells.point(cell);
          EXPECT_EQ(value, static_cast<float>(static_cast<double>(values[at]) - climatology[at]));
        }
    }
}

TEST_F(Base, BeatsClimatologyOnTheValidationPeriod) {
  double error = 0, power = 0;
  for_forecasts(comm(), study(), study().validate, {}, [&](const auto& mean, const auto&, const auto& truth) {
    for (std::size_t i = 0; i < mean.size(); ++i)
      if (study().basis.ocean[i]) {
        error += std::pow(mean[i] - truth[i], 2);
        power += truth[i] * truth[i];
      }
  });
  error = comm().sum(error);
  power = comm().sum(power);
  EXPECT_LT(error, 0.5 * power);
  EXPECT_GT(error, 0);
}

TEST_F(Base, ALargePenaltyLeavesThePrior) {
  Namelist namelist = study_namelist(dir());
  namelist.set("base.penalties=1e6");
  for (const std::string prior : {"interpolation", "climatology"}) {
    namelist.set("base.prior=" + prior);
    const LinearGaussian base = fit_linear_gaussian(comm(), StudyOptions(namelist).base, study().basis,
                                                    study().series, study().train, study().validate, kBlock);
    const std::size_t slots = base.predictors.slots(), width = base.conditions(study().basis);
    EXPECT_EQ(base.interpolation, prior == "interpolation" ? 1 : 0);
    ASSERT_EQ(width, slots + static_cast<std::size_t>(study().basis.modes));
    for (std::size_t p = 0; p < base.regression.size(); ++p)
      for (std::size_t i = 0; i < base.regression[p].size(); ++i) {
        const std::size_t mode = i / width, column = i % width;
        if (column < slots) {
          EXPECT_NEAR(base.regression[p][i], 0, 1e-4);
        } else {
          EXPECT_EQ(base.regression[p][i], column - slots == mode ? base.interpolation : 0);
        }
      }
  }
}

TEST_F(Base, TheValidationPeriodChoosesPenaltyAndPrior) {
  // Every candidate alone, and its error on the coefficients of the validation period.
  const auto& patches = study().basis.patches.mine;
  const std::size_t k = study().basis.modes, times = study().validate.size(),
                    width = study().base.conditions(study().basis);
  const Block block = read_block(comm(), study(), study().validate);
  std::vector<double> folded = block.anomalies;
  const auto a = to_coefficients(study().basis, folded, static_cast<long>(times));
  double best = 1e300, penalty = 0, interpolation = -1;
  for (const double prior : {0.0, 1.0})
    for (const double candidate : {1e-3, 1e-2, 0.1, 1.0}) {
      BaseOptions options = StudyOptions(study_namelist(dir())).base;
      options.penalties = {candidate};
      options.interpolation = {prior};
      options.global_modes = 0;
      const LinearGaussian base = fit_linear_gaussian(comm(), options, study().basis, study().series,
                                                      study().train, study().validate, kBlock);
      double error = 0;
      std::vector<double> mean(k);
      for (std::size_t t = 0; t < times; ++t)
        for (std::size_t p = 0; p < patches.size(); ++p) {
          const std::size_t at = t * patches.size() + p;
          base.mean(study().basis, p, block.condition.data() + at * width, mean);
          for (int m = 0; m < patches[p].modes; ++m)
            error += std::pow(static_cast<double>(a[at * k + m]) - mean[m], 2);
        }
      error = comm().sum(error);
      if (error < best) best = error, penalty = candidate, interpolation = prior;
    }
  EXPECT_EQ(study().base.penalty, penalty);
  EXPECT_EQ(study().base.interpolation, interpolation);
}

TEST_F(Base, SameBitsAtAnyRankCount) {
  const Communicator self = Communicator::self();
  const Study alone(self, study_namelist(dir()));
  EXPECT_EQ(study().base.checksum(comm(), study().basis), alone.base.checksum(self, alone.basis));
  EXPECT_EQ(study().base.penalty, alone.base.penalty);
  EXPECT_EQ(study().space.checksum(comm()), alone.space.checksum(self));
  const auto here = calibrate(comm(), study().space, study().series, both(study().validate),
                              base_forecast(study().space), Inflate::mode, kBlock);
  const auto there = calibrate(self, alone.space, alone.series, both(alone.validate),
                               base_forecast(alone.space), Inflate::mode, kBlock);
  EXPECT_EQ(here.numbers(), there.numbers());

  // Latents: the tokens of all ranks are those of one, in their places.
  const TokenSeries mine = token_series(comm(), study().space, study().encoded(comm(), study().validate),
                                        kBlock),
                    all = token_series(self, alone.space, alone.encoded(self, alone.validate), kBlock);
  const int tokens = study().space.layout(comm()).tokens;
  ASSERT_EQ(std::ssize(all.tokens), tokens);
  EXPECT_EQ(test::whole_series(comm(), mine, mine.latent, tokens), all.latent);
  EXPECT_EQ(test::whole_series(comm(), mine, mine.condition, tokens), all.condition);
  EXPECT_EQ(mine.year_phase, all.year_phase);
}

TEST_F(Base, RanksWithoutAPatchTakePartAndRankZeroRoundTrips) {
  const Communicator self = Communicator::self();
  Namelist namelist = study_namelist(dir());
  namelist.set("patches.size=22, 13");  // two patches
  const std::string path = dir() + "/two.nc";
  for (const std::string rank : {"0", "2"}) {
    namelist.set("base.rank=" + rank);
    const Study two(comm(), namelist), alone(self, namelist);
    ASSERT_EQ(two.basis.patches.patch_of_token.size(), 2u);
    EXPECT_EQ(std::to_string(two.base.residual.global_modes), rank);
    EXPECT_EQ(two.base.checksum(comm(), two.basis), alone.base.checksum(self, alone.basis));
    write_basis(comm(), two.basis, path, base_extras(comm(), two.basis, two.base));
    comm().barrier();
    const Basis basis = read_basis(comm(), path);
    EXPECT_EQ(read_base(comm(), basis, path).value().checksum(comm(), basis),
              two.base.checksum(comm(), two.basis));
    const auto here = calibrate(comm(), two.space, two.series, both(two.validate), base_forecast(two.space),
                                Inflate::mode, kBlock);
    EXPECT_EQ(here.numbers(), calibrate(self, alone.space, alone.series, both(alone.validate),
                                        base_forecast(alone.space), Inflate::mode, kBlock)
                                  .numbers());
  }
}

TEST_F(Base, FileRoundTrip) {
  const std::string path = dir() + "/basis.nc";
  LinearGaussian calibrated = study().base;
  calibrated.calibration.inflation = {1.1, 1.2, 1.3, {0.8, 0.9, 1.0, 1.1, 1.2}};
  calibrated.season.harmonics = 1;
  for (int r = 0; r < calibrated.residual.global_modes; ++r)
    for (const double value : {1.0, 0.1 * r, -0.2}) calibrated.season.global.push_back(value);
  for (const PatchModes& patch : study().basis.patches.mine)
    for (const double value : {1.0, 0.3, 0.01 * static_cast<double>(patch.patch)})
      calibrated.season.patch.push_back(value);
  calibrated.calibration.half_width = {0.6, 1.2, 1.7, 2.1};
  calibrated.calibration.times = 17;
  calibrated.calibration.held_out = 16;
  calibrated.calibration.period = "some days";
  calibrated.calibration.note = "few";
  write_basis(comm(), study().basis, path, base_extras(comm(), study().basis, calibrated));
  {
    const Basis basis = read_basis(comm(), path);
    const LinearGaussian read = read_base(comm(), basis, path).value();
    EXPECT_EQ(read.checksum(comm(), basis), calibrated.checksum(comm(), study().basis));
    EXPECT_NE(read.checksum(comm(), basis), study().base.checksum(comm(), study().basis));  // without season
    EXPECT_EQ(read.season.patch, calibrated.season.patch);
    EXPECT_EQ(read.season.global, calibrated.season.global);
    EXPECT_EQ(basis.lapping.overlap(), 2);
    EXPECT_EQ(read.interpolation, study().base.interpolation);
    EXPECT_EQ(read.penalty, study().base.penalty);
    EXPECT_EQ(read.calibration.numbers(), calibrated.calibration.numbers());
    EXPECT_EQ(read.calibration.period, "some days");
    EXPECT_EQ(read.calibration.note, "few");
    // The same slots mean the same cells: HR rows and columns are no multiple of the block here.
    EXPECT_EQ(read.predictors.slots(), study().base.predictors.slots());
    const Neighbourhood &found = read.predictors.cells, &expected = study().base.predictors.cells;
    ASSERT_EQ(found.cells().size(), expected.cells().size());
    for (idx_t i = 0; i < found.cells().size(); ++i) {
      const idx_t a = found.cells().span()[i], b = expected.cells().span()[i];
      ASSERT_EQ(a < 0, b < 0);
      if (a >= 0) {
        EXPECT_EQ(found.point(a), expected.point(b));
      }
    }
  }
  // The whole of it by this process alone: another decomposition.
  const Communicator self = Communicator::self();
  const Basis basis = read_basis(self, path);
  const LinearGaussian read = read_base(self, basis, path).value();
  EXPECT_EQ(read.checksum(self, basis), calibrated.checksum(comm(), study().basis));
}

TEST_F(Base, AnInfiniteValueOfTheValidationPeriodIsRefusedOnEveryRank) {
  const std::string name = dir() + "/infinite.nc";
  comm().agree([&] {
    if (!comm().is_root()) return;
    std::filesystem::copy_file(dir() + "/hr.nc", name, std::filesystem::copy_options::overwrite_existing);
    const Communicator self = Communicator::self();
    const std::vector<double> all = NetcdfFile::open(self, name).get_all("tos");
    std::size_t point = all.size() - 1;  // of the last time
    while (std::abs(all[point]) > 1e10) --point;
    const std::size_t nx = 26, ny = 22, at[3] = {point / (nx * ny), point / nx % ny, point % nx};
    const float infinite = std::numeric_limits<float>::infinity();
    int id = 0, variable = 0;
    nc_ok(nc_open(name.c_str(), NC_WRITE, &id));
    nc_ok(nc_inq_varid(id, "tos", &variable));
    nc_ok(nc_put_var1_float(id, variable, at, &infinite));
    nc_ok(nc_close(id));
  });
  Namelist namelist = study_namelist(dir());
  namelist.set("data.hr_files='" + name + "'");
  const StudySeries series = open_study(comm(), DataOptions(namelist));
  const auto refused = [&](const auto& work) {
    try {
      work();
      ADD_FAILURE() << "no error";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::data);
      EXPECT_TRUE(error.agreed());
      for (const char* word : {"infinite.nc: 'tos' is infinite at 2003-12-29", "row", "column"})
        EXPECT_NE(std::string(error.what()).find(word), std::string::npos) << error.what();
    }
  };
  // The choice of the penalty, the seasonal variance and the calibration read that period.
  refused([&] {
    fit_linear_gaussian(comm(), StudyOptions(namelist).base, study().basis, series, study().train,
                        study().validate, kBlock);
  });
  refused([&] {
    fit_seasonal_variance(comm(), study().space, series, study().train, study().validate, 1, kBlock);
  });
  refused([&] {
    calibrate(comm(), study().space, series, both(study().validate), base_forecast(study().space),
              Inflate::level, kBlock);
  });
  // The modes read the training period.
  namelist.set("data.train='2003-01-01','2003-12-31'");
  refused([&] { build_basis(comm(), StudyOptions(namelist), series); });
}

TEST_F(Base, DamagedFilesAreRefusedOnEveryRank) {
  const std::string path = dir() + "/damaged.nc";
  for (const std::string variable : {"regression", "residual_root", "global_root", "global_variance",
                                     "predictor_scale", "lr_cell_climatology"}) {
    write_basis(comm(), study().basis, path, base_extras(comm(), study().basis, study().base));
    comm().barrier();
    comm().agree([&] {  // one number changed, of the middle of the table
      if (!comm().is_root()) return;
      int id = 0, number = 0, dims = 0;
      nc_ok(nc_open(path.c_str(), NC_WRITE, &id));
      nc_ok(nc_inq_varid(id, variable.c_str(), &number));
      nc_ok(nc_inq_varndims(id, number, &dims));
      std::vector<int> ids(dims);
      std::vector<std::size_t> at;
      nc_ok(nc_inq_vardimid(id, number, ids.data()));
      for (const int dim : ids) {
        std::size_t length = 0;
        nc_ok(nc_inq_dimlen(id, dim, &length));
        at.push_back(length / 2);
      }
      if (variable == "residual_root") at[3] = at[2];  // its lower triangle
      double value = 0;
      nc_ok(nc_get_var1_double(id, number, at.data(), &value));
      value = 0.123 + 2 * value;
      nc_ok(nc_put_var1_double(id, number, at.data(), &value));
      nc_ok(nc_close(id));
      EXPECT_EQ(code_of([&] { read_basis(Communicator::self(), path); }), ExitCode::data) << "no seal";
      seal_file(Communicator::self(), path);
    });
    const Basis basis = read_basis(comm(), path);  // the basis itself is whole
    EXPECT_EQ(code_of([&] { read_base(comm(), basis, path); }), ExitCode::data) << variable;
  }
}

TEST_F(Base, ABaseWithoutAUsableCalibrationIsRefusedOnEveryRank) {
  const std::string path = dir() + "/uncalibrated.nc";
  const auto written = [&](const Inflation& inflation, long times) {
    LinearGaussian base = study().base;
    base.calibration.inflation = inflation;
    base.calibration.times = times;
    write_basis(comm(), study().basis, path, base_extras(comm(), study().basis, base));
    comm().barrier();
    const Basis basis = read_basis(comm(), path);
    return code_of([&] { read_base(comm(), basis, path); });
  };
  EXPECT_EQ(written({1, 1, 1}, 1), ExitCode::ok);
  EXPECT_EQ(written({1, 1, 1}, 0), ExitCode::data);
  EXPECT_EQ(written({0, 1, 1}, 9), ExitCode::data);
  EXPECT_EQ(written({1, -1, 1}, 9), ExitCode::data);
  EXPECT_EQ(written({1, 1, std::nan("")}, 9), ExitCode::data);
}

TEST_F(Base, ABaseOfAnotherVersionIsRefusedOnEveryRank) {
  const std::string path = dir() + "/older.nc";
  for (const char* attribute :
       {"base_halo", "base_lags", "base_penalty", "base_interpolation", "base_inflation",
        "base_coverage_before", "base_coverage_after", "base_conformal_half_width", "base_calibration_times",
        "base_calibration_held_out_times"}) {
    write_basis(comm(), study().basis, path, base_extras(comm(), study().basis, study().base));
    comm().barrier();
    comm().agree([&] {
      if (!comm().is_root()) return;
      int id = 0;
      nc_ok(nc_open(path.c_str(), NC_WRITE, &id));
      nc_ok(nc_del_att(id, NC_GLOBAL, attribute));
      nc_ok(nc_close(id));
      EXPECT_EQ(code_of([&] { read_basis(Communicator::self(), path); }), ExitCode::data) << "no seal";
      seal_file(Communicator::self(), path);
    });
    const Basis basis = read_basis(comm(), path);
    EXPECT_EQ(code_of([&] { read_base(comm(), basis, path); }), ExitCode::data) << attribute;
  }
}

TEST_F(Base, ABasisWithoutBaseIsRefusedWhereOneIsNeeded) {
  const std::string path = dir() + "/without.nc";
  write_basis(comm(), study().basis, path);
  const Basis basis = read_basis(comm(), path);
  EXPECT_FALSE(read_base(comm(), basis, path).has_value());
  EXPECT_EQ(code_of([&] { read_reference(comm(), basis, path, true); }), ExitCode::data);
}

TEST_F(Base, LatentsOfTheTrainingPeriodAreWhiteAndLieWithTheirPatches) {
  const TokenSeries tokens =
      token_series(comm(), study().space, study().encoded(comm(), study().train), kBlock);
  const TokenLayout layout = study().space.layout(comm());
  const double times = static_cast<double>(study().train.size());
  EXPECT_EQ(comm().sum(std::ssize(tokens.tokens)), layout.tokens);
  const auto z = test::whole_series(comm(), tokens, tokens.latent, layout.tokens),
             given = test::whole_series(comm(), tokens, tokens.condition, layout.tokens);
  const std::size_t width = layout.latent_size();
  ASSERT_EQ(z.size(), width * study().train.size());
  ASSERT_EQ(given.size(), static_cast<std::size_t>(layout.condition_size()) * study().train.size());
  std::vector<double> square(width, 0.0);
  for (std::size_t i = 0; i < z.size(); ++i)
    square[i % width] += static_cast<double>(z[i]) * static_cast<double>(z[i]) / times;
  for (std::size_t i = 0; i < width; ++i) {
    if (layout.active[i]) {
      EXPECT_NEAR(square[i], 1, 2e-3) << i;
    } else {
      EXPECT_EQ(square[i], 0) << i;
    }
  }
  std::vector<double> condition(layout.condition_size(), 0.0);
  for (std::size_t i = 0; i < given.size(); ++i)
    condition[i % condition.size()] += static_cast<double>(given[i]) * static_cast<double>(given[i]) / times;
  const std::size_t of_patches =
      static_cast<std::size_t>((layout.tokens - layout.global_tokens) * layout.condition);
  int ones = 0;
  for (std::size_t i = 0; i < condition.size(); ++i) {
    if (condition[i] == 0) continue;  // land, padding
    EXPECT_LT(i, of_patches);
    EXPECT_NEAR(condition[i], 1, 1e-4) << i;
    ++ones;
  }
  EXPECT_GT(ones, 100);
  const SampleAxis& axis = study().series.hr.times();
  ASSERT_EQ(tokens.year_phase.size(), study().train.size());
  for (std::size_t i = 0; i < tokens.year_phase.size(); ++i) {
    const StepPair& pair = study().train[i];
    EXPECT_FLOAT_EQ(tokens.year_phase[i],
                    static_cast<float>(year_fraction(axis.calendar, axis[pair.a].date)));
  }
}

TEST_F(Base, LatentsColourBackToTheCoefficients) {
  const auto& patches = study().basis.patches.mine;
  const std::size_t count = 7, k = study().basis.modes, width = study().space.condition_width(),
                    rank = study().space.global_modes();
  const Block block = read_block(comm(), study(), std::span(study().validate).first(count));
  std::vector<double> folded = block.anomalies;
  const auto a = to_coefficients(study().basis, folded, count);
  const auto z = study().space.whiten(comm(), a, block.condition, count);
  for (std::size_t t = 0; t < count; ++t)
    for (std::size_t p = 0; p < patches.size(); ++p) {
      const std::size_t modes = patches[p].modes, at = t * patches.size() + p;
      std::vector<double> mean(modes), r(modes);
      study().space.mean(p, block.condition.data() + at * width, mean);
      study().space.colour(p, std::span(z.global).subspan(t * rank, rank),
                           std::span(z.patch).subspan(at * k, modes), r);
      for (std::size_t m = 0; m < modes; ++m)
        EXPECT_NEAR(mean[m] + study().space.spread(p, block.condition.data() + at * width) * r[m],
                    static_cast<double>(a[at * k + m]), 1e-9);
    }
}

/// Coverage counted point by point, with these half widths; [4] is the area.
std::array<double, 5> count_covered(const Communicator& comm, const Study& study, const Inflation& inflation,
                                    const std::array<double, 4>& width) {
  std::array<double, 5> sums{};
  const Basis& basis = study.basis;
  for_forecasts(comm, study, study.validate, inflation,
                [&](const auto& mean, const auto& variance, const auto& truth) {
                  for (long i = 0; i < basis.window.points(); ++i) {
                    if (!basis.ocean[i]) continue;
                    const double area = basis.mesh.area_weight(basis.window.y0 + i / basis.window.nx,
                                                               basis.window.x0 + i % basis.window.nx);
                    sums[4] += area;
                    for (std::size_t l = 0; l < 4; ++l)
                      if (std::abs(mean[i] - truth[i]) <= width[l] * std::sqrt(variance[i])) sums[l] += area;
                  }
                });
  comm.sum(std::span(sums));
  for (double& sum : sums) sum /= sums[4];
  return sums;
}

TEST_F(Base, CoverageAfterIsThatOfTheFinalFactorsWhateverTheForecastMakesOfThem) {
  // A network may damp a wider start noise: here half of the factor on the standard deviation
  // arrives.
  const auto base = base_forecast(study().space);
  const auto arrives = [](const Inflation& f) {
    return Inflation{0.3 * std::sqrt(f.global), 0.3 * std::sqrt(f.patch), f.truncation};
  };
  const ForecastFunction damped = [&](const ForecastRequest& request, const Inflation& inflation) {
    return base(request, arrives(inflation));
  };
  const auto c =
      calibrate(comm(), study().space, study().series, both(study().validate), damped, Inflate::mode, kBlock);
  std::array<double, 4> gaussian{};
  for (std::size_t l = 0; l < 4; ++l) gaussian[l] = central_half_width(calibration_levels[l]);
  const auto after = count_covered(comm(), study(), arrives(c.inflation), gaussian),
             conformal = count_covered(comm(), study(), arrives(c.inflation), c.half_width);
  for (std::size_t l = 0; l < 4; ++l) {
    EXPECT_NEAR(after[l], c.after[l], 2e-3) << l;
    EXPECT_NEAR(conformal[l], calibration_levels[l], 2e-3) << l;
  }
}

TEST_F(Base, CalibrationStopsOnAllRanksWhereOneIsAskedTo) {
  int asked = 0;
  EXPECT_EQ(code_of([&] {
              calibrate(comm(), study().space, study().series, both(study().validate),
                        base_forecast(study().space), Inflate::mode, 16,
                        [&] { return ++asked == 3 && comm().rank() == comm().size() - 1; });
            }),
            ExitCode::requeue);
  EXPECT_EQ(asked, 3);
}

TEST_F(Base, CalibratedIntervalsCoverWhatTheySay) {
  const auto c = calibrate(comm(), study().space, study().series, both(study().validate),
                           base_forecast(study().space), Inflate::mode, kBlock);
  EXPECT_EQ(c.times, static_cast<long>(study().validate.size()));
  EXPECT_EQ(c.held_out, static_cast<long>(study().validate.size()));
  EXPECT_EQ(c.note, "");
  const SampleAxis& axis = study().series.hr.times();
  EXPECT_EQ(c.period, date_text(axis[study().validate.front().a].date) + " to " +
                          date_text(axis[study().validate.back().a].date));
  const auto plain = calibrate(comm(), study().space, study().series, both(study().validate),
                               base_forecast(study().space), Inflate::none, kBlock);
  EXPECT_EQ(plain.inflation.global, 1);
  EXPECT_EQ(plain.inflation.truncation, 1);
  EXPECT_EQ(plain.before, c.before);
  // Coverage counted here, with the inflated variance and both kinds of half width.
  const auto covered = [&](const Inflation& inflation, const std::array<double, 4>& width) {
    return count_covered(comm(), study(), inflation, width);
  };
  std::array<double, 4> gaussian{};
  for (std::size_t l = 0; l < 4; ++l) gaussian[l] = central_half_width(calibration_levels[l]);
  const auto before = covered({}, gaussian), after = covered(c.inflation, gaussian),
             conformal = covered(c.inflation, c.half_width);
  for (std::size_t l = 0; l < 4; ++l) {
    EXPECT_NEAR(before[l], c.before[l], 2e-3) << l;
    EXPECT_NEAR(after[l], c.after[l], 2e-3) << l;
    EXPECT_NEAR(conformal[l], calibration_levels[l], 2e-3) << l;
  }
}

TEST_F(Base, CoverageAndHalfWidthsComeFromTheTimesHeldOutAlone) {
  const ValidationParts parts = split_validation(study().series.hr.times(), study().validate, 0.5);
  std::set<std::uint64_t> held_out;
  for (const StepPair& pair : parts.held_out)
    held_out.insert(study().series.lr.times().time_key(static_cast<std::size_t>(pair.b)));
  const auto base = base_forecast(study().space);
  // The forecast, with another variance at the times held out or at the others.
  const auto scaled = [&](double at_held_out, double at_choosing) {
    return calibrate(
        comm(), study().space, study().series, parts,
        [&](const ForecastRequest& request, const Inflation& inflation) {
          std::vector<CoefficientForecast> forecasts;
          const std::size_t width = request.condition.size() / request.times();
          for (std::size_t t = 0; t < request.times(); ++t) {
            const double factor = held_out.count(request.time_key[t]) > 0 ? at_held_out : at_choosing;
            Inflation f = inflation;
            f.global *= factor;
            f.patch *= factor;
            forecasts.push_back(base({request.condition.subspan(t * width, width),
                                      request.year_phase.subspan(t, 1), request.time_key.subspan(t, 1)},
                                     f)
                                    .front());
          }
          return forecasts;
        },
        Inflate::mode, kBlock);
  };
  const Calibration plain = scaled(1, 1), other = scaled(4, 1), wide = scaled(1, 4);
  EXPECT_EQ(plain.times, std::ssize(parts.choosing));
  EXPECT_EQ(plain.held_out, std::ssize(parts.held_out));
  EXPECT_EQ(other.inflation.numbers(), plain.inflation.numbers());  // the times held out fit nothing
  for (std::size_t l = 0; l < 4; ++l) {
    EXPECT_LT(other.half_width[l], 0.7 * plain.half_width[l]) << l;
    EXPECT_GT(other.after[l], plain.after[l]) << l;
  }
  // Fitted to a variance that is four times too large at the others, the factors are too small for
  // those held out, and the coverage says so.
  EXPECT_NEAR(wide.inflation.patch * 4 / plain.inflation.patch, 1, 0.1);
  for (std::size_t l = 0; l < 4; ++l) EXPECT_LT(wide.after[l], plain.after[l] - 0.02) << l;
  EXPECT_EQ(wide.before, plain.before);
}

TEST(Validation, IsSplitSoThatBothPartsSeeTheSeasons) {
  const auto axis_of = [](long count, double step) {
    std::vector<double> values;
    for (long t = 0; t < count; ++t) values.push_back(static_cast<double>(t) * step);
    return decode_times(values, "days since 2008-01-01", "standard", "x");
  };
  for (const auto& [count, step, blocks] : {std::tuple{731l, 1.0, 11},
                                            {366l, 1.0, 6},
                                            {24l, 30.44, 11},
                                            {12l, 30.44, 6},
                                            {31l, 1.0, 2},
                                            {2l, 1.0, 2},
                                            {3l, 365.25, 2}}) {
    const SampleAxis axis = axis_of(count, step);
    std::vector<StepPair> pairs;
    for (long t = 0; t < count; ++t) pairs.push_back({t, t + 5});
    const ValidationParts parts = split_validation(axis, pairs, 0.5);
    EXPECT_EQ(static_cast<long>(parts.choosing.size() + parts.held_out.size()), count);
    EXPECT_NEAR(static_cast<double>(parts.choosing.size()), 0.5 * static_cast<double>(count), 0.5 * blocks);
    std::vector<int> part(count, 0);
    for (const StepPair& pair : parts.choosing) part[pair.a] += 1;
    for (const StepPair& pair : parts.held_out) part[pair.a] += 2;
    int found = 1;
    for (std::size_t t = 0; t < part.size(); ++t) {
      EXPECT_TRUE(part[t] == 1 || part[t] == 2);  // each time once
      if (t > 0 && part[t] != part[t - 1]) ++found;
    }
    EXPECT_EQ(found, blocks) << count;
    EXPECT_EQ(part.front(), 1);
    if (count * step < 360) continue;
    for (const auto& steps : {parts.choosing, parts.held_out}) {  // mean direction in the year: none
      double x = 0, y = 0;
      for (const StepPair& pair : steps) {
        const double phase = 2 * std::numbers::pi * year_phase(axis, static_cast<std::size_t>(pair.a), SeasonPhase::date);
        x += std::cos(phase) / static_cast<double>(steps.size());
        y += std::sin(phase) / static_cast<double>(steps.size());
      }
      if (step < 100) {
        EXPECT_LT(std::hypot(x, y), 0.1) << count;
      }
    }
  }
  // Four stretches of 120 days: the last fourth of each, of the second year the first.
  std::vector<StepPair> pairs;
  for (long t = 0; t < 480; ++t) pairs.push_back({t, t});
  const ValidationParts parts = split_validation(axis_of(480, 1), pairs, 0.25);
  ASSERT_EQ(parts.held_out.size(), 120u);
  for (std::size_t i = 0; i < 120; ++i)
    EXPECT_EQ(parts.held_out[i].a, static_cast<long>(i / 30 * 120 + (i < 90 ? 90 : 0) + i % 30));
  pairs.resize(24);  // months: shares are met over all, not in each stretch
  EXPECT_EQ(split_validation(axis_of(24, 30.44), pairs, 0.33).held_out.size(), 8u);
  EXPECT_THROW(split_validation(axis_of(1, 1), {{0, 0}}, 0.5), Error);
}

TEST_F(Base, OnTheTrainingPeriodEveryLevelIsRightByConstruction) {
  // Mean squares of z and of what the modes leave are those that the covariance was fitted to: one
  // factor, that of the CRPS, is all that the levels can get, and they share it.
  const auto c = calibrate(comm(), study().space, study().series, both(study().train),
                           base_forecast(study().space), Inflate::mode, kBlock);
  EXPECT_NEAR(c.inflation.patch / c.inflation.global, 1, 1e-4);
  EXPECT_NEAR(c.inflation.truncation / c.inflation.global, 1, 1e-4);
  EXPECT_LT(c.inflation.global, 1.1);
  ASSERT_EQ(static_cast<int>(c.inflation.mode.size()), study().basis.modes);
  for (const double factor : c.inflation.mode) EXPECT_NEAR(factor, 1, 1e-4);
}

TEST_F(Base, CalibrationUndoesAVarianceThatIsWrongByAFactor) {
  const auto right = base_forecast(study().space);
  const ForecastFunction wrong = [&](const ForecastRequest& request, const Inflation& inflation) {
    return right(request, {4 * inflation.global, inflation.patch / 9, inflation.truncation, inflation.mode});
  };
  const auto a = calibrate(comm(), study().space, study().series, both(study().validate), right,
                           Inflate::mode, kBlock),
             b = calibrate(comm(), study().space, study().series, both(study().validate), wrong,
                           Inflate::mode, kBlock);
  EXPECT_NEAR(b.inflation.global * 4 / a.inflation.global, 1, 1e-6);
  EXPECT_NEAR(b.inflation.patch / 9 / a.inflation.patch, 1, 1e-6);
  EXPECT_NEAR(b.inflation.truncation / a.inflation.truncation, 1, 1e-6);
  for (std::size_t l = 0; l < 4; ++l) EXPECT_NEAR(b.after[l], a.after[l], 1e-6);
}

TEST_F(Base, SeasonalVarianceIsTheLeastSquaresFitAndKeptWhereValidationGains) {
  const auto fit = [&](const Communicator& on, const Study& of, const std::vector<StepPair>& validate) {
    return fit_seasonal_variance(on, of.space, of.encoded(on, of.train), of.encoded(on, validate), 1, kBlock);
  };
  // On the period that it was fitted to it gains.
  const SeasonalVariance season = fit(comm(), study(), study().train);
  ASSERT_EQ(season.harmonics, 1);
  const auto& patches = study().basis.patches.mine;
  const std::size_t k = study().basis.modes, local = patches.size(),
                    rank = study().base.residual.global_modes;
  // Squared latents and harmonics of a period, all at once.
  struct Squares {
    std::vector<double> patch, global;
    std::vector<std::vector<double>> basis;
  };
  const auto squares = [&](const std::vector<StepPair>& pairs) {
    const Block block = read_block(comm(), study(), pairs);
    std::vector<double> folded = block.anomalies;
    const auto a = to_coefficients(study().basis, folded, std::ssize(pairs));
    const auto z = study().space.whiten(comm(), a, block.condition, std::ssize(pairs));
    Squares s;
    const SampleAxis& axis = study().series.lr.times();
    for (std::size_t t = 0; t < pairs.size(); ++t) {
      for (std::size_t p = 0; p < local; ++p) {
        double sum = 0;
        for (std::size_t m = 0; m < k; ++m) sum += std::pow(z.patch[(t * local + p) * k + m], 2);
        s.patch.push_back(sum);
      }
      for (std::size_t r = 0; r < rank; ++r) s.global.push_back(std::pow(z.global[t * rank + r], 2));
      const double y = 2 * std::numbers::pi * year_fraction(axis.calendar, axis[pairs[t].b].date);
      s.basis.push_back({1, std::cos(y), std::sin(y)});
    }
    return s;
  };
  const auto curve = [](const double* c, const std::vector<double>& b) {
    return c[0] * b[0] + c[1] * b[1] + c[2] * b[2];
  };
  const Squares train = squares(study().train);
  const std::size_t times = study().train.size();
  double strongest = 0;
  for (std::size_t i = 0; i < 3; ++i) {  // the residual of a least squares fit is orthogonal to the harmonics
    for (std::size_t p = 0; p < local; ++p) {
      double product = 0;
      for (std::size_t t = 0; t < times; ++t)
        product += train.basis[t][i] * (train.patch[t * local + p] / std::max(1, patches[p].modes) -
                                        curve(&season.patch[3 * p], train.basis[t]));
      EXPECT_NEAR(product / static_cast<double>(times), 0, 1e-9) << p;
    }
    for (std::size_t r = 0; r < rank; ++r) {
      double product = 0;
      for (std::size_t t = 0; t < times; ++t)
        product +=
            train.basis[t][i] * (train.global[t * rank + r] - curve(&season.global[3 * r], train.basis[t]));
      EXPECT_NEAR(product / static_cast<double>(times), 0, 1e-9) << r;
    }
  }
  for (std::size_t p = 0; p < local; ++p) strongest = std::max(strongest, std::abs(season.patch[3 * p + 1]));
  EXPECT_GT(comm().max(strongest), 0.05);  // there is a season to be found

  // Kept by another period where the Gaussian likelihood counted here says so.
  const Squares validate = squares(study().validate);
  const auto clamped = [&](const double* c, const std::vector<double>& b) {
    return std::clamp(curve(c, b), 0.25, 4.0);
  };
  // Of n latents a time: the density of each with its variance, once v times and once without,
  // times the factor that suits it best.
  const auto gain_of = [&](const double* c, const std::vector<double>& squares, std::size_t at,
                           std::size_t stride, double n) {
    double plain = 0, scaled = 0, gain = 0;
    const std::size_t count = study().validate.size();
    for (std::size_t t = 0; t < count; ++t) {
      plain += squares[t * stride + at] / (n * static_cast<double>(count));
      scaled += squares[t * stride + at] / clamped(c, validate.basis[t]) / (n * static_cast<double>(count));
    }
    for (std::size_t t = 0; t < count && n > 0; ++t) {
      const double s = squares[t * stride + at], v = clamped(c, validate.basis[t]);
      gain += 0.5 * (n * std::log(plain) + s / plain) - 0.5 * (n * std::log(scaled * v) + s / (scaled * v));
    }
    return gain;
  };
  double gain = 0, of_global = 0;
  for (std::size_t p = 0; p < local; ++p)
    gain += gain_of(&season.patch[3 * p], validate.patch, p, local, patches[p].modes);
  for (std::size_t r = 0; r < rank; ++r)
    of_global += gain_of(&season.global[3 * r], validate.global, r, rank, 1);
  gain = (comm().sum(gain) + of_global) / static_cast<double>(study().validate.size());
  const SeasonalVariance chosen = fit(comm(), study(), study().validate);
  EXPECT_EQ(chosen.varies(), gain > 0);
  EXPECT_NE(chosen.reason.find(fmt::format("by {:.4g} a time", std::abs(gain))), std::string::npos)
      << chosen.reason << gain;
  EXPECT_FALSE(podscale::fit_seasonal_variance(comm(), study().space, {}, {}, 0, kBlock).varies());

  // The same bits on one rank.
  const Communicator self = Communicator::self();
  const Study alone(self, study_namelist(dir()));
  const SeasonalVariance there = fit(self, alone, alone.train);
  EXPECT_EQ(season.global, there.global);
  for (std::size_t p = 0; p < local; ++p)
    for (std::size_t q = 0; q < alone.basis.patches.mine.size(); ++q)
      for (std::size_t i = 0; i < 3 && alone.basis.patches.mine[q].patch == patches[p].patch; ++i)
        EXPECT_EQ(season.patch[3 * p + i], there.patch[3 * q + i]);
}

TEST_F(Base, OnePatchThatIsFarOffDoesNotDecideOnTheSeason) {
  // As where data.train holds water at its freezing point, which then warms: squared latents of
  // 1e12.
  const Communicator self = Communicator::self();
  Study study(self, study_namelist(dir()));
  const auto gain_of = [](const SeasonalVariance& season) {
    double value = 0;
    EXPECT_EQ(std::sscanf(season.reason.substr(season.reason.find(" by ")).c_str(), " by %lf", &value), 1);
    return season.reason.find("raises") != std::string::npos ? value : -value;
  };
  const auto fit = [&] {
    return fit_seasonal_variance(self, study.space, study.series, study.train, study.validate, 1, kBlock);
  };
  const double before = gain_of(fit());
  const double modes = study.basis.patches.mine[3].modes;
  for (double& value : study.base.residual.mine[3].root) value *= 1e-6;
  EXPECT_LT(std::abs(gain_of(fit()) - before), modes * std::log(4.0));
}

TEST_F(Base, ATrainingPeriodThatLacksSeasonsLeavesThemOutWithTheReason) {
  Namelist namelist = study_namelist(dir());
  namelist.set("data.train='2001-01-01','2001-10-31'");
  namelist.set("data.validate='2001-11-01','2002-03-31'");
  Study study(comm(), namelist);
  study.base.season =
      fit_seasonal_variance(comm(), study.space, study.series, study.train, study.validate, 1, kBlock);
  EXPECT_FALSE(study.base.season.varies());
  EXPECT_NE(study.base.season.reason.find("left out: data.train has no time between 10-"), std::string::npos)
      << study.base.season.reason;
  for (const double phase : {0.0, 0.3, 0.9})  // the variance is that of the training period all year
    for (const double scale : latent_scale(study.base.season, phase, 3, 2).patch) EXPECT_EQ(scale, 1);
  const std::string path = dir() + "/seasons.nc";
  write_basis(comm(), study.basis, path, base_extras(comm(), study.basis, study.base));
  comm().barrier();
  EXPECT_EQ(read_base(comm(), read_basis(comm(), path), path).value().season.reason,
            study.base.season.reason);
}

TEST(SeasonalVariance, ScaleIsTheRootOfTheCurveWithinBounds) {
  const SeasonalVariance season{1, {1.0, 0.44, 0.0, 1.0, 9.0, 0.0}, {1.0, 0.0, -0.19}};
  const LatentScale january = latent_scale(season, 0, 2, 1), april = latent_scale(season, 0.25, 2, 1),
                    july = latent_scale(season, 0.5, 2, 1);
  EXPECT_NEAR(january.patch[0], 1.2, 1e-12);
  EXPECT_NEAR(april.patch[0], 1, 1e-12);
  EXPECT_NEAR(april.global[0], 0.9, 1e-12);
  EXPECT_NEAR(january.patch[1], 2, 1e-12);  // no more than twice
  EXPECT_NEAR(july.patch[1], 0.5, 1e-12);   // and half
  const LatentScale none = latent_scale({}, 0.3, 2, 1);
  EXPECT_EQ(none.patch, (std::vector<double>{1, 1}));
  EXPECT_EQ(none.global, (std::vector<double>{1}));
}

TEST_F(Base, ConditionsAreTheCellsThenTheProjectedInterpolation) {
  const Basis& basis = study().basis;
  const Diagonal diagonal(basis);
  const LatentSpace published(basis, diagonal);
  const std::vector<long> steps{3, 150};
  const auto with = conditions_of(study().space, study().series.lr, comm()).read(steps),
             without = conditions_of(published, study().series.lr, comm()).read(steps);
  std::vector<double> field(static_cast<std::size_t>(basis.window.points()) * steps.size());
  const FieldSource& lr = study().series.lr;
  const InterpolatedSeries interpolated(lr, basis, comm());
  interpolated.take_anomalies(LrFields(lr, interpolated.source(), steps), steps, field);
  basis.lapping.fold(field, std::ssize(steps));
  const std::size_t local = basis.patches.mine.size(), k = basis.modes,
                    slots = study().base.predictors.slots();
  std::vector<float> cells(steps.size() * local * slots);
  const PredictorSeries series(lr, basis, study().base.predictors, study().base.cells, comm());
  series.take(LrFields(lr, series.source(), series.needed_steps(steps)), steps, cells);
  ASSERT_EQ(with.size(), steps.size() * local * (slots + k));
  for (std::size_t row = 0; row < steps.size() * local; ++row) {
    const PatchModes& patch = basis.patches.mine[row % local];
    const std::size_t d = patch.points.size();
    for (std::size_t i = 0; i < slots; ++i) EXPECT_EQ(with[row * (slots + k) + i], cells[row * slots + i]);
    for (std::size_t m = 0; m < k; ++m) {
      double a = 0;
      for (std::size_t i = 0; m < static_cast<std::size_t>(patch.modes) && i < d; ++i)
        a += patch.phi[m * d + i] * field[row / local * static_cast<std::size_t>(basis.window.points()) +
                                          static_cast<std::size_t>(patch.points[i])];
      EXPECT_NEAR(static_cast<double>(with[row * (slots + k) + slots + m]), a, 1e-5);
      EXPECT_EQ(with[row * (slots + k) + slots + m], without[row * k + m]);
    }
  }
}

TEST_F(Base, PublishedRecipeStandardisesEachCoefficient) {
  const Diagonal diagonal(study().basis);
  const LatentSpace published(study().basis, diagonal);
  EXPECT_EQ(published.global_modes(), 0);
  EXPECT_EQ(published.condition_width(), study().basis.modes);
  const TokenSeries tokens = token_series(
      comm(), published, encode_period(comm(), published, study().series, study().train, kBlock), kBlock);
  const TokenLayout layout = published.layout(comm());
  const std::size_t width = layout.latent_size();
  std::vector<double> latent(width, 0.0), condition(width, 0.0);
  const auto z = test::whole_series(comm(), tokens, tokens.latent, layout.tokens),
             given = test::whole_series(comm(), tokens, tokens.condition, layout.tokens);
  for (std::size_t i = 0; i < z.size(); ++i) {
    latent[i % width] += static_cast<double>(z[i]) * static_cast<double>(z[i]);
    condition[i % width] += static_cast<double>(given[i]) * static_cast<double>(given[i]);
  }
  for (std::size_t i = 0; i < width; ++i)
    if (layout.active[i]) {
      EXPECT_NEAR(latent[i] / static_cast<double>(study().train.size()), 1, 1e-3);
      EXPECT_NEAR(condition[i] / static_cast<double>(study().train.size()), 1, 1e-3);
    }
}
