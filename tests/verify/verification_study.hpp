#pragma once
// A small synthetic study for podscale-verify, whose scores are known.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "podscale/core/error.hpp"
#include "podscale/study/basis_builder.hpp"
#include "podscale/study/product_file.hpp"
#include "podscale/verify/verification.hpp"
#include "scratch.hpp"

namespace podscale {

constexpr long ny = 16, nx = 16, days = 800, first_verified = 731, verified = 20;
constexpr double bias = 0.3, variance = 0.09;

inline bool is_land(long j, long i) {
  return i < 3 && j < 9;
}

inline double truth_at(long day, long j, long i) {
  const double phase = 2 * M_PI * static_cast<double>(day) / 365.25;
  return 15 - 0.2 * static_cast<double>(j) + 3 * std::cos(phase) +
         std::sin(0.35 * i + 0.05 * day) * std::cos(0.3 * j);
}

class VerificationStudy : public ::testing::Test {
 protected:
  VerificationStudy() : world_(Communicator::duplicate(MPI_COMM_WORLD)) {
    write_truth(path("hr.nc"), 0);
    namelist_.parse("&data hr_files = '" + path("hr.nc") +
                        "' lr_source = 'coarsen' coarsen_factor = 4\n"
                        "train = '2000-01-01', '2001-12-31' validate = '2001-12-01', '2001-12-31'\n"
                        "downscale = '2002-01-01', '2002-01-20' /\n"
                        "&patches size = 8, 8 modes = 4 overlap = 0 /\n&basis harmonics = 1 /\n&model base = 'none' /\n"
                        "&sampling uncertainty = 'ensemble', members = 9 "
                        "/\n&output variable_name = 'tos' /\n&verify window = 3 /",
                    "test");
    {
      const StudySeries study = open_study(world_, DataOptions(namelist_));
      write_basis(world_, build_basis(world_, StudyOptions(namelist_), study), path("basis.nc"));
    }
    write_product(path("product.nc"), 0);
  }
  std::string path(const std::string& name) const { return folder_ / name; }

  static Mesh grid(double shift) {
    std::vector<double> lat, lon;
    for (long j = 0; j < ny; ++j) lat.push_back(30.125 + shift + 0.25 * static_cast<double>(j));
    for (long i = 0; i < nx; ++i) lon.push_back(150.125 + 0.25 * static_cast<double>(i));
    return Mesh::rectilinear(lat, lon);
  }

  /// Collective; rank 0 writes. The truth of the second verified day has a cloud.
  void write_truth(const std::string& file_path, double shift) const {
    world_.agree([&] {
      if (world_.is_root()) write_truth_alone(file_path, shift);
    });
  }
  void write_truth_alone(const std::string& file_path, double shift) const {
    const Communicator self = Communicator::self();
    NetcdfFile file = NetcdfFile::create(self, file_path);
    file.define_dimension("time", days);
    file.define_dimension("lat", ny);
    file.define_dimension("lon", nx);
    for (const char* name : {"time", "lat", "lon"}) file.define_variable(name, NC_DOUBLE, {name});
    file.put_text("time", "units", "days since 2000-01-01");
    file.put_text("lat", "units", "degrees_north");
    file.put_text("lon", "units", "degrees_east");
    file.define_variable("sst", NC_FLOAT, {"time", "lat", "lon"}, {{}, 0, -999.0});
    file.put_text("sst", "units", "degC");
    file.end_definitions();
    std::vector<double> times(days);
    std::vector<float> field;
    for (long t = 0; t < days; ++t) {
      times[t] = static_cast<double>(t);
      for (long j = 0; j < ny; ++j)
        for (long i = 0; i < nx; ++i)
          field.push_back(is_land(j, i) || (t == first_verified + 1 && j == 12 && i == 12)
                              ? -999.0f
                              : static_cast<float>(truth_at(t, j, i)));
    }
    const Mesh axes = grid(shift);
    file.put("time", {0}, {days}, std::span<const double>(times));
    file.put("lat", {0}, {ny}, std::span<const double>(axes.y().centres));
    file.put("lon", {0}, {nx}, std::span<const double>(axes.x().centres));
    file.put("sst", {0, 0, 0}, {days, ny, nx}, std::span<const float>(field));
    file.commit();
  }

  // Truth + error with the square of bias as variance; in kelvin, so that the units are converted
  // on the way back.
  void write_product(const std::string& file_path, long day_shift, double error = bias) const {
    SampleAxis times;
    times.units = "days since 2000-01-01";
    for (long k = 0; k < verified; ++k)
      times.samples.push_back({static_cast<double>(first_verified + k + day_shift), {}});
    const Decomposition decomposition(ny, nx, 8, 8, world_.size());
    const Window window = decomposition.window_of(world_.rank());
    ProductOptions options;
    options.variables = {{"tos", "sea_surface_temperature", "sea surface temperature", "K", "degC"}};
    options.chunk = {8, 8};
    options.attributes = {{"podscale_namelist", namelist_.effective()}};
    ProductFile file(world_, file_path, grid(0), window, times, options);
    for (long k = 0; k < verified; ++k) {
      std::vector<double> mean, spread;
      for (long j = window.y0; j < window.y0 + window.ny; ++j)
        for (long i = window.x0; i < window.x0 + window.nx; ++i) {
          mean.push_back(is_land(j, i) ? std::nan("") : truth_at(first_verified + k, j, i) + error);
          spread.push_back(is_land(j, i) ? std::nan("") : variance);
        }
      file.write(static_cast<std::size_t>(k), 1, mean, spread, {});
    }
    file.commit();
  }

  VerifyOptions options(const std::string& product = "product.nc",
                        std::vector<ComparedProduct> compared = {}) const {
    VerifyOptions options = verify_options(namelist_);
    options.product_path = path(product);
    options.basis_path = path("basis.nc");
    options.compared = std::move(compared);
    return options;
  }
  /// Collective. The table, on rank 0.
  std::string write(Verification& verification, const ScoreAccumulator& scores) const {
    std::optional<OutputFile> text;
    if (world_.is_root()) text.emplace(path("scores.txt"));
    const std::string table = verification.write(scores, path("scores.nc"), text ? &*text : nullptr);
    if (text) text->commit();
    return table;
  }

  ExitCode code_of(const std::string& product, std::vector<ComparedProduct> compared = {}) const {
    try {
      const VerifyOptions wanted = options(product, std::move(compared));
      Verification(world_, wanted);
    } catch (const Error& error) {
      EXPECT_TRUE(error.agreed());
      message_ = error.what();
      return error.code();
    }
    return ExitCode::ok;
  }

  Communicator world_;
  test::ScratchFolder folder_{world_};
  Namelist namelist_;
  mutable std::string message_;
};

}  // namespace podscale
