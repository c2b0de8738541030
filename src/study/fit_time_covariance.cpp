#include "podscale/study/fit_time_covariance.hpp"

#include <algorithm>
#include <cmath>

#include "podscale/core/log.hpp"
#include "podscale/parallel/exact_sum.hpp"
#include "podscale/study/anomaly.hpp"
#include "podscale/study/blocks.hpp"

namespace podscale {
namespace {

constexpr std::size_t kTruncationTimes = 1500;
constexpr long kTruncationPoints = 8000;

std::vector<long> cells(const TimeLattice& lattice, std::span<const std::uint64_t> keys) {
  std::vector<long> index;
  for (const std::uint64_t key : keys) index.push_back(lattice.index(key));
  return index;
}

/// Number of the value of a patch's point among those of the whole mesh: the same at any rank
/// count.
long number_on_mesh(const Basis& basis, long value) {
  const Window& w = basis.window;
  const long channel = value / w.points(), point = value % w.points();
  return channel * basis.mesh.points() + (w.y0 + point / w.nx) * basis.mesh.nx() + w.x0 + point % w.nx;
}

/// Mean over points of the autocorrelation of x - phi a, [1 + lags]; 0 where nothing is left out.
std::vector<double> truncation_autocorrelation(const Communicator& comm, const Basis& basis,
                                               const StudySeries& study, std::span<const StepPair> samples,
                                               const LagPairs& pairs, long block, const GapFiller* gaps) {
  const std::size_t n = static_cast<std::size_t>(basis.points()), k = static_cast<std::size_t>(basis.modes);
  long ocean = 0;
  for (const PatchModes& patch : basis.patches.mine) ocean += std::ssize(patch.points);
  const long apart = (comm.sum(ocean) + kTruncationPoints - 1) / kTruncationPoints;
  std::vector<std::vector<std::size_t>> chosen;  // of each patch
  std::size_t points = 0;
  for (const PatchModes& patch : basis.patches.mine) {
    auto& of_patch = chosen.emplace_back();
    for (std::size_t i = 0; i < patch.points.size(); ++i)
      if (number_on_mesh(basis, patch.points[i]) % apart == 0 && patch.tau[i] > 0) of_patch.push_back(i);
    points += of_patch.size();
  }
  std::vector<float> series(points * samples.size());  // [times][points]
  std::vector<double> anomalies;
  const std::vector<long> steps = hr_steps({samples.begin(), samples.end()});
  for_blocks("left out by the modes", steps.size(), block, [&](std::size_t first, std::size_t count) {
    std::vector<float> a;
    if (gaps) {
      anomalies = gaps->fill(samples.subspan(first, count), true).drawn;  // folded
      a.resize(count * chosen.size() * k);
      basis.codec().encode(anomalies, static_cast<long>(count), a);
    } else {
      anomalies.resize(n * count);
      read_anomalies(study.hr, basis, comm, std::span(steps).subspan(first, count), anomalies);
      a = to_coefficients(basis, anomalies, static_cast<long>(count));  // folds
    }
    for (std::size_t t = 0; t < count; ++t) {
      auto out = series.begin() + static_cast<long>((first + t) * points);
      for (std::size_t p = 0; p < chosen.size(); ++p) {
        const PatchModes& patch = basis.patches.mine[p];
        const float* own = a.data() + (t * chosen.size() + p) * k;
        for (const std::size_t i : chosen[p]) {
          double rest = anomalies[t * n + static_cast<std::size_t>(patch.points[i])];
          for (std::size_t m = 0; m < static_cast<std::size_t>(patch.modes); ++m)
            rest -= patch.phi[m * patch.points.size() + i] * static_cast<double>(own[m]);
          *out++ = static_cast<float>(rest);
        }
      }
    }
  });
  std::vector<std::vector<double>> sums;
  double bound = 1;
  std::size_t at = 0;
  for (const auto& of_patch : chosen) {
    std::vector<double> sum(1 + pairs.lags.size(), 0.0);
    for (std::size_t i = 0; i < of_patch.size(); ++i) {
      const auto c = autocovariance(pairs, series, at++, points);
      for (std::size_t lag = 0; c[0] > 0 && lag < c.size(); ++lag) sum[lag] += c[lag] / c[0];
    }
    for (const double value : sum) bound = std::max(bound, std::abs(value));
    sums.push_back(std::move(sum));
  }
  ExactSum total(1 + pairs.lags.size(), comm.max(bound), std::ssize(basis.patches.patch_of_token));
  for (const auto& sum : sums) total.add(sum);
  return total.reduce(comm, "autocorrelation of what the modes leave out");
}

}  // namespace

TimeCovariance fit_time_covariance(const Communicator& comm, const LatentSpace& space,
                                   const StudySeries& study, const EncodedPeriod& train, long block,
                                   const GapFiller* gaps) {
  const Basis& basis = space.basis();
  const auto independent = [](const std::string& reason) {
    log::info("members are independent in time: {}", reason);
    TimeCovariance none;
    none.reason = "independent in time: " + reason;
    return none;
  };
  TimeCovariance time;
  time.lattice = TimeLattice(basis.lr_step, basis.year.calendar);
  if (!time.lattice.known()) return independent("the step of data.train is not known");
  const std::vector<long> index = cells(time.lattice, train.time_key);
  if (!std::is_sorted(index.begin(), index.end()))
    return independent("the times of data.train are not in order");
  const LagPairs pairs(index, time.lattice);
  if (!pairs.enough())
    return independent(
        fmt::format("data.train has {} times, too few of them near each other to know how "
                    "errors persist",
                    train.size()));

  // 1. Latents: a series each.
  const std::size_t k = static_cast<std::size_t>(basis.modes), local = basis.patches.mine.size(),
                    width = local * k, global = static_cast<std::size_t>(space.global_modes());
  std::vector<float> of_patches, of_all;
  of_patches.reserve(width * train.size());
  for_blocks(train.size(), block, [&](std::size_t first, std::size_t count) {
    const auto z = space.whiten(comm, train.a(first, count), train.c(first, count), static_cast<long>(count),
                                std::span(train.year_phase).subspan(first, count));
    for (const double value : z.patch) of_patches.push_back(static_cast<float>(value));
    for (const double value : z.global) of_all.push_back(static_cast<float>(value));
  });
  const ScaleFit scale(pairs, time.lattice);
  time.patch.resize(width);
  for (std::size_t i = 0; i < width; ++i)
    if (static_cast<int>(i % k) < basis.patches.mine[i / k].modes)
      time.patch[i] = scale.fit(autocovariance(pairs, of_patches, i, width));
  for (std::size_t r = 0; r < global; ++r)
    time.global.push_back(scale.fit(autocovariance(pairs, of_all, r, global)));
  of_patches = {};

  // 2. What the modes leave out.
  const std::size_t skipped = train.size() - std::min(train.size(), kTruncationTimes);
  const std::span<const long> all(index);
  const LagPairs recent(all.subspan(skipped), time.lattice);
  if (recent.enough())
    time.truncation = ScaleFit(recent, time.lattice)
                          .fit(truncation_autocorrelation(comm, basis, study,
                                                          std::span(train.samples).subspan(skipped),
                                                          recent, block, gaps));
  time.reason =
      fmt::format("fitted to {} times at {} lags up to {:g} {}s", train.size(), pairs.lags.size(),
                  static_cast<double>(pairs.lags.back()) * time.lattice.step(), time.lattice.unit());
  log::info("errors in time: {}; what the modes leave out: {:.2f} after a {}, {:.2f} after ten", time.reason,
            time.truncation.at(1), time.lattice.unit(), time.truncation.at(10));
  return time;
}

}  // namespace podscale
