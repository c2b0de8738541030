#pragma once
// Means of another source over the days or months that it fills: a source that is finer in time
// than its partner.

#include <memory>
#include <string>
#include <vector>

#include "podscale/field/cf_source.hpp"

namespace podscale {

class Averaged final : public FieldSource {
 public:
  /// Not collective, the same on all ranks. over: "day" or "month". A step belongs to the day or
  /// month that its centre lies in. One with less than three quarters of its steps would be the
  /// mean of another time: it is left out, with a warning that counts them. Error(data): steps
  /// that are no shorter than what they are averaged to, or none that is full. label: in messages.
  Averaged(std::shared_ptr<const FieldSource> source, const std::string& over, const std::string& label);

  const Communicator& comm() const override { return source_->comm(); }
  const Mesh& mesh() const override { return source_->mesh(); }
  const SampleAxis& times() const override { return times_; }
  const std::vector<Variable>& variables() const override { return variables_; }
  std::string describe() const override;
  std::string where(long step, idx_t channel) const override {
    return source_->where(parts_.at(static_cast<std::size_t>(step)).front(), channel);
  }
  /// A point with less than three quarters of the values of a mean is missing in it.
  void read(const Window& window, std::span<const long> steps, std::span<float> out) const override;
  std::vector<unsigned char> land_mask(const Window& window) const override {
    return source_->land_mask(window);
  }

 private:
  std::shared_ptr<const FieldSource> source_;
  std::string over_;
  SampleAxis times_;
  std::vector<std::vector<long>> parts_;  // steps of the source, of each of ours
  std::vector<Variable> variables_;
};

/// Collective on comm, which must outlive the result. CfSource::open, averaged where spec.average
/// says so.
std::shared_ptr<const FieldSource> open_series(const Communicator& comm, const CfSpec& spec,
                                               std::shared_ptr<FieldCache> cache = nullptr);

}  // namespace podscale
