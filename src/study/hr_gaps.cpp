#include "podscale/study/hr_gaps.hpp"

#include <algorithm>
#include <cmath>

#include "podscale/core/error.hpp"
#include "podscale/core/lapack.hpp"
#include "podscale/core/log.hpp"
#include "podscale/core/random.hpp"
#include "podscale/study/blocks.hpp"
#include "podscale/study/validation_score.hpp"

namespace podscale {
namespace {

constexpr long kMostTimes = 2000;  // that a model is fitted to: days are alike
constexpr std::uint64_t kSeed = 1;

std::vector<long> lr_of(std::span<const StepPair> pairs) {
  return lr_steps({pairs.begin(), pairs.end()});
}

/// Collective. Folded anomalies of HR, NaN where one of the values that are folded is missing.
std::vector<double> folded_anomalies(const Communicator& comm, const StudySeries& study, const Basis& basis,
                                     std::span<const StepPair> pairs) {
  std::vector<double> fields(static_cast<std::size_t>(basis.points()) * pairs.size());
  read_anomalies(study.hr, basis, comm, hr_steps({pairs.begin(), pairs.end()}), fields, Gaps::allowed);
  basis.fold(fields, std::ssize(pairs));
  return fields;
}

/// LR cells and the folded interpolation, which need no modes.
class LrSide {
 public:
  LrSide(const Communicator& comm, const StudySeries& study, const Basis& basis, const Predictors& predictors,
         const Climatology& cells)
      : lr_(&study.lr),
        basis_(&basis),
        predictors_(study.lr, basis, predictors, cells, comm),
        interpolated_(study.lr, basis, comm),
        slots_(predictors.slots()) {}
  long slots() const { return slots_; }
  struct Rows {
    std::vector<float> cells;          // [times][local patches][slots]
    std::vector<double> interpolated;  // [times][values of a field]
  };
  Rows read(std::span<const long> steps) const {
    const std::vector<Window> windows{interpolated_.source(), predictors_.source()};
    std::vector<long> needed = predictors_.needed_steps(steps);
    needed.insert(needed.end(), steps.begin(), steps.end());
    const LrFields fields(*lr_, bounding_window(basis_->lr_mesh, windows), std::move(needed));
    Rows rows{std::vector<float>(steps.size() * basis_->patches.mine.size() * static_cast<std::size_t>(slots_)),
              std::vector<double>(steps.size() * static_cast<std::size_t>(basis_->points()))};
    predictors_.take(fields, steps, rows.cells);
    interpolated_.take_anomalies(fields, steps, rows.interpolated);
    basis_->fold(rows.interpolated, std::ssize(steps));
    return rows;
  }

 private:
  const FieldSource* lr_;
  const Basis* basis_;
  PredictorSeries predictors_;
  InterpolatedSeries interpolated_;
  long slots_;
};

class FittedFiller final : public GapFiller {
 public:
  FittedFiller(const Communicator& comm, const StudySeries& study, const Basis& basis, const HrGapModel& model)
      : GapFiller(comm, study, basis), lr_(comm, study, basis, model.predictors, model.cells), model_(&model) {}

 protected:
  std::vector<double> means(std::span<const StepPair> pairs) const override {
    LrSide::Rows rows = lr_.read(lr_of(pairs));
    const std::size_t n = static_cast<std::size_t>(basis().points()), local = model_->patches.size(),
                      slots = static_cast<std::size_t>(lr_.slots());
    std::vector<double> c(slots), x;
    for (std::size_t t = 0; t < pairs.size(); ++t)
      for (std::size_t p = 0; p < local; ++p) {
        const GappyFit& fit = model_->patches[p];
        const int d = fit.gaussian.values, s = static_cast<int>(slots);
        const float* row = rows.cells.data() + (t * local + p) * slots;
        c.assign(row, row + slots);
        x.assign(static_cast<std::size_t>(d), 0.0);
        if (s > 0) gemm(false, false, d, 1, s, 1, fit.regression.data(), d, c.data(), s, 0, x.data(), d);
        const auto& points = basis().patches.mine[p].points;
        for (std::size_t i = 0; i < points.size(); ++i)
          rows.interpolated[t * n + static_cast<std::size_t>(points[i])] += x[i];
      }
    return std::move(rows.interpolated);
  }
  const PatchGaussian& gaussian(std::size_t patch) const override { return model_->patches[patch].gaussian; }

