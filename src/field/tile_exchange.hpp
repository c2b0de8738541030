#pragma once
// From the ranks that read to the ranks that asked: one MPI_Alltoallv. Private to src/field.

#include <functional>
#include <span>
#include <vector>

#include "podscale/mesh/mesh.hpp"
#include "podscale/parallel/communicator.hpp"

namespace podscale {

/// A window of one field of a call. `values` [window.ny][window.nx]: on its owner only.
struct FieldWindow {
  long field = 0;
  int owner = 0;
  Window window;
  const float* values = nullptr;
};

/// Collective. windows: of all ranks; tiles: the same on all ranks, without overlap within a
/// field. What the tiles have of this rank's window goes to out: [fields][window.ny][window.nx].
/// Messages are cut so that no rank holds more than 64 MiB of them and no MPI count overflows.
void exchange_tiles(const Communicator& comm, const Mesh& mesh, std::span<const Window> windows,
                    std::span<const FieldWindow> tiles, std::span<float> out);

/// Collective. The window of every rank, after they have agreed that all are on the grid and that
/// `check` (not collective) does not throw on any.
std::vector<Window> gather_windows(const Communicator& comm, const Mesh& mesh, const Window& window,
                                   const std::function<void()>& check);

}  // namespace podscale
