#include "tile_exchange.hpp"

#include <algorithm>
#include <climits>
#include <numeric>

#include "podscale/core/error.hpp"
#include "podscale/core/pulse.hpp"

namespace podscale {
namespace {

constexpr long kMostFloats = 16l << 20;  // in the messages of one rank at a time

/// copy(offset in the tile, offset in the window, n) for every run of columns that both have.
template <class Copy>
void for_overlap(const Mesh& mesh, const Window& tile, const Window& window, const Copy& copy) {
  const long y0 = std::max(tile.y0, window.y0), y1 = std::min(tile.y0 + tile.ny, window.y0 + window.ny);
  if (y0 >= y1 || tile.nx == 0 || window.nx == 0) return;
  const long turn = mesh.nx();
  // Images of the tile, whole turns away, that may meet the window.
  const long first = mesh.periodic() ? (window.x0 - tile.x0 - tile.nx) / turn - 1 : 0,
             last = mesh.periodic() ? (window.x0 + window.nx - tile.x0) / turn + 1 : 0;
  for (long k = first; k <= last; ++k) {
    const long left = tile.x0 + k * turn, x0 = std::max(left, window.x0),
               n = std::min(left + tile.nx, window.x0 + window.nx) - x0;
    for (long y = y0; y < y1 && n > 0; ++y)
      copy((y - tile.y0) * tile.nx + x0 - left, (y - window.y0) * window.nx + x0 - window.x0, n);
  }
}

long overlap(const Mesh& mesh, const FieldWindow& tile, const Window& window) {
  long points = 0;
  for_overlap(mesh, tile.window, window, [&](long, long, long n) { points += n; });
  return points;
}

/// Tiles in an order that takes all owners in turn, cut into batches that fit: ends of the
/// batches.
std::vector<std::size_t> cut(const Mesh& mesh, std::span<const Window> windows,
                             std::vector<FieldWindow>& tiles) {
  std::vector<long> turn(windows.size(), 0);
  std::vector<std::pair<long, FieldWindow>> dealt;
  for (const FieldWindow& tile : tiles) dealt.emplace_back(turn[tile.owner]++, tile);
  std::stable_sort(dealt.begin(), dealt.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<std::size_t> ends;
  std::vector<long> sent(windows.size(), 0), received(windows.size(), 0);
  for (std::size_t i = 0; i < dealt.size(); ++i) {
    tiles[i] = dealt[i].second;
    const std::size_t owner = tiles[i].owner;
    bool full = false;
    std::vector<long> points(windows.size());
    for (std::size_t r = 0; r < windows.size(); ++r) {
      points[r] = r == owner ? 0 : overlap(mesh, tiles[i], windows[r]);
      full = full || received[r] + points[r] > kMostFloats;
    }
    const long all = std::accumulate(points.begin(), points.end(), 0l);
    if ((full || sent[owner] + all > kMostFloats) && i > (ends.empty() ? 0 : ends.back())) {
      ends.push_back(i);
      std::fill(sent.begin(), sent.end(), 0l);
      std::fill(received.begin(), received.end(), 0l);
    }
    sent[owner] += all;
    PODSCALE_ASSERT(sent[owner] <= INT_MAX, "a tile of {} points", tiles[i].window.points());
    for (std::size_t r = 0; r < windows.size(); ++r) received[r] += points[r];
  }
  ends.push_back(tiles.size());
  return ends;
}

}  // namespace

std::vector<Window> gather_windows(const Communicator& comm, const Mesh& mesh, const Window& window,
                                   const std::function<void()>& check) {
  comm.agree([&] {
    const bool inside = window.y0 >= 0 && window.ny >= 0 && window.nx >= 0 &&
                        window.y0 + window.ny <= mesh.ny() &&
                        (mesh.periodic() || (window.x0 >= 0 && window.x0 + window.nx <= mesh.nx()));
    PODSCALE_ASSERT(window.points() == 0 || inside, "window rows {}+{}, columns {}+{} of a {} x {} grid",
                    window.y0, window.ny, window.x0, window.nx, mesh.ny(), mesh.nx());
    check();
  });
  std::vector<Window> windows(comm.size());
  static_assert(sizeof(Window) == 4 * sizeof(long));
  const pulse::Meeting meeting;
  MPI_Allgather(&window, 4, MPI_LONG, windows.data(), 4, MPI_LONG, comm.raw());
  return windows;
}

void exchange_tiles(const Communicator& comm, const Mesh& mesh, std::span<const Window> windows,
                    std::span<const FieldWindow> tiles, std::span<float> out) {
  const std::size_t ranks = windows.size(), me = comm.rank();
  const Window& mine = windows[me];
  const auto target = [&](const FieldWindow& tile) { return out.data() + tile.field * mine.points(); };
  for (const FieldWindow& tile : tiles)
    if (tile.owner == comm.rank())
      for_overlap(mesh, tile.window, mine,
                  [&](long from, long to, long n) { std::copy_n(tile.values + from, n, target(tile) + to); });
  if (ranks == 1) return;

  std::vector<FieldWindow> order(tiles.begin(), tiles.end());
  std::size_t first = 0;
  for (const std::size_t end : cut(mesh, windows, order)) {
    const auto batch = std::span(order).subspan(first, end - first);
    first = end;
    std::vector<int> counts_out(ranks, 0), counts_in(ranks, 0), starts_out(ranks), starts_in(ranks);
    for (const FieldWindow& tile : batch) {
      const std::size_t owner = tile.owner;
      if (owner != me) counts_in[owner] += static_cast<int>(overlap(mesh, tile, mine));
      for (std::size_t r = 0; owner == me && r < ranks; ++r)
        if (r != me) counts_out[r] += static_cast<int>(overlap(mesh, tile, windows[r]));
    }
    std::exclusive_scan(counts_out.begin(), counts_out.end(), starts_out.begin(), 0);
    std::exclusive_scan(counts_in.begin(), counts_in.end(), starts_in.begin(), 0);
    std::vector<float> sent(starts_out.back() + counts_out.back()),
        received(static_cast<std::size_t>(starts_in.back() + counts_in.back()));
    std::vector<int> at = starts_out;
    for (const FieldWindow& tile : batch)
      for (std::size_t r = 0; tile.owner == comm.rank() && r < ranks; ++r)
        if (r != me)
          for_overlap(mesh, tile.window, windows[r], [&](long from, long, long n) {
            std::copy_n(tile.values + from, n, sent.data() + at[r]);
            at[r] += static_cast<int>(n);
          });
    {
      const pulse::Meeting meeting;
      MPI_Alltoallv(sent.data(), counts_out.data(), starts_out.data(), MPI_FLOAT, received.data(),
                    counts_in.data(), starts_in.data(), MPI_FLOAT, comm.raw());
    }
    at = starts_in;
    for (const FieldWindow& tile : batch) {
      const std::size_t owner = tile.owner;
      if (owner != me)
        for_overlap(mesh, tile.window, mine, [&](long, long to, long n) {
          std::copy_n(received.data() + at[owner], n, target(tile) + to);
          at[owner] += static_cast<int>(n);
        });
    }
  }
}

}  // namespace podscale
