#include "ocean_parts.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace podscale::ocean {
namespace {

constexpr double two_pi = 2 * std::numbers::pi;
constexpr std::size_t lanes =
    16;  // a constant trip count lets gcc vectorise at -O2; the sum per point keeps its order

double square(double x) {
  return x * x;
}
double smooth_step(double x) {
  const double s = std::clamp(x, 0.0, 1.0);
  return s * s * (3 - 2 * s);
}

}  // namespace

Frame::Frame(const OceanSpec& spec) {
  const double south = spec.lat0, north = spec.lat0 + static_cast<double>(spec.ny) * spec.resolution;
  lon0 = spec.lon0;
  stretch = std::max(0.1, std::cos((south + north) / 2 * std::numbers::pi / 180));
  pole = south + north >= 0 ? 1 : -1;
  width = static_cast<double>(spec.nx) * spec.resolution * stretch;
  height = north - south;
  p0 = pole > 0 ? south : -north;
}

// ---- coast
// --------------------------------------------------------------------------------------

Coast::Coast(const OceanSpec& spec, const Frame& frame, const CounterRandom& random)
    : continent_(spec.land_fraction > 0),
      p0_(frame.p0),
      height_(frame.height),
      edge_(spec.land_fraction * frame.width) {
  std::uint32_t n = 0;
  for (const double length : {16.0, 8.3, 4.1, 2.3, 1.2, 0.7}) {
    const double size = std::min(length * 0.07, 0.3 * edge_);
    bays_.push_back({size * (0.6 + 0.8 * random.uniform(coast_part, n, 0)), two_pi / length,
                     two_pi * random.uniform(coast_part, n, 1)});
    ++n;
  }
  for (std::uint32_t i = 0; i < static_cast<std::uint32_t>(spec.islands); ++i) {
    const auto u = [&](std::uint32_t item) { return random.uniform(island_part, i, item); };
    const double a = std::min(0.3 * std::exp(1.3 * u(2)), 0.08 * std::min(frame.width, frame.height));
    const double p = p0_ + height_ * (0.05 + 0.9 * u(1)), west = std::min(edge(p) + 1.5, 0.6 * frame.width);
    islands_.push_back({west + (frame.width - west) * u(0), p, a, a * (0.5 + 0.5 * u(3)),
                        std::numbers::pi * u(4), two_pi * u(5)});
  }
}

double Coast::mean_edge(double p) const {
  return edge_ * (0.6 + 0.8 * (p - p0_) / height_);
}

double Coast::smooth(double p) const {
  double x = mean_edge(p);
  for (std::size_t i = 0; i < 3; ++i)
    x += bays_[i].amplitude * std::sin(bays_[i].wavenumber * p + bays_[i].phase);
  return x;
}

double Coast::edge(double p) const {
  double x = smooth(p);
  for (std::size_t i = 3; i < bays_.size(); ++i)
    x += bays_[i].amplitude * std::sin(bays_[i].wavenumber * p + bays_[i].phase);
  return x;
}

bool Coast::is_land(double x, double p) const {
  if (continent_ && x < edge(p)) return true;
  return std::any_of(islands_.begin(), islands_.end(), [&](const Island& island) {
    const double dx = x - island.x, dp = p - island.p;
    if (std::abs(dx) > 2 * island.a || std::abs(dp) > 2 * island.a) return false;
    const double along = dx * std::cos(island.angle) + dp * std::sin(island.angle);
    const double across = dp * std::cos(island.angle) - dx * std::sin(island.angle);
    const double rough =
        0.3 * std::sin(5 * dx / island.a + island.phase) * std::sin(4 * dp / island.a - island.phase);
    return square(along / island.a) + square(across / island.b) + rough < 1;
  });
}

// ---- current
// ------------------------------------------------------------------------------------

Current::Current(const OceanSpec& spec, const Frame& frame, const Coast& coast, const CounterRandom& random)
    : coast_(&coast), strength_(spec.current), separation_(frame.p0 + 0.45 * frame.height) {
  x_separation_ = coast.smooth(separation_);
  std::uint32_t n = 0;
  for (const double length : {9.0, 5.5, 3.6, 2.6}) {
    const auto u = [&](std::uint32_t item) { return random.uniform(jet_part, n, item); };
    // Long meanders stand or retreat, short ones run downstream.
    meanders_.push_back({0.13 * length * (0.7 + 0.6 * u(0)), two_pi / length,
                         two_pi / (50 + 15 * length) * (8 - length) / 4, two_pi * u(1),
                         two_pi / (150 + 250 * u(2)), two_pi * u(3)});
    ++n;
  }
}

double Current::front(double x, double day) const {
  const double downstream = std::max(0.0, x - x_separation_), growth = 1 - std::exp(-downstream / 4);
  double p = separation_ + 0.12 * downstream;
  for (const Meander& m : meanders_)
    p += growth * m.amplitude * (0.7 + 0.5 * std::sin(m.slow_frequency * day + m.slow_phase)) *
         std::sin(m.wavenumber * x - m.frequency * day + m.phase);
  return p;
}

