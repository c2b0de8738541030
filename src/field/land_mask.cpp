#include "land_mask.hpp"

#include <algorithm>
#include <cmath>
#include <sstream>

#include "cf_variable.hpp"
#include "podscale/core/error.hpp"
#include "podscale/core/log.hpp"
#include "podscale/core/text.hpp"
#include "podscale/field/field_on_mesh.hpp"

namespace podscale {
namespace {

constexpr const char* kCure = "say what it means by data.mask_ocean_values, or by its standard_name";

bool holds(const std::string& text, std::initializer_list<const char*> parts) {
  return std::any_of(parts.begin(), parts.end(),
                     [&](const char* part) { return text.find(part) != std::string::npos; });
}

/// A word of flag_meanings.
bool means_sea(const std::string& word) {
  return holds(word, {"sea", "ocean", "water"}) &&
         !holds(word, {"land", "lake", "river", "coast", "shore", "ephemeral", "no_", "not_", "non"});
}

/// What flag_values or flag_masks say about single values.
struct Flags {
  std::vector<double> values;  // that are sea
  long sea = 0, land = 0;      // bits
  bool present = false;

  Flags(const NetcdfFile& file, const std::string& name, const std::string& what) {
    const std::string meanings = lower(file.text(name, "flag_meanings").value_or(""));
    std::istringstream stream(meanings);
    const std::vector<std::string> words{std::istream_iterator<std::string>(stream), {}};
    const auto single = file.numbers(name, "flag_values"), bits = file.numbers(name, "flag_masks");
    const auto& numbers = single ? single : bits;
    if (words.empty() || !numbers) return;
    if (numbers->size() != words.size())
      fail(ExitCode::data, "{} has {} flag_meanings for {} flags; expected one each: {}", what, words.size(),
           numbers->size(), kCure);
    for (std::size_t i = 0; i < words.size(); ++i) {
      const bool is_sea = means_sea(words[i]);
      present = present || is_sea;
      if (single && is_sea) values.push_back((*numbers)[i]);
      if (!single) (is_sea ? sea : land) |= std::lround((*numbers)[i]);
      if (!single && !is_sea && !holds(words[i], {"land", "lake", "river"}))
        land &= ~std::lround((*numbers)[i]);  // rain or daylight: neither
    }
    if (!present) fail(ExitCode::data, "{}: its flag_meanings '{}' name no sea; {}", what, meanings, kCure);
  }
  bool is_sea(double v) const {
    if (std::isnan(v)) return false;
    const long bits = std::lround(v);
    return std::find(values.begin(), values.end(), v) != values.end() || ((bits & sea) && !(bits & land));
  }
};

enum class One { open, sea, land };  // what 1 stands for

One meaning_of_one(const NetcdfFile& file, const std::string& name) {
  const std::string standard = file.text(name, "standard_name").value_or(""), plain = lower(name);
  if (standard == "land_binary_mask" || standard == "land_area_fraction") return One::land;
  if (standard == "sea_binary_mask" || standard == "sea_area_fraction") return One::sea;
  return plain == "sftlf" || plain == "lsm" ? One::land : plain == "sftof" ? One::sea : One::open;
}

/// The largest value of a mask, and whether all are whole numbers.
struct Range {
  double high = 0;
  bool zero = false, whole = true;
  explicit Range(const std::vector<float>& values) {
    for (const float v : values) {
      if (std::isnan(v)) continue;
      high = std::max(high, static_cast<double>(v));
      zero = zero || v == 0;
      whole = whole && v == std::round(v);
    }
  }
};

/// Number of what is one.
double whole_share(const NetcdfFile& file, const std::string& name, const Range& range,
                   const std::string& what) {
  const std::string units = lower(trimmed(file.text(name, "units").value_or("")));
  const bool percent = units == "%" || units.starts_with("percent") || units.starts_with("per cent");
  if (range.high > 100.5)
    fail(ExitCode::data, "{} holds up to {} in '{}'; expected shares up to 1, or up to 100 %", what,
         range.high, units);
  if (percent && std::abs(range.high - 1) < 1e-6)
    fail(ExitCode::data,
         "{} is in '{}' but holds up to 1 only; expected up to 100, or units of 1 (set them with "
         "ncatted)",
         what, units);
  if (!percent && range.high > 1.01)
    log::warn("{} holds up to {} in '{}': taken as percent", what, range.high, units);
  return percent || range.high > 1.01 ? 100 : 1;
}

}  // namespace

std::vector<float> read_land_mask(const CfSpec& spec, const std::string& path, const Mesh& mesh,
                                  const std::string& owner) {
  const Communicator self = Communicator::self();
  const NetcdfFile file = NetcdfFile::open(self, spec.mask_file.empty() ? path : spec.mask_file);
  const std::string name = spec.mask_variable.empty() ? only_cf_variable(file, false) : spec.mask_variable;
  const std::string what = fmt::format("{}: mask variable '{}'", file.path(), name);
  const std::vector<float> values = read_on_mesh(file, name, mesh, {0, mesh.ny(), 0, mesh.nx()}, what, owner);
  const auto mask = [&](const auto& is_sea) {
    std::vector<float> sea;
    for (const float v : values) sea.push_back(is_sea(static_cast<double>(v)) ? 1.0f : 0.0f);
    if (std::find(sea.begin(), sea.end(), 1.0f) == sea.end())
      fail(ExitCode::data, "{} calls none of its {} points sea; {}", what, sea.size(), kCure);
    return sea;
  };

  const std::vector<double>& wanted = spec.mask_ocean_values;
  if (!wanted.empty())
    return mask([&](double v) {
      return std::any_of(wanted.begin(), wanted.end(), [v](double w) { return std::abs(v - w) < 1e-6; });
    });
  if (const Flags flags(file, name, what); flags.present)
    return mask([&](double v) { return flags.is_sea(v); });
  const Range range(values);
  const One of = meaning_of_one(file, name);
  if (of == One::open) {
    const std::string units = trimmed(file.text(name, "units").value_or(""));
    const std::string title = lower(name + " " + file.text(name, "long_name").value_or(""));
    if (units == "%" || (!range.whole && range.high > 1))
      fail(ExitCode::data, "{} holds shares up to {} and does not say whether of land or of sea; {}", what,
           range.high, kCure);
    if (holds(title, {"land"}) && !holds(title, {"sea", "ocean", "water"}))
      log::warn("{} has no standard_name and no flag_meanings: all but 0 is taken as sea", what);
    return mask(
        [&](double v) { return !std::isnan(v) && (range.whole ? v != 0 : v >= spec.mask_threshold); });
  }
  const double one = whole_share(file, name, range, what);
  return mask([&](double v) {
    if (of == One::sea) return v / one >= spec.mask_threshold;
    return std::isnan(v) ? !range.zero : 1 - v / one >= spec.mask_threshold;  // land alone may be marked
  });
}

}  // namespace podscale