 private:
  LrSide lr_;
  const HrGapModel* model_;
};

class ReferenceFiller final : public GapFiller {
 public:
  ReferenceFiller(const Communicator& comm, const StudySeries& study, const LatentSpace& space)
      : GapFiller(comm, study, space.basis()), space_(&space), conditions_(conditions_of(space, study.lr, comm)) {
    for (std::size_t p = 0; p < space.basis().patches.mine.size(); ++p) {
      const PatchModes& patch = space.basis().patches.mine[p];
      const int d = static_cast<int>(patch.points.size()), k = patch.modes;
      const auto f = covariance_factor(
          space.covariance(p), k, std::vector<double>(static_cast<std::size_t>(space.global_modes()), 1.0),
          std::vector<double>(static_cast<std::size_t>(k), 1.0));
      const int columns = k > 0 ? static_cast<int>(std::ssize(f)) / k : 0;
      std::vector<double> sigma(static_cast<std::size_t>(k * k));  // its Cholesky factor
      gemm(false, true, k, k, columns, 1, f.data(), k, f.data(), k, 0, sigma.data(), k);
      int info = 0;
      if (k > 0) dpotrf_("L", &k, sigma.data(), &k, &info);
      PODSCALE_ASSERT(info == 0, "covariance of a patch: {}", info);
      for (int j = 1; j < k; ++j)
        for (int i = 0; i < j; ++i) sigma[static_cast<std::size_t>(j * k + i)] = 0;
      PatchGaussian gaussian{d, k, std::vector<double>(static_cast<std::size_t>(d * k)), patch.tau};
      gemm(false, false, d, k, k, 1, patch.phi.data(), d, sigma.data(), k, 0, gaussian.psi.data(), d);
      const double least = patch.variance > 0 ? 1e-6 * patch.variance / d : 1e-18;
      for (double& noise : gaussian.noise) noise = std::max(noise, least);
      gaussians_.push_back(std::move(gaussian));
    }
  }

 protected:
  std::vector<double> means(std::span<const StepPair> pairs) const override {
    const std::vector<float> rows = conditions_.read(lr_of(pairs));
    const std::size_t local = gaussians_.size(), k = static_cast<std::size_t>(basis().modes),
                      width = static_cast<std::size_t>(space_->condition_width());
    std::vector<double> a(pairs.size() * local * k, 0.0),
        fields(pairs.size() * static_cast<std::size_t>(basis().points()));
    for (std::size_t i = 0; i < pairs.size() * local; ++i)
      space_->mean(i % local, rows.data() + i * width, std::span(a).subspan(i * k, k));
    basis().codec().decode(a, std::ssize(pairs), fields);
    return fields;
  }
  const PatchGaussian& gaussian(std::size_t patch) const override { return gaussians_[patch]; }

