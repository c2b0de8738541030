#include "podscale/verify/held_rows.hpp"

#include <algorithm>

#include "podscale/core/error.hpp"
#include "podscale/parallel/gather_shares.hpp"
#include "podscale/parallel/row_exchange.hpp"

namespace podscale {

HeldRows::HeldRows(const Communicator& comm, const ScoredRows& rows) : comm_(&comm), rows_(rows) {
  for (int rank = 0; rank < comm.size(); ++rank) {
    const Share strips = share_of(std::ssize(rows.strips), comm.size(), rank);
    shares_.push_back({rows.strips[static_cast<std::size_t>(strips.begin)].begin,
                       rows.strips[static_cast<std::size_t>(strips.end - 1)].end});
  }
  const Share own = rows.own();
  for (int rank = 0; rank < comm.size(); ++rank) {
    const Share& other = shares_[static_cast<std::size_t>(rank)];
    if (rank < comm.rank())
      for (long row = own.begin; row < std::min(own.end, other.end + rows.reach); ++row)
        sent_.push_back({rank, row - own.begin});
    if (rank > comm.rank())
      for (long row = other.begin; row < std::min(other.end, rows.held().end); ++row)
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
    field->resize(count * held);
    for (std::size_t k = count; k-- > 1;)  // the last first: each moves up
      std::copy_backward(field->begin() + k * own, field->begin() + (k + 1) * own,
                         field->begin() + k * held + own);
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
  return gather_shares(*comm_, shares_, static_cast<std::size_t>(rows_.nx), own);
}

template std::vector<float> HeldRows::gather(std::span<const float>) const;
template std::vector<double> HeldRows::gather(std::span<const double>) const;
template std::vector<unsigned char> HeldRows::gather(std::span<const unsigned char>) const;

}  // namespace podscale
