#include "podscale/verify/time_mean_calibration.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

namespace podscale {
namespace {

constexpr std::array<long, 2> kSides = {1, 8};
constexpr std::array<long, 3> kLags = {1, 5, 10};
constexpr std::size_t kMostValues = 8u << 20;  // kept a rank: 64 MiB
constexpr std::size_t kHead = 3;               // has a value, error, truncation

/// Lengths of means in cells, and their names.
std::vector<std::pair<long, std::string>> lengths_of(const TimeLattice& lattice) {
  if (lattice.months) return {{1, "1 month"}, {3, "3 months"}, {12, "a year"}};
  const auto cells = [&](long days) {
    return std::max(1l, std::lround(static_cast<double>(days) / lattice.step()));
  };
  std::vector<std::pair<long, std::string>> list{{1, "single"}};
  for (const long days : {7, 30, 90})
    if (cells(days) > list.back().first) list.emplace_back(cells(days), fmt::format("{} days", days));
  return list;
}

/// work(functional) for boxes of a side around places evenly spread, `per_side` in each direction;
/// three quarters ocean.
template <class Work>
void for_boxes(const Basis& basis, long channel, long side, long per_side, const Work& work) {
  const Mesh& mesh = basis.mesh;
  const std::size_t points = static_cast<std::size_t>(mesh.points());
  if (mesh.ny() < side || mesh.nx() < side) return;
  for (long j = 0; j < per_side; ++j)
    for (long i = 0; i < per_side; ++i) {
      const long y0 = (mesh.ny() - side) * (2 * j + 1) / (2 * per_side),
                 x0 = (mesh.nx() - side) * (2 * i + 1) / (2 * per_side);
      Functional f{"", std::vector<double>(points * static_cast<std::size_t>(basis.channels()), 0.0)};
      double total = 0;
      long ocean = 0;
      for (long y = y0; y < y0 + side; ++y)
        for (long x = x0; x < x0 + side; ++x) {
          const std::size_t at = static_cast<std::size_t>(y * mesh.nx() + x);
          const double weight = mesh.area_weight(y, x);
          if (!basis.ocean[at] || !(weight > 0)) continue;
          f.weights[static_cast<std::size_t>(channel) * points + at] = weight;
          total += weight;
          ++ocean;
        }
      if (4 * ocean < 3 * side * side) continue;
      for (double& w : f.weights) w /= total;
      work(f);
    }
}

}  // namespace

TimeMeanCalibration::Kept TimeMeanCalibration::functionals_of(const Product& product, long channel,
                                                              std::size_t members, std::size_t room,
                                                              std::size_t* width) {
  const FactorReader& factors = *product.factors;
  const Basis& basis = factors.basis();
  const std::size_t k = static_cast<std::size_t>(basis.modes);
  const std::size_t shared = static_cast<std::size_t>(factors.read_shared(product.steps.front())->shared);
  // As many as there is room for; the widest takes about four patches.
  const std::size_t each = kHead + members + shared + 4 * k;
  const double places = static_cast<double>(room) / static_cast<double>(each * kSides.size());
  const long per_side = std::clamp(static_cast<long>(std::sqrt(places)), 1l, 6l);
  Kept kept{FunctionalSet(basis, {}), {}, {}, {}, {}, {}, shared, members};
  for (std::size_t s = 0; s < kSides.size(); ++s)
    for_boxes(basis, channel, kSides[s], per_side, [&](const Functional& f) {
      kept.set.add(f);
      kept.side.push_back(s);
      auto& weights = kept.weights.emplace_back();
      for (std::size_t i = 0; i < f.weights.size(); ++i)
        if (f.weights[i] != 0) weights.emplace_back(i % static_cast<std::size_t>(basis.mesh.points()), f.weights[i]);
      std::vector<double> folded = f.weights;
      basis.fold(folded, 1);
      std::vector<std::size_t> touched;
      TimeCovariance time{factors.time().lattice, {}, factors.time().global, factors.time().truncation,
                          factors.time().reason};
      for (std::size_t p = 0; factors.columns() == Columns::latents && p < basis.patches.mine.size(); ++p) {
        const auto& points = basis.patches.mine[p].points;
        if (std::none_of(points.begin(), points.end(),
                         [&](long point) { return folded[static_cast<std::size_t>(point)] != 0; }))
          continue;
        touched.push_back(p);
        const auto own = factors.time().patch.begin() + static_cast<long>(p * k);
        time.patch.insert(time.patch.end(), own, own + static_cast<long>(k));
      }
      kept.first.push_back(*width);
      *width += kHead + members + shared + touched.size() * k;
      kept.patches.push_back(std::move(touched));
      kept.time.push_back(std::move(time));
    });
  return kept;
}

TimeMeanCalibration::AllKept TimeMeanCalibration::all_kept(const std::vector<Product>& products,
                                                           const std::vector<VerifiedSystem>& systems,
                                                           long times, long channel) {
  AllKept all;
  for (const Product& product : products)
    all.of_products.push_back(
        functionals_of(product, channel, static_cast<std::size_t>(systems[product.system].members),
                       kMostValues / products.size() / static_cast<std::size_t>(std::max(1l, times)), &all.width));
  return all;
}

TimeMeanCalibration::TimeMeanCalibration(std::vector<Product> products, std::vector<VerifiedSystem> systems,
                                         std::vector<long> cells, const BootstrapOptions& bootstrap,
                                         double block_cells, long channel)
    : TimeMeanCalibration(all_kept(products, systems, std::ssize(cells), channel), products, systems, cells,
                          bootstrap, block_cells) {}

TimeMeanCalibration::TimeMeanCalibration(AllKept kept, std::vector<Product> products,
                                         std::vector<VerifiedSystem> systems, std::vector<long> cells,
                                         const BootstrapOptions& bootstrap, double block_cells)
    : ScoreFamily(std::move(systems), std::ssize(cells), kept.width),
      products_(std::move(products)),
      cells_(std::move(cells)),
      bootstrap_(bootstrap),
      block_cells_(block_cells),
      kept_(std::move(kept.of_products)) {}

void TimeMeanCalibration::add(const ScoredTime& fields) {
  const auto sums = sums_.at(fields.time);
  const std::size_t points = fields.weights.size();
  for (std::size_t n = 0; n < products_.size(); ++n) {
    const Product& product = products_[n];
    const Kept& kept = kept_[n];
    const Basis& basis = product.factors->basis();
    const std::size_t k = static_cast<std::size_t>(basis.modes);
    const auto forecast = product.factors->read_shared(product.steps[static_cast<std::size_t>(fields.time)]);
    const Forecast& own = fields.forecasts[product.system];
    const std::vector<double> nothing(static_cast<std::size_t>(basis.points()), 0.0);
    for (std::size_t f = 0; f < kept.set.size(); ++f) {
      double* at = sums.data() + kept.first[f];
      bool complete = true;
      double error = 0;
      std::vector<double> members(kept.members, 0.0);
      for (const auto& [point, weight] : kept.weights[f]) {
        complete = complete && fields.weights[point] > 0;
        if (!complete) break;
        error += weight * (static_cast<double>(fields.truth[point]) - static_cast<double>(own.mean[point]));
        for (std::size_t m = 0; m < members.size(); ++m)
          members[m] += weight * (static_cast<double>(own.members[m * points + point]) -
                                  static_cast<double>(own.mean[point]));
      }
      if (!complete) continue;
      const FunctionalTerms terms = kept.set.terms(f, *forecast, 1, nothing);
      *at++ = 1;
      *at++ = error / product.scale;
      *at++ = terms.truncation;
      for (const double member : members) *at++ = member / product.scale;
      at = std::copy(terms.shared.begin(), terms.shared.end(), at);
      for (const std::size_t p : kept.patches[f])
        at = std::copy_n(terms.own.begin() + static_cast<long>(p * k), k, at);
    }
  }
}

std::optional<std::pair<double, double>> TimeMeanCalibration::judge(std::size_t product,
                                                                    std::size_t functional, long from,
                                                                    long to) const {
  const Kept& kept = kept_[product];
  const std::size_t first = kept.first[functional], own = kept.time[functional].patch.size();
  std::vector<std::size_t> times;
  for (auto t = std::lower_bound(cells_.begin(), cells_.end(), from); t != cells_.end() && *t < to; ++t) {
    const std::size_t time = static_cast<std::size_t>(t - cells_.begin());
    if (sums_.at(static_cast<long>(time))[first] > 0) times.push_back(time);
  }
  if (4 * std::ssize(times) < 3 * (to - from)) return std::nullopt;
  TimeFunctional sum(kept.time[functional], products_[product].factors->columns());
  double error = 0;
  for (const std::size_t t : times) {
    const auto at = sums_.at(static_cast<long>(t)).subspan(first);
    const auto columns = at.subspan(kHead + kept.members);
    FunctionalTerms terms;
    terms.truncation = at[2];
    terms.shared.assign(columns.begin(), columns.begin() + static_cast<long>(kept.shared));
    terms.own.assign(columns.begin() + static_cast<long>(kept.shared),
                     columns.begin() + static_cast<long>(kept.shared + own));
    sum.add(cells_[t], 1 / static_cast<double>(times.size()), terms);
    error += at[1] / static_cast<double>(times.size());
  }
  return std::pair{error * error, sum.value().variance};
}

/// At points: of truth less mean, of members less mean, and by the factors (from latents).
std::vector<double> TimeMeanCalibration::autocorrelation(std::size_t product, long lag) const {
  const Kept& kept = kept_[product];
  double squares[3] = {}, products[3] = {};
  const bool latents = products_[product].factors->columns() == Columns::latents;
  for (std::size_t f = 0; f < kept.set.size(); ++f) {
    if (kSides[kept.side[f]] != 1) continue;
    const std::size_t first = kept.first[f];
    const TimeCovariance& time = kept.time[f];
    std::vector<double> rho(kept.shared + time.patch.size());
    const double distance = static_cast<double>(lag) * time.lattice.step();
    for (std::size_t c = 0; latents && c < rho.size(); ++c)
      rho[c] = c < kept.shared ? time.global[c].at(distance) : time.patch[c - kept.shared].at(distance);
    std::size_t later = 0;
    for (std::size_t t = 0; t < cells_.size(); ++t) {
      while (later < cells_.size() && cells_[later] < cells_[t] + lag) ++later;
      if (later == cells_.size()) break;
      if (cells_[later] != cells_[t] + lag) continue;
      const auto a = sums_.at(static_cast<long>(t)).subspan(first),
                 b = sums_.at(static_cast<long>(later)).subspan(first);
      if (a[0] == 0 || b[0] == 0) continue;
      const auto add = [&](std::size_t what, double x, double y, double factor = 1) {
        squares[what] += 0.5 * (x * x + y * y);
        products[what] += factor * x * y;
      };
      add(0, a[1], b[1]);
      for (std::size_t m = 0; m < kept.members; ++m) add(1, a[kHead + m], b[kHead + m]);
      if (!latents) continue;
      add(2, std::sqrt(a[2]), std::sqrt(b[2]), time.truncation.at(distance));
      for (std::size_t c = 0; c < rho.size(); ++c)
        add(2, a[kHead + kept.members + c], b[kHead + kept.members + c], rho[c]);
    }
  }
  std::vector<double> result;
  for (int what = 0; what < 3; ++what) result.push_back(quotient(products[what], squares[what]));
  return result;
}

ScoreSection TimeMeanCalibration::section(const ScoreUnits&) const {
  const TimeLattice& lattice = products_.front().factors->time().lattice;
  const auto lengths = lengths_of(lattice);
  const std::size_t n = products_.size();
  ScoreSection section;
  section.axes = {
      {"box_side", "1", "points a side", {kSides.begin(), kSides.end()}},
      {"mean_length",
       "1",
       fmt::format("length of a mean, in cells of {:g} {}", lattice.step(), lattice.unit()),
       {}},
      {"timed_product", "1", "products whose factors know how errors persist, numbered as systems", {}},
      {"mean_bound", "1", "0: the value, 1 and 2: ends of its confidence interval", {0, 1, 2}},
      {"error_lag", "1", "lag of an autocorrelation, in the same cells", {kLags.begin(), kLags.end()}}};
  for (const auto& [cells, name] : lengths) section.axes[1].values.push_back(static_cast<double>(cells));
  for (const Product& product : products_)
    section.axes[2].values.push_back(static_cast<double>(product.system));
  section.text = fmt::format(
      "\nmeans over time from the factors: squared error over variance, relative to single times (ideal 1), with "
      "{:.0f} % intervals\n{:<34} {:>7}",
      100 * bootstrap_.level, "", lengths[0].second);
  for (std::size_t l = 1; l < lengths.size(); ++l) section.text += fmt::format(" {:>9}", lengths[l].second);
  section.text += '\n';
  std::vector<double> ratios(kSides.size() * lengths.size() * n, undefined),
      relative(ratios.size() * 3, undefined);
  for (std::size_t p = 0; p < n; ++p)
    for (std::size_t s = 0; s < kSides.size(); ++s) {
      std::array<std::string, 3> rows = {
          fmt::format("{:<34}",
                      products_[p].name +
                          (kSides[s] == 1 ? ", points" : fmt::format(", boxes of {0} x {0}", kSides[s]))),
          fmt::format("{:<34}", "  from"), fmt::format("{:<34}", "  to")};
      for (std::size_t l = 0; l < lengths.size(); ++l) {
        // Means a quarter of their length apart, and as many single times for comparison.
        const long cells = lengths[l].first, apart = std::max(1l, cells / 4);
        std::vector<std::array<double, 4>> windows;  // error, variance of the means and of single times
        for (long from = cells_.front(); from + cells <= cells_.back() + 1; from += apart) {
          std::array<double, 4> sums{};
          for (std::size_t f = 0; f < kept_[p].set.size(); ++f) {
            if (kept_[p].side[f] != s) continue;
            const auto of_mean = judge(p, f, from, from + cells);
            if (!of_mean) continue;
            sums[0] += of_mean->first;
            sums[1] += of_mean->second;
            for (long cell = from; cell < from + cells; ++cell)
              if (const auto single = cells == 1 ? of_mean : judge(p, f, cell, cell + 1)) {
                sums[2] += single->first;
                sums[3] += single->second;
              }
          }
          windows.push_back(sums);
        }
        const auto ratio = [&](std::span<const long> which, std::size_t at) {
          double error = 0, variance = 0;
          for (const long w : which) {
            error += windows[static_cast<std::size_t>(w)][at];
            variance += windows[static_cast<std::size_t>(w)][at + 1];
          }
          return quotient(error, variance);
        };
        std::vector<long> all(windows.size());
        std::iota(all.begin(), all.end(), 0l);
        const std::size_t at = (s * lengths.size() + l) * n + p;
        ratios[at] = ratio(all, 0);
        BootstrapOptions options = bootstrap_;
        options.block = std::max(
            1l, std::lround(std::max(block_cells_, static_cast<double>(cells)) / static_cast<double>(apart)));
        Interval interval{undefined, undefined, undefined};
        if (!windows.empty())
          interval = bootstrap(std::ssize(windows), options, [&](std::span<const long> which) {
            return ratio(which, 0) / ratio(which, 2);
          });
        const double bounds[] = {interval.estimate, interval.low, interval.high};
        std::copy_n(bounds, 3, relative.begin() + static_cast<long>(at * 3));
        for (std::size_t b = 0; b < 3; ++b)  // the first column is the ratio itself
          rows[b] += l > 0    ? fmt::format(" {:>9}", score_cell(bounds[b], 3))
                     : b == 0 ? fmt::format(" {:>7}", score_cell(ratios[at], 3))
                              : fmt::format(" {:>7}", "");
      }
      for (const std::string& row : rows) section.text += row + '\n';
    }
  const std::string method = bootstrap_method(bootstrap_);
  section.add("time_mean_ratio", "box_side mean_length timed_product", "1",
              "mean squared error of means over time over their mean variance", ratios);
  section.add("time_mean_relative", "box_side mean_length timed_product mean_bound", "1",
              "time_mean_ratio over that of the single times in them, and the ends of its interval", relative,
              method);

  section.text += fmt::format("\nautocorrelation at points, lags of {} {}s\n{:<34}",
                              fmt::format("{}, {} and {}", kLags[0], kLags[1], kLags[2]),
                              lattice.seconds == 86400 ? "day"
                              : lattice.months         ? "month"
                                                       : "step",
                              "");
  for (const char* what : {"truth - mean", "member - mean", "factors"})
    section.text += fmt::format(" {:>20}", what);
  section.text += '\n';
  std::vector<double> found[3];
  for (auto& values : found) values.resize(kLags.size() * n);
  for (std::size_t p = 0; p < n; ++p) {
    std::string cells[3];
    for (std::size_t l = 0; l < kLags.size(); ++l) {
      const auto r = autocorrelation(p, kLags[l]);
      for (std::size_t what = 0; what < 3; ++what) {
        found[what][l * n + p] = r[what];
        cells[what] += (l > 0 ? " " : "") + fmt::format("{:>5}", score_cell(r[what], 2));
      }
    }
    section.text +=
        fmt::format("{:<34} {:>20} {:>20} {:>20}\n", products_[p].name, cells[0], cells[1], cells[2]);
  }
  const char* names[][2] = {
      {"error_autocorrelation", "autocorrelation of truth less mean at points"},
      {"member_autocorrelation", "autocorrelation of members less mean at points"},
      {"factor_autocorrelation", "autocorrelation of the error at points by the factors"}};
  for (int what = 0; what < 3; ++what)
    section.add(names[what][0], "error_lag timed_product", "1", names[what][1], found[what]);
  return section;
}

}  // namespace podscale
