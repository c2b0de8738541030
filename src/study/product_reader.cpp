#include "podscale/study/product_reader.hpp"

#include <algorithm>
#include <limits>
#include <map>

#include "podscale/core/error.hpp"
#include "podscale/core/sample_layout.hpp"

namespace podscale {

ProductReader::ProductReader(const Communicator& comm, const std::string& path, const std::string& name,
                             const std::optional<std::string>& units)
    : comm_(&comm), file_(NetcdfFile::open(comm, path)), mean_(open(name, units)) {
  file_.warn_of_changes();
  const Variable& variable = mean_.variables()[0];
  if (!variable.working_units.empty())
    scale_ = unit_conversion(variable.units, variable.working_units, path + ": " + name).scale;
  deviation_ = !file_.has_variable(name + "_variance");
  if (const std::string of = name + (deviation_ ? "_std" : "_variance"); file_.has_variable(of)) {
    spread_ = open(of, std::nullopt);
    // Its own units where it has some: a tool that converts the mean may leave the variance as it
    // was.
    const std::string own = spread_->variables()[0].units, &wanted = variable.working_units;
    const auto spread_units = deviation_ ? difference_units : squared_units;
    spread_scale_ = same_on_all_ranks([&] {
      return own.empty() || wanted.empty()
                 ? (deviation_ ? scale_ : scale_ * scale_)
                 : unit_conversion(own, spread_units(wanted), path + ": " + of).scale;
    });
    if (spread_->times().values() != times().values() || mesh_difference(spread_->mesh(), mesh()))
      throw Error(ExitCode::data,
                  fmt::format("{}: {} has other times or points than {}; expected the same", path, of, name),
                  true);
  }
  if (file_.has_variable(name + "_running_factor")) running_ = open(name + "_running_factor", std::nullopt);
  if (!file_.has_variable(name + "_member")) return;
  const std::vector<std::string> dims = file_.variable(name + "_member").dims;
  const auto member = std::find(dims.begin(), dims.end(), "member");
  members_.push_back(open(name + "_member", units,
                          member != dims.end() ? "member"
                          : dims.size() >= 4   ? dims[dims.size() - 3]
                                               : ""));
  for (long m = 1; m < members_[0].elements(); ++m) members_.push_back(members_[0].element(m));
}

CfSource ProductReader::open(const std::string& variable, const std::optional<std::string>& units,
                             const std::string& further) const {
  CfSpec spec{"product", {file_.path()}, variable, "", "", {}, units, "the other product"};
  spec.further = further;
  spec.several = true;
  return CfSource::open(*comm_, spec);
}

std::string ProductReader::long_name() const {
  const Variable& variable = mean_.variables()[0];
  const std::string text = variable.long_name.empty() ? variable.name : variable.long_name;
  return text.substr(0, text.find(", downscaled mean"));
}

void ProductReader::put_on(const Mesh& mesh, const std::string& of_whom) {
  const auto shift = column_shift(mean_.mesh(), mesh);
  if (!shift)
    fail(ExitCode::data, "{}: its mesh differs from that of {}: {}; give files on one mesh", path(), of_whom,
         mesh_difference(mean_.mesh(), mesh).value_or("the columns differ"));
  first_column_ = *shift;
}

std::optional<std::array<double, 4>> ProductReader::conformal_half_width() const {
  const auto found = file_.numbers("", "podscale_calibration_conformal_half_width");
  if (!found || found->size() != 4 || !has_variance()) return std::nullopt;
  std::array<double, 4> half_width{};
  std::copy(found->begin(), found->end(), half_width.begin());
  return half_width;
}

void ProductReader::require_basis(const std::string& basis_path) const {
  const auto made_with = file_.text("", "podscale_basis_checksum");
  if (!made_with) return;
  const Communicator self = Communicator::self();
  const NetcdfFile basis = NetcdfFile::open(self, basis_path);
  const auto alone = basis.text("", "podscale_checksum"), with_base = basis.text("", "base_checksum");
  if (made_with != alone && made_with != with_base)
    fail(ExitCode::data,
         "{}: made with a basis of checksum {}, but {} has {}{}; give the basis that the product was made "
         "with (output.basis_file)",
         file_.path(), *made_with, basis_path, alone.value_or("none"),
         with_base ? " and with its base " + *with_base : "");
}

void ProductReader::read_field(const CfSource& source, long step, std::span<float> out) const {
  if (const auto ahead = ahead_.find(&source); ahead != ahead_.end())
    ahead->second.read(step, out);
  else
    source.read({rows().begin, rows().size(), first_column_, mesh().nx()}, std::span(&step, 1), out);
}

void ProductReader::expect(std::span<const long> times, long block) {
  ahead_.clear();
  std::vector<long> steps;
  for (const long time : times) {
    if (!pooled_)
      steps.push_back(time);
    else
      steps.insert(steps.end(), realizations(time).begin(), realizations(time).end());
  }
  if (steps.empty() || block <= 1) return;
  std::vector<const CfSource*> sources{&mean_};
  if (spread_) sources.push_back(&*spread_);
  if (running_) sources.push_back(&*running_);
  for (const CfSource& member : members_) sources.push_back(&member);
  for (const CfSource* source : sources)
    ahead_.emplace(
        source, ReadAhead(*source, {rows().begin, rows().size(), first_column_, mesh().nx()}, steps, block));
}

void ProductReader::pool_realizations() {
  const SampleLayout layout(mean_.times(), path());
  if (!layout.has_realizations()) return;
  pooled_.emplace(Pooled{layout.times, {}});
  std::map<SampleCell, std::vector<long>> steps_of;
  for (std::size_t t = 0; t < layout.cells.size(); ++t) {
    SampleCell cell = layout.cells[t];
    cell.realization = 0;
    steps_of[cell].push_back(static_cast<long>(t));
  }
  for (const SampleCell& cell : layout.cells_of_times) pooled_->parts.push_back(steps_of.at(cell));
}

void ProductReader::read_pooled(std::span<const long> parts, ProductFields& fields) const {
  const std::size_t points = this->points();
  const double n = static_cast<double>(parts.size());
  std::vector<double> mean(points, 0.0), squares(points, 0.0), within(points, 0.0);
  std::vector<float> members;
  fields.means.clear();
  fields.variances.clear();
  ProductFields one;
  for (std::size_t r = 0; r < parts.size(); ++r) {
    read_one(parts[r], one);
    for (std::size_t i = 0; i < points; ++i) {
      const double value = one.mean[i], before = value - mean[i];
      mean[i] += before / static_cast<double>(r + 1);
      squares[i] += before * (value - mean[i]);
      if (spread_) within[i] += static_cast<double>(one.variance[i]);
    }
    members.insert(members.end(), one.members.begin(), one.members.end());
    fields.means.insert(fields.means.end(), one.mean.begin(), one.mean.end());
    fields.variances.insert(fields.variances.end(), one.variance.begin(), one.variance.end());
  }
  fields.mean.assign(mean.begin(), mean.end());
  fields.variance.resize(spread_ ? points : 0);
  for (std::size_t i = 0; i < fields.variance.size(); ++i)
    fields.variance[i] = static_cast<float>((within[i] + squares[i]) / n);
  fields.members = std::move(members);
}

void ProductReader::read(long step, ProductFields& fields) const {
  if (pooled_)
    read_pooled(pooled_->parts.at(static_cast<std::size_t>(step)), fields);
  else
    read_one(step, fields);
}

ProductReader::Moments ProductReader::read_point(long step, idx_t point) const {
  const std::vector<long> parts =
      pooled_ ? pooled_->parts.at(static_cast<std::size_t>(step)) : std::vector<long>{step};
  const idx_t y = point / mesh().nx(), x = (first_column_ + point % mesh().nx()) % mesh().nx();
  const Window window = point < 0 ? Window{} : Window{y, 1, x, 1};
  std::vector<float> means(parts.size()), spreads(parts.size(), std::numeric_limits<float>::quiet_NaN());
  mean_.read(window, parts, std::span(means).first(point < 0 ? 0 : parts.size()));
  if (spread_) spread_->read(window, parts, std::span(spreads).first(point < 0 ? 0 : parts.size()));
  double mean = 0, within = 0, between = 0;
  const double n = static_cast<double>(parts.size());
  for (const float value : means) mean += static_cast<double>(value) / n;
  for (std::size_t r = 0; r < parts.size(); ++r) {
    const double spread = spread_scale_ * static_cast<double>(spreads[r]),
                 distance = static_cast<double>(means[r]) - mean;
    within += (deviation_ ? spread * spread : spread) / n;
    between += distance * distance / n;
  }
  return {mean, within + between};
}

void ProductReader::read_one(long step, ProductFields& fields) const {
  const std::size_t points = this->points();
  fields.mean.resize(points);
  read_field(mean_, step, fields.mean);
  fields.variance.resize(spread_ ? points : 0);
  if (spread_) read_field(*spread_, step, fields.variance);
  for (float& v : fields.variance) {
    v = static_cast<float>(spread_scale_ * v);
    if (deviation_) v *= v;
  }
  fields.running.resize(running_ ? points : 0);
  if (running_) read_field(*running_, step, fields.running);
  fields.members.resize(members_.size() * points);
  for (std::size_t m = 0; m < members_.size(); ++m)
    read_field(members_[m], step, std::span(fields.members).subspan(m * points, points));
}

}  // namespace podscale
