// A survey on its way from rank 0 to all: one broadcast.
#include <cstring>
#include <type_traits>

#include "podscale/core/error.hpp"
#include "survey.hpp"

namespace podscale {
namespace {

/// The same calls pack and unpack, so that the two cannot differ.
class Parcel {
 public:
  Parcel() : packing_(true) {}
  explicit Parcel(std::string bytes) : bytes_(std::move(bytes)) {}
  const std::string& bytes() const { return bytes_; }
  bool packing() const { return packing_; }

  template <class T>
  requires std::is_trivially_copyable_v<T>
  void carry(T& value) { raw(&value, sizeof value); }
  void carry(GridMapping::Attribute& attribute) {
    carry(attribute.name);
    carry(attribute.text);
    carry(attribute.numbers);
  }
  void carry(std::string& text) {
    text.resize(size(text.size()));
    raw(text.data(), text.size());
  }
  template <class T>
  void carry(std::vector<T>& values) {
    values.resize(size(values.size()));
    if constexpr (std::is_trivially_copyable_v<T>)
      raw(values.data(), values.size() * sizeof(T));
    else
      for (T& value : values) carry(value);
  }

 private:
  void raw(void* data, std::size_t n) {
    if (n == 0) return;
    if (packing_) bytes_.append(static_cast<const char*>(data), n);
    if (!packing_) std::memcpy(data, bytes_.data() + at_, n);
    at_ += n;
  }
  std::size_t size(std::size_t n) {
    carry(n);
    return n;
  }
  std::string bytes_;
  std::size_t at_ = 0;
  bool packing_ = false;
};

/// What the constructors of a mesh take, there and back.
void carry(Parcel& parcel, Mesh& mesh) {
  MeshKind kind = mesh.kind();
  idx_t ny = mesh.ny(), nx = mesh.nx();
  bool separable = mesh.separable();
  parcel.carry(kind);
  parcel.carry(ny);
  parcel.carry(nx);
  parcel.carry(separable);
  MeshAxis y, x;
  PointTable table;
  if (parcel.packing() && separable) y = mesh.y(), x = mesh.x();
  if (parcel.packing() && !separable) table = mesh.table();
  for (std::vector<double>* values :
       {&y.centres, &y.bounds, &x.centres, &x.bounds, &table.y, &table.x, &table.corner_y, &table.corner_x})
    parcel.carry(*values);
  PlaneUnit unit = mesh.unit();
  std::vector<double> lat = mesh.latitudes(), lon = mesh.longitudes();
  GridMapping mapping = mesh.mapping();
  parcel.carry(unit.name);
  parcel.carry(unit.metres);
  parcel.carry(lat);
  parcel.carry(lon);
  parcel.carry(mapping.name);
  parcel.carry(mapping.attributes);
  if (parcel.packing()) return;
  if (kind == MeshKind::plane)
    mesh = separable ? Mesh::plane(y.centres, x.centres, unit, y.bounds, x.bounds)
                     : Mesh::plane(ny, nx, std::move(table), unit);
  else
    mesh = separable ? Mesh::rectilinear(y.centres, x.centres, y.bounds, x.bounds)
                     : Mesh::curvilinear(ny, nx, std::move(table));
  if (!lat.empty()) mesh = mesh.with_geographic(std::move(lat), std::move(lon));
  mesh = mesh.with_mapping(std::move(mapping));
}

void carry(Parcel& parcel, Survey& survey) {
  parcel.carry(survey.files);
  Variable& v = survey.variable;
  for (std::string* text :
       {&v.name, &v.units, &v.working_units, &v.standard_name, &v.long_name, &v.cell_methods})
    parcel.carry(*text);
  parcel.carry(v.plausible);
  parcel.carry(survey.elements);
  carry(parcel, survey.mesh);
  parcel.carry(survey.times.calendar);
  parcel.carry(survey.times.units);
  parcel.carry(survey.times.samples);
  parcel.carry(survey.times.stamp);
  parcel.carry(survey.times.step);
  parcel.carry(survey.steps);
  parcel.carry(survey.stored);
}

}  // namespace

void broadcast_survey(const Communicator& comm, Survey& survey) {
  Parcel packed;
  if (comm.is_root()) carry(packed, survey);
  const std::string bytes = comm.broadcast(packed.bytes());
  if (comm.is_root()) return;
  Parcel arrived(bytes);
  carry(arrived, survey);
}

}  // namespace podscale
