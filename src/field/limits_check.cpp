#include "limits_check.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "podscale/core/error.hpp"
#include "podscale/core/log.hpp"

namespace podscale {
namespace {

constexpr long kSampled = 13;           // times and files: of months, no calendar month is left out
constexpr long kMostValues = 1L << 24;  // inflated for the sample, a few tenths of a second
constexpr std::size_t kDistinct = 1u << 16;
constexpr double kFlag = 0.2;  // share of all numbers beyond from which on one number is a flag

/// The numbers that the file holds between its limits or beyond, in its units.
FileLayout without_limits(const FileLayout& layout) {
  FileLayout unlimited = layout;
  unlimited.conversion = {};
  unlimited.variable.packing.low = Packing{}.low;
  unlimited.variable.packing.high = Packing{}.high;
  return unlimited;
}

/// Unpacked limits, the lower first.
std::pair<double, double> unpacked_limits(const Packing& packing) {
  return std::minmax(
      {packing.low * packing.scale + packing.offset, packing.high * packing.scale + packing.offset});
}

/// "valid_max = 21", as the file says.
std::string limits_text(const NetcdfFile& file, const CfVariable& v) {
  std::string text;
  for (const char* name : {"valid_range", "valid_min", "valid_max"}) {
    const auto numbers = file.numbers(v.name, name);
    if (!numbers && !file.text(v.name, name)) continue;
    text +=
        fmt::format("{}{} = {}", text.empty() ? "" : " and ", name,
                    numbers ? fmt::format("{:.6g}", fmt::join(*numbers, ", ")) : *file.text(v.name, name));
  }
  const auto [low, high] = unpacked_limits(v.packing);
  if (v.packing.scale != 1 || v.packing.offset != 0)
    text += fmt::format(" (unpacked {:.6g} to {:.6g})", low, high);
  return text;
}

}  // namespace

void require_sensible_limits(const NetcdfFile& file, const FileLayout& layout, const Mesh& mesh) {
  const CfVariable& v = layout.variable;
  if (!v.packing.limited()) return;
  const FileLayout unlimited = without_limits(layout);
  const auto [low, high] = unpacked_limits(v.packing);
  const long times = v.time < 0 ? 1 : static_cast<long>(v.info.shape[v.time]);
  // Rows of chunks, from the middle of the field on: mostly the first of them has a value inside.
  const long rows = layout.chunks.y * std::max(1L, (1L << 16) / (layout.chunks.y * mesh.nx()));
  const long blocks = (mesh.ny() + rows - 1) / rows;
  std::vector<float> values;
  long outside = 0;
  float least = INFINITY, most = -INFINITY;
  for (const long step : std::set<long>{0, times / 2, times - 1})
    for (long b = 0; b < blocks && step >= 0 && step < times; ++b) {
      const long first = (b + blocks / 2) % blocks * rows;
      const Window window{first, std::min(rows, mesh.ny() - first), 0, mesh.nx()};
      values.resize(window.points());
      read_window(file, unlimited, mesh, window, step, 1, values);
      for (const float value : values) {
        if (std::isnan(value)) continue;
        if (static_cast<double>(value) >= low && static_cast<double>(value) <= high) return;
        ++outside;
        least = std::min(least, value), most = std::max(most, value);
      }
    }
  if (outside == 0) return;
  std::string names;
  for (const char* name : {"valid_range", "valid_min", "valid_max"})
    if (file.attribute_type(v.name, name)) names += (names.empty() ? "" : " and ") + std::string(name);
  fail(
      ExitCode::data,
      "{}: variable '{}': its {} (unpacked {:.6g} to {:.6g}) leaves no value at all: they lie between {:.6g} "
      "and {:.6g} '{}'; expected limits in the units of the values (packed ones in packed data): set them "
      "right, or delete them, as in 'ncatted -a valid_min,{},d,, -a valid_max,{},d,, -a valid_range,{},d,, "
      "in.nc'",
      file.path(), v.name, names, low, high, least, most, v.units, v.name, v.name, v.name);
}

void LimitsSample::look(const NetcdfFile& file, const FileLayout& layout, const Mesh& mesh) {
  const long number = static_cast<long>(number_++),
             files = static_cast<long>(std::max<std::size_t>(files_, 1));
  const long wanted = std::min(files, kSampled);
  const CfVariable& v = layout.variable;
  const bool chosen = number == 0 || number * wanted / files != (number - 1) * wanted / files;
  if (!v.packing.limited() || !chosen) return;
  FileLayout unlimited = without_limits(layout);
  unlimited.variable.packing.also_missing = missing_;
  const auto [low, high] = unpacked_limits(v.packing);
  const long times = v.time < 0 ? 1 : static_cast<long>(v.info.shape[v.time]);
  std::set<long> steps;
  for (long k = 0; k < kSampled; ++k) steps.insert(k * times / kSampled);
  if (times <= 0) return;
  // A chunk is inflated for each of its times; where that is too much, some rows of chunks stand
  // for all.
  const long of_row = std::max(1L, layout.chunks.y * mesh.nx() * std::min(layout.chunks.t, times));
  const long blocks = (mesh.ny() + layout.chunks.y - 1) / layout.chunks.y;
  const long some = std::clamp(kMostValues / wanted / of_row / std::ssize(steps), 1L, blocks);
  std::vector<float> values;
  for (const long step : steps)
    for (long b = 0; b < some; ++b) {
      const long first = (2 * b + 1) * blocks / (2 * some) * layout.chunks.y;
      const Window window{first, std::min(layout.chunks.y, mesh.ny() - first), 0, mesh.nx()};
      values.resize(window.points());
      read_window(file, unlimited, mesh, window, step, 1, values);
      for (const float value : values) {
        if (std::isnan(value)) continue;
        const double x = static_cast<double>(value), rounding = 1e-6 * std::abs(x);
        if (x >= low - rounding && x <= high + rounding) {
          ++inside_;
          continue;
        }
        ++outside_;
        if (const auto found = beyond_.find(value); found != beyond_.end())
          ++found->second;
        else if (beyond_.size() < kDistinct)
          beyond_.emplace(value, 1);
        if (!path_.empty()) continue;
        path_ = file.path(), name_ = v.name, units_ = v.units;
        limits_ = limits_text(file, v);
      }
    }
}

void LimitsSample::say() const {
  constexpr float kNoValue = 1e10f;
  long flags = 0;
  float least = INFINITY, most = -INFINITY;
  for (const auto& [value, times] : beyond_) {
    const bool flag = times >= 10 && static_cast<double>(times) >= kFlag * static_cast<double>(outside_);
    if (flag || std::abs(value) > kNoValue)
      flags += times;
    else
      least = std::min(least, value), most = std::max(most, value);
  }
  const long masked = outside_ - flags;
  if (masked <= 0 || least > most) return;
  log::warn(
      "{}: '{}': its {} masks {:.3g} % of the values that were sampled, {:.6g} to {:.6g} '{}': they are "
      "taken for missing; if they are true, set the limit right or delete it, as in 'ncatted "
      "-a valid_min,{},d,, -a valid_max,{},d,, -a valid_range,{},d,, in.nc'",
      path_, name_, limits_, 100 * static_cast<double>(masked) / static_cast<double>(inside_ + masked), least,
      most, units_, name_, name_, name_);
}

}  // namespace podscale
