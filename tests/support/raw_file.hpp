#pragma once
// Files of any variables that the tests write themselves, by plain NetCDF-C calls.

#include "sample_file.hpp"

namespace podscale {

struct RawVariable {
  std::string name;
  std::vector<std::string> dims;
  std::vector<double> values{};
  std::map<std::string, std::string> texts{};
  std::map<std::string, double> numbers{};
  nc_type type = NC_DOUBLE;
  std::map<std::string, std::vector<double>> lists{};  ///< attributes of its own type
};

struct RawFile {
  std::vector<std::pair<std::string, std::size_t>> dims{};
  std::vector<RawVariable> variables{};

  /// Time with its units, and dimensions time and those given.
  static RawFile over_time(std::size_t times, std::size_t ny, std::size_t nx, const std::string& y = "y",
                           const std::string& x = "x", const std::string& since = "2000-01-01") {
    RawFile file;
    file.dims = {{"time", times}, {y, ny}, {x, nx}, {"two", 2}, {"four", 4}};
    file.add({"time", {"time"}, ramp(0, 1, static_cast<int>(times)), {{"units", "days since " + since}}});
    return file;
  }
  RawFile& add(RawVariable variable) {
    variables.push_back(std::move(variable));
    return *this;
  }
  RawVariable& operator[](const std::string& name) {
    for (RawVariable& v : variables)
      if (v.name == name) return v;
    throw std::runtime_error("no variable " + name);
  }
};

/// Collective. Rank 0 writes; all wait, and all fail if it does.
inline void write_raw(const Communicator& comm, const std::string& path, const RawFile& file) {
  comm.barrier();  // none still has an older one open
  comm.agree([&] {
    if (!comm.is_root()) return;
    int id;
    nc_ok(nc_create(path.c_str(), NC_NETCDF4 | NC_CLOBBER, &id));
    std::map<std::string, int> dims;
    for (const auto& [name, size] : file.dims) nc_ok(nc_def_dim(id, name.c_str(), size, &dims[name]));
    for (const RawVariable& v : file.variables) {
      std::vector<int> of;
      for (const std::string& dim : v.dims) of.push_back(dims.at(dim));
      int var;
      nc_ok(nc_def_var(id, v.name.c_str(), v.type, static_cast<int>(of.size()), of.data(), &var));
      for (const auto& [name, text] : v.texts)
        nc_ok(nc_put_att_text(id, var, name.c_str(), text.size(), text.data()));
      for (const auto& [name, number] : v.numbers)
        nc_ok(nc_put_att_double(id, var, name.c_str(), name[0] == '_' ? v.type : NC_DOUBLE, 1, &number));
      for (const auto& [name, list] : v.lists)
        nc_ok(nc_put_att_double(id, var, name.c_str(), v.type, list.size(), list.data()));
      if (!v.values.empty()) nc_ok(nc_put_var_double(id, var, v.values.data()));
    }
    nc_ok(nc_close(id));
  });
}

}  // namespace podscale
