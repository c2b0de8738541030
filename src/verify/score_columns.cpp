#include "podscale/verify/score_columns.hpp"

namespace podscale {

const std::vector<ScoreColumn>& score_columns() {
  static const std::vector<ScoreColumn> list = {
      {"rmse", "", "root mean square error", [](const Scores& s) { return s.rmse; }},
      {"mae", "", "mean absolute error", [](const Scores& s) { return s.mae; }},
      {"bias", "", "mean error, downscaled minus truth", [](const Scores& s) { return s.bias; }},
      {"correlation", "1", "correlation with the truth", [](const Scores& s) { return s.correlation; }},
      {"anomaly_correlation", "1", "correlation of the anomalies against the climatology",
       [](const Scores& s) { return s.anomaly_correlation; }},
      {"crps", "", "continuous ranked probability score of the Gaussian of mean and variance",
       [](const Scores& s) { return s.crps; }},
      {"fair_crps", "", "fair continuous ranked probability score of the members",
       [](const Scores& s) { return s.fair_crps; }},
      {"spread", "",
       "root of the mean variance, times sqrt((M+1)/M) where it comes from M = spread_members members",
       [](const Scores& s) { return s.spread; }},
      {"spread_skill", "1", "ratio of spread to root mean square error",
       [](const Scores& s) { return s.spread_skill; }},
      {"error_over_variance", "1", "mean squared error over mean variance",
       [](const Scores& s) { return s.error_over_variance; }},
      {"standardised_error", "1", "mean of squared error over variance, point by point",
       [](const Scores& s) { return s.standardised_error; }},
      {"psnr", "dB", "peak signal-to-noise ratio", [](const Scores& s) { return s.psnr; }},
      {"ssim", "1", "structural similarity on windows free of land", [](const Scores& s) { return s.ssim; }},
      {"points", "1", "number of values that entered", [](const Scores& s) { return s.points; }},
  };
  return list;
}

}  // namespace podscale
