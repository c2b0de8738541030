#include "podscale/gaussian/forecast.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "podscale/core/error.hpp"

namespace podscale {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
constexpr int kAllColumns = std::numeric_limits<int>::max();

/// B c + spread * colour(z), [modes] K.
std::vector<double> coefficients(const LatentSpace& space, std::size_t p, std::span<const double> z_global,
                                 const double* z_patch, const float* condition, double spread) {
  const std::size_t modes = space.basis().patches.mine[p].modes;
  std::vector<double> mean(modes), r(modes);
  space.mean(p, condition, mean);
  space.colour(p, z_global, std::span(z_patch, modes), r);
  for (std::size_t k = 0; k < modes; ++k) mean[k] += spread * r[k];
  return mean;
}

/// Fields of columns, [count][values of a field]; own: what they hold of the parts inside patches,
/// or null. Collective.
void decode_columns(const Basis& basis, const PatchColumns& columns, const PatchColumns* own, int first,
                    int count, std::span<double> fields) {
  basis.codec().decode(columns, first, count, fields);
  if (!own || !basis.seams.present()) return basis.unfold(fields, count);
  std::vector<double> inside(fields.size());
  basis.codec().decode(*own, first, count, inside);
  for (std::size_t i = 0; i < inside.size(); ++i) fields[i] -= inside[i];
  basis.unfold(fields, count);
  basis.unfold_own(inside, count);
  for (std::size_t i = 0; i < inside.size(); ++i) fields[i] += inside[i];
}

/// Adds the squares of the first `shared` columns of the factors, which are common to all patches,
/// on the window: where patches overlap, both carry them. own: as above. Collective.
void add_column_squares(const Basis& basis, const PatchColumns& factor, const PatchColumns* own, int shared,
                        std::span<double> variance) {
  const Codec codec = basis.codec();
  if (basis.lapping.overlap() == 0) return codec.add_variance(factor, 0, shared, variance);
  constexpr int kBatch = 16;  // fields in memory at once
  const std::size_t n = variance.size();
  std::vector<double> fields;
  for (int first = 0; first < shared; first += kBatch) {
    const int columns = std::min(kBatch, shared - first);
    fields.resize(n * static_cast<std::size_t>(columns));
    decode_columns(basis, factor, own, first, columns, fields);
    for (std::size_t c = 0; c < static_cast<std::size_t>(columns); ++c)
      for (std::size_t i = 0; i < n; ++i) variance[i] += fields[c * n + i] * fields[c * n + i];
  }
}

}  // namespace

CoefficientForecast forecast_from_latents(const LatentSpace& space, LatentForecast latent,
                                          std::span<const float> condition, Factor factor) {
  const Basis& basis = space.basis();
  const std::size_t k = basis.modes, width = space.condition_width();
  CoefficientForecast forecast;
  forecast.shared = space.global_modes();
  forecast.has_factor = factor == Factor::with;
  for (std::size_t p = 0; p < basis.patches.mine.size(); ++p) {
    const int modes = basis.patches.mine[p].modes;
    const float* given = condition.data() + p * width;
    const double spread = forecast.spread.emplace_back(space.spread(p, given));
    forecast.mean.push_back(
        coefficients(space, p, latent.global_mean, latent.patch_mean.data() + p * k, given, spread));
    if (forecast.has_factor)
      forecast.factor.push_back(
          covariance_factor(space.covariance(p), modes, latent.global_variance,
                            std::span<const double>(latent.patch_variance).subspan(p * k, k), spread));
  }
  forecast.latent = std::move(latent);
  return forecast;
}

