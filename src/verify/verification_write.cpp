// Verification: scores.nc, scores.txt and the fields of the picture.
#include <cmath>

#include "podscale/file/output_file.hpp"
#include "podscale/verify/on_this_rank.hpp"
#include "podscale/verify/score_table.hpp"
#include "podscale/verify/verification.hpp"

namespace podscale {

PictureFields Verification::picture_fields() {
  PictureFields picture;
  picture.time = picture_index();
  if (picture.time < 0) return picture;
  const Match& match = matched_[static_cast<std::size_t>(picture.time)];
  ForecastFields forecast;
  product_->read(match.product, forecast);
  picture.mean = std::move(forecast.mean);
  picture.deviation = std::move(forecast.variance);
  for (float& value : picture.deviation) value = std::sqrt(value);
  picture.truth = read_truth(match.truth);
  picture.low_resolution = baselines_->nearest(match.lr);
  return picture;
}

std::string Verification::write(const ScoreAccumulator& scores, const std::string& scores_path,
                                const std::string& text_path) {
  std::vector<ScoreSection> sections = scores.sections();
  sections.push_back(difference_section(scores, bootstrap_options()));
  std::string table = score_table(scores, period());
  for (const ScoreSection& section : sections) table += section.text;
  on_this_rank([&] {
    OutputFile text(text_path);  // complete before the scores are renamed: both appear, or none
    text.write(table);
    const std::string long_name = namelist_->text("output.long_name");
    write_scores(scores_path,
                 {&scores, matched_times(), picture_fields(), namelist_->text("output.variable_name"),
                  long_name, "degC", product_path_, truth_->describe(), namelist_->effective(), sections});
    text.commit();
  });
  return table;
}

}  // namespace podscale
