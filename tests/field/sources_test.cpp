// The sources that are not files, and block means of any.
#include <gtest/gtest.h>

#include <cmath>

#include "../mesh/example_meshes.hpp"
#include "podscale/field/array_source.hpp"
#include "podscale/field/cf_source.hpp"
#include "podscale/field/coarsened.hpp"
#include "podscale/field/stacked.hpp"
#include "podscale/field/synthetic_ocean.hpp"
#include "sample_file.hpp"

namespace podscale {
namespace {

constexpr long kNy = 6, kNx = 12, kTimes = 3;

SampleAxis axis() {
  return decode_times({0, 1, 2}, "days since 2000-01-01", "standard", "test");
}
float value(long t, long y, long x) {
  return (y == 2 && x == 3) || (y < 2 && x < 2) ? NAN : static_cast<float>(100 * t + 10 * y + x);
}
std::vector<float> fields() {
  std::vector<float> all;
  for (long t = 0; t < kTimes; ++t)
    for (long y = 0; y < kNy; ++y)
      for (long x = 0; x < kNx; ++x) all.push_back(value(t, y, x));
  return all;
}
ArraySource globe(const Communicator& comm) {
  return {comm, Mesh::rectilinear(ramp(-50, 20, kNy), ramp(15, 30, kNx)), axis(), fields()};
}
bool same(float a, float b) {
  return a == b || (std::isnan(a) && std::isnan(b));
}

TEST(Sources, FieldsInMemoryAcrossTheCut) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  const ArraySource source = globe(comm);
  ASSERT_TRUE(source.mesh().periodic());
  const Window window{1, 3, comm.rank() % 2 == 0 ? -2 : 10, 5};
  std::vector<float> read(2 * 15);
  source.read(window, std::vector<long>{2, 0}, read);
  std::size_t at = 0;
  for (const long t : {2, 0})
    for (long y = 1; y < 4; ++y)
      for (long x = window.x0; x < window.x0 + 5; ++x, ++at)
        EXPECT_TRUE(same(read[at], value(t, y, (x + kNx) % kNx))) << t << " " << y << " " << x;
  const auto mask = whole_ocean_mask(source, std::vector<long>{0, 1});
  for (long i = 0; i < kNy * kNx; ++i) EXPECT_EQ(mask[i] == 0, std::isnan(value(0, i / kNx, i % kNx))) << i;
}

TEST(Sources, WindowsStepsAndSizesBeyondThoseInMemoryAreABug) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  const ArraySource round = globe(comm), flat(comm, Mesh::rectilinear(ramp(0, 1, 2), ramp(0, 1, 3)), axis(),
                                              std::vector<float>(6 * axis().size()));
  const auto code = [](const ArraySource& source, const Window& window, long step, std::size_t size) {
    std::vector<float> out(size);
    try {
      source.read(window, std::vector<long>{step}, out);
      return ExitCode::ok;
    } catch (const Error& error) {
      return error.code();
    }
  };
  const long times = static_cast<long>(axis().size());
  EXPECT_EQ(code(flat, {0, 2, 1, 2}, times - 1, 4), ExitCode::ok);
  EXPECT_EQ(code(round, {0, 1, kNx - 1, 4}, 0, 4), ExitCode::ok);
  EXPECT_EQ(code(flat, {0, 2, 1, 2}, times, 4), ExitCode::bug);
  EXPECT_EQ(code(flat, {0, 2, 1, 2}, -1, 4), ExitCode::bug);
  EXPECT_EQ(code(flat, {0, 2, 2, 2}, 0, 4), ExitCode::bug);
  EXPECT_EQ(code(flat, {1, 2, 0, 2}, 0, 4), ExitCode::bug);
  EXPECT_EQ(code(flat, {0, 2, -1, 2}, 0, 4), ExitCode::bug);
  EXPECT_EQ(code(flat, {0, 2, 1, 2}, 0, 5), ExitCode::bug);
}

