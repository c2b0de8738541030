#include "podscale/verify/scores_file.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <optional>
#include <type_traits>
#include <utility>

#include "podscale/core/error.hpp"
#include "podscale/core/on_this_rank.hpp"
#include "podscale/core/version.hpp"
#include "podscale/field/mesh_file.hpp"
#include "podscale/verify/score_columns.hpp"

namespace podscale {
namespace {

constexpr double fill = 9.969209968386869e36;  // NetCDF's own fill value of float and double

struct ScoresMap {
  const char *name, *long_name;
  std::vector<double> ScoreMaps::*values;
};
const ScoresMap kMaps[] = {
    {"rmse_map", "root mean square error over the period", &ScoreMaps::rmse},
    {"bias_map", "mean error over the period, downscaled minus truth", &ScoreMaps::bias},
    {"deviation_map", "mean standard deviation over the period", &ScoreMaps::deviation}};

class ScoresFile {
 public:
  ScoresFile(const std::string& path, const ScoresFileContents& contents,
             const std::vector<unsigned char>& ocean)
      : contents_(contents),
        scores_(*contents.scores),
        units_(scores_.units()),
        ocean_(ocean),
        comm_(Communicator::self()),
        file_(NetcdfFile::create(comm_, path)) {}

  /// All but the maps.
  void write() {
    add_axes();
    add_scores();
    add_sections();
    add_maps();
    add_attributes();
    if (contents_.picture.time >= 0) add_picture();
    file_.end_definitions();
    write_mesh(comm_, file_, scores_.mesh());
    for (auto& [name, values] : values_) {
      const std::vector<std::size_t> count = file_.variable(name).shape, start(count.size(), 0);
      const std::size_t size =
          std::accumulate(count.begin(), count.end(), std::size_t{1}, std::multiplies<>());
      PODSCALE_ASSERT(values.size() == size, "{}: {} values, expected {}", name, values.size(), size);
      for (double& value : values)
        if (!std::isfinite(value)) value = fill;
      file_.put(name, start, count, std::span<const double>(values));
    }
  }
  /// Of a system: the whole region.
  void put_map(const std::string& name, std::size_t system, std::vector<double> values) {
    std::vector<std::size_t> count = file_.variable(name).shape, start(count.size(), 0);
    start[0] = system;
    count[0] = 1;
    values.resize(count[1] * count[2], fill);  // a system without
    for (double& value : values)
      if (!std::isfinite(value)) value = fill;
    file_.put(name, start, count, std::span<const double>(values));
  }
  void commit() { file_.commit(); }

 private:
  using Names = std::vector<std::string>;
  using Values = std::vector<double>;

  void define(const std::string& name, nc_type type, const Names& dims, const std::string& units,
              const std::string& long_name, bool with_fill) {
    VariableOptions options;
    if (with_fill) options.fill = fill;
    if (dims.size() >= 2) options.deflate = 1;
    // A map a chunk: they come one by one.
    if (dims.size() == 3 && dims[1] == points_.y && dims[2] == points_.x)
      options.chunks = {1, static_cast<std::size_t>(scores_.mesh().ny()),
                        static_cast<std::size_t>(scores_.mesh().nx())};
    file_.define_variable(name, type, dims, options);
    if (!units.empty()) file_.put_text(name, "units", units);
    file_.put_text(name, "long_name", long_name);
  }
  /// Defines a variable; its values are written once all are defined.
  void add(const std::string& name, nc_type type, const Names& dims, const std::string& units,
           const std::string& long_name, Values values, bool with_fill = true) {
    define(name, type, dims, units, long_name, with_fill);
    values_.emplace_back(name, std::move(values));
  }

  void add_time(const std::string& name, const Names& dims, const std::string& long_name, Values values) {
    add(name, NC_DOUBLE, dims, contents_.times.units, long_name, std::move(values), false);
    file_.put_text(name, "standard_name", "time");
    file_.put_text(name, "calendar", calendar_name(contents_.times.calendar));
  }

  void define_map(const std::string& name, nc_type type, Names dims, const std::string& units,
                  const std::string& long_name) {
    dims.insert(dims.end(), {points_.y, points_.x});
    define(name, type, dims, units, long_name, type == NC_FLOAT);
    points_.describe(file_, name);
  }
  void add_map(const std::string& name, nc_type type, const Names& dims, const std::string& units,
               const std::string& long_name, Values values) {
    define_map(name, type, dims, units, long_name);
    values_.emplace_back(name, std::move(values));
  }

