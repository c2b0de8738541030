#pragma once
// What files and keys cannot say alone: periods that overlap or that the data do not cover, a
// basis that was made with other keys or from steps of another length. Said aloud, since nothing
// else would show it but numbers that are too good, or wrong.

#include <optional>
#include <string>
#include <vector>

#include "podscale/config/namelist.hpp"
#include "podscale/study/series.hpp"

namespace podscale {

/// Not collective. Whether a series reaches to both ends of a period, but for a step and a half.
bool covers(const SampleAxis& axis, const std::vector<std::string>& period);
/// Not collective; rank 0 warns where it does not. key: of the period.
void watch_ends(const std::string& key, const std::vector<std::string>& period, const FieldSource& source);

/// Not collective; rank 0 warns. data.train and, where it is used, data.validate: whether both
/// series reach to their ends, and whether they overlap; whether the two name one quantity.
void watch_training(const DataOptions& data, const StudySeries& study, bool validates);

/// Not collective; rank 0 warns. Whether the period lies in the training period of the basis,
/// which makes all scores too good. what: "data.downscale". Nothing where the period is not given.
void watch_overlap(const std::string& what, const std::vector<std::string>& period, const Basis& basis,
                   const std::string& basis_path);

/// The same, and whether the LR series covers the period and has steps as long as those of the
/// basis; Error of require_keys_of_basis.
void watch_downscaling(const Namelist& namelist, const Basis& basis, const std::string& basis_path,
                       const DataOptions& data, const FieldSource& lr);

/// Not collective, alike on all ranks. The keys that made the basis have no effect afterwards:
/// Error(usage) where the namelist gives one of them again with another value.
void require_keys_of_basis(const Namelist& namelist, const Basis& basis, const std::string& basis_path);

}  // namespace podscale
