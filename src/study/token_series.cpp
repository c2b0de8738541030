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
  const long local = std::ssize(basis.patches.mine), patches = std::ssize(basis.patches.patch_of_token),
             k = basis.modes, c = series.columns.empty() ? space.condition_width() : std::ssize(series.columns), global_modes = space.global_modes(),
             items = std::ssize(period);
  std::vector<float> latent(items * local * k);
  std::vector<double> global;
  for_blocks("latents", period.size(), block, [&](std::size_t first, std::size_t count) {
    const auto z = latents_of(comm, space, period, first, count,
                              std::span(period.year_phase).subspan(first, count));
    std::transform(z.patch.begin(), z.patch.end(), latent.begin() + static_cast<long>(first) * local * k,
                   [](double value) { return static_cast<float>(value); });
    global.insert(global.end(), z.global.begin(), z.global.end());
  });
  const std::vector<float> given = told_of(space, series.columns, period.conditions, items);

  const Transposition of_latent(comm, local_tokens(basis), patches, items, k),
      of_condition(comm, local_tokens(basis), patches, items, c);
  series.items = of_latent.items();
  const long mine = series.items.size(), extra = space.global_tokens();
  std::vector<float> by_item(mine * patches * k);
  of_latent.to_items(latent, by_item);
  series.latent = with_global_tokens(by_item, mine, patches, extra, k);
  for (long i = 0; i < mine; ++i)
    for (long r = 0; r < global_modes; ++r)
      series.latent[(i * (patches + extra) + patches) * k + r] =
          static_cast<float>(global[(series.items.begin + i) * global_modes + r]);
  by_item.resize(mine * patches * c);
  of_condition.to_items(given, by_item);
  series.condition = with_global_tokens(by_item, mine, patches, extra, c);
  for (long i = series.items.begin; i < series.items.end; ++i)
    series.year_phase.push_back(static_cast<float>(period.year_phase[i]));
  return series;
}

}  // namespace podscale
