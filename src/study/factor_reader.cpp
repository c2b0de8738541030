#include "podscale/study/factor_reader.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <sstream>

#include "podscale/core/error.hpp"
#include "podscale/study/base_file.hpp"
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

Mesh mesh_of(const NetcdfFile& file) {
  if (!file.numbers("", "podscale_patch_size") || !file.has_variable("phi"))
    fail(ExitCode::data, "{}: no covariance factors in it; expected a file of podscale-downscale",
         file.path());
  return read_mesh(file);
}

/// Without its patches. Of some rows: the patches that they lie in, and where patches overlap one
/// row of patches beyond.
Basis empty_basis(const NetcdfFile& file, const Mesh& region, const std::optional<Share>& rows,
                  long overlap) {
  const auto patch = file.numbers("", "podscale_patch_size").value();
  const long patch_y = static_cast<long>(patch[0]), patch_x = static_cast<long>(patch[1]),
             channels = static_cast<long>(file.dimension("channel").value_or(1)),
             beyond = overlap > 0 ? 1 : 0;
  Share patches{0, (region.ny() + patch_y - 1) / patch_y};
  if (rows)
    patches = {std::max(0l, rows->begin / patch_y - beyond),
               std::min(patches.end, (rows->end + patch_y - 1) / patch_y + beyond)};
  const long first = patches.begin * patch_y, end = std::min<long>(region.ny(), patches.end * patch_y);
  const bool all = first == 0 && end == region.ny();
  Basis basis(all ? region : region.subset({first, end - first, 0, region.nx()}), patch_y, patch_x, 1, 0,
              channels);
  basis.first_patch_row = patches.begin;
  if (const auto scale = file.numbers("", "podscale_channel_scale")) basis.channel_scale = *scale;
  return basis;
}

/// [leading][values of a field] of the rows of a basis.
std::vector<double> read_fields(const NetcdfFile& file, const std::string& name, const Basis& basis,
                                const Sizes& leading) {
  Window window = basis.window;
  window.y0 += basis.first_patch_row * basis.patch_y;
  Sizes with_channels = leading;
  if (basis.channels() > 1) with_channels.push_back(static_cast<std::size_t>(basis.channels()));
  const Hyperslab slab = hyperslab(window, with_channels);
  std::size_t each = 1;
  for (const std::size_t n : slab.count) each *= n;
  std::vector<double> values(each);
  file.get(name, slab.start, slab.count, std::span(values));
  return values;
}

long overlap_of(const NetcdfFile& file) {
  return static_cast<long>(
      file.numbers("", "podscale_patch_overlap").value_or(std::vector<double>{0}).front());
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

FactorReader::FactorReader(const NetcdfFile& product, const std::optional<Share>& rows)
    : file_(open_factors(self_, product)),
      region_(mesh_of(file_)),
      basis_(empty_basis(file_, region_, rows, overlap_of(file_))),
      variables_(words(file_.text("", "podscale_variables").value_or(""))) {
  const NetcdfFile& file = file_;
  if (std::ssize(variables_) != basis_.channels())
    fail(ExitCode::data, "{}: podscale_variables names {} variables, expected {}: make the product again",
         file.path(), variables_.size(), basis_.channels());
  const std::size_t n = size(basis_.points());
  basis_.modes = static_cast<int>(file.dimension("mode").value());
  const std::size_t k = size(basis_.modes);
  const auto tau = read_fields(file, "tau", basis_, {}), phi = read_fields(file, "phi", basis_, {k});
  for (long i = 0; i < basis_.window.points(); ++i) basis_.ocean.push_back(tau[size(i)] < 1e30);
  basis_.patches = find_patches(self_, basis_.decomposition, basis_.ocean, basis_.channels());
  basis_.overlap_patches(self_, overlap_of(file));
  if (file.has_variable("seam_map"))
    basis_.seams =
        Seams(self_, basis_.lapping, basis_.channels(), read_fields(file, "seam_map", basis_, {4}));
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
    root.get(file, "residual_root" + regime_suffix(regime));
    if (rank_ > 0) global.get(file, "global_root" + regime_suffix(regime));
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
  return factor_steps(file_, region_, product);
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

std::shared_ptr<const CoefficientForecast> FactorReader::read_shared(std::size_t time) const {
  if (!last_ || last_time_ != time) {
    last_.reset();
    last_ = std::make_shared<const CoefficientForecast>(read(time));
    last_time_ = time;
  }
  return last_;
}

void FactorReader::require_variance(const CoefficientForecast& forecast, std::size_t channel,
                                    const ProductFields& fields, const std::string& product,
                                    const std::optional<Share>& rows, double largest) const {
  const std::size_t points = size(basis_.mesh.points()), all = points * variables_.size();
  const Share compared = rows.value_or(Share{0, region_.ny()});
  std::vector<double> mean(all), own(all);
  decode_forecast(basis_, forecast, 1, std::vector<double>(all, 0.0), mean, own);
  const long before = (compared.begin - first_row()) * region_.nx();
  const std::span<double> expected =
      std::span(own).subspan(channel * points + size(before), size(compared.size() * region_.nx()));
  for (std::size_t i = 0; i < fields.running.size(); ++i) expected[i] *= static_cast<double>(fields.running[i]);
  // A rounded deviation, a packed variance; the factors of members are floats.
  const double share = 1e-2 + 2 * std::stod(file_.text("", "podscale_rounding").value_or("0"));
  for (const double v : expected) largest = std::max(largest, std::isnan(v) ? 0.0 : v);
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const double found = fields.variance[i];
    const std::size_t here = size(before) + i;
    if (!basis_.ocean[here] || std::abs(found - expected[i]) <= share * expected[i] + 1e-4 * largest)
      continue;
    const Position at = basis_.mesh.position(static_cast<idx_t>(here));
    fail(ExitCode::data,
         "{}: the variance of {} at {:.6g}, {:.6g} is {:.6g}, but {:.6g} by its covariance factors in {}: it "
         "was changed since; give the product as podscale-downscale wrote it",
         product, variables_[channel], at.y, at.x, found, expected[i], file_.path());
  }
}

}  // namespace podscale
