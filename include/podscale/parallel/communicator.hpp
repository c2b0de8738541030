#pragma once
// A communicator that knows whether it owns its MPI handle, and the one way in which ranks agree
// on an error.

#include <mpi.h>

#include <algorithm>
#include <functional>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

namespace podscale {

template <class T>
MPI_Datatype mpi_type();
template <>
inline MPI_Datatype mpi_type<char>() {
  return MPI_CHAR;
}
template <>
inline MPI_Datatype mpi_type<unsigned char>() {
  return MPI_UNSIGNED_CHAR;
}
template <>
inline MPI_Datatype mpi_type<int>() {
  return MPI_INT;
}
template <>
inline MPI_Datatype mpi_type<long>() {
  return MPI_LONG;
}
template <>
inline MPI_Datatype mpi_type<unsigned long>() {
  return MPI_UNSIGNED_LONG;
}
template <>
inline MPI_Datatype mpi_type<float>() {
  return MPI_FLOAT;
}
template <>
inline MPI_Datatype mpi_type<double>() {
  return MPI_DOUBLE;
}

/// Not collective. `count` as the int that MPI and PETSc count in. Error(usage) that names `what`
/// where it does not fit: the work of one rank is too large.
int mpi_count(long count, const char* what);

/// Not collective. work(first, n) for consecutive pieces of `count` elements that one MPI call can
/// take.
template <class Work>
void for_pieces(std::size_t count, const Work& work, std::size_t largest = 1u << 30) {
  for (std::size_t first = 0; first < count; first += largest)
    work(first, static_cast<int>(std::min(largest, count - first)));
}

class Communicator {
 public:
  /// Collective on comm. A private duplicate: our messages never meet the caller's.
  static Communicator duplicate(MPI_Comm comm);
  /// Not collective. This process alone.
  static Communicator self();
  /// Collective. The ranks with the same color, in the order of their numbers here.
  Communicator split(int color) const;
  Communicator(Communicator&& other) noexcept;
  Communicator& operator=(Communicator&& other) noexcept;
  ~Communicator();

  MPI_Comm raw() const { return comm_; }
  int rank() const { return rank_; }
  int size() const { return size_; }
  bool is_root() const { return rank_ == 0; }

  void barrier() const;
  /// Collective. Element-wise over ranks; every rank gets the result.
  template <class T, std::size_t N>
  void sum(std::span<T, N> values) const {
    reduce(values.data(), values.size(), mpi_type<T>(), MPI_SUM);
  }
  template <class T>
  T sum(T value) const {
    reduce(&value, 1, mpi_type<T>(), MPI_SUM);
    return value;
  }
  /// A NaN on any rank is the result on every rank: a bound or an extreme must not lose it.
  template <class T, std::size_t N>
  void max(std::span<T, N> values) const {
    reduce(values.data(), values.size(), mpi_type<T>(), max_op<T>());
  }
  template <class T>
  T max(T value) const {
    max(std::span(&value, 1));
    return value;
  }
  template <class T>
  T min(T value) const {
    static_assert(std::is_signed_v<T>);
    return -max(-value);
  }
  /// Collective. Rank `root`'s values to all (sizes must agree) / rank `root`'s text to all.
  template <class T, std::size_t N>
  void broadcast(std::span<T, N> values, int root = 0) const {
    broadcast(values.data(), values.size(), mpi_type<T>(), root);
  }
  std::string broadcast(const std::string& text, int root = 0) const;

  /// Collective. Runs `work` on every rank; if it throws on any, all ranks throw the error of the
  /// lowest such rank, so that no rank is left waiting in the next collective call. On
  /// Communicator::self() the error is this rank's own and stays not agreed, so that an outer
  /// agreement can still spread it. `work` itself must not be collective, unless all its
  /// collective calls are reached before anything in it can throw on some ranks only.
  void agree(const std::function<void()>& work) const;

 private:
  Communicator(MPI_Comm comm, bool owned);
  static MPI_Op max_or_nan(float);
  static MPI_Op max_or_nan(double);
  template <class T>
  static MPI_Op max_op() {
    if constexpr (std::is_floating_point_v<T>) return max_or_nan(T{});
    return MPI_MAX;
  }
  void reduce(void* data, std::size_t count, MPI_Datatype type, MPI_Op op) const;
  void broadcast(void* data, std::size_t count, MPI_Datatype type, int root) const;
  MPI_Comm comm_ = MPI_COMM_NULL;
  bool owned_ = false;
  int rank_ = 0, size_ = 1;
};

/// The share of `total` things that part `index` of `parts` gets: contiguous, sizes differ by at
/// most one, earlier parts get the larger ones.
struct Share {
  long begin = 0, end = 0;
  long size() const { return end - begin; }
};
Share share_of(long total, int parts, int index);

}  // namespace podscale
