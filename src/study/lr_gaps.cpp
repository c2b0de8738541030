#include "podscale/study/lr_gaps.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "podscale/core/error.hpp"
#include "podscale/core/log.hpp"
#include "podscale/parallel/decomposition.hpp"
#include "podscale/pod/point_fits.hpp"
#include "podscale/study/blocks.hpp"
#include "podscale/study/condition.hpp"

namespace podscale {
namespace {

constexpr idx_t kReach = 2;  // rows and columns on each side from which a gap is filled
constexpr long kBlock = 64;  // steps

/// A window and the cells around it that fill its gaps.
struct Surroundings {
  Surroundings(const Mesh& mesh, const Window& window) : mesh_(&mesh), all(window) {
    if (window.points() == 0) return;
    all.y0 = std::max<idx_t>(window.y0 - kReach, 0);
    all.ny = std::min(window.y0 + window.ny + kReach, mesh.ny()) - all.y0;
    if (mesh.periodic() && window.nx + 2 * kReach < mesh.nx()) {
      all.x0 = window.x0 - kReach, all.nx = window.nx + 2 * kReach;
    } else if (mesh.periodic()) {
      all.x0 = 0, all.nx = mesh.nx();
    } else {
      all.x0 = std::max<idx_t>(window.x0 - kReach, 0);
      all.nx = std::min(window.x0 + window.nx + kReach, mesh.nx()) - all.x0;
    }
  }
  /// Position in `all` of a cell of the mesh, whose column may lie beyond the cut; -1: outside.
  idx_t position(idx_t row, idx_t column) const {
    idx_t x = column - all.x0;
    if (mesh_->periodic()) x = (x % mesh_->nx() + mesh_->nx()) % mesh_->nx();
    return row < all.y0 || row >= all.y0 + all.ny || x < 0 || x >= all.nx ? -1 : (row - all.y0) * all.nx + x;
  }
  idx_t point(idx_t position) const { return point_of(*mesh_, all, position / all.nx, position % all.nx); }

 private:
  const Mesh* mesh_;

