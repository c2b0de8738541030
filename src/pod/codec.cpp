#include "podscale/pod/codec.hpp"

#include <algorithm>

#include "podscale/core/error.hpp"
#include "podscale/core/lapack.hpp"

namespace podscale {

Codec::Codec(const std::vector<PatchModes>& patches, int modes, long window_points)
    : patches_(&patches), modes_(modes), window_points_(window_points) {}

std::vector<double> Codec::scales() const {
  std::vector<double> scale(patches_->size() * static_cast<std::size_t>(modes_), 1.0);
  for (std::size_t p = 0; p < patches_->size(); ++p)
    std::copy((*patches_)[p].scale.begin(), (*patches_)[p].scale.end(),
              scale.begin() + static_cast<long>(p) * modes_);
  return scale;
}

void Codec::encode(std::span<const double> anomalies, long items, std::span<const double> scale,
                   std::span<float> tokens) const {
  const long n_tokens = this->tokens();
  PODSCALE_ASSERT(static_cast<long>(anomalies.size()) == items * window_points_ &&
                      static_cast<long>(tokens.size()) == items * n_tokens * modes_ &&
                      static_cast<long>(scale.size()) == n_tokens * modes_,
                  "sizes {}, {}, {}", anomalies.size(), tokens.size(), scale.size());
  std::fill(tokens.begin(), tokens.end(), 0.0f);
  std::vector<double> gathered, coefficients;
  // One item at a time through gemm's matrix-vector shape would be slow; all items of a patch in one product.
  for (long p = 0; p < n_tokens; ++p) {
    const PatchModes& patch = (*patches_)[static_cast<std::size_t>(p)];
    const int d = static_cast<int>(patch.points.size()), n = static_cast<int>(items);
    gathered.resize(static_cast<std::size_t>(d) * static_cast<std::size_t>(items));
    coefficients.resize(static_cast<std::size_t>(patch.modes) * static_cast<std::size_t>(items));
    for (long t = 0; t < items; ++t)
      for (int i = 0; i < d; ++i)
        gathered[static_cast<std::size_t>(t * d + i)] = anomalies[static_cast<std::size_t>(
            t * window_points_ + patch.points[static_cast<std::size_t>(i)])];
    gemm(true, false, patch.modes, n, d, 1, patch.phi.data(), d, gathered.data(), d, 0, coefficients.data(),
         patch.modes);
    for (long t = 0; t < items; ++t)
      for (int k = 0; k < patch.modes; ++k)
        tokens[static_cast<std::size_t>((t * n_tokens + p) * modes_ + k)] =
            static_cast<float>(coefficients[static_cast<std::size_t>(t * patch.modes + k)] /
                               scale[static_cast<std::size_t>(p * modes_ + k)]);
  }
}

void Codec::decode(std::span<const float> tokens, long items, std::span<const double> scale,
                   std::span<double> anomalies) const {
  const long n_tokens = this->tokens();
  PODSCALE_ASSERT(static_cast<long>(anomalies.size()) == items * window_points_ &&
                      static_cast<long>(tokens.size()) == items * n_tokens * modes_,
                  "sizes {} and {}", anomalies.size(), tokens.size());
  std::vector<double> coefficients, values;
  for (long p = 0; p < n_tokens; ++p) {
    const PatchModes& patch = (*patches_)[static_cast<std::size_t>(p)];
    const int d = static_cast<int>(patch.points.size()), n = static_cast<int>(items);
    coefficients.resize(static_cast<std::size_t>(patch.modes) * static_cast<std::size_t>(items));
    values.assign(static_cast<std::size_t>(d) * static_cast<std::size_t>(items), 0.0);
    for (long t = 0; t < items; ++t)
      for (int k = 0; k < patch.modes; ++k)
        coefficients[static_cast<std::size_t>(t * patch.modes + k)] =
            static_cast<double>(tokens[static_cast<std::size_t>((t * n_tokens + p) * modes_ + k)]) *
            scale[static_cast<std::size_t>(p * modes_ + k)];
    if (patch.modes > 0)
      gemm(false, false, d, n, patch.modes, 1, patch.phi.data(), d, coefficients.data(), patch.modes, 0,
           values.data(), d);
    for (long t = 0; t < items; ++t)
      for (int i = 0; i < d; ++i)
        anomalies[static_cast<std::size_t>(t * window_points_ + patch.points[static_cast<std::size_t>(i)])] =
            values[static_cast<std::size_t>(t * d + i)];
  }
}

}  // namespace podscale
