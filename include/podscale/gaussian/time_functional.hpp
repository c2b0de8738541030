#pragma once
// A functional over space and time, as a monthly mean of a box: with weights w_t, y_c(t) what
// column c of the covariance gives to the functional at time t, and rho_c the autocorrelation of
// its latent,
//
//   variance = sum_c sum_{t, t'} w_t w_t' y_c(t) y_c(t') rho_c(t - t')
//              + sum_{t, t'} w_t w_t' (v_t v_t')^(1/2) rho_tau(t - t'),
//
// v_t that of the truncation (method: section 4.17). Since rho is a sum of exponentials, one pass
// in the order of time takes the double sum.

#include <vector>

#include "podscale/gaussian/functional.hpp"
#include "podscale/gaussian/time_covariance.hpp"

namespace podscale {

/// What the columns of the factors are.
enum class Columns { latents, members };

class TimeFunctional {
 public:
  /// Not collective. Of members: deviations that persist as the members themselves do, so their
  /// sum over time is that of each member. time must outlive it.
  TimeFunctional(const TimeCovariance& time, Columns columns) : time_(&time), columns_(columns) {}
  /// Not collective. cell: of the time lattice, not below that of the call before.
  void add(long cell, double weight, const FunctionalTerms& terms);
  FunctionalForecast value() const;

 private:
  /// The two processes of a latent: their weighted sums, decayed to the latest time.
  struct Sums {
    double fast = 0, slow = 0;
  };
  void add_columns(std::span<const double> y, std::span<const TwoScale> scales, double lag,
                   std::vector<Sums>& sums);

  const TimeCovariance* time_;
  Columns columns_;
  long cell_ = 0;
  bool started_ = false;
  double mean_ = 0, variance_ = 0;
  std::vector<Sums> shared_, own_, truncation_;
  std::vector<double> members_;  // weighted sums
};

}  // namespace podscale
