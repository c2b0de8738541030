#include "podscale/study/paired_series.hpp"

#include <algorithm>
#include <cmath>

#include "podscale/core/error.hpp"
#include "podscale/core/log.hpp"
#include "podscale/field/value_judge.hpp"
#include "podscale/mesh/coverage.hpp"
#include "podscale/parallel/exact_sum.hpp"
#include "podscale/pod/climatology.hpp"
#include "podscale/study/blocks.hpp"

namespace podscale {
namespace {

constexpr long kBlock = 16;  // steps: fields of a block are there three times
constexpr int kMostTimesApart = 31;

/// The rows of a rank, and the means over time of their points.
class RegionMeans {
 public:
  /// Collective.
  RegionMeans(const FieldSource& source, std::vector<long> steps)
      : source_(source), steps_(std::move(steps)) {
    const Share rows = share_of(source.mesh().ny(), source.comm().size(), source.comm().rank());
    window_ = {rows.begin, rows.size(), 0, rows.size() > 0 ? source.mesh().nx() : 0};
    mean_.assign(static_cast<std::size_t>(source.channels() * window_.points()), 0.0);
    std::vector<long> count(mean_.size(), 0);
    each([&](std::size_t, std::size_t v, double number) {
      mean_[v] += number, ++count[v];
      low_ = std::min(low_, number), high_ = std::max(high_, number);
    });
    for (std::size_t v = 0; v < mean_.size(); ++v)
      mean_[v] = count[v] > 0 ? mean_[v] / static_cast<double>(count[v]) : NAN;
  }
  idx_t first_point() const { return window_.y0 * source_.mesh().nx(); }
  idx_t points() const { return window_.points(); }
  bool has_value(idx_t point) const {
    return !std::isnan(mean_[static_cast<std::size_t>(point - first_point())]);
  }
  /// Collective. [channels][steps]: means by area of the differences from the means over time,
  /// over the points in use: [points of the mesh].
  std::vector<std::vector<double>> series(std::span<const unsigned char> used) const {
    const std::size_t channels = static_cast<std::size_t>(source_.channels()),
                      n = static_cast<std::size_t>(points());
    const Communicator& comm = source_.comm();
    double widest = 0;
    std::vector<double> weight(n, 0.0);
    for (std::size_t i = 0; i < n; ++i) {
      const idx_t point = first_point() + static_cast<idx_t>(i);
      if (used[point] && source_.mesh().owner(point) == point) weight[i] = source_.mesh().area(point);
      widest = std::max(widest, weight[i]);
    }
    const double low = comm.min(low_), high = comm.max(high_),
                 bound = comm.max(widest) * std::max(1.0, high - low);
    std::vector<std::vector<double>> result(channels, std::vector<double>(steps_.size()));
    for_blocks(steps_.size(), kBlock, [&](std::size_t first, std::size_t count) {
      std::vector<double> sums(n * channels * count, 0.0),
          weights(sums.size(), 0.0);  // [points][channels][steps]
      read(first, count, [&](std::size_t t, std::size_t v, double number) {
        const std::size_t at = (v % n * channels + v / n) * count + t - first;
        sums[at] = weight[v % n] * (number - mean_[v]), weights[at] = weight[v % n];
      });
      ExactSum sum(channels * count, bound, source_.mesh().points()),
          area(channels * count, bound, source_.mesh().points());
      for (std::size_t i = 0; i < n; ++i) {
        sum.add(std::span<const double>(sums).subspan(i * channels * count, channels * count));
        area.add(std::span<const double>(weights).subspan(i * channels * count, channels * count));
      }
      const auto all = sum.reduce(comm, "means over the region"),
                 areas = area.reduce(comm, "areas of the region");
      for (std::size_t c = 0; c < channels; ++c)
        for (std::size_t t = 0; t < count; ++t)
          result[c][first + t] = areas[c * count + t] > 0 ? all[c * count + t] / areas[c * count + t] : 0;
    });
    return result;
  }

