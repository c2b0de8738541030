#pragma once
// Single values of a namelist: from text, to text, and what a key expects of them. Private to
// src/config; not collective.

#include <optional>
#include <string>
#include <vector>

#include "podscale/config/namelist.hpp"

namespace podscale {

std::optional<double> to_real(std::string item);          ///< with Fortran's d exponents; no infinities
std::optional<long> to_integer(const std::string& item);  ///< decimal digits and a sign only
std::optional<bool> to_logical(
    const std::string& item);  ///< .true., .t., true, t and their opposites, any case

std::string quote(const std::string& text);  ///< in apostrophes, those inside doubled
std::string real_text(
    double value);  ///< the shortest that reads back to the same bits, never like an integer

/// "an integer from 1 to 9 (samples)", "'local', 'shared'": for messages.
std::string expectation(const Key& key);
bool is_choice(const Key& key, const std::string& text);

/// The member of `known` (not empty) with the smallest edit distance (Levenshtein's) to name.
std::string nearest(const std::string& name, const std::vector<std::string>& known);

}  // namespace podscale
