#include "podscale/verify/image_scores.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "podscale/mesh/resize.hpp"
#include "podscale/stat/ensemble.hpp"
#include "podscale/stat/normal.hpp"

namespace podscale {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr idx_t taps = 11;

double& at(ImageScoreRow& row, ImageColumn column) {
  return row[static_cast<std::size_t>(column)];
}

double mean_square(const Plane& x, const Plane& y) {
  double sum = 0;
  for (std::size_t i = 0; i < x.values.size(); ++i) {
    const double d = static_cast<double>(x.values[i]) - static_cast<double>(y.values[i]);
    sum += d * d;
  }
  return x.empty() ? nan : sum / static_cast<double>(x.values.size());
}

std::array<double, taps> gaussian_window() {
  std::array<double, taps> w{};
  for (idx_t i = 0; i < taps; ++i) {
    const double d = static_cast<double>(i - taps / 2) / 1.5;
    w[static_cast<std::size_t>(i)] = std::exp(-0.5 * d * d);
  }
  const double sum = std::accumulate(w.begin(), w.end(), 0.0);
  for (double& value : w) value /= sum;
  return w;
}

/// Local weighted means of [ny][nx] values where the window lies inside: [ny - 10][nx - 10].
std::vector<double> local_means(const std::vector<double>& values, idx_t ny, idx_t nx) {
  static const std::array<double, taps> w = gaussian_window();
  const idx_t my = ny - taps + 1, mx = nx - taps + 1;
  std::vector<double> rows(static_cast<std::size_t>(my * nx), 0.0),
      means(static_cast<std::size_t>(my * mx), 0.0);
  for (idx_t y = 0; y < my; ++y)
    for (idx_t t = 0; t < taps; ++t)
      for (idx_t x = 0; x < nx; ++x)
        rows[y * nx + x] += w[static_cast<std::size_t>(t)] * values[(y + t) * nx + x];
  for (idx_t y = 0; y < my; ++y)
    for (idx_t x = 0; x < mx; ++x)
      for (idx_t t = 0; t < taps; ++t)
        means[y * mx + x] += w[static_cast<std::size_t>(t)] * rows[y * nx + x + t];
  return means;
}

Plane as_bytes(Plane plane) {
  for (float& value : plane.values) value = std::clamp(std::round(value), 0.0f, 255.0f);
  return plane;
}

/// PSNR, SSIM and RMSE of a plane without a standard deviation; its CRPS is the mean absolute
/// error.
ImageScoreRow score_plane(const Plane& x, const Plane& truth, bool bytes) {
  ImageScoreRow row;
  row.fill(nan);
  const Plane judged = bytes ? as_bytes(x) : x;
  at(row, ImageColumn::psnr) = psnr(judged, truth, 255);
  at(row, ImageColumn::ssim) = gaussian_ssim(judged, truth, 255);
  at(row, ImageColumn::rmse) = std::sqrt(mean_square(x, truth));
  double sum = 0;
  for (std::size_t i = 0; i < x.values.size(); ++i)
    sum += static_cast<double>(std::abs(x.values[i] - truth.values[i]));
  at(row, ImageColumn::crps) = x.empty() ? nan : sum / static_cast<double>(x.values.size());
  return row;
}

/// What needs the standard deviation.
void score_distribution(const Plane& mean, const Plane& std, const Plane& truth,
                        const ImageProtocol& protocol, ImageScores& scores) {
  const std::array<double, 4> widths{central_half_width(0.5), central_half_width(0.9), protocol.conformal50,
                                     protocol.conformal90};
  std::array<double, 4> inside{};
  double crps = 0, variance = 0;
  std::vector<float> error;
  for (std::size_t i = 0; i < mean.values.size(); ++i) {
    const double m = static_cast<double>(mean.values[i]), s = static_cast<double>(std.values[i]),
                 y = static_cast<double>(truth.values[i]), miss = std::abs(y - m);
    crps += gaussian_crps(m, s * s, y);
    variance += s * s;
    for (std::size_t k = 0; k < widths.size(); ++k) inside[k] += miss <= widths[k] * s;
    error.push_back(static_cast<float>(miss));
    const std::size_t c = DeviationClasses::of(s);
    scores.deviations.points[c] += 1;
    scores.deviations.predicted[c] += s * s;
    scores.deviations.squared_error[c] += miss * miss;
  }
  const auto n = static_cast<double>(mean.values.size());
  if (n == 0) return;
  at(scores.podscale, ImageColumn::crps) = crps / n;
  at(scores.podscale, ImageColumn::std) = std::sqrt(variance / n);
  at(scores.podscale, ImageColumn::coverage50) = inside[0] / n;
  at(scores.podscale, ImageColumn::coverage90) = inside[1] / n;
  if (protocol.conformal50 > 0) at(scores.podscale, ImageColumn::conformal50) = inside[2] / n;
  if (protocol.conformal90 > 0) at(scores.podscale, ImageColumn::conformal90) = inside[3] / n;
  scores.sparsification = sparsify(std.values, error);
  at(scores.podscale, ImageColumn::ause) = scores.sparsification.area();
}

ImageScoreRow score_members(const std::vector<Plane>& members, const Plane& truth, bool bytes) {
  ImageScoreRow row;
  row.fill(nan);
  if (members.empty() || truth.empty()) return row;
  for (const ImageColumn column : {ImageColumn::psnr, ImageColumn::ssim, ImageColumn::rmse})
    at(row, column) = 0;
  const auto count = static_cast<double>(members.size());
  for (const Plane& member : members) {
    ImageScoreRow one = score_plane(member, truth, bytes);
    for (const ImageColumn column : {ImageColumn::psnr, ImageColumn::ssim, ImageColumn::rmse})
      at(row, column) += at(one, column) / count;
  }
  if (members.size() < 2) return row;
  double crps = 0, spread = 0;
  std::vector<double> values(members.size());
  for (std::size_t i = 0; i < truth.values.size(); ++i) {
    for (std::size_t m = 0; m < members.size(); ++m) values[m] = static_cast<double>(members[m].values[i]);
    const double mean = std::accumulate(values.begin(), values.end(), 0.0) / count;
    for (const double value : values) spread += (value - mean) * (value - mean) / (count - 1);
    crps += fair_crps(values, static_cast<double>(truth.values[i]));
  }
  const auto n = static_cast<double>(truth.values.size());
  at(row, ImageColumn::crps) = crps / n;
  at(row, ImageColumn::std) = std::sqrt(spread / n);
  return row;
}

}  // namespace

