#include "podscale/gaussian/functional.hpp"

#include <algorithm>
#include <cmath>

#include "podscale/core/error.hpp"
#include "podscale/core/log.hpp"
#include "podscale/parallel/exact_sum.hpp"

namespace podscale {

std::vector<double> box_weights(const Mesh& mesh, const Window& window, std::span<const unsigned char> ocean,
                                const Box& box) {
  if (!mesh.geographic())
    throw Error(ExitCode::usage,
                "a box in degrees on a plane mesh without latitudes and longitudes: expected a mask of the "
                "region, or a mesh with them",
                true);
  std::vector<double> weights(window.points(), 0.0);
  constexpr double edge =
      1e-4;  // degrees: a centre on the edge is inside, whatever rounding axes went through
  double width = box.east - box.west;
  if (width < 0) width -= 360 * std::floor(width / 360);  // across the cut, as 170 to -170
  if (box.west > box.east && width > 180)
    log::warn("the box {}, {}, {}, {} (south, north, west, east) goes {:g} degrees eastward from {} to {}: are "
              "west and east exchanged?", box.south, box.north, box.west, box.east, width, box.west, box.east);
  for (long j = 0; j < window.ny; ++j)
    for (long i = 0; i < window.nx; ++i) {
      const std::size_t at = j * window.nx + i;
      const auto [lat, lon] = mesh.degrees(point_of(mesh, window, j, i));
      const double from = lon - box.west + edge, from_west = from - 360 * std::floor(from / 360);
      if (ocean[at] && lat >= box.south - edge && lat <= box.north + edge && from_west <= width + 2 * edge)
        weights[at] = mesh.area_weight(window.y0 + j, window.x0 + i);
    }
  return weights;
}

void normalise_weights(const Communicator& comm, std::span<double> weights, const std::string& what,
                       long points_of_grid) {
  double bound = 0;
  for (const double w : weights) bound = std::max(bound, std::abs(w));
  ExactSum sum(1, comm.max(bound), points_of_grid);
  for (const double w : weights) sum.add(std::span(&w, 1));
  const double total = sum.reduce(comm, what + ": weights").front();
  if (!(total > 0))
    throw Error(ExitCode::data,
                fmt::format("{}: no ocean point of the grid lies in it; expected at least one: check the "
                            "order south, north, west, east and the land mask",
                            what),
                true);
  for (double& w : weights) w /= total;
}

FunctionalSet::FunctionalSet(const Basis& basis, std::vector<Functional> functionals)
    : basis_(&basis), functionals_(std::move(functionals)) {
  const auto project = [&](const std::vector<double>& weights) {
    Projected of_patches;
    for (const PatchModes& patch : basis.patches.mine) {
      const std::size_t d = patch.points.size();
      std::vector<double> g(patch.modes, 0.0);
      for (std::size_t k = 0; k < g.size(); ++k)
        for (std::size_t i = 0; i < d; ++i) g[k] += patch.phi[k * d + i] * weights[patch.points[i]];
      of_patches.push_back(std::move(g));
    }
    return of_patches;
  };
  for (const Functional& f : functionals_) {
    std::vector<double> weights = f.weights;
    for (std::size_t i = 0; i < weights.size(); ++i) weights[i] *= basis.scale_of(i);
    std::vector<double> own = weights;
    basis.fold(weights, 1);
    basis.fold_own(own, 1);
    projected_.push_back(project(weights));
    own_.push_back(project(own));
    folded_.push_back(std::move(own));
  }
}

FunctionalTerms FunctionalSet::terms(std::size_t f, const CoefficientForecast& forecast, double truncation,
                                     std::span<const double> climatology) const {
  const std::size_t shared = static_cast<std::size_t>(forecast.shared),
                    k = static_cast<std::size_t>(basis_->modes), local = basis_->patches.mine.size();
  FunctionalTerms terms{0, 0, std::vector<double>(shared, 0.0), std::vector<double>(local * k, 0.0)};
  const auto &weights = functionals_[f].weights, &folded = folded_[f];
  for (std::size_t p = 0; p < local; ++p) {
    const PatchModes& patch = basis_->patches.mine[p];
    const std::size_t modes = static_cast<std::size_t>(patch.modes);
    const auto& g = projected_[f][p];
    bool any = false;
    for (std::size_t i = 0; i < patch.points.size(); ++i) {
      const std::size_t point = static_cast<std::size_t>(patch.points[i]);
      terms.mean += weights[point] * climatology[point];
      terms.truncation += folded[point] * folded[point] * truncation * patch.tau[i];
      any = any || folded[point] != 0;
    }
    if (!any) continue;
    for (std::size_t m = 0; m < modes; ++m) terms.mean += g[m] * forecast.mean[p][m];
    const std::size_t columns = modes > 0 ? forecast.factor[p].size() / modes : 0;
    for (std::size_t c = 0; c < columns; ++c) {
      double product = 0;
      for (std::size_t m = 0; m < modes; ++m) product += g[m] * forecast.factor[p][c * modes + m];
      (c < shared ? terms.shared[c] : terms.own[p * k + c - shared]) += product;
    }
  }
  return terms;
}

std::vector<FunctionalForecast> FunctionalSet::evaluate(const Communicator& comm,
                                                        const CoefficientForecast& forecast,
                                                        double truncation,
                                                        std::span<const double> climatology) const {
  const std::size_t shared = forecast.shared, terms = 2 + shared;
  // A patch's terms of a functional: its mean, its own variance, and its share of every common
  // column.
  std::vector<std::vector<double>> parts;
  std::vector<double> bounds(functionals_.size() * terms, 0.0);
  for (std::size_t p = 0; p < basis_->patches.mine.size(); ++p) {
    const PatchModes& patch = basis_->patches.mine[p];
    const std::size_t modes = patch.modes;
    std::vector<double> part(functionals_.size() * terms, 0.0);
    for (std::size_t f = 0; f < functionals_.size(); ++f) {
      double* term = part.data() + f * terms;
      const auto &weights = functionals_[f].weights, &folded = folded_[f];
      const auto &g = projected_[f][p], &g_own = own_[f][p];
      for (std::size_t i = 0; i < patch.points.size(); ++i) {
        const std::size_t point = patch.points[i];
        term[0] += weights[point] * climatology[point];
        term[1] += folded[point] * folded[point] * truncation * forecast.truncation * patch.tau[i];
      }
      for (std::size_t k = 0; k < modes; ++k) {
        term[0] += g[k] * forecast.mean[p][k];
        if (forecast.has_own) term[0] += (g_own[k] - g[k]) * forecast.own_mean[p][k];
      }
      const std::size_t columns = modes > 0 ? forecast.factor[p].size() / modes : 0;
      for (std::size_t c = 0; c < columns; ++c) {
        double product = 0;
        const auto& weights_of_modes = c < shared ? g : g_own;
        for (std::size_t k = 0; k < modes; ++k) {
          product += weights_of_modes[k] * forecast.factor[p][c * modes + k];
          if (forecast.has_own && c < shared)
            product += (g_own[k] - g[k]) * forecast.own_factor[p][c * modes + k];
        }
        if (c < shared)
          term[2 + c] += product;
        else
          term[1] += product * product;
      }
    }
    for (std::size_t i = 0; i < part.size(); ++i) bounds[i] = std::max(bounds[i], std::abs(part[i]));
    parts.push_back(std::move(part));
  }
  // Variables of other units, means and variances have sizes of their own: each to below 1 by a power of two.
  comm.max(std::span(bounds));
  std::vector<int> exponent;
  for (const double bound : bounds) exponent.push_back(bound > 0 ? std::ilogb(bound) + 1 : 0);
  ExactSum sum(bounds.size(), 1, std::ssize(basis_->patches.patch_of_token));
  for (auto& part : parts) {
    for (std::size_t i = 0; i < part.size(); ++i) part[i] = std::ldexp(part[i], -exponent[i]);
    sum.add(part);
  }
  auto total = sum.reduce(comm, "means over boxes, regions or points");
  for (std::size_t i = 0; i < total.size(); ++i) total[i] = std::ldexp(total[i], exponent[i]);
  std::vector<FunctionalForecast> result;
  for (std::size_t f = 0; f < functionals_.size(); ++f) {
    FunctionalForecast value{total[f * terms], total[f * terms + 1]};
    for (std::size_t c = 0; c < shared; ++c) value.variance += std::pow(total[f * terms + 2 + c], 2);
    result.push_back(value);
  }
  return result;
}

}  // namespace podscale
