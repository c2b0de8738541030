#pragma once
// How points of a forecast go together: power spectra of an image and its members, and means over
// boxes.

#include <array>
#include <vector>

#include "podscale/study/image_result.hpp"

namespace podscale {

/// Power of windows of `window` x `window` points by wave number (window_spectrum.hpp), mean over
/// windows that overlap by half, and over members. 0 where no window fits, or where there are no
/// members.
struct ImageSpectra {
  static constexpr long window = 64;
  static constexpr std::size_t wave_numbers = window / 2;  ///< 1 ... 32 cycles a window
  std::array<double, wave_numbers> truth{}, mean{}, member{}, error{}, spread{};  ///< spread: member - mean
};
/// Not collective. Planes of one size.
ImageSpectra image_spectra(const Plane& mean, const Plane& truth, const std::vector<Plane>& members);

/// Means over boxes: number and sums of squares, by side. A side of 0: none.
struct BoxScores {
  static constexpr std::size_t most = 8;
  std::array<double, most> side{}, boxes{}, squared_error{};
  std::array<double, most> predicted{};  ///< of the closed form; 0 where the product has none
  std::array<double, most> spread{};     ///< of the members about the mean, mean over them; 0 without
};
/// Not collective. Boxes of image.boxes, or of 2, 4 and 8 points where there are members alone,
/// that lie within the border. image: on the grey scale, with truth.
BoxScores box_scores(const ImageResult& image, idx_t border);

}  // namespace podscale