Plane without_border(const Plane& plane, idx_t border) {
  const idx_t ny = plane.ny - 2 * border, nx = plane.nx - 2 * border;
  if (ny < 1 || nx < 1) return {};
  return part_of(plane, border, border, ny, nx);
}

double psnr(const Plane& x, const Plane& truth, double range) {
  return 10 * std::log10(range * range / mean_square(x, truth));
}

double gaussian_ssim(const Plane& x, const Plane& truth, double range) {
  if (x.ny < taps || x.nx < taps) return nan;
  const std::vector<double> a(x.values.begin(), x.values.end()), b(truth.values.begin(), truth.values.end());
  const auto product = [](const std::vector<double>& left, const std::vector<double>& right) {
    std::vector<double> result(left.size());
    std::transform(left.begin(), left.end(), right.begin(), result.begin(), std::multiplies<>());
    return result;
  };
  const auto means = [&](const std::vector<double>& values) { return local_means(values, x.ny, x.nx); };
  const std::vector<double> ma = means(a), mb = means(b), aa = means(product(a, a)),
                            bb = means(product(b, b)), ab = means(product(a, b));
  const double c1 = std::pow(0.01 * range, 2), c2 = std::pow(0.03 * range, 2);
  double sum = 0;
  for (std::size_t i = 0; i < ma.size(); ++i) {
    const double va = aa[i] - ma[i] * ma[i], vb = bb[i] - mb[i] * mb[i], cov = ab[i] - ma[i] * mb[i];
    sum +=
        (2 * ma[i] * mb[i] + c1) * (2 * cov + c2) / ((ma[i] * ma[i] + mb[i] * mb[i] + c1) * (va + vb + c2));
  }
  return sum / static_cast<double>(ma.size());
}

