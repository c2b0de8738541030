#include "land_mask.hpp"

#include <algorithm>
#include <cmath>
#include <regex>
#include <sstream>

#include "cf_variable.hpp"
#include "podscale/core/error.hpp"
#include "podscale/core/log.hpp"
#include "podscale/core/text.hpp"
#include "podscale/core/units.hpp"
#include "podscale/field/field_on_mesh.hpp"

namespace podscale {
namespace {

constexpr const char* kCure = "say what it means by data.mask_ocean_values, or by its standard_name";

std::string make_of(const std::string& name) {
  return fmt::format(
      "name the values of the sea in data.mask_ocean_values, or make a mask of it, of an elevation by 'cdo "
      "-setattribute,{}@standard_name=sea_binary_mask,{}@units=1 -ltc,0 in.nc mask.nc'",
      name, name);
}

bool holds(const std::string& text, std::initializer_list<const char*> parts) {
  return std::any_of(parts.begin(), parts.end(),
                     [&](const char* part) { return text.find(part) != std::string::npos; });
}

/// A word of flag_meanings.
bool means_sea(const std::string& word) {
  return holds(word, {"sea", "ocean", "water"}) &&
         !holds(word, {"land", "lake", "river", "coast", "shore", "ephemeral", "no_", "not_", "non"});
}

enum class One { open, sea, land };  // what 1 stands for

One meaning_of_standard(const NetcdfFile& file, const std::string& name) {
  const std::string standard = file.text(name, "standard_name").value_or("");
  if (standard == "land_binary_mask" || standard == "land_area_fraction") return One::land;
  if (standard == "sea_binary_mask" || standard == "sea_area_fraction") return One::sea;
  return One::open;
}

/// What flag_values or flag_masks say about single values.
struct Flags {
  std::vector<double> values;  // that are sea
  std::vector<double> named;   // that have a meaning, whichever
  long sea = 0, land = 0;      // bits
  bool present = false;