TEST(Sources, BlockMeansOfAnySourceLeaveMissingPointsOut) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  const Coarsened coarse(std::make_shared<ArraySource>(globe(comm)), 2);
  EXPECT_EQ(coarse.mesh().ny(), 3);
  EXPECT_EQ(coarse.mesh().nx(), 6);
  // Two windows in turn, one across the cut; some ranks want nothing at times.
  for (int trial = 0; trial < 4; ++trial) {
    Window window = trial % 2 == 0 ? Window{0, 2, -1, 3} : Window{1, 2, 2, 4};
    if ((comm.rank() + trial) % 3 == 2) window = {};
    std::vector<float> read(2 * window.points());
    coarse.read(window, std::vector<long>{1, 2}, read);
    std::size_t at = 0;
    for (const long t : {1, 2})
      for (long y = window.y0; y < window.y0 + window.ny; ++y)
        for (long x = window.x0; x < window.x0 + window.nx; ++x, ++at) {
          double sum = 0;
          int count = 0;
          for (long j = 2 * y; j < 2 * y + 2; ++j)
            for (long i = 2 * ((x + 6) % 6); i < 2 * ((x + 6) % 6) + 2; ++i)
              if (const float v = value(t, j, i); !std::isnan(v)) sum += v, ++count;
          EXPECT_TRUE(same(read[at], count > 0 ? static_cast<float>(sum / count) : NAN)) << t << y << x;
        }
  }
}

TEST(Sources, AFactorThatDoesNotFitIsOneErrorOnAllRanks) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  const auto fine = std::make_shared<ArraySource>(globe(comm));
  expect_error(ExitCode::data, {"coarsen_factor = 5", "12 longitudes"}, [&] { Coarsened(fine, 5); });
  expect_error(ExitCode::data, {"coarsen_factor = 7", "6 x 12"}, [&] { Coarsened(fine, 7); });
}

TEST(Sources, LandOfTheMaskVariableIsNotInABlockMean) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  const Scratch scratch(comm);
  SampleFile sample;  // 5 x 8; land where j == 0
  sample.mask = true;
  write_sample(comm, scratch / "m.nc", sample);
  CfSpec spec{"HR", {scratch / "m.nc"}, "sst", "", "mask", {1}};
  const auto fine = std::make_shared<const CfSource>(CfSource::open(comm, spec));
  const Coarsened coarse(fine, 2);
  const Window window{0, 3, 0, 4};
  std::vector<float> read(12);
  for (int twice = 0; twice < 2; ++twice) coarse.read(window, std::vector<long>{0}, read);
  EXPECT_NEAR(read[0], 0.1 * 10.5, 1e-6);        // row 1 alone: row 0 is land
  EXPECT_NEAR(read[4], 0.1 * (25 + 0.5), 1e-6);  // rows 2 and 3
}

TEST(Sources, TheSyntheticOceanIsTheSameInEveryWindow) {
  OceanSpec spec;
  spec.ny = 12;
  spec.nx = 36;
  spec.lat0 = -60;
  spec.lon0 = -180;
  spec.resolution = 10;
  spec.factor = 4;
  spec.turbulence_modes = 16;
  spec.times = decode_times({0, 1, 2, 3, 4}, "days since 2001-01-01 00:00:00", "standard", "test");
  std::vector<float> whole(12 * 36), part(45);
  SyntheticOcean(spec, {0, 12, 0, 36}).field(3, whole);
  SyntheticOcean(spec, {2, 5, 3, 9}).field(3, part);
  for (std::size_t j = 0; j < 5; ++j)
    for (std::size_t i = 0; i < 9; ++i) EXPECT_TRUE(same(part[j * 9 + i], whole[(2 + j) * 36 + 3 + i]));
}

SampleFile one_variable(const std::string& name, double offset) {
  SampleFile sample;
  sample.variable = name;
  sample.raw = [offset](std::size_t t, std::size_t j, std::size_t i) -> double {
    if (offset > 0 && j == 4 && i == 7) return NC_FILL_FLOAT;  // missing in the second alone
    return offset + static_cast<double>(100 * t + 10 * j + i);
  };
  return sample;
}

