// How the applied LR source of a study is opened: its files, mesh, reference period and steps.

#include <set>

#include "podscale/config/namelist.hpp"
#include "podscale/core/age_finder.hpp"
#include "podscale/core/error.hpp"
#include "podscale/core/log.hpp"
#include "podscale/core/strands.hpp"
#include "podscale/field/remapped.hpp"
#include "podscale/study/anomaly.hpp"
#include "podscale/study/applied_source.hpp"
#include "podscale/study/series.hpp"
#include "podscale/study/study_watch.hpp"

namespace podscale {
namespace {

/// data.apply_reference, or the training period where the source covers it.
std::vector<std::string> reference_period(const DataOptions& options, const FieldSource& files,
                                          const Basis& basis, const std::string& basis_path) {
  return same_on_all_ranks([&] {
    if (const auto& given = options.apply_reference.value; !given.empty()) {
      require_days(given.front(), given.back(), files.times().calendar, options.apply_reference.key,
                   files.describe());
      watch_ends(options.apply_reference.key, given, files);
      return given;
    }
    Namelist made_with;
    made_with.parse(basis.effective_namelist, basis_path + ": podscale_namelist");
    const auto& train = made_with.texts("data.train");
    if (train.size() == 2 && covers(files.times(), train)) return train;
    fail(
        ExitCode::usage,
        "{}: data.apply_reference is not given, and {} ({} to {}) does not cover the training period of {}, '{}', "
        "'{}'; write data.apply_reference = 'first day', 'last day': the years of the applied source whose climate "
        "is that of the training period",
        options.hr_files.source, files.describe(), date_text(files.times().samples.front().date),
        date_text(files.times().samples.back().date), basis_path, train.empty() ? "" : train.front(),
        train.empty() ? "" : train.back());
  });
}

}  // namespace

AppliedSeries open_applied(const Communicator& comm, const DataOptions& options,
                           std::shared_ptr<FieldCache> cache, const Basis& basis, const std::string& basis_path,
                           const Period& period, std::span<const long> lags, std::span<const long> required,
                           std::span<const double> ages, bool with_signal) {
  AppliedSeries applied;
  applied.files = open_applied_files(comm, options, std::move(cache), basis);
  const FieldSource& files = *applied.files;
  require_same_variables(files, basis, {}, basis_path);
  same_on_all_ranks([&] {
    if (runs_overlap(files.times()))
      fail(ExitCode::usage,
           "{}: runs with valid times in common; expected one series a realization in data.apply_files, whose "
           "climatology and slow part are taken from it: choose runs that follow each other (data.leads)",
           files.describe());
  });
  AppliedSource::Matching matching{options.adapt, options.signal_years,
                                   reference_period(options, files, basis, basis_path), with_signal};
  applied.reference = steps_between(files.times(), matching.period[0], matching.period[1]);
  if (period.value.empty())
    for (long t = 0; t < std::ssize(files.times().samples); ++t) applied.steps.push_back(t);
  else
    applied.steps = lr_steps_of_period(files, period, required, basis.lr_step);

  // All that is read: the steps, what lags behind or goes before them, and the reference.
  std::set<long> read(applied.steps.begin(), applied.steps.end());
  const LagFinder finder(files.times(), basis.lr_step);
  for (const long step : applied.steps)
    for (const long lag : lags)
      if (const auto found = finder.find(step, lag)) read.insert(*found);
  if (!ages.empty())
    require_one_series(files.times(), files.describe(),
                       "one realization with history.ages: choose it by data.realizations");
  const AgeFinder ages_of(files.times());
  for (const long step : applied.steps)
    for (const double age : ages)
      if (const auto found = ages_of.find(files.times(), step, age)) read.insert(*found);
  const std::vector<long> steps(read.begin(), read.end());
  read.insert(applied.reference.begin(), applied.reference.end());

  const std::vector<long> all(read.begin(), read.end());
  judge_values(files, all, options.doubts);

  auto lr = applied.files;
  if (mesh_difference(files.mesh(), basis.lr_mesh)) {
    const auto remapped =
        std::make_shared<const Remapped>(lr, whole_ocean_mask(*lr, all), basis.lr_mesh, basis.lr_ocean,
                                         "applied LR source", "data.apply_files");
    log::info("{}: brought from {} to the LR mesh of the training, {}, {}", files.describe(),
              files.mesh().describe(), basis.lr_mesh.describe(),
              remapped->averages() ? "by means over its cells" : "bilinear");
    lr = remapped;
  }
  applied.lr = std::make_shared<const AppliedSource>(
      lr, basis, read_lr_statistics(comm, basis, basis_path, options.adapt == Adapt::quantile),
      std::move(matching), steps);
  return applied;
}

}  // namespace podscale