 private:
  const LatentSpace* space_;
  ConditionSeries conditions_;
  std::vector<PatchGaussian> gaussians_;
};

/// Collective. Refuses patches with values of too few times for their modes.
void require_values(const Communicator& comm, const StudySeries& study, const Basis& basis,
                    const std::vector<double>& times_worth, long times, int modes) {
  comm.agree([&] {
    for (std::size_t p = 0; p < times_worth.size(); ++p) {
      const PatchModes& patch = basis.patches.mine[p];
      const double wanted = static_cast<double>(
          std::min(times, 2 * std::min<long>(modes, std::ssize(patch.points))));
      if (times_worth[p] >= wanted) continue;
      const Window w = basis.decomposition.patch_window(patch.patch);
      fail(ExitCode::data,
           "{}: the patch of rows {} to {}, columns {} to {} has values for {:.1f} whole times of the {} of "
           "data.train; expected {} or more, twice its modes: raise data.least_values, so that its emptiest "
           "points are land, or give larger patches, fewer patches.modes or a longer data.train",
           study.hr.describe(), w.y0, w.y0 + w.ny - 1, w.x0, w.x0 + w.nx - 1, times_worth[p], times, wanted);
    }
  });
}

}  // namespace

FilledFields GapFiller::fill(std::span<const StepPair> pairs, bool draw,
                             std::vector<std::vector<double>>* covariance) const {
  const Basis& basis = *basis_;
  const std::size_t n = static_cast<std::size_t>(basis.points()), local = basis.patches.mine.size(),
                    times = pairs.size();
  FilledFields filled{folded_anomalies(*comm_, *study_, basis, pairs), {},
                      std::vector<float>(times * local, 1.0f)};
  if (draw) filled.drawn = filled.mean;
  const bool missing = std::any_of(filled.mean.begin(), filled.mean.end(), [](double x) { return std::isnan(x); });
  if (comm_->max(missing ? 1 : 0) == 0) return filled;
  const std::vector<double> expected = means(pairs);
  comm_->agree([&] {
    const CounterRandom random(kSeed, Stream::gaps);
    const SampleAxis& axis = study_->hr.times();
    std::vector<double> deviation, drawn, normal;
    for (std::size_t p = 0; p < local; ++p) {
      const PatchModes& patch = basis.patches.mine[p];
      const PatchGaussian& of_patch = gaussian(p);
      const std::size_t d = patch.points.size();
      ConditionalPatch conditional(of_patch);
      normal.resize(draw ? d + static_cast<std::size_t>(of_patch.factors) : 0);
      deviation.resize(d), drawn.resize(draw ? d : 0);
      for (std::size_t t = 0; t < times; ++t) {
        std::size_t gaps = 0;
        for (std::size_t i = 0; i < d; ++i) {
          const std::size_t at = t * n + static_cast<std::size_t>(patch.points[i]);
          deviation[i] = filled.mean[at] - expected[at];
          gaps += std::isnan(deviation[i]) ? 1 : 0;
        }
        if (gaps == 0) continue;
        filled.seen[t * local + p] = static_cast<float>(d - gaps) / static_cast<float>(d);
        if (draw) {
          const std::uint64_t key = axis.time_key(static_cast<std::size_t>(pairs[t].a));
          random.fill_normal(std::span<double>(normal), static_cast<std::uint32_t>(key),
                             static_cast<std::uint32_t>(patch.patch), static_cast<std::uint32_t>(key >> 32));
        }
        conditional.fill(deviation, covariance ? std::span<double>((*covariance)[p]) : std::span<double>(),
                         normal, drawn);
        for (std::size_t i = 0; i < d; ++i) {
          const std::size_t at = t * n + static_cast<std::size_t>(patch.points[i]);
          if (!std::isnan(filled.mean[at])) continue;
          filled.mean[at] = expected[at] + deviation[i];
          if (draw) filled.drawn[at] = expected[at] + drawn[i];
        }
      }
    }
  });
  return filled;
}

Predictors hr_gap_predictors(const Communicator& comm, const StudyOptions& options, const Basis& basis) {
  return options.with_base ? Predictors(comm, basis, options.base.halo, options.base.lags)
                           : Predictors(comm, basis, 1, {0});
}

HrGapModel fit_hr_gaps(const Communicator& comm, const StudyOptions& options, const StudySeries& study,
                       const Basis& basis, const std::vector<StepPair>& pairs) {
  const BaseOptions& base = options.base;
  HrGapModel model;
  model.predictors = hr_gap_predictors(comm, options, basis);
  const std::vector<long>& lags = model.predictors.lags;
  model.cells = fit_cell_climatology(comm, study.lr, basis, model.predictors, lr_steps(pairs),
                                     basis.lr_climatology.harmonics, options.data.time_block);
  const LrSide lr(comm, study, basis, model.predictors, model.cells);
  const std::vector<StepPair> chosen = spread(pairs, kMostTimes);
  const std::size_t local = basis.patches.mine.size(), n = static_cast<std::size_t>(basis.points()),
                    slots = static_cast<std::size_t>(lr.slots());
  std::vector<GappySeries> series(local);
  std::vector<double> times_worth(local, 0.0);
  for (std::size_t p = 0; p < local; ++p) {
    series[p].times = std::ssize(chosen);
    series[p].values = static_cast<int>(basis.patches.mine[p].points.size());
    series[p].slots = static_cast<int>(slots);
    series[p].target.reserve(chosen.size() * basis.patches.mine[p].points.size());
    series[p].predictor.reserve(chosen.size() * slots);
  }
  for_blocks("HR with gaps", chosen.size(), options.data.time_block, [&](std::size_t first, std::size_t count) {
    const auto part = std::span(chosen).subspan(first, count);
    const auto fields = folded_anomalies(comm, study, basis, part);
    const LrSide::Rows rows = lr.read(lr_of(part));
    for (std::size_t p = 0; p < local; ++p) {
      const auto& points = basis.patches.mine[p].points;
      for (std::size_t t = 0; t < count; ++t) {
        long seen = 0;
        for (const long point : points) {
          const std::size_t at = t * n + static_cast<std::size_t>(point);
          series[p].target.push_back(static_cast<float>(fields[at] - rows.interpolated[at]));
          seen += std::isnan(fields[at]) ? 0 : 1;
        }
        times_worth[p] += static_cast<double>(seen) / static_cast<double>(points.size());
        const auto row = rows.cells.begin() + static_cast<long>((t * local + p) * slots);
        series[p].predictor.insert(series[p].predictor.end(), row, row + static_cast<long>(slots));
      }
    }
  });
  for (double& worth : times_worth) worth *= static_cast<double>(pairs.size()) / static_cast<double>(chosen.size());
  require_values(comm, study, basis, times_worth, std::ssize(pairs), options.basis.modes);

  GappyOptions how{2 * options.basis.modes, {}, 0.03};
  if (options.with_base) {
    std::vector<double> penalties = base.penalties;
    std::sort(penalties.begin(), penalties.end());
    how.penalty = penalties[penalties.size() / 2];  // the validation period chooses later, with modes
  }
  for (std::size_t i = 0; i < slots; ++i)
    how.weights.push_back(lags[i / (slots / lags.size())] == 0 ? 1 : 1 / (base.lag_weight * base.lag_weight));
  long passes = 0, unfinished = 0;
  comm.agree([&] {
    for (std::size_t p = 0; p < local; ++p) {
      model.patches.push_back(fit_gappy(series[p], how));
      series[p] = {};
      passes = std::max<long>(passes, model.patches.back().passes);
      unfinished += model.patches.back().change > how.tolerance ? 1 : 0;
    }
  });
  log::info("HR with gaps: fitted to {} of {} times, {} LR values a patch, {} passes", chosen.size(), pairs.size(),
            slots, comm.max(passes));
  if (unfinished = comm.sum(unfinished); unfinished > 0)
    log::warn("HR with gaps: the covariance of {} of {} patches still changes by more than {} a pass after {}",
              unfinished, basis.patches.patch_of_token.size(), how.tolerance, how.passes);
  return model;
}

std::vector<std::vector<double>> missing_coefficients(const Basis& basis, const HrGapModel& model) {
  std::vector<std::vector<double>> all;
  for (std::size_t p = 0; p < model.missing.size(); ++p) {
    const PatchModes& patch = basis.patches.mine[p];
    const int d = static_cast<int>(patch.points.size()), k = patch.modes;
    std::vector<double> matrix = model.missing[p], half(static_cast<std::size_t>(d * k)),
                        of_modes(static_cast<std::size_t>(k * k));
    for (std::size_t j = 0; j < static_cast<std::size_t>(d); ++j)
      for (std::size_t i = j + 1; i < static_cast<std::size_t>(d); ++i)
        matrix[i * static_cast<std::size_t>(d) + j] = matrix[j * static_cast<std::size_t>(d) + i];
    gemm(false, false, d, k, d, 1, matrix.data(), d, patch.phi.data(), d, 0, half.data(), d);
    gemm(true, false, k, k, d, 1, patch.phi.data(), d, half.data(), d, 0, of_modes.data(), k);
    all.push_back(std::move(of_modes));
  }
  return all;
}

std::unique_ptr<GapFiller> filler_of(const Communicator& comm, const StudySeries& study, const Basis& basis,
                                     const HrGapModel& model) {
  return std::make_unique<FittedFiller>(comm, study, basis, model);
}

std::unique_ptr<GapFiller> filler_of(const Communicator& comm, const StudySeries& study,
                                     const LatentSpace& space) {
  return std::make_unique<ReferenceFiller>(comm, study, space);
}

}  // namespace podscale
