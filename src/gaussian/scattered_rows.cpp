#include "scattered_rows.hpp"

#include <algorithm>

#include "podscale/core/error.hpp"
#include "podscale/core/pulse.hpp"

namespace podscale {

ScatteredRows::ScatteredRows(const Communicator& comm, const Patches& patches, int modes)
    : comm_(&comm),
      modes_(static_cast<std::size_t>(modes)),
      size_(patches.patch_of_token.size() * modes_),
      mine_(patches.mine.size() * modes_) {
  mpi_count(static_cast<long>(size_), "coefficients of a region");
  std::vector<long> own;
  for (const PatchModes& patch : patches.mine) own.push_back(patch.token);
  const int ranks = comm.is_root() ? comm.size() : 0, count = static_cast<int>(own.size());
  std::vector<int> patches_of(static_cast<std::size_t>(ranks)), first(patches_of.size());
  const pulse::Meeting meeting;
  MPI_Gather(&count, 1, MPI_INT, patches_of.data(), 1, MPI_INT, 0, comm.raw());
  tokens_.resize(comm.is_root() ? patches.patch_of_token.size() : 0);
  for (std::size_t r = 1; r < first.size(); ++r) first[r] = first[r - 1] + patches_of[r - 1];
  MPI_Gatherv(own.data(), count, MPI_LONG, tokens_.data(), patches_of.data(), first.data(), MPI_LONG, 0,
              comm.raw());
  for (std::size_t r = 0; r < first.size(); ++r) {
    counts_.push_back(patches_of[r] * modes);
    starts_.push_back(first[r] * modes);
  }
}

void ScatteredRows::scatter(std::span<const double> whole, std::span<double> own) const {
  PODSCALE_ASSERT(own.size() == mine_ && (!comm_->is_root() || whole.size() == size_), "{} of {}, {} of {}",
                  own.size(), mine_, whole.size(), size_);
  std::vector<double> packed(tokens_.size() * modes_);
  for (std::size_t i = 0; i < tokens_.size(); ++i)
    std::copy_n(whole.begin() + tokens_[i] * static_cast<long>(modes_), modes_,
                packed.begin() + static_cast<long>(i * modes_));
  const pulse::Meeting meeting;
  MPI_Scatterv(packed.data(), counts_.data(), starts_.data(), MPI_DOUBLE, own.data(), static_cast<int>(mine_),
               MPI_DOUBLE, 0, comm_->raw());
}

void ScatteredRows::gather(std::span<const double> own, std::span<double> whole) const {
  PODSCALE_ASSERT(own.size() == mine_ && (!comm_->is_root() || whole.size() == size_), "{} of {}, {} of {}",
                  own.size(), mine_, whole.size(), size_);
  std::vector<double> packed(tokens_.size() * modes_);
  const pulse::Meeting meeting;
  MPI_Gatherv(own.data(), static_cast<int>(mine_), MPI_DOUBLE, packed.data(), counts_.data(), starts_.data(),
              MPI_DOUBLE, 0, comm_->raw());
  for (std::size_t i = 0; i < tokens_.size(); ++i)
    std::copy_n(packed.begin() + static_cast<long>(i * modes_), modes_,
                whole.begin() + tokens_[i] * static_cast<long>(modes_));
}

}  // namespace podscale
