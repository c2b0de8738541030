#pragma once
// The HR analyses that forecasts are told of (doc/method.md: history): their coefficients.

#include <map>
#include <optional>
#include <span>
#include <vector>

#include "podscale/core/age_finder.hpp"
#include "podscale/field/field_source.hpp"
#include "podscale/pod/basis.hpp"

namespace podscale {

class Analyses {
 public:
  /// Not collective. Knows the times of the source alone; it must outlive it, as must the basis.
  Analyses(const FieldSource& source, const Basis& basis);
  /// Collective. Reads and encodes these steps, each once, in blocks of `block`. One without a
  /// value at a point that is ocean in the basis is not there; a warning counts these.
  void read(const Communicator& comm, std::span<const long> steps, long block);
  /// Not collective. A step that was encoded elsewhere: [local patches][K].
  void add(long step, std::span<const float> coefficients);
  /// Not collective. The step that is so many days older than a step of an axis; nullopt where the
  /// source has none, whatever was read.
  std::optional<long> find(const SampleAxis& axis, long step, double age) const {
    return finder_.find(axis, step, age);
  }
  bool has(long step) const { return row_.contains(step); }
  /// [local patches][K]
  std::span<const float> at(long step) const {
    return std::span(coefficients_).subspan(row_.at(step) * width_, width_);
  }

 private:
  const FieldSource* source_;
  const Basis* basis_;
  AgeFinder finder_;
  std::size_t width_;
  std::map<long, std::size_t> row_;
  std::vector<float> coefficients_;
};

}  // namespace podscale
