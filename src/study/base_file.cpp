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
  Tables(const Basis& basis, int rank, const LinearGaussian& base, std::size_t terms)
      : Tables(basis, rank, static_cast<std::size_t>(base.conditions(basis)), base.row_width(basis),
               static_cast<std::size_t>(base.residual.global_modes), terms) {}
  /// conditions: C; row: values of B a mode.
  Tables(const Basis& basis, int rank, std::size_t conditions, std::size_t row, std::size_t global_modes,
         std::size_t terms)
      : modes(static_cast<std::size_t>(basis.modes)),
        regression(basis, rank, {modes, row}, 0),
        scale(basis, rank, {conditions}, 0),
        range(basis, rank, {conditions}, 0),
        inverse(basis, rank, {triangle(row - modes)}, 0),
        global(basis, rank, {global_modes, modes}, 0),
        root(basis, rank, {modes, modes}, 0),
        season(basis, rank, {terms}, 0) {}
  static std::size_t triangle(std::size_t n) { return n * (n + 1) / 2; }
  std::size_t modes;
  PatchTable regression, scale, range, inverse, global, root, season;
};

void define_regime(NetcdfFile& file, const Basis& basis, const LinearGaussian& base, const std::string& s) {
  const auto describe = [&](const std::string& name, const std::string& what, const std::string& units) {
    file.describe(name + s, s.empty() ? what : fmt::format("{}; {}", what, base.given.text()), units);
  };
  const auto [units, spread, square] = field_units(basis);
  const std::size_t row = base.row_width(basis), slots = row - static_cast<std::size_t>(basis.modes);
  file.define_dimension("predictor" + s, row);
  if (base.residual.global_modes > 0) {
    file.define_variable("global_variance" + s, NC_DOUBLE, {"global_mode"});
    describe("global_variance", "variance of the leading modes of the stacked regression residuals", square);
    file.define_variable("global_root" + s, NC_DOUBLE, {"patch_y", "patch_x", "global_mode", "mode"});
    describe("global_root", "those modes times their standard deviation", spread);
  }
  file.define_variable("regression" + s, NC_DOUBLE, {"patch_y", "patch_x", "mode", "predictor" + s});
  describe("regression",
           std::string("regression of the coefficients on LR cells, by lag, variable, row and column, ") +
               (base.given.has_history() ? "on those of the time of the analysis, on its coefficients, " : "") +
               "and on the projection of the interpolated LR field",
           "1");
  if (slots > 0) {
    file.define_dimension("predictor_pair" + s, Tables::triangle(slots));
    file.define_variable("predictor_inverse_root" + s, NC_FLOAT,
                         {"patch_y", "patch_x", "predictor_pair" + s});
    describe(
        "predictor_inverse_root",
        "inverse of the lower Cholesky factor of the penalised normal equations of the LR cells, rows of "
        "its lower triangle: the sum of squares of its product with them is the variance of the mean over "
        "that of the residuals",
        "1");
  }
  file.define_variable("residual_root" + s, NC_DOUBLE, {"patch_y", "patch_x", "mode_column", "mode"});
  describe("residual_root", "columns of the lower Cholesky factor of the remaining residual covariance",
           spread);
  if (base.season.varies()) {
    file.define_dimension("season_term" + s, base.season.terms());
    file.define_variable("patch_season" + s, NC_DOUBLE, {"patch_y", "patch_x", "season_term" + s});
    describe("patch_season",
             "variance of the latents of a patch: mean, cosine and sine of each annual harmonic", "1");
    if (base.residual.global_modes > 0) {
      file.define_variable("global_season" + s, NC_DOUBLE, {"global_mode", "season_term" + s});
      describe("global_season", "the same of each global mode", "1");
    }
  }
  if (s.empty()) {
    if (base.contrast.varies()) {
      file.define_dimension("contrast_term", 2);
      file.define_variable("contrast_reference", NC_DOUBLE, {"patch_y", "patch_x", "contrast_term"});
      describe("contrast_reference",
               "training mean squares of the contrast of the LR cells and of their change", square);
      file.put_numbers("", "base_contrast_coefficients",
                       {base.contrast.coefficients.begin(), base.contrast.coefficients.end()});
    }
    if (!base.contrast.reason.empty()) file.put_text("", "base_contrast", base.contrast.reason);
    define_time_covariance(file, base.time);
  }
  const Calibration& c = base.calibration;
  file.put_text("", "base_season" + s, base.season.reason);
  file.put_numbers("", "base_penalty" + s, {base.penalty});
  file.put_numbers("", "base_interpolation" + s, {base.interpolation});
  file.put_numbers("", "base_inflation" + s, c.inflation.numbers());
  file.put_numbers("", "base_coverage_before" + s, {c.before.begin(), c.before.end()});
  file.put_numbers("", "base_coverage_after" + s, {c.after.begin(), c.after.end()});
  file.put_numbers("", "base_conformal_half_width" + s, {c.half_width.begin(), c.half_width.end()});
  file.put_numbers("", "base_calibration_times" + s, {static_cast<double>(c.times)}, NC_INT);
  file.put_numbers("", "base_calibration_held_out_times" + s, {static_cast<double>(c.held_out)}, NC_INT);
  file.put_text("", "base_calibration_split" + s, c.split());
  file.put_text("", "base_calibration_period" + s, c.period);
  file.put_text("", "base_calibration_note" + s, c.note);
  if (c.degrees_of_freedom > 0)
    file.put_numbers("", "base_degrees_of_freedom" + s, {c.degrees_of_freedom});
}

