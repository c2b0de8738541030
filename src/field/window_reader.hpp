#pragma once
// Reading a window of a grid, which may lie across the cut of the file's longitudes or upside down. Private
// to src/io.

#include <functional>
#include <span>

#include "cf_variable.hpp"
#include "podscale/core/units.hpp"
#include "podscale/mesh/grid.hpp"

namespace podscale {

/// How one file holds the grid.
struct FileLayout {
  CfVariable variable;
  bool flip_y = false, flip_x = false;
  long file_nx = 0;
  UnitConversion conversion;  ///< of unpacked values
};

/// Collective on comm. All ranks make the same number of library calls: what decides on it is the largest
/// window.
struct ReadPlan {
  long points = 0, segments = 0;  ///< most points and most runs of columns of any rank's window
  static ReadPlan make(const Communicator& comm, const Grid& grid, const Window& window);
};

/// Collective on the file's communicator; windows may differ between ranks and be empty. Steps
/// first..first+steps-1 of the file (ignored by variables without time) -> out [steps][window.ny][window.nx],
/// NaN where missing.
void read_window(const NetcdfFile& file, const FileLayout& layout, const Grid& grid, const Window& window,
                 const ReadPlan& plan, long first, long steps, std::span<float> out);

}  // namespace podscale
