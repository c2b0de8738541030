// What a product's reader gets from the factors in the file, against the forecast that was
// written.
#include "podscale/study/product_factors.hpp"

#include "podscale/study/factor_reader.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "podscale/core/error.hpp"
#include "podscale/field/sample_file.hpp"
#include "podscale/gaussian/functional.hpp"
#include "scratch.hpp"
#include "synthetic.hpp"

using namespace podscale;

namespace {

constexpr std::size_t kTimes = 3;
constexpr double kTruncation = 1.2;

SampleAxis days() {
  SampleAxis axis;
  axis.units = "days since 2000-01-01";
  for (int t = 0; t < static_cast<int>(kTimes); ++t) axis.samples.push_back({1.0 * t, {2000, 1, 1 + t, 0}});
  return axis;
}

/// A product with an empty field, and its factors beside it where there are some.
void write(const Communicator& comm, const std::string& path, const Basis& basis,
           const ProductFactors* factors, const std::vector<CoefficientForecast>& forecasts,
           std::span<const float> condition) {
  NetcdfFile file = NetcdfFile::create(comm, path);
  define_samples(file, days());
  define_mesh(file, basis.mesh);
  file.define_variable("sst", NC_FLOAT, {"time", "lat", "lon"});
  const auto tie = factor_tie(path, "this run");
  if (factors) put_attributes(file, tie);
  file.end_definitions();
  write_samples(comm, file, days());
  write_mesh(comm, file, basis.mesh);
  file.commit();
  if (factors) {
    NetcdfFile beside = factors->create(factors_path(path), days(), {"sst"}, tie);
    const std::size_t width = condition.size() / kTimes;  // in two parts, as blocks of times come
    std::vector<std::size_t> later(forecasts.size() - 2);
    std::iota(later.begin(), later.end(), std::size_t{2});
    factors->put(beside, std::vector<std::size_t>{0, 1}, {forecasts.begin(), forecasts.begin() + 2},
                 condition.first(2 * width));
    factors->put(beside, later, {forecasts.begin() + 2, forecasts.end()}, condition.subspan(2 * width));
    beside.commit();
  }
  comm.barrier();
}

std::vector<float> conditions(const Basis& basis, long width) {
  std::vector<float> rows;
  for (std::size_t t = 0; t < kTimes; ++t) {
    const auto row = synthetic::make_condition(basis, width, static_cast<long>(t));
    rows.insert(rows.end(), row.begin(), row.end());
  }
  return rows;
}

std::vector<std::vector<double>> weights() {
  return {synthetic::rectangle(2, 10, 3, 13), synthetic::rectangle(0, 14, 0, 17),
          synthetic::rectangle(2, 12, 2, 14, true), synthetic::rectangle(6, 7, 7, 8)};
}

std::vector<double> variances(const Communicator& comm, const Basis& basis,
                              const CoefficientForecast& forecast, double truncation) {
  std::vector<Functional> list;
  for (const auto& w : weights()) list.push_back({"f", synthetic::on_window(basis, w)});
  const std::vector<double> zero(basis.window.points(), 0.0);
  std::vector<double> result;
  for (const auto& f : FunctionalSet(basis, list).evaluate(comm, forecast, truncation, zero))
    result.push_back(f.variance);
  return result;
}

/// Reader's variances of functionals, of every time, against those of the forecasts.
void expect_same(const Communicator& comm, const std::string& path, const Basis& basis,
                 const std::vector<CoefficientForecast>& forecasts, double tolerance) {
  const Communicator self = Communicator::self();
  const NetcdfFile file = NetcdfFile::open(self, path);
  const FactorReader reader(file);
  EXPECT_EQ(reader.basis().mesh.checksum(), basis.mesh.checksum());
  for (std::size_t t = 0; t < kTimes; ++t) {
    const auto expected = variances(comm, basis, forecasts[t], kTruncation);
    const auto found = variances(self, reader.basis(), reader.read(t), 1);  // the file's tau is inflated
    for (std::size_t f = 0; f < expected.size(); ++f)
      EXPECT_NEAR(found[f] / expected[f], 1, tolerance) << t << ", " << f;
  }
}

}  // namespace

