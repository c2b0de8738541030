#include "podscale/study/ocean_file.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstring>
#include <numbers>

#include "podscale/config/namelist.hpp"
#include "podscale/core/error.hpp"
#include "podscale/field/cf_source.hpp"
#include "podscale/field/coarsened.hpp"
#include "podscale/field/synthetic_ocean.hpp"
#include "podscale/file/netcdf_file.hpp"
#include "podscale/parallel/decomposition.hpp"
#include "podscale/study/options.hpp"
#include "scratch.hpp"

using namespace podscale;

namespace {

OceanSpec spec_of(const std::vector<std::string>& settings) {
  Namelist namelist;
  for (const std::string& setting : settings) namelist.set("ocean." + setting);
  return ocean_spec(OceanOptions(namelist));
}

bool same_bits(std::span<const float> a, std::span<const float> b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size_bytes()) == 0;
}

std::vector<float> whole_field(SyntheticOcean& ocean, long step) {
  std::vector<float> field(ocean.ocean().size());
  ocean.field(step, field);
  return field;
}

TEST(SyntheticOcean, WindowsGiveTheSameBits) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  const OceanSpec spec =
      spec_of({"ny=43", "nx=61", "first_date=2003-02-20", "last_date=2003-12-31", "step_days=47"});
  const Decomposition split(spec.ny, spec.nx, 8, 8, comm.size());
  const Window window = split.window_of(comm.rank()), all{0, spec.ny, 0, spec.nx};
  SyntheticOcean part(spec, window), whole(spec, all);
  std::vector<float> mine(window.points()), expected(mine.size());
  // One of them jumps: the order of steps must not matter either.
  for (long step = 0; step < std::ssize(spec.times); ++step) {
    const std::vector<float> field = whole_field(whole, step);
    for (long j = 0; j < window.ny; ++j)
      for (long i = 0; i < window.nx; ++i)
        expected[j * window.nx + i] = field[(window.y0 + j) * spec.nx + window.x0 + i];
    part.field(std::ssize(spec.times) - 1, mine);
    part.field(step, mine);
    EXPECT_TRUE(same_bits(mine, expected)) << "rank " << comm.rank() << " step " << step;
  }
}

TEST(SyntheticOcean, LaterPeriodsContinueEarlierOnes) {
  const std::vector<std::string> place{"ny=20", "nx=24", "step_days=10"};
  auto settings = place;
  settings.insert(settings.end(), {"first_date=2001-01-01", "last_date=2001-06-30"});
  const OceanSpec early = spec_of(settings);
  settings = place;
  settings.insert(settings.end(), {"first_date=2001-05-01", "last_date=2001-06-30"});
  const OceanSpec late = spec_of(settings);
  SyntheticOcean a(early, {0, 20, 0, 24}), b(late, {0, 20, 0, 24});
  EXPECT_TRUE(same_bits(whole_field(a, 12), whole_field(b, 0)));  // 2001-05-01 in both
  SyntheticOcean other(spec_of({"ny=20", "nx=24", "seed=2", "first_date=2001-05-01", "last_date=2001-05-01"}),
                       {0, 20, 0, 24});
  EXPECT_FALSE(same_bits(whole_field(b, 0), whole_field(other, 0)));
}

