// From series to basis.nc and back, at any rank count, through the real reader and writer.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <numeric>

#include "podscale/config/namelist.hpp"
#include "podscale/core/checksum.hpp"
#include "podscale/core/error.hpp"
#include "podscale/core/random.hpp"
#include "podscale/field/array_source.hpp"
#include "podscale/file/netcdf_file.hpp"
#include "podscale/study/anomaly.hpp"
#include "podscale/study/basis_builder.hpp"
#include "podscale/study/token_series.hpp"
#include "whole_series.hpp"
#include "sample_file.hpp"

using namespace podscale;

namespace {

constexpr long kNy = 18, kNx = 21, kTimes = 150;

float field(long t, long y, long x) {
  if (y < 3 && x < 5) return 1e20f;  // land
  const double a = static_cast<double>(t), b = static_cast<double>(y), c = static_cast<double>(x);
  return static_cast<float>(15 + 0.1 * b + 3 * std::cos(2 * 3.14159265 * a / 365.25) +
                            std::sin(0.1 * a + 0.3 * b) * std::cos(0.2 * c) +
                            0.3 * std::sin(0.37 * a - 0.5 * c));
}

/// A daily series over kTimes days, written by every rank together (each its share of the rows).
std::string write_series(const Communicator& comm, const std::string& path) {
  NetcdfFile file = NetcdfFile::create(comm, path);
  file.define_dimension("time", kTimes);
  file.define_dimension("lat", kNy);
  file.define_dimension("lon", kNx);
  file.define_variable("time", NC_DOUBLE, {"time"});
  file.put_text("time", "units", "days since 2001-01-01");
  file.define_variable("lat", NC_DOUBLE, {"lat"});
  file.put_text("lat", "units", "degrees_north");
  file.define_variable("lon", NC_DOUBLE, {"lon"});
  file.put_text("lon", "units", "degrees_east");
  file.define_variable("sst", NC_FLOAT, {"time", "lat", "lon"}, {{}, 0, 1e20});
  file.put_text("sst", "units", "degC");
  file.end_definitions();
  const std::size_t one = comm.is_root() ? 1 : 0;
  std::vector<double> times, lat, lon;
  for (long t = 0; t < kTimes; ++t) times.push_back(static_cast<double>(t));
  for (long y = 0; y < kNy; ++y) lat.push_back(30 + 0.25 * static_cast<double>(y));
  for (long x = 0; x < kNx; ++x) lon.push_back(-60 + 0.25 * static_cast<double>(x));
  file.put("time", {0}, {one * kTimes}, std::span<const double>(times).first(one * kTimes));
  file.put("lat", {0}, {one * kNy}, std::span<const double>(lat).first(one * kNy));
  file.put("lon", {0}, {one * kNx}, std::span<const double>(lon).first(one * kNx));
  const Share rows = share_of(kNy, comm.size(), comm.rank());
  std::vector<float> values;
  for (long t = 0; t < kTimes; ++t)
    for (long y = rows.begin; y < rows.end; ++y)
      for (long x = 0; x < kNx; ++x) values.push_back(field(t, y, x));
  file.put("sst", {0, static_cast<std::size_t>(rows.begin), 0},
           {kTimes, static_cast<std::size_t>(rows.size()), kNx}, std::span<const float>(values));
  file.commit();
  return path;
}

Namelist study_namelist(const std::string& series) {
  Namelist n;
  n.parse("&data hr_files='" + series +
              "', hr_variable='sst', lr_source='coarsen', coarsen_factor=4, "
              "train='2001-01-01','2001-04-30', validate='2001-05-01','2001-05-20' /\n"
              "&patches size=5,6, modes=4, overlap=0 /\n&basis harmonics=1 /\n&grid time_block=32 /\n",
          "test");
  return n;
}

}  // namespace

