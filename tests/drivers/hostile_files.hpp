#pragma once
// Small files of the kinds that strangers send: made here, so that every byte of them counts.

#include <hdf5.h>
#include <netcdf.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "podscale/network/checkpoint.hpp"

namespace podscale {

inline constexpr int kTimes = 4, kRows = 6, kColumns = 8;

inline void must(bool good) {
  if (!good) std::abort();
}

inline std::vector<double> steps(double first, double step, int n) {
  std::vector<double> values;
  for (int i = 0; i < n; ++i) values.push_back(first + step * i);
  return values;
}

inline std::vector<double> small_field() {
  std::vector<double> values;
  for (int i = 0; i < kTimes * kRows * kColumns; ++i) values.push_back(15 + 5 * std::sin(0.1 * i));
  return values;
}

/// Not collective. A series as CF wants it: packed, with bounds, attributes of text and numbers;
/// in NetCDF-4 deflated, and with an attribute of strings.
inline void write_series(const std::string& path, int mode) {
  int id, t, y, x, two, time, bounds, lat, lon, sst, day;
  must(nc_create(path.c_str(), mode, &id) == NC_NOERR);
  must(nc_def_dim(id, "time", NC_UNLIMITED, &t) == NC_NOERR && nc_def_dim(id, "lat", kRows, &y) == NC_NOERR &&
       nc_def_dim(id, "lon", kColumns, &x) == NC_NOERR && nc_def_dim(id, "bnds", 2, &two) == NC_NOERR);
  const int over_time[] = {t, two}, field[] = {t, y, x};
  must(nc_def_var(id, "time", NC_DOUBLE, 1, &t, &time) == NC_NOERR &&
       nc_def_var(id, "time_bnds", NC_DOUBLE, 2, over_time, &bounds) == NC_NOERR &&
       nc_def_var(id, "lat", NC_DOUBLE, 1, &y, &lat) == NC_NOERR &&
       nc_def_var(id, "lon", NC_DOUBLE, 1, &x, &lon) == NC_NOERR &&
       nc_def_var(id, "sst", NC_SHORT, 3, field, &sst) == NC_NOERR &&
       nc_def_var(id, "day", NC_FLOAT, 3, field, &day) == NC_NOERR);
  const auto text = [&](int variable, const char* name, const char* value) {
    must(nc_put_att_text(id, variable, name, std::strlen(value), value) == NC_NOERR);
  };
  text(time, "units", "days since 2000-01-01");
  text(time, "calendar", "standard");
  text(time, "bounds", "time_bnds");
  text(lat, "units", "degrees_north");
  text(lon, "units", "degrees_east");
  text(sst, "units", "degC");
  text(sst, "cell_methods", "time: mean");
  text(day, "units", "K");
  text(NC_GLOBAL, "title", "A small series");
  text(NC_GLOBAL, "history", "made for a test");
  const double scale = 0.01, offset = 10;
  const short missing = -32768;
  must(nc_put_att_double(id, sst, "scale_factor", NC_DOUBLE, 1, &scale) == NC_NOERR &&
       nc_put_att_double(id, sst, "add_offset", NC_DOUBLE, 1, &offset) == NC_NOERR &&
       nc_put_att_short(id, sst, "_FillValue", NC_SHORT, 1, &missing) == NC_NOERR);
  if (mode & NC_NETCDF4) {
    const std::size_t chunk[] = {2, 3, 4};
    const char* words[] = {"one", "two words"};
    must(nc_def_var_chunking(id, sst, NC_CHUNKED, chunk) == NC_NOERR &&
         nc_def_var_deflate(id, sst, 1, 1, 4) == NC_NOERR &&
         nc_def_var_fletcher32(id, day, NC_FLETCHER32) == NC_NOERR &&
         nc_put_att_string(id, sst, "comment", 2, words) == NC_NOERR);
  }
  must(nc_enddef(id) == NC_NOERR);
  const std::size_t zero[] = {0, 0, 0}, all[] = {kTimes, kRows, kColumns}, pairs[] = {kTimes, 2};
  std::vector<double> ends, raw, kelvin;
  for (int i = 0; i < kTimes; ++i) ends.insert(ends.end(), {i - 0.5, i + 0.5});
  for (const double v : small_field()) raw.push_back((v - offset) / scale), kelvin.push_back(v + 273.15);
  must(nc_put_vara_double(id, time, zero, all, steps(0, 1, kTimes).data()) == NC_NOERR &&
       nc_put_vara_double(id, bounds, zero, pairs, ends.data()) == NC_NOERR &&
       nc_put_var_double(id, lat, steps(-40, 2, kRows).data()) == NC_NOERR &&
       nc_put_var_double(id, lon, steps(150, 2, kColumns).data()) == NC_NOERR &&
       nc_put_vara_double(id, sst, zero, all, raw.data()) == NC_NOERR &&
       nc_put_vara_double(id, day, zero, all, kelvin.data()) == NC_NOERR && nc_close(id) == NC_NOERR);
}

/// Not collective. The like in HDF5's oldest format, as h5py and many others write it: its headers
/// have no checksums, so that every byte of them reaches the library.
inline void write_plain_hdf5(const std::string& path) {
  const hid_t file = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  must(file >= 0);
  const auto text = [](hid_t object, const char* name, const std::string& value) {
    const hid_t type = H5Tcopy(H5T_C_S1), space = H5Screate(H5S_SCALAR);
    must(H5Tset_size(type, value.size() + 1) >= 0);
    const hid_t attribute = H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    must(attribute >= 0 && H5Awrite(attribute, type, value.c_str()) >= 0);
    H5Aclose(attribute), H5Sclose(space), H5Tclose(type);
  };
  const auto axis = [&](const char* name, const std::vector<double>& values, const std::string& units) {
    const hsize_t n = values.size();
    const hid_t space = H5Screate_simple(1, &n, nullptr);
    const hid_t set = H5Dcreate2(file, name, H5T_IEEE_F64LE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    must(set >= 0 && H5Dwrite(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()) >= 0);
    text(set, "CLASS", "DIMENSION_SCALE");
    text(set, "NAME", name);
    text(set, "units", units);
    H5Dclose(set), H5Sclose(space);
  };
  axis("time", steps(0, 1, kTimes), "days since 2000-01-01");
  axis("lat", steps(-40, 2, kRows), "degrees_north");
  axis("lon", steps(150, 2, kColumns), "degrees_east");
  const hsize_t shape[] = {kTimes, kRows, kColumns}, chunk[] = {2, 3, 4};
  const hid_t space = H5Screate_simple(3, shape, nullptr), layout = H5Pcreate(H5P_DATASET_CREATE);
  must(H5Pset_chunk(layout, 3, chunk) >= 0 && H5Pset_shuffle(layout) >= 0 && H5Pset_deflate(layout, 4) >= 0);
  const hid_t set = H5Dcreate2(file, "sst", H5T_IEEE_F32LE, space, H5P_DEFAULT, layout, H5P_DEFAULT);
  const std::vector<double> values = small_field();
  must(set >= 0 && H5Dwrite(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()) >= 0);
  text(set, "units", "degC");
  text(set, "long_name", "sea surface temperature");
  // What H5DSattach_scale writes: for each dimension a reference to its scale.
  hobj_ref_t scales[3];
  hvl_t lists[3];
  const char* names[] = {"time", "lat", "lon"};
  for (int d = 0; d < 3; ++d) {
    must(H5Rcreate(&scales[d], file, names[d], H5R_OBJECT, -1) >= 0);
    lists[d] = {1, &scales[d]};
  }
  const hsize_t three = 3;
  const hid_t list = H5Tvlen_create(H5T_STD_REF_OBJ), of_three = H5Screate_simple(1, &three, nullptr);
  const hid_t attribute = H5Acreate2(set, "DIMENSION_LIST", list, of_three, H5P_DEFAULT, H5P_DEFAULT);
  must(attribute >= 0 && H5Awrite(attribute, list, lists) >= 0);
  H5Aclose(attribute), H5Sclose(of_three), H5Tclose(list);
  H5Dclose(set), H5Pclose(layout), H5Sclose(space);
  must(H5Fclose(file) >= 0);
}

/// Not collective. As podscale-train writes it, of two parameters.
inline void write_small_model(const std::string& path) {
  Checkpoint c;
  c.slices = {{"head.weight", {3, 4}, 0, 12}, {"head.bias", {3}, 12, 3}};
  for (auto* values : {&c.parameters, &c.average, &c.best, &c.first_moment, &c.second_moment})
    for (int i = 0; i < 15; ++i) values->push_back(static_cast<float>(0.1 * i));
  ModelSummary& s = c.summary;
  s.layout = {2, 3, 2, {-40, -40}, {150, 152}, {1, 1, 1, 1, 1, 0}};
  s.basis_checksum = "0123456789abcdef";
  s.effective_namelist = "&training steps = 3 /\n";
  s.version = "0.1.0";
  s.history = {{1, 0.5, 0.4}, {2, 0.4, 0.3}};
  write_checkpoint(Communicator::self(), c, path);
}

}  // namespace podscale
