#include "podscale/field/field_on_mesh.hpp"

#include <cmath>

#include "coordinates.hpp"
#include "file_reader.hpp"
#include "podscale/core/error.hpp"

namespace podscale {

std::vector<float> read_on_mesh(const NetcdfFile& file, const std::string& variable, const Mesh& mesh,
                                const Window& window, const std::string& what, const std::string& owner) {
  FileLayout layout;
  layout.variable = cf_variable(file, variable.empty() ? only_cf_variable(file, false) : variable, false);
  const CfVariable& v = layout.variable;
  if (v.time >= 0 && v.info.shape[v.time] != 1)
    fail(ExitCode::data,
         "{} has {} times; expected none or one; select one first, as in 'ncks -d {},0 in.nc out.nc'", what,
         v.info.shape[v.time], v.info.dims[v.time]);
  const FileMesh found = file_mesh(file, v);
  layout.flip_y = found.flip_y;
  layout.flip_x = found.flip_x;
  layout.file_nx = layout.chunks.x = found.file_nx;
  const std::optional<idx_t> shift = column_shift(found.mesh, mesh);
  if (!shift)
    fail(ExitCode::data, "{} is not on the mesh of {}: {}", what, owner,
         mesh_difference(found.mesh, mesh).value_or("the columns differ"));
  layout.turn = found.turn + *shift;
  std::vector<float> values(window.points());
  read_window(file, layout, mesh, window, 0, 1, values);
  for (const float value : values)
    if (std::isinf(value)) fail(ExitCode::data, "{} holds an infinite value; expected finite ones", what);
  return values;
}

}  // namespace podscale
