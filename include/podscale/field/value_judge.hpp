#pragma once
// Whether the values of a series can be true, before anything is learnt from them.

#include <span>

#include "podscale/field/field_source.hpp"

namespace podscale {

/// What becomes of values that can hardly be true (data.doubts).
enum class Doubts { refuse, accept };

/// Collective on the source's communicator. Reads `steps` (where they are many, some of them, evenly
/// spread) and looks at every point that the source's mask leaves: times without any value, times and
/// points at which nothing varies, numbers far from all others (fill values and flags that no
/// attribute names), values outside the plausible range, files in other units than the rest. The
/// first that is found is an Error(data) with variable, date and place; with Doubts::accept each is a
/// warning. may_be_empty: a time without any value is none. A number that many other points have, too
/// (no rain, freezing water), is no doubt. Fields that repeat the one before are a warning only.
void judge_values(const FieldSource& source, std::span<const long> steps, Doubts doubts,
                  bool may_be_empty = false);

}  // namespace podscale
