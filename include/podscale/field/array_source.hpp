#pragma once
// Fields that are not in files: in memory, or computed.

#include <vector>

#include "podscale/field/field_source.hpp"
#include "podscale/field/synthetic_ocean.hpp"

namespace podscale {

/// Fields in memory, every rank with its own copy: for callers who have read them already, and for tests.
class ArraySource final : public FieldSource {
 public:
  /// Not collective. values: [times][ny*nx] degC, NaN where missing.
  ArraySource(const Communicator& comm, Grid grid, TimeAxis times, std::vector<float> values);

  const Communicator& comm() const override { return *comm_; }
  const Grid& grid() const override { return grid_; }
  const Mesh& mesh() const override { return mesh_; }
  const TimeAxis& times() const override { return times_; }
  std::string describe() const override { return "fields in memory"; }
  void read(const Window& window, std::span<const long> steps, std::span<float> out) const override;

 private:
  const Communicator* comm_;
  Grid grid_;
  Mesh mesh_;
  TimeAxis times_;
  std::vector<float> values_;
};

/// The synthetic ocean, computed where it is asked for: no message, no file.
class SyntheticSource final : public FieldSource {
 public:
  /// Not collective.
  SyntheticSource(const Communicator& comm, OceanSpec spec);

  const Communicator& comm() const override { return *comm_; }
  const Grid& grid() const override { return grid_; }
  const Mesh& mesh() const override { return mesh_; }
  const TimeAxis& times() const override { return spec_.times; }
  std::string describe() const override { return "the synthetic ocean"; }
  void read(const Window& window, std::span<const long> steps, std::span<float> out) const override;

 private:
  const Communicator* comm_;
  OceanSpec spec_;
  Grid grid_;
  Mesh mesh_;
};

}  // namespace podscale
