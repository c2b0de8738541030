#include "podscale/verify/product_reader.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "podscale/core/error.hpp"
#include "podscale/config/namelist.hpp"

namespace podscale {
namespace {

void require_dimensions(const NetcdfFile& file, const std::string& name,
                        const std::vector<std::string>& expected) {
  const std::vector<std::string> found = file.variable(name).dims;
  if (found != expected)
    fail(ExitCode::data,
         "{}: {} has dimensions ({}), expected ({}): give the file that podscale-downscale wrote",
         file.path(), name, fmt::join(found, ", "), fmt::join(expected, ", "));
}

}  // namespace

ProductReader::ProductReader(const Communicator& comm, const std::string& path, const std::string& name)
    : file_(NetcdfFile::open(comm, path)), name_(name) {
  file_.warn_of_changes();
  require_dimensions(file_, name, {"time", "lat", "lon"});
  grid_ = make_grid(file_.get_all("lat"), file_.get_all("lon"));
  times_ = decode_times(file_.get_all("time"), file_.text("time", "units").value_or(""),
                        file_.text("time", "calendar").value_or("standard"), path + ": time");
  to_celsius_ = unit_conversion(file_.text(name, "units").value_or("degC"), "degC", path + ": " + name);
  if (file_.has_variable(name + "_variance")) {
    require_dimensions(file_, name + "_variance", {"time", "lat", "lon"});
    has_variance_ = true;
  }
  has_factors_ = file_.has_variable("phi") && file_.has_variable("condition");
  if (file_.has_variable(name + "_member")) {
    require_dimensions(file_, name + "_member", {"time", "realization", "lat", "lon"});
    members_ = static_cast<int>(file_.variable(name + "_member").shape[1]);
  }
}

std::optional<std::array<double, 4>> ProductReader::conformal_half_width() const {
  const auto found = file_.numbers("", "podscale_calibration_conformal_half_width");
  if (!found || found->size() != 4 || !has_variance_) return std::nullopt;
  std::array<double, 4> half_width{};
  std::copy(found->begin(), found->end(), half_width.begin());
  return half_width;
}

int ProductReader::variance_members() const {
  const auto text = file_.text("", "podscale_namelist");
  if (!text) return -1;
  Namelist namelist;
  try {
    namelist.parse(*text, file_.path());
  } catch (const Error&) {  // written by another version, with other keys
    return -1;
  }
  const bool control_variate = namelist.logical("sampling.control_variate") &&
                               namelist.text("model.base") == "gaussian" &&
                               namelist.text("sampling.sampler") == "angle";  // no sampling error in the mean
  return namelist.text("sampling.uncertainty") == "ensemble" && !control_variate
             ? static_cast<int>(namelist.integer("sampling.members"))
             : 0;
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
         "with "
         "(output.basis_file)",
         file_.path(), *made_with, basis_path, alone.value_or("none"),
         with_base ? " and with its base " + *with_base : "");
}

void ProductReader::read_field(const std::string& variable, const std::vector<std::size_t>& start,
                               const std::vector<std::size_t>& count, double scale, double offset,
                               std::span<float> out) const {
  file_.get(variable, start, count, out);
  const auto fill = file_.numbers(variable, "_FillValue");
  const float missing =
      fill && !fill->empty() ? static_cast<float>(fill->front()) : std::numeric_limits<float>::quiet_NaN();
  for (float& value : out)
    value = value == missing ? std::numeric_limits<float>::quiet_NaN()
                             : static_cast<float>(scale * value + offset);
}

void ProductReader::read(long step, ForecastFields& fields) const {
  const auto t = static_cast<std::size_t>(step), ny = grid_.lat.size(), nx = grid_.lon.size();
  const double scale = to_celsius_.scale, offset = to_celsius_.offset;
  fields.mean.resize(ny * nx);
  read_field(name_, {t, 0, 0}, {1, ny, nx}, scale, offset, fields.mean);
  if (has_variance_) {
    fields.variance.resize(ny * nx);
    read_field(name_ + "_variance", {t, 0, 0}, {1, ny, nx}, scale * scale, 0, fields.variance);
  }
  if (members_ > 0) {
    const auto count = static_cast<std::size_t>(members_);
    fields.members.resize(count * ny * nx);
    read_field(name_ + "_member", {t, 0, 0, 0}, {1, count, ny, nx}, scale, offset, fields.members);
  }
}

}  // namespace podscale
