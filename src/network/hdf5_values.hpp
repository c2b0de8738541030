#pragma once
// Numbers, texts and arrays in an HDF5 file, each by one call. Private to this folder; not
// collective. Errors name file and object: data (absent, unreadable or of another kind), io (not
// written).

#include <hdf5.h>

#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "podscale/core/error.hpp"
#include "podscale/core/handle.hpp"

namespace podscale {

class Hdf5File {
  template <herr_t (*Close)(hid_t)>
  static herr_t close_id(hid_t* id) {
    return Close(std::exchange(*id, 0));
  }
  using File = Handle<hid_t, close_id<H5Fclose>>;
  using Group = Handle<hid_t, close_id<H5Gclose>>;
  using Set = Handle<hid_t, close_id<H5Dclose>>;
  using Space = Handle<hid_t, close_id<H5Sclose>>;
  using Type = Handle<hid_t, close_id<H5Tclose>>;
  using Attribute = Handle<hid_t, close_id<H5Aclose>>;
  using Properties = Handle<hid_t, close_id<H5Pclose>>;

 public:
  /// A new file in memory: where HDF5 itself meets a full disk, it leaves a file open that it
  /// cannot close, and the process dies in MPI_Finalize. path: for the errors.
  static Hdf5File create(const std::string& path) {
    const Properties memory = in_memory();
    return {path, ExitCode::io, H5Fcreate(kName, H5F_ACC_TRUNC, H5P_DEFAULT, memory.get())};
  }
  /// The bytes of a new file, complete.
  std::string bytes() const {
    good(H5Fflush(file_.get(), H5F_SCOPE_LOCAL), "/");
    std::string image(static_cast<std::size_t>(good(H5Fget_file_image(file_.get(), nullptr, 0), "/")), '\0');
    good(H5Fget_file_image(file_.get(), image.data(), image.size()), "/");
    return image;
  }
  /// Reads the bytes of a file, which are in memory already.
  static Hdf5File open(const std::string& path, std::span<const char> image) {
    const Properties memory = in_memory();
    const herr_t status = H5Pset_file_image(memory.get(), const_cast<char*>(image.data()), image.size());
    return {path, ExitCode::data, status < 0 ? -1 : H5Fopen(kName, H5F_ACC_RDONLY, memory.get()),
            image.size()};
  }

  void put(const std::string& name, double value) {
    const Space space(good(H5Screate(H5S_SCALAR), name));
    const Attribute attribute(
        good(H5Acreate2(file_.get(), name.c_str(), H5T_NATIVE_DOUBLE, space.get(), H5P_DEFAULT, H5P_DEFAULT),
             name));
    good(H5Awrite(attribute.get(), H5T_NATIVE_DOUBLE, &value), name);
  }
  double number(const std::string& name) const {
    const Attribute attribute(good(H5Aopen(file_.get(), name.c_str(), H5P_DEFAULT), name));
    const Space space(good(H5Aget_space(attribute.get()), name));
    good(H5Sget_simple_extent_npoints(space.get()) == 1 ? 0 : -1, name);
    double value = 0;
    good(H5Aread(attribute.get(), H5T_NATIVE_DOUBLE, &value), name);
    return value;
  }

  /// Whether the file has an attribute of this name.
  bool has(const std::string& name) const { return good(H5Aexists(file_.get(), name.c_str()), name) > 0; }
  /// A number that must be whole: a damaged one may be anything.
  double whole(const std::string& name, double most) const {
    const double value = number(name);
    if (!(std::abs(value) <= most) || value != std::floor(value))
      fail(failure_, "{}: {} is {}, expected a whole number up to {:.0f}; the file is damaged", path_, name,
           value, most);
    return value;
  }
  int integer(const std::string& name) const {
    return static_cast<int>(whole(name, std::numeric_limits<int>::max()));
  }
  /// Beyond int, up to what a double holds without loss.
  long count(const std::string& name) const { return static_cast<long>(whole(name, 9e15)); }

  /// A dataset, not an attribute: attributes end at 64 KiB, a namelist with many files may not.
  void put(const std::string& name, const std::string& value) {
    const Type type(good(H5Tcopy(H5T_C_S1), name));
    good(H5Tset_size(type.get(), value.size() + 1), name);
    write(name, type.get(), Space(good(H5Screate(H5S_SCALAR), name)), value.c_str());
  }
  std::string text(const std::string& name) const {
    const Set set(open_set(name));
    const Type type(good(H5Dget_type(set.get()), name));
    const Space space(good(H5Dget_space(set.get()), name));
    const std::size_t size = H5Tget_size(type.get());
    good(H5Tget_class(type.get()) == H5T_STRING && H5Tis_variable_str(type.get()) == 0 && size > 0 &&
                 H5Sget_simple_extent_npoints(space.get()) == 1
             ? 0
             : -1,
         name);
    require_held(name, static_cast<double>(size));
    std::string value(size, '\0');
    good(H5Dread(set.get(), type.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, value.data()), name);
    return value.substr(0, value.find('\0'));
  }

