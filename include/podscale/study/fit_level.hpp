#pragma once
// The level of the base's variance from the training years, each predicted from the others.

#include "podscale/study/encoded_period.hpp"

namespace podscale {

/// What years that were left out say of the variance of the base.
struct CrossValidatedLevel {
  double level = 1;               ///< squared error over variance, all years
  double spread = 0;              ///< standard deviation of that of single years, over the level
  double degrees_of_freedom = 0;  ///< of the Student t that mixes Gaussians of such levels
  std::vector<double> of_year;    ///< of each year over the level
};
/// Not collective. From the ratios of single years: nu = 4 + 2 / spread^2, the inverse chi-squared
/// distribution of a variance with that spread.
CrossValidatedLevel level_of_years(std::vector<double> errors, std::vector<double> variances);

/// Collective. A ridge regression a year, from normal equations of all years less its own (method:
/// section 2.12). The same bits at any number of ranks. Error(data) for fewer than three years.
CrossValidatedLevel cross_validated_level(const Communicator& comm, const Basis& basis,
                                          const LinearGaussian& base, double lag_weight, const SampleAxis& lr,
                                          const EncodedPeriod& train);

}  // namespace podscale
