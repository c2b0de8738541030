#pragma once
// What a list of files holds together, found out by one rank so that thousands of files are not opened by
// every rank. Private to src/io.

#include "podscale/field/series.hpp"

namespace podscale {

/// A step of the joined axis: step `index` of file `file`.
struct FileStep {
  long file = 0, index = 0;
};

struct Survey {
  std::vector<std::string> files;  ///< in order of their first time
  std::string variable;
  Grid grid;
  TimeAxis times;
  std::vector<FileStep> steps;  ///< of times
  std::vector<long>
      flips;  ///< per file: 1 = descending latitude, 2 = descending longitude, 4 = repeated column
};

/// Collective on comm: rank 0 looks, all get the same answer. Errors as Series::open.
Survey survey_files(const Communicator& comm, const SeriesSpec& spec);

/// Collective on comm. Rank 0's survey to all.
void broadcast_survey(const Communicator& comm, Survey& survey);

}  // namespace podscale
