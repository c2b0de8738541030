#include "podscale/study/base_file.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "podscale/core/checksum.hpp"
#include "podscale/core/error.hpp"
#include "podscale/study/patch_table.hpp"
#include "podscale/study/time_covariance_file.hpp"

namespace podscale {
namespace {

/// The tables of the file.
struct Tables {
  Tables(const Basis& basis, int rank, std::size_t slots, std::size_t global_modes, std::size_t terms)
      : modes(static_cast<std::size_t>(basis.modes)),
        regression(basis, rank, {modes, slots}, 0),
        scale(basis, rank, {slots}, 0),
        range(basis, rank, {slots}, 0),
        inverse(basis, rank, {triangle(slots - modes)}, 0),
        global(basis, rank, {global_modes, modes}, 0),
        root(basis, rank, {modes, modes}, 0),
        season(basis, rank, {terms}, 0) {}
  static std::size_t triangle(std::size_t n) { return n * (n + 1) / 2; }
  std::size_t modes;
  PatchTable regression, scale, range, inverse, global, root, season;
};

void define_base(NetcdfFile& file, const MeshNames& lr, const Basis& basis, const LinearGaussian& base,
                 const std::string& checksum) {
  const auto describe = [&](const auto&... texts) { file.describe(texts...); };
  const auto [units, spread, square] = field_units(basis);
  file.define_dimension("predictor", base.conditions(basis));
  file.define_dimension("mode_column", basis.modes);
  if (base.residual.global_modes > 0) {
    file.define_dimension("global_mode", base.residual.global_modes);
    file.define_variable("global_variance", NC_DOUBLE, {"global_mode"});
    describe("global_variance", "variance of the leading modes of the stacked regression residuals", square);
    file.define_variable("global_root", NC_DOUBLE, {"patch_y", "patch_x", "global_mode", "mode"});
    describe("global_root", "those modes times their standard deviation", spread);
  }
  file.define_variable("regression", NC_DOUBLE, {"patch_y", "patch_x", "mode", "predictor"});
  describe(
      "regression",
      "regression of the coefficients on LR cells, by lag, variable, row and column, and on the projection of the "
      "interpolated LR field",
      "1");
  file.define_variable("predictor_scale", NC_DOUBLE, {"patch_y", "patch_x", "predictor"});
  describe("predictor_scale", "training standard deviation of a predictor; 0 where there is no LR ocean",
           spread);
  file.define_variable("predictor_range", NC_DOUBLE, {"patch_y", "patch_x", "predictor"});
  describe("predictor_range", "largest absolute value of a predictor in training", spread);
  if (const long slots = base.predictors.slots(); slots > 0) {
    file.define_dimension("predictor_pair", Tables::triangle(static_cast<std::size_t>(slots)));
    file.define_variable("predictor_inverse_root", NC_FLOAT, {"patch_y", "patch_x", "predictor_pair"});
    describe(
        "predictor_inverse_root",
        "inverse of the lower Cholesky factor of the penalised normal equations of the LR cells, rows of "
        "its lower triangle: the sum of squares of its product with them is the variance of the mean over "
        "that of the residuals",
        "1");
  }
  file.define_variable("residual_root", NC_DOUBLE, {"patch_y", "patch_x", "mode_column", "mode"});
  describe("residual_root", "columns of the lower Cholesky factor of the remaining residual covariance",
           spread);
  if (base.season.varies()) {
    file.define_dimension("season_term", base.season.terms());
    file.define_variable("patch_season", NC_DOUBLE, {"patch_y", "patch_x", "season_term"});
    describe("patch_season",
             "variance of the latents of a patch: mean, cosine and sine of each annual harmonic", "1");
    if (base.residual.global_modes > 0) {
      file.define_variable("global_season", NC_DOUBLE, {"global_mode", "season_term"});
      describe("global_season", "the same of each global mode", "1");
    }
  }
  file.define_variable("lr_cell_climatology", NC_DOUBLE, {"harmonic_term", "channel", lr.y, lr.x},
                       {{}, 0, NC_FILL_DOUBLE});
  describe("lr_cell_climatology", "mean, cosine and sine of each annual harmonic of the LR cells in use",
           units);
  if (base.contrast.varies()) {
    file.define_dimension("contrast_term", 2);
    file.define_variable("contrast_reference", NC_DOUBLE, {"patch_y", "patch_x", "contrast_term"});
    describe("contrast_reference", "training mean squares of the contrast of the LR cells and of their change",
             square);
    file.put_numbers("", "base_contrast_coefficients",
                     {base.contrast.coefficients.begin(), base.contrast.coefficients.end()});
  }
  if (!base.contrast.reason.empty()) file.put_text("", "base_contrast", base.contrast.reason);
  define_time_covariance(file, base.time);
  file.put_text("", "base_season", base.season.reason);
  const Calibration& c = base.calibration;
  file.put_numbers("", "base_halo", {static_cast<double>(base.halo)}, NC_INT);
  file.put_numbers("", "base_lags", {base.lags.begin(), base.lags.end()}, NC_INT);
  file.put_numbers("", "base_penalty", {base.penalty});
  file.put_numbers("", "base_interpolation", {base.interpolation});
  file.put_text("", "base_checksum", checksum);
  file.put_numbers("", "base_inflation", c.inflation.numbers());
  file.put_numbers("", "base_coverage_levels", {calibration_levels.begin(), calibration_levels.end()});
  file.put_numbers("", "base_coverage_before", {c.before.begin(), c.before.end()});
  file.put_numbers("", "base_coverage_after", {c.after.begin(), c.after.end()});
  file.put_numbers("", "base_conformal_half_width", {c.half_width.begin(), c.half_width.end()});
  file.put_numbers("", "base_calibration_times", {static_cast<double>(c.times)}, NC_INT);
  file.put_numbers("", "base_calibration_held_out_times", {static_cast<double>(c.held_out)}, NC_INT);
  file.put_text("", "base_calibration_split", c.split());
  file.put_text("", "base_calibration_period", c.period);
  file.put_text("", "base_calibration_note", c.note);
  if (c.degrees_of_freedom > 0) file.put_numbers("", "base_degrees_of_freedom", {c.degrees_of_freedom});
}

void put_base(const Communicator& comm, NetcdfFile& file, const Basis& basis, const LinearGaussian& base) {
  const std::size_t slots = base.conditions(basis), global_modes = base.residual.global_modes,
                    terms = base.season.varies() ? static_cast<std::size_t>(base.season.terms()) : 0;
  Tables tables(basis, comm.rank(), slots, global_modes, terms);
  for (std::size_t p = 0; p < basis.patches.mine.size(); ++p) {
    const PatchModes& patch = basis.patches.mine[p];
    const PatchCovariance& covariance = base.residual.mine[p];
    std::copy(base.regression[p].begin(), base.regression[p].end(), tables.regression.row(patch.patch));
    std::copy_n(base.predictor_scale.begin() + static_cast<long>(p * slots), slots,
                tables.scale.row(patch.patch));
    std::copy_n(base.predictor_range.begin() + static_cast<long>(p * slots), slots,
                tables.range.row(patch.patch));
    std::copy(base.inverse_root[p].begin(), base.inverse_root[p].end(), tables.inverse.row(patch.patch));
    tables.global.set_columns(patch.patch, covariance.global, patch.modes);
    tables.root.set_columns(patch.patch, covariance.root, patch.modes);
    if (terms > 0)
      std::copy_n(base.season.patch.begin() + static_cast<long>(p * terms), terms,
                  tables.season.row(patch.patch));
  }
  if (terms > 0) {
    tables.season.put(file, "patch_season");
    const std::size_t count = comm.is_root() ? global_modes : 0;
    if (global_modes > 0)
      file.put("global_season", {0, 0}, {count, count > 0 ? terms : 0},
               std::span<const double>(base.season.global).first(count * terms));
  }
  if (base.contrast.varies()) {
    PatchTable reference(basis, comm.rank(), {2}, 0);
    for (std::size_t p = 0; p < basis.patches.mine.size(); ++p)
      std::copy_n(base.contrast.reference.begin() + static_cast<long>(2 * p), 2,
                  reference.row(basis.patches.mine[p].patch));
    reference.put(file, "contrast_reference");
  }
  tables.regression.put(file, "regression");
  tables.scale.put(file, "predictor_scale");
  tables.range.put(file, "predictor_range");
  if (base.predictors.slots() > 0) tables.inverse.put(file, "predictor_inverse_root");
  tables.root.put(file, "residual_root");
  put_time_covariance(comm, file, basis, base.time);
  if (global_modes > 0) {
    tables.global.put(file, "global_root");
    const std::size_t count = comm.is_root() ? global_modes : 0;
    file.put("global_variance", {0}, {count}, std::span<const double>(base.residual.variance).first(count));
  }
  std::vector<double> cells = base.cells.coefficients;
  for (double& value : cells)
    if (std::isnan(value)) value = NC_FILL_DOUBLE;
  std::vector<std::size_t> count(4, 0);
  if (comm.is_root())
    count = {static_cast<std::size_t>(base.cells.terms()), static_cast<std::size_t>(basis.channels()),
             static_cast<std::size_t>(basis.lr_mesh.ny()), static_cast<std::size_t>(basis.lr_mesh.nx())};
  else
    cells.clear();
  file.put("lr_cell_climatology", {0, 0, 0, 0}, count, std::span<const double>(cells));
}

/// A global attribute that a base must have: files of older versions lack some.
std::vector<double> required(const NetcdfFile& file, const std::string& name) {
  const auto found = file.numbers("", name);
  if (!found || found->empty())
    throw Error(ExitCode::data,
                fmt::format("{}: a base without the attribute {}: written by another version of podscale or "
                            "damaged; make it again with podscale-basis",
                            file.path(), name),
                true);
  return *found;
}

template <std::size_t N>
std::array<double, N> numbers(const NetcdfFile& file, const std::string& name) {
  const std::vector<double> found = required(file, name);
  if (found.size() != N)
    throw Error(ExitCode::data,
                fmt::format("{}: {} has {} numbers, expected {}: the file is damaged; make it again with "
                            "podscale-basis",
                            file.path(), name, found.size(), N),
                true);
  std::array<double, N> values{};
  std::copy(found.begin(), found.end(), values.begin());
  return values;
}

Calibration read_calibration(const NetcdfFile& file) {
  Calibration c;
  const auto inflation = required(file, "base_inflation");
  c.inflation =
      same_on_all_ranks([&] { return Inflation::from_numbers(inflation, file.path() + ": base_inflation"); });
  c.before = numbers<4>(file, "base_coverage_before");
  c.after = numbers<4>(file, "base_coverage_after");
  c.half_width = numbers<4>(file, "base_conformal_half_width");
  c.times = static_cast<long>(numbers<1>(file, "base_calibration_times")[0]);
  c.held_out = static_cast<long>(numbers<1>(file, "base_calibration_held_out_times")[0]);
  c.period = file.text("", "base_calibration_period").value_or("");
  c.note = file.text("", "base_calibration_note").value_or("");
  c.degrees_of_freedom =
      file.numbers("", "base_degrees_of_freedom").value_or(std::vector<double>{0}).front();
  if (c.times < 1)
    throw Error(
        ExitCode::data,
        fmt::format("{}: base_calibration_times = {}; expected 1 or more: the file is damaged; make it "
                    "again with podscale-basis",
                    file.path(), c.times),
        true);
  return c;
}

}  // namespace

BasisExtras base_extras(const Communicator& comm, const Basis& basis, const LinearGaussian& base) {
  return {[&comm, &basis, &base](NetcdfFile& file, const MeshNames& lr) {
            define_base(file, lr, basis, base, checksum_text(base.checksum(comm, basis)));
          },
          [&comm, &basis, &base](NetcdfFile& file) { put_base(comm, file, basis, base); }};
}

std::optional<LinearGaussian> read_base(const Communicator& comm, const Basis& basis,
                                        const std::string& path) {
  const NetcdfFile file = NetcdfFile::open(comm, path);
  if (!file.has_variable("regression")) return std::nullopt;
  const long halo = static_cast<long>(required(file, "base_halo").front());
  std::vector<long> lags;
  const std::vector<double> stored_lags = required(file, "base_lags");
  for (const double lag : stored_lags) lags.push_back(static_cast<long>(lag));
  LinearGaussian base(halo, lags, Predictors(comm, basis, halo, lags));
  base.penalty = required(file, "base_penalty").front();
  base.interpolation = required(file, "base_interpolation").front();
  const std::size_t global_modes = file.dimension("global_mode").value_or(0), slots = base.conditions(basis);
  if (file.dimension("predictor").value() != slots)
    throw Error(ExitCode::data,
                fmt::format("{}: {} predictors a patch, but halo and lags make {}: the file is damaged; make "
                            "it again with podscale-basis",
                            path, file.dimension("predictor").value(), slots),
                true);
  base.residual.global_modes = static_cast<int>(global_modes);
  if (global_modes > 0) base.residual.variance = file.get_all("global_variance");
  base.cells = {basis.lr_climatology.harmonics, basis.channels() * basis.lr_mesh.points(),
                file.get_all("lr_cell_climatology")};
  for (double& value : base.cells.coefficients)
    if (value > 1e30) value = std::numeric_limits<double>::quiet_NaN();

  const std::size_t terms = file.dimension("season_term").value_or(0);
  Tables tables(basis, comm.rank(), slots, global_modes, terms);
  if (terms > 0) {
    tables.season.get(file, "patch_season");
    base.season.harmonics = static_cast<int>(terms - 1) / 2;
    if (global_modes > 0) base.season.global = file.get_all("global_season");
  }
  base.season.reason = file.text("", "base_season").value_or("");
  tables.regression.get(file, "regression");
  tables.scale.get(file, "predictor_scale");
  tables.range.get(file, "predictor_range");
  const std::size_t pairs = Tables::triangle(static_cast<std::size_t>(base.predictors.slots()));
  if (pairs > 0) tables.inverse.get(file, "predictor_inverse_root");
  tables.root.get(file, "residual_root");
  if (global_modes > 0) tables.global.get(file, "global_root");
  for (const PatchModes& patch : basis.patches.mine) {
    const std::size_t k = patch.modes;
    const double *b = tables.regression.row(patch.patch), *scale = tables.scale.row(patch.patch);
    base.regression.emplace_back(b, b + k * slots);
    base.predictor_scale.insert(base.predictor_scale.end(), scale, scale + slots);
    const double *range = tables.range.row(patch.patch), *inverse = tables.inverse.row(patch.patch);
    base.predictor_range.insert(base.predictor_range.end(), range, range + slots);
    base.inverse_root.emplace_back(inverse, inverse + pairs);
    PatchCovariance covariance;
    const auto take = [&](std::vector<double>& to, const double* from, std::size_t columns) {
      for (std::size_t j = 0; j < columns; ++j)
        to.insert(to.end(), from + j * tables.modes, from + j * tables.modes + k);
    };
    take(covariance.global, tables.global.row(patch.patch), global_modes);
    take(covariance.root, tables.root.row(patch.patch), k);
    base.residual.mine.push_back(std::move(covariance));
    const double* season = tables.season.row(patch.patch);
    base.season.patch.insert(base.season.patch.end(), season, season + terms);
  }

  base.contrast.reason = file.text("", "base_contrast").value_or("");
  if (file.has_variable("contrast_reference")) {
    base.contrast.coefficients = numbers<3>(file, "base_contrast_coefficients");
    PatchTable reference(basis, comm.rank(), {2}, 0);
    reference.get(file, "contrast_reference");
    for (const PatchModes& patch : basis.patches.mine)
      for (std::size_t i = 0; i < 2; ++i) base.contrast.reference.push_back(reference.row(patch.patch)[i]);
  }
  base.time = read_time_covariance(file, basis, comm.rank());
  const std::string found = checksum_text(base.checksum(comm, basis)),
                    stored = file.text("", "base_checksum").value_or("absent");
  if (found != stored)
    throw Error(
        ExitCode::data,
        fmt::format("{}: checksum {} of the base does not match the stored {}: the file is damaged or "
                    "was edited; make it again with podscale-basis",
                    path, found, stored),
        true);
  base.calibration = read_calibration(file);
  return base;
}

std::unique_ptr<ReferenceForecast> read_reference(const Communicator& comm, const Basis& basis,
                                                  const std::string& path, bool with_base) {
  if (!with_base) return std::make_unique<Diagonal>(basis);
  auto base = read_base(comm, basis, path);
  if (!base)
    throw Error(
        ExitCode::data,
        fmt::format("{}: no linear-Gaussian base in it, but model.base = 'gaussian'; expected one: make "
                    "the basis again with this namelist, or set model.base = 'none'",
                    path),
        true);
  return std::make_unique<LinearGaussian>(std::move(*base));
}

}  // namespace podscale
