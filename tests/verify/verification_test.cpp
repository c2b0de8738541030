// podscale-verify's work on a small synthetic study whose scores are known.
#include "podscale/verify/verification.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "podscale/base/error.hpp"
#include "podscale/io/product_file.hpp"
#include "podscale/pod/basis_builder.hpp"
#include "podscale/verify/grid_agreement.hpp"

namespace podscale {
namespace {

namespace fs = std::filesystem;
constexpr long ny = 16, nx = 16, days = 800, first_verified = 731, verified = 20;
constexpr double bias = 0.3, variance = 0.09;

bool is_land(long j, long i) {
  return i < 3 && j < 9;
}

double truth_at(long day, long j, long i) {
  const double phase = 2 * M_PI * static_cast<double>(day) / 365.25;
  return 15 - 0.2 * static_cast<double>(j) + 3 * std::cos(phase) +
         std::sin(0.35 * i + 0.05 * day) * std::cos(0.3 * j);
}

class VerificationStudy : public ::testing::Test {
 protected:
  VerificationStudy() : world_(Communicator::duplicate(MPI_COMM_WORLD)) {
    const std::string name = world_.broadcast("podscale_verification_" + std::to_string(getpid()));
    folder_ = fs::temp_directory_path() / name;
    fs::create_directories(folder_);
    world_.barrier();
    if (world_.is_root()) write_truth(path("hr.nc"), 0);
    world_.barrier();
    namelist_.parse("&data hr_files = '" + path("hr.nc") +
                        "' lr_source = 'coarsen' coarsen_factor = 4\n"
                        "train = '2000-01-01', '2001-12-31' validate = '2001-12-01', '2001-12-31'\n"
                        "downscale = '2002-01-01', '2002-01-20' /\n"
                        "&patches size = 8, 8 modes = 4 /\n&basis harmonics = 1 /\n&sampling members = 9 "
                        "/\n&verify window = 3 /",
                    "test");
    {
      const StudySeries study = open_study(world_, namelist_);
      write_basis(world_, build_basis(world_, namelist_, study), path("basis.nc"));
    }
    write_product(path("product.nc"), 0);
  }
  ~VerificationStudy() override {
    world_.barrier();
    if (world_.is_root()) fs::remove_all(folder_);
  }
  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  static Grid grid(double shift) {
    std::vector<double> lat, lon;
    for (long j = 0; j < ny; ++j) lat.push_back(30.125 + shift + 0.25 * static_cast<double>(j));
    for (long i = 0; i < nx; ++i) lon.push_back(150.125 + 0.25 * static_cast<double>(i));
    return make_grid(lat, lon);
  }

  // One rank; the truth of the second verified day has a cloud.
  void write_truth(const std::string& file_path, double shift) const {
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
    const Grid axes = grid(shift);
    file.put("time", {0}, {days}, std::span<const double>(times));
    file.put("lat", {0}, {ny}, std::span<const double>(axes.lat));
    file.put("lon", {0}, {nx}, std::span<const double>(axes.lon));
    file.put("sst", {0, 0, 0}, {days, ny, nx}, std::span<const float>(field));
    file.commit();
  }

  // Truth + bias with that bias' square as variance; in kelvin, so that the units are converted on the way
  // back.
  void write_product(const std::string& file_path, long day_shift) const {
    TimeAxis times;
    times.units = "days since 2000-01-01";
    for (long k = 0; k < verified; ++k)
      times.values.push_back(static_cast<double>(first_verified + k + day_shift));
    const Decomposition decomposition(ny, nx, 8, 8, world_.size());
    const Window window = decomposition.window_of(world_.rank());
    ProductOptions options{"tos", "sea_surface_temperature", "sea surface temperature", "K", 0, 1, {8, 8},
                           {}};
    options.attributes = {{"podscale_namelist", namelist_.effective()}};
    ProductFile file(world_, file_path, grid(0), window, times, options);
    for (long k = 0; k < verified; ++k) {
      std::vector<double> mean, spread;
      for (long j = window.y0; j < window.y0 + window.ny; ++j)
        for (long i = window.x0; i < window.x0 + window.nx; ++i) {
          mean.push_back(is_land(j, i) ? std::nan("") : truth_at(first_verified + k, j, i) + bias);
          spread.push_back(is_land(j, i) ? std::nan("") : variance);
        }
      file.write(static_cast<std::size_t>(k), 1, mean, spread, {});
    }
    file.commit();
  }

