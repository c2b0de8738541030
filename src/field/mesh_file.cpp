#include "podscale/field/mesh_file.hpp"

#include <algorithm>
#include <cmath>

#include "coordinates.hpp"
#include "podscale/core/error.hpp"
#include "rotated_pole.hpp"

namespace podscale {
namespace {

/// "grid latitude" of "grid_latitude".
std::string words_of(std::string name) {
  std::replace(name.begin(), name.end(), '_', ' ');
  return name;
}

using Texts = std::vector<std::pair<std::string, std::string>>;

/// A variable of coordinates, ready to be defined and written.
struct Array {
  std::string name;
  std::vector<std::string> dims;
  std::vector<double> values;
  Texts attributes;
};

Texts degrees(bool lat) {
  return {{"standard_name", lat ? "latitude" : "longitude"},
          {"units", lat ? "degrees_north" : "degrees_east"}};
}

Texts with(Texts texts, const std::string& name, const std::string& text) {
  texts.emplace_back(name, text);
  return texts;
}

std::vector<double> pairs_of(const std::vector<double>& edges) {
  std::vector<double> pairs;
  for (std::size_t i = 0; i + 1 < edges.size(); ++i) pairs.insert(pairs.end(), {edges[i], edges[i + 1]});
  return pairs;
}

/// Axes of a rotated pole on which the points of a mesh lie; empty where there are none.
std::pair<std::vector<double>, std::vector<double>> rotated_axes(const Mesh& mesh) {
  const auto pole = RotatedPole::of(mesh.mapping());
  if (!pole || mesh.kind() != MeshKind::curvilinear) return {};
  std::vector<double> y, x;
  for (idx_t j = 0; j < mesh.ny(); ++j) y.push_back(pole->from_earth(mesh.degrees(j * mesh.nx())).y);
  for (idx_t i = 0; i < mesh.nx(); ++i) {
    const double lon = pole->from_earth(mesh.degrees(i)).x;
    x.push_back(i == 0 ? lon : x.back() + std::remainder(lon - x.back(), 360.0));
  }
  const auto step = [](const std::vector<double>& v) {
    return v.size() > 1 ? std::abs(v.back() - v.front()) / static_cast<double>(v.size() - 1) : 1;
  };
  const double far = 1e-3 * std::min(step(y), step(x));
  for (idx_t p = 0; p < mesh.points(); ++p) {
    const Position at = pole->from_earth(mesh.degrees(p));
    const double dx = std::remainder(at.x - x[p % mesh.nx()], 360.0);
    if (!(std::abs(at.y - y[p / mesh.nx()]) < far) || !(std::abs(dx) * std::cos(at.y * kRadians) < far))
      return {};
  }
  return {y, x};
}

std::optional<double> pixel_of(const Mesh& mesh) {
  if (mesh.kind() != MeshKind::plane || mesh.unit().metres > 0 || !mesh.separable()) return std::nullopt;
  const double pixel = mesh.x().bounds[1] - mesh.x().bounds[0];
  const Mesh image = Mesh::image(mesh.ny(), mesh.nx(), pixel);
  const auto same = [](const MeshAxis& a, const MeshAxis& b) {
    return a.centres == b.centres && a.bounds == b.bounds;
  };
  return same(image.y(), mesh.y()) && same(image.x(), mesh.x()) ? std::optional(pixel) : std::nullopt;
}

/// All variables of coordinates; sets the names of the dimensions and the text of `coordinates`.
std::vector<Array> arrays_of(const Mesh& mesh, const std::string& prefix, MeshNames& names) {
  std::vector<Array> arrays;
  const bool sphere = mesh.kind() != MeshKind::plane;
  const auto axis = [&](const std::string& name, const MeshAxis& of, Texts texts, const char* letter) {
    texts.insert(texts.end(), {{"axis", letter}, {"bounds", name + "_bnds"}});
    arrays.push_back({name, {name}, of.centres, std::move(texts)});
    arrays.push_back({name + "_bnds", {name, "bnds"}, pairs_of(of.bounds), {}});
  };
  const Texts lengths{{"units", mesh.unit().name}};
  names.y = prefix + (sphere && mesh.separable() ? "lat" : "y");
  names.x = prefix + (sphere && mesh.separable() ? "lon" : "x");
  if (mesh.separable()) {
    if (pixel_of(mesh)) return arrays;
    axis(names.y, mesh.y(),
         sphere ? degrees(true) : with(lengths, "standard_name", "projection_y_coordinate"), "Y");
    axis(names.x, mesh.x(),
         sphere ? degrees(false) : with(lengths, "standard_name", "projection_x_coordinate"), "X");
  } else {
    const auto [rotated_y, rotated_x] = rotated_axes(mesh);
    if (!rotated_y.empty()) {
      names.y = prefix + "rlat", names.x = prefix + "rlon";
      const Texts units{{"units", "degrees"}};
      arrays.push_back(
          {names.y, {names.y}, rotated_y, with(with(units, "standard_name", "grid_latitude"), "axis", "Y")});
      arrays.push_back(
          {names.x, {names.x}, rotated_x, with(with(units, "standard_name", "grid_longitude"), "axis", "X")});
    }
    const PointTable& table = mesh.table();
    for (const bool lat : {true, false}) {
      const std::string name =
          prefix + (sphere ? (lat ? "lat" : "lon") : (lat ? "projection_y" : "projection_x"));
      const std::vector<double>& corners = lat ? table.corner_y : table.corner_x;
      Texts texts = sphere ? degrees(lat)
                           : with(lengths, "standard_name",
                                  lat ? "projection_y_coordinate" : "projection_x_coordinate");
      if (!corners.empty()) texts.emplace_back("bounds", name + "_bnds");
      arrays.push_back({name, {names.y, names.x}, lat ? table.y : table.x, texts});
      if (!corners.empty()) arrays.push_back({name + "_bnds", {names.y, names.x, "corner"}, corners, {}});
      names.coordinates += (lat ? "" : " ") + name;
    }
    if (!table.corner_y.empty()) {
      std::vector<double> areas;
      for (idx_t p = 0; p < mesh.points(); ++p) areas.push_back(mesh.area(p));
      arrays.push_back(
          {prefix + "cell_area",
           {names.y, names.x},
           std::move(areas),
           {{"standard_name", "cell_area"}, {"units", mesh.unit().metres > 0 || sphere ? "km2" : "1"}}});
    }
  }
  if (!mesh.latitudes().empty()) {
    arrays.push_back({prefix + "lat", {names.y, names.x}, mesh.latitudes(), degrees(true)});
    arrays.push_back({prefix + "lon", {names.y, names.x}, mesh.longitudes(), degrees(false)});
    names.coordinates += (names.coordinates.empty() ? "" : " ") + prefix + "lat " + prefix + "lon";
  }
  return arrays;
}

/// The name of an attribute of the file that says what no coordinate does.
std::string note(const std::string& prefix, const char* what) {
  return prefix + "mesh_" + what;
}

}  // namespace

void MeshNames::describe(NetcdfFile& file, const std::string& variable) const {
  if (!coordinates.empty()) file.put_text(variable, "coordinates", coordinates);
  if (!grid_mapping.empty()) file.put_text(variable, "grid_mapping", grid_mapping);
}

MeshNames define_mesh(NetcdfFile& file, const Mesh& mesh, const std::string& prefix) {
  MeshNames names;
  const std::vector<Array> arrays = arrays_of(mesh, prefix, names);
  const auto dimension = [&](const std::string& name, idx_t size) {
    if (!file.dimension(name)) file.define_dimension(name, size);
  };
  dimension(names.y, mesh.ny());
  dimension(names.x, mesh.nx());
  for (const Array& array : arrays) {
    if (array.dims.back() == "bnds") dimension("bnds", 2);
    if (array.dims.back() == "corner") dimension("corner", 4);
    const bool gaps =
        std::any_of(array.values.begin(), array.values.end(), [](double v) { return std::isnan(v); });
    file.define_variable(array.name, NC_DOUBLE, array.dims,
                         {{}, 0, gaps ? std::optional<double>(NC_FILL_DOUBLE) : std::nullopt});
    for (const auto& [name, text] : array.attributes) {
      file.put_text(array.name, name, text);
      if (name == "standard_name") file.put_text(array.name, "long_name", words_of(text));
    }
  }
  if (const auto pixel = pixel_of(mesh)) file.put_numbers("", note(prefix, "pixel"), {*pixel});
  if (!mesh.separable() && !mesh.table().corner_y.empty()) {
    const Fold& fold = mesh.fold();
    file.put_numbers("", note(prefix, "period"), {static_cast<double>(mesh.period())}, NC_INT);
    if (fold.present)
      file.put_numbers("", note(prefix, "fold"),
                       {static_cast<double>(fold.rows), static_cast<double>(fold.columns)}, NC_INT);
  }
  if (const GridMapping& mapping = mesh.mapping(); !mapping.attributes.empty()) {
    names.grid_mapping = prefix + mapping.name;
    file.put_text("", note(prefix, "grid_mapping"), names.grid_mapping);
    file.define_variable(names.grid_mapping, NC_INT, {});
    for (const GridMapping::Attribute& a : mapping.attributes)
      if (a.numbers.empty())
        file.put_text(names.grid_mapping, a.name, a.text);
      else
        file.put_numbers(names.grid_mapping, a.name, a.numbers);
  }
  return names;
}

void write_mesh(const Communicator& comm, NetcdfFile& file, const Mesh& mesh, const std::string& prefix) {
  MeshNames names;
  for (Array& array : arrays_of(mesh, prefix, names)) {
    std::vector<std::size_t> count = file.variable(array.name).shape;
    const std::vector<std::size_t> start(count.size(), 0);
    if (!comm.is_root()) count.assign(count.size(), 0), array.values.clear();
    for (double& v : array.values)
      if (std::isnan(v)) v = NC_FILL_DOUBLE;
    file.put(array.name, start, count, std::span<const double>(array.values));
  }
  const double nothing = 0;
  if (const GridMapping& mapping = mesh.mapping(); !mapping.attributes.empty())
    file.put(prefix + mapping.name, {}, {}, std::span(&nothing, 1));
}

Mesh read_mesh(const NetcdfFile& file, const std::string& prefix) {
  const auto values = [&](const std::string& name, const std::string& of = "") {
    const bool angle = name.starts_with("lat") || name.starts_with("lon");
    return (angle ? degrees_in : values_of)(file, prefix + name, of);
  };
  const auto rank = [&](const std::string& name) {
    return file.has_variable(prefix + name) ? file.variable(prefix + name).dims.size() : 0;
  };
  const auto edges = [&](const std::string& name) {
    std::vector<double> pairs, v;
    if (rank(name + "_bnds") > 0)
      pairs = values(name + "_bnds", prefix + name);  // files of others may have none
    for (std::size_t i = 0; i < pairs.size(); i += 2) v.push_back(pairs[i]);
    if (!pairs.empty()) v.push_back(pairs.back());
    return v;
  };
  const auto unit = [&](const std::string& name) -> PlaneUnit {
    const std::string text = file.text(prefix + name, "units").value_or("");
    return {text, metres_of(text).value_or(0)};
  };
  const auto table = [&](const std::string& y, const std::string& x, MeshKind kind) {
    const std::vector<std::size_t> shape = file.variable(prefix + y).shape;
    const auto ny = static_cast<idx_t>(shape[0]), nx = static_cast<idx_t>(shape[1]);
    PointTable points{values(y), values(x), {}, {}};
    const PlaneUnit units = kind == MeshKind::plane ? unit(y) : PlaneUnit{};
    if (rank(y + "_bnds") == 0)
      return kind == MeshKind::plane ? Mesh::plane(ny, nx, std::move(points), units)
                                     : Mesh::curvilinear(ny, nx, std::move(points));
    points.corner_y = values(y + "_bnds");
    points.corner_x = values(x + "_bnds");
    const auto period = file.numbers("", note(prefix, "period")).value_or(std::vector<double>{0});
    Fold fold;
    if (const auto numbers = file.numbers("", note(prefix, "fold")))
      fold = {true, static_cast<idx_t>(numbers->at(0)), static_cast<idx_t>(numbers->at(1))};
    return Mesh::of_blocks(kind, ny, nx, std::move(points), units, values("cell_area"),
                           static_cast<idx_t>(period.at(0)), fold);
  };
  return same_on_all_ranks([&] {
    Mesh mesh;
    const auto pixel = file.numbers("", note(prefix, "pixel"));
    if (pixel) {
      const auto size = [&](const char* name) {
        return static_cast<idx_t>(file.dimension(prefix + name).value_or(0));
      };
      mesh = Mesh::image(size("y"), size("x"), pixel->at(0));
    } else if (rank("y") == 1 && rank("x") == 1) {
      mesh = Mesh::plane(values("y"), values("x"), unit("y"), edges("y"), edges("x"));
    } else if (rank("projection_y") == 2) {
      mesh = table("projection_y", "projection_x", MeshKind::plane);
    } else if (rank("lat") == 1 && rank("lon") == 1) {
      mesh = Mesh::rectilinear(values("lat"), values("lon"), edges("lat"), edges("lon"));
    } else if (rank("lat") == 2 && rank("lon") == 2) {
      mesh = table("lat", "lon", MeshKind::curvilinear);
    } else {
      fail(ExitCode::data,
           "{}: has no coordinates '{}lat' and '{}lon', nor '{}y' and '{}x'; is it a file of "
           "podscale?",
           file.path(), prefix, prefix, prefix, prefix);
    }
    if (mesh.kind() == MeshKind::plane && rank("lat") == 2)
      mesh = mesh.with_geographic(values("lat"), values("lon"));
    if (const auto name = file.text("", note(prefix, "grid_mapping"))) {
      GridMapping mapping = read_mapping(file, *name);
      mapping.name = mapping.name.substr(std::min(prefix.size(), mapping.name.size()));
      mesh = mesh.with_mapping(std::move(mapping));
    }
    return mesh;
  });
}

}  // namespace podscale
