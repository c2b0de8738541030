#pragma once
// How the samples of an ensemble or of several runs lie along the axes of a file: realization,
// reference time, lead.

#include <vector>

#include "podscale/core/sample_axis.hpp"

namespace podscale {

/// Where a sample lies.
struct SampleCell {
  std::size_t realization = 0, run = 0, step = 0;
  auto operator<=>(const SampleCell&) const = default;
};

/// One series: along time. Several realizations: along time and realization. Runs that overlap:
/// along reference time and lead, where cells may be empty; and realization.
struct SampleLayout {
  /// Not collective. Error(data), beginning with `what`, where realizations have other times or
  /// runs than the first one, or a sample lies where another does.
  explicit SampleLayout(const SampleAxis& samples, const std::string& what = "the product");

  std::vector<long> realizations{};  ///< numbers; empty: one series a run
  std::vector<Date> references{};    ///< ascending; empty: no runs that overlap
  std::vector<double> leads{};       ///< days, ascending, of runs
  std::vector<SampleCell> cells{};   ///< of the samples
  /// One realization: along time, or all runs one after the other.
  SampleAxis times{};
  std::vector<SampleCell> cells_of_times{};  ///< of `times`

  bool has_realizations() const { return !realizations.empty(); }
  bool has_runs() const { return !references.empty(); }
  std::size_t runs() const { return has_runs() ? references.size() : 1; }
  std::size_t steps() const { return has_runs() ? leads.size() : times.size(); }
  std::size_t members() const { return has_realizations() ? realizations.size() : 1; }
  bool is_plain() const { return !has_realizations() && !has_runs(); }
};

}  // namespace podscale
