// Windows of a mesh, which may pass the seam of a periodic one.

#include <algorithm>

#include "podscale/mesh/mesh.hpp"

namespace podscale {

Window bounding_window(const Mesh& mesh, std::span<const Window> windows) {
  const long turn = mesh.nx();
  Window all;
  std::vector<std::pair<long, long>> columns;  // of each window: first, one past the last
  for (const Window& w : windows) {
    if (w.points() == 0) continue;
    const long y0 = all.ny == 0 ? w.y0 : std::min(all.y0, w.y0),
               y1 = all.ny == 0 ? w.y0 + w.ny : std::max(all.y0 + all.ny, w.y0 + w.ny);
    all.y0 = y0, all.ny = y1 - y0;
    const long x0 = mesh.periodic() ? (w.x0 % turn + turn) % turn : w.x0;
    columns.emplace_back(x0, x0 + std::min(w.nx, turn));
  }
  if (columns.empty()) return {};
  std::sort(columns.begin(), columns.end());
  // The widest gap: the one behind the last window, round to the first, or one between two.
  long end = columns.front().second, gap = 0, start = columns.front().first;
  for (const auto& c : columns)
    if (mesh.periodic()) end = std::max(end, c.second - turn);  // what lies across the cut begins the round
  for (const auto& [first, last] : columns) {
    if (mesh.periodic() && first - end > gap) gap = first - end, start = first;
    end = std::max(end, last);
  }
  if (const long behind = columns.front().first + turn - end; !mesh.periodic() || behind >= gap)
    gap = std::max(0l, behind), start = columns.front().first;
  all.x0 = mesh.periodic() && gap == 0 ? 0 : start;
  all.nx = mesh.periodic() ? turn - gap : end - start;
  return all;
}

bool contains(const Mesh& mesh, const Window& whole, const Window& part) {
  if (part.points() == 0) return true;
  if (part.y0 < whole.y0 || part.y0 + part.ny > whole.y0 + whole.ny) return false;
  if (mesh.periodic() && whole.nx >= mesh.nx()) return true;
  const long shift = part.x0 - whole.x0,
             at = mesh.periodic() ? (shift % mesh.nx() + mesh.nx()) % mesh.nx() : shift;
  return at >= 0 && at + part.nx <= whole.nx;
}

}  // namespace podscale
