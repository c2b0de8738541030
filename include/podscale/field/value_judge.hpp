#pragma once
// Whether the values of a series can be true, before anything is learnt from them.

#include <span>

#include "podscale/field/field_source.hpp"

namespace podscale {

/// What becomes of values that can hardly be true (data.doubts).
enum class Doubts { refuse, accept };

/// Collective on the source's communicator. Of `steps` (where they are many, some, evenly spread) looks
/// at every point that the source's mask leaves: times without any value (unless may_be_empty), times
/// and points at which nothing varies, numbers far from all others (fill values and flags that no
/// attribute names), values outside the plausible range, files in other units than the rest. The first
/// that is found is an Error(data) with variable, date and place; with Doubts::accept each is a warning,
/// as a field that repeats the one before always is. Numbers that many points have are no doubt.
void judge_values(const FieldSource& source, std::span<const long> steps, Doubts doubts,
                  bool may_be_empty = false);

}  // namespace podscale
