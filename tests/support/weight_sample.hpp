#pragma once
// A file of weights as ESMF writes it, from a Remap of a whole mesh.

#include <algorithm>

#include "podscale/mesh/remap.hpp"
#include "raw_file.hpp"

namespace podscale {

/// Collective. Weights times a factor; the rows of the points `left_out` have no link.
inline void write_esmf(const Communicator& comm, const std::string& path, const Remap& remap,
                       const Mesh& source, const Mesh& target, double factor = 1,
                       const std::vector<idx_t>& left_out = {}) {
  std::vector<double> row, column, weight;
  for (idx_t p = 0; p < remap.rows(); ++p) {
    if (std::find(left_out.begin(), left_out.end(), p) != left_out.end()) continue;
    for (std::size_t link = 0; link < remap.columns(p).size(); ++link) {
      const idx_t cell = remap.columns(p)[link], nx = remap.source().nx;
      row.push_back(static_cast<double>(p + 1));
      column.push_back(static_cast<double>(point_of(source, remap.source(), cell / nx, cell % nx) + 1));
      weight.push_back(factor * remap.weights(p)[link]);
    }
  }
  const auto sizes = [](const Mesh& mesh) {
    return std::vector<double>{static_cast<double>(mesh.nx()), static_cast<double>(mesh.ny())};
  };
  RawFile file;
  file.dims = {{"links", row.size()}, {"two", 2}};
  file.add({"src_grid_dims", {"two"}, sizes(source)})
      .add({"dst_grid_dims", {"two"}, sizes(target)})
      .add({"row", {"links"}, row})
      .add({"col", {"links"}, column})
      .add({"S", {"links"}, weight});
  write_raw(comm, path, file);
  comm.barrier();
}

}  // namespace podscale