TEST(Sources, VariablesOfSeveralFilesAreChannels) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  const Scratch scratch(comm);
  write_sample(comm, scratch / "a.nc", one_variable("tos", 0));
  SampleFile salt = one_variable("so", 5);
  salt.units = "1e-3";
  salt.lat = ramp(2, -1, 5);  // the other way up
  write_sample(comm, scratch / "b.nc", salt);
  const auto open = [&](const std::string& variable, const std::string& second = "b.nc") {
    CfSpec spec{"HR", {scratch / "a.nc", scratch / second}, variable, "", "", {}};
    spec.skip_others = true;
    return std::make_shared<const CfSource>(CfSource::open(comm, spec));
  };
  const auto stacked = std::make_shared<const Stacked>(
      std::vector<std::shared_ptr<const FieldSource>>{open("tos"), open("so")});
  ASSERT_EQ(stacked->channels(), 2);
  EXPECT_EQ(stacked->variables()[1].units, "1e-3");
  EXPECT_NE(stacked->describe().find("a.nc and so in"), std::string::npos) << stacked->describe();
  const Share rows = share_of(5, comm.size(), comm.rank());
  const Window window{rows.begin, rows.size(), 2, rows.size() > 0 ? 6 : 0};
  std::vector<float> read(2 * 2 * window.points());
  stacked->read(window, std::vector<long>{2, 0}, read);
  std::size_t at = 0;
  for (const int t : {2, 0})
    for (const int c : {0, 1})
      for (long j = rows.begin; j < rows.end; ++j)
        for (long i = 2; i < 8; ++i, ++at) {
          const double expected =
              c == 0 ? 100 * t + 10.0 * static_cast<double>(j) + static_cast<double>(i)
                     : 5 + 100 * t + 10.0 * static_cast<double>(4 - j) + static_cast<double>(i);
          EXPECT_TRUE(same(read[at], c == 1 && j == 0 && i == 7 ? NAN : static_cast<float>(expected)));
        }
  // Ocean where all channels are valid; block means channel by channel.
  const auto ocean = whole_ocean_mask(*stacked, std::vector<long>{0, 1});
  for (std::size_t p = 0; p < 40; ++p) EXPECT_EQ(ocean[p], p != 7) << p;
  const Coarsened coarse(stacked, 4);
  std::vector<float> means(2 * 2);
  coarse.read({1, 1, 0, 2}, std::vector<long>{1}, means);  // the last row alone
  EXPECT_EQ(means[0], 141.5f);
  EXPECT_EQ(means[3], 110.5f);

  expect_error(ExitCode::data, {"HR files", "'tob'", "none of the 2", "a.nc"}, [&] { open("tob"); });
  salt.lon = ramp(101, 1, 8);
  write_sample(comm, scratch / "c.nc", salt);
  expect_error(ExitCode::data, {"so in", "c.nc", "tos in", "one mesh", "101"}, [&] {
    Stacked({open("tos"), open("so", "c.nc")});
  });
  salt.lon = ramp(100, 1, 8);
  salt.time = {0, 1, 3};
  write_sample(comm, scratch / "d.nc", salt);
  expect_error(ExitCode::data, {"so in", "d.nc", "time 3 is 2000-01-04", "2000-01-03"}, [&] {
    Stacked({open("tos"), open("so", "d.nc")});
  });
}

TEST(Sources, BlockMeansOnATripolarMeshCountEachPositionOnce) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  const Mesh mesh = Tripolar{}.with_repeats(true);
  std::vector<float> values;
  for (idx_t p = 0; p < mesh.points(); ++p) values.push_back(static_cast<float>(mesh.owner(p)));
  const auto fine =
      std::make_shared<ArraySource>(comm, mesh, decode_times({0}, "days since 2000-01-01", "", "x"), values);
  const Coarsened coarse(fine, 4);
  EXPECT_EQ(coarse.mesh().kind(), MeshKind::curvilinear);
  const idx_t ny = coarse.mesh().ny(), nx = coarse.mesh().nx();
  std::vector<float> read(ny * nx);
  coarse.read({0, ny, 0, nx}, std::vector<long>{0}, read);
  for (idx_t b = 0; b < ny * nx; ++b) {
    double sum = 0;
    int count = 0;
    for (idx_t j = b / nx * 4; j < std::min(mesh.ny(), b / nx * 4 + 4); ++j)
      for (idx_t i = b % nx * 4; i < std::min(mesh.nx(), b % nx * 4 + 4); ++i)
        if (const idx_t p = j * mesh.nx() + i; mesh.owner(p) == p) sum += static_cast<double>(p), ++count;
    EXPECT_TRUE(same(read[b], count > 0 ? static_cast<float>(sum / count) : NAN)) << b;
  }
}

}  // namespace
}  // namespace podscale
