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

  template <class T>
  requires std::is_trivially_copyable_v<T>
  void carry(T& value) { raw(&value, sizeof value); }
  void carry(std::string& text) {
    text.resize(size(text.size()));
    raw(text.data(), text.size());
  }
  template <class T>
  void carry(std::vector<T>& values) {
    values.resize(size(values.size()));
    for (T& value : values) carry(value);
  }

 private:
  void raw(void* data, std::size_t n) {
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

void carry(Parcel& parcel, Survey& survey) {
  parcel.carry(survey.files);
  parcel.carry(survey.variable);
  parcel.carry(survey.grid.lat);
  parcel.carry(survey.grid.lon);
  parcel.carry(survey.times.calendar);
  parcel.carry(survey.times.units);
  parcel.carry(survey.times.dates);
  parcel.carry(survey.times.values);
  parcel.carry(survey.steps);
  parcel.carry(survey.stored);
  std::vector<std::string> texts;
  for (const auto& [name, text] : survey.attributes) texts.insert(texts.end(), {name, text});
  parcel.carry(texts);
  for (std::size_t i = 0; i + 1 < texts.size(); i += 2) survey.attributes[texts[i]] = texts[i + 1];
}

}  // namespace

void broadcast_survey(const Communicator& comm, Survey& survey) {
  Parcel packed;
  if (comm.is_root()) carry(packed, survey);
  const std::string bytes = comm.broadcast(packed.bytes());
  if (comm.is_root()) return;
  Parcel arrived(bytes);
  carry(arrived, survey);
  survey.grid = make_grid(survey.grid.lat, survey.grid.lon);
}

}  // namespace podscale
