#include "podscale/verify/held_rows.hpp"

#include <algorithm>

#include "podscale/core/error.hpp"
#include "podscale/core/pulse.hpp"
#include "podscale/parallel/row_exchange.hpp"

namespace podscale {

HeldRows::HeldRows(const Communicator& comm, const ScoredRows& rows) : comm_(&comm), rows_(rows) {
  first_row_.assign(static_cast<std::size_t>(comm.size()) + 1, 0);
  first_row_[static_cast<std::size_t>(comm.rank())] = rows.own().begin;
  first_row_.back() = comm.is_root() ? rows.ny : 0;
  comm.sum(std::span<long>(first_row_));
  const auto held_end = [&](int rank) {
    return std::min(rows.ny, first_row_[static_cast<std::size_t>(rank) + 1] + rows.reach);
  };
  const Share own = rows.own();
  for (int rank = 0; rank < comm.size(); ++rank) {
    const long begin = first_row_[static_cast<std::size_t>(rank)],
               end = first_row_[static_cast<std::size_t>(rank) + 1];
    if (rank < comm.rank())
      for (long row = own.begin; row < std::min(own.end, held_end(rank)); ++row)
        sent_.push_back({rank, row - own.begin});
    if (rank > comm.rank())
      for (long row = begin; row < std::min(end, rows.held().end); ++row)
        received_.push_back({rank, row - own.begin});
  }
}

void HeldRows::extend(const std::vector<std::vector<float>*>& fields) const {
  if (comm_->size() == 1) return;
  const std::size_t nx = static_cast<std::size_t>(rows_.nx),
                    own = static_cast<std::size_t>(rows_.own().size()) * nx,
                    held = static_cast<std::size_t>(rows_.held().size()) * nx;
  RowExchange exchange(*comm_, rows_.nx);
  for (std::vector<float>* field : fields) {
    PODSCALE_ASSERT(field->size() % own == 0, "{} values, {} points", field->size(), own);
    const std::size_t count = field->size() / own;
    std::vector<float> wide(count * held);
    for (std::size_t k = 0; k < count; ++k)
      std::copy_n(field->begin() + k * own, own, wide.begin() + k * held);
    *field = std::move(wide);
    for (std::size_t k = 0; k < count; ++k) {
      float* first = field->data() + k * held;
      for (const Row& row : sent_) exchange.send(row.rank, first + static_cast<std::size_t>(row.row) * nx);
      for (const Row& row : received_)
        exchange.receive(row.rank, first + static_cast<std::size_t>(row.row) * nx);
    }
  }
  exchange.run();
}

template <class T>
std::vector<T> HeldRows::gather(std::span<const T> own) const {
  PODSCALE_ASSERT(std::ssize(own) == rows_.own().size() * rows_.nx, "{} values, {} rows of {}", own.size(),
                  rows_.own().size(), rows_.nx);
  if (comm_->size() == 1) return {own.begin(), own.end()};
  std::vector<T> all(comm_->is_root() ? static_cast<std::size_t>(rows_.ny * rows_.nx) : 0);
  std::vector<int> counts, starts;  // in rows
  for (std::size_t r = 0; r + 1 < first_row_.size(); ++r) {
    starts.push_back(static_cast<int>(first_row_[r]));
    counts.push_back(static_cast<int>(first_row_[r + 1] - first_row_[r]));
  }
  const pulse::Meeting meeting;
  MPI_Datatype row = MPI_DATATYPE_NULL;
  MPI_Type_contiguous(static_cast<int>(rows_.nx), mpi_type<T>(), &row);
  MPI_Type_commit(&row);
  MPI_Gatherv(own.data(), static_cast<int>(rows_.own().size()), row, all.data(), counts.data(), starts.data(),
              row, 0, comm_->raw());
  MPI_Type_free(&row);
  return all;
}

template std::vector<float> HeldRows::gather(std::span<const float>) const;
template std::vector<double> HeldRows::gather(std::span<const double>) const;
template std::vector<unsigned char> HeldRows::gather(std::span<const unsigned char>) const;

}  // namespace podscale
