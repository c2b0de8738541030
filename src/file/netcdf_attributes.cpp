// Attributes, read and written.
#include "netcdf_state.hpp"
#include "podscale/core/error.hpp"

namespace podscale {
namespace {

/// "": the file itself.
int holder_of(const NetcdfFile& file, const std::string& variable) {
  return variable.empty() ? NC_GLOBAL : file.variable(variable).id;
}

int unless_absent(int status) {
  return status == NC_ENOTATT ? NC_NOERR : status;
}

}  // namespace

std::optional<std::string> NetcdfFile::text(const std::string& variable, const std::string& attribute) const {
  const int v = holder_of(*this, variable);
  nc_type type = NC_NAT;
  std::size_t length = 0;
  int status = nc_inq_att(state_->id, v, attribute.c_str(), &type, &length);
  std::optional<std::string> value;
  if (status == NC_NOERR && type == NC_CHAR) {
    value = std::string(length, '\0');
    if (length > 0) status = nc_get_att_text(state_->id, v, attribute.c_str(), value->data());
    while (!value->empty() && value->back() == '\0') value->pop_back();
  } else if (status == NC_NOERR && type == NC_STRING && length > 0) {
    std::vector<char*> strings(length, nullptr);
    status = nc_get_att_string(state_->id, v, attribute.c_str(), strings.data());
    if (status == NC_NOERR) {
      value = strings[0] ? strings[0] : "";
      nc_free_string(length, strings.data());
    }
  }
  state_->check(unless_absent(status), path_,
                fmt::format("reading attribute {}:{} failed", variable, attribute));
  return value;
}

std::optional<std::vector<double>> NetcdfFile::numbers(const std::string& variable,
                                                       const std::string& attribute) const {
  const int v = holder_of(*this, variable);
  nc_type type = NC_NAT;
  std::size_t length = 0;
  int status = nc_inq_att(state_->id, v, attribute.c_str(), &type, &length);
  std::optional<std::vector<double>> values;
  if (status == NC_NOERR && type != NC_CHAR && type <= NC_UINT64) {
    values = std::vector<double>(length);
    if (length > 0) status = nc_get_att_double(state_->id, v, attribute.c_str(), values->data());
  }
  state_->check(unless_absent(status), path_,
                fmt::format("reading attribute {}:{} failed", variable, attribute));
  return values;
}

std::vector<std::string> NetcdfFile::attribute_names(const std::string& variable) const {
  const VariableInfo info = this->variable(variable);
  std::vector<std::string> names;
  int count = 0, status = nc_inq_varnatts(state_->id, info.id, &count);
  for (int i = 0; i < count && status == NC_NOERR; ++i) {
    char name[NC_MAX_NAME + 1];
    status = nc_inq_attname(state_->id, info.id, i, name);
    if (status == NC_NOERR) names.emplace_back(name);
  }
  state_->check(status, path_, fmt::format("reading the attributes of '{}' failed", variable));
  return names;
}

std::optional<nc_type> NetcdfFile::attribute_type(const std::string& variable,
                                                  const std::string& attribute) const {
  const int v = holder_of(*this, variable);
  nc_type type = NC_NAT;
  const int status = nc_inq_atttype(state_->id, v, attribute.c_str(), &type);
  state_->check(unless_absent(status), path_,
                fmt::format("reading attribute {}:{} failed", variable, attribute));
  return status == NC_NOERR ? std::optional(type) : std::nullopt;
}

void NetcdfFile::put_text(const std::string& variable, const std::string& attribute,
                          const std::string& value) {
  const int v = holder_of(*this, variable);
  state_->header += value.size();
  state_->check(nc_put_att_text(state_->id, v, attribute.c_str(), value.size(), value.data()), path_,
                fmt::format("writing attribute {}:{} failed", variable, attribute), false);
}

void NetcdfFile::describe(const std::string& variable, const std::string& long_name,
                          const std::string& units) {
  put_text(variable, "long_name", long_name);
  if (!units.empty()) put_text(variable, "units", units);
}

void NetcdfFile::put_numbers(const std::string& variable, const std::string& attribute,
                             const std::vector<double>& values, nc_type type) {
  const int v = holder_of(*this, variable);
  state_->header += sizeof(double) * values.size();
  state_->check(nc_put_att_double(state_->id, v, attribute.c_str(), type, values.size(), values.data()),
                path_, fmt::format("writing attribute {}:{} failed", variable, attribute), false);
}

}  // namespace podscale
