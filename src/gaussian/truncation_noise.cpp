#include "podscale/gaussian/truncation_noise.hpp"

#include <cmath>

namespace podscale {

TruncationNoise::TruncationNoise(const Basis& basis, LeftOut columns, std::uint64_t seed,
                                 const TimeCovariance& time, bool coherent)
    : basis_(&basis), columns_(std::move(columns)), random_(seed, Stream::truncation) {
  if (coherent && time.coherent())
    coherent_.emplace(seed, Stream::truncation, time.lattice, std::vector<TwoScale>{time.truncation});
}

void TruncationNoise::set_calendar(Calendar calendar) const {
  if (coherent_) coherent_->set_calendar(calendar);
}

std::vector<double> TruncationNoise::field(std::uint64_t time_key, int member, double variance) const {
  std::vector<double> values(static_cast<std::size_t>(basis_->points()), 0.0);
  const std::size_t stride = static_cast<std::size_t>(basis_->patch_y * basis_->patch_x * basis_->channels());
  const float scale = static_cast<float>(std::sqrt(variance));
  std::vector<float> noise, sums;
  for (std::size_t p = 0; p < columns_.size(); ++p) {
    const PatchModes& patch = basis_->patches.mine[p];
    const std::size_t d = patch.points.size(), columns = columns_[p].size() / d;
    noise.resize(columns);
    const std::size_t first = static_cast<std::size_t>(patch.token) * stride;
    if (coherent_)
      coherent_->values(time_key, member, first, noise);
    else
      random_.fill_noise(noise, time_key, static_cast<std::uint32_t>(member), 0, first);
    sums.assign(d, 0.0f);
    for (std::size_t c = 0; c < columns; ++c) {
      const float factor = scale * noise[c];
      const float* column = columns_[p].data() + c * d;
      for (std::size_t i = 0; i < d; ++i) sums[i] += factor * column[i];
    }
    for (std::size_t i = 0; i < d; ++i)
      values[static_cast<std::size_t>(patch.points[i])] = static_cast<double>(sums[i]);
  }
  return values;
}

}  // namespace podscale