CoefficientForecast forecast_from_members(const LatentSpace& space, int members,
                                          std::span<const double> z_patch, std::span<const double> z_global,
                                          std::span<const float> condition,
                                          const LatentSpace::Latents* start_noise) {
  PODSCALE_ASSERT(members >= 2, "{} members", members);
  const Basis& basis = space.basis();
  const std::size_t local = basis.patches.mine.size(), k = basis.modes, global_modes = space.global_modes(),
                    m = members, width = space.condition_width();
  CoefficientForecast forecast;
  forecast.shared = members;
  forecast.has_own = basis.seams.present();
  const double inverse = 1.0 / members, root = 1 / std::sqrt(members - 1.0);
  const std::vector<double> no_global(global_modes, 0.0);
  for (std::size_t p = 0; p < local; ++p) {
    const std::size_t modes = basis.patches.mine[p].modes;
    std::vector<double> mean(modes, 0.0), factor, part(modes);
    const double spread = forecast.spread.emplace_back(space.spread(p, condition.data() + p * width));
    for (std::size_t i = 0; i < m; ++i) {
      const double* z = z_patch.data() + (i * local + p) * k;
      const auto a = coefficients(space, p, z_global.subspan(i * global_modes, global_modes), z,
                                  condition.data() + p * width, spread);
      for (std::size_t c = 0; c < modes; ++c) mean[c] += a[c] * inverse;
      factor.insert(factor.end(), a.begin(), a.end());
    }
    for (std::size_t i = 0; i < m; ++i)
      for (std::size_t c = 0; c < modes; ++c)
        factor[i * modes + c] = (factor[i * modes + c] - mean[c]) * root;
    if (start_noise) {
      space.colour(p, start_noise->global, std::span(start_noise->patch).subspan(p * k, modes), part);
      for (std::size_t c = 0; c < modes; ++c) mean[c] -= spread * part[c];
    }
    forecast.mean.push_back(std::move(mean));
    forecast.factor.push_back(std::move(factor));
    if (!forecast.has_own) continue;
    std::vector<double> own_mean(modes, 0.0), own(m * modes);
    for (std::size_t i = 0; i < m; ++i) {
      const auto column = std::span(own).subspan(i * modes, modes);
      space.colour(p, no_global, z_patch.subspan((i * local + p) * k, modes), column);
      for (std::size_t c = 0; c < modes; ++c) own_mean[c] += (column[c] *= spread) * inverse;
    }
    for (std::size_t i = 0; i < own.size(); ++i) own[i] = (own[i] - own_mean[i % modes]) * root;
    if (start_noise) {
      space.colour(p, no_global, std::span(start_noise->patch).subspan(p * k, modes), part);
      for (std::size_t c = 0; c < modes; ++c) own_mean[c] -= spread * part[c];
    }
    forecast.own_mean.push_back(std::move(own_mean));
    forecast.own_factor.push_back(std::move(own));
  }

  const auto moments = [&](std::span<const double> z, std::size_t size, std::vector<double>& mean,
                           std::vector<double>& variance, const std::vector<double>* noise) {
    mean.assign(size, 0.0);
    variance.assign(size, 0.0);
    for (std::size_t i = 0; i < m; ++i)
      for (std::size_t j = 0; j < size; ++j) mean[j] += z[i * size + j] * inverse;
    for (std::size_t i = 0; i < m; ++i)
      for (std::size_t j = 0; j < size; ++j) {
        const double deviation = z[i * size + j] - mean[j];
        variance[j] += deviation * deviation / (members - 1) * (start_noise ? 1 : (members + 1) * inverse);
      }
    if (noise)
      for (std::size_t j = 0; j < size; ++j) mean[j] -= (*noise)[j];
  };
  moments(z_global, global_modes, forecast.latent.global_mean, forecast.latent.global_variance,
          start_noise ? &start_noise->global : nullptr);
  moments(z_patch, local * k, forecast.latent.patch_mean, forecast.latent.patch_variance,
          start_noise ? &start_noise->patch : nullptr);
  return forecast;
}

void split_members(const LatentSpace& space, int members, std::span<const double> z_patch,
                   std::span<const double> z_global, const Inflation& inflation,
                   CoefficientForecast& forecast) {
  const Basis& basis = space.basis();
  const std::size_t local = basis.patches.mine.size(), k = basis.modes, global_modes = space.global_modes(),
                    m = members;
  // Deviations of colour(z) from its mean, over the root of the members less one.
  const auto deviations = [&](std::size_t p, bool own) {
    const std::size_t modes = basis.patches.mine[p].modes;
    std::vector<double> columns(m * modes), mean(modes, 0.0), z_own(modes, 0.0), z_across(global_modes, 0.0);
    for (std::size_t i = 0; i < m; ++i) {
      for (std::size_t c = 0; own && c < modes; ++c)
        z_own[c] = z_patch[(i * local + p) * k + c] / std::sqrt(inflation.of_mode(c));
      for (std::size_t r = 0; !own && r < global_modes; ++r)
        z_across[r] = z_global[i * global_modes + r] / std::sqrt(inflation.global);
      const auto column = std::span(columns).subspan(i * modes, modes);
      space.colour(p, z_across, z_own, column);
      for (std::size_t c = 0; c < modes; ++c) mean[c] += column[c] / members;
    }
    for (std::size_t i = 0; i < columns.size(); ++i)
      columns[i] = forecast.spread[p] * (columns[i] - mean[i % modes]) / std::sqrt(members - 1.0);
    return columns;
  };
  forecast.is_split = true;
  for (std::size_t p = 0; p < local; ++p) {
    forecast.patch_factor.push_back(deviations(p, true));
    forecast.global_factor.push_back(deviations(p, false));
  }
}

