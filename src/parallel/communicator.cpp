#include "podscale/parallel/communicator.hpp"

#include <algorithm>
#include <cmath>
#include <exception>
#include <limits>
#include <utility>

#include "podscale/core/error.hpp"
#include "podscale/core/pulse.hpp"

namespace podscale {
namespace {

/// MPI_MAX leaves open what becomes of a NaN, and ranks may then differ.
template <class T>
void larger_or_nan(void* in, void* in_out, int* count, MPI_Datatype*) {
  const T* other = static_cast<const T*>(in);
  T* value = static_cast<T*>(in_out);
  for (int i = 0; i < *count; ++i)
    if (std::isnan(other[i]) || other[i] > value[i]) value[i] = other[i];
}

MPI_Op commutative(MPI_User_function* function) {
  MPI_Op op = MPI_OP_NULL;
  MPI_Op_create(function, 1, &op);
  return op;
}

}  // namespace

MPI_Op Communicator::max_or_nan(float) {
  static const MPI_Op op = commutative(larger_or_nan<float>);
  return op;
}
MPI_Op Communicator::max_or_nan(double) {
  static const MPI_Op op = commutative(larger_or_nan<double>);
  return op;
}

int mpi_count(long count, const char* what) {
  if (count > std::numeric_limits<int>::max())
    fail(ExitCode::usage,
         "{}: {} on one rank, but MPI counts to {}; expected a smaller share: use more ranks or a smaller "
         "time_block",
         what, count, std::numeric_limits<int>::max());
  return static_cast<int>(count);
}

Communicator::Communicator(MPI_Comm comm, bool owned) : comm_(comm), owned_(owned) {
  MPI_Comm_rank(comm_, &rank_);
  MPI_Comm_size(comm_, &size_);
}

Communicator Communicator::duplicate(MPI_Comm comm) {
  MPI_Comm copy = MPI_COMM_NULL;
  MPI_Comm_dup(comm, &copy);
  return {copy, true};
}

Communicator Communicator::self() {
  return {MPI_COMM_SELF, false};
}

Communicator Communicator::split(int color) const {
  MPI_Comm part = MPI_COMM_NULL;
  MPI_Comm_split(comm_, color, rank_, &part);
  return {part, true};
}

Communicator::Communicator(Communicator&& other) noexcept
    : comm_(std::exchange(other.comm_, MPI_COMM_NULL)),
      owned_(std::exchange(other.owned_, false)),
      rank_(other.rank_),
      size_(other.size_) {}

Communicator& Communicator::operator=(Communicator&& other) noexcept {
  std::swap(comm_, other.comm_);
  std::swap(owned_, other.owned_);
  std::swap(rank_, other.rank_);
  std::swap(size_, other.size_);
  return *this;
}

Communicator::~Communicator() {
  // MPI_Comm_free is collective: while unwinding, the other ranks may be elsewhere.
  int finalized = 0;
  MPI_Finalized(&finalized);
  if (owned_ && !finalized && std::uncaught_exceptions() == 0) MPI_Comm_free(&comm_);
}

void Communicator::barrier() const {
  const pulse::Meeting meeting;
  MPI_Barrier(comm_);
}

void Communicator::reduce(void* data, std::size_t count, MPI_Datatype type, MPI_Op op) const {
  const pulse::Meeting meeting;
  int bytes = 0;
  MPI_Type_size(type, &bytes);
  for_pieces(count, [&](std::size_t first, int n) {
    MPI_Allreduce(MPI_IN_PLACE, static_cast<char*>(data) + first * bytes, n, type, op, comm_);
  });
}

void Communicator::broadcast(void* data, std::size_t count, MPI_Datatype type, int root) const {
  const pulse::Meeting meeting;
  int bytes = 0;
  MPI_Type_size(type, &bytes);
  for_pieces(count, [&](std::size_t first, int n) {
    MPI_Bcast(static_cast<char*>(data) + first * bytes, n, type, root, comm_);
  });
}

std::string Communicator::broadcast(const std::string& text, int root) const {
  long length = std::ssize(text);
  broadcast(std::span(&length, 1), root);
  std::string copy = text;
  copy.resize(length);
  broadcast(std::span(copy.data(), copy.size()), root);
  return copy;
}

void Communicator::agree(const std::function<void()>& work) const {
  int code = 0;
  std::string message;
  try {
    work();
  } catch (...) {
    if (!owned_) throw;  // of this rank alone, which an outer agreement knows by its number
    const Error error = current_error(rank_);
    if (error.agreed()) throw;  // an inner agreement: all ranks are here already
    code = static_cast<int>(error.code());
    message = error.what();
  }
  const int first = min(code != 0 ? rank_ : size_);
  if (first == size_) return;
  broadcast(std::span(&code, 1), first);
  throw Error(static_cast<ExitCode>(code), broadcast(message, first), true);
}

Share share_of(long total, int parts, int index) {
  const long base = total / parts, extra = total % parts;
  const long begin = index * base + std::min<long>(index, extra);
  return {begin, begin + base + (index < extra ? 1 : 0)};
}

}  // namespace podscale
