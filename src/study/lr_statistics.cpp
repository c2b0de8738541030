#include "podscale/study/lr_statistics.hpp"

#include <algorithm>
#include <cmath>

#include "podscale/core/error.hpp"
#include "podscale/file/netcdf_file.hpp"
#include "podscale/pod/point_fits.hpp"
#include "podscale/study/blocks.hpp"

namespace podscale {
namespace {

constexpr long kBlock = 64;               // steps
constexpr double kReach = 6, kBin = 0.1;  // of histograms, standard deviations
constexpr std::size_t kBins = 122;        // with one beyond either end

/// The rows of a rank, as [channels][values].
struct Rows {
  Rows(const FieldSource& lr, std::span<const unsigned char> cells) : source(lr), ocean(cells) {
    const Share share = share_of(lr.mesh().ny(), lr.comm().size(), lr.comm().rank());
    window = {share.begin, share.size(), 0, share.size() > 0 ? lr.mesh().nx() : 0};
  }
  std::size_t values() const { return static_cast<std::size_t>(source.channels() * window.points()); }
  idx_t point(std::size_t value) const {
    return window.y0 * source.mesh().nx() + static_cast<idx_t>(value) % window.points();
  }
  /// Of a table of the whole mesh.
  std::size_t place(std::size_t value) const {
    return static_cast<std::size_t>(static_cast<idx_t>(value) / window.points() * source.mesh().points() +
                                    point(value));
  }
  /// Collective. work(position in steps, value, number) for every number of a cell in use.
  template <class Work>
  void each(std::span<const long> steps, const Work& work) const {
    std::vector<float> fields;
    for_blocks(steps.size(), kBlock, [&](std::size_t first, std::size_t count) {
      fields.resize(values() * count);
      source.read(window, steps.subspan(first, count), fields);
      for (std::size_t t = 0; t < count; ++t)
        for (std::size_t v = 0; v < values(); ++v)
          if (const float number = fields[t * values() + v]; ocean[point(v)] && !std::isnan(number))
            work(first + t, v, static_cast<double>(number));
    });
  }
  const FieldSource& source;
  std::span<const unsigned char> ocean;
  Window window;
};

double product(std::span<const double> a, std::span<const double> b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

/// Of a histogram, at the shares of kLrQuantiles; linear inside a bin.
std::array<float, kLrQuantiles> quantiles_of(std::span<const int> bins) {
  long all = 0;
  for (const int count : bins) all += count;
  std::array<float, kLrQuantiles> found{};
  std::size_t bin = 0;
  double below = 0;
  for (std::size_t q = 0; q < kLrQuantiles && all > 0; ++q) {
    const double wanted = (static_cast<double>(q) + 0.5) / kLrQuantiles * static_cast<double>(all);
    while (bin + 1 < bins.size() && below + bins[bin] < wanted) below += bins[bin++];
    const double share = bins[bin] > 0 ? std::clamp((wanted - below) / bins[bin], 0.0, 1.0) : 0;
    found[q] = static_cast<float>(-kReach + kBin * (static_cast<double>(bin) - 1 + share));
  }
  return found;
}

/// A number for each month of a cell, as their mean and the distances from it.
struct Monthly {
  explicit Monthly(const std::array<double, 12>& months) : distance(months) {
    for (const double x : months) mean += x / 12;
    for (double& x : distance) x -= mean;
  }
  double mean = 0;
  std::array<double, 12> distance;
};

/// A quarter of the variance, over the cells, of the differences of two halves of the years.
void set_chance(LrStatistics& of, const LrStatistics& odd, const LrStatistics& even,
                std::span<const unsigned char> cells) {
  const std::size_t points = cells.size(), channels = static_cast<std::size_t>(of.variance.points) / points;
  const auto least = of.least_variance(cells);
  of.annual_chance.assign(channels, 0.0), of.monthly_chance.assign(channels, 0.0);
  for (std::size_t c = 0; c < channels; ++c) {
    std::array<double, 13> sum{}, squares{};
    double n = 0;
    for (std::size_t p = 0; p < points; ++p) {
      if (!cells[p] || of.variance.coefficients[c * points + p] <= least[c]) continue;
      const Monthly a(odd.log_variance(c * points + p)), b(even.log_variance(c * points + p));
      if (!std::isfinite(a.mean) || !std::isfinite(b.mean)) continue;
      ++n;
      for (std::size_t m = 0; m < 13; ++m) {
        const double apart = m == 12 ? a.mean - b.mean : a.distance[m] - b.distance[m];
        sum[m] += apart, squares[m] += apart * apart;
      }
    }
    for (std::size_t m = 0; m < 13 && n > 0; ++m) {
      const double variance = (squares[m] / n - sum[m] * sum[m] / n / n) / 4;
      (m == 12 ? of.annual_chance[c] : of.monthly_chance[c]) += m == 12 ? variance : variance / 12;
    }
    if (n == 0) of.annual_chance[c] = of.monthly_chance[c] = 1e6;  // too few years to tell
  }
}

}  // namespace

std::vector<double> LrStatistics::least_variance(std::span<const unsigned char> cells) const {
  const std::size_t points = cells.size();
  std::vector<double> least(static_cast<std::size_t>(variance.points) / points, 0.0);
  for (std::size_t c = 0; c < least.size(); ++c) {
    double sum = 0, n = 0;
    for (std::size_t p = 0; p < points; ++p)
      if (cells[p]) sum += variance.coefficients[c * points + p], ++n;
    if (n > 0) least[c] = 1e-4 * sum / n;
  }
  return least;
}

std::array<double, 12> LrStatistics::log_variance(std::size_t value) const {
  std::array<double, 12> months{};
  for (std::size_t m = 0; m < 12; ++m)
    months[m] = 2 * std::log(deviation(
                        value, harmonic_basis((static_cast<double>(m) + 0.5) / 12, variance.harmonics)));
  return months;
}

double LrStatistics::deviation(std::size_t value, std::span<const double> basis) const {
  const auto points = static_cast<std::size_t>(variance.points);
  const double mean_variance = variance.coefficients[value];
  double of_season = 0;
  for (std::size_t term = 0; term < basis.size(); ++term)
    of_season += basis[term] * variance.coefficients[term * points + value];
  return std::sqrt(std::clamp(of_season, 0.25 * mean_variance, 4 * mean_variance));
}

LrStatistics fit_lr_statistics(const FieldSource& lr, std::span<const unsigned char> cells,
                               std::span<const long> steps, int harmonics, const StudyYear& year,
                               bool with_quantiles, const std::string& period) {
  const Communicator& comm = lr.comm();
  const Mesh& mesh = lr.mesh();
  const Rows rows(lr, cells);
  const std::size_t n = rows.values(), all = static_cast<std::size_t>(lr.channels() * mesh.points()),
                    terms = static_cast<std::size_t>(1 + 2 * harmonics);
  const int season = std::min(1, harmonics);

  // 1. What each time is told by: harmonics of the year, and a straight line over the period.
  std::vector<std::vector<double>> line, seasons;
  const double from = lr.times()[steps.front()].time, to = lr.times()[steps.back()].time;
  for (const long step : steps) {
    const double phase = year.at(lr.times(), static_cast<std::size_t>(step));
    line.push_back(harmonic_basis(phase, harmonics));
    line.back().push_back(to > from ? 2 * (lr.times()[step].time - from) / (to - from) - 1 : 0);
    seasons.push_back(harmonic_basis(phase, season));
  }

  // 2. The mean, and with the line what it leaves.
  PointFits fits(n, terms + 1);
  std::vector<long> counted(n, 0);
  rows.each(steps, [&](std::size_t t, std::size_t v, double number) {
    fits.add(v, line[t], number);
    ++counted[v];
  });
  LrStatistics result{{harmonics, static_cast<long>(all), std::vector<double>(all * terms)},
                      {season, static_cast<long>(all), {}},
                      {},
                      {},
                      {}};
  result.variance.coefficients.assign(all * static_cast<std::size_t>(result.variance.terms()), 0.0);
  std::vector<std::vector<double>> fitted(n);
  comm.agree([&] {
    for (std::size_t v = 0; v < n; ++v) {
      if (!rows.ocean[rows.point(v)]) continue;
      const auto mean = fits.leading(v, terms);
      if (std::isnan(mean[0])) {
        const Position at = mesh.position(rows.point(v));
        fail(
            ExitCode::data,
            "{}: {}: the {} values of {} at {:.6g}, {:.6g} do not determine a climatology of {} coefficients; "
            "expected a longer period, or fewer basis.harmonics",
            lr.describe(), period, counted[v],
            lr.variables()[v / static_cast<std::size_t>(rows.window.points())].name, at.y, at.x, terms);
      }
      for (std::size_t term = 0; term < terms; ++term)
        result.mean.coefficients[term * all + rows.place(v)] = mean[term];
      fitted[v] = fits.solve(v);
      if (std::isnan(fitted[v][0])) fitted[v] = mean, fitted[v].push_back(0);  // one time a season: no line
    }
  });
  std::array<PointFits, 2> halves{PointFits(n, season), PointFits(n, season)};
  PointFits squares(n, season);
  rows.each(steps, [&](std::size_t t, std::size_t v, double number) {
    const double left = number - product(fitted[v], line[t]);
    squares.add(v, seasons[t], left * left);
    const int parity = lr.times().centre(static_cast<std::size_t>(steps[t])).year & 1;
    halves[static_cast<std::size_t>(parity)].add(v, seasons[t], left * left);
  });
  const auto take = [&](const PointFits& from, LrStatistics& to, bool whole) {
    to.variance = result.variance;
    for (std::size_t v = 0; v < n; ++v) {
      if (!rows.ocean[rows.point(v)]) continue;
      auto curve = from.solve(v);
      if (std::isnan(curve[0]) && whole) curve = from.leading(v, 1);
      if (std::isnan(curve[0])) continue;
      // Of so many numbers some went into the line and the mean.
      const double times = static_cast<double>(counted[v]), left = times - static_cast<double>(terms) - 1;
      for (std::size_t term = 0; term < curve.size(); ++term)
        to.variance.coefficients[term * all + rows.place(v)] = left > 0 ? curve[term] * times / left : 0;
    }
    comm.sum(std::span(to.variance.coefficients));  // a row is on one rank: exact
  };
  LrStatistics odd, even;
  take(halves[1], odd, false);
  take(halves[0], even, false);
  take(squares, result, true);
  set_chance(result, odd, even, cells);
  comm.sum(std::span(result.mean.coefficients));
  if (!with_quantiles) return result;

  // 3. The distribution, from histograms.
  std::vector<int> bins(n * kBins, 0);
  rows.each(steps, [&](std::size_t t, std::size_t v, double number) {
    const double deviation = result.deviation(rows.place(v), seasons[t]);
    const double left = deviation > 0 ? (number - product(fitted[v], line[t])) / deviation : 0;
    const double bin =
        std::clamp(std::floor((left + kReach) / kBin) + 1, 0.0, static_cast<double>(kBins - 1));
    ++bins[v * kBins + static_cast<std::size_t>(bin)];
  });
  result.quantiles.assign(all * kLrQuantiles, 0.0f);
  for (std::size_t v = 0; v < n; ++v) {
    const auto found = quantiles_of(std::span<const int>(bins).subspan(v * kBins, kBins));
    for (std::size_t q = 0; q < kLrQuantiles; ++q) result.quantiles[q * all + rows.place(v)] = found[q];
  }
  comm.sum(std::span(result.quantiles));
  return result;
}

int harmonics_of_statistics(const SampleAxis& axis, std::span<const long> steps, int of_basis) {
  const Date first = axis.centre(static_cast<std::size_t>(steps.front())),
             last = axis.centre(static_cast<std::size_t>(steps.back()));
  const long months = 12L * (last.year - first.year) + last.month - first.month + 1;
  return of_basis > 0 && months >= 120 && 10 * std::ssize(steps) >= 9 * months ? std::max(of_basis, 5)
                                                                               : of_basis;
}

BasisExtras lr_statistics_extras(const Communicator& comm, const Basis& basis, const LrStatistics& lr,
                                 BasisExtras others) {
  const auto define = [&basis, &lr, others](NetcdfFile& file, const MeshNames& mesh) {
    if (others.define) others.define(file, mesh);
    const std::string units = field_units(basis).field;
    file.define_dimension("lr_season_term", static_cast<std::size_t>(lr.variance.terms()));
    file.define_dimension("lr_quantile", kLrQuantiles);
    file.define_dimension("lr_harmonic_term", static_cast<std::size_t>(lr.mean.terms()));
    const auto variable = [&](const std::string& name, nc_type type, const std::string& leading,
                              const std::string& words, const std::string& of_unit) {
      file.define_variable(name, type, {leading, "channel", mesh.y, mesh.x});
      file.describe(name, words, of_unit);
    };
    variable("lr_training_mean", NC_DOUBLE, "lr_harmonic_term",
             "mean, cosine and sine of each annual harmonic of the LR training series", units);
    variable("lr_training_variance", NC_DOUBLE, "lr_season_term",
             "variance of its anomalies about a straight line: mean, cosine and sine of an annual harmonic",
             basis.channels() == 1 ? field_units(basis).square : "");
    file.put_numbers("", "lr_annual_chance", lr.annual_chance);
    file.put_numbers("", "lr_monthly_chance", lr.monthly_chance);
    variable("lr_training_quantile", NC_FLOAT, "lr_quantile",
             "quantiles of these anomalies over their standard deviation", "1");
  };
  const auto put = [&comm, &basis, &lr, others](NetcdfFile& file) {
    if (others.put) others.put(file);
    const auto table = [&](const std::string& name, std::size_t leading, const auto& values) {
      using T = typename std::decay_t<decltype(values)>::value_type;
      std::vector<std::size_t> count{leading, static_cast<std::size_t>(basis.channels()),
                                     static_cast<std::size_t>(basis.lr_mesh.ny()),
                                     static_cast<std::size_t>(basis.lr_mesh.nx())};
      if (!comm.is_root()) std::fill(count.begin(), count.end(), 0);
      file.put(name, {0, 0, 0, 0}, count,
               std::span<const T>(values).first(comm.is_root() ? values.size() : 0));
    };
    table("lr_training_mean", static_cast<std::size_t>(lr.mean.terms()), lr.mean.coefficients);
    table("lr_training_variance", static_cast<std::size_t>(lr.variance.terms()), lr.variance.coefficients);
    table("lr_training_quantile", kLrQuantiles, lr.quantiles);
  };
  return {define, put};
}

LrStatistics read_lr_statistics(const Communicator& comm, const Basis& basis, const std::string& path,
                                bool with_quantiles) {
  const NetcdfFile file = NetcdfFile::open(comm, path);
  if (!file.has_variable("lr_training_mean"))
    throw Error(
        ExitCode::data,
        fmt::format("{}: does not say what its LR training series is like, which another source is matched "
                    "to; make it again with podscale-basis",
                    path),
        true);
  const long values = basis.channels() * basis.lr_mesh.points();
  LrStatistics lr{{static_cast<int>(file.dimension("lr_harmonic_term").value() - 1) / 2, values,
                   file.get_all("lr_training_mean")},
                  {static_cast<int>(file.dimension("lr_season_term").value() - 1) / 2, values,
                   file.get_all("lr_training_variance")},
                  file.numbers("", "lr_annual_chance").value(),
                  file.numbers("", "lr_monthly_chance").value(),
                  {}};
  if (!with_quantiles) return lr;
  const std::vector<double> quantiles = file.get_all("lr_training_quantile");
  lr.quantiles.assign(quantiles.begin(), quantiles.end());
  return lr;
}

}  // namespace podscale
