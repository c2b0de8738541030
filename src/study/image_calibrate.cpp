#include "podscale/study/image_calibrate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "podscale/core/error.hpp"
#include "podscale/core/stage.hpp"
#include "podscale/parallel/ordered_sum.hpp"
#include "podscale/stat/normal.hpp"

namespace podscale {
namespace {

constexpr idx_t factors = 49;  // on the standard deviation, that are tried: 0.4 to 1.6
constexpr double factor_of(idx_t i) {
  return 0.4 + 0.025 * static_cast<double>(i);
}
constexpr idx_t bins = 4096;  // of |error| over standard deviation, 0 to 16; the last has all above
constexpr double bin_width = 16.0 / bins;
constexpr idx_t thinning = 7;  // of the points whose CRPS is tried with every factor

/// Of one number of grids.
struct Sums {
  explicit Sums(std::span<double> values)
      : crps(values.first(factors)),
        histogram(values.subspan(factors, bins)),
        points(values[factors + bins]),
        thinned(values[factors + bins + 1]),
        square(values[factors + bins + 2]) {}
  static constexpr std::size_t size = factors + bins + 3;
  std::span<double> crps, histogram;
  double &points, &thinned, &square;
};

void add_image(const PooledBase& base, const WindowNetwork* network, const PlanePair& image, int shifts,
               Sums sums) {
  ImageCalibration plain;
  plain.shifts = shifts;
  const PlaneForecast forecast(base, network, image.lr, image.range, plain);
  const Plane &mean = forecast.mean(), &variance = forecast.variance();
  for (idx_t i = 0; i < std::ssize(mean.values); ++i) {
    const double error = (static_cast<double>(image.hr.values[i]) - mean.values[i]) / image.range,
                 std_dev = std::sqrt(static_cast<double>(variance.values[i])) / image.range;
    const double z = std::abs(error) / std_dev;
    sums.histogram[std::min(bins - 1, static_cast<idx_t>(std::min(z, 20.0) / bin_width))] += 1;
    sums.points += 1;
    sums.square += error * error;
    if (i % thinning != 0) continue;
    sums.thinned += 1;
    for (idx_t f = 0; f < factors; ++f)
      sums.crps[f] += factor_of(f) * std_dev * standard_crps(error / (factor_of(f) * std_dev));
  }
}

/// Quantile of what the histogram counts, linear within a bin.
double quantile(std::span<const double> histogram, double points, double share) {
  double below = 0;
  for (idx_t b = 0; b < bins; ++b) {
    if (histogram[b] > 0 && below + histogram[b] >= share * points)
      return bin_width * (static_cast<double>(b) + (share * points - below) / histogram[b]);
    below += histogram[b];
  }
  return bin_width * bins;
}

ImageCalibration calibration_from(const Sums& sums, int shifts) {
  const idx_t best = std::min_element(sums.crps.begin(), sums.crps.end()) - sums.crps.begin();
  double at = static_cast<double>(best);
  if (best > 0 && best + 1 < factors) {  // the vertex of the parabola through three
    const double left = sums.crps[best - 1], middle = sums.crps[best], right = sums.crps[best + 1];
    if (const double bend = left - 2 * middle + right; bend > 0) at += 0.5 * (left - right) / bend;
  }
  const double factor = factor_of(0) + at * (factor_of(1) - factor_of(0));
  return {.shifts = shifts,
          .level = factor * factor,
          .half50 = quantile(sums.histogram, sums.points, 0.5) / factor,
          .half90 = quantile(sums.histogram, sums.points, 0.9) / factor,
          .crps = sums.crps[best] / sums.thinned,
          .mean_square = sums.square / sums.points};
}

}  // namespace

std::vector<ImageCalibration> calibrate_images(const Communicator& comm, const PooledBase& base,
                                               const WindowNetwork* network, const PlaneSeries& validation) {
  const Stage stage(StageId::calibrate);
  std::vector<int> possible;
  for (const int shifts : {1, 2, 4})
    if (shifts_problem(base.shape, shifts).empty()) possible.push_back(shifts);
  std::vector<double> sums =
      sum_in_order(comm, validation.size, possible.size() * Sums::size, [&](idx_t i, std::span<double> out) {
        const PlanePair image = validation.read(i);
        for (std::size_t s = 0; s < possible.size(); ++s)
          add_image(base, network, image, possible[s], Sums(out.subspan(s * Sums::size, Sums::size)));
      });
  std::vector<ImageCalibration> result;
  for (std::size_t s = 0; s < possible.size(); ++s) {
    const Sums of_shifts(std::span<double>(sums).subspan(s * Sums::size, Sums::size));
    if (!(of_shifts.points > 0) || !std::isfinite(of_shifts.square))
      throw Error(ExitCode::data, "validation images: no image, or values that are not numbers", true);
    result.push_back(calibration_from(of_shifts, possible[s]));
  }
  return result;
}

const ImageCalibration& calibration_of(const std::vector<ImageCalibration>& all, const WindowShape& shape,
                                       int shifts) {
  for (const ImageCalibration& calibration : all)
    if (calibration.shifts == shifts) return calibration;
  throw Error(ExitCode::usage, shifts_problem(shape, shifts), true);
}

std::string calibration_text(const ImageCalibration& c, double range) {
  return fmt::format(
      "{} grid{}: RMSE {:.3f}, CRPS {:.3f} of {:g}; standard deviations times {:.3f}; half and 90 % of the points "
      "within {:.3f} and {:.3f} of them",
      c.shifts, c.shifts > 1 ? "s" : "", range * std::sqrt(c.mean_square), range * c.crps, range,
      std::sqrt(c.level), c.half50, c.half90);
}

}  // namespace podscale
