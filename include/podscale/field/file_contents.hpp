#pragma once
// What a NetCDF file offers, before anyone has named a variable.

#include <string>
#include <utility>
#include <vector>

#include "podscale/file/netcdf_file.hpp"
#include "podscale/mesh/mesh.hpp"

namespace podscale {

struct FieldsOfFile {
  std::vector<std::string> series;  ///< over time: CfSource opens them
  std::vector<std::string> maps;    ///< without time
  /// Other variables over horizontal dimensions, and why they cannot be used.
  std::vector<std::pair<std::string, std::string>> refused;
};
/// Collective on the file. In the order of the file; coordinates and their bounds are no fields.
FieldsOfFile fields_of(const NetcdfFile& file);

/// Collective on the file. The mesh of a variable. Errors: data, as CfSource::open.
Mesh mesh_of(const NetcdfFile& file, const std::string& variable);

}  // namespace podscale
