#include "window_reader.hpp"

#include <algorithm>
#include <array>

#include "podscale/core/error.hpp"

namespace podscale {
namespace {

/// A run of columns that is contiguous in the grid: window columns at..at+n-1 are grid columns x0..x0+n-1.
struct Segment {
  long at = 0, x0 = 0, n = 0;
};

std::vector<Segment> segments_of(const Grid& grid, const Window& window) {
  std::vector<Segment> segments;
  if (window.points() == 0) return segments;
  const long nx = grid.nx();
  for (long at = 0; at < window.nx;) {
    const long x0 = ((window.x0 + at) % nx + nx) % nx;
    const long n = std::min(window.nx - at, nx - x0);
    segments.push_back({at, x0, n});
    at += n;
  }
  return segments;
}

/// One library call and the decoding of what it brings. T: float, or double where float would not hold the
/// raw numbers.
template <class T>
void read_segment(const NetcdfFile& file, const FileLayout& layout, const Grid& grid, const Window& window,
                  const Segment& segment, long first, long steps, std::vector<T>& buffer,
                  std::span<float> out) {
  const CfVariable& v = layout.variable;
  const std::size_t rank = v.info.dims.size();
  std::vector<std::size_t> start(rank, 0), count(rank, segment.n > 0 ? 1 : 0);
  const long ny = segment.n > 0 ? window.ny : 0, nx = segment.n;
  if (nx > 0) {
    if (v.time >= 0) start[static_cast<std::size_t>(v.time)] = static_cast<std::size_t>(first);
    if (v.time >= 0) count[static_cast<std::size_t>(v.time)] = static_cast<std::size_t>(steps);
    const long row = layout.flip_y ? grid.ny() - window.y0 - ny : window.y0;
    const long column = layout.flip_x ? layout.file_nx - segment.x0 - nx : segment.x0;
    start[static_cast<std::size_t>(v.lat)] = static_cast<std::size_t>(row);
    count[static_cast<std::size_t>(v.lat)] = static_cast<std::size_t>(ny);
    start[static_cast<std::size_t>(v.lon)] = static_cast<std::size_t>(column);
    count[static_cast<std::size_t>(v.lon)] = static_cast<std::size_t>(nx);
  }
  buffer.resize(static_cast<std::size_t>(steps * ny * nx));
  file.get(v.name, start, count, std::span<T>(buffer));

  const T* raw = buffer.data();
  for (long t = 0; t < steps; ++t)
    for (long j = 0; j < ny; ++j) {
      const long row = layout.flip_y ? ny - 1 - j : j;
      float* target = out.data() + (t * window.ny + row) * window.nx + segment.at;
      for (long i = 0; i < nx; ++i) {
        const double value = v.packing.unpack(static_cast<double>(*raw++));
        target[layout.flip_x ? nx - 1 - i : i] =
            static_cast<float>(value * layout.conversion.scale + layout.conversion.offset);
      }
    }
}

}  // namespace

ReadPlan ReadPlan::make(const Communicator& comm, const Grid& grid, const Window& window) {
  comm.agree([&] {
    const bool inside = window.y0 >= 0 && window.ny >= 0 && window.nx >= 0 &&
                        window.y0 + window.ny <= grid.ny() &&
                        (grid.periodic || (window.x0 >= 0 && window.x0 + window.nx <= grid.nx()));
    PODSCALE_ASSERT(window.points() == 0 || inside, "window rows {}+{}, columns {}+{} of a {} x {} grid",
                    window.y0, window.ny, window.x0, window.nx, grid.ny(), grid.nx());
  });
  return {comm.max(window.points()), comm.max(static_cast<long>(segments_of(grid, window).size()))};
}

void read_window(const NetcdfFile& file, const FileLayout& layout, const Grid& grid, const Window& window,
                 const ReadPlan& plan, long first, long steps, std::span<float> out) {
  constexpr long kBlock = 8L << 20;  // elements of the buffer
  const std::vector<Segment> segments = segments_of(grid, window);
  const long block = std::clamp(kBlock / std::max(plan.points, 1L), 1L, std::max(steps, 1L));
  std::vector<float> narrow;
  std::vector<double> wide;
  for (long done = 0; done < steps; done += block) {
    const long n = std::min(block, steps - done);
    const std::span<float> target = out.subspan(static_cast<std::size_t>(done * window.points()));
    for (long s = 0; s < plan.segments; ++s) {
      const auto i = static_cast<std::size_t>(s);
      const Segment segment = i < segments.size() ? segments[i] : Segment{};
      if (layout.variable.packing.wide)
        read_segment(file, layout, grid, window, segment, first + done, n, wide, target);
      else
        read_segment(file, layout, grid, window, segment, first + done, n, narrow, target);
    }
  }
}

}  // namespace podscale
