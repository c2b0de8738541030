#include "podscale/verify/area_mean_calibration.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>

namespace podscale {
namespace {

constexpr std::array<long, 6> kSizes = {1, 2, 4, 8, 16, 24};

}  // namespace

AreaMeanCalibration::AreaMeanCalibration(std::vector<Product> products, long times,
                                         const BootstrapOptions& bootstrap, long channel)
    : ScoreFamily({}, times, products.size() * kSizes.size() * 3),
      products_(std::move(products)),
      bootstrap_(bootstrap) {
  for (const Product& product : products_) boxes_.push_back(make_boxes(product.factors->basis(), channel));
}

std::vector<AreaMeanCalibration::Box> AreaMeanCalibration::make_boxes(const Basis& basis, long channel) {
  const Mesh& mesh = basis.mesh;
  const double scale = basis.channel_scale[channel];
  std::vector<Box> boxes;
  // Where in which patch a point lies, and the weights of a box in the folded field.
  constexpr std::size_t kNowhere = std::numeric_limits<std::size_t>::max();
  std::vector<std::size_t> patch_of(basis.points(), kNowhere), row_of(patch_of.size());
  for (std::size_t p = 0; p < basis.patches.mine.size(); ++p)
    for (std::size_t i = 0; i < basis.patches.mine[p].points.size(); ++i) {
      const std::size_t point = basis.patches.mine[p].points[i];
      patch_of[point] = p;
      row_of[point] = i;
    }
  std::map<std::size_t, std::array<double, 2>> folded;  // by R, and by A^T
  // Odd strides: where the LR field is a block mean of the truth, the mean over whole blocks is
  // known exactly, and boxes at multiples of a block would test nothing else.
  for (std::size_t s = 0; s < kSizes.size(); ++s) {
    const long size = kSizes[s], stride = std::max(1l, size / 4) | 1;
    for (long y0 = 0; y0 + size <= mesh.ny(); y0 += stride)
      for (long x0 = 0; x0 + size <= mesh.nx(); x0 += stride) {
        Box box{s, {}, {}, 0, {}};
        double total = 0;
        for (long y = y0; y < y0 + size; ++y)
          for (long x = x0; x < x0 + size; ++x)
            if (const std::size_t i = y * mesh.nx() + x; basis.ocean[i] && mesh.area_weight(y, x) > 0) {
              box.points.push_back(i);
              box.weights.push_back(mesh.area_weight(y, x));
              total += box.weights.back();
            }
        if (4 * std::ssize(box.points) < 3 * size * size) continue;
        folded.clear();
        for (std::size_t i = 0; i < box.points.size(); ++i) {
          box.weights[i] /= total;
          const long point = static_cast<long>(box.points[i]);
          const long y = point / mesh.nx(), x = point % mesh.nx();
          const auto add = [&](const auto& column, bool own) {
            for (const auto& [to, factor] : column)
              folded[channel * mesh.points() + to][own] += scale * factor * box.weights[i];
          };
          add(basis.lapping.folded_point(y, x), false);
          add(basis.seams.folded_point(basis.lapping, channel, y, x), true);
        }
        std::map<std::size_t, std::array<std::vector<double>, 2>> projected;  // by patch
        for (const auto& [point, w] : folded) {
          const PatchModes& patch = basis.patches.mine[patch_of[point]];
          const std::size_t row = row_of[point], d = patch.points.size();
          box.truncation += w[1] * w[1] * patch.tau[row];
          for (const bool own : {false, true}) {
            auto& g = projected[patch_of[point]][own];
            g.resize(patch.modes, 0.0);
            for (std::size_t k = 0; k < g.size(); ++k) g[k] += w[own] * patch.phi[k * d + row];
          }
        }
        for (auto& [p, g] : projected) box.patches.push_back({p, std::move(g[0]), std::move(g[1])});
        boxes.push_back(std::move(box));
      }
  }
  return boxes;
}

void AreaMeanCalibration::add(const ScoredTime& fields) {
  const auto sums = sums_.at(fields.time);
  for (std::size_t n = 0; n < products_.size(); ++n) {
    const Product& product = products_[n];
    const auto forecast = product.factors->read(product.steps[fields.time]);
    const auto mean = fields.forecasts[product.system].mean;
    const std::size_t shared = forecast.shared;
    for (const Box& box : boxes_[n]) {
      const double truncation = forecast.truncation * box.truncation;
      double error = 0, own = truncation, inside = truncation;
      bool complete = true;
      for (std::size_t i = 0; i < box.points.size() && complete; ++i) {
        complete = fields.weights[box.points[i]] > 0;
        error += box.weights[i] * (static_cast<double>(mean[box.points[i]]) -
                                   static_cast<double>(fields.truth[box.points[i]]));
      }
      if (!complete) continue;
      std::vector<double> common(shared, 0.0);
      for (const Patch& patch : box.patches) {
        const std::size_t k = patch.projected.size();
        const auto& factor = forecast.factor[patch.index];
        for (std::size_t c = 0; c * k < factor.size(); ++c) {
          double product_of_column = 0;
          const auto& weights = c < shared ? patch.projected : patch.own;
          for (std::size_t i = 0; i < k; ++i) {
            product_of_column += weights[i] * factor[c * k + i];
            if (forecast.has_own && c < shared)
              product_of_column +=
                  (patch.own[i] - patch.projected[i]) * forecast.own_factor[patch.index][c * k + i];
          }
          inside += product_of_column * product_of_column;
          if (c < shared)
            common[c] += product_of_column;
          else
            own += product_of_column * product_of_column;
        }
      }
      for (const double value : common) own += value * value;
      double* at = sums.data() + (n * kSizes.size() + box.size) * 3;
      at[0] += error * error;
      at[1] += product.scale * product.scale * own;
      at[2] += product.scale * product.scale * inside;
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