 private:
  template <class Work>
  void read(std::size_t first, std::size_t count, const Work& work) const {
    std::vector<float> fields(mean_.size() * count);
    source_.read(window_, std::span(steps_).subspan(first, count), fields);
    for (std::size_t i = 0; i < fields.size(); ++i)
      if (!std::isnan(fields[i]))
        work(first + i / mean_.size(), i % mean_.size(), static_cast<double>(fields[i]));
  }
  template <class Work>
  void each(const Work& work) const {
    for_blocks(steps_.size(), kBlock,
               [&](std::size_t first, std::size_t count) { read(first, count, work); });
  }
  const FieldSource& source_;
  std::vector<long> steps_;
  Window window_;
  std::vector<double> mean_;  // [channels][points of the window]
  double low_ = 1e300, high_ = -1e300;
};

}  // namespace

bool PairedMeans::unrelated() const {
  return !anomalies.above_zero(0.975) && !innovations.above_zero(0.975) && anomalies.upper(0.95) < 0.8 &&
         innovations.upper(0.95) < 0.5;
}

double TimesApart::clear(double least) const {
  const auto unexplained = [](const Correlation& of) { return 1 - of.r * std::max(0.0, of.r); };
  // Smooth fields of neighbouring days have most in common.
  const bool better = there.r >= instead.r + 0.25 || unexplained(there) < 0.5 * unexplained(instead);
  if (there.r < least || !better || there.samples < 12) return 0;
  const auto z = [](double r) { return std::atanh(std::clamp(r, -1 + 1e-15, 1 - 1e-15)); };
  return (z(there.r) - z(instead.r)) * std::sqrt(there.samples - 3);
}

bool PairedMeans::drifts() const {
  const double first = begin.clear(0.3), last = end.clear(0.3);
  return begin.late != end.late && std::min(first, last) >= 3 &&
         first * first + last * last >= 2 * sure * sure;
}

namespace {

/// Of two series of innovations at the same times; lost: as correlation().
class Lagged {
 public:
  /// most: times that are searched, before and after.
  Lagged(std::span<const double> hr, std::span<const double> lr, int lost, int most)
      : hr_(hr), lr_(lr), lost_(lost), most_(std::min(most, static_cast<int>(hr.size() / 8))) {}
  Correlation at(int late) const {
    const std::size_t n = static_cast<std::size_t>(std::abs(late));
    if (n >= hr_.size()) return {};
    const auto first = [n](auto x) { return x.first(x.size() - n); };
    const auto rest = [n](auto x) { return x.subspan(n); };
    return late > 0 ? correlation(rest(hr_), first(lr_), lost_) : correlation(first(hr_), rest(lr_), lost_);
  }
  /// Where r is highest.
  TimesApart best(bool also_paired) const {
    TimesApart best{0, {-2, 0}, {}};
    for (int late = -most_; late <= most_; ++late)
      if (also_paired || late != 0)
        if (const Correlation r = at(late); r.r > best.there.r) best = {late, r, {}};
    return best;
  }

