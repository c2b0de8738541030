#include "podscale/gaussian/coherent_noise.hpp"

#include <algorithm>
#include <cmath>

namespace podscale {
namespace {

constexpr double kForgotten = 1e-6;           // correlation of neighbouring anchors, at most
constexpr std::size_t kMostFloats = 1 << 26;  // of all paths: 256 MiB

long floor_multiple(long a, long b) {
  return a - (a % b + b) % b;
}

}  // namespace

CoherentNoise::CoherentNoise(std::uint64_t seed, Stream stream, const TimeLattice& lattice,
                             std::vector<TwoScale> scales)
    : random_(seed, stream), lattice_(lattice), uniform_(scales.size() == 1) {
  double longest = 0;
  for (const TwoScale& s : scales) longest = std::max({longest, s.fast, s.slow});
  const double cells = longest * -std::log(kForgotten) / lattice.step();
  while (std::ldexp(1.0, levels_) < cells) ++levels_;
  for (std::size_t process = 0; process < kProcesses; ++process) {
    const auto time_of = [&](const TwoScale& s) { return process == 0 ? s.fast : s.slow; };
    for (const TwoScale& s : scales) {
      const double share = std::sqrt(process == 0 ? 1 - s.slow_weight : s.slow_weight), time = time_of(s),
                   phi = time > 0 ? std::exp(-lattice.step() / time) : 0, of_two = 1 / std::sqrt(2 + 2 * phi);
      share_[process][0].push_back(static_cast<float>(share * (s.cell > 0 ? of_two : 1)));
      share_[process][1].push_back(static_cast<float>(s.cell > 0 ? share * of_two : 0));
      averages_ = averages_ || s.cell > 0;
    }
    for (int level = levels_ - 1; level >= 0; --level) {
      const double distance = std::ldexp(1.0, level) * lattice.step();
      Bridge bridge;
      for (const TwoScale& s : scales) {
        const double time = time_of(s), phi = time > 0 ? std::exp(-distance / time) : 0;
        bridge.both.push_back(static_cast<float>(phi / (1 + phi * phi)));
        // 1 - phi^2 without cancellation where the step is short.
        const double rest = time > 0 ? -std::expm1(-2 * distance / time) : 1;
        bridge.own.push_back(static_cast<float>(std::sqrt(rest / (1 + phi * phi))));
      }
      bridges_[process].push_back(std::move(bridge));
    }
  }
}

void CoherentNoise::draw(long cell, std::size_t process, int member, std::size_t first,
                         std::vector<float>& out) const {
  random_.fill_normal(std::span(out), static_cast<std::uint32_t>(cell), static_cast<std::uint32_t>(member),
                      static_cast<std::uint32_t>(process), first);
}

const float* CoherentNoise::node(Path& path, std::size_t process, long cell, int member, std::size_t first,
                                 std::size_t count) const {
  const long apart = 1l << levels_;
  long ends[2] = {floor_multiple(cell, apart), 0};
  ends[1] = ends[0] + apart;
  std::size_t slot[2] = {0, 1};
  for (const std::size_t side : {0, 1}) {
    if (path.cell[side] == ends[side] && !path.value[side].empty()) continue;
    path.value[side].resize(count);
    path.cell[side] = ends[side];
    draw(ends[side], process, member, first, path.value[side]);
  }
  if (cell == ends[0]) return path.value[0].data();
  for (std::size_t level = 0;; ++level) {
    const long middle = (ends[0] + ends[1]) / 2;
    const std::size_t own = 2 + level;
    if (path.cell[own] != middle || path.value[own].empty()) {
      std::vector<float>& x = path.value[own];
      x.resize(count);
      noise_.resize(count);
      path.cell[own] = middle;
      draw(middle, process, member, first, noise_);
      const float *left = path.value[slot[0]].data(), *right = path.value[slot[1]].data();
      const Bridge& bridge = bridges_[process][level];
      if (uniform_) {
        const float a = bridge.both[0], b = bridge.own[0];
        for (std::size_t i = 0; i < count; ++i) x[i] = a * (left[i] + right[i]) + b * noise_[i];
      } else {
        const float *a = bridge.both.data() + first, *b = bridge.own.data() + first;
        for (std::size_t i = 0; i < count; ++i) x[i] = a[i] * (left[i] + right[i]) + b[i] * noise_[i];
      }
    }
    if (cell == middle) return path.value[own].data();
    const std::size_t moved = cell < middle ? 1 : 0;
    ends[moved] = middle;
    slot[moved] = own;
  }
}

void CoherentNoise::values(std::uint64_t time_key, int member, std::size_t first,
                           std::span<float> out) const {
  const std::size_t count = out.size(), slots = 2 + static_cast<std::size_t>(levels_);
  if (count == 0) return;
  const std::lock_guard only(one_thread_);
  // As CounterRandom::fill_noise: each realization has noise of its own.
  member = static_cast<int>(static_cast<std::uint32_t>(member) ^ static_cast<std::uint32_t>(time_key >> 44) << 17);
  time_key &= (std::uint64_t{1} << 44) - 1;
  auto found = kept_.find({member, first});
  if (found == kept_.end() || found->second.front().value[0].size() != count) {
    const std::size_t floats = kProcesses * slots * count;
    if (floats_ + floats > kMostFloats) {
      kept_.clear();
      floats_ = 0;
    }
    floats_ += floats;
    found = kept_
                .insert_or_assign(
                    {member, first},
                    Paths(kProcesses, {std::vector<long>(slots), std::vector<std::vector<float>>(slots)}))
                .first;
  }
  const long cell = lattice_.index(time_key);
  for (std::size_t process = 0; process < kProcesses; ++process) {
    for (const long next : {0, 1}) {
      if (next == 1 && !averages_) break;
      const float* x = node(found->second[process], process, cell + next, member, first, count);
      const float* share = share_[process][next].data() + (uniform_ ? 0 : first);
      const bool begins = process == 0 && next == 0;
      for (std::size_t i = 0; i < count; ++i) out[i] = (begins ? 0 : out[i]) + share[uniform_ ? 0 : i] * x[i];
    }
  }
}

}  // namespace podscale
