#pragma once
// The eight ways to lay a square on itself: turns by quarters, and the same mirrored.

#include <vector>

#include "podscale/core/view.hpp"

namespace podscale {

constexpr int square_turns = 8;

/// Not collective. index[i]: the point of a square of n x n points, row by row, that comes to i by
/// the given turn (0: none). Bits of turn: rows upside down, columns upside down, rows become
/// columns.
inline std::vector<idx_t> turned_square(int n, int turn) {
  std::vector<idx_t> index;
  for (idx_t r = 0; r < n; ++r)
    for (idx_t c = 0; c < n; ++c) {
      idx_t row = turn & 1 ? n - 1 - r : r, column = turn & 2 ? n - 1 - c : c;
      index.push_back(turn & 4 ? column * n + row : row * n + column);
    }
  return index;
}

}  // namespace podscale
