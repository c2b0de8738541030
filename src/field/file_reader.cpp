#include "file_reader.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "podscale/core/error.hpp"
#include "read_plan.hpp"

namespace podscale {
namespace {

/// Of files that are opened meanwhile one chunk of a variable is kept once it is read, in place of
/// 16 MiB. (Of none the library would keep ten.)
class OneChunkKept {
 public:
  explicit OneChunkKept(std::size_t bytes) {
    nc_get_chunk_cache(&bytes_, &slots_, &preemption_);
    if (bytes < bytes_) nc_set_chunk_cache(bytes, slots_, preemption_);
  }
  ~OneChunkKept() { nc_set_chunk_cache(bytes_, slots_, preemption_); }
  OneChunkKept(const OneChunkKept&) = delete;
  OneChunkKept& operator=(const OneChunkKept&) = delete;

 private:
  std::size_t bytes_ = 0, slots_ = 0;
  float preemption_ = 0;
};

/// Rows of the window that one library call brings.
struct Rows {
  long begin = 0, n = 0;
};

/// One library call and the decoding of what it brings. T: float, or double where float would not
/// hold the raw numbers.
template <class T>
void read_segment(const NetcdfFile& file, const FileLayout& layout, const Mesh& mesh, const Window& window,
                  const Segment& segment, const Rows& rows, long first, long steps, std::vector<T>& buffer,
                  std::span<float> out) {
  const CfVariable& v = layout.variable;
  const std::size_t rank = v.info.dims.size();
  std::vector<std::size_t> start(rank, 0), count(rank, 1);
  const long y0 = window.y0 + rows.begin, ny = rows.n, nx = segment.n;
  if (v.time >= 0) start[v.time] = first;
  if (v.time >= 0) count[v.time] = steps;
  if (v.further >= 0) start[v.further] = layout.element;
  if (v.reference >= 0) start[v.reference] = layout.run;
  if (v.realization >= 0) start[v.realization] = layout.realization;
  const long row = layout.flip_y ? mesh.ny() - y0 - ny : y0;
  const long column = layout.flip_x ? layout.file_nx - segment.x0 - nx : segment.x0;
  start[v.y] = row;
  count[v.y] = ny;
  start[v.x] = column;
  count[v.x] = nx;
  buffer.resize(steps * ny * nx);
  file.get(v.name, start, count, std::span<T>(buffer));

  const T* raw = buffer.data();
  for (long t = 0; t < steps; ++t)
    for (long j = 0; j < ny; ++j) {
      const long r = rows.begin + (layout.flip_y ? ny - 1 - j : j);
      float* target = out.data() + (t * window.ny + r) * window.nx + segment.at;
      for (long i = 0; i < nx; ++i) {
        const double value = v.packing.unpack(static_cast<double>(*raw++));
        const auto held = static_cast<float>(value * layout.conversion.scale + layout.conversion.offset);
        target[layout.flip_x ? nx - 1 - i : i] = held;
      }
    }
}

/// Chunks along one axis that n indices from `first` meet; indices count from the end of the
/// file's axis where it is flipped.
long chunks_along(long first, long n, long chunk, long points, bool flip) {
  if (flip) first = points - first - n;
  return n > 0 ? (first + n - 1) / chunk - first / chunk + 1 : 0;
}

}  // namespace

long read_window(const NetcdfFile& file, const FileLayout& layout, const Mesh& mesh, const Window& window,
                 long first, long steps, std::span<float> out) {
  constexpr long kBlock = 8L << 20;  // elements of the buffer, where chunks are smaller
  const Chunks& chunks = layout.chunks;
  const std::vector<Segment> segments = segments_of(window, mesh.nx(), layout.turn);
  // Whole chunks of time where a chunk holds several, else as many times as fit; then whole rows
  // of chunks.
  const long times = chunks.t > 1
                         ? std::max(steps, 1L)
                         : std::clamp(kBlock / std::max(window.points(), 1L), 1L, std::max(steps, 1L));
  const long most = std::max(kBlock / std::max(times * window.nx, 1L), 1L);
  std::vector<float> narrow;
  std::vector<double> wide;
  long met = 0;
  for (long done = 0; done < steps; done += times) {
    const long n = std::min(times, steps - done);
    const std::span<float> target = out.subspan(done * window.points());
    for (Rows rows; rows.begin < window.ny; rows.begin += rows.n) {
      const std::vector<long> cuts =
          chunk_cuts(window.y0 + rows.begin, window.ny - rows.begin, chunks.y, mesh.ny(), layout.flip_y);
      std::size_t c = 1;  // the last cut that fits, at least the first
      while (c + 1 < cuts.size() && cuts[c + 1] - cuts[0] <= most) ++c;
      rows.n = cuts[c] - cuts[0];
      for (const Segment& segment : segments) {
        if (layout.variable.packing.wide)
          read_segment(file, layout, mesh, window, segment, rows, first + done, n, wide, target);
        else
          read_segment(file, layout, mesh, window, segment, rows, first + done, n, narrow, target);
        met += chunks_along(first + done, n, chunks.t, 0, false) *
               chunks_along(window.y0 + rows.begin, rows.n, chunks.y, mesh.ny(), layout.flip_y) *
               chunks_along(segment.x0, segment.n, chunks.x, layout.file_nx, layout.flip_x);
      }
    }
  }
  return met;
}

FileReader::OpenFile& FileReader::open(long number) {
  constexpr std::size_t kOpenFiles = 4;
  for (OpenFile& f : open_)
    if (f.number == number) return f;
  if (open_.size() >= kOpenFiles) open_.pop_front();
  const std::size_t i = number;
  // Steps are read one after the other: a chunk of a single one is not wanted again.
  std::optional<OneChunkKept> one;
  if (const Chunks& chunks = survey_->stored[i].chunks; chunks.t == 1)
    one.emplace(static_cast<std::size_t>(chunks.y * chunks.x) * sizeof(double));
  NetcdfFile handle = NetcdfFile::open(self_, survey_->files[i], false);  // the survey has checked it
  one.reset();
  FileLayout layout;
  layout.variable = cf_variable(handle, survey_->variable.name, true, further_);
  layout.element = element_;
  layout.variable.packing.also_missing = missing_;
  const StoredFile& stored = survey_->stored[i];
  layout.flip_y = stored.flip_y;
  layout.flip_x = stored.flip_x;
  layout.turn = stored.turn;
  layout.file_nx = stored.nx;
  layout.chunks = stored.chunks;
  layout.conversion = stored.conversion;
  open_.push_back({number, std::move(handle), std::move(layout)});
  return open_.back();
}

void FileReader::read(const FileStep& first, long steps, const Window& window, std::span<float> out) {
  OpenFile& source = open(first.file);
  source.layout.run = first.run;
  source.layout.realization = first.realization;
  chunks_read_ += read_window(source.file, source.layout, survey_->mesh, window, first.index, steps, out);
}

}  // namespace podscale