void define_base(NetcdfFile& file, const MeshNames& lr, const Basis& basis, const LinearGaussian& base,
                 const std::string& checksum) {
  const auto [units, spread, square] = field_units(basis);
  file.define_dimension("mode_column", basis.modes);
  if (base.residual.global_modes > 0) file.define_dimension("global_mode", base.residual.global_modes);
  for (std::size_t r = 0; r < base.regimes(); ++r)
    define_regime(file, basis, r == 0 ? base : base.others[r - 1], regime_suffix(r));
  // A condition is as long as the predictors where none of them is an analysis.
  const char* const condition = base.ages.empty() ? "predictor" : "condition_value";
  if (!base.ages.empty()) file.define_dimension(condition, base.conditions(basis));
  file.define_variable("predictor_scale", NC_DOUBLE, {"patch_y", "patch_x", condition});
  file.describe("predictor_scale", "training standard deviation of a predictor; 0 where there is no LR ocean",
                spread);
  file.define_variable("predictor_range", NC_DOUBLE, {"patch_y", "patch_x", condition});
  file.describe("predictor_range", "largest absolute value of a predictor in training", spread);
  file.define_variable("lr_cell_climatology", NC_DOUBLE, {"harmonic_term", "channel", lr.y, lr.x},
                       {{}, 0, NC_FILL_DOUBLE});
  file.describe("lr_cell_climatology",
                "mean, cosine and sine of each annual harmonic of the LR cells in use", units);
  file.put_numbers("", "base_halo", {static_cast<double>(base.halo)}, NC_INT);
  file.put_numbers("", "base_lags", {base.lags.begin(), base.lags.end()}, NC_INT);
  file.put_numbers("", "base_regimes", {static_cast<double>(base.regimes())}, NC_INT);
  file.put_numbers("", "base_without_lags", {base.find({false, 0}) ? 1.0 : 0.0}, NC_INT);
  if (!base.ages.empty()) file.put_numbers("", "base_history_ages", base.ages);
  file.put_text("", "base_checksum", checksum);
  file.put_numbers("", "base_coverage_levels", {calibration_levels.begin(), calibration_levels.end()});
}