TEST(Basis, FileRoundTripAndSameChecksumAtAnyRankCount) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  const std::string dir = test::ScratchFolder(comm).path(), series = write_series(comm, dir + "/series.nc");
  const Namelist namelist = study_namelist(series);
  const StudySeries study = open_study(comm, DataOptions(namelist));
  const Basis built = build_basis(comm, StudyOptions(namelist), study);
  EXPECT_EQ(built.samples, 120);
  EXPECT_GT(built.explained(comm), 0.9);
  write_basis(comm, built, dir + "/basis.nc");
  const Basis read = read_basis(comm, dir + "/basis.nc");
  EXPECT_EQ(read.checksum(comm), built.checksum(comm));
  ASSERT_EQ(read.patches.mine.size(), built.patches.mine.size());
  for (std::size_t p = 0; p < read.patches.mine.size(); ++p) {
    EXPECT_EQ(read.patches.mine[p].phi, built.patches.mine[p].phi);
    EXPECT_EQ(read.patches.mine[p].tau, built.patches.mine[p].tau);
    EXPECT_EQ(read.patches.mine[p].points, built.patches.mine[p].points);
  }
  EXPECT_EQ(read.condition_scale, built.condition_scale);

  // The same file read, and the same basis built, by this process alone: every bit of it.
  const Communicator self = Communicator::self();
  EXPECT_EQ(read_basis(self, dir + "/basis.nc").checksum(self), built.checksum(comm));
  const StudySeries alone = open_study(self, DataOptions(namelist));
  EXPECT_EQ(build_basis(self, StudyOptions(namelist), alone).checksum(self), built.checksum(comm));
  // The phase of a date is that of the HR calendar, whatever the calendar of the series.
  EXPECT_EQ(built.year.phase, SeasonPhase::date);
  const SampleAxis other = decode_times({134, 59}, "days since 2001-01-01", "360_day", "x");
  ASSERT_EQ(date_text(other[0].date), "2001-05-15");
  EXPECT_DOUBLE_EQ(built.year_phase(other, 0), year_fraction(built.year.calendar, {2001, 5, 15, 0}));
  EXPECT_DOUBLE_EQ(built.year_phase(other, 1), year_fraction(built.year.calendar, {2001, 2, 28, 0}));  // the 30th
}

/// The training series lacks cell 5 at three times: the basis keeps what it is filled with.
TEST(Basis, GapsOfTheLrSeriesAreKeptAndTheSameAtAnyRankCount) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD), self = Communicator::self();
  const std::string dir = test::ScratchFolder(comm).path(), series = write_series(comm, dir + "/series.nc");
  const Namelist namelist = study_namelist(series);
  const auto make = [&](const Communicator& on) {
    const StudySeries files = open_study(on, DataOptions(namelist));
    const auto steps = lr_steps(steps_of_period(files.hr, files.lr, StudyOptions(namelist).data.train));
    std::vector<float> values(files.lr.times().size() * files.lr.mesh().points());
    std::vector<long> all(files.lr.times().size());
    std::iota(all.begin(), all.end(), 0L);
    files.lr.read({0, files.lr.mesh().ny(), 0, files.lr.mesh().nx()}, all, values);
    for (const long t : {3, 40, 41}) values[steps[t] * files.lr.mesh().points() + 5] = NAN;
    const auto lr = std::make_shared<const ArraySource>(on, files.lr.mesh(), files.lr.times(), values,
                                                        files.lr.variables());
    const LrGaps gaps = fit_gaps(*lr, steps, 1, {});
    EXPECT_FALSE(gaps.empty());
    const GapFilled filled(lr, gaps, StudyYear{});
    const auto ocean = whole_ocean_mask(filled, steps);
    EXPECT_EQ(ocean, whole_ocean_mask(files.lr, steps));
    EXPECT_EQ(ocean, gaps.cells);
    Basis basis = build_basis(on, StudyOptions(namelist), files);
    const std::uint64_t without = basis.checksum(on);
    basis.lr_gaps = gaps;
    EXPECT_NE(basis.checksum(on), without);
    return basis;
  };
  const Basis built = make(comm);
  write_basis(comm, built, dir + "/gaps.nc");
  const Basis read = read_basis(comm, dir + "/gaps.nc");
  EXPECT_EQ(read.lr_gaps.cells, built.lr_gaps.cells);
  EXPECT_EQ(read.lr_gaps.climatology.coefficients, built.lr_gaps.climatology.coefficients);
  EXPECT_EQ(read.lr_gaps.error, built.lr_gaps.error);
  EXPECT_EQ(make(self).checksum(self), built.checksum(comm));
}