TEST(SyntheticOcean, FilesHoldTheFieldAndItsBlockMean) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  const OceanSpec spec = spec_of({"ny=37", "nx=45", "factor=8", "first_date=2004-01-01",
                                  "last_date=2004-03-30", "calendar=360_day", "land_fraction=0.25"});
  const test::ScratchFolder folder(comm);
  const OceanFiles files{folder / "hr.nc", folder / "lr.nc", "&ocean\n/\n", "test"};
  const OceanSummary summary = write_ocean(comm, spec, files);
  EXPECT_EQ(summary.steps, 90);

  SyntheticOcean ocean(spec, {0, spec.ny, 0, spec.nx});
  const std::size_t steps = summary.steps, points = spec.ny * spec.nx;
  {
    const NetcdfFile hr = NetcdfFile::open(comm, files.hr), lr = NetcdfFile::open(comm, files.lr);
    const std::vector<std::size_t> shape = lr.variable("tos").shape;
    EXPECT_EQ(shape, (std::vector<std::size_t>{steps, 5, 6}));
    EXPECT_EQ(lr.text("time", "calendar"), "360_day");
    std::vector<float> fine(points * steps), coarse(30 * steps), mean(30);
    hr.get("tos", {0, 0, 0}, {steps, static_cast<std::size_t>(spec.ny), static_cast<std::size_t>(spec.nx)},
           fine);
    lr.get("tos", {0, 0, 0}, {steps, 5, 6}, coarse);
    for (std::size_t t = 0; t < steps; ++t) {
      std::vector<float> field = whole_field(ocean, static_cast<long>(t));
      block_mean(field, 1, spec.ny, spec.nx, 8, mean);
      long land = 0;
      for (std::size_t i = 0; i < points; ++i) {
        const bool is_ocean = ocean.ocean()[i] != 0;
        EXPECT_EQ(std::isnan(field[i]), !is_ocean);
        if (!is_ocean) field[i] = 1e20f, ++land;
      }
      EXPECT_EQ(static_cast<long>(points) - land, summary.ocean_points);
      for (float& value : mean)
        if (std::isnan(value)) value = 1e20f;
      EXPECT_TRUE(same_bits(std::span(fine).subspan(t * points, points), field)) << t;
      EXPECT_TRUE(same_bits(std::span(coarse).subspan(t * 30, 30), mean)) << t;
    }
  }
}

TEST(SyntheticOcean, TheSameOceanOnOtherMeshes) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  const test::ScratchFolder folder(comm);
  const std::vector<std::string> size{"ny=24", "nx=40", "factor=8", "last_date=2000-01-03"};
  const auto write = [&](const std::string& name, std::vector<std::string> settings) {
    settings.insert(settings.end(), size.begin(), size.end());
    const OceanSpec spec = spec_of(settings);
    write_ocean(comm, spec, {folder / (name + "_hr.nc"), folder / (name + "_lr.nc"), "", "test"});
    return spec;
  };
  const auto open = [&](const std::string& name, const std::string& variable) {
    CfSpec spec{"HR", {folder / name}, variable, "", "", {}};
    return CfSource::open(comm, spec);
  };
  const auto values = [&](const FieldSource& source) {
    const Mesh& mesh = source.mesh();
    std::vector<float> field(mesh.points());
    source.read({0, mesh.ny(), 0, mesh.nx()}, std::vector<long>{2}, field);
    return field;
  };
  write("plain", {});
  const CfSource plain = open("plain_hr.nc", "tos");
  for (const std::string mesh : {"rotated", "plane"}) {
    const OceanSpec spec = write(mesh, {"mesh=" + mesh});
    const CfSource hr = open(mesh + "_hr.nc", "tos"), lr = open(mesh + "_lr.nc", "tos");
    EXPECT_EQ(hr.mesh().kind(), mesh == "plane" ? MeshKind::plane : MeshKind::curvilinear);
    EXPECT_EQ(mesh_difference(hr.mesh(), ocean_mesh(spec)).value_or(""), "");
    EXPECT_EQ(mesh_difference(lr.mesh(), ocean_mesh(spec).coarsened(8)).value_or(""), "");
    EXPECT_FALSE(hr.mesh().mapping().attributes.empty());
    EXPECT_TRUE(same_bits(values(hr), values(plain)));
    // Cells of about the same size, wherever they lie.
    const Position a = plain.mesh().spacing(500), b = hr.mesh().spacing(500);
    EXPECT_NEAR(a.y, b.y, 0.01 * a.y);
    EXPECT_NEAR(a.x, b.x, 0.05 * a.x);
  }
  write("salt", {"mesh=plane", "variable=so", "second=sob", "lr_bias=1"});
  const CfSource so = open("salt_hr.nc", "so"), sob = open("salt_hr.nc", "sob"),
                 lr = open("salt_lr.nc", "sob");
  EXPECT_EQ(so.variables()[0].units, "1e-3");
  EXPECT_EQ(so.variables()[0].standard_name, "sea_water_salinity");
  const auto salt = values(so), second = values(sob), warm = values(plain);
  std::vector<float> mean(15);
  block_mean(second, 1, 24, 40, 8, mean);
  const auto coarse = values(lr);
  for (std::size_t i = 0; i < 15; ++i)
    if (!std::isnan(mean[i])) {
      EXPECT_NEAR(coarse[i], mean[i] + 0.15, 1e-5);
    }
  double covariance = 0, variance = 0, count = 0, average[2] = {};
  for (const int pass : {0, 1})
    for (std::size_t p = 0; p < salt.size(); ++p) {
      ASSERT_EQ(std::isnan(salt[p]), std::isnan(warm[p]));
      ASSERT_EQ(std::isnan(salt[p]), std::isnan(second[p]));
      if (std::isnan(salt[p])) continue;
      if (pass == 0) {
        EXPECT_NEAR(salt[p], 35 + 0.15 * (warm[p] - 16), 1e-5);
        EXPECT_TRUE(salt[p] > 30 && salt[p] < 40) << salt[p];
        average[0] += salt[p], average[1] += second[p], ++count;
      } else {
        const double a = salt[p] - average[0] / count;
        covariance += a * (second[p] - average[1] / count), variance += a * a;
      }
    }
  EXPECT_NEAR(covariance / variance, 0.7, 0.1);
}

