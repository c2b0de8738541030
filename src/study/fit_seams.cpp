#include "podscale/study/fit_seams.hpp"

#include <algorithm>

#include "podscale/core/lapack.hpp"
#include "podscale/study/anomaly.hpp"
#include "podscale/study/blocks.hpp"

namespace podscale {
namespace {

/// Variance of each point of the folded field that is independent from patch to patch.
std::vector<double> own_variance(const LatentSpace& space) {
  const Basis& basis = space.basis();
  std::vector<double> variance(basis.points(), 0.0);
  PatchColumns roots;
  for (std::size_t p = 0; p < basis.patches.mine.size(); ++p) {
    roots.push_back(space.covariance(p).root);
    const PatchModes& patch = basis.patches.mine[p];
    for (std::size_t i = 0; i < patch.points.size(); ++i) variance[patch.points[i]] = patch.tau[i];
  }
  basis.codec().add_variance(roots, 0, basis.modes, variance);
  return variance;
}

}  // namespace

Seams fit_seams(const Communicator& comm, const LatentSpace& space, const StudySeries& study,
                const EncodedPeriod& train, long block, const GapFiller* gaps) {
  const Basis& basis = space.basis();
  if (basis.lapping.overlap() == 0) return {};
  const std::size_t n = basis.points(), k = basis.modes, local = basis.patches.mine.size(),
                    width = space.condition_width(), global_modes = space.global_modes();
  const auto hr = hr_steps(train.samples);
  SeamProducts products(basis.lapping, basis.channels());
  std::vector<double> fields, shared(k), mean(k), own, values;
  const std::vector<double> nothing(k, 0.0);
  for_blocks("seams", train.size(), block, [&](std::size_t first, std::size_t count) {
    if (gaps) {  // a draw of what is missing: its mean alone would covary too little
      fields = gaps->fill(std::span(train.samples).subspan(first, count), true).drawn;
    } else {
      fields.resize(n * count);
      read_anomalies(study.hr, basis, comm, std::span(hr).subspan(first, count), fields);
      basis.fold(fields, static_cast<long>(count));
    }
    const auto condition = train.c(first, count);
    const auto z = space.whiten(comm, train.a(first, count), condition, static_cast<long>(count));
    for (std::size_t p = 0; p < local; ++p) {
      const PatchModes& patch = basis.patches.mine[p];
      const std::size_t d = patch.points.size(), modes = patch.modes;
      for (std::size_t t = 0; t < count; ++t) {
        const float* given = condition.data() + (t * local + p) * width;
        const double spread = space.spread(p, given);
        space.mean(p, given, mean);
        space.colour(p, std::span<const double>(z.global).subspan(t * global_modes, global_modes),
                     std::span(nothing).first(modes), std::span(shared).first(modes));
        own.assign(modes, 0.0);
        for (std::size_t m = 0; m < modes; ++m) own[m] = mean[m] / spread + shared[m];
        values.assign(d, 0.0);
        gemm(false, false, static_cast<int>(d), 1, patch.modes, 1, patch.phi.data(), static_cast<int>(d),
             own.data(), patch.modes, 0, values.data(), static_cast<int>(d));
        for (std::size_t i = 0; i < d; ++i) {
          double& value = fields[t * n + static_cast<std::size_t>(patch.points[i])];
          value = value / spread - values[i];
        }
      }
    }
    basis.unfold(fields, static_cast<long>(count));
    products.add(fields, static_cast<long>(count));
  });
  return {comm, basis.lapping, basis.channels(),
          seam_map(basis.lapping, basis.channels(), products.means(), own_variance(space))};
}

}  // namespace podscale
