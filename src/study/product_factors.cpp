#include "podscale/study/product_factors.hpp"

#include <fmt/ranges.h>

#include <algorithm>

#include "podscale/core/intervals.hpp"
#include "podscale/core/units.hpp"
#include "podscale/field/sample_file.hpp"
#include "podscale/study/base_file.hpp"
#include "podscale/study/patch_table.hpp"
#include "podscale/study/time_covariance_file.hpp"

namespace podscale {
namespace {

std::size_t size(long n) {
  return static_cast<std::size_t>(n);
}

}  // namespace

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
  if (!basis.lr_gaps.empty()) {
    file.define_variable("patch_raised", NC_DOUBLE, {"time", "patch_y", "patch_x"}, {{1, py, px}, deflate_, {}});
    file.describe("patch_raised", "factor of the variance of latents for LR cells that were filled in", "1");
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
    const std::string name = "residual_root" + regime_suffix(regime);
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
  if (r == 0) return;
  file.define_dimension("global_mode", r);
  for (const std::size_t regime : all_regimes()) {
    const std::string name = "global_root" + regime_suffix(regime);
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
    root.put(file, "residual_root" + regime_suffix(regime));
    if (r > 0) global.put(file, "global_root" + regime_suffix(regime));
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
    if (!basis.lr_gaps.empty()) {
      PatchTable factors(basis, comm_.rank(), {}, 1);
      for (std::size_t p = 0; p < local && !raised.empty(); ++p)
        *factors.row(basis.patches.mine[p].patch) = static_cast<double>(raised[t * local + p]);
      factors.put(file, "patch_raised", {times[t]});
    }
    if (members_ > 0) {
      factor.put(file, "member_factor", {times[t]});
      if (f.has_own) own.put(file, "member_own_factor", {times[t]});
      continue;
    }
    variance.put(file, "latent_variance", {times[t]});
    spread.put(file, "patch_spread", {times[t]});
    const std::size_t count = comm_.is_root() ? r : 0;
    if (r > 0)
      file.put("global_latent_variance", {times[t], 0}, {count > 0 ? std::size_t{1} : 0, count},
               std::span<const double>(f.latent.global_variance).first(count));
  }
}

}  // namespace podscale
