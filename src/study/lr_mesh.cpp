#include "podscale/study/lr_mesh.hpp"

#include <glob.h>

#include "podscale/config/namelist.hpp"
#include "podscale/core/error.hpp"
#include "podscale/field/cf_source.hpp"
#include "podscale/study/anomaly.hpp"

namespace podscale {
namespace {

/// A file on the LR grid of the training, or the command of cdo that makes one; "" where neither
/// is known.
std::string training_grid(const Basis& basis, std::string& making) {
  Namelist made_with;
  made_with.parse(basis.effective_namelist, "the basis");
  const bool coarsen = made_with.text("data.lr_source") == "coarsen";
  const auto& files = made_with.texts(coarsen ? "data.hr_files" : "data.lr_files");
  if (files.empty() || (coarsen && basis.mesh.kind() != MeshKind::rectilinear)) return "";
  glob_t found{};
  glob(files.front().c_str(), GLOB_NOCHECK, nullptr, &found);
  const std::string first = found.gl_pathc > 0 ? found.gl_pathv[0] : files.front();
  globfree(&found);
  if (!coarsen) return first;
  const long factor = made_with.integer("data.coarsen_factor");
  making = fmt::format("cdo -gridboxmean,{},{} -seltimestep,1 {} grid.nc; ", factor, factor, first);
  return "grid.nc";
}

/// cdo reads the times of a dimension from the variable of its name alone.
std::string time_operators(const CfSource& lr, const NetcdfFile& file, const std::string& variable) {
  const std::string dim = file.variable(variable).dims.front();
  if (file.has_variable(dim) && file.text(dim, "units").value_or("").find(" since ") != std::string::npos)
    return "";
  const SampleAxis& axis = lr.times();
  const std::string date = date_text(axis.samples.front().date);
  return fmt::format("-setcalendar,{} -settaxis,{},{},1{} ", calendar_name(axis.calendar), date.substr(0, 10),
                     date.size() > 10 ? date.substr(11) : "00:00:00", axis.is_monthly() ? "mon" : "day");
}

/// A command line that works on the first file of the series as it is; "" where there is none.
std::string regridding(const FieldSource& lr, const Basis& basis) {
  const auto* const files = dynamic_cast<const CfSource*>(&lr);
  if (!files || !lr.mesh().geographic() || !basis.lr_mesh.geographic()) return "";
  try {
    std::string making;
    const std::string grid = training_grid(basis, making), &path = files->files().front(),
                      &variable = lr.variables()[0].name;
    if (grid.empty()) return "";
    const Communicator self = Communicator::self();
    const NetcdfFile file = NetcdfFile::open(self, path, false);
    return fmt::format("{}cdo -remapbil,{} {}-selname,{} {} lr.nc", making, grid,
                       time_operators(*files, file, variable), variable, path);
  } catch (const Error&) {  // a hint, no more
    return "";
  }
}

}  // namespace

void require_lr_mesh(const FieldSource& lr, const Basis& basis, const std::string& basis_path) {
  const std::string command =
      mesh_difference(lr.mesh(), basis.lr_mesh) ? regridding(lr, basis) : std::string();
  if (command.empty()) return require_same_mesh(lr.mesh(), basis.lr_mesh, lr.describe(), basis_path);
  throw Error(ExitCode::data,
              fmt::format("{}: its mesh differs from the LR mesh of {}: {}; bring each file there, as by '{}', "
                          "or make the basis again",
                          lr.describe(), basis_path, *mesh_difference(lr.mesh(), basis.lr_mesh), command),
              true);
}

}  // namespace podscale
