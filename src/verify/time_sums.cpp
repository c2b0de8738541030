#include "podscale/verify/time_sums.hpp"

#include <algorithm>

#include "podscale/core/error.hpp"
#include "podscale/core/pulse.hpp"

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
  if (strips_ == 1 || width_ == 0) return;
  std::vector<double> gathered;
  const double* from = of_strips_.data();
  if (ranks_ && ranks_->size() > 1) {
    std::vector<int> counts, starts;  // in strips
    for (int rank = 0; rank < ranks_->size(); ++rank) {
      const Share share = share_of(strips_, ranks_->size(), rank);
      starts.push_back(static_cast<int>(share.begin));
      counts.push_back(static_cast<int>(share.size()));
    }
    gathered.resize(ranks_->is_root() ? static_cast<std::size_t>(strips_) * width_ : 0);
    const pulse::Meeting meeting;
    MPI_Datatype strip = MPI_DATATYPE_NULL;
    MPI_Type_contiguous(mpi_count(static_cast<long>(width_), "sums of a strip"), MPI_DOUBLE, &strip);
    MPI_Type_commit(&strip);
    MPI_Gatherv(of_strips_.data(), counts[static_cast<std::size_t>(ranks_->rank())], strip, gathered.data(),
                counts.data(), starts.data(), strip, 0, ranks_->raw());
    MPI_Type_free(&strip);
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
