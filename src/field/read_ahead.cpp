#include "podscale/field/read_ahead.hpp"

#include <algorithm>

namespace podscale {

ReadAhead::ReadAhead(const FieldSource& source, const Window& window, std::vector<long> steps, long block)
    : source_(&source), window_(window), steps_(std::move(steps)), block_(static_cast<std::size_t>(block)) {}

void ReadAhead::read(long step, std::span<float> out) {
  const auto begin = steps_.begin(), last = begin + static_cast<long>(first_ + held_);
  const auto held = std::find(begin + static_cast<long>(first_), last, step);
  std::size_t at = static_cast<std::size_t>(held - begin);
  if (held == last) {
    auto next = std::find(last, steps_.end(), step);
    if (next == steps_.end()) next = std::find(begin, last, step);
    if (block_ <= 1 || next == steps_.end() || *next != step)
      return source_->read(window_, std::span(&step, 1), out);
    at = static_cast<std::size_t>(next - begin);
    const std::size_t count = std::min(block_, steps_.size() - at);
    held_ = 0;
    values_.resize(count * out.size());
    source_->read(window_, std::span<const long>(steps_).subspan(at, count), values_);
    first_ = at;
    held_ = count;
  }
  std::copy_n(values_.begin() + static_cast<long>((at - first_) * out.size()), out.size(), out.begin());
}

}  // namespace podscale
