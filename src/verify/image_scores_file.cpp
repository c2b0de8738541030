// The scores of images as NetCDF, with the planes of a picture.
#include <cmath>

#include "podscale/core/version.hpp"
#include "podscale/verify/image_verification.hpp"

namespace podscale {
namespace {

using Part = ImageScoreRow ImageScores::*;
constexpr std::array<std::pair<const char*, Part>, 3> parts{
    {{"", &ImageScores::podscale}, {"bicubic_", &ImageScores::bicubic}, {"members_", &ImageScores::members}}};

struct Values {
  std::string name;
  std::vector<std::size_t> count;
  std::vector<double> values;
};

/// Defines while it collects; put() writes.
class File {
 public:
  explicit File(const std::string& path) : file_(NetcdfFile::create(self_, path)) {}
  void axis(const std::string& name, std::size_t size) { file_.define_dimension(name, size); }
  void add(const std::string& name, const std::vector<std::string>& dims, std::vector<double> values,
           const std::string& long_name) {
    file_.define_variable(name, NC_DOUBLE, dims, {{}, 0, NC_FILL_DOUBLE});
    file_.describe(name, long_name, "");
    for (double& value : values)
      if (!std::isfinite(value)) value = NC_FILL_DOUBLE;
    values_.push_back({name, file_.variable(name).shape, std::move(values)});
  }
  void text(const std::string& name, const std::string& value) {
    if (!value.empty()) file_.put_text("", name, value);
  }
  void number(const std::string& name, double value) {
    if (std::isfinite(value)) file_.put_numbers("", name, {value});
  }
  void commit() {
    file_.end_definitions();
    for (const Values& v : values_)
      file_.put(v.name, std::vector<std::size_t>(v.count.size(), 0), v.count,
                std::span<const double>(v.values));
    file_.commit();
  }

 private:
  Communicator self_ = Communicator::self();
  NetcdfFile file_;
  std::vector<Values> values_;
};

void add_panel(File& file, const std::string& what, const Plane& plane) {
  if (plane.empty()) return;
  file.axis("y_" + what, static_cast<std::size_t>(plane.ny));
  file.axis("x_" + what, static_cast<std::size_t>(plane.nx));
  file.add("panel_" + what, {"y_" + what, "x_" + what}, {plane.values.begin(), plane.values.end()},
           what + " of the picture, in grey levels of 255");
}

void add_structure(File& file, const ImageSetScores& scores) {
  const ImageSpectra s = scores.spectra();
  if (s.truth.front() > 0) {
    file.axis("wave_number", ImageSpectra::wave_numbers);
    const auto add = [&](const std::string& name, const auto& power, const std::string& of) {
      file.add("power_" + name, {"wave_number"}, {power.begin(), power.end()},
               "power of " + of + ", cycles in a window of 64 points from 1 on");
    };
    add("truth", s.truth, "the truth"), add("mean", s.mean, "the mean"), add("member", s.member, "a member");
    add("error", s.error, "mean less truth"), add("spread", s.spread, "a member less the mean");
  }
  const BoxScores b = scores.boxes();
  if (b.boxes.front() == 0) return;
  file.axis("box", BoxScores::most);
  const auto root = [&](const std::array<double, BoxScores::most>& sums) {
    std::vector<double> values;
    for (std::size_t i = 0; i < BoxScores::most; ++i)
      values.push_back(sums[i] > 0 ? std::sqrt(sums[i] / b.boxes[i]) : std::nan(""));
    return values;
  };
  file.add("box_side", {"box"}, {b.side.begin(), b.side.end()}, "points of a box's side");
  file.add("box_std", {"box"}, root(b.predicted), "standard deviation of means over boxes, closed form");
  file.add("box_spread", {"box"}, root(b.spread), "the same of the members");
  file.add("box_rmse", {"box"}, root(b.squared_error), "RMSE of means over boxes");
}

}  // namespace

void write_image_scores(const std::string& path, const ImageSetScores& scores, const ImageResult& panels) {
  File file(path);
  const std::size_t n = scores.images.size();
  file.axis("image", n);
  file.axis("share", Sparsification::steps);
  file.axis("std_class", DeviationClasses::count);
  for (const auto& [prefix, part] : parts)
    for (std::size_t c = 0; c < image_columns; ++c) {
      const auto column = static_cast<ImageColumn>(c);
      const double mean = scores.mean(part, column);
      if (std::isnan(mean)) continue;
      std::vector<double> values;
      for (const ImageScores& image : scores.images) values.push_back((image.*part)[c]);
      const std::string name = std::string(prefix) + name_of(column);
      file.add(name, {"image"}, std::move(values), name + " of every image");
      file.number("mean_" + name, mean);
    }
  const Sparsification s = scores.sparsification();
  file.add("sparsification", {"share"}, {s.curve.begin(), s.curve.end()},
           "RMSE of what is left without the share of largest std, over that of all");
  file.add("sparsification_oracle", {"share"}, {s.oracle.begin(), s.oracle.end()}, "the same by true error");
  const DeviationClasses d = scores.deviations();
  std::vector<double> predicted, error;
  for (std::size_t c = 0; c < DeviationClasses::count; ++c) {
    predicted.push_back(std::sqrt(d.predicted[c] / d.points[c]));
    error.push_back(std::sqrt(d.squared_error[c] / d.points[c]));
  }
  file.add("class_points", {"std_class"}, {d.points.begin(), d.points.end()}, "points of the class");
  file.add("class_std", {"std_class"}, predicted, "root mean square std of the class");
  file.add("class_rmse", {"std_class"}, error, "RMSE of the class");
  add_structure(file, scores);
  std::string names;
  for (const std::string& name : scores.names) names += (names.empty() ? "" : " ") + name;
  file.text("title", "scores of " + scores.product);
  file.text("images", names);
  file.text("podscale_version", version());
  file.text("podscale_namelist", scores.namelist);
  file.number("border", scores.protocol.border);
  if (!panels.mean.empty()) {
    file.text("panel_image", panels.name);
    const ImageResult grey = panels.on_grey_scale();
    add_panel(file, "lr", grey.lr);
    add_panel(file, "mean", grey.mean);
    add_panel(file, "std", grey.std);
    add_panel(file, "truth", grey.truth);
    if (!grey.members.empty()) add_panel(file, "member", grey.members.front());
  }
  file.commit();
}

}  // namespace podscale
