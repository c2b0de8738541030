// Values rounded to a part of their spread, and files as GHRSST has them.
#include "podscale/study/product_file.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "podscale/core/error.hpp"
#include "podscale/study/discovery.hpp"
#include "podscale/study/ghrsst_file.hpp"
#include "scratch.hpp"

using namespace podscale;

namespace {

constexpr long kNy = 8, kNx = 6, kTimes = 2;

std::vector<double> axis(double first, double step, long n) {
  std::vector<double> values;
  for (long i = 0; i < n; ++i) values.push_back(first + step * static_cast<double>(i));
  return values;
}

SampleAxis days() {
  return decode_times({10, 11}, "days since 2000-01-01", "standard", "test");
}

ProductOptions options_in(const std::string& units) {
  ProductOptions options;
  options.variables = {{"tos", "sea_surface_temperature", "SST", units, "degC", ""}};
  options.chunk = {2, 6};
  return options;
}

class ProductFiles : public ::testing::Test {
 protected:
  Communicator world_ = Communicator::duplicate(MPI_COMM_WORLD);
  test::ScratchFolder scratch_{world_};
  Mesh mesh_ = Mesh::rectilinear(axis(-40, 0.5, kNy), axis(150, 0.5, kNx));
  Window window_{kNy * world_.rank() / world_.size(),
                 kNy*(world_.rank() + 1) / world_.size() - kNy* world_.rank() / world_.size(), 0, kNx};

