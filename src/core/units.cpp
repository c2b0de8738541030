#include "podscale/core/units.hpp"

#include <udunits2.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <memory>

#include "podscale/core/error.hpp"
#include "podscale/core/text.hpp"

namespace podscale {
namespace {

using Unit = std::unique_ptr<ut_unit, decltype(&ut_free)>;
using Converter = std::unique_ptr<cv_converter, decltype(&cv_free)>;

ut_system* unit_system() {
  static ut_system* const system = [] {
    ut_set_error_message_handler(ut_ignore);
    ut_system* const read = ut_read_xml(nullptr);
    if (!read)
      throw Error(ExitCode::io,
                  "UDUNITS-2 cannot read its unit database; install it or set UDUNITS2_XML_PATH");
    return read;
  }();
  return system;
}

Unit parse(const std::string& text) {
  // UDUNITS takes outer blanks for an error.
  return {ut_parse(unit_system(), trimmed(text).c_str(), UT_UTF8), &ut_free};
}

/// "deg. C", "degree Celsius", "C" ... -> the name that UDUNITS knows. Only asked where a
/// temperature is expected: there "C" is no coulomb and "degree Celsius" no angle times
/// temperature.
std::string temperature_name(const std::string& text) {
  if (text.find_first_of("0123456789") != std::string::npos)
    return text;  // "0.01 K" is no spelling of kelvin
  std::string letters;
  for (const char c : lower(text))
    if (std::isalpha(static_cast<unsigned char>(c))) letters += c;
  for (const std::string prefix : {"degrees", "degree", "degs", "deg"})
    if (letters.starts_with(prefix)) {
      letters.erase(0, prefix.size());
      break;
    }
  if (letters == "c" || letters == "celsius" || letters == "celcius" || letters == "centigrade")
    return "degC";
  if (letters == "k" || letters == "kelvin" || letters == "kelvins") return "K";
  if (letters == "f" || letters == "fahrenheit") return "degF";
  return text;
}

/// Practical salinity, which UDUNITS does not know.
bool is_salinity(const std::string& units) {
  const std::string text = lower(trimmed(units));
  return text == "psu" || text == "pss" || text == "pss-78" || text == "pss78";
}

}  // namespace

std::string difference_units(const std::string& units) {
  const Unit unit = parse(temperature_name(units)), kelvin = parse("K");
  if (!unit || !kelvin || !ut_are_convertible(unit.get(), kelvin.get())) return units;
  const Converter converter(ut_get_converter(unit.get(), kelvin.get()), &cv_free);
  const double scale = cv_convert_double(converter.get(), 1.0) - cv_convert_double(converter.get(), 0.0);
  return std::abs(scale - 1) < 1e-12 ? "K" : units;
}

std::string squared_units(const std::string& units) {
  const std::string plain = difference_units(units);
  if (plain.empty() || plain == "1") return plain;
  const bool word = std::all_of(plain.begin(), plain.end(),
                                [](unsigned char c) { return std::isalpha(c) || c == '_'; });
  return word ? plain + "2" : "(" + plain + ")2";
}

UnitConversion unit_conversion(const std::string& from, const std::string& to, const std::string& where) {
  if (from == to) return {};
  const Unit kelvin = parse("K");
  const auto is_temperature = [&](const Unit& unit) {
    return unit && ut_are_convertible(unit.get(), kelvin.get());
  };
  const auto named = [](const std::string& text) { return parse(temperature_name(text)); };
  if (trimmed(from).empty())
    fail(ExitCode::data, "{}: has no units; expected units convertible to {} (set them with ncatted)", where,
         to);
  // "C" beside "C" may be coulombs as well: two sides that say the same need no conversion.
  if (from == to || (is_salinity(from) && is_salinity(to))) return {};
  Unit source = parse(from), target = parse(to);
  if (Unit a = named(from), b = named(to);
      is_temperature(b) && (is_temperature(a) || is_temperature(target)))
    source = std::move(a), target = std::move(b);
  for (const auto& [unit, text] : {std::pair{&target, &to}, std::pair{&source, &from}})
    if (!*unit && is_salinity(*text))
      fail(
          ExitCode::data,
          "{}: units '{}' are not known to UDUNITS; expected units convertible to {}: salinity is a number, in "
          "'1e-3' or in '1' as the other series has it; set that, as in 'ncatted -a units,so,o,c,1e-3 in.nc'",
          where, *text, is_salinity(to) ? from : to);
    else if (!*unit)
      fail(ExitCode::data,
           "{}: units '{}' are not known to UDUNITS; expected units convertible to {} (set them with ncatted)",
           where, *text, to);
  const Converter converter(ut_get_converter(source.get(), target.get()), &cv_free);
  if (!converter)
    fail(ExitCode::data, "{}: units '{}' cannot be converted to {}; is this the right variable?", where, from,
         to);
  const double offset = cv_convert_double(converter.get(), 0.0);
  const double scale = cv_convert_double(converter.get(), 1.0) - offset;
  // kelvin to degC: the difference of two rounded numbers, but exactly 1.
  return {std::abs(scale - 1) < 1e-12 ? 1.0 : scale, offset};
}

}  // namespace podscale
