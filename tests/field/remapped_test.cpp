// A source on another mesh: means over its cells, or bilinear; land; what cannot be reached.
#include "podscale/field/remapped.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "on_all_ranks.hpp"
#include "podscale/field/array_source.hpp"
#include "podscale/field/coarsened.hpp"
#include "sample_file.hpp"

namespace podscale {
namespace {

using Value = std::function<double(double lat, double lon, long t)>;

class OnAnotherMesh : public test::OnAllRanks {
 protected:
  std::shared_ptr<const FieldSource> source(const std::vector<double>& lat, const std::vector<double>& lon,
                                            const Value& value) {
    SampleAxis axis = decode_times({0, 1, 2}, "days since 2000-01-01", "standard", "test");
    std::vector<float> values;
    for (long t = 0; t < 3; ++t)
      for (const double y : lat)
        for (const double x : lon) values.push_back(static_cast<float>(value(y, x, t)));
    return std::make_shared<const ArraySource>(comm, Mesh::rectilinear(lat, lon), std::move(axis),
                                               std::move(values));
  }
  static std::vector<float> read(const FieldSource& of, const Window& window,
                                 std::vector<long> steps = {0, 1, 2}) {
    std::vector<float> values(steps.size() * static_cast<std::size_t>(window.points()));
    of.read(window, steps, values);
    return values;
  }
  static std::vector<unsigned char> sea(const FieldSource& of) {
    return std::vector<unsigned char>(of.mesh().points(), 1);
  }
};

TEST_F(OnAnotherMesh, FineFieldsAreMeansOverCells) {
  // Longitudes of one end with those of the other: a globe.
  const auto fine = source(ramp(-9.5, 1, 20), ramp(0.5, 1, 360), [](double lat, double lon, long t) {
    return lon > 40 && lon < 42 ? NAN : 10 + std::sin(lat) + std::cos(0.1 * lon) + static_cast<double>(t);
  });
  const auto ocean = whole_ocean_mask(*fine, std::vector<long>{0, 1, 2});
  const Coarsened blocks(fine, 4);
  const auto target_ocean = whole_ocean_mask(blocks, std::vector<long>{0, 1, 2});
  const Remapped same(fine, ocean, blocks.mesh(), target_ocean, "another source", "data.apply_files");
  EXPECT_TRUE(same.averages());
  // Areas shrink towards the poles within a cell; block means do not weigh by them.
  for (const Window& window : {Window{0, 5, 0, 90}, Window{comm.rank() % 2, 2, 86, 9}}) {
    const auto found = read(same, window), expected = read(blocks, window);
    for (std::size_t i = 0; i < found.size(); ++i) EXPECT_NEAR(found[i], expected[i], 0.02) << i;
  }
}

TEST_F(OnAnotherMesh, CoarserFieldsAreBilinearFromOcean) {
  const Value plane = [](double lat, double lon, long t) {
    return 2 * lat - 0.5 * lon + static_cast<double>(t);
  };
  const auto coarse = source(ramp(-10, 4, 6), ramp(100, 4, 7), plane);
  const Mesh target = Mesh::rectilinear(ramp(-8, 3, 5), ramp(102, 3, 6));
  std::vector<unsigned char> ocean(target.points(), 1);
  ocean[7] = 0;
  const Remapped remapped(coarse, sea(*coarse), target, ocean, "another source", "data.apply_files");
  EXPECT_FALSE(remapped.averages());
  const auto found = read(remapped, {0, 5, 0, 6});
  for (long t = 0; t < 3; ++t)
    for (long p = 0; p < 30; ++p) {
      const float value = found[t * 30 + p];
      if (p == 7) {
        EXPECT_TRUE(std::isnan(value));
      } else {
        EXPECT_NEAR(value, plane(target.position(p).y, target.position(p).x, t), 1e-4) << p;
      }
    }
}

TEST_F(OnAnotherMesh, AGapInTheSourceIsOneInTheCellsThatNeedIt) {
  const auto gappy = source(ramp(-9.5, 1, 20), ramp(100.5, 1, 20), [](double lat, double lon, long t) {
    return t == 1 && lat < -8 && lon < 102 ? NAN : 1.0;
  });
  const Mesh target = Mesh::rectilinear(ramp(-8, 4, 5), ramp(102, 4, 5));
  const Remapped remapped(gappy, sea(*gappy), target, std::vector<unsigned char>(25, 1), "a", "b");
  const auto found = read(remapped, {0, 5, 0, 5});
  for (long i = 0; i < 75; ++i) EXPECT_EQ(std::isnan(found[i]), i == 25) << i;
}

TEST_F(OnAnotherMesh, WhatItDoesNotReachIsRefusedOrTakenFromTheNearest) {
  const auto far = source(ramp(-10, 1, 6), ramp(0, 1, 6), [](double, double, long) { return 1; });
  const Mesh target = Mesh::rectilinear(ramp(30, 2, 5), ramp(100, 2, 5));
  expect_error(ExitCode::data, {"the model", "25 of 25", "at 30, 100", "data.apply_files"}, [&] {
    Remapped(far, sea(*far), target, std::vector<unsigned char>(25, 1), "the model", "data.apply_files");
  });
  // One enclosed sea that the source does not know.
  const auto land = source(ramp(-10, 1, 30), ramp(100, 1, 30),
                           [](double lat, double lon, long) { return lat > 8 && lon > 118 ? NAN : lon; });
  const auto ocean = whole_ocean_mask(*land, std::vector<long>{0});
  const Mesh cells = Mesh::rectilinear(ramp(-9, 4, 7), ramp(101, 4, 7));
  const Remapped nearest(land, ocean, cells, std::vector<unsigned char>(49, 1), "the model",
                         "data.apply_files");
  const auto found = read(nearest, {0, 7, 0, 7}, {0});
  for (const float value : found) EXPECT_FALSE(std::isnan(value));
  EXPECT_GT(found[48], 110);
}

}  // namespace
}  // namespace podscale
