#pragma once
// Noise that persists: N(0, 1) at every time, with the autocorrelation of a TwoScale from one time
// to another (method: section 4.17). A value is a function of (seed, member, cell of the time
// lattice, number of the value) alone, whatever times are asked for, in whatever order.
//
// Both processes of a TwoScale are Markov, so that a value needs no history. Anchors lie so far
// apart that they share less than 1e-6, and are independent. Between two of them the process is
// drawn by halving: in the middle of two known values, each h cells away, phi = exp(-h / time),
//
//   x = phi / (1 + phi^2) (left + right) + sqrt((1 - phi^2) / (1 + phi^2)) e,
//
// e that of the middle cell. Where a TwoScale averages cells, a value is the scaled sum of this
// and the next. One time alone takes about 2 log2(16 slow) normals a value; times in a row two,
// since the path of halvings is kept.

#include <cstdint>
#include <map>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

#include "podscale/core/random.hpp"
#include "podscale/gaussian/start_noise.hpp"
#include "podscale/gaussian/time_covariance.hpp"

namespace podscale {

class CoherentNoise final : public PersistentNoise {
 public:
  /// Not collective. scales: of every value, or one for all.
  CoherentNoise(std::uint64_t seed, Stream stream, const TimeLattice& lattice, std::vector<TwoScale> scales);
  /// Not collective. Values first .. first + out.size() - 1 of a member (from 0) at a time
  /// (SampleAxis::time_key). Keeps paths of earlier calls; one thread at a time.
  void values(std::uint64_t time_key, int member, std::size_t first, std::span<float> out) const override;
  /// Not collective. Of the times to come: in cells of months they are not those of training where
  /// the calendar is another one.
  void set_calendar(Calendar calendar) const { lattice_.calendar = calendar; }

 private:
  static constexpr std::size_t kProcesses = 2;  // fast, slow
  /// Of a process: left and right anchor, then the middles, coarse to fine.
  struct Path {
    std::vector<long> cell;
    std::vector<std::vector<float>> value;
  };
  using Paths = std::vector<Path>;  // [processes]
  struct Bridge {
    std::vector<float> both, own;  // factors of left + right, and of e: [scales]
  };
  const float* node(Path& path, std::size_t process, long cell, int member, std::size_t first,
                    std::size_t count) const;
  void draw(long cell, std::size_t process, int member, std::size_t first, std::vector<float>& out) const;

  CounterRandom random_;
  mutable TimeLattice lattice_;
  int levels_ = 0;                           // anchors are 2^levels cells apart
  std::vector<Bridge> bridges_[kProcesses];  // [levels], coarse to fine
  std::vector<float> share_[kProcesses][2];  // of this and the next cell in the value: [scales]
  bool uniform_, averages_ = false;
  mutable std::map<std::pair<int, std::size_t>, Paths> kept_;
  mutable std::size_t floats_ = 0;  // in kept_
  mutable std::vector<float> noise_;
  mutable std::mutex one_thread_;
};

}  // namespace podscale
