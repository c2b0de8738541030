#include "podscale/verify/score_table.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace podscale {
namespace {

std::string spread_note(const ScoreAccumulator& scores) {
  for (const VerifiedSystem& system : scores.systems()) {
    if (!system.has_variance) continue;
    std::string note =
        "spread/skill: root of the mean variance over RMSE; 1 = reliable, below 1 = overconfident\n";
    if (system.spread_members > 0)
      note += fmt::format(
          "              spread times sqrt((M+1)/M) for the M = {} members that the variance comes from\n",
          system.spread_members);
    return note;
  }
  return {};
}

}  // namespace

std::string score_table(const ScoreAccumulator& scores, const std::string& period) {
  const auto& systems = scores.systems();
  const bool members =
      std::any_of(systems.begin(), systems.end(), [](const auto& s) { return s.has_members; });
  const long ocean = scores.ocean_points();
  const std::size_t width = name_width(systems);

  std::string text =
      fmt::format("scores over {}: {} times, {} ocean points, area-weighted, land excluded\n\n", period,
                  scores.times(), ocean);
  text += fmt::format("{:<{}} {:>7} {:>7} {:>8} {:>7} {:>7}", "system", width, "RMSE", "MAE", "bias", "corr",
                      "CRPS");
  if (members) text += fmt::format(" {:>9}", "fair CRPS");
  text += fmt::format(" {:>12}", "spread/skill");
  for (const double level : coverage_levels)
    text += fmt::format(" {:>5}", fmt::format("{:.0f} %", 100 * level));
  text += fmt::format(" {:>6} {:>6}\n", "PSNR", "SSIM");
  const ScoreUnits& units = scores.units();
  const std::string unit = units.text.size() > 7 ? "*" : units.text;
  text += fmt::format("{:<{}} {:>7} {:>7} {:>8} {:>7} {:>7}", "", width, unit, unit, unit, "", unit);
  if (members) text += fmt::format(" {:>9}", unit);
  text += fmt::format(" {:>12} {:>23} {:>6}\n", "", "coverage, %    ", "dB");
  for (std::size_t s = 0; s < systems.size(); ++s) {
    const Scores x = scores.total(s);
    text += fmt::format("{:<{}} {:>7} {:>7} {:>8} {:>7} {:>7}", systems[s].name, width, units.cell(x.rmse, 4),
                        units.cell(x.mae, 4), units.cell(x.bias, 4), score_cell(x.anomaly_correlation, 4),
                        units.cell(x.crps, 4));
    if (members) text += fmt::format(" {:>9}", units.cell(x.fair_crps, 4));
    text += fmt::format(" {:>12}", score_cell(x.spread_skill, 3));
    for (const double covered : x.coverage) text += fmt::format(" {:>5}", score_cell(100 * covered, 1));
    text += fmt::format(" {:>6} {:>6}\n", score_cell(x.psnr, 2), score_cell(x.ssim, 4));
  }
  text += unit == "*" ? "*: " + units.text + "\n\n" : "\n";
  for (const VerifiedSystem& system : systems)
    text += fmt::format("{:<{}} {}\n", system.name, width, system.description);
  text +=
      "bias: downscaled minus truth; corr: of the anomalies against the HR climatology, over all points and "
      "times\n";
  text += "CRPS: of the Gaussian of mean and variance; of a deterministic system it is the MAE\n";
  if (members)
    text += "fair CRPS: from the written members\n";
  text += spread_note(scores);
  text += fmt::format("PSNR, SSIM: data range {} {} (truth over the period); SSIM on windows without land\n",
                      units.cell(scores.data_range(), 2), units.text);
  if (scores.lost() > 0)
    text += fmt::format("{} values of the truth were left out for all systems: one of them has none there\n",
                        scores.lost());
  return text;
}

}  // namespace podscale
