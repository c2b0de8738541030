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

FunctionalSet::FunctionalSet(const Basis& basis, const std::vector<Functional>& functionals)
    : basis_(&basis) {
  for (const Functional& functional : functionals) add(functional);
}

void FunctionalSet::add(const Functional& functional) {
  std::vector<double> shared = functional.weights;
  for (std::size_t i = 0; i < shared.size(); ++i)
    if (shared[i] != 0) shared[i] *= basis_->scale_of(i);
  std::vector<double> own = shared;
  basis_->fold(shared, 1);
  basis_->fold_own(own, 1);
  std::vector<Part> parts;
  for (std::size_t p = 0; p < basis_->patches.mine.size(); ++p) {
    const PatchModes& patch = basis_->patches.mine[p];
    const std::size_t d = patch.points.size(), modes = static_cast<std::size_t>(patch.modes);
    const auto touches = [&](long point) {
      return functional.weights[point] != 0 || shared[point] != 0 || own[point] != 0;
    };
    if (std::none_of(patch.points.begin(), patch.points.end(), touches)) continue;
    Part part{p, {}, {}, std::vector<double>(modes, 0.0), std::vector<double>(modes, 0.0)};
    for (std::size_t i = 0; i < d; ++i) {
      const std::size_t point = patch.points[i];
      part.weights.push_back(functional.weights[point]);
      part.folded.push_back(own[point]);
      for (std::size_t k = 0; k < modes; ++k) {
        part.projected[k] += patch.phi[k * d + i] * shared[point];
        part.own[k] += patch.phi[k * d + i] * own[point];
      }
    }
    parts.push_back(std::move(part));
  }
  names_.push_back(functional.name);
  parts_.push_back(std::move(parts));
}

FunctionalTerms FunctionalSet::terms(std::size_t f, const CoefficientForecast& forecast, double truncation,
                                     std::span<const double> climatology) const {
  const std::size_t shared = static_cast<std::size_t>(forecast.shared),
                    k = static_cast<std::size_t>(basis_->modes), local = basis_->patches.mine.size();
  FunctionalTerms terms{0, 0, std::vector<double>(shared, 0.0), std::vector<double>(local * k, 0.0)};
  for (const Part& part : parts_[f]) {
    const std::size_t p = part.patch;
    const PatchModes& patch = basis_->patches.mine[p];
    const std::size_t modes = static_cast<std::size_t>(patch.modes);
    for (std::size_t i = 0; i < patch.points.size(); ++i) {
      terms.mean += part.weights[i] * climatology[static_cast<std::size_t>(patch.points[i])];
      terms.truncation += part.folded[i] * part.folded[i] * truncation * patch.tau[i];
    }
    for (std::size_t m = 0; m < modes; ++m) terms.mean += part.projected[m] * forecast.mean[p][m];
    const std::size_t columns = modes > 0 ? forecast.factor[p].size() / modes : 0;
    for (std::size_t c = 0; c < columns; ++c) {
      double product = 0;
      for (std::size_t m = 0; m < modes; ++m) product += part.projected[m] * forecast.factor[p][c * modes + m];
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
  // A patch's terms of the functionals that touch it: mean, own variance, and share of every
  // common column.
  struct PartTerms {
    std::size_t functional;
    std::vector<double> values;  // [terms]
  };
  std::vector<PartTerms> parts;
  std::vector<double> bounds(size() * terms, 0.0);
  for (std::size_t f = 0; f < size(); ++f)
    for (const Part& of_patch : parts_[f]) {
      const std::size_t p = of_patch.patch;
      const PatchModes& patch = basis_->patches.mine[p];
      const std::size_t modes = patch.modes;
      std::vector<double> term(terms, 0.0);
      const auto &g = of_patch.projected, &g_own = of_patch.own;
      for (std::size_t i = 0; i < patch.points.size(); ++i) {
        const std::size_t point = patch.points[i];
        term[0] += of_patch.weights[i] * climatology[point];
        term[1] += of_patch.folded[i] * of_patch.folded[i] * truncation * forecast.truncation * patch.tau[i];
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
      for (std::size_t i = 0; i < terms; ++i)
        bounds[f * terms + i] = std::max(bounds[f * terms + i], std::abs(term[i]));
      parts.push_back({f, std::move(term)});
    }
  // Variables of other units, means and variances have sizes of their own: each to below 1 by a
  // power of two.
  comm.max(std::span(bounds));
  std::vector<int> exponent;
  for (const double bound : bounds) exponent.push_back(bound > 0 ? std::ilogb(bound) + 1 : 0);
  // One call a functional and patch.
  ExactSum sum(bounds.size(), 1, std::max(1l, std::ssize(basis_->patches.patch_of_token) * std::ssize(names_)));
  for (PartTerms& part : parts) {
    const std::size_t first = part.functional * terms;
    for (std::size_t i = 0; i < terms; ++i) part.values[i] = std::ldexp(part.values[i], -exponent[first + i]);
    sum.add(part.values, first);
  }
  auto total = sum.reduce(comm, "means over boxes, regions or points");
  for (std::size_t i = 0; i < total.size(); ++i) total[i] = std::ldexp(total[i], exponent[i]);
  std::vector<FunctionalForecast> result;
  for (std::size_t f = 0; f < size(); ++f) {
    FunctionalForecast value{total[f * terms], total[f * terms + 1]};
    for (std::size_t c = 0; c < shared; ++c) value.variance += std::pow(total[f * terms + 2 + c], 2);
    result.push_back(value);
  }
  return result;
}

}  // namespace podscale