TEST(ProductFactors, LatentVariancesGiveTheSameFunctionals) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  for (const auto& [rank, overlap] :
       {std::pair{synthetic::global_modes, 0L}, {0, 0L}, {synthetic::global_modes, 2L}}) {
    const synthetic::Study study(comm, rank, overlap, false, true);
    const std::string path = test::ScratchFolder(comm) / fmt::format("latent_{}_{}.nc", rank, overlap);
    const auto condition = conditions(study.basis, study.space.condition_width());
    std::vector<CoefficientForecast> forecasts;
    for (std::size_t t = 0; t < kTimes; ++t) {  // variances as a head gives them: of every latent and time
      LatentForecast latent;
      latent.global_mean.assign(static_cast<std::size_t>(rank), 0.0);
      for (int r = 0; r < rank; ++r) latent.global_variance.push_back(0.5 + r + static_cast<double>(t));
      for (const PatchModes& patch : study.basis.patches.mine)
        for (const double z : synthetic::normals(synthetic::modes, 61, patch.patch, static_cast<long>(t))) {
          latent.patch_mean.push_back(0);
          latent.patch_variance.push_back(0.3 + z * z);
        }
      const std::size_t width = condition.size() / kTimes;
      forecasts.push_back(
          forecast_from_latents(study.space, latent, std::span(condition).subspan(t * width, width)));
    }
    const ProductFactors factors(comm, study.space, 0, kTruncation, 1);
    write(comm, path, study.basis, &factors, forecasts, condition);
    expect_same(comm, path, study.basis, forecasts, 1e-12);
  }
}

TEST(ProductFactors, MembersGiveTheSameFunctionalsToFloatRounding) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  const synthetic::Study study(comm, synthetic::global_modes, 2);
  const std::string path = test::ScratchFolder(comm) / "members.nc";
  constexpr int members = 3;
  const auto condition = conditions(study.basis, study.space.condition_width());
  std::vector<CoefficientForecast> forecasts;
  for (std::size_t t = 0; t < kTimes; ++t) {
    std::vector<double> patch, global;
    for (int m = 0; m < members; ++m) {
      const long key = static_cast<long>(t) * members + m;
      for (const PatchModes& p : study.basis.patches.mine)
        for (const double z : synthetic::normals(synthetic::modes, 62, p.patch, key)) patch.push_back(z);
      for (const double z : synthetic::normals(synthetic::global_modes, 63, key)) global.push_back(z);
    }
    const std::size_t width = condition.size() / kTimes;
    forecasts.push_back(forecast_from_members(study.space, members, patch, global,
                                              std::span(condition).subspan(t * width, width)));
  }
  const ProductFactors factors(comm, study.space, members, kTruncation, 1);
  write(comm, path, study.basis, &factors, forecasts, condition);
  expect_same(comm, path, study.basis, forecasts, 1e-5);
}

TEST(ProductFactors, WhatTheForecastWasToldComesBack) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD), self = Communicator::self();
  const synthetic::Study study(comm), alone(self);
  const std::string path = test::ScratchFolder(comm) / "condition.nc";
  const auto condition = conditions(study.basis, study.space.condition_width());
  const float phase[kTimes] = {};
  const std::uint64_t key[kTimes] = {};
  // The base's request is [times][patches][C].
  const auto forecasts = base_forecast(study.space)({condition, phase, key}, {1.1, 0.9, kTruncation});
  const ProductFactors factors(comm, study.space, 0, kTruncation, 0);
  write(comm, path, study.basis, &factors, forecasts, condition);
  const NetcdfFile file = NetcdfFile::open(self, path);
  const FactorReader reader(file);
  for (std::size_t t = 0; t < kTimes; ++t)
    EXPECT_EQ(read_condition(reader.file(), reader.basis(), 0,
                             static_cast<std::size_t>(alone.space.condition_width()), t),
              synthetic::make_condition(alone.basis, alone.space.condition_width(), static_cast<long>(t)));
  for (std::size_t p = 0; p < alone.basis.patches.mine.size(); ++p)
    for (std::size_t i = 0; i < alone.basis.patches.mine[p].tau.size(); ++i)
      EXPECT_EQ(reader.basis().patches.mine[p].tau[i], kTruncation * alone.basis.patches.mine[p].tau[i]);
  EXPECT_EQ(reader.basis().ocean, alone.basis.ocean);
}

TEST(ProductFactors, AProductWithoutThemIsRefused) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD), self = Communicator::self();
  const Basis basis = synthetic::make_basis(comm);
  const std::string path = test::ScratchFolder(comm) / "without.nc";
  write(comm, path, basis, nullptr, {}, {});
  const NetcdfFile file = NetcdfFile::open(self, path);
  try {
    const FactorReader reader(file);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::data);
    EXPECT_NE(std::string(error.what()).find("write_factors"), std::string::npos) << error.what();
  }
}
