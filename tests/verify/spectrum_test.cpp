#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "podscale/core/random.hpp"
#include "podscale/verify/spectral_scores.hpp"
#include "podscale/verify/window_spectrum.hpp"

namespace podscale {
namespace {

std::vector<double> field_of(long n, const std::function<double(long, long)>& value) {
  std::vector<double> out;
  for (long j = 0; j < n; ++j)
    for (long i = 0; i < n; ++i) out.push_back(value(j, i));
  return out;
}

std::vector<double> radial(const WindowSpectrum& spectrum, const std::vector<double>& field) {
  WindowCoefficients c;
  spectrum.transform(field, c);
  std::vector<double> sums(spectrum.wavenumbers(), 0.0);
  spectrum.add_power(c, sums);
  return sums;
}

/// Of all coefficients, corners and mean included. 3/8: mean square of the taper along an axis.
double total_power(const WindowCoefficients& c, long n) {
  double sum = 0;
  for (std::size_t i = 0; i < c.re.size(); ++i) {
    const long column = static_cast<long>(i) % (n / 2 + 1), copies = column == 0 || 2 * column == n ? 1 : 2;
    sum += static_cast<double>(copies) * (c.re[i] * c.re[i] + c.im[i] * c.im[i]);
  }
  return sum / std::pow(static_cast<double>(n), 4) / std::pow(3.0 / 8, 2);
}

/// Less its plane of least squares, by hand.
std::vector<double> without_plane(long n, std::vector<double> field) {
  const double middle = 0.5 * static_cast<double>(n - 1);
  double mean = 0, x = 0, y = 0, xx = 0;
  for (long j = 0; j < n; ++j)
    for (long i = 0; i < n; ++i) {
      mean += field[j * n + i] / static_cast<double>(n * n);
      x += (i - middle) * field[j * n + i];
      y += (j - middle) * field[j * n + i];
      xx += (i - middle) * (i - middle);
    }
  for (long j = 0; j < n; ++j)
    for (long i = 0; i < n; ++i) field[j * n + i] -= mean + (i - middle) * x / xx + (j - middle) * y / xx;
  return field;
}

TEST(WindowSpectrum, EqualsNumpy) {
  // numpy: plane by lstsq, Hann sin^2(pi (i + .5) / n), fft2, |c|^2 / n^4 / mean(h^2)^2, bins by
  // floor(hypot + .5).
  const WindowSpectrum spectrum(16);
  const auto field = field_of(16, [](long j, long i) {
    return 15 + 0.3 * i - 0.2 * j + std::sin(2 * M_PI * 3 * i / 16.0 + 0.4) +
           0.7 * std::cos(0.9 * i + 1.3 * j) +
           0.01 * static_cast<double>((7 * i * i + 11 * j + 5 * i * j) % 13);
  });
  const double expected[] = {0.007834654648336924,   0.073469788760361088,  0.35582364198390182,
                             0.27788949828955384,    0.031693596098599348,  0.0013597138032572424,
                             0.00023828938626614877, 0.00016915891304581979},
               sizes[] = {8, 12, 16, 32, 28, 40, 40, 38};
  const std::vector<double> power = radial(spectrum, field);
  for (std::size_t k = 0; k < 8; ++k) {
    EXPECT_NEAR(power[k], expected[k], 1e-12) << k;
    EXPECT_EQ(spectrum.bin_sizes()[k], sizes[k]) << k;
  }
  WindowCoefficients c;
  spectrum.transform(field, c);
  EXPECT_NEAR(total_power(c, 16), 0.7487510042767862, 1e-12);
}

TEST(WindowSpectrum, ParsevalHolds) {
  // All power together is the mean square of the tapered field over that of the taper; a field
  // without a plane.
  for (const long n : {8L, 15L, 16L}) {
    const WindowSpectrum spectrum(n);
    const auto wave = field_of(n, [&](long j, long i) {
      return std::cos(2 * M_PI * (2 * i + j + 0.5) / static_cast<double>(n)) *
             std::cos(2 * M_PI * 3 * (j + 0.5) / static_cast<double>(n));
    });
    const auto rest = without_plane(n, wave);
    double square = 0, taper = 0;
    for (long j = 0; j < n; ++j)
      for (long i = 0; i < n; ++i) {
        const double h = std::pow(std::sin(M_PI * (i + 0.5) / static_cast<double>(n)), 2) *
                         std::pow(std::sin(M_PI * (j + 0.5) / static_cast<double>(n)), 2);
        square += std::pow(h * rest[j * n + i], 2);
        taper += h * h;
      }
    WindowCoefficients c;
    spectrum.transform(wave, c);
    EXPECT_NEAR(total_power(c, n), square / taper, 1e-13) << n;
  }
}

TEST(WindowSpectrum, EqualsTheDirectSum) {
  // Sizes of all remainders: vectors of sums end in whole blocks.
  for (const long n : {4L, 5L, 7L, 16L, 18L}) {
    const WindowSpectrum spectrum(n);
    const auto field = field_of(n, [n](long j, long i) {
      return static_cast<double>((i * i * 5 + 3 * j + i * j * 7 + n) % 11) - 0.1 * static_cast<double>(j * j);
    });
    const auto rest = without_plane(n, field);
    WindowCoefficients c;
    spectrum.transform(field, c);
    for (long m = 0; m < n; ++m)
      for (long k = 0; k <= n / 2; ++k) {
        double re = 0, im = 0;
        for (long j = 0; j < n; ++j)
          for (long i = 0; i < n; ++i) {
            const double taper = std::pow(std::sin(M_PI * (i + 0.5) / static_cast<double>(n)), 2) *
                                 std::pow(std::sin(M_PI * (j + 0.5) / static_cast<double>(n)), 2),
                         value = taper * rest[j * n + i],
                         angle = 2 * M_PI * static_cast<double>(m * j + k * i) / static_cast<double>(n);
            re += value * std::cos(angle);
            im -= value * std::sin(angle);
          }
        EXPECT_NEAR(c.re[m * (n / 2 + 1) + k], re, 1e-10) << n << ": " << m << ", " << k;
        EXPECT_NEAR(c.im[m * (n / 2 + 1) + k], im, 1e-10) << n << ": " << m << ", " << k;
      }
  }
}

TEST(WindowSpectrum, SinePeaksAtItsWavelength) {
  const WindowSpectrum spectrum(32);
  for (const long k : {3L, 7L, 12L}) {
    const std::vector<double> power =
        radial(spectrum, field_of(32, [&](long, long i) { return std::sin(2 * M_PI * k * i / 32.0); }));
    EXPECT_EQ(std::max_element(power.begin(), power.end()) - power.begin(), k - 1);
    EXPECT_NEAR(std::accumulate(power.begin(), power.end(), 0.0), 0.5, 0.02);  // the variance of a sine
  }
}

TEST(WindowSpectrum, PlaneHasNoPower) {
  const WindowSpectrum spectrum(16);
  for (const double power :
       radial(spectrum, field_of(16, [](long j, long i) { return 20 + 0.7 * i - 1.3 * j; })))
    EXPECT_LT(power, 1e-25);
}

TEST(EffectiveWavelength, ByHand) {
  const std::vector<double> falls = {1, 0.75, 0.25, 0.6}, never = {1, 0.9, 0.8, 0.5}, always = {0.4, 1, 1, 1},
                            unknown = {1, std::nan(""), 1, 1};
  EXPECT_DOUBLE_EQ(effective_wavelength(falls, 8), 8 / 2.5);
  EXPECT_DOUBLE_EQ(effective_wavelength(never, 8), 2);
  EXPECT_TRUE(std::isinf(effective_wavelength(always, 8)));
  EXPECT_TRUE(std::isnan(effective_wavelength(unknown, 8)));
}

constexpr long ny = 24, nx = 32;
Mesh quarter_degrees() {
  std::vector<double> lat, lon;
  for (long j = 0; j < ny; ++j) lat.push_back(-2.875 + 0.25 * static_cast<double>(j));
  for (long i = 0; i < nx; ++i) lon.push_back(100 + 0.25 * static_cast<double>(i));
  return Mesh::rectilinear(lat, lon);
}

TEST(SpectralScores, TransferFunctionOfARunningMean) {
  // White noise; the forecast is its 1-2-1 mean in x and y, whose transfer function is known:
  // cos^4(pi k / n) in each direction. Half power along a diagonal or an axis brackets the
  // effective resolution.
  const CounterRandom random(21, Stream::test);
  const long times = 40;
  SpectralScores scores(quarter_degrees(),
                        {{"smooth", ""}, {"perfect", ""}, {"member", "", true, true, 2, 2}}, times, 16);
  const std::vector<double> weights(ny * nx, 1.0);
  const std::vector<float> variance(ny * nx, 1.0f);
  for (long t = 0; t < times; ++t) {
    std::vector<float> truth(ny * nx), smooth(ny * nx), half(ny * nx);
    random.fill_normal(std::span<float>(truth), static_cast<std::uint32_t>(t));
    for (long j = 0; j < ny; ++j)
      for (long i = 0; i < nx; ++i)
        for (long b = -1; b <= 1; ++b)
          for (long a = -1; a <= 1; ++a)
            smooth[j * nx + i] += static_cast<float>((b == 0 ? 0.5 : 0.25) * (a == 0 ? 0.5 : 0.25)) *
                                  truth[(j + b + ny) % ny * nx + (i + a + nx) % nx];
    for (long i = 0; i < ny * nx; ++i) half[i] = 0.8f * truth[i];
    std::vector<float> members = half;
    members.insert(members.end(), truth.begin(), truth.end());
    const Forecast forecasts[] = {{smooth, {}, {}}, {truth, {}, {}}, {half, variance, members}};
    scores.add({t, weights, forecasts, truth, {}});
  }
  scores.reduce(Communicator::self());
  EXPECT_EQ(scores.windows(), times * 2 * 3);
  EXPECT_NEAR(scores.spacing_km(), 27.8, 0.05);  // 0.25 degrees near the equator
  const std::vector<double> truth = scores.truth_power(), smooth = scores.power(0, SpectralScores::forecast);
  // Noise of variance 1 has 1/n^2 in each coefficient.
  EXPECT_LT(truth[0] * 256, 1);  // the plane has its share of the longest waves
  for (std::size_t k = 1; k < 8; ++k) EXPECT_NEAR(truth[k] * 256, 1, 0.1) << k;
  for (std::size_t k = 3; k < 7; ++k) {
    const double along = std::pow(std::cos(M_PI * static_cast<double>(k + 1) / 16), 4),
                 diagonal = std::pow(std::cos(M_PI * static_cast<double>(k + 1) / 16 / std::sqrt(2)), 8);
    EXPECT_GT(smooth[k] / truth[k], 0.85 * std::min(along, diagonal)) << k;
    EXPECT_LT(smooth[k] / truth[k], 1.15 * std::max(along, diagonal) + 0.01) << k;
  }
  for (std::size_t k = 0; k < 8; ++k) {
    EXPECT_DOUBLE_EQ(scores.power(1, SpectralScores::forecast)[k], truth[k]);
    EXPECT_EQ(scores.power(1, SpectralScores::error)[k], 0);
    EXPECT_NEAR(scores.power(2, SpectralScores::error)[k], 0.04 * truth[k], 1e-6);
    EXPECT_NEAR(scores.power(2, SpectralScores::member)[k], 0.64 * truth[k], 1e-6);
    EXPECT_TRUE(std::isnan(scores.power(0, SpectralScores::member)[k]));
  }
}

TEST(SpectralScores, LandTakesItsWindowsAway) {
  SpectralScores scores(quarter_degrees(), {{"one", ""}}, 1, 16);
  std::vector<double> weights(ny * nx, 1.0);
  std::vector<float> truth(ny * nx, 3.0f);
  weights[20 * nx + 30] = 0;  // only in the windows that reach the last rows and columns
  truth[20 * nx + 30] = std::nanf("");
  const Forecast forecast{truth, {}, {}};
  scores.add({0, weights, std::span(&forecast, 1), truth, {}});
  scores.reduce(Communicator::self());
  EXPECT_EQ(scores.windows(), 5);
  SpectralScores none(quarter_degrees(), {{"one", ""}}, 1, 40);
  none.add({0, weights, std::span(&forecast, 1), truth, {}});
  none.reduce(Communicator::self());
  EXPECT_EQ(none.windows(), 0);
  EXPECT_NE(none.section({}).text.find("verify.spectrum_window"), std::string::npos);
}

// Lengths come from the mesh: a plane has those of its unit, an image none.
TEST(SpectralScores, LengthsOfOtherMeshes) {
  std::vector<double> y, x;
  for (long j = 0; j < ny; ++j) y.push_back(500.0 * static_cast<double>(j));
  for (long i = 0; i < nx; ++i) x.push_back(2000.0 * static_cast<double>(i));
  PointTable table;
  for (long j = 0; j < ny; ++j)
    for (long i = 0; i < nx; ++i) {
      table.y.push_back(-2.875 + 0.25 * static_cast<double>(j));
      table.x.push_back(100 + 0.25 * static_cast<double>(i));
    }
  const auto scores_on = [&](const Mesh& mesh) {
    SpectralScores scores(mesh, {{"one", ""}}, 1, 16);
    const std::vector<double> weights(ny * nx, 1.0);
    std::vector<float> truth(ny * nx);
    CounterRandom(3, Stream::test).fill_normal(std::span<float>(truth), 0);
    const Forecast forecast{truth, {}, {}};
    scores.add({0, weights, std::span(&forecast, 1), truth, {}});
    scores.reduce(Communicator::self());
    return scores;
  };
  EXPECT_NEAR(scores_on(Mesh::plane(y, x, {})).spacing_km(), 1, 1e-12);
  EXPECT_NEAR(scores_on(Mesh::curvilinear(ny, nx, table)).spacing_km(),
              scores_on(quarter_degrees()).spacing_km(), 1e-3);
  const SpectralScores image = scores_on(Mesh::image(ny, nx));
  EXPECT_EQ(image.windows(), 6);
  EXPECT_TRUE(std::isnan(image.spacing_km()));
  EXPECT_NE(image.section({}).text.find("a point is a pixel"), std::string::npos);
  EXPECT_EQ(image.section({}).text.find("nan"), std::string::npos);
}

}  // namespace
}  // namespace podscale
