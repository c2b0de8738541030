#include "podscale/verify/baselines.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "podscale/core/error.hpp"
#include "podscale/study/anomaly.hpp"
#include "podscale/study/blocks.hpp"

namespace podscale {
std::optional<Climatology> fit_lr_climatology(const Communicator& comm, const FieldSource& lr,
                                              const Basis& basis, std::span<const long> steps, long block) {
  const Mesh& mesh = lr.mesh();
  const SampleAxis& times = lr.times();
  const Share rows = share_of(mesh.ny(), comm.size(), comm.rank());
  const Window band{rows.begin, rows.size(), 0, mesh.nx()};
  const std::size_t points = band.points();
  HarmonicFit fit(band.points(), basis.lr_climatology.harmonics);
  std::vector<float> fields;
  for_blocks("LR climatology", steps.size(), block, [&](std::size_t first, std::size_t count) {
    const auto some = steps.subspan(first, count);
    fields.resize(some.size() * points);
    lr.read(band, some, fields);
    for (std::size_t t = 0; t < some.size(); ++t)
      fit.add(std::span<const float>(fields).subspan(t * points, points), basis.year_phase(times, some[t]));
  });
  Climatology part;
  try {
    part = fit.solve();
  } catch (const Error& error) {
    if (error.code() != ExitCode::data) throw;
    return std::nullopt;  // for the phases of the steps alone, so on all ranks
  }
  // Ranks hold other rows each: the sum over ranks adds zeros and is exact.
  const auto all = static_cast<std::size_t>(mesh.points());
  Climatology whole{part.harmonics, mesh.points(), std::vector<double>(part.terms() * all, 0.0)};
  for (int term = 0; term < part.terms(); ++term)
    std::copy_n(part.coefficients.begin() + term * band.points(), points,
                whole.coefficients.begin() + term * mesh.points() + rows.begin * mesh.nx());
  comm.sum(std::span<double>(whole.coefficients));
  for (std::size_t i = 0; i < all; ++i)
    if (basis.lr_ocean[i] && std::isnan(whole.coefficients[i])) return std::nullopt;
  return whole;
}

Baselines::Baselines(const FieldSource& lr, const Basis& basis, long channel)
    : lr_(&lr),
      lags_(lr.times()),
      basis_(&basis),
      mesh_(basis.mesh),
      lr_mesh_(basis.lr_mesh),
      bilinear_(remap(Interpolation::bilinear)),
      low_resolution_(lr_mesh_.points(), 1.0f),
      hr_(basis.hr_climatology.part(channel * basis.window.points(), basis.window.points())),
      lr_on_hr_(basis.lr_climatology.part(channel * basis.window.points(), basis.window.points())),
      hr_climatology_(basis.window.points()),
      lr_climatology_(basis.window.points()) {
  if (offers(Interpolation::bicubic, lr_mesh_, mesh_)) bicubic_ = remap(Interpolation::bicubic);
  if (!basis.weights.path.empty()) own_ = lr_remap(lr.comm(), basis);
  reached_ = reached_by(bilinear_);
  reached_by_basis_ = own_ ? reached_by(*own_) : reached_;
}

std::vector<unsigned char> Baselines::reached_by(const Remap& remap) const {
  std::vector<unsigned char> reached;
  for (idx_t row = 0; row < remap.rows(); ++row) reached.push_back(remap.columns(row).empty() ? 0 : 1);
  return reached;
}

Remap Baselines::remap(Interpolation kind) const {
  return Remap(lr_mesh_, basis_->lr_ocean, mesh_, basis_->window, basis_->ocean, kind);
}

void Baselines::read_low_resolution(long lr_step) {
  lr_->read({0, lr_mesh_.ny(), 0, lr_mesh_.nx()}, std::span(&lr_step, 1), low_resolution_);
}

void Baselines::interpolate(const Remap& remap, std::span<const float> low_resolution,
                            std::vector<float>& out) const {
  const Window& window = remap.source();
  std::vector<float> source;
  for (idx_t j = 0; j < window.ny; ++j)
    for (idx_t i = 0; i < window.nx; ++i) source.push_back(low_resolution[point_of(lr_mesh_, window, j, i)]);
  out.resize(basis_->window.points());
  remap.apply(source, out);
}

void Baselines::set_lr_climatology(const Climatology& cells) {
  PODSCALE_ASSERT(cells.points == lr_mesh_.points(), "{} of {} cells", cells.points, lr_mesh_.points());
  cells_ = cells;
}

std::vector<double> Baselines::interpolated_climatology(const Climatology& cells, Interpolation kind,
                                                        double year_fraction) const {
  std::vector<double> values(cells.points);
  cells.evaluate(year_fraction, values);
  const std::vector<float> source(values.begin(), values.end());
  std::vector<float> out;
  interpolate(held(kind), source, out);
  return {out.begin(), out.end()};
}

void Baselines::persist(long lr_step, BaselineFields& fields) {
  const std::optional<long> found = lr_step == 0 ? 0 : lags_.find(lr_step, -1);
  if (!found) {
    fields.persistence.assign(hr_climatology_.begin(), hr_climatology_.end());
    return;
  }
  const long previous = *found;
  if (last_step_ != previous) {
    read_low_resolution(previous);
    interpolate(of_basis(), low_resolution_, last_);
  }
  std::vector<double> climatology(reached_.size());
  lr_on_hr_.evaluate(basis_->year_phase(lr_->times(), previous), climatology);
  fields.persistence.resize(reached_.size());
  for (std::size_t i = 0; i < reached_.size(); ++i) {
    const double anomaly = reached_by_basis_[i] && std::isfinite(last_[i]) ? last_[i] - climatology[i] : 0.0;
    fields.persistence[i] = static_cast<float>(hr_climatology_[i] + anomaly);
  }
}

std::vector<float> Baselines::anomaly(long lr_step) {
  read_low_resolution(lr_step);
  std::vector<float> field;
  interpolate(of_basis(), low_resolution_, field);
  std::vector<double> climatology(reached_.size());
  lr_on_hr_.evaluate(basis_->year_phase(lr_->times(), static_cast<std::size_t>(lr_step)), climatology);
  for (std::size_t i = 0; i < field.size(); ++i)
    field[i] = reached_by_basis_[i] && std::isfinite(field[i])
                   ? static_cast<float>(static_cast<double>(field[i]) - climatology[i])
                   : 0.0f;
  return field;
}

float Baselines::anomaly_at(long lr_step, idx_t point) {
  const Remap& remap = of_basis();
  read_low_resolution(lr_step);
  if (point < 0) return 0;
  double sum = 0;  // as Remap::apply
  const auto columns = remap.columns(point);
  const auto weights = remap.weights(point);
  for (std::size_t k = 0; k < columns.size(); ++k) {
    const idx_t nx = remap.source().nx;
    sum += weights[k] * static_cast<double>(
                            low_resolution_[point_of(lr_mesh_, remap.source(), columns[k] / nx, columns[k] % nx)]);
  }
  const float value = static_cast<float>(sum);
  double climatology = 0;
  lr_on_hr_.part(point, 1).evaluate(basis_->year_phase(lr_->times(), static_cast<std::size_t>(lr_step)),
                                    std::span(&climatology, 1));
  return reached_by_basis_[point] && std::isfinite(value)
             ? static_cast<float>(static_cast<double>(value) - climatology)
             : 0.0f;
}

void Baselines::read(long lr_step, double year_fraction, BaselineFields& fields) {
  hr_.evaluate(year_fraction, hr_climatology_);
  persist(lr_step, fields);
  read_low_resolution(lr_step);
  if (bicubic_) interpolate(*bicubic_, low_resolution_, fields.bicubic);
  interpolate(bilinear_, low_resolution_, fields.bilinear);
  lr_on_hr_.evaluate(year_fraction, lr_climatology_);
  // The LR climatology of the basis was brought to this mesh as the basis does it: so must be the
  // field.
  const auto by = [&](Interpolation kind) {
    return kind == Interpolation::bilinear ? fields.bilinear : fields.bicubic;
  };
  if (own_)
    interpolate(*own_, low_resolution_, fields.anomaly);
  else
    fields.anomaly = by(basis_->interpolation);
  fields.other_anomaly.clear();
  if (cells_) {
    const auto climatology = interpolated_climatology(*cells_, other_kind(), year_fraction);
    fields.other_anomaly = by(other_kind());
    for (std::size_t i = 0; i < reached_.size(); ++i)
      fields.other_anomaly[i] = static_cast<float>(
          reached_[i] ? fields.other_anomaly[i] - climatology[i] + hr_climatology_[i] : hr_climatology_[i]);
  }
  last_ = fields.anomaly;
  last_step_ = lr_step;
  fields.climatology.assign(hr_climatology_.begin(), hr_climatology_.end());
  for (std::size_t i = 0; i < reached_.size(); ++i) {
    fields.anomaly[i] = reached_by_basis_[i]
                            ? static_cast<float>(fields.anomaly[i] - lr_climatology_[i] + hr_climatology_[i])
                            : fields.climatology[i];
    for (std::vector<float>* field : {&fields.bilinear, &fields.bicubic})
      if (!reached_[i] && !field->empty()) (*field)[i] = fields.climatology[i];
  }
}

std::vector<float> Baselines::nearest(long lr_step) {
  read_low_resolution(lr_step);
  std::vector<float> out;
  interpolate(remap(Interpolation::nearest), low_resolution_, out);
  for (std::size_t i = 0; i < out.size(); ++i)
    if (!basis_->ocean[i] || !reached_[i]) out[i] = std::numeric_limits<float>::quiet_NaN();
  return out;
}

}  // namespace podscale
