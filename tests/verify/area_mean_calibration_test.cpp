// Truths drawn from the very covariance that the product carries: squared error over variance is 1 at every
// size, and too large where the covariance between patches is left out.
#include "podscale/verify/area_mean_calibration.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "../gaussian/synthetic.hpp"

using namespace podscale;

namespace {

constexpr long kTimes = 400;

/// A product whose mean is 0, with the factors of the base at every time.
std::string write_product(const Communicator& comm, const synthetic::Study& study) {
  const std::string path = (std::filesystem::temp_directory_path() / "podscale_area_means.nc").string();
  const Basis& basis = study.basis;
  const ProductFactors factors(comm, study.space, 0, 1.0, 0);
  NetcdfFile file = NetcdfFile::create(comm, path);
  file.define_dimension("time", kTimes);
  file.define_dimension("lat", basis.grid.lat.size());
  file.define_dimension("lon", basis.grid.lon.size());
  file.define_variable("lat", NC_DOUBLE, {"lat"});
  file.define_variable("lon", NC_DOUBLE, {"lon"});
  file.define_variable("tos", NC_FLOAT, {"time", "lat", "lon"});
  factors.define(file);
  file.end_definitions();
  file.put("lat", {0}, {basis.grid.lat.size()}, std::span(basis.grid.lat));
  file.put("lon", {0}, {basis.grid.lon.size()}, std::span(basis.grid.lon));
  factors.put_static(file);
  const float phase = 0;
  const std::uint32_t key = 0;
  const auto forecast =
      base_forecast(study.space)({study.condition, std::span(&phase, 1), std::span(&key, 1)}, Inflation{});
  for (std::size_t t = 0; t < kTimes; ++t) factors.put(file, t, forecast, study.condition);
  file.commit();
  return path;
}

/// One draw of N(0, Phi Sigma Phi^T + diag(tau)), K.
std::vector<float> draw(const synthetic::Study& study, long time) {
  const Basis& basis = study.basis;
  const std::size_t k = static_cast<std::size_t>(basis.modes), local = basis.patches.mine.size(),
                    rank = static_cast<std::size_t>(study.space.global_modes());
  const LatentForecast latent{std::vector<double>(rank, 0.0), std::vector<double>(rank, 1.0),
                              std::vector<double>(local * k, 0.0), std::vector<double>(local * k, 1.0)};
  std::vector<float> noise((local + static_cast<std::size_t>(study.space.global_tokens())) * k);
  CounterRandom(3, Stream::test).fill_normal(std::span(noise), static_cast<std::uint32_t>(time));
  const std::vector<float> nothing(study.condition.size(), 0.0f);
  const auto a = draw_coefficients(study.space, latent, noise, nothing);
  const auto fine = synthetic::normals(basis.ocean.size(), 99, time);
  std::vector<double> field(basis.ocean.size());
  for (std::size_t i = 0; i < field.size(); ++i) field[i] = std::sqrt(basis.tau[i]) * fine[i];
  for (std::size_t p = 0; p < local; ++p) add_modes(basis.patches.mine[p], a.data() + p * k, field.data());
  return {field.begin(), field.end()};
}

}  // namespace

TEST(AreaMeanCalibration, IsOneForTheRightCovariance) {
  const Communicator comm = Communicator::self();
  const synthetic::Study study(comm);
  const std::string path = write_product(comm, study);
  std::vector<long> steps;
  for (long t = 0; t < kTimes; ++t) steps.push_back(t);
  AreaMeanCalibration scores("tos", {{"podscale", path, 0, steps}}, kTimes);
  std::vector<double> weights;
  for (const unsigned char ocean : study.basis.ocean) weights.push_back(ocean);
  const std::vector<float> zero(weights.size(), 0.0f);
  const Forecast forecast{zero, {}, {}};
  for (long t = 0; t < kTimes; ++t) {
    const auto truth = draw(study, t);
    scores.add({t, weights, std::span(&forecast, 1), truth, zero});
  }
  scores.reduce(comm);
  const ScoreSection section = scores.section();
  const auto &across = section.variables[0].values, &inside = section.variables[1].values;
  for (std::size_t s = 0; s < 4; ++s)  // 1, 2, 4, 8 points; 16 do not fit
    EXPECT_NEAR(across[s], 1, 0.12)
        << s;  // some 5 % of chance: 400 draws of few effective degrees of freedom
  EXPECT_TRUE(std::isnan(across[4]));
  EXPECT_NEAR(inside[0], across[0], 1e-12);  // a point is in one patch
  EXPECT_GT(std::abs(inside[3] - 1), 2 * std::abs(across[3] - 1));
  std::filesystem::remove(path);
}
