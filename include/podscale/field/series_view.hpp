#pragma once
// Some samples of a source as a source of their own.

#include <memory>
#include <string>
#include <vector>

#include "podscale/field/field_source.hpp"

namespace podscale {

/// Steps of another source, in any order, or the means of several of them.
class SeriesView final : public FieldSource {
 public:
  /// Not collective. One series of a source of several; what: of which, for messages ("" = none).
  SeriesView(std::shared_ptr<const FieldSource> source, std::vector<long> steps, const std::string& what);
  /// Not collective. Step t is the mean over the steps parts[t] of the source, at the time
  /// times[t].
  SeriesView(std::shared_ptr<const FieldSource> source, std::vector<std::vector<long>> parts,
             SampleAxis times, const std::string& what);

  const Communicator& comm() const override { return source_->comm(); }
  const Mesh& mesh() const override { return source_->mesh(); }
  const SampleAxis& times() const override { return times_; }
  const std::vector<Variable>& variables() const override { return source_->variables(); }
  std::string describe() const override { return source_->describe() + what_; }
  std::string where(long step, idx_t channel) const override;
  void read(const Window& window, std::span<const long> steps, std::span<float> out) const override;
  std::vector<unsigned char> land_mask(const Window& window) const override {
    return source_->land_mask(window);
  }

 private:
  std::shared_ptr<const FieldSource> source_;
  std::vector<std::vector<long>> parts_;
  SampleAxis times_;
  std::string what_;
};

/// Not collective. The mean over the realizations, run by run; the source itself where it has one.
std::shared_ptr<const FieldSource> ensemble_mean(std::shared_ptr<const FieldSource> source);

}  // namespace podscale
