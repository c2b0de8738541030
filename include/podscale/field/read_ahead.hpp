#pragma once
// Steps of a source that are asked for one after the other, read some at a time: ranks share the
// steps of one call among them (CfSource), so that a call for a single step has one rank at work.

#include <span>
#include <vector>

#include "podscale/field/field_source.hpp"

namespace podscale {

class ReadAhead {
 public:
  /// Not collective. The source must outlive it. steps: in the order in which they will be wanted;
  /// block: read at once.
  ReadAhead(const FieldSource& source, const Window& window, std::vector<long> steps, long block);
  /// Collective on the source's communicator, with the same step on all ranks. As
  /// FieldSource::read of the window and one step, which need not be one of those that were
  /// expected.
  void read(long step, std::span<float> out);

 private:
  const FieldSource* source_;
  Window window_;
  std::vector<long> steps_;
  std::size_t block_, first_ = 0, held_ = 0;  // steps first_ .. first_ + held_ are in values_
  std::vector<float> values_;
};

}  // namespace podscale
