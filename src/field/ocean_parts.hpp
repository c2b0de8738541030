#pragma once
// The terms that the synthetic ocean is summed from. Private to src/field. Places are (x, p):
// degrees of latitude, x east from the western edge (longitude times the cosine of the middle
// latitude, so that eddies are round), p towards the pole. Times are days since 2000-01-01 of the
// calendar. Nothing here is collective.

#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "podscale/core/random.hpp"
#include "podscale/field/synthetic_ocean.hpp"

namespace podscale::ocean {

/// First counter of the random numbers of each part.
enum Part : std::uint32_t { coast_part = 1, island_part, turbulence_part, eddy_part, jet_part, lr_part };

struct Frame {
  explicit Frame(const OceanSpec& spec);
  double x(double lon) const { return (lon - lon0) * stretch; }
  double p(double lat) const { return pole * lat; }
  double lon0, stretch, pole;  ///< pole: +1 north, -1 south
  double width, p0, height;    ///< of the domain: x in [0, width], p in [p0, p0 + height]
};

/// A western continent whose coast leans east towards the pole, and islands.
class Coast {
 public:
  Coast(const OceanSpec& spec, const Frame& frame, const CounterRandom& random);
  double edge(double p) const;    ///< x of the coast
  double smooth(double p) const;  ///< without the bays that a current doesn't follow
  bool is_land(double x, double p) const;

 private:
  struct Bay {
    double amplitude, wavenumber, phase;
  };
  struct Island {
    double x, p, a, b, angle, phase;
  };
  double mean_edge(double p) const;
  bool continent_;
  double p0_, height_, edge_;
  std::vector<Bay> bays_;
  std::vector<Island> islands_;
};

/// A warm current along the coast that leaves it as a jet with a sharp front: warm equatorward,
/// cold poleward, meandering.
class Current {
 public:
  Current(const OceanSpec& spec, const Frame& frame, const Coast& coast, const CounterRandom& random);
  double front(double x, double day) const;  ///< p of the jet
  double separation() const { return separation_; }
  /// Eastward and poleward drift that the current gives to an eddy, degrees a day.
  void drift(double x, double p, double day, double& u, double& v) const;
  /// Adds the temperature of one row: rows at p, columns at xs, front at each column as `front`
  /// gives it, all at `day` in the year at `year_phase`.
  void add(double p, std::span<const double> xs, std::span<const double> fronts, double day,
           double year_phase, std::span<float> row) const;

 private:
  struct Meander {
    double amplitude, wavenumber, frequency, phase, slow_frequency, slow_phase;
  };
  const Coast* coast_;
  double strength_, separation_, x_separation_;
  std::vector<Meander> meanders_;
};

/// Sum of waves with random wave vectors, phases and frequencies: isotropic, zonal variance
/// spectrum k^-3 below the peak. Tables of the columns and rows of a window make it two
/// multiply-adds per point and wave.
class Turbulence {
 public:
  Turbulence(const OceanSpec& spec, const CounterRandom& random, std::span<const double> xs,
             std::span<const double> ps);
  /// field: [ny][nx], overwritten.
  void evaluate(double day, std::span<float> field);

 private:
  std::size_t nx_, ny_, padded_;
  std::vector<double> frequency_, phase_;
  std::vector<float> amplitude_, column_cos_, column_sin_, row_cos_, row_sin_;
  std::vector<float> cos_, sin_;  // of the phase at one time, times the amplitude
};

/// Eddies that are born, drift west and with the current, and decay.
class Eddies {
 public:
  Eddies(const OceanSpec& spec, const Frame& frame, const Coast& coast, const Current& current,
         const CounterRandom& random);
  /// Adds to field: rows ps, columns xs, both of constant spacing.
  void add(double day, std::span<const double> xs, std::span<const double> ps, std::span<float> field);

 private:
  struct Eddy {
    double birth, life, amplitude, radius;
    std::vector<float> x, p;  // at birth, a day later, ...
  };
  const std::vector<Eddy>& born_in(long bin);
  const OceanSpec& spec_;
  const Frame& frame_;
  const Coast& coast_;
  const Current& current_;
  const CounterRandom& random_;
  std::map<long, std::vector<Eddy>> bins_;  // by birth time / eddy_days
};

}  // namespace podscale::ocean
