#pragma once
// What an LR series is like, cell by cell: climatology, variance by season, distribution. Two
// series that share no dates are matched by these (doc/method.md: 7).

#include <array>
#include <span>
#include <string>
#include <vector>

#include "podscale/field/field_source.hpp"
#include "podscale/pod/climatology.hpp"
#include "podscale/study/basis_file.hpp"

namespace podscale {

/// Shares of the values below the quantiles that are kept: (k + 1/2) / 21.
inline constexpr std::size_t kLrQuantiles = 21;

/// Tables over [channels][points of the LR mesh], 0 on land, the same on every rank.
struct LrStatistics {
  Climatology mean;      ///< mean and annual harmonics
  Climatology variance;  ///< of what a straight line leaves of the anomalies, mean and one harmonic
  /// Variance, by chance alone, of the logarithm of `variance` about its mean over the cells: of
  /// the mean over the year and of each month's distance from that, [channels] each, from odd
  /// against even years.
  std::vector<double> annual_chance, monthly_chance;
  std::vector<float>
      quantiles;  ///< [kLrQuantiles][values] of the same over their standard deviation; may be empty

  /// Not collective. Standard deviation of a value at the phase whose harmonic_basis (of
  /// variance.harmonics) is given: at most twice and at least half of the year's.
  double deviation(std::size_t value, std::span<const double> basis) const;
  /// Not collective. Logarithm of the variance in the middle of each of twelve months.
  std::array<double, 12> log_variance(std::size_t value) const;
  /// Not collective. [channels] Less is none at all (ice): a ten thousandth of the mean over the
  /// cells.
  std::vector<double> least_variance(std::span<const unsigned char> cells) const;
};

/// Collective on the source's communicator. Of the cells of its mesh where `cells` is 1, by least
/// squares over the steps at which each has a value; the same bits at any number of ranks.
/// harmonics: of the mean. period: "data.train = ...", for messages. Error(data) where the steps
/// of a cell do not determine its climatology.
LrStatistics fit_lr_statistics(const FieldSource& lr, std::span<const unsigned char> cells,
                               std::span<const long> steps, int harmonics, const StudyYear& year,
                               bool with_quantiles, const std::string& period);

/// Not collective. Harmonics of the climatologies that are compared: five where ten years of
/// months or shorter steps determine them, else those of the basis. What fewer leave of the season
/// would count as variance.
int harmonics_of_statistics(const SampleAxis& axis, std::span<const long> steps, int of_basis);

/// Not collective; what it gives is, when write_basis calls it. What write_basis has to add for
/// the training series; all must outlive that call.
BasisExtras lr_statistics_extras(const Communicator& comm, const Basis& basis, const LrStatistics& lr,
                                 BasisExtras others = {});
/// Collective on comm. Those in a basis.nc.
LrStatistics read_lr_statistics(const Communicator& comm, const Basis& basis, const std::string& path,
                                bool with_quantiles);

}  // namespace podscale