void Current::drift(double x, double p, double day, double& u, double& v) const {
  u = v = 0;
  if (strength_ <= 0) return;
  const double off_front = (p - front(x, day)) / 0.8, off_coast = (x - coast_->smooth(p) - 0.9) / 0.7;
  if (x > x_separation_) u = 0.2 * std::exp(-square(off_front));
  if (p < separation_) v = 0.2 * std::exp(-square(off_coast));
}

void Current::add(double p, std::span<const double> xs, std::span<const double> fronts, double day,
                  double year_phase, std::span<float> row) const {
  if (strength_ <= 0) return;
  const double season =
      1 + 0.25 * std::cos(two_pi * (year_phase - 0.1)) + 0.15 * std::sin(two_pi * day / 1130);
  const double shore = coast_->smooth(p) + 0.2 * std::sin(two_pi * (p / 2.9 - day / 23));
  const auto along = static_cast<float>(0.6 * strength_ * season / (1 + std::exp((p - separation_) / 0.6)));
  const auto half = static_cast<float>(strength_ * season / 2);
  for (std::size_t i = 0; i < xs.size(); ++i) {
    const double downstream = std::max(0.0, xs[i] - x_separation_);
    const auto sharp = static_cast<float>((p - fronts[i]) / (0.25 + 0.03 * downstream));
    row[i] -= half * std::tanh(sharp);
    const auto off_shore = static_cast<float>((xs[i] - shore) / 0.8);
    if (off_shore > 0 && off_shore < 12) row[i] += along * off_shore * std::exp(1 - off_shore);
  }
}

// ---- turbulence
// ---------------------------------------------------------------------------------

Turbulence::Turbulence(const OceanSpec& spec, const CounterRandom& random, std::span<const double> xs,
                       std::span<const double> ps)
    : nx_(xs.size()), ny_(ps.size()), padded_((xs.size() + lanes - 1) / lanes * lanes) {
  const std::size_t modes = spec.turbulence > 0 ? static_cast<std::size_t>(spec.turbulence_modes) : 0;
  const double peak = two_pi / spec.turbulence_scale;
  const double low = peak / 3, high = std::max(two_pi / (2 * spec.resolution), 4 * peak);
  column_cos_.resize(modes * padded_);
  column_sin_.resize(modes * padded_);
  row_cos_.resize(modes * ny_);
  row_sin_.resize(modes * ny_);
  cos_.resize(modes);
  sin_.resize(modes);
  std::vector<double> power(modes);
  for (std::size_t m = 0; m < modes; ++m) {
    const auto u = [&](std::uint32_t item) {
      return random.uniform(turbulence_part, static_cast<std::uint32_t>(m), item);
    };
    // Wavenumbers are stratified in log k; energy density k^-3 makes k^-2 a unit of log k; damped
    // at the grid scale.
    const double k = low * std::pow(high / low, (static_cast<double>(m) + u(0)) / static_cast<double>(modes));
    const double angle = two_pi * u(1), ratio = square(k / peak);
    power[m] = ratio / std::pow(1 + ratio, 1.8) * std::exp(-square(k / high));
    const double kx = k * std::cos(angle), kp = k * std::sin(angle);
    // Waves drift west and lose their phase; the smaller the faster.
    const double spread =
        std::sqrt(2.0) * std::cos(two_pi * u(3)) * std::pow(k / peak, 2.0 / 3) / spec.turbulence_days;
    frequency_.push_back(-0.04 * kx + spread);
    phase_.push_back(two_pi * u(2));
    for (std::size_t i = 0; i < nx_; ++i) {
      column_cos_[m * padded_ + i] = static_cast<float>(std::cos(kx * xs[i]));
      column_sin_[m * padded_ + i] = static_cast<float>(std::sin(kx * xs[i]));
    }
    for (std::size_t j = 0; j < ny_; ++j) {
      row_cos_[j * modes + m] = static_cast<float>(std::cos(kp * ps[j]));
      row_sin_[j * modes + m] = static_cast<float>(std::sin(kp * ps[j]));
    }
  }
  double sum = 0;
  for (const double value : power) sum += value;
  for (const double value : power)
    amplitude_.push_back(static_cast<float>(spec.turbulence * std::sqrt(2 * value / sum)));
}

void Turbulence::evaluate(double day, std::span<float> field) {
  const std::size_t modes = amplitude_.size();
  for (std::size_t m = 0; m < modes; ++m) {
    cos_[m] = amplitude_[m] * static_cast<float>(std::cos(phase_[m] - frequency_[m] * day));
    sin_[m] = amplitude_[m] * static_cast<float>(std::sin(phase_[m] - frequency_[m] * day));
  }
  std::vector<float> a(modes), b(modes);
  for (std::size_t j = 0; j < ny_; ++j) {
    // cos(kx x + kp p + phase) = cos(kx x) a - sin(kx x) b
    const float *row_cos = &row_cos_[j * modes], *row_sin = &row_sin_[j * modes];
    for (std::size_t m = 0; m < modes; ++m) {
      a[m] = row_cos[m] * cos_[m] - row_sin[m] * sin_[m];
      b[m] = row_sin[m] * cos_[m] + row_cos[m] * sin_[m];
    }
    for (std::size_t i = 0; i < nx_; i += lanes) {
      float sum[lanes] = {};
      for (std::size_t m = 0; m < modes; ++m) {
        const float *c = &column_cos_[m * padded_ + i], *s = &column_sin_[m * padded_ + i];
        for (std::size_t l = 0; l < lanes; ++l) sum[l] += c[l] * a[m] - s[l] * b[m];
      }
      std::copy_n(sum, std::min(lanes, nx_ - i), &field[j * nx_ + i]);
    }
  }
}

