#include "podscale/verify/score_units.hpp"

#include <fmt/format.h>

#include <cmath>

#include "podscale/core/units.hpp"

namespace podscale {

ScoreUnits::ScoreUnits(const std::string& units, double data_range)
    : value(units), difference(difference_units(units)), square(squared_units(units)) {
  text = difference;
  if (!(data_range > 0) || (data_range >= 0.1 && data_range < 3000)) return;
  const int power = 3 * static_cast<int>(std::floor(std::log10(data_range) / 3));
  factor = std::pow(10.0, power);
  text = fmt::format("1e{}{}", power, difference == "1" ? "" : " " + difference);
}

std::string ScoreUnits::cell(double value, int digits) const {
  return score_cell(value / factor, digits);
}

std::string score_cell(double value, int digits) {
  if (std::isnan(value)) return "-";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  const std::string text = fmt::format("{:.{}f}", value, digits);
  return text.find_first_of("123456789") == std::string::npos && text[0] == '-' ? text.substr(1) : text;
}

}  // namespace podscale
