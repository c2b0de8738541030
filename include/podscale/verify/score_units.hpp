#pragma once
// The units of scores: those of the product's variable, of its differences and their squares.

#include <string>

namespace podscale {

/// Text tables have four digits. Where the range of the field makes that too few or too many, they
/// show values divided by a power of ten, which their units then name: "1e-6 kg m-2 s-1".
struct ScoreUnits {
  std::string value = "1", difference = "1", square = "1";
  std::string text = "1";  ///< of differences, in tables
  double factor = 1;       ///< that values are divided by in tables

  ScoreUnits() = default;
  /// data_range: largest minus smallest truth.
  ScoreUnits(const std::string& units, double data_range);
  /// score_cell of a value in tables.
  std::string cell(double value, int digits) const;
};

/// Not collective. "0.4977"; "-" where undefined, no "-0.00".
std::string score_cell(double value, int digits);

}  // namespace podscale
