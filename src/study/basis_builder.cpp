#include "podscale/study/basis_builder.hpp"

#include <algorithm>
#include <cmath>

#include "podscale/core/error.hpp"
#include "podscale/core/intervals.hpp"
#include "podscale/core/log.hpp"
#include "podscale/core/stage.hpp"
#include "podscale/field/weight_file.hpp"
#include "podscale/parallel/exact_sum.hpp"
#include "podscale/study/anomaly.hpp"
#include "podscale/study/blocks.hpp"
#include "podscale/study/condition.hpp"
#include "podscale/study/hr_points.hpp"

namespace podscale {

void require_patches(const StudyOptions& options, const FieldSource& hr) {
  const auto& size = options.basis.size;
  const long overlap = options.basis.overlap;
  if (hr.mesh().ny() < size[0] || hr.mesh().nx() < size[1])
    throw Error(
        ExitCode::data,
        fmt::format("patches.size = {}, {}: larger than the mesh of {}, {} x {}; choose smaller patches",
                    size[0], size[1], hr.describe(), hr.mesh().ny(), hr.mesh().nx()),
        true);
  if (options.basis.shared && hr.channels() > 1)
    throw Error(
        ExitCode::usage,
        fmt::format("{}: patches.basis = 'shared' with {} variables; expected 'local', or one variable",
                    options.source, hr.channels()),
        true);
  if (2 * overlap > std::max(size[0], size[1]))
    throw Error(
        ExitCode::usage,
        fmt::format("{}: patches.overlap = {}, but patches have {} x {} points; expected at most half "
                    "of a patch",
                    options.source, overlap, size[0], size[1]),
        true);
}

namespace {

/// How long the steps of a series are, also where its source did not say.
StepLength step_of(const SampleAxis& axis) {
  if (axis.step.known()) return axis.step;
  SampleAxis understood = axis;
  understand(understood);
  return understood.step;
}

void require_same_channels(const StudySeries& study) {
  if (study.hr.channels() != study.lr.channels())
    throw Error(
        ExitCode::data,
        fmt::format("{} has {} variables, {} has {}; expected as many, in the same order "
                    "(data.hr_variable, data.lr_variable)",
                    study.hr.describe(), study.hr.channels(), study.lr.describe(), study.lr.channels()),
        true);
}

/// Collective. Standard deviations of the anomalies of each channel over the whole region, of the
/// values that are there.
void set_channel_scales(const Communicator& comm, Basis& basis, const FieldSource& hr,
                        std::span<const long> steps, Gaps gaps, long block) {
  const std::size_t n = basis.points(), channels = basis.channels(), points = n / channels;
  std::vector<double> squares(n, 0.0), anomalies;
  std::vector<long> missing(channels, 0);
  for_blocks("scales", steps.size(), block, [&](std::size_t first, std::size_t count) {
    anomalies.resize(n * count);
    read_anomalies(hr, basis, comm, steps.subspan(first, count), anomalies, gaps);
    for (std::size_t i = 0; i < anomalies.size(); ++i)
      if (std::isnan(anomalies[i]))
        ++missing[i % n / points];
      else
        squares[i % n] += anomalies[i] * anomalies[i];
  });
  comm.sum(std::span(missing));
  const long ocean = comm.sum(static_cast<long>(std::count(basis.ocean.begin(), basis.ocean.end(), 1)));
  for (std::size_t c = 0; c < channels; ++c) {
    const auto of_channel = std::span<const double>(squares).subspan(c * points, points);
    double largest = 0;  // a rank may have no points
    for (const double square : of_channel) largest = std::max(largest, square);
    ExactSum sum(1, comm.max(largest), basis.mesh.points());  // channels of other units need other bounds
    for (const double& square : of_channel) sum.add(std::span(&square, 1));
    const double total = sum.reduce(comm, "anomalies of " + basis.variables[c].name).front();
    basis.channel_scale[c] =
        std::sqrt(total / (static_cast<double>(ocean) * static_cast<double>(steps.size()) -
                           static_cast<double>(missing[c])));
    if (!(basis.channel_scale[c] > 0))
      throw Error(ExitCode::data,
                  fmt::format("{}: '{}' does not vary in data.train; expected variables that do",
                              hr.describe(), basis.variables[c].name),
                  true);
  }
}

/// Collective. Gram matrices of a training series with gaps: of the conditional means, plus the
/// conditional covariances, whose mean the model keeps.
void add_filled(const Communicator& comm, const StudySeries& study, const Basis& basis,
                const std::vector<StepPair>& pairs, long block, HrGapModel& model, GramMatrices& grams) {
  const auto filler = filler_of(comm, study, basis, model);
  for (const PatchModes& patch : basis.patches.mine)
    model.missing.emplace_back(patch.points.size() * patch.points.size(), 0.0);
  for_blocks("Gram matrices", pairs.size(), block, [&](std::size_t first, std::size_t count) {
    const FilledFields filled = filler->fill(std::span(pairs).subspan(first, count), false, &model.missing);
    grams.add(filled.mean, static_cast<long>(count), basis.points());
  });
  for (std::size_t p = 0; p < model.missing.size(); ++p)
    for (std::size_t i = 0; i < model.missing[p].size(); ++i) {
      grams.of(p)[i] += model.missing[p][i];
      model.missing[p][i] /= static_cast<double>(pairs.size());
    }
}

}  // namespace

StudyYear year_of(const StudySeries& study, const std::vector<StepPair>& pairs) {
  const SampleAxis &hr = study.hr.times(), &lr = study.lr.times();
  const bool months = step_of(hr).months > 0 && step_of(lr).months > 0;
  const bool same = std::all_of(pairs.begin(), pairs.end(), [&](const StepPair& pair) {
    const Date &a = hr[pair.a].date, &b = lr[pair.b].date;
    return a.year == b.year && a.month == b.month && a.day == b.day && std::abs(a.second - b.second) < 60;
  });
  return {months ? SeasonPhase::month : same ? SeasonPhase::date : SeasonPhase::middle, hr.calendar};
}

Basis fit_modes(const Communicator& comm, const StudyOptions& options, const StudySeries& study,
                std::optional<HrGapModel>* gaps) {
  require_patches(options, study.hr);
  const auto& size = options.basis.size;
  const long block = options.data.time_block;
  const int harmonics = options.basis.harmonics;
  require_same_channels(study);
  Basis basis(study.hr.mesh(), size[0], size[1], comm.size(), comm.rank(), study.hr.channels());
  basis.variables = study.hr.variables();
  basis.lr_names = names_of(study.lr.variables());
  basis.lr_mesh = study.lr.mesh();
  basis.interpolation = options.basis.interpolation.value_or(
      offers(Interpolation::bicubic, basis.lr_mesh, basis.mesh) ? Interpolation::bicubic
                                                                : Interpolation::bilinear);
  if (!options.basis.weights.empty())
    basis.weights = {options.basis.weights, checksum_of_file(comm, options.basis.weights)};
  basis.shared = options.basis.shared;
  basis.effective_namelist = options.effective;

  // 1. Which times, which points.
  auto pairs = steps_of_period(study.hr, study.lr, options.data.train, {}, false);
  basis.year = year_of(study, pairs);
  basis.lr_step = step_of(study.lr.times());
  const HrPoints hr_points =
      choose_points(comm, study.hr, basis, hr_steps(pairs), options.data.least_values, harmonics);
  basis.ocean = hr_points.ocean;
  const bool with_gaps = hr_points.with_gaps > 0;
  if (with_gaps && options.with_base) {  // what is missing is estimated from LR at all lags
    const LagFinder finder(study.lr.times());
    std::erase_if(pairs, [&](const StepPair& pair) {
      return !std::all_of(options.base.lags.begin(), options.base.lags.end(),
                          [&](long lag) { return finder.find(pair.b, lag).has_value(); });
    });
  }
  const auto hr = hr_steps(pairs), lr = lr_steps(pairs);
  basis.samples = std::ssize(pairs);
  basis.lr_ocean = whole_ocean_mask(study.lr, lr);
  if (std::count(basis.lr_ocean.begin(), basis.lr_ocean.end(), 1) == 0)
    throw Error(
        ExitCode::data,
        fmt::format("{}: no cell has a value at all {} times of data.train; expected ocean: check variable "
                    "and period",
                    study.lr.describe(), basis.samples),
        true);
  const InterpolatedSeries condition(study.lr, basis, comm);
  if (const long unreached = comm.sum(condition.unreached()); unreached > 0)
    log::warn("{} HR ocean points have no LR ocean within 4 cells: their LR anomaly is taken as 0",
              unreached);

  // 2. Climatologies.
  const std::size_t n = static_cast<std::size_t>(basis.points());
  {
    const Stage stage(StageId::climatology);
    HarmonicFit hr_fit(basis.points(), harmonics), lr_fit(basis.points(), harmonics);
    std::vector<float> fields;
    for_blocks("climatology", pairs.size(), block, [&](std::size_t first, std::size_t count) {
      fields.resize(n * count);
      const auto add = [&](HarmonicFit& fit, const SampleAxis& axis, std::span<const long> which) {
        for (std::size_t t = 0; t < which.size(); ++t)
          fit.add(std::span<const float>(fields).subspan(t * n, n),
                  basis.year_phase(axis, static_cast<std::size_t>(which[t])));
      };
      const auto hr_part = std::span(hr).subspan(first, count), lr_part = std::span(lr).subspan(first, count);
      study.hr.read(basis.window, hr_part, fields);
      add(hr_fit, study.hr.times(), hr_part);
      condition.read(lr_part, fields);
      add(lr_fit, study.lr.times(), lr_part);
    });
    comm.agree([&] {
      basis.hr_climatology = hr_fit.solve();
      basis.lr_climatology = lr_fit.solve();
    });
  }
  if (with_gaps) fit_gappy_climatology(comm, study, hr_points, condition, pairs, block, basis);
  if (const YearCoverage year = year_coverage(year_phases(basis, study, pairs), harmonics); year.has_gap())
    log::warn(
        "basis.harmonics = {}: data.train has {}: the climatology is extrapolated there; expected whole "
        "years, or fewer harmonics",
        harmonics, year.text());

  if (basis.channels() > 1)
    set_channel_scales(comm, basis, study.hr, hr, with_gaps ? Gaps::allowed : Gaps::refused, block);

  // 3. Gram matrices and modes.
  const Stage stage(StageId::modes);
  basis.overlap_patches(comm, options.basis.overlap);
  basis.patches = find_patches(comm, basis.decomposition, basis.ocean, basis.channels());
  GramMatrices grams(basis.patches.mine);
  if (with_gaps) {
    HrGapModel model = fit_hr_gaps(comm, options, study, basis, pairs);
    add_filled(comm, study, basis, pairs, block, model, grams);
    if (gaps) *gaps = std::move(model);
  }
  std::vector<double> anomalies;
  for_blocks("Gram matrices", with_gaps ? 0 : hr.size(), block, [&](std::size_t first, std::size_t count) {
    const auto steps = std::span(hr).subspan(first, count);
    anomalies.resize(n * count);
    read_anomalies(study.hr, basis, comm, steps, anomalies);
    basis.fold(anomalies, std::ssize(steps));
    grams.add(anomalies, std::ssize(steps), basis.points());
  });
  compute_modes(comm, basis.decomposition, grams, {options.basis.modes, options.basis.energy, basis.shared},
                basis.patches.mine);
  int most = 0;
  for (const PatchModes& patch : basis.patches.mine) most = std::max(most, patch.modes);
  basis.modes = comm.max(most);
  if (basis.modes == 0)
    throw Error(ExitCode::data,
                fmt::format("{}: the anomalies of data.train are all zero; expected a series that varies",
                            study.hr.describe()),
                true);
  const auto silent = std::count_if(basis.patches.mine.begin(), basis.patches.mine.end(),
                                    [](const PatchModes& patch) { return patch.modes == 0; });
  if (const long all = comm.sum(static_cast<long>(silent)); all > 0)
    log::warn(
        "{} of {} patches with ocean do not vary in data.train: they have no modes, and their forecast "
        "is the climatology without spread",
        all, basis.patches.patch_of_token.size());
  return basis;
}

namespace {

/// Adds the squares of K values of each row, from `first` on: [local patches][K].
void add_squares(std::span<const float> rows, std::size_t width, std::size_t first, std::size_t modes,
                 std::vector<double>& sums) {
  for (std::size_t i = 0; i < rows.size(); ++i)
    if (const std::size_t at = i % width; at >= first && at < first + modes) {
      const double value = static_cast<double>(rows[i]);
      sums[(i / width * modes + at - first) % sums.size()] += value * value;
    }
}

/// Root mean squares.
void finish_scale(Basis& basis, long samples) {
  const std::size_t k = basis.modes;
  for (std::size_t i = 0; i < basis.condition_scale.size(); ++i) {
    double& scale = basis.condition_scale[i];
    scale = std::sqrt(scale / static_cast<double>(samples));
    const auto& of_modes = basis.patches.mine[i / k].scale;
    // Padding, or a patch that the LR source does not reach.
    if (i % k >= of_modes.size() || !(scale > 1e-6 * of_modes[i % k])) scale = 1;
  }
}

}  // namespace

void set_condition_scale(Basis& basis, std::span<const float> conditions, long samples, long behind) {
  const std::size_t local = basis.patches.mine.size(), k = basis.modes;
  basis.condition_scale.assign(local * k, 0.0);
  if (local > 0) {
    const std::size_t width = conditions.size() / (local * static_cast<std::size_t>(samples));
    add_squares(conditions, width, width - k - static_cast<std::size_t>(behind), k, basis.condition_scale);
  }
  finish_scale(basis, samples);
}

Basis build_basis(const Communicator& comm, const StudyOptions& options, const StudySeries& study) {
  Basis basis = fit_modes(comm, options, study, nullptr);
  const auto lr = lr_steps(steps_of_period(study.hr, study.lr, options.data.train, {}, false));
  const std::size_t k = basis.modes;
  basis.condition_scale.assign(basis.patches.mine.size() * k, 0.0);
  const Diagonal published(basis);
  const ConditionSeries conditions(study.lr, basis, published, comm);
  for_blocks("condition", lr.size(), options.data.time_block, [&](std::size_t first, std::size_t count) {
    add_squares(conditions.read(std::span(lr).subspan(first, count)), k, 0, k, basis.condition_scale);
  });
  finish_scale(basis, std::ssize(lr));
  return basis;
}

}  // namespace podscale
