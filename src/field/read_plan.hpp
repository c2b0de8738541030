#pragma once
// Who reads what: the steps of a call, dealt over the ranks so that no stored chunk is inflated
// twice. Not collective: all ranks make the same plan. Private to src/field.

#include <span>
#include <vector>

#include "podscale/parallel/window.hpp"
#include "survey.hpp"

namespace podscale {

/// What one rank reads in one go: steps of one file that lie in one chunk of time, ascending, on a
/// window.
struct ReadTask {
  long file = 0;            ///< of all steps, which are of one run and one realization, too
  std::vector<long> steps;  ///< of the series
  Window window;
  int owner = 0;
};

/// steps: ascending, each once. Every task of a file has all the steps of a chunk of time that
/// were asked for. Where there are fewer chunks of time than ranks, windows are split along stored
/// chunks; tasks are dealt in contiguous runs, and ranks without any are idle.
std::vector<ReadTask> plan_reading(const Survey& survey, std::span<const long> steps, const Window& window,
                                   int ranks);

/// Where `n` indices of the mesh from `first` are cut by stored chunks: first, ..., first + n.
/// points: of the file's axis; flip: whether it runs the other way.
std::vector<long> chunk_cuts(long first, long n, long chunk, long points, bool flip);

/// A run of columns that is contiguous in the file: columns at..at+n-1 of a window are x0..x0+n-1
/// of the file, counted after its flip.
struct Segment {
  long at = 0, x0 = 0, n = 0;
};
/// nx: columns of the mesh, the first of which is column `turn` of the file.
std::vector<Segment> segments_of(const Window& window, long nx, long turn);

/// A window across the cut of the longitudes as it is read: whole rows, where a stored chunk has
/// both of its ends and would be inflated twice.
Window unsplit_window(const Survey& survey, const Window& window);

}  // namespace podscale
