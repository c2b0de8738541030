// podscale-verify's work on two variables, on every kind of mesh.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <iterator>

#include "podscale/core/error.hpp"
#include "podscale/field/array_source.hpp"
#include "podscale/field/coarsened.hpp"
#include "podscale/field/mesh_file.hpp"
#include "podscale/study/basis_builder.hpp"
#include "podscale/study/basis_file.hpp"
#include "podscale/study/context.hpp"
#include "podscale/study/product_file.hpp"
#include "podscale/verify/verification.hpp"
#include "scratch.hpp"

namespace podscale {
namespace {

constexpr long ny = 16, nx = 24, points = ny * nx, days = 420, first_verified = 400, verified = 10;
constexpr double error_of[] = {0.3, 0.02};
const std::vector<Variable> variables = {{"tos", "degC", "degC", "", "temperature", "", {}},
                                         {"so", "1e-3", "1e-3", "", "salinity", "", {}}};

double truth_at(long channel, long day, long point) {
  const double phase = 2 * M_PI * static_cast<double>(day) / 365.25, j = static_cast<double>(point / nx),
               i = static_cast<double>(point % nx),
               wave = std::sin(0.35 * i + 0.05 * day) * std::cos(0.3 * j);
  return channel == 0
             ? 15 - 0.2 * j + 3 * std::cos(phase) + wave
             : 35 + 0.02 * i + 0.1 * std::sin(phase) - 0.05 * wave + 0.03 * std::cos(0.4 * j - 0.1 * day);
}

bool is_land(long point) {
  return point % nx < 3 && point / nx < 9;
}

Mesh mesh_of_kind(const std::string& kind) {
  std::vector<double> y, x;
  PointTable table;
  for (long j = 0; j < ny; ++j) y.push_back(30.125 + 0.25 * static_cast<double>(j));
  for (long i = 0; i < nx; ++i) x.push_back(150.125 + 0.25 * static_cast<double>(i));
  if (kind == "rectilinear") return Mesh::rectilinear(y, x);
  if (kind == "plane") {
    for (double& value : y) value *= 1e5;
    for (double& value : x) value *= 1e5;
    return Mesh::plane(y, x, {});
  }
  if (kind == "image") return Mesh::image(ny, nx);
  for (long j = 0; j < ny; ++j)
    for (long i = 0; i < nx; ++i) {
      table.y.push_back(y[j] + 0.3 * (x[i] - 150));
      table.x.push_back(x[i] - 0.4 * (y[j] - 30));
    }
  return Mesh::curvilinear(ny, nx, table);
}

class OnMesh : public ::testing::TestWithParam<const char*> {
 protected:
  OnMesh() : world_(Communicator::duplicate(MPI_COMM_WORLD)), mesh_(mesh_of_kind(GetParam())) {
    write_series();
    namelist_.parse(
        "&data hr_files = '" + path("hr.nc") +
            "' hr_variable = 'tos', 'so' lr_source = 'coarsen' coarsen_factor = 4 train = '2000-01-01', '2000-12-31'\n"
            "downscale = '2001-02-04', '2001-02-13' /\n&patches size = 8, 8 modes = 6 /\n"
            "&basis harmonics = 1 /\n&model base = 'none' /\n&sampling uncertainty = 'head' /\n"
            "&grid interpolation = 'bilinear' /\n&output variable_name = '' /\n"
            "&verify window = 3, spectrum_window = 8, bootstrap_samples = 20, block_days = 2 /",
        "test");
    if (GetParam() == std::string("plane")) namelist_.set("verify.event=percentile");
  }
  std::string path(const std::string& name) const { return folder_ / name; }

  SampleAxis axis(long first, long count) const {
    std::vector<double> values;
    for (long t = 0; t < count; ++t) values.push_back(static_cast<double>(first + t));
    return decode_times(values, "days since 2000-01-01", "standard", "test");
  }

