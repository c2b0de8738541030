#include <fmt/format.h>

#include <cmath>

#include "podscale/core/step_gaps.hpp"
#include "podscale/study/suggest.hpp"

namespace podscale {
namespace {

/// Rank 0 only. Correlation of anomalies `lag` steps apart. anomalies: [steps][points], NaN where missing.
double correlation(std::span<const float> anomalies, std::size_t points, std::size_t lag) {
  double both = 0, square = 0;
  for (std::size_t i = lag * points; i < anomalies.size(); ++i) {
    const double a = static_cast<double>(anomalies[i - lag * points]), b = static_cast<double>(anomalies[i]);
    if (std::isnan(a + b)) continue;
    both += a * b;
    square += 0.5 * (a * a + b * b);
  }
  return square > 0 ? both / square : 0;
}

}  // namespace

void suggest_lags(const Communicator& comm, const FieldSource& lr, const Days& sample, int harmonics,
                  NamelistDraft& draft) {
  const std::vector<long> steps = steps_between(lr.times(), sample[0], sample[1]);
  const StepLength& step = lr.times().step;
  if (step.months > 0 || std::abs(step.days - 1) > 0.05 || !step_gaps(lr.times()).even || steps.size() < 60)
    return;
  const std::size_t points = lr.mesh().points() * lr.channels();
  const Window window = comm.is_root() ? Window{0, lr.mesh().ny(), 0, lr.mesh().nx()} : Window{};
  std::vector<float> fields(comm.is_root() ? points * steps.size() : 0);
  lr.read(window, steps, fields);
  constexpr std::array<long, 3> apart{5, 2, 1};
  std::array<double, 3> alike{};
  comm.agree([&] {
    if (!comm.is_root()) return;
    HarmonicFit fit(static_cast<long>(points), harmonics);
    const auto field = [&](std::size_t t) { return std::span(fields).subspan(t * points, points); };
    const auto phase = [&](std::size_t t) {
      return year_fraction(lr.times().calendar, lr.times().centre(steps[t]));
    };
    for (std::size_t t = 0; t < steps.size(); ++t) fit.add(field(t), phase(t));
    const Climatology climatology = fit.solve();
    std::vector<double> mean(points);
    for (std::size_t t = 0; t < steps.size(); ++t) {
      climatology.evaluate(phase(t), mean);
      for (std::size_t i = 0; i < points; ++i) field(t)[i] -= static_cast<float>(mean[i]);
    }
    for (std::size_t i = 0; i < apart.size(); ++i)
      alike[i] = correlation(fields, points, static_cast<std::size_t>(2 * apart[i]));
  });
  comm.broadcast(std::span(alike));
  for (std::size_t i = 0; i < apart.size(); ++i) {
    const long d = apart[i];
    if (alike[i] < 0.5) continue;
    draft.set("base.lags", fmt::format("{}, {}, 0, {}, {}", -2 * d, -d, d, 2 * d),
              fmt::format(
                  "days; LR anomalies {} days apart correlate by {:.2f}. For a forecast without the days to "
                  "come: {}, 0",
                  2 * d, alike[i], -d));
    return;
  }
}

}  // namespace podscale
