// podscale-verify's work on a small synthetic study whose scores are known.
#include "podscale/verify/verification.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <fstream>
#include <iterator>

#include "verification_study.hpp"

namespace podscale {
namespace {

TEST_F(VerificationStudy, KnownErrors) {
  namelist_.set("sampling.members=2");  // the product was made with 9
  const VerifyOptions wanted = options();
  Verification verification(world_, wanted);
  EXPECT_EQ(verification.times(), verified);
  EXPECT_EQ(verification.period(), "2002-01-01 to 2002-01-20");
  const ScoreAccumulator scores = verification.score();
  const Scores product = scores.total(0);
  EXPECT_NEAR(product.rmse, bias, 1e-4);  // float32 kelvin
  EXPECT_NEAR(product.bias, bias, 1e-4);
  EXPECT_NEAR(product.spread_skill, std::sqrt(10.0 / 9.0),
              1e-3);  // 9 members, from the product's own namelist
  EXPECT_NEAR(product.anomaly_correlation, 1, 1e-6);
  EXPECT_EQ(product.points, verified * (ny * nx - 27) - 1);  // the cloud
  EXPECT_EQ(scores.at(1, 0).points, ny * nx - 27 - 1);
  // Interpolations of 4 x 4 block means know the large scale, the climatology the season only.
  ASSERT_EQ(scores.systems()[2].name, "bilinear_anomaly");
  ASSERT_EQ(scores.systems()[5].name, "climatology");
  for (const std::size_t s : {1u, 2u, 3u, 4u})
    EXPECT_LT(scores.total(s).rmse, 0.8 * scores.total(5).rmse) << s;
  EXPECT_EQ(scores.lost(), 0);

  verification.follow_point(scores);
  const ScoreAccumulator again = Verification(Communicator::self(), wanted).score();
  for (std::size_t s = 0; s < scores.systems().size(); ++s) {
    const Scores a = scores.total(s), b = again.total(s);
    EXPECT_EQ(std::memcmp(&a, &b, sizeof a), 0)
        << "scores of " << scores.systems()[s].name << " depend on the ranks";
  }

  const std::string table = write(verification, scores);
  if (world_.is_root()) {
    EXPECT_NE(table.find("bicubic_anomaly"), std::string::npos);
    std::ifstream text(path("scores.txt"));
    EXPECT_EQ(std::string(std::istreambuf_iterator<char>(text), {}), table);
    const Communicator self = Communicator::self();
    const NetcdfFile file = NetcdfFile::open(self, path("scores.nc"));
    const long point = 12 * nx + 9;
    EXPECT_EQ(file.text("picture_truth", "units"), "K");  // of the product; the sources have degC
    EXPECT_EQ(file.text("rmse", "units"), "K");
    EXPECT_NEAR(file.get_all("picture_truth")[point], truth_at(first_verified + 10, 12, 9) + 273.15, 5e-5);
    EXPECT_NEAR(file.get_all("picture_deviation")[point], bias, 1e-5);
    double block = 0;
    for (long j = 12; j < 16; ++j)
      for (long i = 8; i < 12; ++i) block += truth_at(first_verified + 10, j, i) / 16;
    EXPECT_NEAR(file.get_all("picture_low_resolution")[point], block + 273.15, 1e-4);
    // The series, at the first of all points, which spread alike: the sea in the south-west.
    const auto series = file.get_all("point_mean"), truth = file.get_all("point_truth"),
               width = file.get_all("point_half_width"), position = file.get_all("point_position");
    ASSERT_EQ(series.size(), verified);
    EXPECT_EQ(position, (std::vector<double>{30.125, 150.875}));
    for (std::size_t t = 0; t < verified; ++t) {
      EXPECT_NEAR(truth[t], truth_at(first_verified + static_cast<long>(t), 0, 3) + 273.15, 5e-5);
      EXPECT_NEAR(series[t], truth[t] + bias, 1e-4);
      EXPECT_NEAR(width[t], 1.6449 * bias, 1e-4);
    }
    EXPECT_FALSE(file.has_variable("picture_member"));  // neither members nor factors
  }
}

TEST_F(VerificationStudy, WrongInputsAreRefusedByAllRanks) {
  EXPECT_EQ(code_of("missing.nc"), ExitCode::no_input);
  EXPECT_EQ(code_of("hr.nc"), ExitCode::data);  // no variable tos
  EXPECT_NE(message_.find("tos"), std::string::npos) << message_;
  write_product(path("late.nc"), 300);  // beyond data.downscale
  EXPECT_EQ(code_of("late.nc"), ExitCode::data);
  EXPECT_NE(message_.find("data.downscale"), std::string::npos) << message_;
  namelist_.set("data.downscale='2000-01-01','2009-12-31'");
  EXPECT_EQ(code_of("late.nc"), ExitCode::data);
  EXPECT_NE(message_.find("no date in common"), std::string::npos) << message_;
  EXPECT_NE(message_.find("its nearest to"), std::string::npos) << message_;
  namelist_.set("data.downscale='2000-01-01','2001-02-29'");
  EXPECT_EQ(code_of("product.nc"), ExitCode::usage);
  EXPECT_NE(message_.find("2001-02 ends on day 28"), std::string::npos) << message_;
  namelist_.set("data.downscale='2000-01-01','2009-12-31'");
  namelist_.set("verify.picture_date='1999-01-01'");
  EXPECT_EQ(code_of("product.nc"), ExitCode::usage);
}

TEST_F(VerificationStudy, ShiftedTruthIsRefused) {
  write_truth(path("shifted.nc"), 0.01);  // 4 % of a cell
  namelist_.set("data.truth_files='" + path("shifted.nc") + "'");
  EXPECT_EQ(code_of("product.nc"), ExitCode::data);
  EXPECT_NE(message_.find("0.01 of a cell"), std::string::npos) << message_;
}

}  // namespace
}  // namespace podscale