const char* name_of(ImageColumn column) {
  static constexpr std::array<const char*, image_columns> names{
      "psnr",        "ssim",         "rmse",         "crps", "coverage_50",
      "coverage_90", "conformal_50", "conformal_90", "ause", "std"};
  return names[static_cast<std::size_t>(column)];
}

std::size_t DeviationClasses::of(double std) {
  if (std < 0.25) return 0;
  return std::min(count - 1, static_cast<std::size_t>(1 + 2 * std::log2(std / 0.25)));
}

double Sparsification::area() const {
  double sum = 0;
  for (std::size_t k = 0; k + 1 < steps; ++k)
    sum += 0.5 * (curve[k] - oracle[k] + curve[k + 1] - oracle[k + 1]) / static_cast<double>(steps);
  return sum;
}

Sparsification sparsify(std::span<const float> std, std::span<const float> error) {
  Sparsification result;
  const std::size_t n = error.size();
  const auto square = [&](std::size_t i) { return std::pow(static_cast<double>(error[i]), 2); };
  // Sums of squares of the points of least std: k of them, a fraction of a group of equal std
  // counts as that fraction of the group's sum.
  const auto sums = [&](std::span<const float> order) {
    std::vector<std::size_t> index(n);
    std::iota(index.begin(), index.end(), std::size_t{0});
    std::stable_sort(index.begin(), index.end(),
                     [&](std::size_t a, std::size_t b) { return order[a] < order[b]; });
    std::vector<double> sum(n + 1, 0.0);
    for (std::size_t begin = 0; begin < n;) {
      std::size_t end = begin;
      double group = 0;
      while (end < n && order[index[end]] == order[index[begin]]) group += square(index[end++]);
      for (std::size_t k = begin; k < end; ++k)
        sum[k + 1] =
            sum[begin] + group * static_cast<double>(k + 1 - begin) / static_cast<double>(end - begin);
      begin = end;
    }
    return sum;
  };
  const std::vector<double> by_std = sums(std), by_error = sums(error);
  if (n == 0 || by_error[n] == 0) return result;
  const double all = by_error[n] / static_cast<double>(n);
  for (std::size_t k = 0; k < Sparsification::steps; ++k) {
    const std::size_t left = std::max<std::size_t>(1, n - n * k / Sparsification::steps);
    result.curve[k] = std::sqrt(by_std[left] / static_cast<double>(left) / all);
    result.oracle[k] = std::sqrt(by_error[left] / static_cast<double>(left) / all);
  }
  return result;
}

ImageScores score_image(const ImageResult& image, const ImageProtocol& protocol) {
  PODSCALE_ASSERT(!image.truth.empty(), "{} has no truth", image.name);
  const bool bytes = image.black == 0 && image.white == 255;
  const ImageResult grey = image.on_grey_scale();
  const auto inner = [&](const Plane& plane) { return without_border(plane, protocol.border); };
  const Plane truth = inner(grey.truth), mean = inner(grey.mean);
  ImageScores scores;
  scores.podscale = score_plane(mean, truth, bytes);
  scores.bicubic = score_plane(inner(resize_bicubic(grey.lr, grey.mean.ny, grey.mean.nx)), truth, bytes);
  score_distribution(mean, inner(grey.std), truth, protocol, scores);
  std::vector<Plane> members;
  for (const Plane& member : grey.members) members.push_back(inner(member));
  scores.members = score_members(members, truth, bytes);
  scores.spectra = image_spectra(mean, truth, members);
  scores.boxes = box_scores(grey, protocol.border);
  return scores;
}

}  // namespace podscale
