#include "podscale/field/weight_file.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>

#include "podscale/core/checksum.hpp"
#include "podscale/core/error.hpp"
#include "podscale/file/netcdf_file.hpp"

namespace podscale {
namespace {

struct Names {
  std::string dims, lat, lon, address;
};

/// How points of the file's grid are numbered in the mesh: rows and columns may run the other way.
struct Numbering {
  idx_t ny = 0, nx = 0;
  bool flip_y = false, flip_x = false;
  idx_t point(idx_t address) const {
    const idx_t j = address / nx, i = address % nx;
    return (flip_y ? ny - 1 - j : j) * nx + (flip_x ? nx - 1 - i : i);
  }
};

void require_size(const NetcdfFile& file, const Names& names, const Mesh& mesh, const char* side) {
  const std::vector<double> dims = file.get_all(names.dims);
  same_on_all_ranks([&] {
    double size = 1;
    for (const double n : dims) size *= n;
    const bool same = dims.size() == 2 ? dims[0] == static_cast<double>(mesh.nx()) &&
                                             dims[1] == static_cast<double>(mesh.ny())
                                       : size == static_cast<double>(mesh.points());
    if (!same)
      fail(ExitCode::data,
           "{}: {} is {}, but the {} grid has {} columns and {} rows; give weights between the "
           "grids of this study",
           file.path(), names.dims, fmt::join(dims, " x "), side, mesh.nx(), mesh.ny());
  });
}

/// The direction of rows and columns in which the file's positions are those of the mesh.
Numbering numbering_of(const NetcdfFile& file, const Names& names, const Mesh& mesh, const char* side) {
  Numbering numbering{mesh.ny(), mesh.nx()};
  if (!mesh.geographic() || !file.has_variable(names.lat) || !file.has_variable(names.lon)) return numbering;
  std::vector<double> lat = file.get_all(names.lat), lon = file.get_all(names.lon);
  const bool radians = file.text(names.lat, "units").value_or("degrees").starts_with("rad");
  return same_on_all_ranks([&] {
    if (lat.size() != static_cast<std::size_t>(mesh.points()) || lon.size() != lat.size())
      fail(ExitCode::data, "{}: {} has {} values, but the {} grid has {} points", file.path(), names.lat,
           lat.size(), side, mesh.points());
    const double unit = radians ? 1 / kRadians : 1;
    idx_t first_wrong = -1;
    const auto fits = [&] {
      for (idx_t address = 0; address < mesh.points(); ++address) {
        const idx_t point = numbering.point(address);
        const std::size_t at = address;
        if (mesh.owner(point) < 0) continue;
        const Vector3 there = unit_vector({unit * lat[at], unit * lon[at]});
        const Position cell = mesh.spacing(point);
        if (kEarthRadius * norm(there - mesh.vector(point, Space::sphere)) <= 0.01 * std::max(cell.y, cell.x))
          continue;
        if (first_wrong < 0) first_wrong = address;
        return false;
      }
      return true;
    };
    for (const bool flip_y : {false, true})
      for (const bool flip_x : {false, true}) {
        numbering.flip_y = flip_y;
        numbering.flip_x = flip_x;
        if (fits()) return numbering;
      }
    const std::size_t at = first_wrong;
    const Position expected = mesh.degrees(first_wrong);
    fail(ExitCode::data,
         "{}: point {} of {} and {} lies at {:.6g} N, {:.6g} E, but that of the {} grid at {:.6g} N, {:.6g} "
         "E; "
         "give weights between the grids of this study",
         file.path(), first_wrong, names.lat, names.lon, unit * lat[at], unit * lon[at], side, expected.y,
         expected.x);
  });
}

}  // namespace

Remap read_weights(const Communicator& comm, const std::string& path, const Mesh& source,
                   std::span<const unsigned char> source_ocean, const Mesh& target, const Window& window,
                   std::span<const unsigned char> target_ocean, Remap::Land land) {
  const NetcdfFile file = NetcdfFile::open(comm, path);
  const bool scrip = file.has_variable("remap_matrix");
  const std::string weights = scrip ? "remap_matrix" : "S";
  const Names from = scrip
                         ? Names{"src_grid_dims", "src_grid_center_lat", "src_grid_center_lon", "src_address"}
                         : Names{"src_grid_dims", "yc_a", "xc_a", "col"};
  const Names to = scrip ? Names{"dst_grid_dims", "dst_grid_center_lat", "dst_grid_center_lon", "dst_address"}
                         : Names{"dst_grid_dims", "yc_b", "xc_b", "row"};
  const VariableInfo matrix = file.variable(weights);
  for (const Names& side : {from, to}) file.variable(side.dims), file.variable(side.address);
  same_on_all_ranks([&] {
    if (matrix.shape.size() > 1 && matrix.shape[1] != 1)
      fail(ExitCode::data, "{}: {} has {} weights a link; expected one, as of 'cdo genbil' or 'cdo genycon'",
           path, weights, matrix.shape[1]);
    for (const Names& side : {from, to})
      if (const auto shape = file.variable(side.address).shape; shape.empty() || shape[0] != matrix.shape[0])
        fail(ExitCode::data, "{}: {} and {} differ in length; the file is damaged", path, side.address,
             weights);
  });
  require_size(file, from, source, "LR");
  require_size(file, to, target, "HR");
  const Numbering source_numbering = numbering_of(file, from, source, "LR");
  const Numbering target_numbering = numbering_of(file, to, target, "HR");

  constexpr std::size_t block = std::size_t{1} << 20;
  const std::size_t links = matrix.shape[0];
  std::vector<double> row, column, weight;
  Remap::Triplets kept;
  for (std::size_t first = 0; first < links; first += block) {
    const std::size_t n = std::min(block, links - first);
    for (std::vector<double>* values : {&row, &column, &weight}) values->resize(n);
    file.get(to.address, {first}, {n}, std::span(row));
    file.get(from.address, {first}, {n}, std::span(column));
    std::vector<std::size_t> start{first}, count{n};
    if (matrix.shape.size() > 1) start.push_back(0), count.push_back(1);
    file.get(weights, start, count, std::span(weight));
    same_on_all_ranks([&] {
      for (std::size_t l = 0; l < n; ++l) {
        const idx_t t = static_cast<idx_t>(row[l]) - 1, s = static_cast<idx_t>(column[l]) - 1;
        if (t < 0 || t >= target.points() || s < 0 || s >= source.points() || !std::isfinite(weight[l]))
          fail(ExitCode::data,
               "{}: link {} leads from point {} to point {} with weight {}; expected 1 to {}, 1 to {} and a "
               "finite weight",
               path, first + l, s + 1, t + 1, weight[l], source.points(), target.points());
        const idx_t point = target_numbering.point(t);
        if (index_within(target, window, point) < 0) continue;
        kept.target.push_back(point);
        kept.source.push_back(source_numbering.point(s));
        kept.weight.push_back(weight[l]);
      }
    });
  }
  Remap remap;
  comm.agree(
      [&] { remap = Remap::from_triplets(source, source_ocean, target, window, target_ocean, kept, land); });
  return remap;
}

std::string checksum_of_file(const Communicator& comm, const std::string& path) {
  std::string text;
  comm.agree([&] {
    if (!comm.is_root()) return;
    std::ifstream file(path, std::ios::binary);
    if (!file)
      fail(ExitCode::no_input, "{}: cannot be read; expected a file of weights (grid.weights)", path);
    Checksum sum;
    std::vector<unsigned char> part(1 << 20);
    while (file.read(reinterpret_cast<char*>(part.data()), static_cast<std::streamsize>(part.size())) ||
           file.gcount() > 0)
      sum.add(std::span<const unsigned char>(part).first(file.gcount()));
    text = checksum_text(sum.value());
  });
  return comm.broadcast(text);
}

}  // namespace podscale
