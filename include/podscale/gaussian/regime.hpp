#pragma once
// What a time can be forecast from: the base holds a regression for each such set of predictors.

#include <span>
#include <string>

namespace podscale {

struct Regime {
  bool lags = true;  ///< the LR series at all lags; false: at the time alone
  double age = 0;    ///< days from the HR analysis to the time; 0: without an analysis
  bool has_history() const { return age > 0; }
  std::string text() const;  ///< "LR at all lags", "LR alone", "history of 5 days"
};

/// Not collective. Whether a base with these lags has a regression for times that lack some: where
/// it has others than the time itself, and that too.
bool falls_back(std::span<const long> lags);

/// Where a condition holds what. Without history `width` ends behind the projection.
struct ConditionLayout {
  long lr = 0;          ///< LR cells by lag, channel and cell: as many slots
  long now = 0;         ///< first of them at the time itself
  long projected = 0;   ///< first of the K values of the projected LR anomaly
  long then = 0;        ///< first of the LR cells at the time of the analysis
  long history = 0;     ///< first of the K coefficients of the analysis
  long age = 0;         ///< the age over the largest one; 0: no analysis
  long width = 0;
};

}  // namespace podscale
