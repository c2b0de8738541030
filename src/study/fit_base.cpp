#include "podscale/study/fit_base.hpp"

#include <algorithm>
#include <cmath>

#include "podscale/core/error.hpp"
#include "podscale/core/log.hpp"
#include "podscale/gaussian/ridge.hpp"
#include "podscale/parallel/exact_sum.hpp"
#include "podscale/study/blocks.hpp"
#include "podscale/study/condition.hpp"
#include "podscale/study/fit_contrast.hpp"

namespace podscale {
namespace {

/// Regressions of one target on the LR cells, in both periods: [local patches].
struct Candidate {
  double interpolation;
  std::vector<RidgeFit> train, validate;
};

struct Choice {
  const Candidate* candidate;
  double penalty;
};

/// The pair with the smallest squared error on the validation period, over all `patches` of the
/// region: the same at any number of ranks.
Choice choose(const Communicator& comm, const std::vector<Candidate>& candidates,
              const std::vector<double>& penalties, long patches, bool warn_of_smallest) {
  std::vector<Choice> choices;
  for (const Candidate& candidate : candidates)
    for (const double penalty : penalties) choices.push_back({&candidate, penalty});
  std::vector<std::vector<double>> errors(candidates.front().train.size());  // [local patches][choices]
  double bound = 0;
  comm.agree([&] {
    for (std::size_t p = 0; p < errors.size(); ++p)
      for (const auto& [candidate, penalty] : choices) {
        errors[p].push_back(candidate->validate[p].squared_error(candidate->train[p].coefficients(penalty)));
        bound = std::max(bound, std::abs(errors[p].back()));
      }
  });
  ExactSum sum(choices.size(), comm.max(bound), patches);
  for (const auto& of_patch : errors) sum.add(of_patch);
  const auto total = sum.reduce(comm, "base.penalties: squared errors on data.validate");
  const Choice chosen = choices[std::min_element(total.begin(), total.end()) - total.begin()];
  if (penalties.size() > 1 &&
      ((warn_of_smallest && chosen.penalty == *std::min_element(penalties.begin(), penalties.end())) ||
       chosen.penalty == *std::max_element(penalties.begin(), penalties.end())))
    log::warn("base.penalties: the best is {}, at the end of the list; add candidates beyond it",
              chosen.penalty);
  return chosen;
}

/// Not collective. What each patch is regressed on, of the columns of its condition, in both
/// periods: one candidate an interpolation.
std::vector<Candidate> fit_candidates(const BaseOptions& options, const Basis& basis,
                                      const EncodedPeriod& train, const EncodedPeriod& validate, long block,
                                      const LinearGaussian& base, std::span<const std::size_t> columns) {
  const ConditionLayout layout = base.layout(basis);
  const std::size_t width = layout.width, k = basis.modes, local = basis.patches.mine.size(),
                    projected = layout.projected, slots = columns.size();
  std::vector<double> weights;          // of the penalty
  std::vector<unsigned char> own_unit;  // coefficients, beside LR cells
  for (const std::size_t column : columns) {
    const long i = static_cast<long>(column),
               of_lag = layout.lr / std::max<long>(1, std::ssize(options.lags));
    const bool lagged = i < layout.lr && options.lags[i / of_lag] != 0;
    weights.push_back(lagged ? 1 / (options.lag_weight * options.lag_weight) : 1);
    own_unit.push_back(layout.age > 0 && i >= layout.history ? 1 : 0);
  }
  std::vector<Candidate> candidates;
  for (const double interpolation : options.interpolation) candidates.push_back({interpolation, {}, {}});
  std::vector<float> targets, given;
  for (std::size_t p = 0; p < local; ++p) {
    // One pass for all candidates: the coefficients and what they may be shrunk to are both
    // targets.
    const int modes = basis.patches.mine[p].modes;
    const auto fit = [&](const EncodedPeriod& period) {
      RidgeFit ridge(weights, 2 * modes, own_unit);
      const std::size_t m = modes;
      for_blocks(period.size(), block, [&](std::size_t first, std::size_t times) {
        const auto a = period.a(first, times), c = period.c(first, times);
        targets.resize(times * 2 * m);
        given.resize(times * slots);
        for (std::size_t t = 0; t < times; ++t) {
          const float* row = c.data() + (t * local + p) * width;
          // A time counts by what of the patch was there.
          const float root = static_cast<float>(std::sqrt(period.share_seen(first + t, p)));
          for (std::size_t i = 0; i < m; ++i) {
            targets[t * 2 * m + i] = root * a[(t * local + p) * k + i];
            targets[t * 2 * m + m + i] = root * row[projected + i];
          }
          for (std::size_t i = 0; i < slots; ++i) given[t * slots + i] = root * row[columns[i]];
        }
        ridge.add(given.data(), slots, targets.data(), 2 * m, static_cast<long>(times));
      });
      return ridge;
    };
    const RidgeFit of_train = fit(train), of_validate = fit(validate);
    for (Candidate& candidate : candidates) {
      candidate.train.push_back(of_train.less_second_half(candidate.interpolation));
      candidate.validate.push_back(of_validate.less_second_half(candidate.interpolation));
    }
  }
  return candidates;
}

/// Not collective. Row of B and W of the next patch. k: modes of the basis.
void add_regression(const RidgeFit& fit, std::size_t modes, std::size_t slots, std::size_t k,
                    LinearGaussian& base) {
  const auto d = fit.coefficients(base.penalty);
  std::vector<double> b(modes * (slots + k), 0.0);
  for (std::size_t m = 0; m < modes; ++m) {
    std::copy_n(d.begin() + static_cast<long>(m * slots), slots,
                b.begin() + static_cast<long>(m * (slots + k)));
    b[m * (slots + k) + slots + m] = base.interpolation;
  }
  base.regression.push_back(std::move(b));
  base.inverse_root.push_back(fit.inverse_root(base.penalty));
}

/// Not collective. Range and scale of the condition of patch p, the next one.
void add_scales(const RidgeFit& fit, const Basis& basis, std::size_t p, const EncodedPeriod& train,
                std::span<const std::size_t> columns, LinearGaussian& base) {
  const ConditionLayout layout = base.layout(basis);
  const std::size_t width = layout.width, k = basis.modes, local = basis.patches.mine.size(),
                    projected = layout.projected, samples = train.size();
  const bool first = base.columns.empty();  // whose range is that of all
  // One pass along the times: rows of other patches lie between them.
  std::vector<double> range(width, 0.0), power(k, 0.0), change;
  if (base.given.has_history()) change.assign(static_cast<std::size_t>(layout.history - layout.then), 0.0);
  for (std::size_t t = 0; t < samples; ++t) {
    const float* row = train.conditions.data() + (t * local + p) * width;
    for (std::size_t i = 0; i < width && first; ++i)
      range[i] = std::max(range[i], std::abs(static_cast<double>(row[i])));
    for (std::size_t m = 0; m < k; ++m) power[m] += std::pow(static_cast<double>(row[projected + m]), 2);
    for (std::size_t i = 0; i < change.size(); ++i)
      change[i] += std::pow(static_cast<double>(row[layout.now + static_cast<long>(i)]) -
                                static_cast<double>(row[layout.then + static_cast<long>(i)]),
                            2);
  }
  base.predictor_range.insert(base.predictor_range.end(), range.begin(), range.end());
  const auto of_slots = fit.predictor_scale();
  const auto root_mean = [&](double sum) { return std::sqrt(sum / static_cast<double>(samples)); };
  std::vector<double> scale(width, 0.0);
  for (std::size_t i = 0; i < columns.size(); ++i) scale[columns[i]] = of_slots[i];
  for (std::size_t m = 0; m < k; ++m) scale[projected + m] = root_mean(power[m]);
  // Of the change since the analysis: see LatentSpace::standardise.
  for (std::size_t i = 0; i < change.size(); ++i)
    scale[static_cast<std::size_t>(layout.then) + i] = root_mean(change[i]);
  base.predictor_scale.insert(base.predictor_scale.end(), scale.begin(), scale.end());
}

}  // namespace

LinearGaussian start_linear_gaussian(const Communicator& comm, const BaseOptions& options, const Basis& basis,
                                     const FieldSource& lr, std::span<const long> train, long block) {
  LinearGaussian base(options.halo, options.lags, Predictors(comm, basis, options.halo, options.lags));
  base.cells =
      fit_cell_climatology(comm, lr, basis, base.predictors, train, basis.lr_climatology.harmonics, block);
  return base;
}

PatchSeries finish_linear_gaussian(const Communicator& comm, const BaseOptions& options, const Basis& basis,
                                   const EncodedPeriod& train, const EncodedPeriod& validate, long block,
                                   LinearGaussian& base, const HrGapModel* gaps) {
  const std::size_t width = base.layout(basis).width, k = basis.modes, local = basis.patches.mine.size(),
                    slots = base.row_width(basis) - k, samples = train.size();
  std::vector<std::size_t> columns = base.columns;  // of the ridge regression
  if (columns.empty())
    for (std::size_t i = 0; i < slots; ++i) columns.push_back(i);
  columns.resize(slots);

  // 1. The regression.
  std::vector<Candidate> candidates = fit_candidates(options, basis, train, validate, block, base, columns);
  // With an analysis the smallest one is as good as none: what it tells needs no shrinking.
  const Choice choice = choose(comm, candidates, options.penalties, std::ssize(basis.patches.patch_of_token),
                               !base.given.has_history());
  base.penalty = choice.penalty;
  base.interpolation = choice.candidate->interpolation;
  comm.agree([&] {
    for (std::size_t p = 0; p < local; ++p) {
      const RidgeFit& fit = choice.candidate->train[p];
      add_regression(fit, static_cast<std::size_t>(basis.patches.mine[p].modes), slots, k, base);
      add_scales(fit, basis, p, train, columns, base);
    }
  });
  candidates.clear();

  if (options.contrast && base.columns.empty())
    base.contrast = fit_contrast(comm, basis, base, train, validate);

  // 2. Residuals over their spread, and their covariance: with it that of the training period is
  //    right.
  PatchSeries residuals;
  for (std::size_t p = 0; p < local; ++p)
    residuals.push_back(base.residuals(basis, p, train.coefficients.data() + p * k, local * k,
                                       train.conditions.data() + p * width, local * width, samples));
  base.residual = fit_residual_covariance(comm, basis.patches, basis.modes, residuals,
                                          static_cast<long>(samples), options.global_modes, options.share,
                                          gaps ? missing_coefficients(basis, *gaps) : PatchSeries{});
  const long coefficients = std::ssize(basis.patches.patch_of_token) * basis.modes,
             most = std::min(coefficients, static_cast<long>(samples)) / 2;
  if (most < options.global_modes && base.residual.global_modes == most)
    log::warn("base.rank = {}: lowered to {}: half of the {} {}", options.global_modes, most,
              std::min(coefficients, static_cast<long>(samples)),
              coefficients < static_cast<long>(samples) ? "coefficients" : "training times");
  return residuals;
}

void share_scales(const Basis& basis, LinearGaussian& base) {
  const ConditionLayout layout = base.layout(basis);
  std::vector<double>& scale = base.predictor_scale;
  for (std::size_t i = 0; i < scale.size(); ++i) {
    const long column = static_cast<long>(i) % layout.width;
    if (layout.age > 0 && column == layout.age) scale[i] = 1;
    const bool shared = column >= layout.then || scale[i] == 0;  // the largest: that of the oldest analysis
    for (const LinearGaussian& other : base.others)
      if (shared) scale[i] = std::max(scale[i], other.predictor_scale[i]);
  }
  for (LinearGaussian& other : base.others) {
    other.predictor_scale = scale;
    other.predictor_range.clear();  // that of regime 0 is what far outside is measured by
  }
}

LinearGaussian fit_linear_gaussian(const Communicator& comm, const BaseOptions& options, const Basis& basis,
                                   const StudySeries& study, const std::vector<StepPair>& train,
                                   const std::vector<StepPair>& validate, long block) {
  LinearGaussian base = start_linear_gaussian(comm, options, basis, study.lr, lr_steps(train), block);
  const LatentSpace space(basis, base);
  finish_linear_gaussian(comm, options, basis, encode_period(comm, space, study, train, block),
                         encode_period(comm, space, study, validate, block), block, base);
  return base;
}

}  // namespace podscale
