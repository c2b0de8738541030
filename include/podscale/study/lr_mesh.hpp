#pragma once
// Whether an LR series lies on the mesh that the basis was made for, and how it gets there.

#include <string>

#include "podscale/field/field_source.hpp"
#include "podscale/study/basis_file.hpp"

namespace podscale {

/// Not collective, alike on all ranks. Error(data) unless the meshes are the same; it names a
/// command for the first file of the series, which brings it to the grid of the LR training files.
void require_lr_mesh(const FieldSource& lr, const Basis& basis, const std::string& basis_path);

}  // namespace podscale