// ---- eddies
// -------------------------------------------------------------------------------------

Eddies::Eddies(const OceanSpec& spec, const Frame& frame, const Coast& coast, const Current& current,
               const CounterRandom& random)
    : spec_(spec), frame_(frame), coast_(coast), current_(current), random_(random) {}

const std::vector<Eddies::Eddy>& Eddies::born_in(long bin) {
  const auto [found, fresh] = bins_.try_emplace(bin);
  if (!fresh) return found->second;
  constexpr double margin = 3;  // degrees beyond the eastern edge: eddies drift in from there
  const double expected = spec_.eddies * (frame_.width + margin) * frame_.height / 100;
  const auto key = static_cast<std::uint32_t>(bin);
  const long count = static_cast<long>(expected + random_.uniform(eddy_part, key, 0xffffffff));
  for (long n = 0; n < count; ++n) {
    const auto u = [&](std::uint32_t item) {
      return random_.uniform(eddy_part, key, static_cast<std::uint32_t>(n), item);
    };
    Eddy eddy;
    eddy.birth = (static_cast<double>(bin) + u(0)) * spec_.eddy_days;
    eddy.life = spec_.eddy_days * (0.5 + u(1));
    eddy.radius = spec_.eddy_radius * std::exp(1.5 * (u(2) - 0.55));
    double x = (frame_.width + margin) * u(3), p = frame_.p0 + frame_.height * u(4);
    double sign = u(5) < 0.5 ? 1 : -1;
    if (u(6) < 0.6 && spec_.current > 0) {  // shed by the jet: warm cores on its cold side and the reverse
      p = current_.front(x, eddy.birth) + sign * (0.8 + 2 * u(7));
    }
    eddy.amplitude = sign * spec_.eddy_amplitude * (0.4 + 1.2 * u(8));
    const double own_u = -0.05 + 0.04 * (u(9) - 0.5), own_v = -0.01 * sign + 0.04 * (u(10) - 0.5);
    for (double age = 0; age < eddy.life + 1; ++age) {
      eddy.x.push_back(static_cast<float>(x));
      eddy.p.push_back(static_cast<float>(p));
      double drift_u = 0, drift_v = 0;
      current_.drift(x, p, eddy.birth + age, drift_u, drift_v);
      x += own_u + drift_u;
      p += own_v + drift_v;
    }
    found->second.push_back(std::move(eddy));
  }
  return found->second;
}

void Eddies::add(double day, std::span<const double> xs, std::span<const double> ps, std::span<float> field) {
  if (xs.empty() || ps.empty() || spec_.eddies <= 0 || spec_.eddy_amplitude <= 0) return;
  const long last = static_cast<long>(std::floor(day / spec_.eddy_days));
  bins_.erase(bins_.begin(), bins_.lower_bound(last - 2));
  std::vector<float> shape(xs.size());
  for (long bin = last - 2; bin <= last; ++bin) {
    for (const Eddy& eddy : born_in(bin)) {
      const double age = day - eddy.birth;
      if (age <= 0 || age >= eddy.life) continue;
      const std::size_t whole = age;
      const double part = age - static_cast<double>(whole);
      const double x = eddy.x[whole] + part * (eddy.x[whole + 1] - eddy.x[whole]);
      const double p = eddy.p[whole] + part * (eddy.p[whole + 1] - eddy.p[whole]);
      const double reach = 4 * eddy.radius;
      if (x + reach < xs.front() || x - reach > xs.back() || p + reach < std::min(ps.front(), ps.back()) ||
          p - reach > std::max(ps.front(), ps.back()))
        continue;
      const double off_shore = spec_.land_fraction > 0 ? smooth_step((x - coast_.smooth(p)) / 1.0) : 1;
      const double height = eddy.amplitude * square(std::sin(std::numbers::pi * age / eddy.life)) * off_shore;
      for (std::size_t i = 0; i < xs.size(); ++i) {
        const double d = (xs[i] - x) / eddy.radius;
        shape[i] = std::abs(d) < 4 ? static_cast<float>(std::exp(-0.5 * d * d)) : 0.0f;
      }
      for (std::size_t j = 0; j < ps.size(); ++j) {
        const double d = (ps[j] - p) / eddy.radius;
        if (std::abs(d) >= 4) continue;
        const auto scale = static_cast<float>(height * std::exp(-0.5 * d * d));
        for (std::size_t i = 0; i < xs.size(); ++i) field[j * xs.size() + i] += scale * shape[i];
      }
    }
  }
}

}  // namespace podscale::ocean
