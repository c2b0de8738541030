#pragma once
// Samples and gradients that meet over a communicator. Private to this folder.

#include "podscale/core/pulse.hpp"
#include "podscale/network/gradient_average.hpp"
#include "podscale/parallel/communicator.hpp"

namespace podscale {

class OverCommunicator : public GradientAverage {
 public:
  /// comm must outlive it.
  explicit OverCommunicator(const Communicator& comm) : comm_(&comm) {}
  int rank() const override { return comm_->rank(); }
  int size() const override { return comm_->size(); }
  void sum(std::span<float> values) const override { comm_->sum(values); }
  void sum(std::span<double> values) const override { comm_->sum(values); }
  double max(double value) const override { return comm_->max(value); }
  void exchange(std::span<const float> out, std::span<const long> out_counts, std::span<float> in,
                std::span<const long> in_counts) const override {
    std::vector<int> counts[2], starts[2];
    comm_->agree([&] {
      for (const int side : {0, 1}) {
        long start = 0;
        for (const long count : side == 0 ? out_counts : in_counts) {
          starts[side].push_back(mpi_count(start, "values of training samples"));
          counts[side].push_back(mpi_count(count, "values of training samples"));
          start += count;
        }
      }
    });
    const pulse::Meeting meeting;
    MPI_Alltoallv(out.data(), counts[0].data(), starts[0].data(), MPI_FLOAT, in.data(), counts[1].data(),
                  starts[1].data(), MPI_FLOAT, comm_->raw());
  }

 private:
  const Communicator* comm_;
};

}  // namespace podscale
