#include "podscale/field/synthetic_ocean.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "ocean_parts.hpp"
#include "podscale/core/error.hpp"

namespace podscale {
namespace {

constexpr double two_pi = 2 * std::numbers::pi;
constexpr float freezing = -1.8f;

/// Days since 2000-01-01: the time that all random numbers hang on, whatever period is asked for.
double absolute_day(const SampleAxis& times, long step) {
  const Date& date = times[step].date;
  return static_cast<double>(day_number(times.calendar, date.year, date.month, date.day) -
                             day_number(times.calendar, 2000, 1, 1)) +
         date.second / 86400;
}

/// Salinity that goes with a temperature, on a line: 33 to 38 where water has 2 to 36 degC.
constexpr double salinity_middle = 35, temperature_middle = 16, salinity_slope = 0.15;

/// Of the second variable: its share of the first, about the mean, beside a background of its own.
constexpr float second_share = 0.7f, second_level = 10;

OceanSpec second_background(const OceanSpec& spec) {
  OceanSpec other = spec;
  other.seed = spec.seed + 1;
  other.land_fraction = other.gradient = other.seasonal = other.trend = other.current = other.eddies = 0;
  other.islands = 0;
  other.mean = second_level;  // far from the freezing point
  other.variable = "tos";
  other.second.clear();
  return other;
}

}  // namespace

struct SyntheticOcean::State {
  State(const OceanSpec& ocean, const Window& window);

