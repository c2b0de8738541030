#include "podscale/verify/image_structure.hpp"

#include <algorithm>

#include "podscale/verify/window_spectrum.hpp"

namespace podscale {
namespace {

/// Adds the power of a plane, less another where there is one, times a factor.
void add_power(const Plane& plane, const Plane* other, double factor, std::span<double> power) {
  constexpr long n = ImageSpectra::window;
  static const WindowSpectrum spectrum(n);
  std::vector<double> field(n * n), sums(power.size(), 0.0);
  WindowCoefficients coefficients;
  double windows = 0;
  for (idx_t y = 0; y + n <= plane.ny; y += n / 2)
    for (idx_t x = 0; x + n <= plane.nx; x += n / 2) {
      for (idx_t i = 0; i < n * n; ++i) {
        const idx_t at = (y + i / n) * plane.nx + x + i % n;
        field[i] =
            static_cast<double>(plane.values[at]) - (other ? static_cast<double>(other->values[at]) : 0.0);
      }
      spectrum.transform(field, coefficients);
      spectrum.add_power(coefficients, sums);
      windows += 1;
    }
  for (std::size_t k = 0; windows > 0 && k < power.size(); ++k) power[k] += factor * sums[k] / windows;
}

/// Sum of the squares of the means of a less b over the boxes [rows] x [columns] from (row,
/// column) on.
struct Boxes {
  idx_t side, row, column, rows, columns;
  double squares(const Plane& a, const Plane& b) const {
    double sum = 0;
    for (idx_t r = row; r < row + rows; ++r)
      for (idx_t c = column; c < column + columns; ++c) {
        double mean = 0;
        for (idx_t i = 0; i < side * side; ++i) {
          const idx_t at = (r * side + i / side) * a.nx + c * side + i % side;
          mean += static_cast<double>(a.values[at]) - static_cast<double>(b.values[at]);
        }
        mean /= static_cast<double>(side * side);
        sum += mean * mean;
      }
    return sum;
  }
};

}  // namespace

ImageSpectra image_spectra(const Plane& mean, const Plane& truth, const std::vector<Plane>& members) {
  ImageSpectra s;
  if (members.empty()) return s;
  add_power(truth, nullptr, 1, s.truth);
  add_power(mean, nullptr, 1, s.mean);
  add_power(mean, &truth, 1, s.error);
  const double share = 1 / static_cast<double>(members.size());
  for (const Plane& member : members) {
    add_power(member, nullptr, share, s.member);
    add_power(member, &mean, share, s.spread);
  }
  return s;
}

BoxScores box_scores(const ImageResult& image, idx_t border) {
  std::vector<BoxDeviation> all = image.boxes;
  if (all.empty() && !image.members.empty()) all = {{2, {}}, {4, {}}, {8, {}}};
  BoxScores scores;
  for (std::size_t b = 0; b < std::min(all.size(), BoxScores::most); ++b) {
    const idx_t side = all[b].side, first = (border + side - 1) / side;
    const Boxes boxes{side, first, first, std::max<idx_t>(0, (image.mean.ny - border) / side - first),
                      std::max<idx_t>(0, (image.mean.nx - border) / side - first)};
    scores.side[b] = static_cast<double>(side);
    scores.boxes[b] = static_cast<double>(boxes.rows * boxes.columns);
    scores.squared_error[b] = boxes.squares(image.mean, image.truth);
    for (const Plane& member : image.members)
      scores.spread[b] += boxes.squares(member, image.mean) / static_cast<double>(image.members.size());
    for (idx_t r = 0; !all[b].std.empty() && r < boxes.rows; ++r)
      for (idx_t c = 0; c < boxes.columns; ++c) {
        const double std = all[b].std.values[(first + r) * all[b].std.nx + first + c];
        scores.predicted[b] += std * std;
      }
  }
  return scores;
}

}  // namespace podscale