  /// Collective; rank 0 writes.
  void write_series() const {
    world_.agree([&] {
      if (world_.is_root()) write_series_alone();
    });
  }
  void write_series_alone() const {
    const Communicator self = Communicator::self();
    NetcdfFile file = NetcdfFile::create(self, path("hr.nc"));
    file.define_dimension("time", days);
    file.define_variable("time", NC_DOUBLE, {"time"});
    file.put_text("time", "units", "days since 2000-01-01");
    const MeshNames names = define_mesh(file, mesh_);
    for (const Variable& v : variables) {
      file.define_variable(v.name, NC_FLOAT, {"time", names.y, names.x}, {{}, 0, -999.0});
      file.put_text(v.name, "units", v.units);
      names.describe(file, v.name);
    }
    file.end_definitions();
    write_mesh(self, file, mesh_);
    file.put("time", {0}, {days}, std::span<const double>(axis(0, days).values()));
    for (long c = 0; c < 2; ++c) {
      std::vector<float> field;
      for (long t = 0; t < days; ++t)
        for (long i = 0; i < points; ++i)
          field.push_back(is_land(i) ? -999.0f : static_cast<float>(truth_at(c, t, i)));
      file.put(variables[c].name, {0, 0, 0}, {days, ny, nx}, std::span<const float>(field));
    }
    file.commit();
  }

  /// Of so many variables, the second alone where first is 1.
  void write_basis_and_product(long first, long channels) {
    const std::vector<Variable> mine(variables.begin() + first, variables.begin() + first + channels);
    std::vector<float> values;
    for (long t = 0; t < days; ++t)
      for (long c = first; c < first + channels; ++c)
        for (long i = 0; i < points; ++i)
          values.push_back(is_land(i) ? std::nanf("") : static_cast<float>(truth_at(c, t, i)));
    const auto hr = std::make_shared<const ArraySource>(world_, mesh_, axis(0, days), values, mine);
    const auto lr = std::make_shared<const Coarsened>(hr, 4);
    write_basis(world_, build_basis(world_, StudyOptions(namelist_), StudySeries(hr, lr)), path("basis.nc"));
    const Decomposition decomposition(ny, nx, 8, 8, world_.size());
    const Window w = decomposition.window_of(world_.rank());
    ProductOptions options;
    for (const Variable& v : mine)
      options.variables.push_back({v.name, "", v.long_name, v.units, v.working_units});
    options.chunk = {8, 8};
    ProductFile file(world_, path("product.nc"), mesh_, w, axis(first_verified, verified), options);
    for (long t = 0; t < verified; ++t) {
      std::vector<double> mean, variance;
      for (long c = first; c < first + channels; ++c)
        for (long i = 0; i < points; ++i) {
          const long j = i / nx, k = i % nx;
          if (j < w.y0 || j >= w.y0 + w.ny || k < w.x0 || k >= w.x0 + w.nx) continue;
          mean.push_back(is_land(i) ? std::nan("") : truth_at(c, first_verified + t, i) + error_of[c]);
          variance.push_back(is_land(i) ? std::nan("") : error_of[c] * error_of[c]);
        }
      file.write(static_cast<std::size_t>(t), 1, mean, variance, {});
    }
    file.commit();
  }

  VerifyOptions options(const std::string& text) const {
    VerifyOptions options = verify_options(namelist_);
    options.product_path = path("product.nc");
    options.basis_path = path("basis.nc");
    options.scores_path = path("scores.nc");
    options.picture_path = path("picture.png");
    options.text_path = path(text);
    return options;
  }
  Context context(Communicator comm) const {
    return {.comm = std::move(comm), .namelist = namelist_, .files = {}};
  }
  std::string content(const std::string& name) const {
    std::ifstream text(path(name));
    return {std::istreambuf_iterator<char>(text), {}};
  }

