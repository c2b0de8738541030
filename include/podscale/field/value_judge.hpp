#pragma once
// Whether the values of a series can be true, before anything is learnt from them.

#include <cmath>
#include <span>
#include <string>
#include <vector>

#include "podscale/field/field_source.hpp"

namespace podscale {

/// What becomes of values that can hardly be true (data.doubts).
enum class Doubts { refuse, accept };

/// Not collective, but the same on all ranks. What can hardly be true: an Error(data), marked as
/// agreed, or with Doubts::accept a warning. cure: what to do about it, which goes before
/// data.doubts.
void doubt(Doubts doubts, const std::string& what, const std::string& cure);

/// Lowest and highest value of a channel, in working units.
struct ValueRange {
  double low = INFINITY, high = -INFINITY;
  bool any() const { return low <= high; }
};

/// Collective on the source's communicator. Of `steps` (where they are many, some, evenly spread)
/// looks at every point that the source's mask leaves: times without any value (unless
/// may_be_empty), times and points at which nothing varies, numbers far from all others (fill
/// values and flags that no attribute names), values outside the plausible range, files in other
/// units than the rest, temperatures that are no degrees Celsius (all beyond 100, up or down). The
/// first that is found is an Error(data) with variable, date and place; with Doubts::accept each
/// is a warning, as a field that repeats the one before always is. Numbers that many points have
/// are no doubt. Returns what the values lie between, [channels]; the same on all ranks.
std::vector<ValueRange> judge_values(const FieldSource& source, std::span<const long> steps, Doubts doubts,
                                     bool may_be_empty = false);

/// Not collective; the ranges are those of judge_values. LR and HR values of a channel that have
/// none in common are a warning, and a doubt as above where they lie apart by ten times their
/// ranges: kelvin beside degrees Celsius that the units do not tell.
void judge_ranges(const FieldSource& hr, std::span<const ValueRange> of_hr, const FieldSource& lr,
                  std::span<const ValueRange> of_lr, Doubts doubts);

}  // namespace podscale
