#include "podscale/study/basis_file.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "podscale/core/checksum.hpp"
#include "podscale/core/error.hpp"
#include "podscale/core/units.hpp"
#include "podscale/core/version.hpp"
#include "podscale/file/netcdf_file.hpp"
#include "podscale/study/image_basis_file.hpp"
#include "podscale/study/patch_table.hpp"

namespace podscale {
namespace {

constexpr int kFormat = 8;
constexpr const char* kPhases[] = {"date", "middle", "month"};

/// What a Variable says, by the names of the file's attributes.
template <class V>
auto texts_of(V& v) {
  using Text = std::conditional_t<std::is_const_v<V>, const std::string, std::string>;
  return std::array<std::pair<const char*, Text*>, 6>{{{"name", &v.name},
                                                       {"units", &v.units},
                                                       {"working_units", &v.working_units},
                                                       {"standard_name", &v.standard_name},
                                                       {"long_name", &v.long_name},
                                                       {"cell_methods", &v.cell_methods}}};
}
std::string channel_attribute(std::size_t channel, const char* what) {
  return fmt::format("channel_{}_{}", channel + 1, what);
}

/// Columns of PatchModes::left_out.
std::size_t left_out_columns(const PatchModes& patch) {
  return patch.left_out.size() / patch.points.size();
}

/// Names of the LR mesh. left_out: most columns of a patch.
MeshNames define(NetcdfFile& file, const Basis& basis, std::size_t left_out) {
  const std::size_t k = basis.modes, terms = basis.hr_climatology.terms();
  const MeshNames mesh = define_mesh(file, basis.mesh), lr = define_mesh(file, basis.lr_mesh, "lr_");
  file.define_dimension("channel", basis.channels());
  file.define_dimension("patch_y", basis.decomposition.patches_y());
  file.define_dimension("patch_x", basis.decomposition.patches_x());
  file.define_dimension("mode", k);
  file.define_dimension("harmonic_term", terms);
  for (const auto& [name, names] : {std::pair<std::string, MeshNames>{"ocean", mesh}, {"lr_ocean", lr}}) {
    file.define_variable(name, NC_BYTE, {names.y, names.x});
    file.describe(name, "1 on ocean, 0 on land", "1");
    names.describe(file, name);
  }
  if (!basis.lr_gaps.empty()) {
    file.define_variable("lr_gap_climatology", NC_DOUBLE, {"harmonic_term", "channel", lr.y, lr.x});
    file.describe("lr_gap_climatology", "that of LR cells, for those with gaps: see doc/method.md", "");
    file.define_variable("lr_gap_error", NC_DOUBLE, {"channel", lr.y, lr.x});
    file.describe("lr_gap_error", "standard deviation of the error of a value that is filled in", "");
  }
  const auto chunk = basis.decomposition.chunk_shape();
  const VariableOptions field{{1, 1, chunk[0], chunk[1]}, 0, NC_FILL_DOUBLE};
  const std::vector<std::string> terms_of_field{"harmonic_term", "channel", mesh.y, mesh.x};
  const auto [units, spread, squared] = field_units(basis);
  file.define_variable("hr_climatology", NC_DOUBLE, terms_of_field, field);
  file.describe("hr_climatology", "mean, then cosine and sine of each annual harmonic, of the HR source",
                units);
  file.define_variable("lr_climatology", NC_DOUBLE, terms_of_field, field);
  file.describe("lr_climatology", "the same of the LR source interpolated to the HR mesh", units);
  file.define_variable("phi", NC_DOUBLE, {"mode", "channel", mesh.y, mesh.x}, field);
  file.describe("phi", "POD modes, orthonormal over the ocean points of each patch", "1");
  file.define_variable("tau", NC_DOUBLE, {"channel", mesh.y, mesh.x},
                       {{1, chunk[0], chunk[1]}, 0, NC_FILL_DOUBLE});
  file.describe("tau",
                "truncation variance: training variance of the anomaly less its projection on the modes",
                squared);
  if (basis.seams.present()) {
    file.define_dimension("seam_partner", 4);
    file.define_variable("seam_map", NC_DOUBLE, {"seam_partner", "channel", mesh.y, mesh.x},
                         {{1, 1, chunk[0], chunk[1]}, 0, {}});
    file.describe("seam_map",
                  "across patch borders: rows, for a point and its partners along x, along y and both, of the "
                  "map of what is independent from patch to patch to its covariance in training",
                  "1");
    mesh.describe(file, "seam_map");
  }
  file.define_variable("scale", NC_DOUBLE, {"patch_y", "patch_x", "mode"});
  file.describe("scale", "training standard deviation of the coefficients; 0 where a patch has fewer modes",
                spread);
  file.define_variable("condition_scale", NC_DOUBLE, {"patch_y", "patch_x", "mode"});
  file.describe("condition_scale", "training standard deviation of the projected LR anomaly", spread);
  file.define_variable("patch_variance", NC_DOUBLE, {"patch_y", "patch_x"});
  file.describe("patch_variance", "training variance of the anomaly, summed over the points of the patch",
                squared);
  file.define_variable("patch_modes", NC_DOUBLE, {"patch_y", "patch_x"});
  file.describe("patch_modes", "modes kept; -1 for a patch without ocean", "1");
  if (left_out > 0) {
    file.define_dimension("left_out", left_out);
    file.define_variable("left_out_root", NC_FLOAT, {"left_out", "channel", mesh.y, mesh.x}, field);
    file.describe("left_out_root",
                  "factor of the covariance of what the modes leave out: squares add up to tau", spread);
    mesh.describe(file, "left_out_root");
  }
  for (const char* name : {"hr_climatology", "lr_climatology", "phi", "tau"}) mesh.describe(file, name);
  return lr;
}

}  // namespace

FieldUnits field_units(const Basis& basis) {
  const std::string& first = basis.variables.front().working_units;
  if (basis.channels() == 1) return {first, difference_units(first), squared_units(first)};
  const bool same = std::all_of(basis.variables.begin(), basis.variables.end(),
                                [&](const Variable& v) { return v.working_units == first; });
  return {same ? first : "", "1", "1"};
}

void write_basis(const Communicator& comm, const Basis& basis, const std::string& path,
                 const BasisExtras& extras) {
  const std::uint64_t checksum = basis.checksum(comm);
  const double explained = basis.explained(comm);
  NetcdfFile file = NetcdfFile::create(comm, path);
  long most = 0;
  for (const PatchModes& patch : basis.patches.mine)
    most = std::max(most, static_cast<long>(left_out_columns(patch)));
  const std::size_t left_out = static_cast<std::size_t>(comm.max(most));
  const MeshNames lr = define(file, basis, left_out);
  file.put_text("", "title", "podscale basis");
  file.put_text("", "Conventions", "CF-1.8");
  file.put_text("", "history", comm.broadcast(history_line()));
  file.put_text("", "podscale_version", version());
  file.put_text("", "podscale_checksum", checksum_text(checksum));
  file.put_text("", "podscale_namelist", basis.effective_namelist);
  file.put_text("", "interpolation", interpolation_name(basis.interpolation));
  file.put_text("", "weights_file", basis.weights.path);
  file.put_text("", "weights_checksum", basis.weights.checksum);
  file.put_text("", "basis", basis.shared ? "shared" : "local");
  file.put_text("", "seasonal_phase", kPhases[static_cast<std::size_t>(basis.year.phase)]);
  file.put_text("", "hr_calendar", calendar_name(basis.year.calendar));
  file.put_numbers("", "lr_step_months", {static_cast<double>(basis.lr_step.months)}, NC_INT);
  file.put_numbers("", "lr_step_days", {basis.lr_step.days});
  file.put_numbers("", "podscale_format", {kFormat}, NC_INT);
  file.put_numbers("", "patch_size", {static_cast<double>(basis.patch_y), static_cast<double>(basis.patch_x)},
                   NC_INT);
  file.put_numbers("", "patch_overlap", {static_cast<double>(basis.lapping.overlap())}, NC_INT);
  file.put_numbers("", "training_times", {static_cast<double>(basis.samples)}, NC_INT);
  file.put_numbers("", "explained_variance", {explained});
  file.put_numbers("", "channel_scale", basis.channel_scale);
  for (std::size_t c = 0; c < basis.variables.size(); ++c)
    for (const auto& [what, text] : texts_of(basis.variables[c]))
      file.put_text("", channel_attribute(c, what), *text);
  for (std::size_t c = 0; c < basis.lr_names.size(); ++c)
    file.put_text("", channel_attribute(c, "lr_name"), basis.lr_names[c]);
  if (extras.define) extras.define(file, lr);
  file.end_definitions();

  write_mesh(comm, file, basis.mesh);
  write_mesh(comm, file, basis.lr_mesh, "lr_");
  const Hyperslab flat = hyperslab(basis.window);
  const std::vector<double> ocean(basis.ocean.begin(), basis.ocean.end());
  file.put("ocean", flat.start, flat.count, std::span<const double>(ocean));
  const std::vector<double> lr_ocean(basis.lr_ocean.begin(), basis.lr_ocean.end());
  const Sizes lr_count = comm.is_root() ? Sizes{static_cast<std::size_t>(basis.lr_mesh.ny()),
                                                static_cast<std::size_t>(basis.lr_mesh.nx())}
                                        : Sizes{0, 0};
  file.put("lr_ocean", {0, 0}, lr_count, std::span<const double>(lr_ocean).first(lr_count[0] * lr_count[1]));

  const std::size_t n = basis.points(), channels = basis.channels();
  if (!basis.lr_gaps.empty()) {  // as lr_ocean: by one rank
    const auto put_cells = [&](const std::string& name, const std::vector<double>& values, Sizes count) {
      count.insert(count.end(), lr_count.begin(), lr_count.end());
      if (!comm.is_root()) std::fill(count.begin(), count.end(), 0);
      file.put(name, Sizes(count.size(), 0), count,
               std::span<const double>(values).first(comm.is_root() ? values.size() : 0));
    };
    put_cells("lr_gap_climatology", basis.lr_gaps.climatology.coefficients,
              {static_cast<std::size_t>(basis.lr_gaps.climatology.terms()), channels});
    put_cells("lr_gap_error", basis.lr_gaps.error, {channels});
  }
  const auto put_climatology = [&](const std::string& name, const Climatology& climatology) {
    const Hyperslab h = hyperslab(basis.window, {static_cast<std::size_t>(climatology.terms()), channels});
    std::vector<double> values = climatology.coefficients;
    for (std::size_t i = 0; i < values.size(); ++i)
      if (!basis.is_ocean(i % n)) values[i] = NC_FILL_DOUBLE;
    file.put(name, h.start, h.count, std::span<const double>(values));
  };
  put_climatology("hr_climatology", basis.hr_climatology);
  put_climatology("lr_climatology", basis.lr_climatology);

  std::vector<double> phi(n * static_cast<std::size_t>(basis.modes), NC_FILL_DOUBLE), tau(n, NC_FILL_DOUBLE);
  const std::size_t k = basis.modes;
  PatchTable scale(basis, comm.rank(), {k}, 0), condition(basis, comm.rank(), {k}, 0),
      variance(basis, comm.rank(), {}, 0), kept(basis, comm.rank(), {}, -1);
  for (std::size_t p = 0; p < basis.patches.mine.size(); ++p) {
    const PatchModes& patch = basis.patches.mine[p];
    const std::size_t d = patch.points.size();
    for (std::size_t i = 0; i < d; ++i) {
      const std::size_t point = patch.points[i];
      tau[point] = patch.tau[i];
      for (int m = 0; m < patch.modes; ++m)
        phi[static_cast<std::size_t>(m) * n + point] = patch.phi[static_cast<std::size_t>(m) * d + i];
    }
    std::copy(patch.scale.begin(), patch.scale.end(), scale.row(patch.patch));
    std::copy_n(basis.condition_scale.begin() + static_cast<long>(p * k), k, condition.row(patch.patch));
    *variance.row(patch.patch) = patch.variance;
    *kept.row(patch.patch) = patch.modes;
  }
  const Hyperslab modal = hyperslab(basis.window, {k, channels}), field = hyperslab(basis.window, {channels});
  file.put("phi", modal.start, modal.count, std::span<const double>(phi));
  file.put("tau", field.start, field.count, std::span<const double>(tau));
  for (const auto& [name, table] : {std::pair<std::string, PatchTable*>{"scale", &scale},
                                    {"condition_scale", &condition},
                                    {"patch_variance", &variance},
                                    {"patch_modes", &kept}})
    table->put(file, name);
  if (basis.seams.present()) {
    const Hyperslab rows = hyperslab(basis.window, {4, channels});
    file.put("seam_map", rows.start, rows.count, std::span<const double>(basis.seams.map()));
  }
  std::vector<double> column(n);
  for (std::size_t c = 0; c < left_out; ++c) {
    std::fill(column.begin(), column.end(), 0.0);
    for (const PatchModes& patch : basis.patches.mine)
      for (std::size_t i = 0; c < left_out_columns(patch) && i < patch.points.size(); ++i)
        column[static_cast<std::size_t>(patch.points[i])] =
            static_cast<double>(patch.left_out[c * patch.points.size() + i]);
    Hyperslab slab = hyperslab(basis.window, {1, channels});
    slab.start[0] = c;
    file.put("left_out_root", slab.start, slab.count, std::span<const double>(column));
  }
  if (extras.put) extras.put(file);
  file.commit();
}

/// Refuses what is no basis of this version.
static NetcdfFile open_basis(const Communicator& comm, const std::string& path) {
  NetcdfFile file = NetcdfFile::open(comm, path);
  if (is_image_basis(file))
    throw Error(ExitCode::data,
                path + ": a basis of images; expected one of fields, which podscale-basis makes of a namelist "
                       "without &images",
                true);
  const auto format = file.numbers("", "podscale_format");
  if (!format || format->front() != kFormat)
    throw Error(
        ExitCode::data,
        fmt::format("{}: not a basis of this version of podscale (podscale_format = {}, expected {}); "
                    "make it with podscale-basis",
                    path, format ? fmt::to_string(format->front()) : "absent", kFormat),
        true);
  if (!file.sealed())
    throw Error(ExitCode::data,
                fmt::format("{}: has no checksum as its last line: cut off, or changed by another program; "
                            "make it again with podscale-basis",
                            path),
                true);
  return file;
}

static Basis read_all(const Communicator& comm, const std::string& path, long strip) {
  const NetcdfFile file = open_basis(comm, path);
  const auto size = file.numbers("", "patch_size").value();
  const std::size_t channels = file.dimension("channel").value();
  const long patch_y = static_cast<long>(size[0]), patch_x = static_cast<long>(size[1]);
  const Mesh mesh = read_mesh(file);
  Basis basis(mesh, patch_y, patch_x,
              strip > 0 ? Decomposition::of_rows(mesh.ny(), mesh.nx(), patch_y, patch_x, comm.size(), strip)
                        : Decomposition(mesh.ny(), mesh.nx(), patch_y, patch_x, comm.size()),
              comm.rank(), static_cast<long>(channels));
  basis.lr_mesh = read_mesh(file, "lr_");
  basis.channel_scale = file.numbers("", "channel_scale").value();
  for (std::size_t c = 0; c < channels; ++c) {
    Variable& v = basis.variables.emplace_back();
    for (const auto& [what, text] : texts_of(v))
      *text = file.text("", channel_attribute(c, what)).value_or("");
    basis.lr_names.push_back(file.text("", channel_attribute(c, "lr_name")).value_or(""));
  }
  basis.interpolation = interpolation_from_name(file.text("", "interpolation").value());
  basis.weights = {file.text("", "weights_file").value_or(""),
                   file.text("", "weights_checksum").value_or("")};
  basis.shared = file.text("", "basis").value() == "shared";
  // Older files lack some: they were made with the phase of the date.
  const std::string phase = file.text("", "seasonal_phase").value_or("date");
  const auto known = std::find(std::begin(kPhases), std::end(kPhases), phase);
  if (known == std::end(kPhases))
    fail(ExitCode::data, "{}: seasonal_phase '{}' is not known; make the basis again", path, phase);
  basis.year.phase = static_cast<SeasonPhase>(known - std::begin(kPhases));
  basis.year.calendar = calendar_from_name(file.text("", "hr_calendar").value_or("standard"));
  const std::vector<double> none{0};
  basis.lr_step = {static_cast<int>(file.numbers("", "lr_step_months").value_or(none).front()),
                   file.numbers("", "lr_step_days").value_or(none).front()};
  basis.samples = static_cast<long>(file.numbers("", "training_times").value().front());
  basis.effective_namelist = file.text("", "podscale_namelist").value_or("");
  basis.modes = static_cast<int>(file.dimension("mode").value());

  const std::size_t n = basis.points(), k = basis.modes;
  const Hyperslab flat = hyperslab(basis.window), field = hyperslab(basis.window, {channels});
  std::vector<double> values(basis.window.points());
  file.get("ocean", flat.start, flat.count, std::span(values));
  for (const double value : values) basis.ocean.push_back(value != 0);
  for (const double value : file.get_all("lr_ocean")) basis.lr_ocean.push_back(value != 0);
  basis.overlap_patches(comm, static_cast<long>(file.numbers("", "patch_overlap").value().front()));
  if (file.has_variable("seam_map")) {
    std::vector<double> map(4 * n);
    const Hyperslab rows = hyperslab(basis.window, {4, channels});
    file.get("seam_map", rows.start, rows.count, std::span(map));
    basis.seams = Seams(comm, basis.lapping, basis.channels(), std::move(map));
  }
  const std::size_t terms = file.dimension("harmonic_term").value();
  if (file.has_variable("lr_gap_climatology"))
    basis.lr_gaps = {basis.lr_ocean,
                     {static_cast<int>(terms - 1) / 2, basis.channels() * basis.lr_mesh.points(),
                      file.get_all("lr_gap_climatology")},
                     file.get_all("lr_gap_error")};
  for (const auto& [name, climatology] :
       {std::pair<std::string, Climatology*>{"hr_climatology", &basis.hr_climatology},
        {"lr_climatology", &basis.lr_climatology}}) {
    *climatology = {static_cast<int>(terms - 1) / 2, basis.points(), std::vector<double>(terms * n)};
    const Hyperslab h = hyperslab(basis.window, {terms, channels});
    file.get(name, h.start, h.count, std::span(climatology->coefficients));
  }
  std::vector<double> phi(n * k), tau(n);
  const Hyperslab modal = hyperslab(basis.window, {k, channels});
  file.get("phi", modal.start, modal.count, std::span(phi));
  file.get("tau", field.start, field.count, std::span(tau));
  PatchTable scale(basis, comm.rank(), {k}, 0), condition(basis, comm.rank(), {k}, 0),
      variance(basis, comm.rank(), {}, 0), kept(basis, comm.rank(), {}, -1);
  for (const auto& [name, table] : {std::pair<std::string, PatchTable*>{"scale", &scale},
                                    {"condition_scale", &condition},
                                    {"patch_variance", &variance},
                                    {"patch_modes", &kept}})
    table->get(file, name);

  basis.patches = find_patches(comm, basis.decomposition, basis.ocean, basis.channels());
  for (PatchModes& patch : basis.patches.mine) {
    const std::size_t d = patch.points.size();
    patch.modes = std::clamp(static_cast<int>(*kept.row(patch.patch)), 0, basis.modes);
    patch.variance = *variance.row(patch.patch);
    patch.scale.assign(scale.row(patch.patch), scale.row(patch.patch) + patch.modes);
    basis.condition_scale.insert(basis.condition_scale.end(), condition.row(patch.patch),
                                 condition.row(patch.patch) + k);
    for (int m = 0; m < patch.modes; ++m)
      for (std::size_t i = 0; i < d; ++i)
        patch.phi.push_back(phi[static_cast<std::size_t>(m) * n + static_cast<std::size_t>(patch.points[i])]);
    for (const long point : patch.points) patch.tau.push_back(tau[point]);
  }
  const std::string found = checksum_text(basis.checksum(comm)),
                    stored = file.text("", "podscale_checksum").value_or("absent");
  if (found != stored)
    throw Error(
        ExitCode::data,
        fmt::format("{}: checksum {} does not match the stored {}: the file is damaged or was edited; "
                    "make it again with podscale-basis",
                    path, found, stored),
        true);
  return basis;
}

LeftOut read_left_out(const Communicator& comm, const Basis& basis, const std::string& path) {
  const NetcdfFile file = NetcdfFile::open(comm, path);
  LeftOut columns(basis.patches.mine.size());
  std::vector<double> field(static_cast<std::size_t>(basis.points()));
  for (std::size_t c = 0; c < file.dimension("left_out").value_or(0); ++c) {
    Hyperslab slab = hyperslab(basis.window, {1, static_cast<std::size_t>(basis.channels())});
    slab.start[0] = c;
    file.get("left_out_root", slab.start, slab.count, std::span(field));
    for (std::size_t p = 0; p < columns.size(); ++p)
      for (const long point : basis.patches.mine[p].points)
        columns[p].push_back(static_cast<float>(field[static_cast<std::size_t>(point)]));
  }
  return columns;
}

/// work(), whose errors of a part, which knows no file, name it.
template <class Work>
static auto of_file(const std::string& path, const Work& work) {
  try {
    return work();
  } catch (const Error& error) {
    if (error.code() != ExitCode::data || std::string(error.what()).find(path) != std::string::npos) throw;
    throw Error(error.code(), fmt::format("{}: {}", path, error.what()), error.agreed());
  }
}

Basis read_basis(const Communicator& comm, const std::string& path, long strip) {
  return of_file(path, [&] { return read_all(comm, path, strip); });
}

BasisSize basis_size(const Communicator& comm, const std::string& path) {
  return of_file(path, [&] {
    const NetcdfFile file = open_basis(comm, path);
    const auto size = file.numbers("", "patch_size");
    if (!size || size->empty() || !(size->front() >= 1))
      throw Error(ExitCode::data, path + ": no patch_size: damaged; make it again with podscale-basis", true);
    const std::vector<std::size_t> of = file.variable("ocean").shape;
    return BasisSize{static_cast<long>(of.at(0)), static_cast<long>(of.at(1)), static_cast<long>(size->front())};
  });
}

}  // namespace podscale
