#include "podscale/study/token_series.hpp"

#include <algorithm>

#include "podscale/study/blocks.hpp"

namespace podscale {

std::vector<long> local_tokens(const Basis& basis) {
  std::vector<long> tokens;
  for (const PatchModes& patch : basis.patches.mine) tokens.push_back(patch.token);
  return tokens;
}

std::vector<float> standardised(const LatentSpace& space, std::span<const float> condition, long times) {
  const std::size_t local = space.basis().patches.mine.size(), width = space.condition_width();
  std::vector<float> out(condition.size());
  for (std::size_t t = 0; t < static_cast<std::size_t>(times); ++t)
    for (std::size_t p = 0; p < local; ++p)
      space.standardise(p, condition.data() + (t * local + p) * width, out.data() + (t * local + p) * width);
  return out;
}

std::vector<float> with_global_tokens(std::span<const float> rows, long items, long patches,
                                      long global_tokens, long width) {
  std::vector<float> all(items * (patches + global_tokens) * width, 0.0f);
  for (long i = 0; i < items; ++i)
    std::copy_n(rows.begin() + i * patches * width, patches * width,
                all.begin() + i * (patches + global_tokens) * width);
  return all;
}

namespace {

/// Conditions for the network: [times][local patches][columns].
std::vector<float> told_of(const LatentSpace& space, std::span<const std::size_t> columns,
                           std::span<const float> condition, long times) {
  if (columns.empty()) return standardised(space, condition, times);
  const std::size_t local = space.basis().patches.mine.size(), width = space.condition_width();
  std::vector<float> out, row(width);
  out.reserve(static_cast<std::size_t>(times) * local * columns.size());
  for (std::size_t i = 0; i < static_cast<std::size_t>(times) * local; ++i) {
    space.standardise(i % local, condition.data() + i * width, row.data());
    for (const std::size_t column : columns) out.push_back(row[column]);
  }
  return out;
}

}  // namespace

TokenSeries token_series(const Communicator& comm, const LatentSpace& space, const EncodedPeriod& period,
                         long block) {
  const Basis& basis = space.basis();
  TokenSeries series;
  series.columns = space.reference().told(basis);
  series.tokens = local_tokens(basis);
  const std::size_t patches = series.tokens.size();
  if (comm.is_root())  // global tokens, which every tile asks for
    for (long g = 0; g < space.global_tokens(); ++g)
      series.tokens.push_back(std::ssize(basis.patches.patch_of_token) + g);
  const std::size_t tokens = series.tokens.size(), k = basis.modes, items = period.size(),
                    c = series.columns.empty() ? space.condition_width() : series.columns.size(),
                    global_modes = space.global_modes();
  series.latent.assign(items * tokens * k, 0.0f);
  for_blocks("latents", items, block, [&](std::size_t first, std::size_t count) {
    const auto z = latents_of(comm, space, period, first, count,
                              std::span(period.year_phase).subspan(first, count));
    const auto to_float = [](double value) { return static_cast<float>(value); };
    for (std::size_t t = 0; t < count; ++t) {
      float* const row = series.latent.data() + (first + t) * tokens * k;
      std::transform(z.patch.data() + t * patches * k, z.patch.data() + (t + 1) * patches * k, row, to_float);
      if (tokens > patches)
        std::transform(z.global.data() + t * global_modes, z.global.data() + (t + 1) * global_modes,
                       row + patches * k, to_float);
    }
  });
  const std::vector<float> given = told_of(space, series.columns, period.conditions, static_cast<long>(items));
  series.condition.assign(items * tokens * c, 0.0f);
  for (std::size_t t = 0; t < items; ++t)
    std::copy_n(given.data() + t * patches * c, patches * c, series.condition.data() + t * tokens * c);
  for (const double phase : period.year_phase) series.year_phase.push_back(static_cast<float>(phase));
  return series;
}

}  // namespace podscale
