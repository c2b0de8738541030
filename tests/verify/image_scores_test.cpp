// Scores of images against closed forms.
#include "podscale/verify/image_scores.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "podscale/core/random.hpp"
#include "podscale/mesh/resize.hpp"
#include "podscale/stat/normal.hpp"

namespace podscale {
namespace {

Plane filled(idx_t ny, idx_t nx, float value) {
  return {ny, nx, std::vector<float>(static_cast<std::size_t>(ny * nx), value)};
}

Plane noise(idx_t ny, idx_t nx, std::uint32_t number) {
  Plane plane = filled(ny, nx, 0);
  CounterRandom(3, Stream::test).fill_normal(std::span(plane.values), number);
  return plane;
}

double of(const ImageScoreRow& row, ImageColumn column) {
  return row[static_cast<std::size_t>(column)];
}

TEST(ImageScores, PsnrOfAKnownDifference) {
  EXPECT_NEAR(psnr(filled(3, 4, 10), filled(3, 4, 15), 255), 20 * std::log10(255.0 / 5), 1e-12);
  EXPECT_TRUE(std::isinf(psnr(filled(3, 4, 10), filled(3, 4, 10), 255)));
  EXPECT_TRUE(std::isnan(psnr({}, {}, 255)));
}

TEST(ImageScores, SsimClosedForms) {
  const Plane x = noise(20, 17, 1);
  EXPECT_NEAR(gaussian_ssim(x, x, 255), 1, 1e-12);
  // Two constants: the luminance term alone.
  const double c1 = std::pow(0.01 * 255, 2);
  EXPECT_NEAR(gaussian_ssim(filled(11, 11, 50), filled(11, 11, 80), 255),
              (2 * 50 * 80 + c1) / (50 * 50 + 80 * 80 + c1), 1e-12);
  EXPECT_TRUE(std::isnan(gaussian_ssim(filled(10, 30, 1), filled(10, 30, 1), 255)));
}

TEST(ImageScores, BordersAreCut) {
  Plane plane = filled(6, 5, 1);
  plane.values[2 * 5 + 2] = 9;
  EXPECT_EQ(without_border(plane, 2).values, (std::vector<float>{9, 1}));
  EXPECT_TRUE(without_border(plane, 3).empty());
}

// Errors are 1 ... n and std ranks them perfectly, then not at all, then the wrong way round.
TEST(ImageScores, Sparsification) {
  std::vector<float> error, even, reversed;
  for (int i = 1; i <= 1000; ++i) {
    error.push_back(static_cast<float>(i));
    even.push_back(1);
    reversed.push_back(static_cast<float>(-i));
  }
  EXPECT_NEAR(sparsify(error, error).area(), 0, 1e-12);
  const Sparsification flat = sparsify(even, error);
  for (const double value : flat.curve) EXPECT_NEAR(value, 1, 1e-12);
  // Without the share f of the largest, the RMSE of 0 ... 1 is (1 - f) of that of all, near 1 - f.
  EXPECT_NEAR(flat.oracle[50], 0.5, 1e-3);
  EXPECT_NEAR(flat.area(), 0.99 * 0.99 / 2, 2e-3);
  EXPECT_GT(sparsify(reversed, error).area(), flat.area());
  EXPECT_EQ(sparsify(even, std::vector<float>(1000, 0)).area(), 0);
}

/// Truth that is drawn from the forecast.
ImageResult consistent(idx_t side, double level) {
  ImageResult image{"a", "a.png"};
  image.black = 100, image.white = 100 + 2.55;  // grey levels of 0.01
  image.mean = filled(side, side, 101);
  image.std = filled(side, side, 0);
  image.truth = image.mean;
  const Plane draw = noise(side, side, 7);
  for (idx_t i = 0; i < side * side; ++i) {
    const double s = 0.01 * (1 + 19.0 * static_cast<double>(i % side) / static_cast<double>(side));
    image.std.values[i] = static_cast<float>(s);
    image.truth.values[i] += static_cast<float>(level * s) * draw.values[i];
  }
  image.lr = filled(side / 4, side / 4, 101);
  return image;
}

TEST(ImageScores, AForecastThatTruthIsDrawnFrom) {
  const ImageResult image = consistent(400, 1);
  const ImageScores s = score_image(image, {4, 2 * central_half_width(0.5), 0});
  const double rms = of(s.podscale, ImageColumn::std);
  EXPECT_NEAR(of(s.podscale, ImageColumn::rmse) / rms, 1, 0.01);
  EXPECT_NEAR(of(s.podscale, ImageColumn::coverage50), 0.5, 0.005);
  EXPECT_NEAR(of(s.podscale, ImageColumn::coverage90), 0.9, 0.004);
  EXPECT_NEAR(of(s.podscale, ImageColumn::conformal50),
              std::erf(2 * central_half_width(0.5) / std::sqrt(2.0)), 0.004);
  EXPECT_TRUE(std::isnan(of(s.podscale, ImageColumn::conformal90)));
  // CRPS of N(0, s^2) against its own draw is s / sqrt(pi) on average; mean s is 10.5 grey levels.
  EXPECT_NEAR(of(s.podscale, ImageColumn::crps), 10.48 / std::sqrt(M_PI), 0.05);
  EXPECT_NEAR(of(s.podscale, ImageColumn::psnr), 20 * std::log10(255 / of(s.podscale, ImageColumn::rmse)),
              1e-9);
  for (std::size_t c = 0; c < DeviationClasses::count; ++c)
    if (s.deviations.points[c] > 2000) {
      EXPECT_NEAR(std::sqrt(s.deviations.squared_error[c] / s.deviations.predicted[c]), 1, 0.04) << c;
    }
  // LR is even: bicubic is the mean, but has no std; its CRPS is the mean absolute error.
  EXPECT_NEAR(of(s.bicubic, ImageColumn::psnr), of(s.podscale, ImageColumn::psnr), 1e-3);
  EXPECT_NEAR(of(s.bicubic, ImageColumn::crps), 10.48 * std::sqrt(2 / M_PI), 0.1);
  EXPECT_TRUE(std::isnan(of(s.bicubic, ImageColumn::coverage90)));
  EXPECT_TRUE(std::isnan(of(s.members, ImageColumn::psnr)));
}

TEST(ImageScores, MembersOfTheForecast) {
  ImageResult image = consistent(200, 1);
  for (std::uint32_t m = 0; m < 8; ++m) {
    const Plane draw = noise(200, 200, 20 + m);
    image.members.push_back(image.mean);
    for (std::size_t i = 0; i < draw.values.size(); ++i)
      image.members.back().values[i] += image.std.values[i] * draw.values[i];
  }
  const ImageScores s = score_image(image, {});
  EXPECT_NEAR(of(s.members, ImageColumn::std) / of(s.podscale, ImageColumn::std), 1, 0.01);
  EXPECT_NEAR(of(s.members, ImageColumn::crps) / of(s.podscale, ImageColumn::crps), 1, 0.02);
  EXPECT_NEAR(of(s.members, ImageColumn::psnr), of(s.podscale, ImageColumn::psnr) - 10 * std::log10(2.0),
              0.05);
}

TEST(ImageScores, PicturesOf8BitsAreJudgedAsFiles) {
  ImageResult image{"a", "a.png"};
  image.mean = filled(30, 30, 99.6f);
  image.std = filled(30, 30, 0);
  image.lr = filled(15, 15, 260);
  image.truth = filled(30, 30, 100);
  const ImageScores s = score_image(image, {2});
  EXPECT_TRUE(std::isinf(of(s.podscale, ImageColumn::psnr)));
  EXPECT_NEAR(of(s.podscale, ImageColumn::crps), 0.4, 1e-5);
  EXPECT_NEAR(of(s.bicubic, ImageColumn::psnr), 20 * std::log10(255.0 / 155), 1e-9);
}

TEST(ImageScores, AnImageWithoutAnInterior) {
  ImageResult image{"a", "a.png"};
  image.mean = image.std = image.truth = filled(4, 4, 1);
  image.lr = filled(1, 1, 1);
  const ImageScores s = score_image(image, {4});
  for (const double value : s.podscale) EXPECT_TRUE(std::isnan(value) || value == 0) << value;
}

}  // namespace
}  // namespace podscale
