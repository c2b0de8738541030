// TimeMeanCalibration: its places, and what is kept of them at every time.
#include <algorithm>
#include <cmath>

#include "podscale/verify/time_mean_calibration.hpp"

namespace podscale {
namespace {

constexpr std::size_t kMostValues = 8u << 20;  // kept a rank: 64 MiB

/// work(place, south-western corner, functional) for those of the boxes of a side around places
/// evenly spread over the region, `per_side` in each direction, that begin on the own rows; three
/// quarters ocean. Functionals are of the fields of the factors' basis.
template <class Work>
void for_boxes(const FactorReader& factors, const ScoredRows& rows, long channel, long side, long per_side,
               const Work& work) {
  const Mesh& region = factors.region();
  const Basis& basis = factors.basis();
  const std::size_t points = static_cast<std::size_t>(basis.window.points());
  if (region.ny() < side || region.nx() < side) return;
  for (long j = 0; j < per_side; ++j)
    for (long i = 0; i < per_side; ++i) {
      const long y0 = (region.ny() - side) * (2 * j + 1) / (2 * per_side),
                 x0 = (region.nx() - side) * (2 * i + 1) / (2 * per_side);
      if (rows.strip_of(y0) < 0) continue;
      Functional f{"", std::vector<double>(points * static_cast<std::size_t>(basis.channels()), 0.0)};
      double total = 0;
      long ocean = 0;
      for (long y = y0; y < y0 + side; ++y)
        for (long x = x0; x < x0 + side; ++x) {
          const std::size_t at = static_cast<std::size_t>((y - factors.first_row()) * region.nx() + x);
          const double weight = region.area_weight(y, x);
          if (!basis.ocean[at] || !(weight > 0)) continue;
          f.weights[static_cast<std::size_t>(channel) * points + at] = weight;
          total += weight;
          ++ocean;
        }
      if (4 * ocean < 3 * side * side) continue;
      for (double& w : f.weights) w /= total;
      work(static_cast<std::size_t>(j * per_side + i), f);
    }
}

}  // namespace

TimeMeanCalibration::Kept TimeMeanCalibration::functionals_of(const Product& product,
                                                              std::size_t* width) const {
  const FactorReader& factors = *product.factors;
  const Basis& basis = factors.basis();
  const std::size_t k = static_cast<std::size_t>(basis.modes),
                    members = static_cast<std::size_t>(systems_[product.system].members),
                    room = kMostValues / products_.size() / std::max(cells_.size(), 1ul);
  const std::size_t shared = static_cast<std::size_t>(factors.read_shared(product.steps.front())->shared);
  // As many as there is room for; the widest takes about four patches.
  const std::size_t each = kHead + members + shared + 4 * k;
  const double places = static_cast<double>(room) / static_cast<double>(each * kSides.size());
  const long per_side = std::clamp(static_cast<long>(std::sqrt(places)), 1l, 6l),
             before = factors.first_row() * basis.mesh.nx(), held = rows_->held().begin * basis.mesh.nx();
  const std::size_t of_side = static_cast<std::size_t>(per_side * per_side);
  Kept kept{FunctionalSet(basis, {}), {}, {}, {}, {}, {}, {}, shared, members, of_side};
  for (std::size_t s = 0; s < kSides.size(); ++s)
    for_boxes(factors, *rows_, channel_, kSides[s], per_side, [&](std::size_t place, const Functional& f) {
      kept.set.add(f);
      kept.side.push_back(s);
      kept.place.push_back(s * of_side + place);
      auto& weights = kept.weights.emplace_back();
      for (std::size_t i = 0; i < f.weights.size(); ++i)
        if (f.weights[i] != 0)
          weights.emplace_back(static_cast<long>(i) % basis.window.points() + before - held, f.weights[i]);
      std::vector<double> folded = f.weights;
      basis.fold(folded, 1);
      std::vector<std::size_t> touched;
      TimeCovariance time{factors.time().lattice,
                          {},
                          factors.time().global,
                          factors.time().truncation,
                          factors.time().reason};
      for (std::size_t p = 0; factors.columns() == Columns::latents && p < basis.patches.mine.size(); ++p) {
        const auto& points = basis.patches.mine[p].points;
        if (std::none_of(points.begin(), points.end(),
                         [&](long point) { return folded[static_cast<std::size_t>(point)] != 0; }))
          continue;
        touched.push_back(p);
        const auto own = factors.time().patch.begin() + static_cast<long>(p * k);
        time.patch.insert(time.patch.end(), own, own + static_cast<long>(k));
      }
      kept.first.push_back(*width);
      *width += kHead + members + shared + touched.size() * k;
      kept.patches.push_back(std::move(touched));
      kept.time.push_back(std::move(time));
    });
  return kept;
}

void TimeMeanCalibration::prepare() {
  if (!kept_.empty()) return;
  std::size_t width = 0;
  for (const Product& product : products_) kept_.push_back(functionals_of(product, &width));
  sums_ = TimeSums(std::ssize(cells_), width);
}

void TimeMeanCalibration::add(const ScoredTime& fields) {
  if (fields.strip > 0) return;  // the boxes of all strips at once: the factors of a time are read once
  prepare();
  const auto sums = sums_.at(fields.time);
  const std::size_t points = fields.weights.size();
  for (std::size_t n = 0; n < products_.size(); ++n) {
    const Product& product = products_[n];
    const Kept& kept = kept_[n];
    const Basis& basis = product.factors->basis();
    const std::size_t k = static_cast<std::size_t>(basis.modes);
    const auto forecast = product.factors->read_shared(product.steps[static_cast<std::size_t>(fields.time)]);
    const Forecast& own = fields.forecasts[product.system];
    const std::vector<double> nothing(static_cast<std::size_t>(basis.points()), 0.0);
    for (std::size_t f = 0; f < kept.set.size(); ++f) {
      double* at = sums.data() + kept.first[f];
      bool complete = true;
      double error = 0;
      std::vector<double> members(kept.members, 0.0);
      for (const auto& [at_point, weight] : kept.weights[f]) {
        const std::size_t point = static_cast<std::size_t>(at_point);
        complete = complete && fields.weights[point] > 0;
        if (!complete) break;
        error += weight * (static_cast<double>(fields.truth[point]) - static_cast<double>(own.mean[point]));
        for (std::size_t m = 0; m < members.size(); ++m)
          members[m] += weight * (static_cast<double>(own.members[m * points + point]) -
                                  static_cast<double>(own.mean[point]));
      }
      if (!complete) continue;
      const FunctionalTerms terms = kept.set.terms(f, *forecast, 1, nothing);
      *at++ = 1;
      *at++ = error / product.scale;
      *at++ = terms.truncation;
      for (const double member : members) *at++ = member / product.scale;
      at = std::copy(terms.shared.begin(), terms.shared.end(), at);
      for (const std::size_t p : kept.patches[f])
        at = std::copy_n(terms.own.begin() + static_cast<long>(p * k), k, at);
    }
  }
}

}  // namespace podscale