TEST(SyntheticOcean, SpectrumFallsLikeTheThirdPower) {
  const OceanSpec spec = spec_of({"last_date=2001-12-31", "step_days=7"});
  SyntheticOcean ocean(spec, {0, spec.ny, 0, spec.nx});
  constexpr std::size_t n = 64;  // points of the open sea in the east
  std::vector<std::vector<float>> fields;
  for (std::size_t t = 0; t < spec.times.size(); ++t)
    fields.push_back(whole_field(ocean, static_cast<long>(t)));
  std::vector<double> power(n / 2, 0.0);
  for (std::size_t j = 0; j < static_cast<std::size_t>(spec.ny); ++j) {
    const std::size_t row = j * static_cast<std::size_t>(spec.nx) + static_cast<std::size_t>(spec.nx) - n;
    std::vector<double> mean(n, 0.0), segment(n);
    for (const auto& field : fields)
      for (std::size_t i = 0; i < n; ++i) mean[i] += field[row + i] / static_cast<double>(fields.size());
    if (std::isnan(mean[0] + mean[n - 1]) ||
        std::any_of(mean.begin(), mean.end(), [](double m) { return std::isnan(m); }))
      continue;
    for (const auto& field : fields) {
      double average = 0;
      for (std::size_t i = 0; i < n; ++i) average += (segment[i] = field[row + i] - mean[i]) / n;
      for (std::size_t k = 1; k < n / 2; ++k) {
        std::complex<double> sum = 0;
        for (std::size_t i = 0; i < n; ++i) {
          const double angle = 2 * std::numbers::pi * static_cast<double>(i) / n;
          sum += (segment[i] - average) * 0.5 * (1 - std::cos(angle)) *
                 std::polar(1.0, -angle * static_cast<double>(k));
        }
        power[k] += std::norm(sum);
      }
    }
  }
  double sx = 0, sy = 0, sxx = 0, sxy = 0, count = 0;
  for (std::size_t k = 3; k <= 16; ++k) {  // wavelengths from a third of the segment to four points
    const double x = std::log(static_cast<double>(k)), y = std::log(power[k]);
    sx += x, sy += y, sxx += x * x, sxy += x * y, ++count;
  }
  const double slope = (count * sxy - sx * sy) / (count * sxx - sx * sx);
  EXPECT_GT(slope, -3.7);
  EXPECT_LT(slope, -2.5);
}

