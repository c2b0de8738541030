#include "podscale/field/stacked.hpp"

#include <algorithm>

#include "podscale/core/error.hpp"

namespace podscale {
namespace {

/// Both axes at the same dates; nullopt, or what differs.
std::optional<std::string> time_difference(const TimeAxis& found, const TimeAxis& expected) {
  if (found.calendar != expected.calendar)
    return fmt::format("calendar '{}', expected '{}'", calendar_name(found.calendar),
                       calendar_name(expected.calendar));
  const auto date = [](const TimeAxis& axis, std::size_t t) {
    return t < axis.dates.size() ? date_text(axis.dates[t]) : std::string("no more");
  };
  for (std::size_t t = 0; t < std::max(found.dates.size(), expected.dates.size()); ++t)
    if (date(found, t) != date(expected, t))
      return fmt::format("time {} is {}, expected {}", t + 1, date(found, t), date(expected, t));
  return std::nullopt;
}

}  // namespace

Stacked::Stacked(std::vector<std::shared_ptr<const FieldSource>> parts) : parts_(std::move(parts)) {
  same_on_all_ranks([&] {
    PODSCALE_ASSERT(!parts_.empty(), "no source to stack");
    for (const auto& part : parts_) {
      if (const auto difference = mesh_difference(part->mesh(), mesh()))
        fail(ExitCode::data, "{}: its mesh differs from that of {}: {}; expected variables on one mesh",
             part->describe(), parts_[0]->describe(), *difference);
      if (const auto difference = time_difference(part->times(), times()))
        fail(ExitCode::data, "{}: its times differ from those of {}: {}; expected variables at the same times",
             part->describe(), parts_[0]->describe(), *difference);
      for (const Variable& v : part->variables()) variables_.push_back(v);
    }
  });
}

std::string Stacked::describe() const {
  std::vector<std::string> texts;
  for (const auto& part : parts_) texts.push_back(part->describe());
  return fmt::format("{}", fmt::join(texts, " and "));
}

void Stacked::read(const Window& window, std::span<const long> steps, std::span<float> out) const {
  const auto points = static_cast<std::size_t>(window.points()), all = static_cast<std::size_t>(channels());
  std::size_t first = 0;
  for (const auto& part : parts_) {
    const auto own = static_cast<std::size_t>(part->channels());
    std::vector<float> values(steps.size() * own * points);
    part->read(window, steps, values);
    for (std::size_t t = 0; t < steps.size(); ++t)
      std::copy_n(values.begin() + static_cast<long>(t * own * points), own * points,
                  out.begin() + static_cast<long>((t * all + first) * points));
    first += own;
  }
}

std::vector<unsigned char> Stacked::land_mask(const Window& window) const {
  std::vector<unsigned char> ocean(static_cast<std::size_t>(window.points()), 1);
  for (const auto& part : parts_) {
    const std::vector<unsigned char> mask = part->land_mask(window);
    for (std::size_t p = 0; p < ocean.size(); ++p) ocean[p] = ocean[p] && mask[p];
  }
  return ocean;
}

}  // namespace podscale
