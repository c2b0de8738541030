#include "podscale/study/image_basis_file.hpp"

#include "podscale/core/checksum.hpp"
#include "podscale/core/error.hpp"
#include "podscale/core/process.hpp"
#include "podscale/core/version.hpp"
#include "podscale/file/netcdf_file.hpp"
#include "podscale/study/run_identity.hpp"

namespace podscale {
namespace {

constexpr double kFormat = 1;
constexpr const char* kFormatName = "podscale_image_format";
constexpr std::size_t calibration_columns = 6;

std::vector<double> calibration_rows(const ImageBasis& basis) {
  std::vector<double> rows;
  for (const ImageCalibration& c : basis.calibrations)
    rows.insert(rows.end(),
                {static_cast<double>(c.shifts), c.level, c.half50, c.half90, c.crps, c.mean_square});
  return rows;
}

}  // namespace

std::uint64_t ImageBasis::checksum() const {
  Checksum sum;
  const WindowShape& shape = base.shape;
  for (const int number : {shape.patch, shape.factor, shape.halo})
    sum.add(static_cast<std::uint64_t>(number));
  for (const auto* values : {&base.regression, &base.modes, &base.root, &base.truncation,
                             &base.contrast_edges, &base.contrast_scale})
    sum.add(std::span<const double>(*values));
  sum.add(std::span<const double>(calibration_rows(*this)));
  sum.add_bytes(degrade.data(), degrade.size());
  return sum.value();
}

void write_image_basis(const Communicator& comm, const ImageBasis& basis, const std::string& path,
                       const std::string& run) {
  const PooledBase& base = basis.base;
  NetcdfFile file = NetcdfFile::create(comm, path);
  const auto size = [](idx_t n) { return static_cast<std::size_t>(n); };
  file.define_dimension("point", size(base.shape.points()));
  file.define_dimension("cell", size(base.shape.cells()));
  file.define_dimension("mode", size(base.kept_modes()));
  file.define_dimension("mode_column", size(base.kept_modes()));
  file.define_dimension("contrast_class", base.contrast_scale.size());
  if (!base.contrast_edges.empty()) file.define_dimension("contrast_edge", base.contrast_edges.size());
  file.define_dimension("grids", basis.calibrations.size());
  file.define_dimension("calibration_term", calibration_columns);
  struct Table {
    const char* name;
    std::vector<std::string> dims;
    std::vector<std::size_t> shape;
    std::vector<double> values;
    const char* what;
  };
  const std::size_t points = size(base.shape.points()), cells = size(base.shape.cells()),
                    modes = size(base.kept_modes());
  std::vector<Table> tables{
      {"regression",
       {"point", "cell"},
       {points, cells},
       base.regression,
       "regression of the points of a patch on the LR cells of its window, both less the mean of the window"},
      {"phi", {"mode", "point"}, {modes, points}, base.modes, "modes of the residual over its scale"},
      {"residual_root",
       {"mode", "mode_column"},
       {modes, modes},
       base.root,
       "root of the covariance of the coefficients of these modes"},
      {"tau", {"point"}, {points}, base.truncation, "variance that the modes leave out"},
      {"contrast_scale",
       {"contrast_class"},
       {base.contrast_scale.size()},
       base.contrast_scale,
       "scale of the residual over the contrast of the window, by class; of one class: over the range"},
      {"calibration",
       {"grids", "calibration_term"},
       {basis.calibrations.size(), calibration_columns},
       calibration_rows(basis),
       "number of grids, factor on the variance, half widths of 50 and 90 % in standard deviations, CRPS over "
       "range, mean square error over its square"}};
  if (!base.contrast_edges.empty())
    tables.push_back({"contrast_edges",
                      {"contrast_edge"},
                      {base.contrast_edges.size()},
                      base.contrast_edges,
                      "edges of the classes: log of the contrast over the range"});
  for (const Table& table : tables) {
    file.define_variable(table.name, NC_DOUBLE, table.dims);
    file.describe(table.name, table.what, "1");
  }
  file.put_text("", "title", "podscale basis of images");
  file.put_text("", "history", comm.broadcast(history_line()));
  file.put_text("", "podscale_version", version());
  file.put_text("", "podscale_checksum", checksum_text(basis.checksum()));
  file.put_text("", "podscale_namelist", basis.effective_namelist);
  if (!run.empty()) file.put_text("", kRunAttribute, run);
  file.put_text("", "degrade", basis.degrade);
  file.put_numbers("", kFormatName, {kFormat}, NC_INT);
  file.put_numbers("", "patch", {static_cast<double>(base.shape.patch)}, NC_INT);
  file.put_numbers("", "factor", {static_cast<double>(base.shape.factor)}, NC_INT);
  file.put_numbers("", "halo", {static_cast<double>(base.shape.halo)}, NC_INT);
  file.put_numbers("", "penalty", {base.penalty});
  file.put_numbers("", "training_windows", {base.windows});
  file.end_definitions();
  for (const Table& table : tables) {  // by one rank
    const std::vector<std::size_t> none(table.shape.size(), 0);
    file.put(table.name, none, comm.is_root() ? table.shape : none,
             std::span(table.values).first(comm.is_root() ? table.values.size() : 0));
  }
  file.commit();
}

const char* degrade_name(Degrade degrade) {
  constexpr const char* names[] = {"files", "bicubic", "block", "kspace"};
  return names[static_cast<std::size_t>(degrade)];
}

void require_window_shape(const ImageBasis& basis, const WindowShape& asked, const std::string& source,
                          const std::string& path) {
  const WindowShape& has = basis.base.shape;
  if (has == asked) return;
  throw Error(
      ExitCode::usage,
      fmt::format("{}: images.patch, factor, halo = {}, {}, {}, but {} was made with {}, {}, {}; make it "
                  "again with podscale-basis, or give these",
                  source, asked.patch, asked.factor, asked.halo, path, has.patch, has.factor, has.halo),
      true);
}

bool is_image_basis(const NetcdfFile& file) {
  return file.numbers("", kFormatName).has_value();
}

ImageBasis read_image_basis(const Communicator& comm, const std::string& path) {
  const NetcdfFile file = NetcdfFile::open(comm, path);
  const auto refuse = [&](const std::string& what) {
    throw Error(ExitCode::data, path + ": " + what + "; make it with podscale-basis", true);
  };
  if (file.numbers("", "podscale_format"))
    refuse("a basis of fields, but the namelist has images (&images); expected a basis of images");
  const auto format = file.numbers("", kFormatName);
  if (!format || format->front() != kFormat)
    refuse(fmt::format("not a basis of images of this version of podscale ({} = {}, expected {:g})",
                       kFormatName, format ? fmt::to_string(format->front()) : "absent", kFormat));
  if (!file.sealed()) refuse("has no checksum as its last line: cut off, or changed by another program");
  ImageBasis basis;
  PooledBase& base = basis.base;
  const auto whole = [&](const char* name) {
    return static_cast<int>(file.numbers("", name).value().front());
  };
  base.shape = {whole("patch"), whole("factor"), whole("halo")};
  base.penalty = file.numbers("", "penalty").value().front();
  base.windows = file.numbers("", "training_windows").value().front();
  base.regression = file.get_all("regression");
  base.modes = file.get_all("phi");
  base.root = file.get_all("residual_root");
  base.truncation = file.get_all("tau");
  base.contrast_scale = file.get_all("contrast_scale");
  if (file.has_variable("contrast_edges")) base.contrast_edges = file.get_all("contrast_edges");
  const std::vector<double> rows = file.get_all("calibration");
  for (std::size_t i = 0; i + calibration_columns <= rows.size(); i += calibration_columns)
    basis.calibrations.push_back(
        {static_cast<int>(rows[i]), rows[i + 1], rows[i + 2], rows[i + 3], rows[i + 4], rows[i + 5]});
  basis.degrade = file.text("", "degrade").value_or("");
  basis.effective_namelist = file.text("", "podscale_namelist").value_or("");
  const std::string found = checksum_text(basis.checksum()),
                    stored = file.text("", "podscale_checksum").value_or("absent");
  if (found != stored)
    refuse(fmt::format("checksum {} does not match the stored {}: the file is damaged or was edited", found,
                       stored));
  return basis;
}

}  // namespace podscale
