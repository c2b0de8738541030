#include "podscale/field/stacked.hpp"

#include <algorithm>
#include <array>

#include "podscale/core/error.hpp"
#include "podscale/core/log.hpp"

namespace podscale {
namespace {

/// Both axes at the same dates; nullopt, or what differs.
std::optional<std::string> time_difference(const SampleAxis& found, const SampleAxis& expected) {
  if (found.calendar != expected.calendar)
    return fmt::format("calendar '{}', expected '{}'", calendar_name(found.calendar),
                       calendar_name(expected.calendar));
  const auto date = [](const SampleAxis& axis, std::size_t t) {
    return t < axis.size() ? date_text(axis[t].date) : std::string("no more");
  };
  for (std::size_t t = 0; t < std::max(found.size(), expected.size()); ++t)
    if (date(found, t) != date(expected, t))
      return fmt::format("time {} is {}, expected {}", t + 1, date(found, t), date(expected, t));
  return std::nullopt;
}

/// Two axes at the same dates: whether their steps stand for the same intervals, too.
bool same_intervals(const SampleAxis& a, const SampleAxis& b) {
  const auto dates = [units = std::array{TimeUnits(a.units, calendar_name(a.calendar), ""),
                                         TimeUnits(b.units, calendar_name(b.calendar), "")}](
                         int which, const TimeSpan& of) {
    const auto text = [&](double end) { return date_text(*units[which].date(end)); };
    return std::pair(text(of.begin), text(of.end));
  };
  for (std::size_t t = 0; t < a.size(); ++t)
    if (!a[t].interval || !b[t].interval || dates(0, *a[t].interval) != dates(1, *b[t].interval))
      return false;
  return true;
}

}  // namespace

Stacked::Stacked(std::vector<std::shared_ptr<const FieldSource>> parts) : parts_(std::move(parts)) {
  same_on_all_ranks([&] {
    PODSCALE_ASSERT(!parts_.empty(), "no source to stack");
    times_ = parts_[0]->times();
    std::shared_ptr<const FieldSource> other;  // the first with bounds of its own
    for (const auto& part : parts_) {
      if (const auto difference = mesh_difference(part->mesh(), mesh()))
        fail(ExitCode::data, "{}: its mesh differs from that of {}: {}; expected variables on one mesh",
             part->describe(), parts_[0]->describe(), *difference);
      if (const auto difference = time_difference(part->times(), times()))
        fail(ExitCode::data,
             "{}: its times differ from those of {}: {}; expected variables at the same times",
             part->describe(), parts_[0]->describe(), *difference);
      if (part->times().has_intervals() || parts_[0]->times().has_intervals())
        if (!other && !same_intervals(part->times(), parts_[0]->times())) other = part;
      for (const Variable& v : part->variables()) variables_.push_back(v);
    }
    if (!other) return;
    log::warn("{}: its time bounds are not those of {}: they are left out", other->describe(),
              parts_[0]->describe());
    times_.drop_intervals();
  });
}

std::string Stacked::describe() const {
  std::vector<std::string> texts;
  for (const auto& part : parts_) texts.push_back(part->describe());
  return fmt::format("{}", fmt::join(texts, " and "));
}

std::string Stacked::where(long step, idx_t channel) const {
  for (const auto& part : parts_) {
    if (channel < part->channels()) return part->where(step, channel);
    channel -= part->channels();
  }
  return describe();
}

void Stacked::read(const Window& window, std::span<const long> steps, std::span<float> out) const {
  const std::size_t points = window.points(), all = channels();
  std::size_t first = 0;
  for (const auto& part : parts_) {
    const std::size_t own = part->channels();
    std::vector<float> values(steps.size() * own * points);
    part->read(window, steps, values);
    for (std::size_t t = 0; t < steps.size(); ++t)
      std::copy_n(values.begin() + static_cast<long>(t * own * points), own * points,
                  out.begin() + static_cast<long>((t * all + first) * points));
    first += own;
  }
}

std::vector<unsigned char> Stacked::land_mask(const Window& window) const {
  std::vector<unsigned char> ocean(window.points(), 1);
  for (const auto& part : parts_) {
    const std::vector<unsigned char> mask = part->land_mask(window);
    for (std::size_t p = 0; p < ocean.size(); ++p) ocean[p] = ocean[p] && mask[p];
  }
  return ocean;
}

}  // namespace podscale
