#include "podscale/study/product_factors.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <sstream>

#include "podscale/core/error.hpp"
#include "podscale/core/intervals.hpp"
#include "podscale/core/units.hpp"
#include "podscale/field/sample_file.hpp"
#include "podscale/study/options.hpp"
#include "podscale/study/patch_table.hpp"
#include "podscale/study/time_covariance_file.hpp"

namespace podscale {
namespace {

std::vector<std::string> words(const std::string& text) {
  std::istringstream in(text);
  return {std::istream_iterator<std::string>(in), {}};
}

std::size_t size(long n) {
  return static_cast<std::size_t>(n);
}

/// Behind the names of what belongs to a regime.
std::string suffix(std::size_t regime) {
  return regime == 0 ? "" : fmt::format("_{}", regime);
}

Basis empty_basis(const NetcdfFile& file) {
  const auto patch = file.numbers("", "podscale_patch_size");
  if (!patch || !file.has_variable("phi"))
    fail(ExitCode::data, "{}: no covariance factors in it; expected a file of podscale-downscale",
         file.path());
  const long channels = static_cast<long>(file.dimension("channel").value_or(1));
  Basis basis(read_mesh(file), static_cast<long>((*patch)[0]), static_cast<long>((*patch)[1]), 1, 0,
              channels);
  if (const auto scale = file.numbers("", "podscale_channel_scale")) basis.channel_scale = *scale;
  return basis;
}

}  // namespace

std::vector<float> read_condition(const NetcdfFile& factors, const Basis& basis, int rank, std::size_t width,
                                  std::size_t time) {
  PatchTable table(basis, rank, {width}, 0);
  table.get(factors, "condition", {time});
  std::vector<float> condition;
  for (const PatchModes& patch : basis.patches.mine)
    for (std::size_t i = 0; i < width; ++i)
      condition.push_back(static_cast<float>(table.row(patch.patch)[i]));
  return condition;
}

std::vector<float> read_raised(const NetcdfFile& factors, const Basis& basis, int rank, std::size_t time) {
  if (!factors.has_variable("patch_raised")) return {};
  PatchTable table(basis, rank, {}, 1);
  table.get(factors, "patch_raised", {time});
  std::vector<float> raised;
  for (const PatchModes& patch : basis.patches.mine)
    raised.push_back(static_cast<float>(*table.row(patch.patch)));
  return raised;
}

std::size_t read_regime(const NetcdfFile& factors, std::size_t time) {
  if (!factors.has_variable("regime")) return 0;
  double regime = 0;
  factors.get("regime", {time}, {1}, std::span(&regime, 1));
  return static_cast<std::size_t>(regime);
}

ProductFactors::ProductFactors(const Communicator& comm, const LatentSpace& space, int members,
                               double truncation, int deflate, std::vector<double> unit_scale)
    : comm_(comm),
      space_(space),
      members_(members),
      truncation_(truncation),
      deflate_(deflate),
      unit_scale_(std::move(unit_scale)) {
  unit_scale_.resize(size(space.basis().channels()), 1.0);
}

NetcdfFile ProductFactors::create(const std::string& path, const SampleAxis& times,
                                  const std::vector<std::string>& variables,
                                  const Attributes& attributes,
                                  const std::function<void(NetcdfFile&)>& more) const {
  const Mesh& mesh = space_.basis().mesh;
  NetcdfFile file = NetcdfFile::create(comm_, path);
  const SampleAxis axis = with_bounds(times);  // as the product has it
  define_samples(file, axis);                  // realizations and runs one after the other
  define(file, define_mesh(file, mesh));
  file.put_text("", "Conventions", "CF-1.8");
  file.put_text("", "podscale_variables", fmt::format("{}", fmt::join(variables, " ")));
  put_attributes(file, attributes);
  if (more) more(file);
  define_time_covariance(file, space_.reference().time);
  file.end_definitions();
  write_samples(comm_, file, axis);
  write_mesh(comm_, file, mesh);
  put_static(file);
  put_time_covariance(comm_, file, space_.basis(), space_.reference().time);
  return file;
}

void ProductFactors::define(NetcdfFile& file, const MeshNames& mesh) const {
  const Basis& basis = space_.basis();
  const std::size_t k = size(basis.modes), py = size(basis.decomposition.patches_y()),
                    px = size(basis.decomposition.patches_x()), c = size(space_.condition_width()),
                    r = size(space_.global_modes());
  const auto chunk = basis.decomposition.chunk_shape();
  file.define_dimension("mode", k);
  file.define_dimension("patch_y", py);
  file.define_dimension("patch_x", px);
  file.define_dimension("predictor", c);
  // Several variables stand one behind the other in their common modes.
  const bool several = basis.channels() > 1;
  std::vector<std::string> field{mesh.y, mesh.x};
  if (several) field.insert(field.begin(), "channel");
  auto modes = field;
  modes.insert(modes.begin(), "mode");
  std::vector<std::size_t> field_chunk = chunk;
  if (several) field_chunk.insert(field_chunk.begin(), 1);
  auto mode_chunk = field_chunk;
  mode_chunk.insert(mode_chunk.begin(), 1);
  if (several) {
    file.define_dimension("channel", size(basis.channels()));
  }
  // From the units of the modes to those of the product.
  std::vector<double> scale = basis.channel_scale;
  for (std::size_t c = 0; c < scale.size(); ++c) scale[c] *= unit_scale_[c];
  file.put_numbers("", "podscale_channel_scale", scale);
  const auto [plain, units, squared] = field_units(basis);
  file.define_variable("phi", NC_DOUBLE, modes, {mode_chunk, deflate_, NC_FILL_DOUBLE});
  file.describe(
      "phi",
      "POD modes, orthonormal over the ocean points of each patch, of the field folded at patch borders",
      "1");
  file.define_variable("tau", NC_DOUBLE, field, {field_chunk, deflate_, NC_FILL_DOUBLE});
  file.describe("tau", "truncation variance of the folded field, calibrated", squared);
  if (basis.seams.present()) {
    file.define_dimension("seam_partner", 4);
    auto partners = field;
    partners.insert(partners.begin(), "seam_partner");
    file.define_variable("seam_map", NC_DOUBLE, partners, {mode_chunk, deflate_, {}});
    file.describe("seam_map",
                  "across patch borders: rows, for a point and its partners along x, along y and both, of the "
                  "map of what is independent from patch to patch to its covariance in training",
                  "1");
  }
  file.define_variable("condition", NC_FLOAT, {"time", "patch_y", "patch_x", "predictor"},
                       {{1, py, px, c}, deflate_, {}});
  file.describe("condition", "low-resolution anomalies that the forecast of a patch was given", units);
  file.put_numbers("", "podscale_patch_size",
                   {static_cast<double>(basis.patch_y), static_cast<double>(basis.patch_x)}, NC_INT);
  file.put_numbers("", "podscale_patch_overlap", {static_cast<double>(basis.lapping.overlap())}, NC_INT);
  if (!regimes_.empty()) {
    std::string meanings = "0 " + space_.reference().given.text();
    for (const std::size_t regime : regimes_)
      meanings += fmt::format(", {} {}", regime, (*spaces_)[regime].reference().given.text());
    file.define_variable("regime", NC_INT, {"time"});
    file.describe("regime", "what a time was forecast from: " + meanings, "1");
    file.define_variable("truncation_factor", NC_DOUBLE, {"time"});
    file.describe("truncation_factor", "factor on tau", "1");
  }
  if (members_ > 0) {
    // Column and mode share a dimension: some tools stop at four.
    file.define_dimension("factor_element", size(members_) * k);
    file.define_variable("member_factor", NC_FLOAT, {"time", "patch_y", "patch_x", "factor_element"},
                         {{1, py, px, size(members_) * k}, deflate_, {}});
    file.describe(
        "member_factor",
        "deviations of the members' coefficients over the root of members less one, mode by mode of "
        "each member",
        units);
    if (basis.seams.present()) {
      file.define_variable("member_own_factor", NC_FLOAT, {"time", "patch_y", "patch_x", "factor_element"},
                           {{1, py, px, size(members_) * k}, deflate_, {}});
      file.describe("member_own_factor",
                    "what member_factor holds of the parts that are independent from patch to patch", units);
    }
    return;
  }
  file.define_dimension("mode_column", k);
  for (const std::size_t regime : all_regimes()) {
    const std::string name = "residual_root" + suffix(regime);
    file.define_variable(name, NC_DOUBLE, {"patch_y", "patch_x", "mode_column", "mode"});
    file.describe(name, "factor of the coefficients' covariance inside a patch", units);
  }
  file.define_variable("latent_variance", NC_DOUBLE, {"time", "patch_y", "patch_x", "mode"},
                       {{1, py, px, k}, deflate_, {}});
  file.describe("latent_variance", "variance of the columns of residual_root", "1");
  file.define_variable("patch_spread", NC_DOUBLE, {"time", "patch_y", "patch_x"},
                       {{1, py, px}, deflate_, {}});
  file.describe(
      "patch_spread",
      "factor on residual_root and global_root: 1 near the training period, more where the condition "
      "lies far from it",
      "1");
  if (!basis.lr_gaps.empty()) {
    file.define_variable("patch_raised", NC_DOUBLE, {"time", "patch_y", "patch_x"}, {{1, py, px}, deflate_, {}});
    file.describe("patch_raised", "factor in latent_variance for LR cells that were filled in", "1");
  }
  if (r == 0) return;
  file.define_dimension("global_mode", r);
  for (const std::size_t regime : all_regimes()) {
    const std::string name = "global_root" + suffix(regime);
    file.define_variable(name, NC_DOUBLE, {"patch_y", "patch_x", "global_mode", "mode"});
    file.describe(name, "factor of the coefficients' covariance across patches", units);
  }
  file.define_variable("global_latent_variance", NC_DOUBLE, {"time", "global_mode"}, {{1, r}, deflate_, {}});
  file.describe("global_latent_variance", "variance of the columns of global_root", "1");
}

void ProductFactors::put_static(NetcdfFile& file) const {
  const Basis& basis = space_.basis();
  const std::size_t n = size(basis.points()), k = size(basis.modes), r = size(space_.global_modes());
  std::vector<double> phi(n * k, NC_FILL_DOUBLE), tau(n, NC_FILL_DOUBLE);
  for (std::size_t p = 0; p < basis.patches.mine.size(); ++p) {
    const PatchModes& patch = basis.patches.mine[p];
    const std::size_t d = patch.points.size(), modes = size(patch.modes);
    for (std::size_t i = 0; i < d; ++i) {
      const std::size_t point = size(patch.points[i]);
      tau[point] = truncation_ * patch.tau[i];
      for (std::size_t m = 0; m < k; ++m) phi[m * n + point] = m < modes ? patch.phi[m * d + i] : 0.0;
    }
  }
  Sizes leading;
  if (basis.channels() > 1) leading = {size(basis.channels())};
  const Hyperslab field = hyperslab(basis.window, leading);
  leading.insert(leading.begin(), k);
  const Hyperslab modal = hyperslab(basis.window, leading);
  if (basis.seams.present()) {
    Sizes partners{4};
    if (basis.channels() > 1) partners.push_back(size(basis.channels()));
    const Hyperslab rows = hyperslab(basis.window, partners);
    file.put("seam_map", rows.start, rows.count, std::span<const double>(basis.seams.map()));
  }
  file.put("tau", field.start, field.count, std::span<const double>(tau));
  file.put("phi", modal.start, modal.count, std::span<const double>(phi));
  if (members_ > 0) return;
  for (const std::size_t regime : all_regimes()) {
    const LatentSpace& space = regime == 0 ? space_ : (*spaces_)[regime];
    PatchTable root(basis, comm_.rank(), {k, k}, 0), global(basis, comm_.rank(), {r, k}, 0);
    for (std::size_t p = 0; p < basis.patches.mine.size(); ++p) {
      const PatchModes& patch = basis.patches.mine[p];
      const PatchCovariance& own = space.covariance(p);
      root.set_columns(patch.patch, own.root, patch.modes);
      global.set_columns(patch.patch, own.global, patch.modes);
    }
    root.put(file, "residual_root" + suffix(regime));
    if (r > 0) global.put(file, "global_root" + suffix(regime));
  }
}

std::vector<std::size_t> ProductFactors::all_regimes() const {
  std::vector<std::size_t> all{0};
  all.insert(all.end(), regimes_.begin(), regimes_.end());
  return all;
}

void ProductFactors::put(NetcdfFile& file, std::span<const std::size_t> times,
                         const std::vector<CoefficientForecast>& forecasts,
                         std::span<const float> condition, std::span<const float> raised) const {
  const Basis& basis = space_.basis();
  const std::size_t local = basis.patches.mine.size(), k = size(basis.modes),
                    c = size(space_.condition_width()), r = size(space_.global_modes());
  for (std::size_t t = 0; t < forecasts.size(); ++t) {
    const CoefficientForecast& f = forecasts[t];
    PatchTable predictor(basis, comm_.rank(), {c}, 0), variance(basis, comm_.rank(), {k}, 0),
        spread(basis, comm_.rank(), {}, 0), factor(basis, comm_.rank(), {size(members_) * k}, 0),
        own(basis, comm_.rank(), {size(members_) * k}, 0);
    for (std::size_t p = 0; p < local; ++p) {
      const PatchModes& patch = basis.patches.mine[p];
      const std::size_t modes = size(patch.modes);
      for (std::size_t i = 0; i < c; ++i)
        predictor.row(patch.patch)[i] = static_cast<double>(condition[(t * local + p) * c + i]);
      if (members_ > 0)
        for (std::size_t m = 0; m < size(members_); ++m) {
          const long from = static_cast<long>(m * modes);
          std::copy_n(f.factor[p].begin() + from, modes, factor.row(patch.patch) + m * k);
          if (f.has_own)
            std::copy_n(f.own_factor[p].begin() + from, modes, own.row(patch.patch) + m * k);
        }
      else
        std::copy_n(f.latent.patch_variance.begin() + static_cast<long>(p * k), modes,
                    variance.row(patch.patch));
      *spread.row(patch.patch) = f.spread.empty() ? 1 : f.spread[p];
    }
    predictor.put(file, "condition", {times[t]});
    if (!regimes_.empty()) {
      const std::size_t one = comm_.is_root() ? 1 : 0;
      const double regime = static_cast<double>(f.regime);
      file.put("regime", {times[t]}, {one}, std::span(&regime, one));
      file.put("truncation_factor", {times[t]}, {one}, std::span(&f.truncation, one));
    }
    if (members_ > 0) {
      factor.put(file, "member_factor", {times[t]});
      if (f.has_own) own.put(file, "member_own_factor", {times[t]});
      continue;
    }
    variance.put(file, "latent_variance", {times[t]});
    spread.put(file, "patch_spread", {times[t]});
    if (!basis.lr_gaps.empty()) {
      PatchTable factors(basis, comm_.rank(), {}, 1);
      for (std::size_t p = 0; p < local && !raised.empty(); ++p)
        *factors.row(basis.patches.mine[p].patch) = static_cast<double>(raised[t * local + p]);
      factors.put(file, "patch_raised", {times[t]});
    }
    const std::size_t count = comm_.is_root() ? r : 0;
    if (r > 0)
      file.put("global_latent_variance", {times[t], 0}, {count > 0 ? std::size_t{1} : 0, count},
               std::span<const double>(f.latent.global_variance).first(count));
  }
}

FactorReader::FactorReader(const NetcdfFile& product)
    : file_(open_factors(self_, product)),
      basis_(empty_basis(file_)),
      variables_(words(file_.text("", "podscale_variables").value_or(""))) {
  const NetcdfFile& file = file_;
  if (std::ssize(variables_) != basis_.channels())
    fail(ExitCode::data, "{}: podscale_variables names {} variables, expected {}: make the product again",
         file.path(), variables_.size(), basis_.channels());
  const std::size_t n = size(basis_.points());
  basis_.modes = static_cast<int>(file.dimension("mode").value());
  const std::size_t k = size(basis_.modes);
  const auto tau = file.get_all("tau"), phi = file.get_all("phi");
  for (long i = 0; i < basis_.window.points(); ++i) basis_.ocean.push_back(tau[size(i)] < 1e30);
  basis_.patches = find_patches(self_, basis_.decomposition, basis_.ocean, basis_.channels());
  basis_.overlap_patches(
      self_,
      static_cast<long>(file.numbers("", "podscale_patch_overlap").value_or(std::vector<double>{0}).front()));
  if (file.has_variable("seam_map"))
    basis_.seams = Seams(self_, basis_.lapping, basis_.channels(), file.get_all("seam_map"));
  for (PatchModes& patch : basis_.patches.mine) {
    patch.modes = basis_.modes;
    for (std::size_t m = 0; m < k; ++m)
      for (const long point : patch.points) patch.phi.push_back(phi[m * n + size(point)]);
    for (const long point : patch.points) patch.tau.push_back(tau[size(point)]);
  }
  columns_ = file.dimension("factor_element").value_or(0) / k;
  time_ = read_time_covariance(file, basis_, 0);
  rank_ = columns_ > 0 ? 0 : file.dimension("global_mode").value_or(0);
  if (columns_ > 0) return;
  std::vector<double> regimes{0};
  if (file.has_variable("regime")) regimes = file.get_all("regime");
  for (const double number : regimes) {
    const std::size_t regime = static_cast<std::size_t>(number);
    std::vector<PatchCovariance>& covariance = covariance_[regime];
    if (!covariance.empty()) continue;
    PatchTable root(basis_, 0, {k, k}, 0), global(basis_, 0, {rank_, k}, 0);
    root.get(file, "residual_root" + suffix(regime));
    if (rank_ > 0) global.get(file, "global_root" + suffix(regime));
    for (const PatchModes& patch : basis_.patches.mine) {
      const double *own = root.row(patch.patch), *across = global.row(patch.patch);
      covariance.push_back({{across, across + rank_ * k}, {own, own + k * k}});
    }
  }
}

void FactorReader::require_time() const {
  if (!time_.coherent())
    fail(ExitCode::data,
         "{}: it does not say how errors persist in time ({}), so the variance of a mean over several times is "
         "not known", file_.path(), time_.reason);
  if (const auto text = file_.text("", "podscale_namelist");
      columns_ > 0 && text && !options_of_text(*text, file_.path()).sampling.coherence)
    fail(ExitCode::data,
         "{}: its members were drawn with sampling.coherence = .false.: they say nothing of means over several "
         "times; downscale again with .true.", file_.path());
}

std::vector<std::size_t> FactorReader::steps_of(ProductReader& product) const {
  return factor_steps(file_, basis_.mesh, product);
}

CoefficientForecast FactorReader::read(std::size_t time) const {
  const std::size_t k = size(basis_.modes);
  CoefficientForecast forecast;
  forecast.regime = read_regime(file_, time);
  if (file_.has_variable("truncation_factor"))
    file_.get("truncation_factor", {time}, {1}, std::span(&forecast.truncation, 1));
  forecast.shared = static_cast<int>(columns_ > 0 ? columns_ : rank_);
  PatchTable table(basis_, 0, columns_ > 0 ? Sizes{columns_ * k} : Sizes{k}, 0);
  table.get(file_, columns_ > 0 ? "member_factor" : "latent_variance", {time});
  PatchTable own(basis_, 0, columns_ > 0 ? Sizes{columns_ * k} : Sizes{}, 0);
  forecast.has_own = columns_ > 0 && basis_.seams.present();
  if (forecast.has_own) own.get(file_, "member_own_factor", {time});
  PatchTable spread(basis_, 0, {}, 1);
  if (columns_ == 0 && file_.has_variable("patch_spread")) spread.get(file_, "patch_spread", {time});
  std::vector<double> global(rank_);
  if (columns_ == 0 && rank_ > 0)
    file_.get("global_latent_variance", {time, 0}, {1, rank_}, std::span(global));
  for (std::size_t p = 0; p < basis_.patches.mine.size(); ++p) {
    const double* row = table.row(basis_.patches.mine[p].patch);
    forecast.mean.emplace_back(k, 0.0);
    forecast.spread.push_back(*spread.row(basis_.patches.mine[p].patch));
    if (forecast.has_own) {
      const double* inside = own.row(basis_.patches.mine[p].patch);
      forecast.own_mean.emplace_back(k, 0.0);
      forecast.own_factor.emplace_back(inside, inside + columns_ * k);
    }
    if (columns_ > 0)
      forecast.factor.emplace_back(row, row + columns_ * k);
    else
      forecast.factor.push_back(covariance_factor(covariance_.at(forecast.regime)[p], basis_.modes, global,
                                                  std::span<const double>(row, k), forecast.spread.back()));
  }
  return forecast;
}

void FactorReader::require_variance(const CoefficientForecast& forecast, std::size_t channel,
                                    const ProductFields& fields, const std::string& product) const {
  const std::size_t points = size(basis_.mesh.points()), all = points * variables_.size();
  std::vector<double> mean(all), own(all);
  decode_forecast(basis_, forecast, 1, std::vector<double>(all, 0.0), mean, own);
  const std::span<double> expected = std::span(own).subspan(channel * points, points);
  for (std::size_t i = 0; i < fields.running.size(); ++i) expected[i] *= static_cast<double>(fields.running[i]);
  // A rounded deviation, a packed variance; the factors of members are floats.
  const double share = 1e-2 + 2 * std::stod(file_.text("", "podscale_rounding").value_or("0"));
  double largest = 0;
  for (const double v : expected) largest = std::max(largest, std::isnan(v) ? 0.0 : v);
  for (std::size_t i = 0; i < points; ++i) {
    const double found = fields.variance[i];
    if (!basis_.ocean[i] || std::abs(found - expected[i]) <= share * expected[i] + 1e-4 * largest) continue;
    const Position at = basis_.mesh.position(static_cast<idx_t>(i));
    fail(ExitCode::data,
         "{}: the variance of {} at {:.6g}, {:.6g} is {:.6g}, but {:.6g} by its covariance factors in {}: it "
         "was changed since; give the product as podscale-downscale wrote it",
         product, variables_[channel], at.y, at.x, found, expected[i], file_.path());
  }
}

}  // namespace podscale
