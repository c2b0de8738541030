#include "podscale/gaussian/latent_space.hpp"

#include <algorithm>
#include <cmath>

#include "podscale/core/checksum.hpp"
#include "podscale/core/error.hpp"

namespace podscale {

std::string LatentSpace::checksum(const Communicator& comm) const {
  return checksum_text(reference_->checksum(comm, *basis_));
}

TokenLayout LatentSpace::layout(const Communicator& comm) const {
  TokenLayout layout = basis_->layout(comm);
  layout.condition = static_cast<int>(condition_width());
  layout.global_tokens = global_tokens();
  if (!reference_->ages.empty()) layout.age = static_cast<int>(reference_->layout(*basis_).age);
  const auto mean = [](const std::vector<float>& values) {
    double sum = 0;
    for (const float value : values) sum += static_cast<double>(value);
    return static_cast<float>(sum / static_cast<double>(values.size()));
  };
  const float lat = mean(layout.centre_lat), lon = mean(layout.centre_lon);
  for (int g = 0; g < layout.global_tokens; ++g) {
    layout.centre_lat.push_back(lat);
    layout.centre_lon.push_back(lon);
    for (int k = 0; k < layout.modes; ++k)
      layout.active.push_back(g * layout.modes + k < global_modes() ? 1 : 0);
  }
  layout.tokens += layout.global_tokens;
  return layout;
}

void LatentSpace::colour(std::size_t p, std::span<const double> z_global, std::span<const double> z_patch,
                         std::span<double> r) const {
  colour_patch(covariance(p), basis_->patches.mine[p].modes, z_global, z_patch, r);
}

void LatentSpace::add_season(double year_phase, std::span<double> z_patch, std::span<double> z_global) const {
  const LatentScale scale = this->scale(year_phase);
  const std::size_t k = basis_->modes;
  for (std::size_t i = 0; i < z_patch.size(); ++i) z_patch[i] *= scale.patch[i / k % scale.patch.size()];
  for (std::size_t i = 0; i < z_global.size(); ++i) z_global[i] *= scale.global[i % scale.global.size()];
}

void LatentSpace::standardise(std::size_t p, const float* condition, float* out) const {
  const std::size_t width = condition_width();
  const auto& scale = reference_->condition_scale(*basis_);
  for (std::size_t i = 0; i < width; ++i) {
    const double s = scale[p * width + i];
    out[i] = s > 0 ? static_cast<float>(static_cast<double>(condition[i]) / s) : 0.0f;
  }
  const ConditionLayout layout = reference_->layout(*basis_);
  if (layout.age == 0 || !(condition[layout.age] > 0)) return;
  // LR cells then are told as the change since: their scale is that of the change.
  for (long i = layout.then; i < layout.history; ++i) {
    const double s = scale[p * width + static_cast<std::size_t>(i)],
                 change = static_cast<double>(condition[layout.now + i - layout.then]) - static_cast<double>(condition[i]);
    out[i] = s > 0 ? static_cast<float>(change / s) : 0.0f;
  }
}

LatentSpace::Latents LatentSpace::whiten(const Communicator& comm, std::span<const float> a,
                                         std::span<const float> condition, long times,
                                         std::span<const double> year_phase) const {
  const std::size_t local = basis_->patches.mine.size(), k = basis_->modes, width = condition_width(),
                    n = times;
  PODSCALE_ASSERT(a.size() == n * local * k && condition.size() == n * local * width, "sizes {} and {}",
                  a.size(), condition.size());
  PatchSeries residuals;
  for (std::size_t p = 0; p < local; ++p)
    residuals.push_back(reference_->residuals(*basis_, p, a.data() + p * k, local * k,
                                              condition.data() + p * width, local * width, n));
  return whiten_residuals(comm, std::move(residuals), times, year_phase);
}

LatentSpace::Latents LatentSpace::whiten_residuals(const Communicator& comm, PatchSeries residuals,
                                                   long times, std::span<const double> year_phase) const {
  const std::size_t local = basis_->patches.mine.size(), k = basis_->modes, n = times;
  Latents latents{std::vector<double>(n * local * k, 0.0), {}};
  latents.global = global_latents(comm, reference_->residual, basis_->patches, residuals, times);
  const std::size_t global = global_modes();
  for (std::size_t p = 0; p < local; ++p) {
    const std::size_t modes = basis_->patches.mine[p].modes;
    for (std::size_t t = 0; t < n; ++t) {
      const auto row = std::span(residuals[p]).subspan(t * modes, modes);
      whiten_patch(covariance(p), static_cast<int>(modes),
                   std::span<const double>(latents.global).subspan(t * global, global), row);
      std::copy(row.begin(), row.end(), latents.patch.begin() + static_cast<long>((t * local + p) * k));
    }
  }
  for (std::size_t t = 0; t < year_phase.size(); ++t) {
    const LatentScale scale = this->scale(year_phase[t]);
    for (std::size_t i = 0; i < local * k; ++i) latents.patch[t * local * k + i] /= scale.patch[i / k];
    for (std::size_t r = 0; r < global; ++r) latents.global[t * global + r] /= scale.global[r];
  }
  return latents;
}

std::vector<double> covariance_factor(const PatchCovariance& patch, int modes,
                                      std::span<const double> global_variance,
                                      std::span<const double> patch_variance, double spread) {
  const std::size_t k = modes;
  std::vector<double> factor = patch.global;
  factor.insert(factor.end(), patch.root.begin(), patch.root.end());
  const std::size_t shared = global_variance.size();
  for (std::size_t column = 0; column * k < factor.size(); ++column) {
    const double s =
        spread * std::sqrt(column < shared ? global_variance[column] : patch_variance[column - shared]);
    for (std::size_t i = column * k; i < (column + 1) * k; ++i) factor[i] *= s;
  }
  return factor;
}

}  // namespace podscale
