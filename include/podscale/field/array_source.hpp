#pragma once
// Fields that are not in files.

#include <vector>

#include "podscale/field/field_source.hpp"

namespace podscale {

/// Fields in memory, every rank with its own copy: for callers who have read them already, and for
/// tests.
class ArraySource final : public FieldSource {
 public:
  /// Not collective. values: [times][variables][ny*nx] in working units, NaN where missing.
  ArraySource(const Communicator& comm, Mesh mesh, SampleAxis times, std::vector<float> values,
              std::vector<Variable> variables = {{"field", "degC", "degC", "", "", "", {}}});

  const Communicator& comm() const override { return *comm_; }
  const Mesh& mesh() const override { return mesh_; }
  const SampleAxis& times() const override { return times_; }
  const std::vector<Variable>& variables() const override { return variables_; }
  std::string describe() const override { return "fields in memory"; }
  void read(const Window& window, std::span<const long> steps, std::span<float> out) const override;

 private:
  const Communicator* comm_;
  Mesh mesh_;
  SampleAxis times_;
  std::vector<float> values_;
  std::vector<Variable> variables_;
};

}  // namespace podscale
