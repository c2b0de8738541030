#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "podscale/study/anomaly.hpp"
#include "podscale/study/basis_builder.hpp"
#include "podscale/study/blocks.hpp"
#include "podscale/study/series_summary.hpp"
#include "podscale/study/suggest.hpp"

namespace podscale {
namespace {

constexpr double kShare = 0.99;      // of the variance: modes keep no less where they can
constexpr double kOfError = 0.05;    // of the error of interpolation: modes leave out no more
constexpr std::size_t kTimes = 100;  // of that error
constexpr long kOverlap = 2;

/// Collective. Variance of LR anomaly, interpolated, less HR anomaly over that of the latter: what
/// is left to predict, and hardly all of it.
double interpolation_error(const Communicator& comm, const StudySeries& study, const Basis& basis,
                           const std::vector<StepPair>& pairs) {
  std::vector<StepPair> some;
  for (std::size_t i = 0, n = std::min(kTimes, pairs.size()); i < n; ++i)
    some.push_back(pairs[i * pairs.size() / n]);
  const auto hr = hr_steps(some), lr = lr_steps(some);
  const InterpolatedSeries interpolated(study.lr, basis, comm);
  const LrFields fields(study.lr, interpolated.source(), lr);
  double sums[2] = {};
  for_blocks(some.size(), 16, [&](std::size_t first, std::size_t count) {
    std::vector<double> truth(count * static_cast<std::size_t>(basis.points())), guess(truth.size());
    read_anomalies(study.hr, basis, comm, std::span(hr).subspan(first, count), truth);
    interpolated.take_anomalies(fields, std::span(lr).subspan(first, count), guess);
    for (std::size_t i = 0; i < truth.size(); ++i) {
      sums[0] += (guess[i] - truth[i]) * (guess[i] - truth[i]);
      sums[1] += truth[i] * truth[i];
    }
  });
  comm.sum(std::span(sums));
  return sums[1] > 0 ? sums[0] / sums[1] : 1;
}

/// Collective. The fewest modes that leave out no more than `allowed` of the variance, or all, and
/// what they leave out.
struct Truncation {
  int modes = 0;
  double left_out = 1;
};
Truncation truncation(const Communicator& comm, const Basis& basis, double allowed) {
  std::vector<double> sums(basis.modes + 1, 0.0);
  for (const PatchModes& patch : basis.patches.mine) {
    for (std::size_t k = 0; k < patch.scale.size(); ++k) sums[k] += patch.scale[k] * patch.scale[k];
    sums.back() += patch.variance;
  }
  comm.sum(std::span(sums));
  Truncation cut;
  while (cut.modes < basis.modes && cut.left_out > allowed) cut.left_out -= sums[cut.modes++] / sums.back();
  return cut;
}

/// Side of a patch, in HR points: the fewest whole LR cells with 8 points, or 16 points of a cell
/// that is much larger.
long side_of(double ratio, idx_t points) {
  const double cells = std::max(1.0, std::ceil(8 / ratio - 0.1));
  return std::clamp(ratio > 32 ? 16L : std::lround(cells * ratio), 1L, static_cast<long>(points));
}

}  // namespace

Position resolution_ratio(const Mesh& hr, const Mesh& lr) {
  if (hr.separable() && lr.separable() && hr.kind() == lr.kind() && hr.unit().metres == lr.unit().metres) {
    const auto step = [](const MeshAxis& axis) {
      return (axis.bounds.back() - axis.bounds.front()) / static_cast<double>(axis.centres.size());
    };
    return {step(lr.y()) / step(hr.y()), step(lr.x()) / step(hr.x())};
  }
  const Position fine = typical_spacing(hr), coarse = typical_spacing(lr);
  return {coarse.y / fine.y, coarse.x / fine.x};
}

void suggest_patches(const Communicator& comm, const StudySeries& study, const Days& sample, long pairs,
                     NamelistDraft& draft) {
  const Mesh& hr = study.hr.mesh();
  const Position ratio = resolution_ratio(hr, study.lr.mesh());
  const long ny = side_of(ratio.y, hr.ny()), nx = side_of(ratio.x, hr.nx());
  const double cells_y = static_cast<double>(ny) / ratio.y, cells_x = static_cast<double>(nx) / ratio.x;
  draft.set("patches.size", fmt::format("{}, {}", ny, nx),
            fmt::format("{:.2g} x {:.2g} LR cells of {:.2g} x {:.2g} HR points", cells_y, cells_x, ratio.y,
                        ratio.x));
  draft.set("patches.overlap", fmt::format("{}", std::min({kOverlap, ny / 2, nx / 2})),
            "a patch reaches into its neighbours: no steps at borders");
  const long most = std::min(std::clamp(pairs / 12, 4L, 32L), ny * nx);
  draft.set("patches.modes", fmt::format("{}", most));

  StudyOptions options = draft.options();
  options.data.train.value = {sample[0], sample[1]};
  const Basis basis = fit_modes(comm, options, study);
  const double error =
      interpolation_error(comm, study, basis, steps_of_period(study.hr, study.lr, options.data.train));
  const double allowed = std::min(1 - kShare, kOfError * error);
  const Truncation cut = truncation(comm, basis, allowed);
  draft.set(
      "patches.modes", fmt::format("{}", cut.modes),
      cut.left_out <= allowed
          ? fmt::format(
                "the fewest that leave out {:.2g} % of the variance ({} to {}): interpolation misses {:.3g} %",
                100 * allowed, sample[0], sample[1], 100 * error)
          : fmt::format("as many as {} times can carry; they leave out {:.2g} % of the variance ({} to {}), "
                        "interpolation misses {:.3g} %",
                        pairs, 100 * cut.left_out, sample[0], sample[1], 100 * error));
  if (!options.data.coarsen && std::count(basis.lr_ocean.begin(), basis.lr_ocean.end(), 0) > 0)
    draft.set("grid.interpolation", "'bilinear'", "LR has land: fewer neighbours reach less far over it");

  const auto predictors = [&](long halo) {
    const double both_sides = 2 * static_cast<double>(halo);
    return (std::ceil(cells_y - 0.1) + both_sides) * (std::ceil(cells_x - 0.1) + both_sides);
  };
  long halo = 2;
  while (halo > 0 && 2 * predictors(halo) > static_cast<double>(pairs)) --halo;
  draft.set(
      "base.halo", fmt::format("{}", halo),
      fmt::format("LR cells around a patch: it sees {:.0f} of them, in {} times", predictors(halo), pairs));
  if (pairs / 8 < 64)
    draft.set("base.rank", fmt::format("{}", std::max(4L, pairs / 8)),
              "a global mode needs several times to stand on");
}

}  // namespace podscale