  ExitCode code_of(const std::string& product) const {
    try {
      Verification(world_, namelist_, path(product), path("basis.nc"));
    } catch (const Error& error) {
      EXPECT_TRUE(error.agreed());
      message_ = error.what();
      return error.code();
    }
    return ExitCode::ok;
  }

  Communicator world_;
  fs::path folder_;
  Namelist namelist_;
  mutable std::string message_;
};

TEST_F(VerificationStudy, KnownErrors) {
  namelist_.set("sampling.members=2");  // the product was made with 9
  Verification verification(world_, namelist_, path("product.nc"), path("basis.nc"));
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
  for (const std::size_t s : {1u, 2u, 3u}) EXPECT_LT(scores.total(s).rmse, 0.8 * scores.total(4).rmse) << s;
  EXPECT_EQ(scores.lost(), 0);

  const ScoreAccumulator again =
      Verification(Communicator::self(), namelist_, path("product.nc"), path("basis.nc")).score();
  for (std::size_t s = 0; s < 5; ++s) {
    const Scores a = scores.total(s), b = again.total(s);
    EXPECT_EQ(std::memcmp(&a, &b, sizeof a), 0)
        << "scores of " << scores.systems()[s].name << " depend on the ranks";
  }

  world_.barrier();
  if (world_.is_root()) {
    const std::string table = verification.write(scores, path("scores.nc"), path("scores.txt"));
    EXPECT_NE(table.find("bicubic_anomaly"), std::string::npos);
    std::ifstream text(path("scores.txt"));
    EXPECT_EQ(std::string(std::istreambuf_iterator<char>(text), {}), table);
    const Communicator self = Communicator::self();
    const NetcdfFile file = NetcdfFile::open(self, path("scores.nc"));
    const long point = 12 * nx + 9;
    EXPECT_NEAR(file.get_all("picture_truth")[point], truth_at(first_verified + 10, 12, 9), 1e-5);
    EXPECT_NEAR(file.get_all("picture_deviation")[point], bias, 1e-5);
    double block = 0;
    for (long j = 12; j < 16; ++j)
      for (long i = 8; i < 12; ++i) block += truth_at(first_verified + 10, j, i) / 16;
    EXPECT_NEAR(file.get_all("picture_low_resolution")[point], block, 1e-4);
  }
}

TEST_F(VerificationStudy, WrongInputsAreRefusedByAllRanks) {
  EXPECT_EQ(code_of("missing.nc"), ExitCode::no_input);
  EXPECT_EQ(code_of("hr.nc"), ExitCode::data);  // no variable tos
  EXPECT_NE(message_.find("tos"), std::string::npos) << message_;
  write_product(path("late.nc"), 300);  // beyond data.downscale
  EXPECT_EQ(code_of("late.nc"), ExitCode::data);
  EXPECT_NE(message_.find("data.downscale"), std::string::npos) << message_;
  namelist_.set("verify.picture_date='1999-01-01'");
  EXPECT_EQ(code_of("product.nc"), ExitCode::usage);
}

TEST_F(VerificationStudy, ShiftedTruthIsRefused) {
  if (world_.is_root()) write_truth(path("shifted.nc"), 0.01);  // 4 % of a cell
  world_.barrier();
  namelist_.set("data.truth_files='" + path("shifted.nc") + "'");
  EXPECT_EQ(code_of("product.nc"), ExitCode::data);
  EXPECT_NE(message_.find("1e-3 of a cell"), std::string::npos) << message_;
}

TEST(CloseGrids, LongitudesModulo360) {
  const Grid a = make_grid({0, 1, 2}, {-170, -169, -168}), b = make_grid({0, 1, 2}, {190, 191, 192});
  EXPECT_NO_THROW(require_close_grids(a, "a", b, "b"));
  EXPECT_THROW(require_close_grids(a, "a", make_grid({0, 1, 2.01}, {190, 191, 192}), "b"), Error);
  EXPECT_THROW(require_close_grids(a, "a", make_grid({0, 1}, {190, 191, 192}), "b"), Error);
}

}  // namespace
}  // namespace podscale
