#pragma once
// Whether the limits of validity that a file gives can be those of its values. Private to
// src/field.

#include <map>
#include <string>
#include <vector>

#include "file_reader.hpp"

namespace podscale {

/// Not collective. Error(data) where valid_min, valid_max or valid_range take every value of the
/// first, the middle and the last time for missing: they are in other units.
void require_sensible_limits(const NetcdfFile& file, const FileLayout& layout, const Mesh& mesh);

/// How much of a series its limits take for missing, by a sample of its files, times and rows.
class LimitsSample {
 public:
  /// files: of the series; missing: numbers that mean it, unpacked, beside the files' own.
  LimitsSample(std::size_t files, std::vector<double> missing)
      : files_(files), missing_(std::move(missing)) {}
  /// Not collective. The next file of the series.
  void look(const NetcdfFile& file, const FileLayout& layout, const Mesh& mesh);
  /// Warns once of values beyond the limits that are neither missing nor flags.
  void say() const;

 private:
  std::size_t files_, number_ = 0;
  std::vector<double> missing_;
  long inside_ = 0, outside_ = 0;
  std::map<float, long> beyond_;              // the first of them that differ, and how often each occurs
  std::string path_, name_, limits_, units_;  // of the first file that has some
};

}  // namespace podscale
