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
  /// Collective. [channels][steps]: means by area of the differences from the means over time, over
  /// the points in use: [points of the mesh].
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

int PairedMeans::shifted() const {
  const Correlation& best = hr_late.r > lr_late.r ? hr_late : lr_late;
  if (best.r < 0.5 || best.r < innovations.r + 0.25 || best.samples < 12) return 0;
  const auto z = [](double r) { return std::atanh(std::clamp(r, -1 + 1e-15, 1 - 1e-15)); };
  if ((z(best.r) - z(innovations.r)) * std::sqrt(best.samples - 3) < 4) return 0;
  return &best == &hr_late ? 1 : -1;
}

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
  const auto first = [](const std::vector<double>& x) { return std::span(x).first(x.size() - 1); };
  const auto rest = [](const std::vector<double>& x) { return std::span(x).subspan(1); };
  PairedMeans means{correlation(hr, lr, count), correlation(of_hr, of_lr, count), {}, {}};
  if (of_hr.size() > 1)
    means.hr_late = correlation(rest(of_hr), first(of_lr), count),
    means.lr_late = correlation(first(of_hr), rest(of_lr), count);
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

void require_paired(const DataOptions& options, const StudySeries& study, const std::vector<StepPair>& pairs,
                    const StudyYear& year, std::span<const long> lags) {
  const auto found = compare_series(study, pairs, year);
  const int shifted = found.front().shifted();
  if (shifted != 0 && std::all_of(found.begin(), found.end(),
                                  [&](const PairedMeans& means) { return means.shifted() == shifted; })) {
    const Correlation& best = shifted > 0 ? found.front().hr_late : found.front().lr_late;
    const char *late = shifted > 0 ? "hr" : "lr", *early = shifted > 0 ? "lr" : "hr";
    const std::string what = fmt::format(
        "data.train: {} goes with the time before of {}: changes of the means over the region correlate by "
        "{:.2f} so, by {:.2f} as paired",
        (shifted > 0 ? study.hr : study.lr).describe(), (shifted > 0 ? study.lr : study.hr).describe(),
        best.r, found.front().innovations.r);
    const std::string cure = fmt::format(
        "expected the same events at the same time: if its stamps are the ends of its steps set data.{}_stamps = "
        "'end', if the other one's are their beginnings data.{}_stamps = 'begin'",
        late, early);
    // The regression finds a time that it is given.
    if (std::find(lags.begin(), lags.end(), -shifted) != lags.end())
      log::warn("{}; {}; base.lags holds {}, the time that fits", what, cure, -shifted);
    else
      doubt(options.doubts, what,
            fmt::format("{}, if LR tells so early or late give base.lags that hold {}", cure, -shifted));
    return;
  }
  if (!std::all_of(found.begin(), found.end(), [](const PairedMeans& means) { return means.unrelated(); }))
    return;
  const PairedMeans& first = found.front();
  doubt(
      options.doubts,
      fmt::format(
          "data.train: {} and {} have their dates in common, but not what happened at them: the means over "
          "the region, season and trend taken off, correlate by {:.2f} ({:.0f} independent times), their "
          "changes from one time to the next by {:.2f} ({:.0f})",
          study.hr.describe(), study.lr.describe(), first.anomalies.r, first.anomalies.samples,
          first.innovations.r, first.innovations.samples),
      "expected series of the same events: of a free-running model nothing can be learnt so; train on "
      "data.lr_source = 'coarsen' or on a reanalysis (data.lr_files), and give the model to podscale-downscale as "
      "data.apply_files");
}

}  // namespace podscale
