#include "podscale/verify/analysis_baselines.hpp"

#include <cmath>

namespace podscale {

AnalysisBaselines::AnalysisBaselines(const FieldSource& analyses, const FieldSource& lr,
                                     const FieldSource& past, const Basis& basis, Baselines& baselines,
                                     long channel)
    : analyses_(analyses),
      lr_(lr),
      basis_(basis),
      baselines_(baselines),
      climatology_(basis.hr_climatology.part(channel * basis.window.points(), basis.window.points())),
      of_analyses_(analyses.times()),
      of_lr_(past.times()) {}

void AnalysisBaselines::read(long lr_step, double age, double year_fraction, const BaselineFields& time,
                             AnalysisFields& fields) {
  fields.persistence = fields.change = time.anomaly;
  if (std::isnan(age)) return;
  const auto analysis = of_analyses_.find(lr_.times(), lr_step, age),
             then = of_lr_.find(lr_.times(), lr_step, age);
  if (!analysis || !then) return;
  const std::size_t points = fields.change.size();
  std::vector<float> field(points);
  analyses_.read(basis_.window, std::span(&*analysis, 1), field);
  std::vector<double> now(points), before(points);
  climatology_.evaluate(year_fraction, now);
  climatology_.evaluate(basis_.year_phase(analyses_.times(), static_cast<std::size_t>(*analysis)), before);
  const std::vector<float> lr_then = baselines_.anomaly(*then);
  for (std::size_t i = 0; i < points; ++i) {
    const double anomaly = static_cast<double>(field[i]) - before[i],
                 change = static_cast<double>(time.anomaly[i]) - now[i] - static_cast<double>(lr_then[i]);
    if (std::isnan(anomaly)) continue;  // as where there is no analysis
    fields.persistence[i] = static_cast<float>(now[i] + anomaly);
    fields.change[i] = static_cast<float>(now[i] + anomaly + change);
  }
}

}  // namespace podscale
