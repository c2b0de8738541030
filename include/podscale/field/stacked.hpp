#pragma once
// Several sources as the channels of one: variables that lie in files of their own, or side by
// side.

#include <memory>
#include <vector>

#include "podscale/field/field_source.hpp"

namespace podscale {

class Stacked final : public FieldSource {
 public:
  /// Not collective: all ranks must give the same. The channels of all parts, in order; the land
  /// mask has the ocean of all. Errors: data (other mesh or other times than those of the first
  /// part).
  explicit Stacked(std::vector<std::shared_ptr<const FieldSource>> parts);

  const Communicator& comm() const override { return parts_[0]->comm(); }
  const Mesh& mesh() const override { return parts_[0]->mesh(); }
  const SampleAxis& times() const override { return times_; }
  const std::vector<Variable>& variables() const override { return variables_; }
  std::string describe() const override;
  std::string where(long step, idx_t channel) const override;
  void read(const Window& window, std::span<const long> steps, std::span<float> out) const override;
  std::vector<unsigned char> land_mask(const Window& window) const override;

 private:
  std::vector<std::shared_ptr<const FieldSource>> parts_;
  SampleAxis times_;  // with bounds where all parts have the same
  std::vector<Variable> variables_;
};

}  // namespace podscale
