#include "podscale/diffusion/downscaling.hpp"

#include <algorithm>
#include <limits>

#include "podscale/base/error.hpp"
#include "podscale/gaussian/closed_form_variance.hpp"
#include "podscale/parallel/transposition.hpp"
#include "podscale/pod/token_series.hpp"

namespace podscale {

std::vector<float> sample_ensemble(const Communicator& comm, const Basis& basis, const EnsemblePlan& plan,
                                   const SampleFunction& sample, std::span<const float> condition,
                                   std::span<const float> year_phase,
                                   std::span<const std::uint32_t> time_key) {
  const long times = static_cast<long>(year_phase.size()), groups = plan.groups(), items = times * groups;
  const long tokens = static_cast<long>(basis.patches.patch_of_token.size()), modes = basis.modes;
  const long local = static_cast<long>(basis.patches.mine.size()), width = plan.batch * modes;
  const Transposition in(comm, local_tokens(basis), tokens, items, modes);
  const Transposition out(comm, local_tokens(basis), tokens, items, width);

  // Every group of a time needs its condition: tokens are few, so each group carries a copy.
  std::vector<float> repeated;
  for (long t = 0; t < times; ++t)
    for (long g = 0; g < groups; ++g)
      repeated.insert(repeated.end(), condition.begin() + t * local * modes,
                      condition.begin() + (t + 1) * local * modes);
  const Share mine = in.items();
  std::vector<float> given(static_cast<std::size_t>(mine.size() * tokens * modes));
  in.to_items(repeated, given);

  std::vector<float> drawn(static_cast<std::size_t>(mine.size() * tokens * width));
  comm.agree([&] {
    std::vector<float> batch(static_cast<std::size_t>(tokens * width));
    for (long item = 0; item < mine.size(); ++item) {
      const long time = (mine.begin + item) / groups, group = (mine.begin + item) % groups;
      sample(std::span<const float>(given).subspan(static_cast<std::size_t>(item * tokens * modes),
                                                   static_cast<std::size_t>(tokens * modes)),
             year_phase[static_cast<std::size_t>(time)], time_key[static_cast<std::size_t>(time)],
             static_cast<int>(group * plan.batch), plan.batch, batch);
      // [member][token][mode] -> [token][member][mode], so that a token travels in one piece.
      for (long m = 0; m < plan.batch; ++m)
        for (long p = 0; p < tokens; ++p)
          std::copy_n(batch.begin() + (m * tokens + p) * modes, modes,
                      drawn.begin() + (item * tokens + p) * width + m * modes);
    }
  });
  std::vector<float> by_space(static_cast<std::size_t>(items * local * width));
  out.to_space(drawn, by_space);
  return by_space;
}

EnsembleDecoder::EnsembleDecoder(const Basis& basis, const EnsemblePlan& plan)
    : basis_(&basis), plan_(plan), scale_(basis.codec().scales()) {}

const float* EnsembleDecoder::token(std::span<const float> tokens, int member, std::size_t patch) const {
  const std::size_t group = static_cast<std::size_t>(member / plan_.batch),
                    within = static_cast<std::size_t>(member % plan_.batch);
  const std::size_t modes = static_cast<std::size_t>(basis_->modes),
                    batch = static_cast<std::size_t>(plan_.batch);
  return tokens.data() + ((group * basis_->patches.mine.size() + patch) * batch + within) * modes;
}

void EnsembleDecoder::moments(std::span<const float> tokens, std::span<const double> climatology,
                              std::span<double> mean, std::span<double> variance) const {
  std::fill(mean.begin(), mean.end(), std::numeric_limits<double>::quiet_NaN());
  std::fill(variance.begin(), variance.end(), std::numeric_limits<double>::quiet_NaN());
  std::vector<const float*> members(static_cast<std::size_t>(plan_.members));
  for (std::size_t p = 0; p < basis_->patches.mine.size(); ++p) {
    const PatchModes& patch = basis_->patches.mine[p];
    for (int m = 0; m < plan_.members; ++m) members[static_cast<std::size_t>(m)] = token(tokens, m, p);
    const auto scale = std::span<const double>(scale_).subspan(p * static_cast<std::size_t>(basis_->modes),
                                                               static_cast<std::size_t>(basis_->modes));
    const LatentMoments latent = latent_moments(members, scale, patch.modes);
    const auto retained = retained_variance(patch, latent.covariance);
    const std::size_t d = patch.points.size();
    for (std::size_t i = 0; i < d; ++i) {
      const std::size_t point = static_cast<std::size_t>(patch.points[i]);
      double value = climatology[point];
      for (int k = 0; k < patch.modes; ++k)
        value += patch.phi[static_cast<std::size_t>(k) * d + i] * latent.mean[static_cast<std::size_t>(k)];
      mean[point] = value;
      variance[point] = retained[i] + patch.tau[i];
    }
  }
}

void EnsembleDecoder::member(std::span<const float> tokens, int m, std::span<const double> climatology,
                             std::span<double> field) const {
  std::fill(field.begin(), field.end(), std::numeric_limits<double>::quiet_NaN());
  std::vector<float> own;
  for (std::size_t p = 0; p < basis_->patches.mine.size(); ++p) {
    const float* values = token(tokens, m, p);
    own.insert(own.end(), values, values + basis_->modes);
  }
  basis_->codec().decode(own, 1, scale_, field);
  for (const PatchModes& patch : basis_->patches.mine)
    for (const long point : patch.points)
      field[static_cast<std::size_t>(point)] += climatology[static_cast<std::size_t>(point)];
}

}  // namespace podscale
