#include "podscale/verify/product_reader.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <numeric>

#include "podscale/core/error.hpp"
#include "podscale/field/mesh_file.hpp"
#include "podscale/field/sample_file.hpp"

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
  std::vector<std::string> dims = file_.variable(name).dims;
  if (dims.size() != 3) dims = {"", "y", "x"};
  dims[0] = "time";
  require_dimensions(file_, name, dims);
  mesh_ = read_mesh(file_);
  times_ = read_samples(file_);
  has_factors_ = file_.has_variable("phi") && file_.has_variable("condition");
  has_variance_ = file_.has_variable(name + "_variance");
  if (has_variance_) require_dimensions(file_, name + "_variance", dims);
  if (file_.has_variable(name + "_member")) {
    dims.insert(dims.begin() + 1, "realization");
    require_dimensions(file_, name + "_member", dims);
    members_ = static_cast<int>(file_.variable(name + "_member").shape[1]);
  }
}

std::string ProductReader::long_name() const {
  const std::string text = file_.text(name_, "long_name").value_or(name_);
  return text.substr(0, text.find(", downscaled mean"));
}

void ProductReader::read_in(const std::string& wanted) {
  if (const std::string own = units(); !own.empty())
    to_ = unit_conversion(own, wanted, path() + ": " + name_);
}

std::optional<std::array<double, 4>> ProductReader::conformal_half_width() const {
  const auto found = file_.numbers("", "podscale_calibration_conformal_half_width");
  if (!found || found->size() != 4 || !has_variance_) return std::nullopt;
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

void ProductReader::read_field(const std::string& variable, long step, const UnitConversion& to,
                               std::vector<float>& out) const {
  std::vector<std::size_t> count = file_.variable(variable).shape, start(count.size(), 0);
  start[0] = step;
  count[0] = 1;
  out.resize(std::accumulate(count.begin(), count.end(), std::size_t{1}, std::multiplies<>()));
  file_.get(variable, start, count, out);
  constexpr float nan = std::numeric_limits<float>::quiet_NaN();
  const auto fill = file_.numbers(variable, "_FillValue");
  const float missing = fill && !fill->empty() ? static_cast<float>(fill->front()) : nan;
  for (float& value : out) value = value == missing ? nan : static_cast<float>(to.scale * value + to.offset);
}

void ProductReader::read(long step, ForecastFields& fields) const {
  read_field(name_, step, to_, fields.mean);
  if (has_variance_) read_field(name_ + "_variance", step, {to_.scale * to_.scale, 0}, fields.variance);
  if (members_ > 0) read_field(name_ + "_member", step, to_, fields.members);
}

}  // namespace podscale