 public:
  Window all;
};

/// The anomaly of a cell by those of its neighbours, in a fixed order; 0 without any. anomalies:
/// of the surroundings, NaN where there is none.
double from_neighbours(const Surroundings& around, std::span<const double> anomalies, idx_t row,
                       idx_t column) {
  double sum = 0, weights = 0;
  for (idx_t dy = -kReach; dy <= kReach; ++dy)
    for (idx_t dx = -kReach; dx <= kReach; ++dx) {
      const idx_t at = dy == 0 && dx == 0 ? -1 : around.position(row + dy, column + dx);
      if (at < 0 || std::isnan(anomalies[at])) continue;
      const double weight = 1 / static_cast<double>(dy * dy + dx * dx);
      sum += weight * anomalies[at], weights += weight;
    }
  return weights > 0 ? sum / weights : 0;
}

/// [channels][positions] anomalies of the surroundings; NaN where there is no value or no
/// climatology.
std::vector<double> anomalies_of(const LrGaps& gaps, const Surroundings& around, std::span<const float> field,
                                 std::span<const double> climatology, idx_t points) {
  std::vector<double> anomalies(field.size());
  const idx_t n = around.all.points();
  for (idx_t i = 0; i < std::ssize(anomalies); ++i) {
    const idx_t point = around.point(i % n);
    anomalies[i] = gaps.cells[point] ? static_cast<double>(field[i]) - climatology[i / n * points + point]
                                     : std::numeric_limits<double>::quiet_NaN();
  }
  return anomalies;
}

}  // namespace

LrGaps fit_gaps(const FieldSource& lr, std::span<const long> steps, int harmonics, const StudyYear& year) {
  const Communicator& comm = lr.comm();
  const Mesh& mesh = lr.mesh();
  const idx_t channels = lr.channels(), points = mesh.points();
  const Share rows = share_of(mesh.ny(), comm.size(), comm.rank());
  const Window window{rows.begin, rows.size(), 0, rows.size() > 0 ? mesh.nx() : 0};
  const idx_t n = window.points();
  std::vector<float> values;
  const auto each = [&](const Window& wanted, const auto& work) {
    for_blocks(steps.size(), kBlock, [&](std::size_t first, std::size_t count) {
      const auto some = steps.subspan(first, count);
      values.resize(static_cast<std::size_t>(channels * wanted.points()) * count);
      lr.read(wanted, some, values);
      for (std::size_t t = 0; t < count; ++t)
        work(some[t],
             std::span<const float>(values).subspan(t * values.size() / count, values.size() / count));
    });
  };

  // 1. How often each cell has a value in all channels.
  std::vector<long> valid(points, 0);
  PointFits fits(static_cast<std::size_t>(channels * n), harmonics);
  const auto known = [&](std::span<const float> field, idx_t cell, idx_t of) {
    for (idx_t c = 0; c < channels; ++c)
      if (std::isnan(field[c * of + cell])) return false;
    return true;
  };
  each(window, [&](long step, std::span<const float> field) {
    const auto x = harmonic_basis(year.at(lr.times(), step), harmonics);
    for (idx_t i = 0; i < n; ++i) {
      if (!known(field, i, n)) continue;
      ++valid[window.y0 * mesh.nx() + i];
      for (idx_t c = 0; c < channels; ++c)
        fits.add(static_cast<std::size_t>(c * n + i), x, static_cast<double>(field[c * n + i]));
    }
  });
  comm.sum(std::span(valid));
  const long all = std::ssize(steps);
  const auto with_gaps = [&](long v) { return 2 * v >= all && v < all; };
  const auto filled = std::count_if(valid.begin(), valid.end(), with_gaps);
  const auto rare = std::count_if(valid.begin(), valid.end(), [&](long v) { return v > 0 && 2 * v < all; });
  const auto used = std::count_if(valid.begin(), valid.end(), [&](long v) { return 2 * v >= all; });
  if (rare > 0)
    log::warn(
        "{}: {} LR cells have a value at fewer than half of the {} times of data.train and count as land",
        lr.describe(), rare, all);
  if (filled == 0) return {};

  // 2. Their climatology, from the times at which they have values.
  LrGaps gaps{std::vector<unsigned char>(points, 0), {harmonics, channels * points, {}}, {}};
  const idx_t terms = gaps.climatology.terms();
  gaps.climatology.coefficients.assign(terms * channels * points, 0.0);
  for (idx_t i = 0; i < n; ++i) {
    const idx_t point = window.y0 * mesh.nx() + i;
    bool determined = 2 * valid[point] >= all;
    for (idx_t c = 0; c < channels && determined; ++c) {
      const auto x = fits.solve(static_cast<std::size_t>(c * n + i));
      determined = !std::isnan(x[0]);
      for (idx_t term = 0; term < terms && determined; ++term)
        gaps.climatology.coefficients[(term * channels + c) * points + point] = x[term];
    }
    gaps.cells[point] = determined ? 1 : 0;
  }
  comm.sum(std::span(gaps.cells));  // a row is on one rank: exact
  comm.sum(std::span(gaps.climatology.coefficients));

  // 3. The error of filling, where the value is known.
  gaps.error.assign(channels * points, 0.0);
  const Surroundings around(mesh, window);
  std::vector<double> climatology(channels * points);
  each(around.all, [&](long step, std::span<const float> field) {
    gaps.climatology.evaluate(year.at(lr.times(), step), climatology);
    const auto anomalies = anomalies_of(gaps, around, field, climatology, points);
    const idx_t m = around.all.points();
    for (idx_t c = 0; c < channels; ++c)
      for (idx_t i = 0; i < n; ++i) {
        const idx_t row = window.y0 + i / mesh.nx(), column = i % mesh.nx();
        const auto of_channel = std::span<const double>(anomalies).subspan(c * m, m);
        const double truth = of_channel[around.position(row, column)];
        if (std::isnan(truth)) continue;
        const double miss = truth - from_neighbours(around, of_channel, row, column);
        gaps.error[c * points + row * mesh.nx() + column] += miss * miss;
      }
  });
  for (idx_t i = 0; i < channels * points; ++i)
    if (gaps.error[i] > 0) gaps.error[i] = std::sqrt(gaps.error[i] / static_cast<double>(valid[i % points]));
  comm.sum(std::span(gaps.error));

  long missing = 0;
  double typical = 0;
  for (idx_t p = 0; p < points; ++p)
    if (with_gaps(valid[p])) missing += all - valid[p], typical += gaps.error[p] * gaps.error[p];
  log::warn(
      "{}: {} of {} LR cells lack {} of their {} values in data.train: they are filled from their neighbours, "
      "with an error of {:.3g} {}",
      lr.describe(), filled, used, missing, filled * all, std::sqrt(typical / static_cast<double>(filled)),
      lr.variables()[0].working_units);
  return gaps;
}

GapFilled::GapFilled(std::shared_ptr<const FieldSource> lr, const LrGaps& gaps, const StudyYear& year, bool shifted)
    : lr_(std::move(lr)), gaps_(&gaps), year_(year), shifted_(shifted) {}

void GapFilled::read(const Window& window, std::span<const long> steps, std::span<float> out) const {
  const Surroundings around(mesh(), window);
  const idx_t n = window.points(), m = around.all.points(), points = mesh().points();
  std::vector<float> values(static_cast<std::size_t>(channels() * m) * steps.size());
  lr_->read(around.all, steps, values);
  std::vector<double> climatology;
  for (std::size_t t = 0; t < steps.size() && n > 0; ++t) {
    const auto field = std::span<const float>(values).subspan(t * static_cast<std::size_t>(channels() * m),
                                                              static_cast<std::size_t>(channels() * m));
    std::vector<double> anomalies;  // of a step with a gap
    for (idx_t i = 0; i < channels() * n; ++i) {
      const idx_t c = i / n, row = window.y0 + i % n / window.nx, column = window.x0 + i % n % window.nx;
      const idx_t at = c * m + around.position(row, column),
                  point = around.point(around.position(row, column));
      float& value = out[static_cast<idx_t>(t) * channels() * n + i];
      value = field[at];
      if (!std::isnan(value) || !gaps_->cells[point]) continue;
      if (anomalies.empty()) {
        climatology.resize(channels() * points);
        gaps_->climatology.evaluate(year_.at(times(), steps[t]), climatology);
        anomalies = anomalies_of(*gaps_, around, field, climatology, points);
      }
      const double anomaly =
          from_neighbours(around, std::span<const double>(anomalies).subspan(c * m, m), row, column);
      value = static_cast<float>(climatology[c * points + point] + anomaly +
                                 (shifted_ ? gaps_->error[c * points + point] : 0));
    }
  }
}

long GapFilled::count(std::span<const long> steps) const {
  const Share rows = share_of(mesh().ny(), comm().size(), comm().rank());
  const Window window{rows.begin, rows.size(), 0, rows.size() > 0 ? mesh().nx() : 0};
  const idx_t n = window.points();
  long filled = 0, at_times = 0;
  std::vector<float> values;
  for_blocks(steps.size(), kBlock, [&](std::size_t first, std::size_t count) {
    values.resize(static_cast<std::size_t>(channels() * n) * count);
    lr_->read(window, steps.subspan(first, count), values);
    std::vector<long> of_time(count, 0);
    for (idx_t i = 0; i < std::ssize(values); ++i)
      if (std::isnan(values[i]) && gaps_->cells[window.y0 * mesh().nx() + i % n])
        ++of_time[i / (channels() * n)];
    comm().sum(std::span(of_time));
    for (const long cells : of_time) filled += cells, at_times += cells > 0 ? 1 : 0;
  });
  if (filled > 0)
    log::warn(
        "{}: {} values of LR cells are missing, at {} of {} times: they are filled from their neighbours, and "
        "the variance there is raised",
        describe(), filled, at_times, steps.size());
  return filled;
}

std::vector<float> raised_by_gaps(const std::vector<LatentSpace>& spaces, std::span<const float> conditions,
                                  const ConditionSeries& shifted, std::span<const TimeInputs> times,
                                  const Analyses* analyses) {
  const Basis& basis = spaces.front().basis();
  const std::size_t local = basis.patches.mine.size(), width = spaces.front().condition_width();
  std::vector<float> change = shifted.read(times, analyses), raised(times.size() * local, 1.0f);
  for (std::size_t i = 0; i < change.size(); ++i) change[i] -= conditions[i];
  std::vector<double> a(basis.modes);
  for (std::size_t i = 0; i < raised.size(); ++i) {
    const std::size_t p = i % local;
    const LatentSpace& space = spaces[times[i / local].regime];
    space.mean(p, change.data() + i * width, a);
    double added = 0, trace = 0;
    for (std::size_t m = 0; m < static_cast<std::size_t>(space.basis().patches.mine[p].modes); ++m)
      added += a[m] * a[m];
    for (const double value : space.covariance(p).root) trace += value * value;
    if (trace > 0) raised[i] = static_cast<float>(1 + added / trace);
  }
  return raised;
}

std::shared_ptr<const FieldSource> with_gaps_filled(std::shared_ptr<const FieldSource> lr, const Basis& basis,
                                                    bool shifted) {
  if (basis.lr_gaps.empty()) return lr;
  return std::make_shared<const GapFilled>(std::move(lr), basis.lr_gaps, basis.year, shifted);
}

}  // namespace podscale
