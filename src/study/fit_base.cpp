#include "podscale/study/fit_base.hpp"

#include <algorithm>
#include <cmath>

#include "podscale/core/error.hpp"
#include "podscale/core/log.hpp"
#include "podscale/gaussian/ridge.hpp"
#include "podscale/parallel/exact_sum.hpp"
#include "podscale/study/condition.hpp"

namespace podscale {
namespace {

template <class Work>
void for_blocks(const std::string& title, const std::vector<StepPair>& pairs, long block, const Work& work) {
  Progress progress(title, static_cast<long>(pairs.size()), "times");
  for (std::size_t first = 0; first < pairs.size(); first += static_cast<std::size_t>(block)) {
    const std::size_t count = std::min(static_cast<std::size_t>(block), pairs.size() - first);
    work(first, std::vector<StepPair>(pairs.begin() + static_cast<long>(first),
                                      pairs.begin() + static_cast<long>(first + count)));
    progress.update(static_cast<long>(first + count));
  }
  progress.finish();
}

/// Regressions of one target on the LR cells, in both periods: [local patches].
struct Candidate {
  double interpolation;
  std::vector<RidgeFit> train, validate;
};

struct Choice {
  const Candidate* candidate;
  double penalty;
};
/// The pair with the smallest squared error on the validation period, over all `patches` of the region: the
/// same at any number of ranks.
Choice choose(const Communicator& comm, const std::vector<Candidate>& candidates,
              const std::vector<double>& penalties, long patches) {
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
  const Choice chosen =
      choices[static_cast<std::size_t>(std::min_element(total.begin(), total.end()) - total.begin())];
  if (penalties.size() > 1 && (chosen.penalty == *std::min_element(penalties.begin(), penalties.end()) ||
                               chosen.penalty == *std::max_element(penalties.begin(), penalties.end())))
    log::warn("base.penalties: the best is {}, at the end of the list; add candidates beyond it",
              chosen.penalty);
  return chosen;
}

}  // namespace

LinearGaussianOptions linear_gaussian_options(const Namelist& namelist) {
  LinearGaussianOptions options{namelist.integer("base.halo"),
                                namelist.integers("base.lags"),
                                {0, 1},
                                namelist.real("base.lag_weight"),
                                static_cast<int>(namelist.integer("base.rank")),
                                namelist.real("base.share"),
                                namelist.reals("base.penalties")};
  const std::string& prior = namelist.text("base.prior");
  if (prior != "auto") options.interpolation = {prior == "interpolation" ? 1.0 : 0.0};
  if (options.lags.empty()) options.lags = {0};
  if (options.penalties.empty())
    throw Error(ExitCode::usage,
                namelist.source() + ": base.penalties is empty; expected at least one number", true);
  return options;
}

LinearGaussian fit_linear_gaussian(const Communicator& comm, const LinearGaussianOptions& options,
                                   const Basis& basis, const StudySeries& study,
                                   const std::vector<StepPair>& train, const std::vector<StepPair>& validate,
                                   long block) {
  LinearGaussian base{options.halo,
                      options.lags,
                      Predictors(comm, basis, options.halo, options.lags),
                      {},
                      0,
                      0,
                      {},
                      {},
                      {},
                      {},
                      {}};
  const std::size_t slots = static_cast<std::size_t>(base.predictors.box().slots()),
                    width = static_cast<std::size_t>(base.conditions(basis)),
                    k = static_cast<std::size_t>(basis.modes), local = basis.patches.mine.size();
  base.cells = fit_cell_climatology(comm, study.lr, basis, base.predictors, lr_steps(train),
                                    basis.lr_climatology.harmonics, block);
  const ConditionSeries conditions(study.lr, basis, &base.predictors, &base.cells, comm);

  // 1. Normal equations of both periods; the coefficients of the training period stay.
  std::vector<double> weights;  // of the penalty
  for (std::size_t i = 0; i < slots; ++i) {
    const long lag = options.lags[i / (slots / options.lags.size())];
    weights.push_back(lag == 0 ? 1 : 1 / (options.lag_weight * options.lag_weight));
  }
  std::vector<Candidate> candidates;
  for (const double interpolation : options.interpolation) candidates.push_back({interpolation, {}, {}});
  PatchSeries residuals;
  std::vector<double> projected_power(local * k, 0.0);
  for (const PatchModes& patch : basis.patches.mine) {
    for (Candidate& candidate : candidates) {
      candidate.train.emplace_back(weights, patch.modes);
      candidate.validate.emplace_back(weights, patch.modes);
    }
    residuals.emplace_back(static_cast<std::size_t>(patch.modes) * train.size());
  }
  const auto add = [&](std::size_t first, const std::vector<StepPair>& part, bool training) {
    const auto a = read_coefficients(study.hr, basis, comm, hr_steps(part));
    const auto c = conditions.read(lr_steps(part));
    for (std::size_t p = 0; p < local; ++p) {
      const std::size_t modes = static_cast<std::size_t>(basis.patches.mine[p].modes);
      for (Candidate& candidate : candidates) {
        std::vector<float> target(a.size() / local);
        for (std::size_t t = 0; t < part.size(); ++t)
          for (std::size_t m = 0; m < k; ++m)
            target[t * k + m] = a[(t * local + p) * k + m] - static_cast<float>(candidate.interpolation) *
                                                                 c[(t * local + p) * width + slots + m];
        RidgeFit& fit = (training ? candidate.train : candidate.validate)[p];
        fit.add(c.data() + p * width, local * width, target.data(), k, static_cast<long>(part.size()));
      }
      for (std::size_t t = 0; training && t < part.size(); ++t) {
        std::copy_n(a.begin() + static_cast<long>((t * local + p) * k), modes,
                    residuals[p].begin() + static_cast<long>((first + t) * modes));
        for (std::size_t m = 0; m < k; ++m)
          projected_power[p * k + m] +=
              std::pow(static_cast<double>(c[(t * local + p) * width + slots + m]), 2);
      }
    }
  };
  for_blocks("regression", train, block,
             [&](std::size_t first, const std::vector<StepPair>& part) { add(first, part, true); });
  for_blocks("penalty", validate, block,
             [&](std::size_t first, const std::vector<StepPair>& part) { add(first, part, false); });
  const Choice choice =
      choose(comm, candidates, options.penalties, static_cast<long>(basis.patches.patch_of_token.size()));
  base.penalty = choice.penalty;
  base.interpolation = choice.candidate->interpolation;
  comm.agree([&] {
    for (std::size_t p = 0; p < local; ++p) {
      const RidgeFit& fit = choice.candidate->train[p];
      const auto d = fit.coefficients(base.penalty);
      const std::size_t modes = static_cast<std::size_t>(basis.patches.mine[p].modes);
      std::vector<double> b(modes * width, 0.0);
      for (std::size_t m = 0; m < modes; ++m) {
        std::copy_n(d.begin() + static_cast<long>(m * slots), slots,
                    b.begin() + static_cast<long>(m * width));
        b[m * width + slots + m] = base.interpolation;
      }
      base.regression.push_back(std::move(b));
      const auto scale = fit.predictor_scale();
      base.predictor_scale.insert(base.predictor_scale.end(), scale.begin(), scale.end());
      for (std::size_t m = 0; m < k; ++m)
        base.predictor_scale.push_back(
            std::sqrt(projected_power[p * k + m] / static_cast<double>(train.size())));
    }
  });

  // 2. Residuals, and their covariance.
  for_blocks("residuals", train, block, [&](std::size_t first, const std::vector<StepPair>& part) {
    const auto c = conditions.read(lr_steps(part));
    std::vector<double> mean(k);
    for (std::size_t p = 0; p < local; ++p) {
      const int modes = basis.patches.mine[p].modes;
      for (std::size_t t = 0; t < part.size(); ++t) {
        regress(base.regression[p], modes, c.data() + (t * local + p) * width, width, mean.data());
        for (std::size_t m = 0; m < static_cast<std::size_t>(modes); ++m)
          residuals[p][(first + t) * static_cast<std::size_t>(modes) + m] -= mean[m];
      }
    }
  });
  base.residual = fit_residual_covariance(comm, basis.patches, basis.modes, residuals,
                                          static_cast<long>(train.size()), options.rank, options.share);
  return base;
}

}  // namespace podscale