  /// [times][window points]; land in the first column.
  std::vector<double> field(double (*value)(long t, long p)) const {
    std::vector<double> values;
    for (long t = 0; t < kTimes; ++t)
      for (long j = window_.y0; j < window_.y0 + window_.ny; ++j)
        for (long i = 0; i < kNx; ++i) values.push_back(i == 0 ? std::nan("") : value(t, j * kNx + i));
    return values;
  }
  std::vector<double> mean() const {
    return field([](long t, long p) { return 15 + std::sin(0.7 * static_cast<double>(p + 50 * t)); });
  }
  std::vector<double> variance() const {
    return field([](long t, long p) { return 0.04 * (t + 1.0) * (1 + 0.01 * static_cast<double>(p)); });
  }
  std::vector<double> written(const std::string& path, const std::string& name) const {
    return NetcdfFile::open(world_, path).get_all(name);
  }
};

TEST_F(ProductFiles, RoundingLosesNoMoreThanItsPartOfTheSpread) {
  for (const std::string units : {"degC", "K", "degF"}) {
    for (const double rounding : {0.0, 0.1}) {
      ProductOptions options = options_in(units);
      options.rounding = rounding;
      ProductFile file(world_, scratch_ / (rounding > 0 ? "rounded.nc" : "exact.nc"), mesh_, window_, days(),
                       options);
      file.write(0, kTimes, mean(), variance(), {});
      file.commit();
    }
    const double scale = units == "degF" ? 1.8 : 1;
    const auto exact = written(scratch_ / ("exact.nc"), "tos"),
               rounded = written(scratch_ / ("rounded.nc"), "tos"),
               std_exact = written(scratch_ / ("exact.nc"), "tos_std"),
               std_rounded = written(scratch_ / ("rounded.nc"), "tos_std");
    for (long t = 0; t < kTimes; ++t) {
      double squares = 0, farthest = 0;
      for (long p = 0; p < kNy * kNx; ++p) {
        const long i = t * kNy * kNx + p;
        if (p % kNx == 0) {
          EXPECT_EQ(rounded[i], exact[i]);  // the fill value
          continue;
        }
        squares += 0.04 * (t + 1.0) * (1 + 0.01 * static_cast<double>(p)) / (kNy * (kNx - 1));
        farthest = std::max(farthest, std::abs(rounded[i] - exact[i]));
        EXPECT_NEAR(std_rounded[i] / std_exact[i], 1, 0.05);
      }
      // Rounding to q is half of it at most, and q more than half of what is allowed.
      EXPECT_LE(farthest, 0.05 * scale * std::sqrt(squares) + 1e-5) << units;
      EXPECT_GT(farthest, 0.01 * scale * std::sqrt(squares)) << units;
    }
  }
}

TEST_F(ProductFiles, GhrsstHoldsKelvinInHundredths) {
  const ProductOptions options = options_in("degC");
  std::vector<unsigned char> ocean(window_.points());
  for (long p = 0; p < window_.points(); ++p) ocean[p] = p % kNx != 0;
  GhrsstFiles files(world_, scratch_.path(), "X-L4_GHRSST-SSTfnd-Y-v02.1-fv01.0", mesh_, window_, ocean,
                    days(), options);
  const auto m = mean(), v = variance();
  files.write(1, std::span(m).subspan(window_.points()), std::span(v).subspan(window_.points()));
  EXPECT_NE(files.path(1).find("20000112000000-X-L4_GHRSST"), std::string::npos);
  const NetcdfFile file = NetcdfFile::open(world_, files.path(1));
  const auto sst = file.get_all("analysed_sst"), error = file.get_all("analysis_error"),
             mask = file.get_all("mask");
  EXPECT_EQ(file.get_all("time").at(0), 600480000);  // 2000-01-12 since 1981: 6950 days
  for (long p = 0; p < kNy * kNx; ++p) {
    const bool land = p % kNx == 0;
    EXPECT_EQ(mask[p], land ? 2 : 1);
    EXPECT_EQ(sst[p], land ? -32768 : std::round(100 * (15 + std::sin(0.7 * static_cast<double>(p + 50)))));
    EXPECT_EQ(error[p],
              land ? -32768 : std::round(100 * std::sqrt(0.08 * (1 + 0.01 * static_cast<double>(p)))));
  }
}

TEST_F(ProductFiles, GhrsstKeepsTheAttributesThatAreGiven) {
  ProductOptions options = options_in("degC");
  options.attributes = {{"geospatial_lat_min", "7"}, {"northernmost_latitude", "8"}, {"platform", ""}};
  GhrsstFiles files(world_, scratch_.path(), "given", mesh_, window_,
                    std::vector<unsigned char>(window_.points(), 1), days(), options);
  const std::vector<double> mean(window_.points(), 20), variance(window_.points(), 1);
  files.write(0, mean, variance);
  const NetcdfFile file = NetcdfFile::open(world_, files.path(0));
  EXPECT_EQ(file.text("", "geospatial_lat_min"), "7");
  EXPECT_EQ(file.text("", "northernmost_latitude"), "8");
  EXPECT_FALSE(file.text("", "platform"));
  EXPECT_EQ(file.text("", "instrument"), "model");
  EXPECT_TRUE(file.numbers("", "geospatial_lat_max"));
}

TEST_F(ProductFiles, GhrsstRefusesWhatItCannotHold) {
  const std::vector<unsigned char> ocean(window_.points(), 1);
  const auto refused = [&](const Mesh& mesh, const SampleAxis& times, const ProductOptions& options,
                           const std::string& word) {
    try {
      GhrsstFiles(world_, "", "x", mesh, window_, ocean, times, options);
      ADD_FAILURE() << "taken: " << word;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::usage);
      EXPECT_NE(std::string(error.what()).find(word), std::string::npos) << error.what();
    }
  };
  ProductOptions two = options_in("degC"), salt = options_in("1e-3");
  two.variables.push_back(two.variables[0]);
  salt.variables[0].working_units = "1e-3";
  refused(mesh_, days(), two, "2 variables");
  refused(mesh_, days(), salt, "1e-3");
  refused(Mesh::plane(axis(0, 1, kNy), axis(0, 1, kNx), {"km", 1000}), days(), options_in("degC"),
          "latitude");
  refused(mesh_, decode_times({10, 11}, "days since 2000-01-01", "360_day", "test"), options_in("degC"),
          "360_day");

  const ProductOptions options = options_in("degC");
  GhrsstFiles files(world_, scratch_.path(), "hot", mesh_, window_, ocean, days(), options);
  std::vector<double> hot(window_.points(), 20), variance(window_.points(), 1);
  if (world_.is_root()) hot[0] = 46;
  EXPECT_THROW(files.write(0, hot, variance), Error);
}

TEST(Discovery, SaysWhereAndWhen) {
  SampleAxis times = days();
  times.samples[0].interval = {{9.5, 10.5}}, times.samples[1].interval = {{10.5, 11.5}};
  const Attributes a = time_attributes(times),
                   place = place_attributes(Mesh::rectilinear(axis(-40, 0.5, 3), axis(150, 0.5, 2)));
  const auto text = [&](const std::string& name) { return find(a, name)->text; };
  EXPECT_EQ(text("time_coverage_start"), "2000-01-10T12:00:00Z");
  EXPECT_EQ(text("time_coverage_end"), "2000-01-12T12:00:00Z");
  EXPECT_EQ(text("time_coverage_duration"), "P2D");
  EXPECT_EQ(text("time_coverage_resolution"), "P1D");
  EXPECT_EQ(find(place, "geospatial_lat_min")->numbers, std::vector<double>{-40});
  EXPECT_EQ(find(place, "geospatial_lon_max")->numbers, std::vector<double>{150.5});
}

}  // namespace