 private:
  std::span<const double> hr_, lr_;
  int lost_, most_;
};

}  // namespace

PairedMeans compare_means(std::vector<double> hr, std::vector<double> lr, const std::vector<double>& phases,
                          const std::vector<double>& years) {
  const double length = years.back() - years.front();
  // Whatever else both have in common each year would pass for a relation.
  const int harmonics = std::min(length < 1 ? 0 : length < 3 ? 2 : 5, static_cast<int>(years.size() / 8));
  std::vector<double> columns;
  for (std::size_t t = 0; t < years.size(); ++t) {
    const auto season = harmonic_basis(phases[t], harmonics);
    columns.insert(columns.end(), season.begin(), season.end());
    columns.push_back(years[t] - years.front() - 0.5 * length);
  }
  const int count = 2 + 2 * harmonics;
  remove_fit(hr, columns, count);
  remove_fit(lr, columns, count);
  const std::vector<double> of_hr = innovations(hr), of_lr = innovations(lr);
  const std::size_t n = of_hr.size(), end = std::min<std::size_t>(n / 3, 1000);
  // Of parts of a day the daily cycle has most, whose phase LR need not have.
  const bool parts_of_a_day = n > 0 && length * 365.25 < 0.75 * static_cast<double>(n);
  const auto part = [&](std::size_t begin, std::size_t size, int lost) {
    return Lagged(std::span(of_hr).subspan(begin, size), std::span(of_lr).subspan(begin, size), lost,
                  parts_of_a_day ? 1 : kMostTimesApart);
  };
  PairedMeans means{correlation(hr, lr, count), part(0, n, count).at(0), {}, {}, {}};
  means.whole = part(0, n, count).best(false);
  means.whole.instead = means.innovations;
  if (parts_of_a_day) return means;
  const Lagged of_begin = part(0, end, count / 3), of_end = part(n - end, end, count / 3);
  means.begin = of_begin.best(true), means.end = of_end.best(true);
  means.begin.instead = of_begin.at(means.end.late), means.end.instead = of_end.at(means.begin.late);
  return means;
}

std::vector<PairedMeans> compare_series(const StudySeries& study, const std::vector<StepPair>& pairs,
                                        const StudyYear& year) {
  const Communicator& comm = study.hr.comm();
  const RegionMeans hr(study.hr, hr_steps(pairs)), lr(study.lr, lr_steps(pairs));
  std::vector<unsigned char> everywhere(study.hr.mesh().points(), 1), cells(study.lr.mesh().points(), 0);
  comm.agree([&] {
    const auto cell = cell_finder(study.lr.mesh(), study.hr.mesh());
    for (idx_t p = hr.first_point(); p < hr.first_point() + hr.points(); ++p)
      if (hr.has_value(p) && study.hr.mesh().owner(p) == p)
        if (const idx_t of = cell(p); of >= 0) cells[of] = 1;
  });
  comm.max(std::span(cells));
  const auto of_hr = hr.series(everywhere), of_lr = lr.series(cells);
  std::vector<double> phases, years;
  for (const StepPair& pair : pairs) {
    const SampleAxis& axis = study.hr.times();
    const auto step = static_cast<std::size_t>(pair.a);
    const Date date = axis.centre(step);
    phases.push_back(year.at(axis, step));
    years.push_back(date.year + year_fraction(axis.calendar, date));
  }
  std::vector<PairedMeans> found;
  for (std::size_t c = 0; c < std::min(of_hr.size(), of_lr.size()); ++c)
    found.push_back(compare_means(of_hr[c], of_lr[c], phases, years));
  return found;
}

namespace {

/// From one pair to the next, as most of them are.
long lr_steps_apart(const std::vector<StepPair>& pairs) {
  std::vector<long> apart;
  for (std::size_t i = 1; i < pairs.size(); ++i) apart.push_back(pairs[i].b - pairs[i - 1].b);
  if (apart.empty()) return 1;
  std::nth_element(apart.begin(), apart.begin() + std::ssize(apart) / 2, apart.end());
  return apart[apart.size() / 2];
}

}  // namespace

void require_paired(const DataOptions& options, const StudySeries& study, const std::vector<StepPair>& pairs,
                    const StudyYear& year, std::optional<std::span<const long>> lags) {
  const auto found = compare_series(study, pairs, year);
  const PairedMeans& means = found.front();
  const auto all = [&](const auto& have) { return std::all_of(found.begin(), found.end(), have); };
  if (all([](const PairedMeans& of) { return of.drifts(); })) {
    const auto place = [](int late) {
      return late == 0  ? std::string("of the same time")
             : late > 0 ? fmt::format("{} times before", late)
                        : fmt::format("{} times after", -late);
    };
    doubt(options.doubts,
          fmt::format("data.train: the dates of {} and {} drift apart: changes of the means over the region "
                      "go best with LR {} at the beginning ({:.2f}), with LR {} at the end ({:.2f}; {:.2f} "
                      "with the first)",
                      study.hr.describe(), study.lr.describe(), place(means.begin.late), means.begin.there.r,
                      place(means.end.late), means.end.there.r, means.end.instead.r),
          "expected one clock: a series of 365-day years that has lost time:calendar does so; give it "
          "back (ncatted -a calendar,time,o,c,noleap), or look for steps that are missing in one of them");
    return;
  }
  const int shifted = means.shifted();
  if (shifted != 0 && all([&](const PairedMeans& of) { return of.shifted() == shifted; })) {
    const char *late = shifted > 0 ? "hr" : "lr", *early = shifted > 0 ? "lr" : "hr";
    const FieldSource &late_one = shifted > 0 ? study.hr : study.lr,
                      &early_one = shifted > 0 ? study.lr : study.hr;
    const int times = std::abs(shifted);
    const std::string what = fmt::format(
        "data.train: {} goes with the time {}before of {}: changes of the means over the region correlate by "
        "{:.2f} so, by {:.2f} as paired",
        late_one.describe(), times > 1 ? fmt::format("{} steps ", times) : "", early_one.describe(),
        means.whole.there.r, means.innovations.r);
    std::string cure = "expected the same events at the same time: ";
    if (times > 1)
      cure += "correct the reference date or the calendar of one of them (time:units, time:calendar)";
    else
      cure += fmt::format(
          "if its stamps are the ends of its steps set data.{}_stamps = 'end', if the other one's are their "
          "beginnings data.{}_stamps = 'begin'",
          late, early);
    const long lag = -shifted * lr_steps_apart(pairs);
    // The regression finds a time that it is given.
    if (!lags)
      log::warn("{}; {}; if LR tells so early or late, base.lags that hold {}", what, cure, lag);
    else if (std::find(lags->begin(), lags->end(), lag) != lags->end())
      log::warn("{}; {}; base.lags holds {}, the time that fits", what, cure, lag);
    else
      doubt(options.doubts, what,
            fmt::format("{}, if LR tells so early or late give base.lags that hold {}", cure, lag));
    return;
  }
  if (!all([](const PairedMeans& of) { return of.unrelated(); })) return;
  doubt(
      options.doubts,
      fmt::format(
          "data.train: {} and {} have their dates in common, but not what happened at them: the means over "
          "the region, season and trend taken off, correlate by {:.2f} ({:.0f} independent times), their "
          "changes from one time to the next by {:.2f} ({:.0f})",
          study.hr.describe(), study.lr.describe(), means.anomalies.r, means.anomalies.samples,
          means.innovations.r, means.innovations.samples),
      "expected series of the same events: of a free-running model nothing can be learnt so; train on "
      "data.lr_source = 'coarsen' or on a reanalysis (data.lr_files), and give the model to podscale-downscale as "
      "data.apply_files");
}

}  // namespace podscale
