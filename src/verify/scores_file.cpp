#include "podscale/verify/scores_file.hpp"

#include <algorithm>
#include <cmath>

#include "podscale/core/error.hpp"
#include "podscale/field/mesh_file.hpp"
#include "podscale/verify/score_columns.hpp"

namespace podscale {
namespace {

constexpr double fill = 9.969209968386869e36;  // NetCDF's own fill value of float and double

template <class T>
std::vector<T> filled(std::vector<T> values) {
  for (T& value : values)
    if (!std::isfinite(value)) value = static_cast<T>(fill);
  return values;
}

class ScoresFile {
 public:
  ScoresFile(const std::string& path, const ScoresFileContents& contents)
      : contents_(contents),
        scores_(*contents.scores),
        units_(scores_.units()),
        comm_(Communicator::self()),
        file_(NetcdfFile::create(comm_, path)) {}

  void write() {
    define_axes();
    define_scores();
    define_sections();
    define_fields();
    file_.end_definitions();
    put_axes();
    put_scores();
    put_sections();
    put_fields();
    file_.commit();
  }

 private:
  using Names = std::vector<std::string>;

  void define(const std::string& name, nc_type type, const Names& dims, const std::string& units,
              const std::string& long_name, bool with_fill = true) {
    VariableOptions options;
    if (with_fill) options.fill = fill;
    if (dims.size() >= 2) options.deflate = 1;
    file_.define_variable(name, type, dims, options);
    if (!units.empty()) file_.put_text(name, "units", units);
    file_.put_text(name, "long_name", long_name);
  }

  void define_axes() {
    const auto& systems = scores_.systems();
    file_.define_dimension("system", systems.size());
    file_.define_dimension("time", scores_.times());
    file_.define_dimension("probability", coverage_levels.size());
    points_ = define_mesh(file_, scores_.mesh());

    define("system", NC_INT, {"system"}, "", "what is scored", false);
    std::vector<double> numbers;
    std::string names, legend;
    for (const VerifiedSystem& system : systems) {
      numbers.push_back(static_cast<double>(numbers.size()));
      names += (names.empty() ? "" : " ") + system.name;
      legend += (legend.empty() ? "" : "; ") + system.name + ": " + system.description;
    }
    file_.put_numbers("system", "flag_values", numbers, NC_INT);
    file_.put_text("system", "flag_meanings", names);
    file_.put_text("system", "comment", legend);
    define("spread_members", NC_INT, {"system"}, "1",
           "members that the variance was made from; 0: not from members", false);
    define("probability", NC_DOUBLE, {"probability"}, "1", "probability of the central interval", false);
    define_time("time", {"time"}, "time");
    file_.put_text("time", "axis", "T");
  }

  void define_time(const std::string& name, const Names& dims, const std::string& long_name) {
    define(name, NC_DOUBLE, dims, contents_.times.units, long_name, false);
    file_.put_text(name, "standard_name", "time");
    file_.put_text(name, "calendar", calendar_name(contents_.times.calendar));
  }

  void define_map(const std::string& name, nc_type type, Names dims, const std::string& units,
                  const std::string& long_name) {
    dims.insert(dims.end(), {points_.y, points_.x});
    define(name, type, dims, units, long_name, type == NC_FLOAT);
    points_.describe(file_, name);
  }

  void define_scores() {
    for (const ScoreColumn& column : score_columns()) {
      const std::string units = *column.units ? column.units : units_.difference, name = column.name;
      define(name, NC_DOUBLE, {"system"}, units, column.long_name);
      define(name + "_series", NC_DOUBLE, {"time", "system"}, units, column.long_name);
    }
    const std::string coverage =
        "fraction of truths inside the central interval of the Gaussian of mean and variance";
    define("coverage", NC_DOUBLE, {"system", "probability"}, "1", coverage);
    define("coverage_series", NC_DOUBLE, {"time", "system", "probability"}, "1", coverage);
  }

  void define_sections() {
    for (const ScoreSection& section : contents_.sections) {
      for (const ScoreAxis& axis : section.axes) {
        file_.define_dimension(axis.name, axis.values.size());
        define(axis.name, NC_DOUBLE, {axis.name}, axis.units, axis.long_name, false);
      }
      for (const ScoreVariable& variable : section.variables) {
        define(variable.name, NC_DOUBLE, variable.dims, variable.units, variable.long_name);
        if (!variable.comment.empty()) file_.put_text(variable.name, "comment", variable.comment);
      }
    }
  }

  void define_fields() {
    const std::string& units = units_.difference;
    define_map("rmse_map", NC_FLOAT, {"system"}, units, "root mean square error over the period");
    define_map("bias_map", NC_FLOAT, {"system"}, units, "mean error over the period, downscaled minus truth");
    define_map("deviation_map", NC_FLOAT, {"system"}, units, "mean standard deviation over the period");
    define_map("ocean_mask", NC_BYTE, {}, "", "points that are verified");
    file_.put_numbers("ocean_mask", "flag_values", {0, 1}, NC_BYTE);
    file_.put_text("ocean_mask", "flag_meanings", "land ocean");
    file_.put_text("", "Conventions", "CF-1.8");
    file_.put_text("", "title", "scores of " + contents_.long_name);
    file_.put_text("", "product", contents_.product);
    file_.put_text("", "reference", contents_.reference);
    file_.put_text(
        "", "comment",
        "sums are area-weighted over the ocean points that have a truth and a value of every system");
    if (!contents_.namelist.empty()) file_.put_text("", "podscale_namelist", contents_.namelist);
    file_.put_numbers("", "data_range", {scores_.data_range()});
    if (contents_.picture.time < 0) return;
    define_time("picture_time", {}, "time of the picture");
    if (!points_.coordinates.empty()) points_.coordinates.insert(0, " ");
    points_.coordinates.insert(0, "picture_time");
    for (const auto& [name, what] : picture_names())
      define_map(name, NC_FLOAT, {}, name == "picture_deviation" ? units : units_.value, what);
  }

