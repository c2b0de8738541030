#include "podscale/verify/area_mean_calibration.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

#include "podscale/core/error.hpp"
#include "podscale/core/vector_clones.hpp"

namespace podscale {
namespace {

constexpr auto& kSizes = AreaBoxes::sizes;
constexpr long kMostPositions = 65000;  // of boxes of a size

/// out [8 V] += sum_k weights[k] rows[k], rows [modes] of columns that are `stride` apart. The
/// sums stay in registers.
template <std::size_t V>
[[gnu::always_inline]] inline void add_block(const float* weights, const float* rows, std::size_t modes,
                                             std::size_t stride, double* out) {
  FloatLanes sums[V] = {};
  for (std::size_t k = 0; k < modes; ++k) {
#pragma GCC unroll 8
    for (std::size_t v = 0; v < V; ++v) {
      FloatLanes row;
      load(row, rows + k * stride + 8 * v);
      sums[v] += weights[k] * row;
    }
  }
  float values[8 * V];
#pragma GCC unroll 8
  for (std::size_t v = 0; v < V; ++v) store(sums[v], values + 8 * v);
  for (std::size_t c = 0; c < 8 * V; ++c) out[c] += static_cast<double>(values[c]);
}

/// out [columns] += sum_k weights[k] rows[k], rows [modes][columns].
PODSCALE_VECTOR_CLONES void add_products(const float* weights, const float* rows, std::size_t modes,
                                         std::size_t columns, double* out) {
  std::size_t first = 0;
  for (; first + 64 <= columns; first += 64) add_block<8>(weights, rows + first, modes, columns, out + first);
  for (; first + 16 <= columns; first += 16) add_block<2>(weights, rows + first, modes, columns, out + first);
  for (; first < columns; ++first) {
    float sum = 0;
    for (std::size_t k = 0; k < modes; ++k) sum += weights[k] * rows[k * columns + first];
    out[first] += static_cast<double>(sum);
  }
}

PODSCALE_VECTOR_CLONES double sum_of_squares(const double* values, std::size_t count) {
  double sums[4] = {};
  std::size_t i = 0;
  for (; i + 4 <= count; i += 4)
    for (std::size_t j = 0; j < 4; ++j) sums[j] += values[i + j] * values[i + j];
  for (; i < count; ++i) sums[0] += values[i] * values[i];
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

/// Columns first..end of each patch, [modes][columns] in place of [columns][modes].
std::vector<std::vector<float>> rows_of(const PatchColumns& factor, const Basis& basis, std::size_t first,
                                        std::size_t end) {
  std::vector<std::vector<float>> rows;
  for (std::size_t p = 0; p < factor.size(); ++p) {
    const std::size_t modes = static_cast<std::size_t>(basis.patches.mine[p].modes),
                      columns = modes > 0 ? std::min(end, factor[p].size() / modes) - first : 0;
    auto& of_patch = rows.emplace_back(modes * columns);
    for (std::size_t c = 0; c < columns; ++c)
      for (std::size_t k = 0; k < modes; ++k)
        of_patch[k * columns + c] = static_cast<float>(factor[p][(first + c) * modes + k]);
  }
  return rows;
}

/// Error and variance of the mean of a box at one time.
struct BoxJudgement {
  double error;                   // NaN: a point is missing
  double across = 0, inside = 0;  // variance, and without the covariance between patches; of the factors
  double mean = 0, between = 0;   // of the realizations: mean of their box means, and its variance
};

/// values: [held points] times area.
double box_mean(const AreaBoxes::Box& box, std::span<const double> values, std::size_t nx) {
  const std::size_t size = static_cast<std::size_t>(kSizes[box.size]);
  double sum = 0;
  for (std::size_t y = 0; y < size; ++y) {
    const double* row = values.data() + (static_cast<std::size_t>(box.y0) + y) * nx + box.x0;
    for (std::size_t x = 0; x < size; ++x) sum += row[x];
  }
  return sum / box.area;
}

/// Adds the variances by one of `several` realizations, over their number, to the boxes that have
/// an error.
void add_variances(const CoefficientForecast& forecast, const Basis& basis, const AreaBoxes& all,
                   std::size_t several, std::vector<BoxJudgement>& boxes) {
  const std::size_t k = static_cast<std::size_t>(basis.modes), shared = forecast.shared;
  const auto shared_rows = rows_of(forecast.factor, basis, 0, shared),
             own_rows = rows_of(forecast.factor, basis, shared, std::numeric_limits<std::size_t>::max());
  std::vector<std::vector<float>> inside_rows;  // of what the members are inside patches
  if (forecast.has_own) inside_rows = rows_of(forecast.own_factor, basis, 0, shared);
  std::vector<double> common(shared), products(shared), own_products;
  std::vector<float> difference(k);
  for (std::size_t b = 0; b < boxes.size(); ++b) {
    if (std::isnan(boxes[b].error)) continue;
    const AreaBoxes::Box& box = all.boxes[b];
    const double truncation = forecast.truncation * box.truncation;
    double own = truncation, inside = truncation;
    std::fill(common.begin(), common.end(), 0.0);
    for (std::size_t touch = box.first; touch < box.end; ++touch) {
      const std::size_t p = all.patch[touch], modes = static_cast<std::size_t>(basis.patches.mine[p].modes);
      const float *projected = all.projected.data() + touch * k, *of_own = all.own.data() + touch * k;
      std::fill(products.begin(), products.end(), 0.0);
      add_products(projected, shared_rows[p].data(), modes, shared, products.data());
      if (forecast.has_own) {
        for (std::size_t i = 0; i < modes; ++i) difference[i] = of_own[i] - projected[i];
        add_products(difference.data(), inside_rows[p].data(), modes, shared, products.data());
      }
      const std::size_t columns = modes > 0 ? own_rows[p].size() / modes : 0;
      own_products.assign(columns, 0.0);
      add_products(of_own, own_rows[p].data(), modes, columns, own_products.data());
      const double of_patch = sum_of_squares(own_products.data(), columns);
      own += of_patch;
      inside += of_patch + sum_of_squares(products.data(), shared);
      for (std::size_t c = 0; c < shared; ++c) common[c] += products[c];
    }
    own += sum_of_squares(common.data(), shared);
    boxes[b].across += own / static_cast<double>(several);
    boxes[b].inside += inside / static_cast<double>(several);
  }
}

}  // namespace

AreaMeanCalibration::AreaMeanCalibration(std::vector<Product> products, long times,
                                         const BootstrapOptions& bootstrap, long channel)
    : ScoreFamily({}, times, products.size() * kSizes.size() * 3),
      products_(std::move(products)),
      bootstrap_(bootstrap),
      channel_(channel) {
  set_rows(ScoredRows::whole(products_.front().factors->region()));
}

void AreaMeanCalibration::set_rows(const ScoredRows& rows) {
  ScoreFamily::set_rows(rows);
  boxes_.clear();
}

void AreaMeanCalibration::add(const ScoredTime& fields) {
  if (fields.strip > 0) return;  // the boxes of all strips at once: the factors of a time are read once
  for (std::size_t n = boxes_.size(); n < products_.size(); ++n) {
    const FactorReader& factors = *products_[n].factors;
    boxes_.emplace_back(factors.basis(), channel_, kMostPositions, factors.region(), *rows_);
  }
  for (std::size_t n = 0; n < products_.size(); ++n) {
    const Product& product = products_[n];
    const AreaBoxes& all = boxes_[n];
    const Basis& basis = product.factors->basis();
    const std::size_t nx = static_cast<std::size_t>(rows_->nx), several = product.realizations,
                      points = fields.weights.size();
    const Forecast& scored = fields.forecasts[product.system];
    PODSCALE_ASSERT(several == 1 || scored.means.size() == several * points, "{} means of {} realizations",
                    scored.means.size(), several);
    std::vector<double> values(all.area.size());  // times area; NaN: not there
    const auto fill = [&](const auto& value) {
      for (std::size_t i = 0; i < values.size(); ++i)
        values[i] = all.area[i] == 0        ? 0
                    : fields.weights[i] > 0 ? all.area[i] * value(i)
                                            : std::numeric_limits<double>::quiet_NaN();
    };
    fill([&](std::size_t i) {
      return static_cast<double>(scored.mean[i]) - static_cast<double>(fields.truth[i]);
    });
    std::vector<BoxJudgement> boxes;
    for (const AreaBoxes::Box& box : all.boxes) boxes.push_back({box_mean(box, values, nx)});
    for (std::size_t r = 0; r < several; ++r) {
      const std::size_t step = product.steps[static_cast<std::size_t>(fields.time) * several + r];
      add_variances(*product.factors->read_shared(step), basis, all, several, boxes);
      if (several == 1) continue;
      fill([&](std::size_t i) { return static_cast<double>(scored.means[r * points + i]); });
      for (std::size_t b = 0; b < boxes.size(); ++b) {
        const double mean = box_mean(all.boxes[b], values, nx), before = mean - boxes[b].mean;
        boxes[b].mean += before / static_cast<double>(r + 1);
        boxes[b].between += before * (mean - boxes[b].mean) / static_cast<double>(several);
      }
    }
    const double square = product.scale * product.scale;
    for (std::size_t b = 0; b < boxes.size(); ++b) {
      if (std::isnan(boxes[b].error)) continue;
      double* at =
          sums_.at(fields.time, all.boxes[b].strip).data() + (n * kSizes.size() + all.boxes[b].size) * 3;
      at[0] += boxes[b].error * boxes[b].error;
      at[1] += square * boxes[b].across + boxes[b].between;
      at[2] += square * boxes[b].inside + boxes[b].between;
    }
  }
}

double AreaMeanCalibration::ratio(std::span<const long> times, std::size_t product, std::size_t size,
                                  bool cross) const {
  double error = 0, variance = 0;
  for (const long t : times) {
    const double* at = sums_.at(t).data() + (product * kSizes.size() + size) * 3;
    error += at[0];
    variance += at[cross ? 1 : 2];
  }
  return quotient(error, variance);
}

ScoreSection AreaMeanCalibration::section(const ScoreUnits&) const {
  ScoreSection section;
  section.axes = {
      {"box_size", "1", "points a side", {kSizes.begin(), kSizes.end()}},
      {"factored_product", "1", "products with covariance factors, numbered as systems", {}},
      {"relative_bound", "1", "0: the value, 1 and 2: ends of its confidence interval", {0, 1, 2}}};
  std::size_t width = 22;
  for (const Product& product : products_) {
    section.axes[1].values.push_back(static_cast<double>(product.system));
    width = std::max(width, product.name.size() + 17);
  }
  const int percent = static_cast<int>(std::lround(100 * bootstrap_.level));
  section.text = fmt::format(
      "\narea means from the factors: squared error over variance, relative to single points (ideal 1), with "
      "{} % intervals\n{:<{}} {:>7}",
      percent, "points a side", width, "point");
  for (std::size_t s = 1; s < kSizes.size(); ++s) section.text += fmt::format(" {:>6}", kSizes[s]);
  section.text += '\n';

  std::vector<long> all(sums_.times());
  std::iota(all.begin(), all.end(), 0L);
  const std::size_t n = products_.size();
  // [patches alone or not]: [sizes][products], and [sizes][products][bounds].
  std::array<std::vector<double>, 2> ratios, relative;
  for (auto& values : ratios) values.resize(kSizes.size() * n);
  for (auto& values : relative) values.resize(kSizes.size() * n * 3);
  for (std::size_t p = 0; p < n; ++p)
    for (const bool cross : {true, false}) {
      std::array<std::string, 3> rows = {
          fmt::format("{:<{}}", products_[p].name + (cross ? "" : ", patches alone"), width),
          fmt::format("{:<{}}", "  from", width), fmt::format("{:<{}}", "  to", width)};
      for (std::size_t s = 0; s < kSizes.size(); ++s) {
        const std::size_t at = s * n + p;
        ratios[cross][at] = ratio(all, p, s, cross);
        const Interval interval = bootstrap(sums_.times(), bootstrap_, [&](std::span<const long> times) {
          return ratio(times, p, s, cross) / ratio(times, p, 0, cross);
        });
        const double bounds[] = {interval.estimate, interval.low, interval.high};
        std::copy_n(bounds, 3, relative[cross].begin() + at * 3);
        for (std::size_t b = 0; b < 3; ++b)  // the first column is the ratio itself
          rows[b] += s > 0    ? fmt::format(" {:>6}", score_cell(bounds[b], 3))
                     : b == 0 ? fmt::format(" {:>7}", score_cell(ratios[cross][at], 3))
                              : fmt::format(" {:>7}", "");
      }
      for (const std::string& row : rows) section.text += row + '\n';
    }

  const std::string ratio_name = "mean squared error of area means over their mean variance",
                    method = bootstrap_method(bootstrap_),
                    relative_name = "area_mean_ratio over that of single points, and the ends of its " +
                                    std::to_string(percent) + " % interval";
  section.text += method + '\n';
  for (const bool cross : {true, false}) {
    const std::string suffix = cross ? "" : "_inside_patches",
                      without = cross ? "" : ", with the covariance between patches left out";
    section.add("area_mean_ratio" + suffix, "box_size factored_product", "1", ratio_name + without,
                ratios[cross]);
    section.add("area_mean_relative" + suffix, "box_size factored_product relative_bound", "1",
                relative_name + without, relative[cross], method);
  }
  return section;
}

}  // namespace podscale
