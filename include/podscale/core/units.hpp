#pragma once
// Units by UDUNITS-2.

#include <string>

namespace podscale {

/// x_to = scale * x_from + offset.
struct UnitConversion {
  double scale = 1, offset = 0;
  bool identity() const { return scale == 1 && offset == 0; }
};

/// Not collective. Conversion between two units as UDUNITS-2 knows them, plus the spellings of
/// temperature that real files carry ("deg. C", "degree Celsius", "deg_C", "C"). Throws
/// Error(data) naming `where`, the unit found and what is expected, when `from` is unknown or has
/// another dimension.
UnitConversion unit_conversion(const std::string& from, const std::string& to, const std::string& where);

/// Not collective. Units of a difference of two values (K where they are degrees Celsius), and of
/// its square.
std::string difference_units(const std::string& units);
std::string squared_units(const std::string& units);

}  // namespace podscale