void put_regime(const Communicator& comm, NetcdfFile& file, const Basis& basis, const LinearGaussian& base,
                const std::string& s) {
  const std::size_t global_modes = base.residual.global_modes,
                    terms = base.season.varies() ? static_cast<std::size_t>(base.season.terms()) : 0,
                    conditions = base.conditions(basis);
  Tables tables(basis, comm.rank(), base, terms);
  for (std::size_t p = 0; p < basis.patches.mine.size(); ++p) {
    const PatchModes& patch = basis.patches.mine[p];
    const PatchCovariance& covariance = base.residual.mine[p];
    std::copy(base.regression[p].begin(), base.regression[p].end(), tables.regression.row(patch.patch));
    if (s.empty()) {
      std::copy_n(base.predictor_scale.begin() + static_cast<long>(p * conditions), conditions,
                  tables.scale.row(patch.patch));
      std::copy_n(base.predictor_range.begin() + static_cast<long>(p * conditions), conditions,
                  tables.range.row(patch.patch));
    }
    std::copy(base.inverse_root[p].begin(), base.inverse_root[p].end(), tables.inverse.row(patch.patch));
    tables.global.set_columns(patch.patch, covariance.global, patch.modes);
    tables.root.set_columns(patch.patch, covariance.root, patch.modes);
    if (terms > 0)
      std::copy_n(base.season.patch.begin() + static_cast<long>(p * terms), terms,
                  tables.season.row(patch.patch));
  }
  if (terms > 0) {
    tables.season.put(file, "patch_season" + s);
    const std::size_t count = comm.is_root() ? global_modes : 0;
    if (global_modes > 0)
      file.put("global_season" + s, {0, 0}, {count, count > 0 ? terms : 0},
               std::span<const double>(base.season.global).first(count * terms));
  }
  if (s.empty()) {
    if (base.contrast.varies()) {
      PatchTable reference(basis, comm.rank(), {2}, 0);
      for (std::size_t p = 0; p < basis.patches.mine.size(); ++p)
        std::copy_n(base.contrast.reference.begin() + static_cast<long>(2 * p), 2,
                    reference.row(basis.patches.mine[p].patch));
      reference.put(file, "contrast_reference");
    }
    put_time_covariance(comm, file, basis, base.time);
  }
  tables.regression.put(file, "regression" + s);
  if (s.empty()) {
    tables.scale.put(file, "predictor_scale");
    tables.range.put(file, "predictor_range");
  }
  if (base.row_width(basis) > tables.modes) tables.inverse.put(file, "predictor_inverse_root" + s);
  tables.root.put(file, "residual_root" + s);
  if (global_modes > 0) {
    tables.global.put(file, "global_root" + s);
    const std::size_t count = comm.is_root() ? global_modes : 0;
    file.put("global_variance" + s, {0}, {count},
             std::span<const double>(base.residual.variance).first(count));
  }
}

