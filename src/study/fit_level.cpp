#include "podscale/study/fit_level.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "podscale/core/error.hpp"
#include "podscale/core/log.hpp"
#include "podscale/gaussian/ridge.hpp"
#include "podscale/parallel/exact_sum.hpp"

namespace podscale {

CrossValidatedLevel level_of_years(std::vector<double> errors, std::vector<double> variances) {
  CrossValidatedLevel level;
  const auto total = [](const std::vector<double>& v) { return std::accumulate(v.begin(), v.end(), 0.0); };
  level.level = total(errors) / total(variances);
  double squares = 0;
  for (std::size_t y = 0; y < errors.size(); ++y) {
    level.of_year.push_back(errors[y] / variances[y] / level.level);
    squares += std::pow(level.of_year.back() - 1, 2);
  }
  level.spread = std::sqrt(squares / static_cast<double>(errors.size() - 1));
  level.degrees_of_freedom = 4 + 2 / std::max(level.spread * level.spread, 1e-6);
  return level;
}

CrossValidatedLevel cross_validated_level(const Communicator& comm, const Basis& basis,
                                          const LinearGaussian& base, double lag_weight, const SampleAxis& lr,
                                          const EncodedPeriod& train) {
  const std::size_t slots = base.predictors.slots(), width = base.conditions(basis), k = basis.modes,
                    local = basis.patches.mine.size(), times = train.size();
  // 1. The years: runs of times.
  std::vector<std::size_t> first;
  std::vector<int> names;
  for (std::size_t t = 0; t < times; ++t)
    if (const int year = lr[static_cast<std::size_t>(train.samples[t].b)].date.year;
        names.empty() || year != names.back()) {
      first.push_back(t);
      names.push_back(year);
    }
  first.push_back(times);
  const std::size_t years = names.size();
  if (years < 3)
    throw Error(ExitCode::data,
                fmt::format("base.level = 'cross-validated': {} training years; expected three or more, or "
                            "base.level = 'validation'",
                            years),
                true);
  // 2. Each predicted from the others, patch by patch.
  std::vector<double> weights;
  for (std::size_t i = 0; i < slots; ++i)
    weights.push_back(base.lags[i / (slots / base.lags.size())] == 0 ? 1 : 1 / (lag_weight * lag_weight));
  std::vector<std::vector<double>> parts;  // [local patches][errors, variances of the years]
  double bound = 0;
  comm.agree([&] {
    std::vector<float> target;
    for (std::size_t p = 0; p < local; ++p) {
      const std::size_t modes = basis.patches.mine[p].modes;
      double trace = 0;
      for (const auto* root : {&base.residual.mine[p].global, &base.residual.mine[p].root})
        for (const double value : *root) trace += value * value;
      RidgeFit all(weights, static_cast<int>(modes));
      std::vector<RidgeFit> of_year(years, all);
      auto& part = parts.emplace_back(2 * years, 0.0);
      for (std::size_t y = 0; y < years; ++y) {
        const std::size_t count = first[y + 1] - first[y];
        target.assign(count * k, 0.0f);
        for (std::size_t t = 0; t < count; ++t) {
          const std::size_t at = (first[y] + t) * local + p;
          for (std::size_t m = 0; m < modes; ++m)
            target[t * k + m] = train.coefficients[at * k + m] - static_cast<float>(base.interpolation) *
                                                                     train.conditions[at * width + slots + m];
          part[years + y] += trace * std::pow(base.spread(p, train.conditions.data() + at * width), 2);
        }
        of_year[y].add(train.conditions.data() + (first[y] * local + p) * width, local * width, target.data(),
                       k, static_cast<long>(count));
        all.add(train.conditions.data() + (first[y] * local + p) * width, local * width, target.data(), k,
                static_cast<long>(count));
      }
      for (std::size_t y = 0; y < years; ++y) {
        RidgeFit others = all;
        others.subtract(of_year[y]);
        part[y] = of_year[y].squared_error(others.coefficients(base.penalty));
      }
      for (const double value : part) bound = std::max(bound, std::abs(value));
    }
  });
  ExactSum sum(2 * years, comm.max(bound), std::ssize(basis.patches.patch_of_token));
  for (const auto& part : parts) sum.add(part);
  const auto total = sum.reduce(comm, "base.level: squared errors of the training years");
  const long split = static_cast<long>(years);
  CrossValidatedLevel level =
      level_of_years({total.begin(), total.begin() + split}, {total.begin() + split, total.end()});
  log::info(
      "base.level: {} years, each predicted from the others: squared error over variance {:.3f}, spread "
      "{:.1f} % from year to year: a Student t of {:.1f} degrees of freedom",
      years, level.level, 100 * level.spread, level.degrees_of_freedom);
  return level;
}

}  // namespace podscale
