#pragma once
// Files that the tests write themselves: one rank, plain NetCDF-C calls, so that what is read was
// not written by the code under test.

#include <gtest/gtest.h>
#include <netcdf.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "podscale/core/error.hpp"
#include "podscale/parallel/communicator.hpp"
#include "scratch.hpp"

namespace podscale {

using Scratch = test::ScratchFolder;

inline std::vector<double> ramp(double first, double step, int n) {
  std::vector<double> values;
  for (int i = 0; i < n; ++i) values.push_back(first + step * i);
  return values;
}

struct SampleFile {
  int format = NC_NETCDF4;
  std::string variable = "sst";
  nc_type type = NC_FLOAT;
  std::string units = "degC";
  std::vector<double> lat = ramp(-2, 1, 5), lon = ramp(100, 1, 8), time = ramp(0, 1, 3);
  std::string time_units = "days since 2000-01-01", calendar;
  long levels = 0;                                     // 0 = no such dimension
  bool bare = false;                                   // coordinates without attributes (but time)
  std::vector<std::string> order;                      // of the dimensions; empty = time, depth, lat, lon
  std::map<std::string, std::vector<double>> numbers;  // attributes of the variable's own type
  std::map<std::string, double> real_numbers;          // attributes of type double
  std::map<std::string, std::string> texts;
  std::function<double(std::size_t t, std::size_t j, std::size_t i)> raw = [](std::size_t t, std::size_t j,
                                                                              std::size_t i) {
    return 0.1 * static_cast<double>(100 * t + 10 * j + i);
  };
  std::vector<std::size_t> chunks;  // of the variable, deflated; empty: the library's choice
  bool mask = false;                // byte mask(one, lat, lon): 1 = sea, 2 = land; land where j == 0
};

inline void nc_ok(int status) {
  if (status != NC_NOERR) throw std::runtime_error(nc_strerror(status));
}

/// Collective. Rank 0 writes; all wait, and all fail if it does.
inline void write_sample(const Communicator& comm, const std::string& path, const SampleFile& s) {
  comm.agree([&] {
    if (!comm.is_root()) return;
    int id, v;
    nc_ok(nc_create(path.c_str(), s.format | NC_CLOBBER, &id));
    std::map<std::string, int> dims;
    const auto text = [&](int var, const std::string& name, const std::string& value) {
      nc_ok(nc_put_att_text(id, var, name.c_str(), value.size(), value.data()));
    };
    const auto axis = [&](const std::string& name, const std::vector<double>& values,
                          const std::string& units) {
      int var;
      nc_ok(nc_def_dim(id, name.c_str(), values.size(), &dims[name]));
      nc_ok(nc_def_var(id, name.c_str(), NC_DOUBLE, 1, &dims[name], &var));
      if (!units.empty()) text(var, "units", units);
      return var;
    };
    const int time = axis("time", s.time, s.time_units);
    if (!s.calendar.empty()) text(time, "calendar", s.calendar);
    if (s.levels > 0) axis("depth", std::vector<double>(s.levels, 5), "m");
    const int lat = axis("lat", s.lat, s.bare ? "" : "degrees_north"),
              lon = axis("lon", s.lon, s.bare ? "" : "degrees_east");
    std::vector<std::string> order = s.order;
    if (order.empty())
      order = s.levels > 0 ? std::vector<std::string>{"time", "depth", "lat", "lon"}
                           : std::vector<std::string>{"time", "lat", "lon"};
    std::vector<int> ids;
    for (const auto& name : order) ids.push_back(dims[name]);
    nc_ok(nc_def_var(id, s.variable.c_str(), s.type, static_cast<int>(ids.size()), ids.data(), &v));
    if (!s.chunks.empty()) {
      nc_ok(nc_def_var_chunking(id, v, NC_CHUNKED, s.chunks.data()));
      nc_ok(nc_def_var_deflate(id, v, 1, 1, 1));
    }
    if (!s.units.empty()) text(v, "units", s.units);
    for (const auto& [name, value] : s.texts) text(v, name, value);
    for (const auto& [name, values] : s.numbers)
      nc_ok(nc_put_att_double(id, v, name.c_str(), s.type, values.size(), values.data()));
    for (const auto& [name, value] : s.real_numbers)
      nc_ok(nc_put_att_double(id, v, name.c_str(), NC_DOUBLE, 1, &value));
    int mask = -1;
    if (s.mask) {
      int one;
      nc_ok(nc_def_dim(id, "one", 1, &one));
      const int mask_dims[] = {one, dims["lat"], dims["lon"]};
      nc_ok(nc_def_var(id, "mask", NC_BYTE, 3, mask_dims, &mask));
    }
    nc_ok(nc_enddef(id));
    if (!s.time.empty()) nc_ok(nc_put_var_double(id, time, s.time.data()));
    nc_ok(nc_put_var_double(id, lat, s.lat.data()));
    nc_ok(nc_put_var_double(id, lon, s.lon.data()));
    if (s.mask) {
      std::vector<double> values(s.lat.size() * s.lon.size(), 1);
      for (std::size_t i = 0; i < s.lon.size(); ++i) values[i] = 2;
      nc_ok(nc_put_var_double(id, mask, values.data()));
    }
    std::vector<double> field;
    for (std::size_t t = 0; t < s.time.size(); ++t)
      for (std::size_t j = 0; j < s.lat.size(); ++j)
        for (std::size_t i = 0; i < s.lon.size(); ++i) field.push_back(s.raw(t, j, i));
    if (s.order.empty() && s.levels <= 1 && !field.empty()) nc_ok(nc_put_var_double(id, v, field.data()));
    nc_ok(nc_close(id));
  });
}

/// Runs `work`, which must fail on every rank with this code and a line that contains all the
/// parts.
inline void expect_error(ExitCode code, const std::vector<std::string>& parts,
                         const std::function<void()>& work) {
  try {
    work();
    ADD_FAILURE() << "no error; expected one that contains '" << parts[0] << "'";
  } catch (const Error& error) {
    const std::string line = error.what();
    EXPECT_EQ(static_cast<int>(error.code()), static_cast<int>(code)) << line;
    EXPECT_TRUE(error.agreed()) << line;
    for (const std::string& part : parts)
      EXPECT_NE(line.find(part), std::string::npos) << line << " lacks " << part;
    EXPECT_EQ(line.find('\n'), std::string::npos) << line;
  }
}

}  // namespace podscale