  void add_axes() {
    const auto& systems = scores_.systems();
    file_.define_dimension("system", systems.size());
    file_.define_dimension("time", scores_.times());
    file_.define_dimension("probability", coverage_levels.size());
    points_ = define_mesh(file_, scores_.mesh());

    Values numbers, members;
    std::string names, legend;
    for (const VerifiedSystem& system : systems) {
      numbers.push_back(static_cast<double>(numbers.size()));
      members.push_back(system.spread_members);
      names += (names.empty() ? "" : " ") + system.name;
      legend += (legend.empty() ? "" : "; ") + system.name + ": " + system.description;
    }
    add("system", NC_INT, {"system"}, "", "what is scored", numbers, false);
    file_.put_numbers("system", "flag_values", numbers, NC_INT);
    file_.put_text("system", "flag_meanings", names);
    file_.put_text("system", "comment", legend);
    add("spread_members", NC_INT, {"system"}, "1",
        "members that the variance was made from; 0: not from members", members, false);
    add("probability", NC_DOUBLE, {"probability"}, "1", "probability of the central interval",
        {coverage_levels.begin(), coverage_levels.end()}, false);
    add_time("time", {"time"}, "time", contents_.times.values());
    file_.put_text("time", "axis", "T");
  }

  void add_scores() {
    std::vector<Scores> totals, series;  // [systems], [times][systems]
    for (std::size_t s = 0; s < scores_.systems().size(); ++s) totals.push_back(scores_.total(s));
    for (long t = 0; t < scores_.times(); ++t)
      for (std::size_t s = 0; s < totals.size(); ++s) series.push_back(scores_.at(t, s));
    const auto collect = [](const std::vector<Scores>& from, const auto& value) {
      Values out;
      std::transform(from.begin(), from.end(), std::back_inserter(out), value);
      return out;
    };
    const auto coverage = [](const std::vector<Scores>& from) {
      Values out;
      for (const Scores& scores : from) out.insert(out.end(), scores.coverage.begin(), scores.coverage.end());
      return out;
    };
    for (const ScoreColumn& column : score_columns()) {
      const std::string units = *column.units ? column.units : units_.difference, name = column.name;
      add(name, NC_DOUBLE, {"system"}, units, column.long_name, collect(totals, column.value));
      add(name + "_series", NC_DOUBLE, {"time", "system"}, units, column.long_name,
          collect(series, column.value));
    }
    const std::string what =
        "fraction of truths inside the central interval of the Gaussian of mean and variance";
    add("coverage", NC_DOUBLE, {"system", "probability"}, "1", what, coverage(totals));
    add("coverage_series", NC_DOUBLE, {"time", "system", "probability"}, "1", what, coverage(series));
  }

  void add_sections() {
    for (const ScoreSection& section : contents_.sections) {
      for (const ScoreAxis& axis : section.axes) {
        file_.define_dimension(axis.name, axis.values.size());
        add(axis.name, NC_DOUBLE, {axis.name}, axis.units, axis.long_name, axis.values, false);
      }
      for (const ScoreVariable& variable : section.variables) {
        add(variable.name, NC_DOUBLE, variable.dims, variable.units, variable.long_name, variable.values);
        if (!variable.comment.empty()) file_.put_text(variable.name, "comment", variable.comment);
      }
    }
  }

  void add_maps() {
    for (const ScoresMap& map : kMaps)
      define_map(map.name, NC_FLOAT, {"system"}, units_.difference, map.long_name);
    add_map("ocean_mask", NC_BYTE, {}, "", "points that are verified", {ocean_.begin(), ocean_.end()});
    file_.put_numbers("ocean_mask", "flag_values", {0, 1}, NC_BYTE);
    file_.put_text("ocean_mask", "flag_meanings", "land ocean");
  }

  void add_attributes() {
    file_.put_text("", "Conventions", "CF-1.8");
    file_.put_text("", "title", "scores of " + contents_.long_name);
    file_.put_text("", "history", history_line());
    file_.put_text("", "product", contents_.product);
    file_.put_text("", "reference", contents_.reference);
    file_.put_text(
        "", "comment",
        "sums are area-weighted over the ocean points that have a truth and a value of every system");
    if (!contents_.namelist.empty()) file_.put_text("", "podscale_namelist", contents_.namelist);
    file_.put_numbers("", "data_range", {scores_.data_range()});
  }

