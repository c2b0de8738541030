#pragma once
// Predictive distributions of a variance that is not known for sure: Student's t, scaled to a
// standard deviation of 1. Degrees of freedom above 2; 0 stands for a Gaussian.

namespace podscale {

/// Not collective, as all here. Distribution function of standardised values z, by the incomplete
/// beta function (continued fraction of Lentz; Press et al. 2007, Numerical Recipes, section 6.4).
double predictive_cdf(double z, double degrees_of_freedom);
/// Half width, in standard deviations, of the central interval that holds `level` (in (0, 1)).
double predictive_half_width(double level, double degrees_of_freedom);
/// CRPS of a forecast with this mean and variance against y, in the unit of y: Jordan, Krueger &
/// Lerch (2019), J. Stat. Softw. 90, appendix A. variance = 0: the absolute error.
double predictive_crps(double mean, double variance, double degrees_of_freedom, double y);

}  // namespace podscale
