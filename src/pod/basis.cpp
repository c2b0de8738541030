#include "podscale/pod/basis.hpp"

#include <algorithm>

#include "podscale/core/checksum.hpp"

namespace podscale {

double Basis::explained(const Communicator& comm) const {
  double sums[2] = {};
  for (const PatchModes& patch : patches.mine) {
    sums[0] += patch.variance;
    for (const double value : patch.tau) sums[1] += value;
  }
  comm.sum(std::span(sums));
  return sums[0] > 0 ? 1 - sums[1] / sums[0] : 0;
}

TokenLayout Basis::layout(const Communicator& comm) const {
  TokenLayout layout;
  layout.tokens = static_cast<int>(patches.patch_of_token.size());
  layout.modes = layout.condition = modes;
  for (const long patch : patches.patch_of_token) {
    const Window w = decomposition.patch_window(patch);
    const auto at = [](const std::vector<double>& edges, long first, long count) {
      return static_cast<float>(
          0.5 * (edges[static_cast<std::size_t>(first)] + edges[static_cast<std::size_t>(first + count)]));
    };
    layout.centre_lat.push_back(at(grid.lat_bounds, w.y0, w.ny));
    layout.centre_lon.push_back(at(grid.lon_bounds, w.x0, w.nx));
  }
  layout.active.assign(static_cast<std::size_t>(layout.latent_size()), 0);
  for (const PatchModes& patch : patches.mine)
    std::fill_n(layout.active.begin() + patch.token * modes, patch.modes, 1);
  comm.sum(std::span(layout.active));
  return layout;
}

std::uint64_t Basis::checksum(const Communicator& comm) const {
  // A sum of one checksum a patch: the order of the patches, hence the number of ranks, does not matter.
  std::uint64_t sum = 0;
  const std::size_t n = static_cast<std::size_t>(window.points());
  for (const PatchModes& patch : patches.mine) {
    Checksum c;
    c.add(static_cast<std::uint64_t>(patch.patch));
    c.add(std::span<const double>(patch.phi));
    c.add(std::span<const double>(patch.scale));
    for (const long point : patch.points)
      for (const Climatology* climatology : {&hr_climatology, &lr_climatology})
        for (int term = 0; term < climatology->terms(); ++term)
          c.add(std::span<const double>(&climatology->coefficients[static_cast<std::size_t>(term) * n +
                                                                   static_cast<std::size_t>(point)],
                                        1));
    sum += c.value();
  }
  Checksum c;
  c.add(comm.sum(static_cast<unsigned long>(sum)));
  c.add(grid.checksum());
  c.add(lr_grid.checksum());
  c.add(std::span<const unsigned char>(lr_ocean));
  c.add(static_cast<std::uint64_t>(lapping.overlap()));
  return c.value();
}

}  // namespace podscale