  OceanSpec spec;
  CounterRandom random;
  ocean::Frame frame;
  ocean::Coast coast;
  ocean::Current current;
  std::vector<double> xs, ps;  // of the window's columns and rows
  ocean::Turbulence turbulence;
  ocean::Eddies eddies;
  std::vector<unsigned char> mask;
  std::vector<float> steady, seasonal,
      activity;                                // mean field; amplitude; std of the background over its mean
  std::unique_ptr<SyntheticOcean> background;  // of the second variable
};

SyntheticOcean::State::State(const OceanSpec& ocean, const Window& window)
    : spec(ocean),
      random(spec.seed, Stream::ocean),
      frame(spec),
      coast(spec, frame, random),
      current(spec, frame, coast, random),
      xs([&] {
        std::vector<double> result;
        const auto lon = ocean_axes(spec).second;
        for (long i = window.x0; i < window.x0 + window.nx; ++i) result.push_back(frame.x(lon[i]));
        return result;
      }()),
      ps([&] {
        std::vector<double> result;
        const auto lat = ocean_axes(spec).first;
        for (long j = window.y0; j < window.y0 + window.ny; ++j) result.push_back(frame.p(lat[j]));
        return result;
      }()),
      turbulence(spec, random, xs, ps),
      eddies(spec, frame, coast, current, random) {
  if (!spec.second.empty()) background = std::make_unique<SyntheticOcean>(second_background(spec), window);
  const double middle = frame.p0 + frame.height / 2;
  for (const double p : ps) {
    const double poleward = (p - frame.p0) / frame.height, shore = coast.smooth(p);
    for (const double x : xs) {
      mask.push_back(coast.is_land(x, p) ? 0 : 1);
      const double shelf = spec.land_fraction > 0 ? std::exp(-std::max(0.0, x - shore) / 1.2) : 0;
      steady.push_back(static_cast<float>(spec.mean - spec.gradient * (p - middle)));
      seasonal.push_back(static_cast<float>(spec.seasonal * (0.75 + 0.5 * poleward) * (1 + 0.3 * shelf)));
      const double off_jet = (p - current.separation()) / 5;
      activity.push_back(
          static_cast<float>(spec.current > 0 ? 0.75 + 0.5 * std::exp(-off_jet * off_jet) : 1));
    }
  }
}

SyntheticOcean::SyntheticOcean(const OceanSpec& spec, const Window& window)
    : state_(std::make_unique<State>(spec, window)) {}
SyntheticOcean::SyntheticOcean(SyntheticOcean&&) noexcept = default;
SyntheticOcean::~SyntheticOcean() = default;

std::span<const unsigned char> SyntheticOcean::ocean() const {
  return state_->mask;
}

void SyntheticOcean::field(long step, std::span<float> all) {
  State& s = *state_;
  const std::size_t points = s.mask.size(), channels = s.background ? 2 : 1;
  PODSCALE_ASSERT(all.size() == channels * points, "{} values for {} channels of {} points", all.size(),
                  channels, points);
  const std::span<float> out = all.first(points);
  const SampleAxis& times = s.spec.times;
  const double day = absolute_day(times, step);
  const double phase = year_fraction(times.calendar, times[step].date);
  const double summer =
      phase - (s.frame.pole > 0 ? 0.65 : 0.15);  // the sea is warmest two months after the solstice
  const auto season =
      static_cast<float>(std::cos(two_pi * summer) + 0.12 * std::cos(2 * two_pi * (summer + 0.05)));
  const auto trend = static_cast<float>(s.spec.trend * day / 3652.5);

  s.turbulence.evaluate(day, out);
  for (std::size_t i = 0; i < out.size(); ++i)
    out[i] = out[i] * s.activity[i] + s.steady[i] + s.seasonal[i] * season + trend;
  std::vector<double> fronts(s.xs.size());
  for (std::size_t i = 0; i < fronts.size(); ++i) fronts[i] = s.current.front(s.xs[i], day);
  for (std::size_t j = 0; j < s.ps.size(); ++j)
    s.current.add(s.ps[j], s.xs, fronts, day, phase, out.subspan(j * s.xs.size(), s.xs.size()));
  s.eddies.add(day, s.xs, s.ps, out);
  for (std::size_t i = 0; i < out.size(); ++i)
    out[i] = s.mask[i] ? std::max(out[i], freezing) : std::numeric_limits<float>::quiet_NaN();
  if (s.background) {
    const std::span<float> second = all.subspan(points);
    s.background->field(step, second);
    const auto mean = static_cast<float>(s.spec.mean);
    for (std::size_t i = 0; i < points; ++i)
      second[i] = std::max(mean + second_share * (out[i] - mean) + second[i] - second_level, freezing);
    for (std::size_t i = 0; i < points; ++i)
      if (!s.mask[i]) second[i] = out[i];
  }
  if (s.spec.variable == "so")
    for (float& value : all)
      value = static_cast<float>(salinity_middle + salinity_slope * (value - temperature_middle));
}

std::vector<Variable> ocean_variables(const OceanSpec& spec) {
  const bool salt = spec.variable == "so";
  const std::string units = salt ? "1e-3" : "degC", what = salt ? "salinity" : "temperature";
  std::vector<Variable> variables{{spec.variable,
                                   units,
                                   units,
                                   salt ? "sea_water_salinity" : "sea_surface_temperature",
                                   "sea surface " + what + " of a synthetic ocean",
                                   "",
                                   {}}};
  if (!spec.second.empty())
    variables.push_back({spec.second, units, units, "", "second " + what + " of a synthetic ocean", "", {}});
  return variables;
}

void add_lr_error(const OceanSpec& spec, const Mesh& coarse_mesh, const Window& window, long step,
                  std::span<float> coarse, idx_t channel) {
  PODSCALE_ASSERT(std::ssize(coarse) == window.points(), "{} values for {} points", coarse.size(),
                  window.points());
  const CounterRandom random(spec.seed + static_cast<std::uint64_t>(channel), Stream::ocean);
  const double unit = spec.variable == "so" ? salinity_slope : 1;
  const auto day = static_cast<std::uint32_t>(static_cast<std::int64_t>(absolute_day(spec.times, step)));
  std::vector<float> noise(window.nx, 0.0f),
      row(window.nx > 0 ? static_cast<std::size_t>(coarse_mesh.nx()) : 0);
  for (long j = 0; j < window.ny; ++j) {
    if (spec.lr_noise > 0 && window.nx > 0) {
      random.fill_normal(row, ocean::lr_part, day, static_cast<std::uint32_t>(window.y0 + j));
      std::copy_n(row.begin() + window.x0, window.nx, noise.begin());
    }
    for (long i = 0; i < window.nx; ++i)
      coarse[j * window.nx + i] += static_cast<float>(unit * (spec.lr_bias + spec.lr_noise * noise[i]));
  }
}

}  // namespace podscale