  template <class T>
  void put(const std::string& name, const std::vector<hsize_t>& shape, const T* values) {
    const int rank = static_cast<int>(shape.size());
    write(name, type<T>(), Space(good(H5Screate_simple(rank, shape.data(), nullptr), name)), values);
  }
  std::vector<hsize_t> shape(const std::string& name) const {
    const Set set(open_set(name));
    const Space space(good(H5Dget_space(set.get()), name));
    std::vector<hsize_t> shape(good(H5Sget_simple_extent_ndims(space.get()), name));
    good(H5Sget_simple_extent_dims(space.get(), shape.data(), nullptr), name);
    return shape;
  }
  template <class T>
  std::vector<T> array(const std::string& name) const {
    const auto n = shape(name);
    // Nothing in a model is compressed. As a floating number, which does not overflow.
    require_held(name,
                 std::accumulate(n.begin(), n.end(), static_cast<double>(sizeof(T)), std::multiplies<>()));
    std::vector<T> values(std::accumulate(n.begin(), n.end(), std::size_t{1}, std::multiplies<>()));
    const Set set(open_set(name));
    good(H5Dread(set.get(), type<T>(), H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()), name);
    return values;
  }
  /// Of all that a group holds, in order.
  std::vector<std::string> names(const std::string& group_name) const {
    const Group group(good(H5Gopen2(file_.get(), group_name.c_str(), H5P_DEFAULT), group_name));
    H5G_info_t info{};
    good(H5Gget_info(group.get(), &info), group_name);
    std::vector<std::string> names;
    for (hsize_t i = 0; i < info.nlinks; ++i) {
      const auto get = [&](char* to, std::size_t size) {
        return good(
            H5Lget_name_by_idx(group.get(), ".", H5_INDEX_NAME, H5_ITER_INC, i, to, size, H5P_DEFAULT),
            group_name);
      };
      const auto length = static_cast<std::size_t>(get(nullptr, 0));
      require_held(group_name, static_cast<double>(length));
      std::string name(length, '\0');
      get(name.data(), name.size() + 1);
      names.push_back(std::move(name));
    }
    return names;
  }

 private:
  static constexpr const char* kName = "model.h5 in memory";  // HDF5 wants one that no file has
  static Properties in_memory() {
    Properties access(H5Pcreate(H5P_FILE_ACCESS));
    H5Pset_fapl_core(access.get(), 1 << 20, false);  // a failure comes back from what uses it
    return access;
  }
  Hdf5File(const std::string& path, ExitCode failure, hid_t file, std::size_t bytes = 0)
      : path_(path), failure_(failure), bytes_(bytes), file_(good(file, "/")) {}

  /// Before memory is taken for so many bytes of an object.
  void require_held(const std::string& name, double bytes) const {
    if (bytes > static_cast<double>(bytes_))
      fail(ExitCode::data,
           "{}: {} is said to have {:.4g} bytes, but the file has {}; it is damaged: copy or make it again",
           path_, name, bytes, bytes_);
  }

  /// Every answer of HDF5 goes through here: negative ones are failures.
  template <class Answer>
  Answer good(Answer answer, const std::string& name) const {
    if (answer >= 0) return answer;
    if (failure_ == ExitCode::io) fail(failure_, "{}: {} cannot be made in memory", path_, name);
    fail(failure_,
         "{}: {} cannot be read, the file is damaged or of another kind; expected a model written by "
         "podscale-train",
         path_, name);
  }
  hid_t open_set(const std::string& name) const {
    return good(H5Dopen2(file_.get(), name.c_str(), H5P_DEFAULT), name);
  }
  void write(const std::string& name, hid_t type, const Space& space, const void* values) {
    const Properties links(good(H5Pcreate(H5P_LINK_CREATE), name));
    good(H5Pset_create_intermediate_group(links.get(), 1), name);
    Set set(
        good(H5Dcreate2(file_.get(), name.c_str(), type, space.get(), links.get(), H5P_DEFAULT, H5P_DEFAULT),
             name));
    good(H5Dwrite(set.get(), type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values), name);
    good(set.close(), name);
  }
  template <class T>
  static hid_t type();

  std::string path_;
  ExitCode failure_;
  std::size_t bytes_;  ///< of a file that is read
  File file_;
};

template <>
inline hid_t Hdf5File::type<float>() {
  return H5T_NATIVE_FLOAT;
}
template <>
inline hid_t Hdf5File::type<double>() {
  return H5T_NATIVE_DOUBLE;
}
template <>
inline hid_t Hdf5File::type<long>() {
  return H5T_NATIVE_LONG;
}
template <>
inline hid_t Hdf5File::type<unsigned char>() {
  return H5T_NATIVE_UCHAR;
}

}  // namespace podscale
