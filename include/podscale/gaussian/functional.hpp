#pragma once
// Any linear functional of the field, as an area mean, a section or a gradient: its mean and
// variance follow from those of the coefficients, without members (method: section 4.14):
//
//   w^T u        ~ N(w^T (climatology + Phi a), (w^T Phi) F F^T (Phi^T w) + sum_i w_i^2 tau_i)
//
// (without overlap; with it w is R w, or A^T w for what is independent from patch to patch)
//
// where weights that meet Phi or tau are first multiplied by the scale of their channel.

#include <span>
#include <string>
#include <vector>

#include "podscale/gaussian/forecast.hpp"
#include "podscale/mesh/mesh.hpp"

namespace podscale {

/// Weights on the values of a field, all channels; zero on land.
struct Functional {
  std::string name;
  std::vector<double> weights;  ///< [values of a field]
};

/// South, north, west, east in degrees, in any longitude convention; east < west goes across its
/// cut.
struct Box {
  double south = 0, north = 0, west = 0, east = 0;
};

/// Not collective. [window points], of one channel: 1 where a cell centre lies in the box, times
/// its area; not normalised. Error(usage) for a mesh without latitudes and longitudes.
std::vector<double> box_weights(const Mesh& mesh, const Window& window, std::span<const unsigned char> ocean,
                                const Box& box);
/// Collective. Divides by the sum over all ranks, the same bits at any number of ranks.
/// Error(data) where it is zero: `what` has no ocean.
void normalise_weights(const Communicator& comm, std::span<double> weights, const std::string& what,
                       long points_of_grid);

struct FunctionalForecast {
  double mean = 0, variance = 0;
};

/// What a functional is at one time, before its columns of the covariance are squared: for
/// functionals over several times (TimeFunctional).
struct FunctionalTerms {
  double mean = 0;
  double truncation = 0;       ///< sum w^2 tau
  std::vector<double> shared;  ///< [shared columns]
  std::vector<double> own;     ///< [local patches][K]: those inside patches
};

/// Evaluates functionals on forecasts of the patches of one rank.
class FunctionalSet {
 public:
  /// Collective where patches overlap. basis must outlive it.
  FunctionalSet(const Basis& basis, const std::vector<Functional>& functionals);
  /// Collective where patches overlap. One more: of its weights only those that are not 0 are
  /// kept.
  void add(const Functional& functional);
  std::size_t size() const { return names_.size(); }
  const std::string& name(std::size_t f) const { return names_[f]; }
  /// Collective. [functionals] in the units of the field and their square, the same on every rank
  /// and at any number of ranks. climatology: [values of a field]; truncation: inflation of tau.
  std::vector<FunctionalForecast> evaluate(const Communicator& comm, const CoefficientForecast& forecast,
                                           double truncation, std::span<const double> climatology) const;
  /// Not collective: this rank's share of functional f. As evaluate().
  FunctionalTerms terms(std::size_t f, const CoefficientForecast& forecast, double truncation,
                        std::span<const double> climatology) const;

 private:
  const Basis* basis_;
  /// A functional in a patch that it touches.
  struct Part {
    std::size_t patch;                   // local
    std::vector<double> weights;         // [points of the patch]
    std::vector<double> folded;          // likewise: A^T w
    std::vector<double> projected, own;  // [modes] Phi^T R w; Phi^T A^T w
  };
  std::vector<std::string> names_;
  std::vector<std::vector<Part>> parts_;  // [functionals], in the order of the patches
};

}  // namespace podscale
