// What a file holds: dimensions, variables and groups, read once when it is opened.
#include <algorithm>
#include <span>
#include <utility>

#include "netcdf_state.hpp"
#include "podscale/core/error.hpp"

namespace podscale {

constexpr std::size_t kMostShown = 40;  // variables, in messages

int NetcdfFile::State::load_dimensions() {
  int count = 0;
  if (const int status = nc_inq_dimids(id, &count, nullptr, 0)) return status;
  std::vector<int> ids(count);
  if (const int status = nc_inq_dimids(id, &count, ids.data(), 0)) return status;
  for (const int dim : ids) {
    char name[NC_MAX_NAME + 1];
    std::size_t length = 0;
    if (const int status = nc_inq_dim(id, dim, name, &length)) return status;
    dims[name] = length;
  }
  return NC_NOERR;
}

int NetcdfFile::State::load_variables() {
  int count = 0;
  if (const int status = nc_inq_nvars(id, &count)) return status;
  int attributes = 0;  // asked for, so that they are read here, under the guard
  if (const int status = nc_inq_natts(id, &attributes)) return status;
  for (int v = 0; v < count; ++v) {
    char name[NC_MAX_NAME + 1];
    int rank = 0, ids[NC_MAX_VAR_DIMS];
    VariableInfo info;
    info.id = v;
    if (const int status = nc_inq_var(id, v, name, &info.type, &rank, ids, &attributes)) return status;
    for (int d = 0; d < rank; ++d) {
      char dim[NC_MAX_NAME + 1];
      if (const int status = nc_inq_dimname(id, ids[d], dim)) return status;
      info.dims.emplace_back(dim);
      info.shape.push_back(dims[dim]);
    }
    names.emplace_back(name);
    variables[name] = std::move(info);
  }
  return NC_NOERR;
}

/// "data (time, lat, lon, tos)" of each group, and of those in it.
int NetcdfFile::State::load_groups(int parent, const std::string& within) {
  int count = 0;
  if (const int status = nc_inq_grps(parent, &count, nullptr)) return status;
  std::vector<int> ids(count);
  if (const int status = nc_inq_grps(parent, &count, ids.data())) return status;
  for (const int group : ids) {
    char name[NC_MAX_NAME + 1];
    int held = 0;
    if (const int status = nc_inq_grpname(group, name)) return status;
    if (const int status = nc_inq_nvars(group, &held)) return status;
    const std::string full = within + name;
    std::vector<std::string> variables_of_group;
    for (int v = 0; v < held; ++v) {
      if (const int status = nc_inq_varname(group, v, name)) return status;
      variables_of_group.emplace_back(name);
    }
    groups.push_back(fmt::format("{} ({})", full, fmt::join(variables_of_group, ", ")));
    if (const int status = load_groups(group, full + "/")) return status;
  }
  return NC_NOERR;
}

bool NetcdfFile::has_variable(const std::string& name) const {
  return state_->variables.count(name) > 0;
}

std::vector<std::string> NetcdfFile::variable_names() const {
  return state_->names;
}

std::string NetcdfFile::contents() const {
  const std::size_t shown = std::min(kMostShown, state_->names.size());
  std::string names = fmt::format("{}", fmt::join(std::span(state_->names).first(shown), ", "));
  if (shown < state_->names.size()) names += fmt::format(" and {} more", state_->names.size() - shown);
  if (state_->groups.empty()) return names.empty() ? "nothing" : names;
  const std::string& first = state_->groups.front();
  return fmt::format(
      "{}, and in groups, which are not read: {}; take one out first, as in 'ncks -G : -g {} in.nc out.nc'",
      names.empty() ? "nothing" : names, fmt::join(state_->groups, ", "), first.substr(0, first.find(" (")));
}

VariableInfo NetcdfFile::variable(const std::string& name) const {
  if (const auto found = state_->variables.find(name); found != state_->variables.end()) return found->second;
  // The list is the same on every rank, so is the error.
  throw Error(ExitCode::data,
              fmt::format("{}: there is no variable '{}'; it holds: {}", path_, name, contents()), true);
}

std::optional<std::size_t> NetcdfFile::dimension(const std::string& name) const {
  const auto found = state_->dims.find(name);
  return found == state_->dims.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace podscale
