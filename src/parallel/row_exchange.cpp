#include "podscale/parallel/row_exchange.hpp"

#include <algorithm>

#include "podscale/core/pulse.hpp"

namespace podscale {
namespace {

/// Counts and starts of the rows that go to or come from each rank.
struct Messages {
  std::vector<int> counts, starts;
  std::size_t rows = 0;
  template <class Lists>
  explicit Messages(const Lists& lists) {
    for (const auto& list : lists) {
      starts.push_back(static_cast<int>(rows));
      counts.push_back(static_cast<int>(list.size()));
      rows += list.size();
      mpi_count(static_cast<long>(rows), "rows of tokens in one exchange");
    }
  }
};

}  // namespace

RowExchange::RowExchange(const Communicator& comm, long width)
    : comm_(&comm),
      width_(width),
      out_(static_cast<std::size_t>(comm.size())),
      in_(static_cast<std::size_t>(comm.size())) {}

void RowExchange::run() {
  const std::size_t width = static_cast<std::size_t>(width_);
  std::vector<float> packed, found;
  std::vector<Messages> sides;  // out, in
  comm_->agree([&] {
    sides.emplace_back(out_);
    sides.emplace_back(in_);
    packed.reserve(sides[0].rows * width);
    found.resize(sides[1].rows * width);
  });
  for (const auto& list : out_)
    for (const float* row : list) packed.insert(packed.end(), row, row + width);
  const pulse::Meeting meeting;
  MPI_Datatype type = MPI_DATATYPE_NULL;
  MPI_Type_contiguous(static_cast<int>(width_), MPI_FLOAT, &type);
  MPI_Type_commit(&type);
  MPI_Alltoallv(packed.data(), sides[0].counts.data(), sides[0].starts.data(), type, found.data(),
                sides[1].counts.data(), sides[1].starts.data(), type, comm_->raw());
  MPI_Type_free(&type);
  const float* from = found.data();
  for (const auto& list : in_)
    for (float* row : list) {
      std::copy_n(from, width, row);
      from += width;
    }
}

}  // namespace podscale