std::vector<double> draw_coefficients(const LatentSpace& space, const LatentForecast& latent,
                                      std::span<const float> noise, std::span<const float> condition) {
  const Basis& basis = space.basis();
  const std::size_t local = basis.patches.mine.size(), k = basis.modes,
                    tokens = basis.patches.patch_of_token.size(), width = space.condition_width();
  const bool apart = basis.seams.present();
  std::vector<double> z_global, a((apart ? 2 : 1) * local * k, 0.0), z(k), drawn(k);
  for (std::size_t r = 0; r < latent.global_mean.size(); ++r)
    z_global.push_back(latent.global_mean[r] +
                       std::sqrt(latent.global_variance[r]) * static_cast<double>(noise[tokens * k + r]));
  const std::vector<double> no_global(z_global.size(), 0.0);
  for (std::size_t p = 0; p < local; ++p) {
    const std::size_t token = basis.patches.mine[p].token, modes = basis.patches.mine[p].modes;
    for (std::size_t i = 0; i < k; ++i) {
      z[i] = latent.patch_mean[p * k + i];
      drawn[i] = std::sqrt(latent.patch_variance[p * k + i]) * static_cast<double>(noise[token * k + i]);
      if (!apart) z[i] += drawn[i];
    }
    const float* given = condition.data() + p * width;
    const double spread = space.spread(p, given);
    const auto values = coefficients(space, p, z_global, z.data(), given, spread);
    std::copy(values.begin(), values.end(), a.begin() + static_cast<long>(p * k));
    if (!apart) continue;
    const auto own = std::span(a).subspan((local + p) * k, modes);
    space.colour(p, no_global, std::span<const double>(drawn).first(modes), own);
    for (double& value : own) value *= spread;
  }
  return a;
}

long times_at_once(const LatentSpace& space, long block) {
  const long modes = space.basis().modes, factors = 8 * std::ssize(space.basis().patches.patch_of_token) *
                                                    modes * (space.global_modes() + modes);
  return std::clamp((1l << 30) / std::max(1l, factors), 1l, block);
}

LatentForecast with_season(const LatentSpace& space, double year_phase, const Inflation& inflation,
                           LatentForecast network, std::span<const float> raised, double level) {
  const std::size_t k = space.basis().modes;
  for (double& variance : network.global_variance) variance *= inflation.global * level;
  for (std::size_t i = 0; i < network.patch_variance.size(); ++i)
    network.patch_variance[i] *=
        level * inflation.of_mode(i % k) * (raised.empty() ? 1 : static_cast<double>(raised[i / k]));
  space.add_season(year_phase, network.patch_mean, network.global_mean);
  for (int twice = 0; twice < 2; ++twice)
    space.add_season(year_phase, network.patch_variance, network.global_variance);
  return network;
}

ForecastFunction base_forecast(const LatentSpace& space, Factor factor) {
  return [&space, factor](const ForecastRequest& request, const Inflation& inflation) {
    const std::size_t local = space.basis().patches.mine.size(),
                      latents = local * static_cast<std::size_t>(space.basis().modes),
                      global = space.global_modes(),
                      width = local * static_cast<std::size_t>(space.condition_width());
    const LatentForecast standard{std::vector<double>(global, 0.0), std::vector<double>(global, 1.0),
                                  std::vector<double>(latents, 0.0), std::vector<double>(latents, 1.0)};
    std::vector<CoefficientForecast> forecasts;
    for (std::size_t t = 0; t < request.times(); ++t)
      forecasts.push_back(forecast_from_latents(space,
                                                with_season(space, request.year_phase[t], inflation, standard,
                                                            request.raised_at(t), request.level_at(t)),
                                                request.condition.subspan(t * width, width), factor));
    return forecasts;
  };
}

void decode_coefficients(const Basis& basis, std::span<const double> a, long count,
                         std::span<double> anomalies) {
  basis.codec().decode(a, count, anomalies);
  basis.unfold(anomalies, count);
}

void decode_members(const Basis& basis, std::span<const double> a, long count, std::span<double> anomalies,
                    std::span<const double> left_out) {
  if (!basis.seams.present()) {
    basis.codec().decode(a, count, anomalies);
    for (std::size_t i = 0; i < left_out.size(); ++i) anomalies[i] += left_out[i];
    basis.unfold(anomalies, count);
    return;
  }
  // [count][2][local patches][K]
  const std::size_t n = static_cast<std::size_t>(basis.points());
  std::vector<double> both(2 * anomalies.size()), inside(anomalies.size());
  basis.codec().decode(a, 2 * count, both);
  for (std::size_t i = 0; i < anomalies.size(); ++i) {
    anomalies[i] = both[2 * (i / n) * n + i % n];
    inside[i] = both[(2 * (i / n) + 1) * n + i % n];
  }
  for (std::size_t i = 0; i < left_out.size(); ++i) inside[i] += left_out[i];  // each patch's own
  basis.unfold(anomalies, count);
  basis.unfold_own(inside, count);
  for (std::size_t i = 0; i < inside.size(); ++i) anomalies[i] += inside[i];
}

