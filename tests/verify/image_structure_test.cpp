// Spectra and means over boxes of images against closed forms.
#include "podscale/verify/image_structure.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <numeric>

namespace podscale {
namespace {

/// A wave of so many points along x.
Plane wave(idx_t ny, idx_t nx, double amplitude, double length) {
  Plane plane{ny, nx, {}};
  for (idx_t i = 0; i < ny * nx; ++i)
    plane.values.push_back(static_cast<float>(
        100 + amplitude * std::sin(2 * std::numbers::pi * static_cast<double>(i % nx) / length)));
  return plane;
}

Plane filled(idx_t ny, idx_t nx, float value) {
  return {ny, nx, std::vector<float>(static_cast<std::size_t>(ny * nx), value)};
}

double near_wave(const std::array<double, ImageSpectra::wave_numbers>& power, std::size_t number) {
  return power[number - 2] + power[number - 1] + power[number];
}

TEST(ImageStructure, APureWaveHasItsPowerAtItsNumber) {
  const Plane truth = wave(96, 130, 4, 8), mean = wave(96, 130, 2, 8);
  const ImageSpectra s = image_spectra(mean, truth, {wave(96, 130, 3, 8), wave(96, 130, 5, 8)});
  const double all = std::accumulate(s.truth.begin(), s.truth.end(), 0.0);
  EXPECT_NEAR(all, 8, 0.1);  // half the amplitude's square
  EXPECT_GT(near_wave(s.truth, 8), 0.99 * all);
  EXPECT_NEAR(near_wave(s.mean, 8) / near_wave(s.truth, 8), 0.25, 1e-4);
  EXPECT_NEAR(near_wave(s.error, 8) / near_wave(s.truth, 8), 0.25, 1e-4);
  EXPECT_NEAR(near_wave(s.member, 8) / near_wave(s.truth, 8), (9.0 + 25) / 32, 1e-4);
  EXPECT_NEAR(near_wave(s.spread, 8) / near_wave(s.truth, 8), (1.0 + 9) / 32, 1e-4);
}

TEST(ImageStructure, NoSpectrumWithoutMembersOrWindows) {
  EXPECT_EQ(image_spectra(wave(96, 96, 1, 8), wave(96, 96, 1, 8), {}).truth[7], 0);
  EXPECT_EQ(image_spectra(wave(63, 96, 1, 8), wave(63, 96, 1, 8), {wave(63, 96, 1, 8)}).truth[7], 0);
}

TEST(ImageStructure, BoxesWithinTheBorder) {
  ImageResult image;
  image.truth = filled(20, 26, 100);
  image.mean = filled(20, 26, 103);
  for (idx_t i = 0; i < 520; ++i)  // waves of 2 points have no mean over any box
    image.mean.values[i] += i % 2 == 0 ? 7.0F : -7.0F;
  image.members = {image.mean, image.mean};
  for (float& v : image.members[0].values) v += 4;
  for (float& v : image.members[1].values) v -= 2;
  image.boxes = {{4, filled(5, 6, 5)}, {16, filled(1, 1, 9)}};
  const BoxScores s = box_scores(image, 4);
  EXPECT_EQ(s.side[0], 4);
  EXPECT_EQ(s.boxes[0], 3 * 4);
  EXPECT_NEAR(s.squared_error[0] / s.boxes[0], 9, 1e-9);
  EXPECT_NEAR(s.predicted[0] / s.boxes[0], 25, 1e-9);
  EXPECT_NEAR(s.spread[0] / s.boxes[0], (16.0 + 4) / 2, 1e-9);
  EXPECT_EQ(s.boxes[1], 0);  // none of 16 points lies within the border
  image.boxes.clear();
  const BoxScores of_members = box_scores(image, 4);
  EXPECT_EQ(of_members.side, (std::array<double, 8>{2, 4, 8}));
  EXPECT_EQ(of_members.predicted[1], 0);
  EXPECT_NEAR(of_members.spread[1] / of_members.boxes[1], 10, 1e-9);
  image.members.clear();
  EXPECT_EQ(box_scores(image, 4).side[0], 0);
}

}  // namespace
}  // namespace podscale
