#include "podscale/verify/time_sums.hpp"

#include <algorithm>

#include "podscale/core/error.hpp"

namespace podscale {

void add_strips(const Communicator& comm, long strips, Share mine, std::vector<double>& sums) {
  for (double& value : sums) value += 0.0;  // -0 and +0 would differ in bits between rank counts
  if (strips == 1) return comm.sum(std::span<double>(sums));
  const std::size_t width = sums.size() / static_cast<std::size_t>(mine.size());
  std::vector<double> total(width, 0.0), strip(width);
  for (long s = 0; s < strips; ++s) {
    if (s >= mine.begin && s < mine.end)
      std::copy_n(sums.begin() + (s - mine.begin) * static_cast<long>(width), width, strip.begin());
    else
      std::fill(strip.begin(), strip.end(), 0.0);
    comm.sum(std::span<double>(strip));
    for (std::size_t i = 0; i < width; ++i) total[i] += strip[i];
  }
  sums = std::move(total);
}

TimeSums::TimeSums(long times, std::size_t width) : times_(times), width_(width), sums_(times * width, 0.0) {}

void TimeSums::split(long strips, Share mine) {
  PODSCALE_ASSERT(mine.size() > 0 && mine.end <= strips, "strips {} to {} of {}", mine.begin, mine.end, strips);
  strips_ = strips;
  mine_ = mine;
  sums_.assign(static_cast<std::size_t>(mine.size() * times_) * width_, 0.0);
}

std::span<double> TimeSums::at(long time, long strip) {
  PODSCALE_ASSERT(time >= 0 && time < times_ && strip >= 0 && strip < mine_.size(), "time {} of {}, strip {} of {}",
                  time, times_, strip, mine_.size());
  return std::span(sums_).subspan(static_cast<std::size_t>(strip * times_ + time) * width_, width_);
}

std::span<const double> TimeSums::at(long time) const {
  PODSCALE_ASSERT(time >= 0 && time < times_, "time {} of {}", time, times_);
  return std::span(sums_).subspan(static_cast<std::size_t>(time) * width_, width_);
}

void TimeSums::reduce(const Communicator& comm) {
  add_strips(comm, strips_, mine_, sums_);
  strips_ = 1;
  mine_ = {0, 1};
}

std::vector<double> TimeSums::total() const {
  std::vector<double> total(width_, 0.0);
  for (std::size_t i = 0; i < sums_.size(); ++i) total[i % width_] += sums_[i];
  return total;
}

}  // namespace podscale
