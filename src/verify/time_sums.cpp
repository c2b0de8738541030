#include "podscale/verify/time_sums.hpp"

#include <algorithm>

#include "podscale/core/error.hpp"
#include "podscale/parallel/gather_shares.hpp"

namespace podscale {

TimeSums::TimeSums(long times, std::size_t width) : times_(times), width_(width), sums_(times * width, 0.0) {}

void TimeSums::split(long strips, const Communicator* ranks) {
  strips_ = strips;
  ranks_ = ranks;
  const Share mine = ranks ? share_of(strips, ranks->size(), ranks->rank()) : Share{0, strips};
  of_strips_.assign(strips > 1 ? static_cast<std::size_t>(mine.size()) * width_ : 0, 0.0);
}

std::span<double> TimeSums::at(long time, long strip) {
  PODSCALE_ASSERT(time >= 0 && time < times_, "time {} of {}", time, times_);
  if (strips_ == 1) return std::span(sums_).subspan(static_cast<std::size_t>(time) * width_, width_);
  return std::span(of_strips_).subspan(static_cast<std::size_t>(strip) * width_, width_);
}

void TimeSums::close(long time) {
  if (strips_ == 1) return;
  std::vector<double> gathered;
  const double* from = of_strips_.data();
  if (ranks_ && ranks_->size() > 1) {
    std::vector<Share> shares;
    for (int rank = 0; rank < ranks_->size(); ++rank)
      shares.push_back(share_of(strips_, ranks_->size(), rank));
    gathered = gather_shares(*ranks_, shares, width_, std::span<const double>(of_strips_));
    from = gathered.data();
  }
  if (!ranks_ || ranks_->is_root()) {
    double* to = sums_.data() + static_cast<std::size_t>(time) * width_;
    for (long s = 0; s < strips_; ++s)
      for (std::size_t i = 0; i < width_; ++i) to[i] += *from++;
  }
  std::fill(of_strips_.begin(), of_strips_.end(), 0.0);
}

std::span<const double> TimeSums::at(long time) const {
  PODSCALE_ASSERT(time >= 0 && time < times_, "time {} of {}", time, times_);
  return std::span(sums_).subspan(static_cast<std::size_t>(time) * width_, width_);
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
