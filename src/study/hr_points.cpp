#include "podscale/study/hr_points.hpp"

#include <algorithm>
#include <cmath>

#include "podscale/core/error.hpp"
#include "podscale/core/log.hpp"
#include "podscale/pod/point_fits.hpp"
#include "podscale/study/blocks.hpp"

namespace podscale {

HrPoints choose_points(const Communicator& comm, const FieldSource& hr, const Basis& basis,
                       std::span<const long> steps, double least, int harmonics) {
  const std::vector<long> valid = valid_times(hr, basis.window, steps);
  const long all = std::ssize(steps), terms = 1 + 2 * harmonics;
  const auto wanted = [&](double share) {
    return std::min(all, std::max(static_cast<long>(std::ceil(share * static_cast<double>(all))), 4 * terms));
  };
  constexpr double kAdvised = 0.3;
  const long enough = wanted(least), advised = wanted(kAdvised);
  HrPoints points{std::vector<unsigned char>(valid.size(), 0), std::vector<unsigned char>(valid.size(), 0)};
  long dropped = 0, most = 0, would = 0, ocean = 0, missing = 0;
  for (std::size_t i = 0; i < valid.size(); ++i) {
    const idx_t column = static_cast<idx_t>(i) % basis.window.nx,
                row = static_cast<idx_t>(i) / basis.window.nx;
    if (valid[i] > 0 && valid[i] < enough) {
      ++dropped, most = std::max(most, valid[i]);
      would += valid[i] >= advised ? 1 : 0;
    }
    if (valid[i] < enough || basis.mesh.owner(point_of(basis.mesh, basis.window, row, column)) < 0) continue;
    points.ocean[i] = 1, ++ocean;
    if (valid[i] == all) continue;
    points.gaps[i] = 1, ++points.with_gaps, missing += all - valid[i];
  }
  std::vector<long> sums{dropped, would, ocean, missing, points.with_gaps};
  comm.sum(std::span(sums));
  dropped = sums[0], would = sums[1], ocean = sums[2], missing = sums[3], points.with_gaps = sums[4];
  most = comm.max(most);
  if (ocean == 0)
    throw Error(ExitCode::data,
                enough == all
                    ? fmt::format("{}: no point has a value at all {} times of data.train ({} have at some); "
                                  "expected ocean: check variable, period and land mask, or let points have "
                                  "gaps with data.least_values = {}, which keeps {}",
                                  hr.describe(), all, dropped, kAdvised, would)
                    : fmt::format("{}: no point has a value at {} of the {} times of data.train, the most is "
                                  "{}; expected ocean: give a longer data.train or a smaller "
                                  "data.least_values than {}",
                                  hr.describe(), enough, all, most, least),
                true);
  if (dropped > 0 && enough == all)
    log::warn("{} points of {} have gaps in data.train and count as land (sea ice, clouds){}", dropped,
              hr.describe(),
              would > 0 ? fmt::format("; data.least_values = {} would keep {} of them", kAdvised, would) : "");
  else if (dropped > 0)
    log::warn("{} points of {} have values at fewer than {} of the {} times of data.train and count as land",
              dropped, hr.describe(), enough, all);
  if (points.with_gaps > 0)
    log::warn(
        "{}: {} of {} ocean points have gaps in data.train, {:.1f} % of all their values: they are kept "
        "(data.least_values = {}), and what is missing is estimated",
        hr.describe(), points.with_gaps, ocean,
        100 * static_cast<double>(missing) / (static_cast<double>(ocean) * static_cast<double>(all)), least);
  return points;
}

/// The LR series sees all times, and HR varies far less about it than by itself: years that HR
/// happened to miss leave no mark.
void fit_gappy_climatology(const Communicator& comm, const StudySeries& study, const HrPoints& points,
                           const InterpolatedSeries& lr, const std::vector<StepPair>& pairs, long block,
                           Basis& basis) {
  const std::size_t n = static_cast<std::size_t>(basis.points()), window = points.gaps.size();
  std::vector<std::size_t> values;
  for (std::size_t i = 0; i < n; ++i)
    if (points.gaps[i % window]) values.push_back(i);
  const int harmonics = basis.hr_climatology.harmonics;
  PointFits fits(values.size(), harmonics);
  const auto hr_all = hr_steps(pairs), lr_all = lr_steps(pairs);
  std::vector<float> of_hr, of_lr;
  for_blocks("climatology with gaps", pairs.size(), block, [&](std::size_t first, std::size_t count) {
    of_hr.resize(n * count), of_lr.resize(n * count);
    const auto hr = std::span(hr_all).subspan(first, count);
    study.hr.read(basis.window, hr, of_hr);
    lr.read(std::span(lr_all).subspan(first, count), of_lr);
    for (std::size_t t = 0; t < count; ++t) {
      const auto x = harmonic_basis(
          basis.year_phase(study.hr.times(), static_cast<std::size_t>(hr[t])), harmonics);
      for (std::size_t k = 0; k < values.size(); ++k)
        if (const std::size_t at = t * n + values[k]; !std::isnan(of_hr[at]))
          fits.add(k, x, static_cast<double>(of_hr[at]) - static_cast<double>(of_lr[at]));
    }
  });
  comm.agree([&] {
    const std::size_t terms = static_cast<std::size_t>(basis.hr_climatology.terms());
    for (std::size_t k = 0; k < values.size(); ++k) {
      const auto difference = fits.solve_what_is_determined(k);
      for (std::size_t term = 0; term < terms; ++term)
        basis.hr_climatology.coefficients[term * n + values[k]] =
            basis.lr_climatology.coefficients[term * n + values[k]] + difference[term];
    }
  });
}

long count_gaps(const Communicator& comm, const StudySeries& study, const Basis& basis,
                std::initializer_list<std::span<const StepPair>> parts, const std::string& name) {
  const std::size_t n = static_cast<std::size_t>(basis.points());
  long missing = 0, all = 0, empty = 0, times = 0;
  std::vector<float> values;
  for (const auto& part : parts)
    for_blocks(part.size(), 64, [&](std::size_t first, std::size_t count) {
      const auto pairs = part.subspan(first, count);
      values.resize(n * count);
      study.hr.read(basis.window, hr_steps({pairs.begin(), pairs.end()}), values);
      std::vector<long> seen(count, 0);
      for (std::size_t i = 0; i < values.size(); ++i)
        if (basis.is_ocean(i % n)) ++all, seen[i / n] += std::isnan(values[i]) ? 0 : 1;
      for (const long of_time : seen) missing -= of_time;
      comm.sum(std::span(seen));
      empty += std::count(seen.begin(), seen.end(), 0), times += static_cast<long>(count);
    });
  missing += all;
  std::vector<long> sums{missing, all};
  comm.sum(std::span(sums));
  missing = sums[0], all = sums[1];
  if (missing == all)
    throw Error(ExitCode::data,
                fmt::format("{}: no value at any of the {} times of {} at points that are ocean in data.train; "
                            "expected some: choose another period",
                            study.hr.describe(), times, name),
                true);
  if (missing > 0)
    log::warn("{}: {:.1f} % of the values of {} are missing, {} of its {} times have none: what is fitted "
              "and scored is what is there",
              study.hr.describe(), 100 * static_cast<double>(missing) / static_cast<double>(all), name, empty,
              times);
  return missing;
}

}  // namespace podscale
