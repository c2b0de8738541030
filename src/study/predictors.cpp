#include "podscale/study/predictors.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>

#include "podscale/core/error.hpp"
#include "podscale/core/log.hpp"

namespace podscale {
namespace {

struct Extent {
  long first = 0, count = 0;
};

/// Cells of an axis that overlap [low, high]; the nearest one where none does. bounds: [cells + 1].
Extent overlap(const std::vector<double>& bounds, double low, double high) {
  const double margin = 1e-6 * (high - low);
  const long cells = static_cast<long>(bounds.size()) - 1;
  Extent extent{cells, 0};
  for (long i = 0; i < cells; ++i)
    if (bounds[static_cast<std::size_t>(i)] < high - margin &&
        bounds[static_cast<std::size_t>(i + 1)] > low + margin) {
      extent.first = std::min(extent.first, i);
      ++extent.count;
    }
  if (extent.count == 0) return {high <= bounds.front() ? 0 : cells - 1, 1};
  return extent;
}

/// The same along longitude, in whole turns of the LR axis: cell i + turn * nx. A turn is 0 unless periodic.
Extent overlap_longitude(const Grid& lr, double low, double high) {
  const double middle = 0.5 * (lr.lon_bounds.front() + lr.lon_bounds.back());
  const double shift = 360 * std::round((middle - 0.5 * (low + high)) / 360);
  low += shift;
  high += shift;
  if (!lr.periodic) return overlap(lr.lon_bounds, low, high);
  std::vector<double> turns;  // three turns, the middle one is the axis itself
  for (int turn = -1; turn <= 1; ++turn)
    for (long i = 0; i < lr.nx(); ++i)
      turns.push_back(lr.lon_bounds[static_cast<std::size_t>(i)] + 360 * turn);
  turns.push_back(lr.lon_bounds.front() + 720);
  Extent extent = overlap(turns, low, high);
  extent.first -= lr.nx();
  return extent;
}

}  // namespace

Predictors::Predictors(const Communicator& comm, const Basis& basis, long halo, std::vector<long> lags)
    : box_{0, 0, std::move(lags)}, lr_nx_(basis.lr_grid.nx()) {
  // Edges from the centres, which are all that basis.nc holds: of blocks that the HR grid cuts they differ
  // from those of the grid that the base is fitted on, and slots must mean the same cells in both.
  const Grid lr = make_grid(basis.lr_grid.lat, basis.lr_grid.lon);
  std::vector<std::pair<Extent, Extent>> extents;  // (rows, columns) of each patch, halo included
  long largest[2] = {0, 0};
  for (const PatchModes& patch : basis.patches.mine) {
    const Window w = basis.decomposition.patch_window(patch.patch);
    const auto edge = [](const std::vector<double>& bounds, long i) {
      return bounds[static_cast<std::size_t>(i)];
    };
    Extent rows =
        overlap(lr.lat_bounds, edge(basis.grid.lat_bounds, w.y0), edge(basis.grid.lat_bounds, w.y0 + w.ny));
    Extent columns =
        overlap_longitude(lr, edge(basis.grid.lon_bounds, w.x0), edge(basis.grid.lon_bounds, w.x0 + w.nx));
    rows = {rows.first - halo, rows.count + 2 * halo};
    columns = {columns.first - halo, columns.count + 2 * halo};
    if (lr.periodic) columns.count = std::min(columns.count, lr.nx());
    largest[0] = std::max(largest[0], rows.count);
    largest[1] = std::max(largest[1], columns.count);
    extents.emplace_back(rows, columns);
  }
  box_.box_y = comm.max(largest[0]);
  box_.box_x = comm.max(largest[1]);

  if (!extents.empty()) {
    long y0 = lr.ny(), y1 = 0, x0 = std::numeric_limits<long>::max(), x1 = std::numeric_limits<long>::min();
    for (const auto& [rows, columns] : extents) {
      y0 = std::min(y0, std::max(0l, rows.first));
      y1 = std::max(y1, std::min(lr.ny(), rows.first + rows.count));
      x0 = std::min(x0, columns.first);
      x1 = std::max(x1, columns.first + columns.count);
    }
    if (!lr.periodic) x0 = std::max(0l, x0), x1 = std::min(lr.nx(), x1);
    if (x1 - x0 > lr.nx()) x0 = 0, x1 = lr.nx();
    source_ = {y0, y1 - y0, x0, x1 - x0};
  }
  for (const auto& [rows, columns] : extents) {
    std::vector<long> cells(static_cast<std::size_t>(box_.box_y * box_.box_x), -1);
    for (long j = 0; j < rows.count; ++j)
      for (long i = 0; i < columns.count; ++i) {
        const long y = rows.first + j;
        long x = columns.first + i;
        if (y < 0 || y >= lr.ny() || (!lr.periodic && (x < 0 || x >= lr.nx()))) continue;
        x = ((x % lr.nx()) + lr.nx()) % lr.nx();
        if (!basis.lr_ocean[static_cast<std::size_t>(y * lr.nx() + x)]) continue;
        const long within = (((x - source_.x0) % lr.nx()) + lr.nx()) % lr.nx();
        cells[static_cast<std::size_t>(j * box_.box_x + i)] = (y - source_.y0) * source_.nx + within;
      }
    cells_.push_back(std::move(cells));
  }
}

long Predictors::grid_cell(long source_cell) const {
  const long y = source_.y0 + source_cell / source_.nx, x = source_.x0 + source_cell % source_.nx;
  return y * lr_nx_ + ((x % lr_nx_) + lr_nx_) % lr_nx_;
}

PredictorSeries::PredictorSeries(const LowResolution& lr, const Basis& basis, const Predictors& predictors,
                                 const Climatology& climatology, const Communicator& comm)
    : lr_(&lr), basis_(&basis), predictors_(&predictors), climatology_(&climatology), comm_(&comm) {}

void PredictorSeries::read(std::span<const long> steps, std::span<float> out) const {
  const PredictorBox& box = predictors_->box();
  const std::size_t local = basis_->patches.mine.size(), slots = static_cast<std::size_t>(box.slots()),
                    cells = static_cast<std::size_t>(box.box_y * box.box_x);
  PODSCALE_ASSERT(out.size() == steps.size() * local * slots, "{} values", out.size());
  // Neighbouring steps share most of their lags: each LR step is read once.
  const long last = static_cast<long>(lr_->times().dates.size()) - 1;
  const auto lagged = [&](long step, long lag) { return std::clamp(step + lag, 0l, last); };
  std::map<long, std::size_t> position;
  for (const long step : steps)
    for (const long lag : box.lags) position.emplace(lagged(step, lag), 0);
  std::vector<long> needed;
  for (auto& [step, at] : position) at = needed.size(), needed.push_back(step);

  const std::size_t n = static_cast<std::size_t>(predictors_->source().points());
  std::vector<float> values(n * needed.size());
  lr_->read(predictors_->source(), needed, values);
  comm_->agree([&] {
    std::vector<double> climatology(static_cast<std::size_t>(climatology_->points));
    for (std::size_t t = 0; t < needed.size() && n > 0; ++t) {
      const Date& date = lr_->times().dates[static_cast<std::size_t>(needed[t])];
      climatology_->evaluate(basis_->year_phase(lr_->times(), static_cast<std::size_t>(needed[t])),
                             climatology);
      for (std::size_t i = 0; i < n; ++i) {
        const std::size_t cell = static_cast<std::size_t>(predictors_->grid_cell(static_cast<long>(i)));
        if (basis_->lr_ocean[cell] && std::isnan(values[t * n + i]))
          fail(ExitCode::data,
               "{}: no value at {} in row {}, column {}, which is ocean in the training period; "
               "expected an LR series without gaps there",
               lr_->describe(), date_text(date), cell / static_cast<std::size_t>(basis_->lr_grid.nx()),
               cell % static_cast<std::size_t>(basis_->lr_grid.nx()));
        values[t * n + i] = static_cast<float>(static_cast<double>(values[t * n + i]) - climatology[cell]);
      }
    }
  });
  std::fill(out.begin(), out.end(), 0.0f);
  for (std::size_t t = 0; t < steps.size(); ++t)
    for (std::size_t p = 0; p < local; ++p) {
      float* row = out.data() + (t * local + p) * slots;
      const auto& cell = predictors_->cells(p);
      for (std::size_t l = 0; l < box.lags.size(); ++l) {
        const float* field = values.data() + position.at(lagged(steps[t], box.lags[l])) * n;
        for (std::size_t i = 0; i < cells; ++i)
          if (cell[i] >= 0) row[l * cells + i] = field[cell[i]];
      }
    }
}

Climatology fit_cell_climatology(const Communicator& comm, const LowResolution& lr, const Basis& basis,
                                 const Predictors& predictors, std::span<const long> steps, int harmonics,
                                 long block) {
  const std::size_t n = static_cast<std::size_t>(predictors.source().points());
  HarmonicFit fit(predictors.source().points(), harmonics);
  std::vector<float> values;
  Progress progress("LR climatology", static_cast<long>(steps.size()), "times");
  for (std::size_t first = 0; first < steps.size(); first += static_cast<std::size_t>(block)) {
    const auto part = steps.subspan(first, std::min(static_cast<std::size_t>(block), steps.size() - first));
    values.resize(n * part.size());
    lr.read(predictors.source(), part, values);
    for (std::size_t t = 0; t < part.size(); ++t)
      fit.add(std::span<const float>(values).subspan(t * n, n),
              basis.year_phase(lr.times(), static_cast<std::size_t>(part[t])));
    progress.update(static_cast<long>(first + part.size()));
  }
  progress.finish();

  Climatology local;
  comm.agree([&] { local = fit.solve(); });
  const std::size_t whole = static_cast<std::size_t>(basis.lr_grid.points());
  constexpr double none = -std::numeric_limits<double>::infinity();
  Climatology all{harmonics, basis.lr_grid.points(),
                  std::vector<double>(whole * static_cast<std::size_t>(1 + 2 * harmonics), none)};
  std::set<long> used;
  for (std::size_t p = 0; p < basis.patches.mine.size(); ++p)
    for (const long cell : predictors.cells(p))
      if (cell >= 0) used.insert(cell);
  for (const long cell : used)
    for (std::size_t term = 0; term < static_cast<std::size_t>(all.terms()); ++term)
      all.coefficients[term * whole + static_cast<std::size_t>(predictors.grid_cell(cell))] =
          local.coefficients[term * n + static_cast<std::size_t>(cell)];
  // Ranks that share a cell computed the same bits for it, so the largest is the value itself.
  comm.max(std::span(all.coefficients));
  for (double& value : all.coefficients)
    if (value == none) value = std::numeric_limits<double>::quiet_NaN();
  return all;
}

}  // namespace podscale