  std::size_t systems() const { return scores_.systems().size(); }
  std::size_t ny() const { return scores_.mesh().ny(); }
  std::size_t nx() const { return scores_.mesh().nx(); }

  std::vector<std::pair<std::string, std::string>> picture_names() const {
    std::vector<std::pair<std::string, std::string>> names = {
        {"picture_low_resolution", "low-resolution input, nearest cell"},
        {"picture_mean", "downscaled mean of " + contents_.long_name},
        {"picture_truth", "true " + contents_.long_name}};
    if (!contents_.picture.deviation.empty())
      names.emplace_back("picture_deviation", "standard deviation of the downscaled " + contents_.long_name);
    return names;
  }

  void put_axes() {
    std::vector<double> numbers, members;
    for (const VerifiedSystem& system : scores_.systems()) {
      numbers.push_back(static_cast<double>(numbers.size()));
      members.push_back(system.spread_members);
    }
    put("system", {numbers.size()}, numbers);
    put("spread_members", {members.size()}, members);
    put("probability", {coverage_levels.size()}, {coverage_levels.begin(), coverage_levels.end()});
    write_mesh(comm_, file_, scores_.mesh());
    put("time", {contents_.times.values.size()}, contents_.times.values);
    const auto& ocean = scores_.ocean();
    put("ocean_mask", {ny(), nx()}, {ocean.begin(), ocean.end()});
  }

  void put_scores() {
    const auto times = static_cast<std::size_t>(scores_.times());
    std::vector<Scores> totals, series;  // [systems], [times][systems]
    for (std::size_t s = 0; s < systems(); ++s) totals.push_back(scores_.total(s));
    for (long t = 0; t < scores_.times(); ++t)
      for (std::size_t s = 0; s < systems(); ++s) series.push_back(scores_.at(t, s));
    const auto collect = [](const std::vector<Scores>& from, const auto& value) {
      std::vector<double> out;
      std::transform(from.begin(), from.end(), std::back_inserter(out), value);
      return out;
    };
    const auto coverage = [](const std::vector<Scores>& from) {
      std::vector<double> out;
      for (const Scores& scores : from) out.insert(out.end(), scores.coverage.begin(), scores.coverage.end());
      return out;
    };
    for (const ScoreColumn& column : score_columns()) {
      put(column.name, {systems()}, collect(totals, column.value));
      put(std::string(column.name) + "_series", {times, systems()}, collect(series, column.value));
    }
    put("coverage", {systems(), coverage_levels.size()}, coverage(totals));
    put("coverage_series", {times, systems(), coverage_levels.size()}, coverage(series));
  }

  void put_sections() {
    for (const ScoreSection& section : contents_.sections) {
      for (const ScoreAxis& axis : section.axes) put(axis.name, {axis.values.size()}, axis.values);
      for (const ScoreVariable& variable : section.variables)
        put(variable.name, shape_of(variable, section, systems()), variable.values);
    }
  }

  void put_fields() {
    const std::size_t ny = this->ny(), nx = this->nx();
    for (std::size_t s = 0; s < systems(); ++s) {
      const ScoreMaps& maps = scores_.maps(s);
      const std::vector<double> none(ny * nx, fill);
      put("rmse_map", {1, ny, nx}, maps.rmse, s);
      put("bias_map", {1, ny, nx}, maps.bias, s);
      put("deviation_map", {1, ny, nx}, maps.deviation.empty() ? none : maps.deviation, s);
    }
    const PictureFields& picture = contents_.picture;
    if (picture.time < 0) return;
    const double time[] = {contents_.times.values[picture.time]};
    file_.put("picture_time", {}, {}, std::span<const double>(time));
    const std::vector<float>* fields[] = {&picture.low_resolution, &picture.mean, &picture.truth,
                                          &picture.deviation};
    const auto names = picture_names();
    for (std::size_t k = 0; k < names.size(); ++k) {
      PODSCALE_ASSERT(fields[k]->size() == ny * nx, "{}: {} points", names[k].first, fields[k]->size());
      const std::vector<float> values = filled(*fields[k]);
      file_.put(names[k].first, {0, 0}, {ny, nx}, std::span<const float>(values));
    }
  }

  void put(const std::string& name, const std::vector<std::size_t>& count, const std::vector<double>& values,
           std::size_t first = 0) {
    std::vector<std::size_t> start(count.size(), 0);
    if (!start.empty()) start[0] = first;
    const std::vector<double> out = filled(values);
    file_.put(name, start, count, std::span<const double>(out));
  }

  const ScoresFileContents& contents_;
  const ScoreAccumulator& scores_;
  const ScoreUnits& units_;
  MeshNames points_;
  Communicator comm_;
  NetcdfFile file_;
};

}  // namespace

void write_scores(const std::string& path, const ScoresFileContents& contents) {
  ScoresFile(path, contents).write();
}

}  // namespace podscale
