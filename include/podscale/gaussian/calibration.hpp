#pragma once
// What a validation period says of a predictive variance: one inflation factor a level (method:
// section 2.7), the coverage of central intervals before and after, and their conformal half
// widths.

#include <array>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "podscale/parallel/communicator.hpp"
#include "podscale/stat/normal.hpp"

namespace podscale {

/// The central intervals whose coverage is checked.
inline constexpr auto calibration_levels = coverage_levels;

/// Factors on the variance of each level: global modes, patches, truncation.
struct Inflation {
  double global = 1, patch = 1, truncation = 1;
  std::vector<double> mode{};  ///< of each mode of a patch, relative to `patch`; empty: all 1
  /// Of latent m of a patch.
  double of_mode(std::size_t m) const { return patch * (m < mode.size() ? mode[m] : 1.0); }
  /// global, patch, truncation, then the modes: for files, and back. Error(data), not agreed, with
  /// `what` where it is not three positive numbers or more.
  std::vector<double> numbers() const;
  static Inflation from_numbers(std::span<const double> numbers, const std::string& what);
};

/// What validation may correct: nothing, one factor a level, or also one a mode of the patches.
/// Where patches keep nearly as many modes as a short training period can tell apart, the last
/// modes fail most.
enum class Inflate { none, level, mode };
Inflate inflate_from_name(const std::string& name);  ///< 'level', 'mode'; Error(usage) on others

struct Calibration {
  Inflation inflation;
  /// Coverage of the calibration_levels on the times held out, area-weighted.
  std::array<double, 4> before{}, after{};
  /// Half widths, in predicted standard deviations after inflation, that hold the
  /// calibration_levels on the times held out exactly: split conformal prediction with |error| /
  /// sigma as score (Vovk et al. 2005; Lei et al. 2018, J. Am. Stat. Assoc. 113).
  std::array<double, 4> half_width{};
  /// Squared error over variance before the inflation, the largest of levels and modes that make
  /// at least a tenth of the squared error. Not in files.
  double largest = 1;
  long times = 0;            ///< that the inflation comes from; 0: not calibrated
  long held_out = 0;         ///< other times: of coverage and half widths
  /// Of a Student t in place of the Gaussian, with the same variance; 0: Gaussian. Above 4.
  double degrees_of_freedom = 0;
  std::string period, note;  ///< note: why the calibration is weak; "" if it is not
  /// What was calibrated, in words that another forecast does not share ("24 members, ..."); ""
  /// for the base.
  std::string forecast;

  /// One line: factors, coverage before and after, period.
  std::string text() const;
  /// In words for files: which times gave what.
  std::string split() const;
  /// All numbers in a fixed order, the inflation last, and back: for files.
  std::vector<double> numbers() const;
  static Calibration from_numbers(std::span<const double> numbers);
};

/// Squared errors and predicted variances of the three levels, added up patch by patch.
class LevelSums {
 public:
  /// Not collective. patches: of this rank.
  explicit LevelSums(std::size_t patches, std::size_t modes = 0)
      : modes_(modes), error_((3 + modes) * patches), variance_((3 + modes) * patches) {}
  enum Level { global, patch, truncation };
  void add(Level level, std::size_t patch_index, double squared_error, double variance) {
    error_[(3 + modes_) * patch_index + level] += squared_error;
    variance_[(3 + modes_) * patch_index + level] += variance;
  }
  /// Of one mode, counted in the level `patch` too.
  void add_mode(std::size_t patch_index, std::size_t mode, double squared_error, double variance) {
    add(patch, patch_index, squared_error, variance);
    error_[(3 + modes_) * patch_index + 3 + mode] += squared_error;
    variance_[(3 + modes_) * patch_index + 3 + mode] += variance;
  }
  /// Collective. Ratios; 1 where a level predicts no variance. The same bits at any number of
  /// ranks. total_patches: of the region.
  Inflation factors(const Communicator& comm, long total_patches) const {
    return judged(comm, total_patches).first;
  }
  /// The same, and Calibration::largest.
  std::pair<Inflation, double> judged(const Communicator& comm, long total_patches) const;

 private:
  std::size_t modes_;
  std::vector<double> error_, variance_;  // [patches][3 levels, modes]
};

/// Histogram of |error| / sigma, one for each patch, so that the total does not depend on the
/// ranks.
class ErrorHistogram {
 public:
  explicit ErrorHistogram(std::size_t patches);
  void add(std::size_t patch_index, double error, double variance, double weight);
  /// Collective: before coverage() and quantiles().
  void reduce(const Communicator& comm, long total_patches);
  /// After all sigmas are multiplied by `factor`: share of |error| inside the Gaussian central
  /// intervals; quantiles of |error| / sigma at the calibration_levels.
  std::array<double, 4> coverage(double factor = 1) const;
  std::array<double, 4> quantiles(double factor = 1) const;
  /// The factor on all sigmas that minimises the Gaussian CRPS. Errors have heavier tails than a
  /// Gaussian: the one that matches their mean square is then too wide nearly everywhere.
  double best_factor() const;

 private:
  double quantile(double level) const;
  std::vector<std::vector<double>> bins_;  // [patches][2 * bins]: weights, and weights times sigma
  std::vector<double> total_;              // cumulative, normalised
  std::vector<double> sigma_;              // sum of weight * sigma in each bin
};

/// "" or why `times` steps that span `days` days are too few to calibrate on.
std::string calibration_note(long times, double days);

}  // namespace podscale