void decode_member(const Basis& basis, std::span<const double> a, std::span<const double> climatology,
                   std::span<double> field, std::span<const double> left_out) {
  decode_members(basis, a, 1, field, left_out);
  for (std::size_t i = 0; i < field.size(); ++i)
    field[i] = basis.is_ocean(i) ? basis.scale_of(i) * field[i] + climatology[i] : kNone;
}

void decode_anomaly(const Basis& basis, const CoefficientForecast& forecast, double truncation,
                    std::span<double> mean, std::span<double> variance) {
  const Codec codec = basis.codec();
  decode_columns(basis, forecast.mean, forecast.has_own ? &forecast.own_mean : nullptr, 0, 1, mean);
  std::fill(variance.begin(), variance.end(), 0.0);
  for (const PatchModes& patch : basis.patches.mine)
    for (std::size_t i = 0; i < patch.points.size(); ++i)
      variance[patch.points[i]] = truncation * forecast.truncation * patch.tau[i];
  // Without overlap no point sees two patches, and shared columns are like a patch's own.
  const bool apart = basis.lapping.overlap() == 0;
  codec.add_variance(forecast.factor, apart ? 0 : forecast.shared, kAllColumns, variance);
  basis.unfold_variance(variance, 1);
  if (!apart)
    add_column_squares(basis, forecast.factor, forecast.has_own ? &forecast.own_factor : nullptr,
                       forecast.shared, variance);
}

void decode_forecast(const Basis& basis, const CoefficientForecast& forecast, double truncation,
                     std::span<const double> climatology, std::span<double> mean,
                     std::span<double> variance) {
  decode_anomaly(basis, forecast, truncation, mean, variance);
  for (std::size_t i = 0; i < mean.size(); ++i) {
    const double scale = basis.scale_of(i);
    mean[i] = basis.is_ocean(i) ? scale * mean[i] + climatology[i] : kNone;
    variance[i] = basis.is_ocean(i) ? scale * scale * variance[i] : kNone;
  }
}

VarianceBudget variance_budget(const Basis& basis, const CoefficientForecast& forecast,
                               const Inflation& inflation) {
  const std::size_t n = basis.points();
  const int shared = forecast.shared;
  const Codec codec = basis.codec();
  VarianceBudget budget{std::vector<double>(n, 0.0), std::vector<double>(n, 0.0), std::vector<double>(n, 0.0),
                        std::vector<double>(n, 0.0)};
  std::vector<double> all(n, 0.0);
  auto plain = forecast.factor;  // without the inflation, where the columns are latents
  for (std::size_t p = 0; p < basis.patches.mine.size(); ++p) {
    const PatchModes& patch = basis.patches.mine[p];
    const std::size_t modes = patch.modes, first = forecast.shared * modes;
    PODSCALE_ASSERT(plain[p].size() > first || modes == 0 || forecast.is_split,
                    "a budget of {} members that were not split", shared);
    for (std::size_t i = 0; i < plain[p].size(); ++i)
      plain[p][i] /= std::sqrt(i < first ? inflation.global : inflation.of_mode((i - first) / modes));
    for (std::size_t i = 0; i < patch.points.size(); ++i) {
      const std::size_t point = patch.points[i];
      budget.truncation[point] = patch.tau[i];
      all[point] = inflation.truncation * patch.tau[i];
    }
  }
  codec.add_variance(plain, shared, kAllColumns, budget.patch);
  codec.add_variance(forecast.factor, shared, kAllColumns, all);
  for (auto* part : {&budget.patch, &budget.truncation, &all}) basis.unfold_variance(*part, 1);
  add_column_squares(basis, forecast.factor, forecast.has_own ? &forecast.own_factor : nullptr, shared, all);
  if (forecast.is_split) {
    add_column_squares(basis, forecast.patch_factor, &forecast.patch_factor, shared, budget.patch);
    add_column_squares(basis, forecast.global_factor, nullptr, shared, budget.cross_patch);
  } else {
    add_column_squares(basis, plain, nullptr, shared, budget.cross_patch);
  }
  for (std::size_t i = 0; i < n; ++i) {
    budget.calibration[i] = all[i] - budget.patch[i] - budget.cross_patch[i] - budget.truncation[i];
    const double square = basis.is_ocean(i) ? basis.scale_of(i) * basis.scale_of(i) : kNone;
    for (auto* part : {&budget.patch, &budget.cross_patch, &budget.truncation, &budget.calibration})
      (*part)[i] *= square;
  }
  return budget;
}

}  // namespace podscale
