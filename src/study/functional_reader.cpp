#include "podscale/study/functional_reader.hpp"

#include <fmt/ranges.h>

#include <cmath>

#include "podscale/core/error.hpp"

namespace podscale {

FunctionalReader::FunctionalReader(const std::string& path)
    : path_(path),
      file_(NetcdfFile::open(self_, path)),
      factors_(file_),
      channels_(factors_.variables().size()) {
  for (std::size_t c = 0; c < channels_.size(); ++c) {
    const std::string& name = factors_.variables()[c];
    if (!file_.has_variable(name) || !file_.has_variable(name + "_variance")) continue;
    channels_[c].emplace(self_, path, name);
    steps_ = factors_.steps_of(*channels_[c]);
    times_ = channels_[c]->times();
  }
  if (steps_.empty())
    fail(ExitCode::data, "{}: no field with its variance in it; expected {}, as podscale-downscale wrote it",
         path, fmt::join(factors_.variables(), ", "));
}

std::vector<double> FunctionalReader::mean(std::size_t t, const CoefficientForecast& forecast,
                                           std::vector<double>& running) const {
  const Basis& basis = factors_.basis();
  const std::size_t n = basis.mesh.points();
  std::vector<double> mean(n * channels_.size(), 0.0);
  ProductFields fields;
  running.clear();
  for (std::size_t c = 0; c < channels_.size(); ++c) {
    if (!channels_[c]) continue;
    channels_[c]->read(static_cast<long>(t), fields);
    factors_.require_variance(forecast, c, fields, path_);
    if (!fields.running.empty()) running.resize(mean.size(), 1.0);
    for (std::size_t i = 0; i < n; ++i) {
      if (!basis.ocean[i]) continue;
      if (!running.empty()) running[c * n + i] = std::sqrt(static_cast<double>(fields.running[i]));
      mean[c * n + i] = fields.mean[i];
      if (std::isnan(fields.mean[i]))
        fail(ExitCode::data,
             "{}: {} has no value at an ocean point of its factors; give the product as "
             "podscale-downscale wrote it",
             path_, channels_[c]->name());
    }
  }
  return mean;
}

std::vector<FunctionalForecast> FunctionalReader::over_time(const FunctionalSet& set,
                                                            const TimeStretch& stretch) const {
  TimeLattice lattice = factors_.time().lattice;
  lattice.calendar = times_.calendar;
  std::vector<TimeFunctional> sums(set.size(), {factors_.time(), factors_.columns()});
  const double weight = 1 / static_cast<double>(stretch.steps.size());
  std::vector<double> running;
  for (const std::size_t t : stretch.steps) {
    const CoefficientForecast own = forecast(t);
    const std::vector<double> field = mean(t, own, running);
    if (!running.empty())
      fail(ExitCode::usage,
           "{}: means over time of a product with sampling.calibration = 'running': its factors know no "
           "running level; expected 'inflation' or 'none'",
           path_);
    for (std::size_t f = 0; f < sums.size(); ++f)
      sums[f].add(lattice.index(times_.time_key(t)), weight, set.terms(f, own, 1, field));
  }
  std::vector<FunctionalForecast> found;
  for (const TimeFunctional& f : sums) found.push_back(f.value());
  return found;
}

}  // namespace podscale
