#include "podscale/gaussian/predictors.hpp"

namespace podscale {
namespace {

std::vector<Window> windows_of(const Basis& basis) {
  std::vector<Window> windows;
  for (const PatchModes& patch : basis.patches.mine)
    windows.push_back(basis.decomposition.patch_window(patch.patch));
  return windows;
}

}  // namespace

Predictors::Predictors(const Communicator& comm, const Basis& basis, long halo, std::vector<long> lags)
    : cells(comm, basis.lr_mesh, basis.lr_ocean, basis.mesh, windows_of(basis), halo),
      lags(std::move(lags)),
      channels(basis.channels()) {}

}  // namespace podscale