  Flags(const NetcdfFile& file, const std::string& name, const std::string& what) {
    const std::string meanings = lower(file.text(name, "flag_meanings").value_or(""));
    std::istringstream stream(meanings);
    const std::vector<std::string> words{std::istream_iterator<std::string>(stream), {}};
    const auto single = file.numbers(name, "flag_values"), bits = file.numbers(name, "flag_masks");
    const auto& numbers = single ? single : bits;
    if (words.empty()) return;
    if (!numbers && meaning_of_standard(file, name) == One::open)
      fail(ExitCode::data,
           "{} has flag_meanings '{}' but no flag_values that they belong to; add them, or {}", what,
           meanings, kCure);
    if (!numbers) return;
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
    if (single) named = *single;
  }
  bool has_meaning(double v) const {
    return std::isnan(v) || named.empty() || std::find(named.begin(), named.end(), v) != named.end();
  }
  bool is_sea(double v) const {
    if (std::isnan(v)) return false;
    const long bits = std::lround(v);
    return std::find(values.begin(), values.end(), v) != values.end() || ((bits & sea) && !(bits & land));
  }
};

One meaning_of_one(const NetcdfFile& file, const std::string& name) {
  if (const One of = meaning_of_standard(file, name); of != One::open) return of;
  const std::string plain = lower(name);
  return plain == "sftlf" || plain == "lsm" ? One::land : plain == "sftof" ? One::sea : One::open;
}

/// Error(data) where flag_meanings call sea what standard_name calls land, or the other way round.
void require_agreement(const NetcdfFile& file, const std::string& name, const Flags& flags,
                       const std::string& what) {
  const One of = meaning_of_standard(file, name);
  if (of == One::open || flags.named.empty() || !flags.has_meaning(1)) return;
  if (flags.is_sea(1) != (of == One::sea))
    fail(ExitCode::data,
         "{}: its standard_name '{}' and its flag_meanings '{}' contradict each other about the value 1; "
         "name the values of the sea in data.mask_ocean_values, or correct one of them",
         what, file.text(name, "standard_name").value_or(""), file.text(name, "flag_meanings").value_or(""));
}

/// The extremes of a mask beside 0, and whether all are whole numbers.
struct Range {
  double low = 0, high = 0;
  bool zero = false, whole = true;
  explicit Range(const std::vector<float>& values) {
    for (const float v : values) {
      if (std::isnan(v)) continue;
      low = std::min(low, static_cast<double>(v));
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
  if (range.high > 100.5 || range.low < -0.5)
    fail(ExitCode::data, "{} holds {} to {} in '{}'; expected shares of 0 to 1, or 0 to 100 %", what,
         range.low, range.high, units);
  if (percent && std::abs(range.high - 1) < 1e-6)
    fail(ExitCode::data,
         "{} is in '{}' but holds up to 1 only; expected up to 100, or units of 1 (set them with "
         "ncatted)",
         what, units);
  if (!percent && range.high > 1.01)
    log::warn("{} holds up to {} in '{}': taken as percent", what, range.high, units);
  return percent || range.high > 1.01 ? 100 : 1;
}

bool is_length(const std::string& units) {
  if (units.empty()) return false;
  try {
    unit_conversion(units, "m", "");
    return true;
  } catch (const Error&) {  // the way to hear that it is none
    return false;
  }
}

/// Numbers of which no attribute says what they mean are sea where they are not 0. Error(data)
/// where an attribute or the numbers say that this is not so: an elevation has its land there.
void require_plain_mask(const NetcdfFile& file, const std::string& name, const Range& range,
                        const std::string& what) {
  const auto text = [&](const char* attribute) {
    return lower(trimmed(file.text(name, attribute).value_or("")));
  };
  const std::string units = trimmed(file.text(name, "units").value_or("")), standard = text("standard_name");
  if (is_length(units))
    fail(ExitCode::data, "{} is a length, {} to {} '{}': an elevation or a depth is no mask; {}", what,
         range.low, range.high, units, make_of(name));
  if (units == "%" || (!range.whole && range.high > 1))
    fail(ExitCode::data, "{} holds shares up to {} and does not say whether of land or of sea; {}", what,
         range.high, kCure);
  // 'cdo gec,-99 sst.nc' leaves the attributes of the temperature on its 0 and 1.
  const bool derived = standard.starts_with("sea_") && range.whole && range.low == 0 && range.high <= 1;
  if (!standard.empty() && standard != "region" && !holds(standard, {"mask", "flag"}) && !derived)
    fail(ExitCode::data, "{} is no mask by its standard_name '{}', it holds {} to {}; {}", what, standard,
         range.low, range.high, make_of(name));
  const std::string title =
      fmt::format("{} {} {} {}", lower(name), standard, text("long_name"), text("description"));
  if (range.low < 0 && !holds(title, {"basin", "region"}))  // where marginal seas are negative
    fail(ExitCode::data, "{} holds negative values, down to {}, which a plain mask does not; {}", what,
         range.low, make_of(name));
  const bool land = holds(title, {"land"}), water = holds(title, {"sea", "ocean", "water"});
  const bool inverse = std::regex_search(
      title, std::regex("(^|[^0-9.])1 *(=|:|for|is|->|means) *land|land *(=|:|is) *1($|[^0-9.])"));
  if (inverse || (land && !water))
    fail(ExitCode::data, "{} seems to mark land ('{}') without a standard_name that says so; {}", what,
         trimmed(title), kCure);
  if (land || !water)
    log::warn(
        "{}: no standard_name and no flag_meanings say what it means: {} taken as sea; if it is not so, name "
        "the values of the sea in data.mask_ocean_values",
        what, range.whole ? "all but 0 is" : "shares from data.mask_threshold on are");
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
  if (const Flags flags(file, name, what); flags.present) {
    require_agreement(file, name, flags, what);
    const auto unnamed =
        std::count_if(values.begin(), values.end(), [&](float v) { return !flags.has_meaning(v); });
    if (unnamed > 0)
      log::warn(
          "{}: {} of its {} points hold values that are not among its flag_values: taken as land; if some "
          "are sea, name the values of the sea in data.mask_ocean_values",
          what, unnamed, values.size());
    return mask([&](double v) { return flags.is_sea(v); });
  }
  const Range range(values);
  const One of = meaning_of_one(file, name);
  if (of == One::open) {
    std::vector<float> sea =
        mask([&](double v) { return !std::isnan(v) && (range.whole ? v != 0 : v >= spec.mask_threshold); });
    require_plain_mask(file, name, range, what);
    return sea;
  }
  const double one = whole_share(file, name, range, what);
  return mask([&](double v) {
    if (of == One::sea) return v / one >= spec.mask_threshold;
    return std::isnan(v) ? !range.zero : 1 - v / one >= spec.mask_threshold;  // land alone may be marked
  });
}

}  // namespace podscale
