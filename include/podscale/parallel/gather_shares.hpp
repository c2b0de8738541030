#pragma once
// What ranks have of consecutive things, each of the same width, together on one of them.

#include <span>
#include <vector>

#include "podscale/core/error.hpp"
#include "podscale/core/pulse.hpp"
#include "podscale/parallel/communicator.hpp"

namespace podscale {

/// Collective. shares: of the things that each rank has, the same on all ranks; own: [things of
/// this rank][width] -> [things][width] on rank 0, nothing on the others. Error(usage) where MPI
/// cannot count the things.
template <class T>
std::vector<T> gather_shares(const Communicator& comm, std::span<const Share> shares, std::size_t width,
                             std::span<const T> own) {
  const Share& mine = shares[static_cast<std::size_t>(comm.rank())];
  PODSCALE_ASSERT(
      std::ssize(shares) == comm.size() && own.size() == static_cast<std::size_t>(mine.size()) * width,
      "{} shares of {} ranks, {} values of {} x {}", shares.size(), comm.size(), own.size(), mine.size(),
      width);
  if (comm.size() == 1 || width == 0) return {own.begin(), own.end()};
  std::vector<int> counts, starts;
  for (const Share& share : shares) {
    counts.push_back(mpi_count(share.size(), "things of a rank"));
    starts.push_back(mpi_count(share.begin, "things of all ranks"));
  }
  std::vector<T> all(comm.is_root() ? static_cast<std::size_t>(shares.back().end) * width : 0);
  const pulse::Meeting meeting;
  MPI_Datatype thing = MPI_DATATYPE_NULL;
  MPI_Type_contiguous(mpi_count(static_cast<long>(width), "values of a thing"), mpi_type<T>(), &thing);
  MPI_Type_commit(&thing);
  MPI_Gatherv(own.data(), static_cast<int>(mine.size()), thing, all.data(), counts.data(), starts.data(),
              thing, 0, comm.raw());
  MPI_Type_free(&thing);
  return all;
}

}  // namespace podscale
