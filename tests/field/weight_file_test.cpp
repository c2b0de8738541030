#include "podscale/field/weight_file.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "podscale/core/error.hpp"
#include "podscale/file/netcdf_file.hpp"

namespace podscale {
namespace {

const Mesh kSource = Mesh::rectilinear({0, 1, 2}, {10, 11});  // 6 points
const Mesh kTarget = Mesh::rectilinear({0.5, 1.5}, {10.2, 10.5, 10.8});

struct Weights {
  bool scrip = true, positions = true, radians = true, flip = false;
  std::vector<double> source_dims{2, 3}, target_dims{3, 2};  // columns first
  std::size_t per_link = 1;
  double shift = 0;  // degrees, of the target
  std::vector<double> target{1, 1, 6, 4}, source{1, 3, 6, 2}, weight{0.25, 0.75, 1, 1};
};

class WeightFile : public ::testing::Test {
 protected:
  Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  std::string path = (std::filesystem::temp_directory_path() /
                      ("podscale_weights_" + comm.broadcast(std::to_string(::getpid())) + ".nc"))
                         .string();
  void TearDown() override {
    comm.barrier();
    if (comm.is_root()) std::filesystem::remove(path);
  }

  void write(const Weights& w) {
    NetcdfFile file = NetcdfFile::create(comm, path);
    const auto one = [&](const std::string& name, const std::string& dim, const std::vector<double>& values) {
      file.define_dimension(dim, values.size());
      file.define_variable(name, NC_DOUBLE, {dim});
    };
    const std::vector<std::string> names =
        w.scrip
            ? std::vector<std::string>{"dst_address",         "src_address",         "remap_matrix",
                                       "src_grid_center_lat", "src_grid_center_lon", "dst_grid_center_lat",
                                       "dst_grid_center_lon"}
            : std::vector<std::string>{"row", "col", "S", "yc_a", "xc_a", "yc_b", "xc_b"};
    one("src_grid_dims", "src_rank", w.source_dims);
    one("dst_grid_dims", "dst_rank", w.target_dims);
    one(names[0], "links", w.target);
    file.define_dimension("links_of_source", w.source.size());
    file.define_variable(names[1], NC_DOUBLE, {"links_of_source"});
    file.define_dimension("wgts", w.per_link);
    file.define_variable(
        names[2], NC_DOUBLE,
        w.scrip ? std::vector<std::string>{"links", "wgts"} : std::vector<std::string>{"links"});
    std::vector<std::vector<double>> centres(4);
    if (w.positions)
      for (const Mesh* mesh : {&kSource, &kTarget}) {
        const std::size_t at = mesh == &kSource ? 0 : 2;
        for (idx_t p = 0; p < mesh->points(); ++p) {
          const idx_t nx = mesh->nx();
          const Position c = mesh->degrees(w.flip ? (mesh->ny() - 1 - p / nx) * nx + p % nx : p);
          const double unit = w.radians ? kRadians : 1;
          centres[at].push_back(unit * c.y);
          centres[at + 1].push_back(unit * (c.x + (at == 2 ? w.shift : 0)));
        }
        for (const std::size_t k : {at, at + 1}) {
          one(names[3 + k], names[3 + k] + "_n", centres[k]);
          file.put_text(names[3 + k], "units", w.radians ? "radians" : "degrees");
        }
      }
    file.end_definitions();
    const auto put = [&](const std::string& name, const std::vector<double>& values) {
      const std::size_t n = comm.is_root() ? values.size() : 0;
      file.put(name, {0}, {n}, std::span(values).first(n));
    };
    put("src_grid_dims", w.source_dims);
    put("dst_grid_dims", w.target_dims);
    put(names[0], w.target);
    put(names[1], w.source);
    std::vector<double> matrix;
    for (const double weight : w.weight) matrix.insert(matrix.end(), w.per_link, weight);
    if (!comm.is_root()) matrix.clear();
    if (w.scrip)
      file.put(names[2], {0, 0}, {matrix.size() / w.per_link, matrix.empty() ? 0 : w.per_link},
               std::span<const double>(matrix));
    else
      put(names[2], w.weight);
    for (std::size_t k = 0; k < 4; ++k)
      if (!centres[k].empty()) put(names[3 + k], centres[k]);
    file.commit();
  }

  /// Of the rows of this rank's window: row 0 of the target on rank 0, row 1 on the others.
  std::vector<float> applied() {
    const Window window{comm.rank() == 0 ? 0 : 1, 1, 0, 3};
    const Remap remap = read_weights(comm, path, kSource, std::vector<unsigned char>(6, 1), kTarget, window,
                                     std::vector<unsigned char>(3, 1));
    const std::vector<float> whole{1, 2, 3, 4, 5, 6};
    std::vector<float> values, out(3);
    for (idx_t j = 0; j < remap.source().ny; ++j)
      for (idx_t i = 0; i < remap.source().nx; ++i)
        values.push_back(whole[point_of(kSource, remap.source(), j, i)]);
    remap.apply(values, out);
    return out;
  }

  void expect_refusal(const Weights& weights, const std::string& text) {
    write(weights);
    try {
      applied();
      ADD_FAILURE() << "no error; expected " << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::data);
      EXPECT_NE(std::string(error.what()).find(text), std::string::npos) << error.what();
      EXPECT_NE(std::string(error.what()).find(path), std::string::npos) << error.what();
    }
  }
};

TEST_F(WeightFile, BothFormatsGiveTheirRows) {
  const std::vector<float> first{0.25f * 1 + 0.75f * 3, 0, 0}, second{2, 0, 6};
  for (const bool scrip : {true, false})
    for (const bool radians : {true, false})
      for (const bool positions : {true, false}) {
        Weights w;
        w.scrip = scrip;
        w.radians = radians;
        w.positions = positions;
        write(w);
        EXPECT_EQ(applied(), comm.rank() == 0 ? first : second);
      }
}

TEST_F(WeightFile, RowsOfTheFileMayDescend) {
  Weights w;
  w.flip = true;
  w.target = {4, 4, 3, 1};  // the same links, rows counted from the other side
  w.source = {5, 3, 2, 6};
  write(w);
  EXPECT_EQ(applied(), comm.rank() == 0 ? (std::vector<float>{0.25f * 1 + 0.75f * 3, 0, 0})
                                        : (std::vector<float>{2, 0, 6}));
}

TEST_F(WeightFile, OtherGridsAreRefused) {
  Weights w;
  w.source_dims = {3, 2};
  expect_refusal(w, "src_grid_dims is 3 x 2, but the LR grid has 2 columns and 3 rows");
  w = {};
  w.target_dims = {7};
  expect_refusal(w, "dst_grid_dims is 7");
  w = {};
  w.shift = 0.1;
  expect_refusal(w, "lies at 0.5 N, 10.3 E, but that of the HR grid at 0.5 N, 10.2 E");
}

TEST_F(WeightFile, DamagedFilesAreRefused) {
  Weights w;
  w.per_link = 4;
  expect_refusal(w, "has 4 weights a link");
  w = {};
  w.source[1] = 7;
  expect_refusal(w, "from point 7 to point 1");
  w = {};
  w.weight[2] = std::nan("");
  expect_refusal(w, "a finite weight");
  w = {};
  w.source.pop_back();
  expect_refusal(w, "differ in length");
  NetcdfFile file = NetcdfFile::create(comm, path);
  file.define_dimension("x", 1);
  file.define_variable("other", NC_DOUBLE, {"x"});
  file.commit();
  EXPECT_THROW(applied(), Error);
}

}  // namespace
}  // namespace podscale
