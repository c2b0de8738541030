#pragma once
// Numbers, texts and arrays in an HDF5 file, each by one call. Private to this folder; not collective.
// Errors: data (absent or unreadable), io (not written).

#include <hdf5.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "podscale/core/error.hpp"

namespace podscale::hdf5 {

/// Owner of an HDF5 identifier; throws with what was being done when it is not valid.
class Id {
 public:
  Id(hid_t id, herr_t (*close)(hid_t), const std::string& what) : id_(id), close_(close) {
    if (id < 0) fail(ExitCode::data, "{}", what);
  }
  Id(const Id&) = delete;
  Id& operator=(const Id&) = delete;
  ~Id() {
    if (close_) close_(id_);
  }
  operator hid_t() const { return id_; }
  /// The status of the last write counts: buffered data may fail only here.
  void close(const std::string& what) {
    const auto close = std::exchange(close_, nullptr);
    if (close && close(id_) < 0) fail(ExitCode::io, "{}", what);
  }

 private:
  hid_t id_;
  herr_t (*close_)(hid_t);
};

template <class T>
hid_t h5_type();
template <>
inline hid_t h5_type<float>() {
  return H5T_NATIVE_FLOAT;
}
template <>
inline hid_t h5_type<double>() {
  return H5T_NATIVE_DOUBLE;
}
template <>
inline hid_t h5_type<long>() {
  return H5T_NATIVE_LONG;
}
template <>
inline hid_t h5_type<unsigned char>() {
  return H5T_NATIVE_UCHAR;
}

inline void put_number(hid_t file, const char* name, double value) {
  const Id space(H5Screate(H5S_SCALAR), H5Sclose, name);
  const Id attribute(H5Acreate2(file, name, H5T_NATIVE_DOUBLE, space, H5P_DEFAULT, H5P_DEFAULT), H5Aclose,
                     name);
  H5Awrite(attribute, H5T_NATIVE_DOUBLE, &value);
}
inline double get_number(hid_t file, const std::string& path, const char* name) {
  const Id attribute(
      H5Aopen(file, name, H5P_DEFAULT), H5Aclose,
      fmt::format("{}: no attribute {}; expected a model written by podscale-train", path, name));
  double value = 0;
  H5Aread(attribute, H5T_NATIVE_DOUBLE, &value);
  return value;
}

inline void put_text(hid_t file, const char* name, const std::string& value) {
  // A dataset, not an attribute: attributes end at 64 KiB, a namelist with many files may not.
  const Id type(H5Tcopy(H5T_C_S1), H5Tclose, name);
  H5Tset_size(type, value.size() + 1);
  const Id space(H5Screate(H5S_SCALAR), H5Sclose, name);
  const Id set(H5Dcreate2(file, name, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT), H5Dclose, name);
  H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, value.c_str());
}
inline std::string get_text(hid_t file, const std::string& path, const char* name) {
  const Id set(H5Dopen2(file, name, H5P_DEFAULT), H5Dclose,
               fmt::format("{}: no {} in it; expected a model written by podscale-train", path, name));
  const Id type(H5Dget_type(set), H5Tclose, name);
  std::string value(H5Tget_size(type), '\0');
  if (H5Dread(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, value.data()) < 0)
    fail(ExitCode::data, "{}: cannot read {}; the file is damaged", path, name);
  return value.substr(0, value.find('\0'));
}

/// Files of older versions lack some texts: "" then.
inline std::string get_text_if_any(hid_t file, const std::string& path, const char* name) {
  return H5Lexists(file, name, H5P_DEFAULT) > 0 ? get_text(file, path, name) : "";
}

template <class T>
void put_array(hid_t file, const std::string& name, const std::vector<hsize_t>& shape, const T* values) {
  const Id links(H5Pcreate(H5P_LINK_CREATE), H5Pclose, name);
  H5Pset_create_intermediate_group(links, 1);
  const Id space(H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr), H5Sclose, name);
  const Id set(H5Dcreate2(file, name.c_str(), h5_type<T>(), space, links, H5P_DEFAULT, H5P_DEFAULT), H5Dclose,
               fmt::format("cannot write {}", name));
  if (H5Dwrite(set, h5_type<T>(), H5S_ALL, H5S_ALL, H5P_DEFAULT, values) < 0)
    fail(ExitCode::io, "cannot write {}: is the disk full?", name);
}

template <class T>
std::vector<T> get_array(hid_t file, const std::string& path, const std::string& name) {
  const Id set(H5Dopen2(file, name.c_str(), H5P_DEFAULT), H5Dclose,
               fmt::format("{}: no {} in it; expected a model written by podscale-train", path, name));
  const Id space(H5Dget_space(set), H5Sclose, name);
  std::vector<T> values(static_cast<std::size_t>(std::max<hssize_t>(0, H5Sget_simple_extent_npoints(space))));
  if (!values.empty() && H5Dread(set, h5_type<T>(), H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()) < 0)
    fail(ExitCode::data, "{}: cannot read {}; the file is damaged", path, name);
  return values;
}

}  // namespace podscale::hdf5
