// The sources that are not files, and block means of any.
#include <gtest/gtest.h>

#include <cmath>

#include "podscale/field/array_source.hpp"
#include "podscale/field/cf_source.hpp"
#include "podscale/field/coarsened.hpp"
#include "sample_file.hpp"

namespace podscale {
namespace {

constexpr long kNy = 6, kNx = 12, kTimes = 3;

TimeAxis axis() {
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
  return {comm, make_grid(ramp(-50, 20, kNy), ramp(15, 30, kNx)), axis(), fields()};
}
bool same(float a, float b) {
  return a == b || (std::isnan(a) && std::isnan(b));
}

TEST(Sources, FieldsInMemoryAcrossTheCut) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  const ArraySource source = globe(comm);
  ASSERT_TRUE(source.grid().periodic);
  const Window window{1, 3, comm.rank() % 2 == 0 ? -2 : 10, 5};
  std::vector<float> read(2 * 15);
  source.read(window, std::vector<long>{2, 0}, read);
  std::size_t at = 0;
  for (const long t : {2, 0})
    for (long y = 1; y < 4; ++y)
      for (long x = window.x0; x < window.x0 + 5; ++x, ++at)
        EXPECT_TRUE(same(read[at], value(t, y, (x + kNx) % kNx))) << t << " " << y << " " << x;
  const auto mask = whole_ocean_mask(source, std::vector<long>{0, 1});
  for (long i = 0; i < kNy * kNx; ++i)
    EXPECT_EQ(mask[static_cast<std::size_t>(i)] == 0, std::isnan(value(0, i / kNx, i % kNx))) << i;
}

TEST(Sources, BlockMeansOfAnySourceLeaveMissingPointsOut) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  const Coarsened coarse(std::make_shared<ArraySource>(globe(comm)), 2);
  EXPECT_EQ(coarse.grid().ny(), 3);
  EXPECT_EQ(coarse.grid().nx(), 6);
  // Two windows in turn, one across the cut; some ranks want nothing at times.
  for (int trial = 0; trial < 4; ++trial) {
    Window window = trial % 2 == 0 ? Window{0, 2, -1, 3} : Window{1, 2, 2, 4};
    if ((comm.rank() + trial) % 3 == 2) window = {};
    std::vector<float> read(static_cast<std::size_t>(2 * window.points()));
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
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  OceanSpec spec;
  spec.ny = 12;
  spec.nx = 36;
  spec.lat0 = -60;
  spec.lon0 = -180;
  spec.resolution = 10;
  spec.factor = 4;
  spec.turbulence_modes = 16;
  spec.times = decode_times({0, 1, 2, 3, 4}, "days since 2001-01-01 00:00:00", "standard", "test");
  const SyntheticSource source(comm, spec);
  const Grid& grid = source.grid();
  std::vector<float> whole(static_cast<std::size_t>(grid.points()));
  source.read({0, grid.ny(), 0, grid.nx()}, std::vector<long>{3}, whole);
  const Window window{2, 5, grid.periodic ? -3 : 3, 9};
  std::vector<float> part(45);
  source.read(window, std::vector<long>{3}, part);
  for (long j = 0; j < 5; ++j)
    for (long i = 0; i < 9; ++i)
      EXPECT_TRUE(same(
          part[static_cast<std::size_t>(j * 9 + i)],
          whole[static_cast<std::size_t>((2 + j) * grid.nx() + (window.x0 + i + grid.nx()) % grid.nx())]));
}

}  // namespace
}  // namespace podscale
