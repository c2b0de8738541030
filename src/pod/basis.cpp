#include "podscale/pod/basis.hpp"

#include <algorithm>

#include "podscale/core/checksum.hpp"

namespace podscale {
namespace {

/// Where the network is told that a patch lies, in degrees. Of a mesh with axes the middle of its
/// edges, else the mean of its points. A plane without latitudes becomes angles: its longer side
/// spans a right angle.
Position token_position(const Mesh& mesh, const Window& w) {
  if (mesh.kind() == MeshKind::rectilinear) {
    const auto middle = [](const std::vector<double>& edges, long first, long count) {
      return 0.5 * (edges[first] + edges[first + count]);
    };
    return {middle(mesh.y().bounds, w.y0, w.ny), middle(mesh.x().bounds, w.x0, w.nx)};
  }
  const Space space = mesh.geographic() ? Space::sphere : Space::plane;
  Vector3 sum;
  double counted = 0;
  for (idx_t j = 0; j < w.ny; ++j)
    for (idx_t i = 0; i < w.nx; ++i) {
      const idx_t point = point_of(mesh, w, j, i);
      if (mesh.owner(point) < 0) continue;
      sum = sum + mesh.vector(point, space);
      counted += 1;
    }
  if (space == Space::sphere) return degrees_of(sum);
  const Mesh::Extent e = mesh.extent();
  const double side = std::max({e.north - e.south, e.east - e.west, 1e-300});
  return {90 * (sum.y / counted - e.south) / side, 90 * (sum.x / counted - e.west) / side};
}

}  // namespace

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
  layout.grid = {decomposition.patches_y(), decomposition.patches_x(), mesh.periodic(), patches.patch_of_token};
  for (const long patch : patches.patch_of_token) {
    const Position centre = token_position(mesh, decomposition.patch_window(patch));
    layout.centre_lat.push_back(static_cast<float>(centre.y));
    layout.centre_lon.push_back(static_cast<float>(centre.x));
  }
  layout.active.assign(static_cast<std::size_t>(layout.latent_size()), 0);
  for (const PatchModes& patch : patches.mine)
    std::fill_n(layout.active.begin() + patch.token * modes, patch.modes, 1);
  comm.sum(std::span(layout.active));
  return layout;
}

std::uint64_t Basis::checksum(const Communicator& comm) const {
  // A sum of one checksum a patch: the order of the patches, hence the number of ranks, does not
  // matter.
  std::uint64_t sum = 0;
  const std::size_t n = points();
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
  c.add(mesh.checksum());
  c.add(lr_mesh.checksum());
  c.add(std::span<const unsigned char>(lr_ocean));
  if (!lr_gaps.empty()) {
    c.add(std::span<const double>(lr_gaps.climatology.coefficients));
    c.add(std::span<const double>(lr_gaps.error));
  }
  c.add(static_cast<std::uint64_t>(lapping.overlap()));
  c.add(std::span<const double>(channel_scale));
  return c.value();
}

}  // namespace podscale