  void add_picture() {
    const PictureFields& picture = contents_.picture;
    add_time("picture_time", {}, "time of the picture", {contents_.times[picture.time].time});
    if (!points_.coordinates.empty()) points_.coordinates.insert(0, " ");
    points_.coordinates.insert(0, "picture_time");
    const auto field = [&](const char* name, const std::string& units, const std::string& what,
                           const std::vector<float>& values) {
      if (!values.empty()) add_map(name, NC_FLOAT, {}, units, what, {values.begin(), values.end()});
    };
    const std::string& name = contents_.long_name;
    field("picture_low_resolution", units_.value, "low-resolution input, nearest cell",
          picture.low_resolution);
    field("picture_mean", units_.value, "downscaled mean of " + name, picture.mean);
    field("picture_truth", units_.value, "true " + name, picture.truth);
    field("picture_deviation", units_.difference, "standard deviation of the downscaled " + name,
          picture.deviation);
    if (const long count = std::ssize(picture.members); count > 0) {
      file_.define_dimension("picture_member_number", count);
      Values all;
      for (const auto& member : picture.members) all.insert(all.end(), member.begin(), member.end());
      add_map("picture_member", NC_FLOAT, {"picture_member_number"}, units_.value, "members of " + name,
              std::move(all));
    }
    if (picture.series.point >= 0) add_series(picture.series);
  }

  void add_series(const PointSeries& series) {
    file_.define_dimension("point_time", series.times.size());
    Values when;
    for (const long t : series.times) when.push_back(contents_.times[t].time);
    add_time("point_time", {"point_time"}, "times of the series at a point", std::move(when));
    const auto [y, x] = scores_.mesh().position(series.point);
    file_.define_dimension("point_axis", 2);
    add("point_position", NC_DOUBLE, {"point_axis"}, "",
        "latitude and longitude, or y and x of a plane, of the ocean point of largest mean standard deviation "
        "(of largest error without one)",
        {y, x}, false);
    const std::string &value = units_.value, &name = contents_.long_name, at = " at the point";
    add("point_mean", NC_DOUBLE, {"point_time"}, value, "downscaled mean of " + name + at, series.mean);
    add("point_half_width", NC_DOUBLE, {"point_time"}, units_.difference,
        "half width of the central 90 % interval" + at, series.half_width);
    add("point_truth", NC_DOUBLE, {"point_time"}, value, "true " + name + at, series.truth);
    add("point_interpolated", NC_DOUBLE, {"point_time"}, value,
        "low-resolution anomaly, interpolated, on the high-resolution climatology" + at, series.interpolated);
  }

  const ScoresFileContents& contents_;
  const ScoreAccumulator& scores_;
  const ScoreUnits& units_;
  const std::vector<unsigned char>& ocean_;
  MeshNames points_;
  std::vector<std::pair<std::string, Values>> values_;  // by variable
  Communicator comm_;
  NetcdfFile file_;
};

}  // namespace

void write_scores(const std::string& path, const ScoresFileContents& contents) {
  const Communicator self = Communicator::self();
  const Communicator& comm = contents.comm ? *contents.comm : self;
  const auto whole = [&](const auto& own) {
    using T = typename std::decay_t<decltype(own)>::value_type;
    return contents.rows && !own.empty() ? contents.rows->gather(std::span<const T>(own)) : own;
  };
  const ScoreAccumulator& scores = *contents.scores;
  const std::vector<unsigned char> ocean = whole(scores.ocean());
  std::optional<ScoresFile> file;
  const auto on_root = [&](const auto& work) {
    comm.agree([&] {
      if (comm.is_root()) on_this_rank(work);
    });
  };
  on_root([&] {
    file.emplace(path, contents, ocean);
    file->write();
  });
  for (const ScoresMap& map : kMaps)
    for (std::size_t s = 0; s < scores.systems().size(); ++s) {
      const std::vector<double> values = whole(scores.maps(s).*map.values);
      on_root([&] { file->put_map(map.name, s, values); });
    }
  on_root([&] { file->commit(); });
}

}  // namespace podscale
