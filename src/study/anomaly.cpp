#include "podscale/study/anomaly.hpp"

#include <algorithm>
#include <cmath>

#include "podscale/core/error.hpp"
#include "podscale/core/log.hpp"
#include "podscale/core/units.hpp"
#include "podscale/field/weight_file.hpp"

namespace podscale {

void require_same_mesh(const Mesh& found, const Mesh& expected, const std::string& what,
                       const std::string& basis_path) {
  if (const auto difference = mesh_difference(found, expected))
    throw Error(ExitCode::data,
                fmt::format("{}: its mesh differs from that of {}: {}; use files on the mesh of the training "
                            "data or make the basis again",
                            what, basis_path, *difference),
                true);  // every rank has the same meshes
}

namespace {

bool same_units(const std::string& a, const std::string& b) {
  if (a == b || a.empty() || b.empty()) return a == b;
  try {
    return unit_conversion(a, b, "").identity();
  } catch (const Error&) {
    return false;
  }
}

}  // namespace

void require_same_variables(const FieldSource& found, const Basis& basis,
                            const std::vector<std::string>& names, const std::string& basis_path) {
  const auto& variables = found.variables();
  if (variables.size() != basis.variables.size())
    throw Error(
        ExitCode::data,
        fmt::format("{} has {} variables, but {} was made with {}; expected the same ones in the same "
                    "order",
                    found.describe(), variables.size(), basis_path, basis.variables.size()),
        true);
  for (std::size_t c = 0; c < variables.size(); ++c) {
    const std::string &units = variables[c].working_units, &expected = basis.variables[c].working_units;
    if (!same_units(units, expected))
      throw Error(ExitCode::data,
                  fmt::format("{}: '{}' is read in '{}', but {} was made in '{}'; expected one unit: set "
                              "data.units as it was, or make the basis again",
                              found.describe(), variables[c].name, units, basis_path, expected),
                  true);
    if (c < names.size() && !names[c].empty() && variables[c].name != names[c])
      log::warn("{}: variable {} is '{}', but {} was made with '{}': are they in the same order?",
                found.describe(), c + 1, variables[c].name, basis_path, names[c]);
  }
}

namespace {

/// The first ocean point of a channel without a value.
void refuse_gap(const FieldSource& hr, const Basis& basis, std::size_t step, std::span<const double> anomalies) {
  const long point = std::find_if(anomalies.begin(), anomalies.end(), [](double x) { return std::isnan(x); }) -
                     anomalies.begin();
  fail(ExitCode::data,
       "{}: no value at {} in row {}, column {}, which is ocean in the training period; expected "
       "a series without gaps there: let points have gaps (data.least_values), name a land mask "
       "(data.mask_variable) or another period",
       hr.describe(), date_text(hr.times()[step].date), basis.window.y0 + point / basis.window.nx,
       basis.window.x0 + point % basis.window.nx);
}

}  // namespace

void read_anomalies(const FieldSource& hr, const Basis& basis, const Communicator& comm,
                    std::span<const long> steps, std::span<double> out, Gaps gaps) {
  const std::size_t n = basis.points(), points = static_cast<std::size_t>(basis.window.points());
  const unsigned char* ocean = basis.ocean.data();
  const std::size_t block = std::max(16, comm.size());  // at least one a rank
  std::vector<float> values;
  std::vector<double> climatology(n);
  for (std::size_t first = 0; first < steps.size(); first += block) {
    const auto part = steps.subspan(first, std::min(block, steps.size() - first));
    values.resize(n * part.size());
    hr.read(basis.window, part, values);
    comm.agree([&] {
      for (std::size_t t = 0; t < part.size(); ++t) {
        const std::size_t step = part[t];
        basis.hr_climatology.evaluate(basis.year_phase(hr.times(), step), climatology);
        double* anomalies = out.data() + (first + t) * n;
        for (std::size_t i = 0; i < n; i += points) {
          const double scale = basis.scale_of(i);
          bool gap = false;
          for (std::size_t point = 0; point < points; ++point) {
            const double value = static_cast<double>(values[t * n + i + point]);
            gap = gap || (ocean[point] && std::isnan(value));
            anomalies[i + point] = ocean[point] ? (value - climatology[i + point]) / scale : 0.0;
          }
          if (gap && gaps == Gaps::refused) refuse_gap(hr, basis, step, {anomalies + i, points});
        }
      }
    });
  }
}

std::vector<float> read_coefficients(const FieldSource& hr, const Basis& basis, const Communicator& comm,
                                     std::span<const long> steps) {
  // A part at a time: anomalies are large, and in float64. Products of matrices round by their
  // shape, which must not depend on the number of ranks.
  constexpr std::size_t kTogether = 16;
  const std::size_t ranks = static_cast<std::size_t>(comm.size()), n = static_cast<std::size_t>(basis.points()),
                    block = (ranks + kTogether - 1) / kTogether * kTogether;
  std::vector<double> anomalies;
  std::vector<float> a;
  for (std::size_t first = 0; first < steps.size(); first += block) {
    const auto part = steps.subspan(first, std::min(block, steps.size() - first));
    anomalies.resize(n * part.size());
    read_anomalies(hr, basis, comm, part, anomalies);
    for (std::size_t at = 0; at < part.size(); at += kTogether) {
      const std::size_t count = std::min(kTogether, part.size() - at);
      const auto some = to_coefficients(basis, std::span(anomalies).subspan(n * at, n * count),
                                        static_cast<long>(count));
      a.insert(a.end(), some.begin(), some.end());
    }
  }
  return a;
}

std::vector<float> to_coefficients(const Basis& basis, std::span<double> anomalies, long steps) {
  basis.fold(anomalies, steps);
  return folded_to_coefficients(basis, anomalies, steps);
}

std::vector<float> folded_to_coefficients(const Basis& basis, std::span<const double> folded, long steps) {
  const Codec codec = basis.codec();
  const std::size_t width = codec.tokens() * basis.modes;
  std::vector<float> a(width * static_cast<std::size_t>(steps));
  codec.encode(folded, steps, a);
  return a;
}

Remap lr_remap(const Communicator& comm, const Basis& basis) {
  if (const auto& [path, checksum] = basis.weights; !path.empty()) {
    if (const std::string found = checksum_of_file(comm, path); found != checksum)
      throw Error(ExitCode::data,
                  fmt::format("{}: checksum {}, but the basis was made with weights of {}; expected the same "
                              "file: make the basis again",
                              path, found, checksum),
                  true);
    return read_weights(comm, path, basis.lr_mesh, basis.lr_ocean, basis.mesh, basis.window, basis.ocean);
  }
  Remap remap;
  comm.agree([&] {
    remap = Remap(basis.lr_mesh, basis.lr_ocean, basis.mesh, basis.window, basis.ocean, basis.interpolation);
  });
  return remap;
}

InterpolatedSeries::InterpolatedSeries(const FieldSource& lr, const Basis& basis, const Communicator& comm)
    : lr_(&lr), basis_(&basis), comm_(&comm), remap_(lr_remap(comm, basis)) {}

LrFields::LrFields(const FieldSource& lr, const Window& window, std::vector<long> steps)
    : lr_(&lr), window_(window), steps_(std::move(steps)) {
  std::sort(steps_.begin(), steps_.end());
  steps_.erase(std::unique(steps_.begin(), steps_.end()), steps_.end());
  values_.resize(static_cast<std::size_t>(lr.channels() * window_.points()) * steps_.size());
  lr.read(window_, steps_, values_);
}

void LrFields::take(long step, const Window& window, std::span<float> out) const {
  const long at = std::lower_bound(steps_.begin(), steps_.end(), step) - steps_.begin();
  PODSCALE_ASSERT(window.points() == 0 || (contains(lr_->mesh(), window_, window) &&
                                           at < std::ssize(steps_) && steps_[at] == step),
                  "step {} of {}", step, steps_.size());
  const long nx = lr_->mesh().nx(), channels = lr_->channels();
  for (long c = 0; c < channels; ++c) {
    const float* field = values_.data() + (at * channels + c) * window_.points();
    for (long j = 0; j < window.ny; ++j)
      for (long i = 0; i < window.nx; ++i) {
        const long x = window.x0 + i - window_.x0;
        out[(c * window.ny + j) * window.nx + i] =
            field[(window.y0 + j - window_.y0) * window_.nx + (x % nx + nx) % nx];
      }
  }
}

void LrFields::require_values(const Basis& basis, long step, const Window& window,
                              std::span<const float> field) const {
  for (std::size_t i = 0; i < field.size(); ++i) {
    const long cell = static_cast<long>(i) % window.points();
    const idx_t point = point_of(basis.lr_mesh, window, cell / window.nx, cell % window.nx);
    if (basis.lr_ocean[point] && std::isnan(field[i]))
      fail(
          ExitCode::data,
          "{}: no value at {} in row {}, column {}, which is ocean in the training period; expected an LR "
          "series without gaps there: fill them first, as in 'cdo setmisstonn in.nc out.nc', or train on one "
          "that lacks the same points",
          lr_->describe(), date_text(lr_->times()[step].date), point / basis.lr_mesh.nx(),
          point % basis.lr_mesh.nx());
  }
}

void InterpolatedSeries::interpolate(const LrFields& fields, std::span<const long> steps,
                                     std::span<float> out) const {
  const std::size_t n_in = source().points(), n_out = basis_->window.points(), channels = basis_->channels();
  std::vector<float> field(n_in * channels);
  for (std::size_t t = 0; t < steps.size(); ++t) {
    fields.take(steps[t], source(), field);
    fields.require_values(*basis_, steps[t], source(), field);
    for (std::size_t c = 0; c < channels; ++c)
      remap_.apply(std::span<const float>(field).subspan(c * n_in, n_in),
                   out.subspan((t * channels + c) * n_out, n_out));
  }
}

void InterpolatedSeries::read(std::span<const long> steps, std::span<float> out) const {
  const LrFields fields(*lr_, source(), {steps.begin(), steps.end()});
  comm_->agree([&] { interpolate(fields, steps, out); });
}

void InterpolatedSeries::take_anomalies(const LrFields& fields, std::span<const long> steps,
                                        std::span<double> out) const {
  const std::size_t n = basis_->points();
  std::vector<float> values(n);
  std::vector<double> climatology(n);
  comm_->agree([&] {
    for (std::size_t t = 0; t < steps.size(); ++t) {
      interpolate(fields, steps.subspan(t, 1), values);
      basis_->lr_climatology.evaluate(basis_->year_phase(lr_->times(), static_cast<std::size_t>(steps[t])),
                                      climatology);
      const std::size_t points = static_cast<std::size_t>(basis_->window.points());
      for (std::size_t i = 0; i < n; i += points) {
        const double scale = basis_->scale_of(i);
        for (std::size_t point = 0; point < points; ++point)
          out[t * n + i + point] =
              basis_->ocean[point]
                  ? (static_cast<double>(values[i + point]) - climatology[i + point]) / scale
                  : 0.0;
      }
    }
  });
}

}  // namespace podscale
