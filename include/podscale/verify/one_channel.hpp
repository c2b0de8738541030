#pragma once
// One channel of a source of several.

#include <algorithm>
#include <memory>
#include <vector>

#include "podscale/field/field_source.hpp"

namespace podscale {

class OneChannel final : public FieldSource {
 public:
  /// Not collective.
  OneChannel(std::shared_ptr<const FieldSource> source, long channel)
      : source_(std::move(source)),
        channel_(channel),
        variables_{source_->variables().at(static_cast<std::size_t>(channel))} {}

  const Communicator& comm() const override { return source_->comm(); }
  const Mesh& mesh() const override { return source_->mesh(); }
  const SampleAxis& times() const override { return source_->times(); }
  const std::vector<Variable>& variables() const override { return variables_; }
  std::string describe() const override { return variables_.front().name + " of " + source_->describe(); }
  void read(const Window& window, std::span<const long> steps, std::span<float> out) const override {
    const long points = window.points(), channels = source_->channels();
    std::vector<float> all(out.size() * static_cast<std::size_t>(channels));
    source_->read(window, steps, all);
    for (long t = 0; t < std::ssize(steps); ++t)
      std::copy_n(all.begin() + (t * channels + channel_) * points, points, out.begin() + t * points);
  }
  std::vector<unsigned char> land_mask(const Window& window) const override {
    return source_->land_mask(window);
  }

 private:
  std::shared_ptr<const FieldSource> source_;
  long channel_;
  std::vector<Variable> variables_;
};

/// Not collective. The source itself where it has one channel only.
inline std::shared_ptr<const FieldSource> one_channel(std::shared_ptr<const FieldSource> source,
                                                      long channel) {
  if (source->channels() == 1) return source;
  return std::make_shared<const OneChannel>(std::move(source), channel);
}

}  // namespace podscale
