#pragma once
// Values in several dimensions without hand-flattened indices: a small mdspan, row-major, last
// index fastest.

#include <array>
#include <cassert>
#include <concepts>
#include <cstddef>
#include <span>

#include "podscale/core/error.hpp"

namespace podscale {

using idx_t = std::ptrdiff_t;  ///< every count and index of points, samples, patches and modes

/// A view of N dimensions of values that somebody else owns. Not collective. Indices are checked
/// by assert(): in builds without NDEBUG only.
template <class T, int N>
class View {
  static_assert(N >= 1);

 public:
  View() = default;
  /// values: [extents...], Error(bug) where the numbers differ.
  template <std::integral... Extents>
  requires(sizeof...(Extents) == N) explicit View(std::span<T> values, Extents... extents)
      : data_(values.data()), extents_{static_cast<idx_t>(extents)...} {
    PODSCALE_ASSERT(size() == std::ssize(values), "{} values for a view of {}", values.size(), size());
  }
  View(T* data, const std::array<idx_t, N>& extents) : data_(data), extents_(extents) {}

  idx_t extent(int dimension) const { return extents_[dimension]; }
  idx_t size() const {
    idx_t n = 1;
    for (const idx_t extent : extents_) n *= extent;
    return n;
  }
  T* data() const { return data_; }
  std::span<T> span() const { return {data_, static_cast<std::size_t>(size())}; }

  template <std::integral... Indices>
  requires(sizeof...(Indices) == N) T& operator()(Indices... indices) const {
    const std::array<idx_t, N> index{static_cast<idx_t>(indices)...};
    idx_t at = 0;
    for (std::size_t d = 0; d < N; ++d) {
      assert(index[d] >= 0 && index[d] < extents_[d]);
      at = at * extents_[d] + index[d];
    }
    return data_[at];
  }
  /// What lies behind one leading index: a view of N - 1 dimensions, or the value itself.
  decltype(auto) operator[](std::integral auto leading) const {
    const idx_t index = static_cast<idx_t>(leading);
    assert(index >= 0 && index < extents_[0]);
    if constexpr (N == 1) {
      return (data_[index]);
    } else {
      std::array<idx_t, N - 1> rest;
      for (std::size_t d = 1; d < N; ++d) rest[d - 1] = extents_[d];
      View<T, N - 1> sub(data_, rest);
      return View<T, N - 1>(data_ + index * sub.size(), rest);
    }
  }
  operator View<const T, N>() const requires(!std::is_const_v<T>) { return {data_, extents_}; }

 private:
  T* data_ = nullptr;
  std::array<idx_t, N> extents_{};
};

}  // namespace podscale