  Communicator world_;
  Mesh mesh_;
  test::ScratchFolder folder_{world_};
  Namelist namelist_;
};

TEST_P(OnMesh, TwoVariablesAreVerifiedOneAfterTheOther) {
  write_basis_and_product(0, 2);
  const auto pictures =
      run_verification(context(Communicator::duplicate(MPI_COMM_WORLD)), options("scores.txt"));
  world_.barrier();
  ASSERT_EQ(pictures.size(), world_.is_root() ? 2u : 0u);
  if (!world_.is_root()) return;
  EXPECT_EQ(pictures[1].path, path("picture_so.png"));
  const std::string text = content("scores.txt");
  EXPECT_EQ(text.find("tos: temperature, degC\n"), 0u) << text.substr(0, 100);
  EXPECT_NE(text.find("\nso: salinity, 1e-3\n"), std::string::npos);
  const Communicator self = Communicator::self();
  const bool axes = mesh_.separable();
  for (long c = 0; c < 2; ++c) {
    const NetcdfFile file = NetcdfFile::open(self, pictures[c].scores);
    EXPECT_EQ(file.text("rmse", "units"), c == 0 ? "K" : "1e-3");
    EXPECT_EQ(file.text("picture_truth", "units"), variables[c].units);
    EXPECT_EQ(mesh_difference(read_mesh(file), mesh_), std::nullopt);
    const std::string names = file.text("system", "flag_meanings").value();
    EXPECT_EQ(
        names,
        axes ? "podscale bilinear_anomaly bicubic_anomaly bicubic bilinear climatology persistence pod_bound"
             : "podscale bilinear_anomaly bilinear climatology persistence pod_bound");
    const auto rmse = file.get_all("rmse");
    const std::size_t last = rmse.size() - 1;
    EXPECT_NEAR(rmse[0], error_of[c], 1e-5) << c;
    EXPECT_LT(rmse[last], 0.25 * rmse[1]) << c;  // the bound is all but the truth
    EXPECT_LT(rmse[1], rmse[last - 2]) << c;     // the anomaly knows more than the climatology
    EXPECT_NEAR(file.get_all("picture_truth")[5 * nx + 7], truth_at(c, first_verified + 5, 5 * nx + 7), 1e-4);
    const double km = file.get_all("spectrum_spacing")[0];
    EXPECT_EQ(km < 1e30, std::string(GetParam()) != "image");
  }
  run_verification(context(Communicator::self()), options("alone.txt"));
  EXPECT_EQ(content("alone.txt"), text);
}

// The same numbers as with the other variable beside it, but for the basis.
TEST_P(OnMesh, OneOfThemKeepsThePlainNames) {
  write_basis_and_product(1, 1);
  namelist_.set("data.hr_variable='so'");
  const auto pictures =
      run_verification(context(Communicator::duplicate(MPI_COMM_WORLD)), options("scores.txt"));
  world_.barrier();
  if (!world_.is_root()) return;
  ASSERT_EQ(pictures.size(), 1u);
  EXPECT_EQ(pictures[0].scores, path("scores.nc"));
  EXPECT_EQ(content("scores.txt").find("scores over 2001-02-04 to 2001-02-13: 10 times"), 0u);
  const Communicator self = Communicator::self();
  const NetcdfFile file = NetcdfFile::open(self, path("scores.nc"));
  EXPECT_NEAR(file.get_all("rmse")[0], error_of[1], 1e-5);
  EXPECT_EQ(file.text("bias", "units"), "1e-3");
}

TEST_P(OnMesh, OtherMeshesAreRefused) {
  write_basis_and_product(0, 1);
  namelist_.set("data.hr_variable='tos'");
  VerifyOptions wrong = options("scores.txt");
  mesh_ = mesh_of_kind(GetParam() == std::string("rectilinear") ? "curvilinear" : "rectilinear");
  write_series();
  try {
    Verification(world_, wrong);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::data);
    EXPECT_TRUE(error.agreed());
    EXPECT_NE(std::string(error.what()).find("its mesh differs"), std::string::npos) << error.what();
  }
}

INSTANTIATE_TEST_SUITE_P(Meshes, OnMesh, ::testing::Values("rectilinear", "curvilinear", "plane", "image"));

}  // namespace
}  // namespace podscale
