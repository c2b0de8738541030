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
double absolute_day(const TimeAxis& times, long step) {
  const Date& date = times.dates[static_cast<std::size_t>(step)];
  return static_cast<double>(day_number(times.calendar, date.year, date.month, date.day) -
                             day_number(times.calendar, 2000, 1, 1)) +
         date.second / 86400;
}

Grid ocean_grid(const OceanSpec& spec) {
  std::vector<double> lat(static_cast<std::size_t>(spec.ny)), lon(static_cast<std::size_t>(spec.nx));
  for (std::size_t j = 0; j < lat.size(); ++j)
    lat[j] = spec.lat0 + (static_cast<double>(j) + 0.5) * spec.resolution;
  for (std::size_t i = 0; i < lon.size(); ++i)
    lon[i] = spec.lon0 + (static_cast<double>(i) + 0.5) * spec.resolution;
  return make_grid(std::move(lat), std::move(lon));
}

}  // namespace

struct SyntheticOcean::State {
  State(const OceanSpec& ocean, const Window& window);

  OceanSpec spec;
  Grid grid;
  CounterRandom random;
  ocean::Frame frame;
  ocean::Coast coast;
  ocean::Current current;
  std::vector<double> xs, ps;  // of the window's columns and rows
  ocean::Turbulence turbulence;
  ocean::Eddies eddies;
  std::vector<unsigned char> mask;
  std::vector<float> steady, seasonal,
      activity;  // mean field; amplitude; std of the background over its mean
};

SyntheticOcean::State::State(const OceanSpec& ocean, const Window& window)
    : spec(ocean),
      grid(ocean_grid(spec)),
      random(spec.seed, Stream::ocean),
      frame(spec),
      coast(spec, frame, random),
      current(spec, frame, coast, random),
      xs([&] {
        std::vector<double> result;
        for (long i = window.x0; i < window.x0 + window.nx; ++i)
          result.push_back(frame.x(grid.lon[static_cast<std::size_t>(i)]));
        return result;
      }()),
      ps([&] {
        std::vector<double> result;
        for (long j = window.y0; j < window.y0 + window.ny; ++j)
          result.push_back(frame.p(grid.lat[static_cast<std::size_t>(j)]));
        return result;
      }()),
      turbulence(spec, random, xs, ps),
      eddies(spec, frame, coast, current, random) {
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

const Grid& SyntheticOcean::grid() const {
  return state_->grid;
}
std::span<const unsigned char> SyntheticOcean::ocean() const {
  return state_->mask;
}

void SyntheticOcean::field(long step, std::span<float> out) {
  State& s = *state_;
  PODSCALE_ASSERT(out.size() == s.mask.size(), "{} values for {} points", out.size(), s.mask.size());
  const TimeAxis& times = s.spec.times;
  const double day = absolute_day(times, step);
  const double phase = year_fraction(times.calendar, times.dates[static_cast<std::size_t>(step)]);
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
}

void add_lr_error(const OceanSpec& spec, const Grid& coarse_grid, const Window& window, long step,
                  std::span<float> coarse) {
  PODSCALE_ASSERT(static_cast<long>(coarse.size()) == window.points(), "{} values for {} points",
                  coarse.size(), window.points());
  const CounterRandom random(spec.seed, Stream::ocean);
  const auto day = static_cast<std::uint32_t>(static_cast<std::int64_t>(absolute_day(spec.times, step)));
  std::vector<float> noise(static_cast<std::size_t>(window.nx), 0.0f),
      row(window.nx > 0 ? coarse_grid.lon.size() : 0);
  for (long j = 0; j < window.ny; ++j) {
    if (spec.lr_noise > 0 && window.nx > 0) {
      random.fill_normal(row, ocean::lr_part, day, static_cast<std::uint32_t>(window.y0 + j));
      std::copy_n(row.begin() + window.x0, window.nx, noise.begin());
    }
    for (long i = 0; i < window.nx; ++i)
      coarse[static_cast<std::size_t>(j * window.nx + i)] +=
          static_cast<float>(spec.lr_bias + spec.lr_noise * noise[static_cast<std::size_t>(i)]);
  }
}

}  // namespace podscale
