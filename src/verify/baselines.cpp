#include "podscale/verify/baselines.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "podscale/core/error.hpp"
#include "podscale/study/blocks.hpp"

namespace podscale {
namespace {

Remap make_regridder(const Basis& basis, Interpolation kind) {
  return Remap(basis.lr_mesh, basis.lr_ocean, basis.mesh, basis.window, basis.ocean, kind);
}

}  // namespace

std::optional<Climatology> fit_lr_climatology(const Communicator& comm, const FieldSource& lr,
                                              const Basis& basis, std::span<const long> steps, long block) {
  const Mesh& grid = lr.mesh();
  const TimeAxis& times = lr.times();
  const Share rows = share_of(grid.ny(), comm.size(), comm.rank());
  const Window band{rows.begin, rows.size(), 0, grid.nx()};
  const auto points = static_cast<std::size_t>(band.points());
  HarmonicFit fit(band.points(), basis.lr_climatology.harmonics);
  std::vector<float> fields;
  for_blocks("LR climatology", steps.size(), block, [&](std::size_t first, std::size_t count) {
    const auto some = steps.subspan(first, count);
    fields.resize(some.size() * points);
    lr.read(band, some, fields);
    for (std::size_t t = 0; t < some.size(); ++t)
      fit.add(std::span<const float>(fields).subspan(t * points, points),
              basis.year_phase(times, static_cast<std::size_t>(some[t])));
  });
  Climatology part;
  try {
    part = fit.solve();
  } catch (const Error& error) {
    if (error.code() != ExitCode::data) throw;
    return std::nullopt;  // for the phases of the steps alone, so on all ranks
  }
  // Ranks hold other rows each: the sum over ranks adds zeros and is exact.
  const auto all = static_cast<std::size_t>(grid.points());
  Climatology whole{part.harmonics, grid.points(),
                    std::vector<double>(static_cast<std::size_t>(part.terms()) * all, 0.0)};
  for (int term = 0; term < part.terms(); ++term)
    std::copy_n(part.coefficients.begin() + term * band.points(), points,
                whole.coefficients.begin() + term * grid.points() + rows.begin * grid.nx());
  comm.sum(std::span<double>(whole.coefficients));
  for (std::size_t i = 0; i < all; ++i)
    if (basis.lr_ocean[i] && std::isnan(whole.coefficients[i])) return std::nullopt;
  return whole;
}

Baselines::Baselines(const FieldSource& lr, const Basis& basis, const std::string& basis_path)
    : lr_(&lr),
      basis_(&basis),
      bicubic_(make_regridder(basis, Interpolation::bicubic)),
      bilinear_(make_regridder(basis, Interpolation::bilinear)),
      reached_(static_cast<std::size_t>(basis.mesh.points())),
      low_resolution_(static_cast<std::size_t>(basis.lr_mesh.points()), 1.0f),
      hr_climatology_(reached_.size()),
      lr_climatology_(reached_.size()) {
  PODSCALE_ASSERT(basis.window.points() == basis.mesh.points(), "a basis of {} of {} points",
                  basis.window.points(), basis.mesh.points());
  if (lr.mesh().checksum() != basis.lr_mesh.checksum())
    fail(ExitCode::data,
         "{}: its grid ({} x {}) is not the LR grid of {} ({} x {}); "
         "give the LR source that the basis was made with, or make the basis again",
         lr.describe(), lr.mesh().ny(), lr.mesh().nx(), basis_path, basis.lr_mesh.ny(), basis.lr_mesh.nx());
  std::vector<float> ones;
  interpolate(bilinear_, low_resolution_, ones);  // weights add up to 1, an empty row gives 0
  for (std::size_t i = 0; i < ones.size(); ++i) reached_[i] = ones[i] != 0 ? 1 : 0;
}

void Baselines::read_low_resolution(long lr_step) {
  const Window all{0, basis_->lr_mesh.ny(), 0, basis_->lr_mesh.nx()};
  lr_->read(all, std::span(&lr_step, 1), low_resolution_);
}

void Baselines::interpolate(const Remap& regridder, std::span<const float> low_resolution,
                            std::vector<float>& out) const {
  const Window& window = regridder.source();
  const long nx = basis_->lr_mesh.nx();
  std::vector<float> source(static_cast<std::size_t>(window.points()));
  for (long j = 0; j < window.ny; ++j)
    for (long i = 0; i < window.nx; ++i) {
      const long column = ((window.x0 + i) % nx + nx) % nx;  // a window of a periodic grid may pass its cut
      source[static_cast<std::size_t>(j * window.nx + i)] =
          low_resolution[static_cast<std::size_t>((window.y0 + j) * nx + column)];
    }
  out.resize(static_cast<std::size_t>(basis_->mesh.points()));
  regridder.apply(source, out);
}

void Baselines::set_lr_climatology(const Climatology& cells) {
  PODSCALE_ASSERT(cells.points == basis_->lr_mesh.points(), "{} of {} cells", cells.points,
                  basis_->lr_mesh.points());
  cells_ = cells;
}

std::vector<double> Baselines::interpolated_climatology(const Climatology& cells, Interpolation kind,
                                                        double year_fraction) const {
  std::vector<double> values(static_cast<std::size_t>(cells.points));
  cells.evaluate(year_fraction, values);
  const std::vector<float> source(values.begin(), values.end());
  std::vector<float> out;
  interpolate(regridder(kind), source, out);
  return {out.begin(), out.end()};
}

void Baselines::persist(long lr_step, BaselineFields& fields) {
  const long previous = std::max(0L, lr_step - 1);
  if (last_step_ != previous) {
    read_low_resolution(previous);
    interpolate(regridder(basis_->interpolation), low_resolution_, last_);
  }
  std::vector<double> climatology(reached_.size());
  basis_->lr_climatology.evaluate(basis_->year_phase(lr_->times(), static_cast<std::size_t>(previous)),
                                  climatology);
  fields.persistence.resize(reached_.size());
  for (std::size_t i = 0; i < reached_.size(); ++i) {
    const double anomaly = reached_[i] && std::isfinite(last_[i]) ? last_[i] - climatology[i] : 0.0;
    fields.persistence[i] = static_cast<float>(hr_climatology_[i] + anomaly);
  }
}

void Baselines::read(long lr_step, double year_fraction, BaselineFields& fields) {
  basis_->hr_climatology.evaluate(year_fraction, hr_climatology_);
  persist(lr_step, fields);
  read_low_resolution(lr_step);
  interpolate(bicubic_, low_resolution_, fields.bicubic);
  interpolate(bilinear_, low_resolution_, fields.bilinear);
  basis_->lr_climatology.evaluate(year_fraction, lr_climatology_);
  // The LR climatology of the basis was brought to this grid by the basis' own interpolation: so must be the
  // field.
  const bool bilinear = basis_->interpolation == Interpolation::bilinear;
  fields.anomaly = bilinear ? fields.bilinear : fields.bicubic;
  fields.other_anomaly.clear();
  if (cells_) {
    const Interpolation other = bilinear ? Interpolation::bicubic : Interpolation::bilinear;
    const auto climatology = interpolated_climatology(*cells_, other, year_fraction);
    fields.other_anomaly = bilinear ? fields.bicubic : fields.bilinear;
    for (std::size_t i = 0; i < reached_.size(); ++i)
      fields.other_anomaly[i] = static_cast<float>(
          reached_[i] ? fields.other_anomaly[i] - climatology[i] + hr_climatology_[i] : hr_climatology_[i]);
  }
  last_ = fields.anomaly;
  last_step_ = lr_step;
  fields.climatology.assign(hr_climatology_.begin(), hr_climatology_.end());
  for (std::size_t i = 0; i < reached_.size(); ++i) {
    if (reached_[i])
      fields.anomaly[i] = static_cast<float>(fields.anomaly[i] - lr_climatology_[i] + hr_climatology_[i]);
    else
      fields.anomaly[i] = fields.bicubic[i] = fields.bilinear[i] = fields.climatology[i];
  }
}

std::vector<float> Baselines::nearest(long lr_step) {
  read_low_resolution(lr_step);
  std::vector<float> out;
  interpolate(make_regridder(*basis_, Interpolation::nearest), low_resolution_, out);
  for (std::size_t i = 0; i < out.size(); ++i)
    if (!basis_->ocean[i] || !reached_[i]) out[i] = std::numeric_limits<float>::quiet_NaN();
  return out;
}

}  // namespace podscale