void put_base(const Communicator& comm, NetcdfFile& file, const Basis& basis, const LinearGaussian& base) {
  for (std::size_t r = 0; r < base.regimes(); ++r)
    put_regime(comm, file, basis, r == 0 ? base : base.others[r - 1], regime_suffix(r));
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

Calibration read_calibration(const NetcdfFile& file, const std::string& s) {
  Calibration c;
  const auto inflation = required(file, "base_inflation" + s);
  c.inflation =
      same_on_all_ranks([&] { return Inflation::from_numbers(inflation, file.path() + ": base_inflation" + s); });
  c.before = numbers<4>(file, "base_coverage_before" + s);
  c.after = numbers<4>(file, "base_coverage_after" + s);
  c.half_width = numbers<4>(file, "base_conformal_half_width" + s);
  c.times = static_cast<long>(numbers<1>(file, "base_calibration_times" + s)[0]);
  c.held_out = static_cast<long>(numbers<1>(file, "base_calibration_held_out_times" + s)[0]);
  c.period = file.text("", "base_calibration_period" + s).value_or("");
  c.note = file.text("", "base_calibration_note" + s).value_or("");
  c.degrees_of_freedom =
      file.numbers("", "base_degrees_of_freedom" + s).value_or(std::vector<double>{0}).front();
  if (c.times < 1)
    throw Error(
        ExitCode::data,
        fmt::format("{}: base_calibration_times = {}; expected 1 or more: the file is damaged; make it "
                    "again with podscale-basis",
                    file.path(), c.times),
        true);
  return c;
}

/// What put_regime wrote; base: begun.
void read_regime(const Communicator& comm, const NetcdfFile& file, const Basis& basis, const std::string& s,
                 LinearGaussian& base) {
  base.penalty = required(file, "base_penalty" + s).front();
  base.interpolation = required(file, "base_interpolation" + s).front();
  const std::size_t global_modes = file.dimension("global_mode").value_or(0), row = base.row_width(basis),
                    found = file.dimension("predictor" + s).value_or(0);
  if (found != row)
    throw Error(ExitCode::data,
                fmt::format("{}: {} predictors a patch, but halo and lags make {}: the file is damaged; make "
                            "it again with podscale-basis",
                            file.path(), found, row),
                true);
  base.residual.global_modes = static_cast<int>(global_modes);
  if (global_modes > 0) base.residual.variance = file.get_all("global_variance" + s);
  const std::size_t terms = file.dimension("season_term" + s).value_or(0),
                    conditions = base.conditions(basis);
  Tables tables(basis, comm.rank(), base, terms);
  if (terms > 0) {
    tables.season.get(file, "patch_season" + s);
    base.season.harmonics = static_cast<int>(terms - 1) / 2;
    if (global_modes > 0) base.season.global = file.get_all("global_season" + s);
  }
  base.season.reason = file.text("", "base_season" + s).value_or("");
  tables.regression.get(file, "regression" + s);
  if (s.empty()) {
    tables.scale.get(file, "predictor_scale");
    tables.range.get(file, "predictor_range");
  }
  const std::size_t pairs = Tables::triangle(row - tables.modes);
  if (pairs > 0) tables.inverse.get(file, "predictor_inverse_root" + s);
  tables.root.get(file, "residual_root" + s);
  if (global_modes > 0) tables.global.get(file, "global_root" + s);
  for (const PatchModes& patch : basis.patches.mine) {
    const std::size_t k = patch.modes;
    const double* b = tables.regression.row(patch.patch);
    base.regression.emplace_back(b, b + k * row);
    if (s.empty()) {
      const double *scale = tables.scale.row(patch.patch), *range = tables.range.row(patch.patch);
      base.predictor_scale.insert(base.predictor_scale.end(), scale, scale + conditions);
      base.predictor_range.insert(base.predictor_range.end(), range, range + conditions);
    }
    const double* inverse = tables.inverse.row(patch.patch);
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
  base.calibration = read_calibration(file, s);
}

}  // namespace

std::string regime_suffix(std::size_t regime) {
  return regime == 0 ? "" : fmt::format("_{}", regime);
}

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
  if (required(file, "base_regimes").front() > 1)
    base.add_regimes(basis, file.numbers("", "base_history_ages").value_or(std::vector<double>{}),
                     required(file, "base_without_lags").front() != 0);
  base.cells = {basis.lr_climatology.harmonics, basis.channels() * basis.lr_mesh.points(),
                file.get_all("lr_cell_climatology")};
  for (double& value : base.cells.coefficients)
    if (value > 1e30) value = std::numeric_limits<double>::quiet_NaN();
  read_regime(comm, file, basis, "", base);
  for (std::size_t r = 1; r < base.regimes(); ++r) {
    LinearGaussian& other = base.others[r - 1];
    read_regime(comm, file, basis, regime_suffix(r), other);
    other.predictor_scale = base.predictor_scale;
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
