#include "read_plan.hpp"

#include <algorithm>
#include <map>

namespace podscale {

std::vector<long> chunk_cuts(long first, long n, long chunk, long points, bool flip) {
  // A cut lies before index i where i, or what is left of the flipped axis, is a multiple of the
  // chunk.
  const long phase = flip ? points % chunk : 0;
  std::vector<long> cuts{first};
  for (long next = first + 1 + ((phase - first - 1) % chunk + chunk) % chunk; next < first + n; next += chunk)
    cuts.push_back(next);
  if (n > 0) cuts.push_back(first + n);
  return cuts;
}

std::vector<Segment> segments_of(const Window& window, long nx, long turn) {
  std::vector<Segment> segments;
  for (long at = 0, n = 0; window.points() > 0 && at < window.nx; at += n) {
    const long x0 = ((window.x0 + at + turn) % nx + nx) % nx;
    n = std::min(window.nx - at, nx - x0);
    segments.push_back({at, x0, n});
  }
  return segments;
}

namespace {

/// The same of columns that may pass the last one of the file.
std::vector<long> column_cuts(const Window& window, const StoredFile& stored, long nx) {
  std::vector<long> cuts;
  for (const Segment& s : segments_of(window, nx, stored.turn))
    for (const long cut : chunk_cuts(s.x0, s.n, stored.chunks.x, stored.nx, stored.flip_x))
      if (cuts.empty() || cut > s.x0) cuts.push_back(window.x0 + s.at + cut - s.x0);
  return cuts;
}

/// At most `parts` runs of consecutive chunks: where each begins, and the end of the last.
std::vector<long> runs(const std::vector<long>& cuts, long parts) {
  const int chunks = static_cast<int>(cuts.size()) - 1, n = std::clamp(static_cast<int>(parts), 1, chunks);
  std::vector<long> begins;
  for (int i = 0; i < n; ++i) begins.push_back(cuts[share_of(chunks, n, i).begin]);
  begins.push_back(cuts.back());
  return begins;
}

}  // namespace

std::vector<ReadTask> plan_reading(const Survey& survey, std::span<const long> steps, const Window& window,
                                   int ranks) {
  std::map<std::array<long, 4>, std::vector<long>> units;  // of a chunk of time of a series in a file
  for (const long step : steps) {
    const FileStep at = survey.steps[step];
    units[at.unit(survey.stored[at.file].chunks.t)].push_back(step);
  }
  const long parts = (ranks + std::ssize(units) - 1) / std::max(1l, std::ssize(units));
  std::vector<ReadTask> tasks;
  for (const auto& [unit, of_unit] : units) {
    const StoredFile& stored = survey.stored[unit[0]];
    const auto ys =
        runs(chunk_cuts(window.y0, window.ny, stored.chunks.y, survey.mesh.ny(), stored.flip_y), parts);
    const long rows = std::ssize(ys) - 1;
    const auto xs = runs(column_cuts(window, stored, survey.mesh.nx()), (parts + rows - 1) / rows);
    for (std::size_t j = 0; j + 1 < ys.size(); ++j)
      for (std::size_t i = 0; i + 1 < xs.size(); ++i)
        tasks.push_back({unit[0], of_unit, {ys[j], ys[j + 1] - ys[j], xs[i], xs[i + 1] - xs[i]}, 0});
  }
  for (int r = 0; r < ranks; ++r) {
    const Share share = share_of(std::ssize(tasks), ranks, r);
    for (long i = share.begin; i < share.end; ++i) tasks[i].owner = r;
  }
  return tasks;
}

Window unsplit_window(const Survey& survey, const Window& window) {
  const long nx = survey.mesh.nx(), past = window.x0 + window.nx - nx;  // columns behind the cut
  if (past <= 0) return window;
  for (const StoredFile& stored : survey.stored) {
    if (stored.turn != 0) continue;  // its cut is elsewhere
    const auto chunk = [&](long column) {
      return (stored.flip_x ? stored.nx - 1 - column : column) / stored.chunks.x;
    };
    if (chunk(window.x0) == chunk(past - 1)) return {window.y0, window.ny, 0, nx};
  }
  return window;
}

}  // namespace podscale