TEST(Basis, LandIsAbsentAndLayoutIsTheSameOnEveryRank) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  const std::string dir = test::ScratchFolder(comm).path(), series = write_series(comm, dir + "/series.nc");
  const Namelist namelist = study_namelist(series);
  const StudySeries study = open_study(comm, DataOptions(namelist));
  const Basis basis = build_basis(comm, StudyOptions(namelist), study);
  long ocean = 0;
  for (const PatchModes& patch : basis.patches.mine) ocean += std::ssize(patch.points);
  EXPECT_EQ(comm.sum(ocean), kNy * kNx - 15);
  const TokenLayout layout = basis.layout(comm);
  EXPECT_EQ(layout.tokens, 16);  // 4 x 4 patches of 5 x 6, the last ones smaller
  Checksum sum;
  sum.add(std::span<const float>(layout.centre_lat));
  sum.add(std::span<const unsigned char>(layout.active));
  EXPECT_EQ(comm.max(static_cast<unsigned long>(sum.value())), sum.value());
}

TEST(Basis, TokensOfThePeriodAreStandardisedAndLieWithTheirPatches) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  const std::string dir = test::ScratchFolder(comm).path(), series = write_series(comm, dir + "/series.nc");
  const Namelist namelist = study_namelist(series);
  const StudySeries study = open_study(comm, DataOptions(namelist));
  const Basis basis = build_basis(comm, StudyOptions(namelist), study);
  const Diagonal published(basis);
  const auto pairs = steps_of_period(study.hr, study.lr, DataOptions(namelist).train);
  const TokenSeries tokens =
      token_series(comm, LatentSpace(basis, published),
                   encode_period(comm, LatentSpace(basis, published), study, pairs, 32), 32);
  EXPECT_EQ(tokens.year_phase.size(), 120u);
  const TokenLayout layout = basis.layout(comm);
  const auto z = test::whole_series(comm, tokens, tokens.latent, layout.tokens),
             given = test::whole_series(comm, tokens, tokens.condition, layout.tokens);
  std::vector<double> latent(layout.latent_size()), condition(latent.size());
  ASSERT_EQ(z.size(), 120 * latent.size());
  for (std::size_t i = 0; i < z.size(); ++i) {
    latent[i % latent.size()] += static_cast<double>(z[i]) * static_cast<double>(z[i]) / 120;
    condition[i % latent.size()] += static_cast<double>(given[i]) * static_cast<double>(given[i]) / 120;
  }
  for (std::size_t i = 0; i < latent.size(); ++i)
    if (layout.active[i]) {
      EXPECT_NEAR(latent[i], 1, 1e-4);
      EXPECT_NEAR(condition[i], 1, 1e-4);
    }
}

TEST(Basis, DamagedAndForeignFilesAreRefusedOnEveryRank) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  const std::string dir = test::ScratchFolder(comm).path(), series = write_series(comm, dir + "/series.nc");
  const auto code_of = [&](const std::string& path) {
    try {
      read_basis(comm, path);
    } catch (const Error& error) {
      EXPECT_TRUE(error.agreed());
      EXPECT_NE(std::string(error.what()).find(path), std::string::npos) << error.what();
      return error.code();
    }
    return ExitCode::ok;
  };
  EXPECT_EQ(code_of(dir + "/absent.nc"), ExitCode::no_input);
  EXPECT_EQ(code_of(series), ExitCode::data);  // NetCDF, but no basis
  const Namelist namelist = study_namelist(series);
  const StudySeries study = open_study(comm, DataOptions(namelist));
  Basis basis = build_basis(comm, StudyOptions(namelist), study);
  write_basis(comm, basis, dir + "/basis.nc");
  comm.agree([&] {  // one byte of phi's data changed
    if (!comm.is_root()) return;
    int id = 0, variable = 0;
    nc_ok(nc_open((dir + "/basis.nc").c_str(), NC_WRITE, &id));
    nc_ok(nc_inq_varid(id, "phi", &variable));
    const std::size_t at[4] = {0, 0, 10, 10};
    const double value = 0.123;
    nc_ok(nc_put_var1_double(id, variable, at, &value));
    nc_ok(nc_close(id));
  });
  EXPECT_EQ(code_of(dir + "/basis.nc"), ExitCode::data);
}

TEST(Basis, APeriodThatTheSeriesDoesNotCoverIsRefused) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  const std::string dir = test::ScratchFolder(comm).path(), series = write_series(comm, dir + "/series.nc");
  Namelist namelist = study_namelist(series);
  namelist.set("data.train='1990-01-01','1990-12-31'");
  const StudySeries study = open_study(comm, DataOptions(namelist));
  try {
    build_basis(comm, StudyOptions(namelist), study);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::data);
    EXPECT_NE(std::string(error.what()).find("2001-01-01"), std::string::npos) << error.what();
  }
}
