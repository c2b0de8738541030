#include "podscale/verify/time_mean_calibration.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "podscale/core/on_this_rank.hpp"

namespace podscale {
namespace {

constexpr std::array<long, 3> kLags = {1, 5, 10};

/// Means are a quarter of their length apart.
long apart(long cells) {
  return std::max(1l, cells / 4);
}

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

}  // namespace

TimeMeanCalibration::TimeMeanCalibration(std::vector<Product> products, std::vector<VerifiedSystem> systems,
                                         std::vector<long> cells, const BootstrapOptions& bootstrap,
                                         double block_cells, long channel)
    : ScoreFamily(std::move(systems), std::ssize(cells), 0),
      products_(std::move(products)),
      cells_(std::move(cells)),
      bootstrap_(bootstrap),
      block_cells_(block_cells),
      channel_(channel) {
  rows_ = ScoredRows::whole(products_.front().factors->region());
}

std::optional<std::pair<double, double>> TimeMeanCalibration::judge(std::size_t product,
                                                                    std::size_t functional, long from,
                                                                    long to) const {
  const Kept& kept = kept_[product];
  const std::size_t first = kept.first[functional], own = kept.time[functional].patch.size();
  std::vector<std::size_t> times;
  for (auto t = std::lower_bound(cells_.begin(), cells_.end(), from); t != cells_.end() && *t < to; ++t) {
    const std::size_t time = static_cast<std::size_t>(t - cells_.begin());
    if (values_at(time)[first] > 0) times.push_back(time);
  }
  if (4 * std::ssize(times) < 3 * (to - from)) return std::nullopt;
  TimeFunctional sum(kept.time[functional], products_[product].factors->columns());
  double error = 0;
  for (const std::size_t t : times) {
    const auto at = values_at(t).subspan(first);
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

/// At a point: squares and products of truth less mean, of members less mean, and by the factors
/// (from latents).
std::array<double, 6> TimeMeanCalibration::lagged(std::size_t product, std::size_t functional,
                                                  long lag) const {
  const Kept& kept = kept_[product];
  const bool latents = products_[product].factors->columns() == Columns::latents;
  const std::size_t first = kept.first[functional];
  const TimeCovariance& time = kept.time[functional];
  std::array<double, 6> sums{};
  std::vector<double> rho(kept.shared + time.patch.size());
  const double distance = static_cast<double>(lag) * time.lattice.step();
  for (std::size_t c = 0; latents && c < rho.size(); ++c)
    rho[c] = c < kept.shared ? time.global[c].at(distance) : time.patch[c - kept.shared].at(distance);
  std::size_t later = 0;
  for (std::size_t t = 0; t < cells_.size(); ++t) {
    while (later < cells_.size() && cells_[later] < cells_[t] + lag) ++later;
    if (later == cells_.size()) break;
    if (cells_[later] != cells_[t] + lag) continue;
    const auto a = values_at(t).subspan(first), b = values_at(later).subspan(first);
    if (a[0] == 0 || b[0] == 0) continue;
    const auto add = [&](std::size_t what, double x, double y, double factor = 1) {
      sums[2 * what] += 0.5 * (x * x + y * y);
      sums[2 * what + 1] += factor * x * y;
    };
    add(0, a[1], b[1]);
    for (std::size_t m = 0; m < kept.members; ++m) add(1, a[kHead + m], b[kHead + m]);
    if (!latents) continue;
    add(2, std::sqrt(a[2]), std::sqrt(b[2]), time.truncation.at(distance));
    for (std::size_t c = 0; c < rho.size(); ++c)
      add(2, a[kHead + kept.members + c], b[kHead + kept.members + c], rho[c]);
  }
  return sums;
}

long TimeMeanCalibration::windows(long cells) const {
  const long span = cells_.back() + 1 - cells - cells_.front();
  return span < 0 ? 0 : span / apart(cells) + 1;
}

/// Of a place: [windows of each length][error, variance of the mean, of single times], then of the
/// lags.
std::size_t TimeMeanCalibration::values_of_place() const {
  std::size_t values = kLags.size() * 6;
  for (const auto& [cells, name] : lengths_of(products_.front().factors->time().lattice))
    values += static_cast<std::size_t>(windows(cells)) * 4;
  return values;
}

void TimeMeanCalibration::reduce(const Communicator& comm, const Communicator& peers) {
  // 1. What this rank's rows say, of all times.
  comm.agree([&] { on_this_rank([&] { prepare(); }); });  // of ranks without a time
  sums_.reduce(peers);
  // 2. What its places are worth; each place is one rank's.
  const std::size_t each = values_of_place();
  std::size_t places = 0;
  for (const Kept& kept : kept_) places += kSides.size() * kept.of_side;
  found_.assign(places * each, 0.0);
  places = 0;
  for (std::size_t p = 0; p < kept_.size(); ++p) {
    const Kept& kept = kept_[p];
    for (std::size_t f = 0; f < kept.set.size() && peers.is_root(); ++f) {
      double* at = found_.data() + (places + kept.place[f]) * each;
      for (const auto& [cells, name] : lengths_of(products_.front().factors->time().lattice))
        for (long w = 0; w < windows(cells); ++w, at += 4) {
          const long from = cells_.front() + w * apart(cells);
          const auto of_mean = judge(p, f, from, from + cells);
          if (!of_mean) continue;
          at[0] = of_mean->first;
          at[1] = of_mean->second;
          for (long cell = from; cell < from + cells; ++cell)
            if (const auto single = cells == 1 ? of_mean : judge(p, f, cell, cell + 1)) {
              at[2] += single->first;
              at[3] += single->second;
            }
        }
      if (kSides[kept.side[f]] != 1) continue;
      for (const long lag : kLags) {
        const auto sums = lagged(p, f, lag);
        at = std::copy(sums.begin(), sums.end(), at);
      }
    }
    places += kSides.size() * kept.of_side;
  }
  for (double& value : found_) value += 0.0;
  comm.sum(std::span<double>(found_));
}

std::vector<std::array<double, 4>> TimeMeanCalibration::windows_of(std::size_t product, std::size_t side,
                                                                   std::size_t length) const {
  const auto lengths = lengths_of(products_.front().factors->time().lattice);
  std::size_t first = 0, before = 0;
  for (std::size_t l = 0; l < length; ++l) first += static_cast<std::size_t>(windows(lengths[l].first)) * 4;
  for (std::size_t p = 0; p < product; ++p) before += kSides.size() * kept_[p].of_side;
  std::vector<std::array<double, 4>> out(static_cast<std::size_t>(windows(lengths[length].first)),
                                         std::array<double, 4>{});
  for (std::size_t i = 0; i < kept_[product].of_side; ++i) {
    const double* at =
        found_.data() + (before + side * kept_[product].of_side + i) * values_of_place() + first;
    for (auto& sums : out)
      for (double& sum : sums) sum += *at++;
  }
  return out;
}

std::vector<double> TimeMeanCalibration::autocorrelation(std::size_t product, std::size_t lag) const {
  std::size_t before = 0;
  for (std::size_t p = 0; p < product; ++p) before += kSides.size() * kept_[p].of_side;
  std::array<double, 6> sums{};
  for (std::size_t i = 0; i < kept_[product].of_side; ++i) {  // the places of points come first
    const double* at = found_.data() + (before + i + 1) * values_of_place() - 6 * (kLags.size() - lag);
    for (double& sum : sums) sum += *at++;
  }
  std::vector<double> result;
  for (std::size_t what = 0; what < 3; ++what) result.push_back(quotient(sums[2 * what + 1], sums[2 * what]));
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
        const long cells = lengths[l].first;
        const auto windows = windows_of(p, s, l);  // error, variance of the means and of single times
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
        options.block = std::max(1l, std::lround(std::max(block_cells_, static_cast<double>(cells)) /
                                                 static_cast<double>(apart(cells))));
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
      const auto r = autocorrelation(p, l);
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
