#include "podscale/parallel/transposition.hpp"

#include <algorithm>
#include <numeric>

#include "podscale/core/error.hpp"
#include "podscale/core/pulse.hpp"

namespace podscale {

Transposition::Transposition(const Communicator& comm, std::vector<long> local_tokens, long tokens,
                             long items, long width)
    : comm_(&comm),
      tokens_(tokens),
      item_count_(items),
      width_(width),
      items_(share_of(items, comm.size(), comm.rank())) {
  std::vector<int> counts(comm.size()), starts(counts.size());
  same_on_all_ranks(
      [&] { return std::pair(mpi_count(width, "values of a token"), mpi_count(tokens, "tokens")); });
  const int mine = static_cast<int>(local_tokens.size());
  const pulse::Meeting meeting;
  MPI_Allgather(&mine, 1, MPI_INT, counts.data(), 1, MPI_INT, comm.raw());
  std::exclusive_scan(counts.begin(), counts.end(), starts.begin(), 0);
  std::vector<long> all(starts.back() + counts.back());
  MPI_Allgatherv(local_tokens.data(), mine, MPI_LONG, all.data(), counts.data(), starts.data(), MPI_LONG,
                 comm.raw());
  PODSCALE_ASSERT(std::ssize(all) == tokens, "{} tokens owned of {}", all.size(), tokens);
  tokens_of_.resize(counts.size());
  for (std::size_t r = 0; r < counts.size(); ++r)
    tokens_of_[r].assign(all.begin() + starts[r], all.begin() + starts[r] + counts[r]);
  comm.agree([&] {
    for (std::size_t r = 0; r < counts.size(); ++r) {
      space_.add(share_of(items, comm.size(), static_cast<int>(r)).size() * mine);
      item_.add(items_.size() * counts[r]);
    }
  });
}

void Transposition::Messages::add(long count) {
  const long start = starts.empty() ? 0 : static_cast<long>(starts.back()) + counts.back();
  mpi_count(start + count, "tokens times work items in one transposition");
  starts.push_back(static_cast<int>(start));
  counts.push_back(static_cast<int>(count));
}

namespace {

// MPI counts and displacements are int: they count tokens (a contiguous type of `width` floats),
// not floats.
struct TokenType {
  MPI_Datatype type = MPI_DATATYPE_NULL;
  explicit TokenType(long width) {
    MPI_Type_contiguous(static_cast<int>(width), MPI_FLOAT, &type);
    MPI_Type_commit(&type);
  }
  ~TokenType() { MPI_Type_free(&type); }
};

}  // namespace

void Transposition::to_items(std::span<const float> by_space, std::span<float> by_item) const {
  const int ranks = comm_->size();
  const long n_local = static_cast<long>(tokens_of_[comm_->rank()].size());
  PODSCALE_ASSERT(std::ssize(by_space) == item_count_ * n_local * width_ &&
                      std::ssize(by_item) == items_.size() * tokens_ * width_,
                  "sizes {} and {}", by_space.size(), by_item.size());
  // by_space is already ordered by item, hence by receiving rank: no packing on this side.
  std::vector<float> buffer(by_item.size());
  const TokenType token(width_);
  {
    const pulse::Meeting meeting;
    MPI_Alltoallv(by_space.data(), space_.counts.data(), space_.starts.data(), token.type, buffer.data(),
                  item_.counts.data(), item_.starts.data(), token.type, comm_->raw());
  }
  const float* from = buffer.data();
  for (int r = 0; r < ranks; ++r)
    for (long item = 0; item < items_.size(); ++item)
      for (const long t : tokens_of_[r]) {
        std::copy_n(from, width_, by_item.data() + (item * tokens_ + t) * width_);
        from += width_;
      }
}

void Transposition::to_space(std::span<const float> by_item, std::span<float> by_space) const {
  const int ranks = comm_->size();
  const long n_local = static_cast<long>(tokens_of_[comm_->rank()].size());
  PODSCALE_ASSERT(std::ssize(by_space) == item_count_ * n_local * width_ &&
                      std::ssize(by_item) == items_.size() * tokens_ * width_,
                  "sizes {} and {}", by_space.size(), by_item.size());
  std::vector<float> buffer(by_item.size());
  float* to = buffer.data();
  for (int r = 0; r < ranks; ++r)
    for (long item = 0; item < items_.size(); ++item)
      for (const long t : tokens_of_[r]) {
        std::copy_n(by_item.data() + (item * tokens_ + t) * width_, width_, to);
        to += width_;
      }
  const TokenType token(width_);
  const pulse::Meeting meeting;
  MPI_Alltoallv(buffer.data(), item_.counts.data(), item_.starts.data(), token.type, by_space.data(),
                space_.counts.data(), space_.starts.data(), token.type, comm_->raw());
}

long Transposition::bytes_sent() const {
  const long n_local = static_cast<long>(tokens_of_[comm_->rank()].size());
  return (item_count_ - items_.size()) * n_local * width_ * static_cast<long>(sizeof(float));
}

}  // namespace podscale