TEST(SyntheticOcean, SeasonAndTrendComeOutByRegression) {
  const OceanSpec spec = spec_of({"ny=32", "nx=32", "last_date=2019-12-31", "step_days=15", "seasonal=5",
                                  "trend=1.0", "turbulence=0.3", "land_fraction=0"});
  SyntheticOcean ocean(spec, {0, spec.ny, 0, spec.nx});
  // Normal equations of 1, t (decades), cos, sin of the year and of half of it.
  constexpr int terms = 6;
  double a[terms][terms + 1] = {};
  for (std::size_t t = 0; t < spec.times.size(); ++t) {
    double mean = 0, count = 0;
    for (const float value : whole_field(ocean, static_cast<long>(t)))
      if (!std::isnan(value)) mean += value, ++count;
    const double year = 2 * std::numbers::pi * year_fraction(spec.times.calendar, spec.times[t].date);
    const double x[terms + 1] = {1,
                                 spec.times[t].time / 3652.5,
                                 std::cos(year),
                                 std::sin(year),
                                 std::cos(2 * year),
                                 std::sin(2 * year),
                                 mean / count};
    for (int i = 0; i < terms; ++i)
      for (int j = 0; j <= terms; ++j) a[i][j] += x[i] * x[j];
  }
  for (int i = 0; i < terms; ++i)
    for (int row = 0; row < terms; ++row) {
      if (row == i) continue;
      const double factor = a[row][i] / a[i][i];
      for (int j = i; j <= terms; ++j) a[row][j] -= factor * a[i][j];
    }
  const auto coefficient = [&](int i) { return a[i][terms] / a[i][i]; };
  EXPECT_NEAR(coefficient(1), 1.0, 0.1);
  EXPECT_NEAR(std::hypot(coefficient(2), coefficient(3)), 5.0, 0.4);
  EXPECT_NEAR(coefficient(0), 16.0, 1.0);
}

TEST(SyntheticOcean, LandShareFollowsTheNamelist) {
  const auto share = [](const char* land, const char* islands) {
    SyntheticOcean ocean(spec_of({"last_date=2000-01-01", land, islands}), {0, 96, 0, 96});
    double land_points = 0;
    for (const unsigned char is_ocean : ocean.ocean()) land_points += is_ocean ? 0 : 1;
    return land_points / (96 * 96);
  };
  EXPECT_EQ(share("land_fraction=0", "islands=0"), 0.0);
  EXPECT_NEAR(share("land_fraction=0.3", "islands=0"), 0.3, 0.06);
  EXPECT_GT(share("land_fraction=0", "islands=8"), 0.002);
}

TEST(SyntheticOcean, LrErrorHasItsBiasAndDeviation) {
  const OceanSpec spec = spec_of({"lr_bias=-1.5", "lr_noise=0.5", "last_date=2001-12-31"});
  const Mesh coarse = ocean_mesh(spec).coarsened(spec.factor);
  double sum = 0, squares = 0;
  const double count = 144.0 * 700;
  std::vector<float> field(144), part(6);
  for (long t = 0; t < 700; ++t) {
    std::fill(field.begin(), field.end(), 0.0f);
    add_lr_error(spec, coarse, {0, 12, 0, 12}, t, field);
    for (const float value : field) sum += value, squares += value * value;
    std::fill(part.begin(), part.end(), 0.0f);
    add_lr_error(spec, coarse, {4, 2, 7, 3}, t, part);
    EXPECT_EQ(part[4], field[5 * 12 + 8]);  // whatever the window
  }
  EXPECT_NEAR(sum / count, -1.5, 0.01);
  EXPECT_NEAR(std::sqrt(squares / count - sum / count * (sum / count)), 0.5, 0.01);
}

TEST(SyntheticOcean, RefusesWhatCannotBe) {
  for (const std::vector<std::string>& settings :
       std::vector<std::vector<std::string>>{{"first_date=2001-01-01", "last_date=2000-01-01"},
                                             {"last_date=2000-13-01"},
                                             {"lat0=80", "ny=96"},
                                             {"factor=200"},
                                             {"nx=2000"},
                                             {"second=tos"},
                                             {"mesh=plane", "nx=1400", "lat0=0"}}) {
    try {
      spec_of(settings);
      ADD_FAILURE() << settings[0];
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::usage) << error.what();
    }
  }
}

}  // namespace
