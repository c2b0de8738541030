#pragma once
// What a list of files holds together, found out by one rank so that thousands of files are not
// opened by every rank. Private to src/field.

#include <array>

#include "podscale/core/units.hpp"
#include "podscale/field/cf_source.hpp"

namespace podscale {

/// A step of the joined axis: step `index` of file `file`, of a run and of a realization there.
struct FileStep {
  long file = 0, index = 0, run = 0, realization = 0;
  /// What is stored together: chunk of time `chunk` long.
  std::array<long, 4> unit(long chunk) const { return {file, realization, run, index / chunk}; }
};

/// Steps, rows and columns of a stored chunk, as the file counts them: what can be inflated on its
/// own. A file without chunks comes a row of a step at a time.
struct Chunks {
  long t = 1, y = 1, x = 1;
};
/// How one file holds the mesh.
struct StoredFile {
  bool flip_y = false, flip_x = false;  ///< latitude, longitude descend
  idx_t turn = 0;                       ///< column of the file, after the flip, that is the first of the mesh
  long nx = 0;                          ///< columns: one more than those of the mesh where one is repeated
  Chunks chunks;
  UnitConversion conversion;  ///< of unpacked values to working units
};

struct Survey {
  std::vector<std::string> files;  ///< in order of their first time
  Variable variable;               ///< as in the first file of the list that holds it
  long elements = 1;               ///< along spec.further
  Mesh mesh;
  SampleAxis times;
  std::vector<FileStep> steps;     ///< of times
  std::vector<StoredFile> stored;  ///< of files
};

/// Collective on comm: rank 0 looks, all get the same answer. Errors as CfSource::open.
Survey survey_files(const Communicator& comm, const CfSpec& spec);

/// Collective on comm. Rank 0's survey to all.
void broadcast_survey(const Communicator& comm, Survey& survey);

}  // namespace podscale
