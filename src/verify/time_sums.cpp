#include "podscale/verify/time_sums.hpp"

#include "podscale/core/error.hpp"

namespace podscale {

TimeSums::TimeSums(long times, std::size_t width) : times_(times), width_(width), sums_(times * width, 0.0) {}

std::span<double> TimeSums::at(long time) {
  PODSCALE_ASSERT(time >= 0 && time < times_, "time {} of {}", time, times_);
  return std::span(sums_).subspan(time * width_, width_);
}

std::span<const double> TimeSums::at(long time) const {
  PODSCALE_ASSERT(time >= 0 && time < times_, "time {} of {}", time, times_);
  return std::span(sums_).subspan(time * width_, width_);
}

void TimeSums::reduce(const Communicator& comm) {
  for (double& value : sums_) value += 0.0;  // -0 and +0 would differ in bits between rank counts
  comm.sum(std::span<double>(sums_));
}

std::vector<double> TimeSums::total() const {
  std::vector<double> total(width_, 0.0);
  for (std::size_t i = 0; i < sums_.size(); ++i) total[i % width_] += sums_[i];
  return total;
}

}  // namespace podscale
