#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "podscale/core/step_gaps.hpp"
#include "podscale/study/suggest.hpp"

namespace podscale {
namespace {

constexpr std::size_t kValues = 1 << 26;  // in memory at once, where that leaves a row or more

/// Correlation of anomalies some steps apart.
struct Correlation {
  double both = 0, square = 0;
  /// anomalies: [steps][points], NaN where missing.
  void add(std::span<const float> anomalies, std::size_t points, std::size_t lag) {
    for (std::size_t i = lag * points; i < anomalies.size(); ++i) {
      const double a = static_cast<double>(anomalies[i - lag * points]),
                   b = static_cast<double>(anomalies[i]);
      if (std::isnan(a + b)) continue;
      both += a * b;
      square += 0.5 * (a * a + b * b);
    }
  }
};

}  // namespace

void suggest_lags(const Communicator& comm, const FieldSource& lr, const Days& sample, int harmonics,
                  NamelistDraft& draft) {
  const std::vector<long> steps = steps_between(lr.times(), sample[0], sample[1]);
  const StepLength& step = lr.times().step;
  if (step.months > 0 || std::abs(step.days - 1) > 0.05 || !step_gaps(lr.times()).even || steps.size() < 60)
    return;
  const Mesh& mesh = lr.mesh();
  const std::size_t row = static_cast<std::size_t>(mesh.nx() * lr.channels()) * steps.size();
  const idx_t rows = std::max<idx_t>(1, static_cast<idx_t>(kValues / row));
  constexpr std::array<long, 3> apart{5, 2, 1};
  std::array<Correlation, 3> found{};
  std::vector<float> fields;
  for (idx_t first = 0; first < mesh.ny(); first += rows) {
    const Window window =
        comm.is_root() ? Window{first, std::min(rows, mesh.ny() - first), 0, mesh.nx()} : Window{};
    const std::size_t points = window.points() * lr.channels();
    fields.resize(points * steps.size());
    lr.read(window, steps, fields);
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
        found[i].add(fields, points, static_cast<std::size_t>(2 * apart[i]));
    });
  }
  std::array<double, 3> alike{};
  for (std::size_t i = 0; i < apart.size(); ++i)
    if (found[i].square > 0) alike[i] = found[i].both / found[i].square;
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
