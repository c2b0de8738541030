// Reading that is dealt over the ranks, against plain NetCDF-C calls.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <random>

#include "on_all_ranks.hpp"
#include "podscale/field/cf_source.hpp"
#include "sample_file.hpp"

namespace podscale {
namespace {

constexpr long kNy = 13;

struct Layout {
  const char* name;
  std::vector<std::size_t> chunks;
  nc_type type = NC_FLOAT;
  bool flip_y = false, flip_x = false, global = false, repeated = false;
  int files = 1;
  long steps = 9;  // of each file
};

const Layout kLayouts[] = {
    {"field a chunk", {1, 13, 24}},
    {"tiles", {1, 5, 7}, NC_SHORT, true},
    {"several steps a chunk", {4, 6, 24}, NC_DOUBLE, false, true, false, false, 2},
    {"all steps in a chunk", {9, 13, 8}, NC_SHORT, true, true},
    {"round the earth", {1, 5, 7}, NC_FLOAT, false, false, true},
    {"round the earth, whole rows", {2, 4, 24}, NC_SHORT, true, true, true, false, 2},
    {"round the earth, a column twice", {3, 4, 6}, NC_FLOAT, false, false, true, true},
    {"round the earth, a column twice, descending", {3, 4, 6}, NC_FLOAT, true, true, true, true},
    {"not chunked", {}, NC_FLOAT, true, false, false, false, 3, 3},
    {"a step a file", {1, 13, 24}, NC_SHORT, false, false, false, false, 7, 1},
};

class AggregatedRead : public test::OnAllRanks {
 protected:
  std::mt19937 random{17};  // the same on all ranks
  int written = 0;

  long draw(long low, long high) { return std::uniform_int_distribution<long>(low, high)(random); }

  CfSpec write(const Layout& layout) {
    CfSpec spec;
    spec.label = "HR";
    const long nx = layout.repeated ? 25 : 24;
    ++written;  // new names: a rank may still have the last ones open
    for (int f = 0; f < layout.files; ++f) {
      SampleFile sample;
      sample.chunks = layout.chunks;
      sample.type = layout.type;
      if (layout.chunks.empty()) sample.format = NC_64BIT_OFFSET;
      sample.lat = layout.flip_y ? ramp(6, -1, kNy) : ramp(-6, 1, kNy);
      const double dx = layout.global ? 15 : 1, west = layout.global ? -180 : 100;
      sample.lon = layout.flip_x ? ramp(west + dx * static_cast<double>(nx - 1), -dx, static_cast<int>(nx))
                                 : ramp(west, dx, static_cast<int>(nx));
      sample.time = ramp(static_cast<double>(f * layout.steps), 1, static_cast<int>(layout.steps));
      if (layout.type == NC_SHORT) {
        sample.numbers = {{"_FillValue", {-32768}}};
        sample.real_numbers = {{"scale_factor", 0.01}, {"add_offset", 3}};
      }
      // A column that is there twice has the same values twice.
      sample.raw = [=](std::size_t t, std::size_t j, std::size_t i) -> double {
        if (layout.repeated && i == 24) i = 0;
        const std::size_t n = (static_cast<std::size_t>(f) * 31 + t * 7 + j * 13 + i * 29) % 101;
        if (n == 50) return layout.type == NC_SHORT ? -32768 : std::nan("");
        return layout.type == NC_SHORT ? 10.0 * static_cast<double>(n) : 0.1 * static_cast<double>(n);
      };
      spec.files.push_back(scratch / fmt::format("s{}f{}.nc", written, f));
      write_sample(comm, spec.files.back(), sample);
    }
    return spec;
  }

  /// The whole series by NetCDF-C: [steps][13][24] in the order of the grid.
  std::vector<float> direct(const Layout& layout, const CfSpec& spec) {
    std::vector<float> all;
    const long nx = layout.repeated ? 25 : 24;
    for (const std::string& path : spec.files) {
      int id = -1, v = -1;
      nc_ok(nc_open(path.c_str(), NC_NOWRITE, &id));
      nc_ok(nc_inq_varid(id, "sst", &v));
      std::vector<double> raw(layout.steps * kNy * nx);
      nc_ok(nc_get_var_double(id, v, raw.data()));
      nc_ok(nc_close(id));
      for (long t = 0; t < layout.steps; ++t)
        for (long y = 0; y < kNy; ++y)
          for (long x = 0; x < 24; ++x) {
            const long j = layout.flip_y ? kNy - 1 - y : y, i = layout.flip_x ? nx - 1 - x : x;
            const double value = raw[(t * kNy + j) * nx + i];
            const bool packed = layout.type == NC_SHORT;
            all.push_back(packed && value == -32768 ? NAN
                                                    : static_cast<float>(packed ? value * 0.01 + 3 : value));
          }
    }
    return all;
  }

  /// A window of this rank's own, empty at times, and across the cut where the grid has none.
  Window window_of(int rank, bool global) {
    Window mine;
    for (int r = 0; r < comm.size(); ++r) {
      Window w{draw(0, kNy - 1), 0, 0, draw(0, 24)};
      w.ny = draw(0, kNy - w.y0);
      w.x0 = global ? draw(-30, 30) : draw(0, 24 - w.nx);
      if (r == rank) mine = w;
    }
    return mine;
  }

  void expect_window(const std::vector<float>& all, const Window& window, const std::vector<long>& steps,
                     const std::vector<float>& read, const std::string& what) {
    std::size_t at = 0;
    long wrong = 0;
    for (const long t : steps)
      for (long y = window.y0; y < window.y0 + window.ny; ++y)
        for (long x = window.x0; x < window.x0 + window.nx; ++x, ++at) {
          const float expected = all[(t * kNy + y) * 24 + (x % 24 + 24) % 24];
          wrong += std::isnan(expected) ? !std::isnan(read[at]) : !(read[at] == expected);
        }
    EXPECT_EQ(wrong, 0) << what << ", rank " << comm.rank();
  }

  std::vector<float> read(const CfSource& source, const Window& window, const std::vector<long>& steps) {
    std::vector<float> values(steps.size() * static_cast<std::size_t>(window.points()), -1e30f);
    source.read(window, steps, values);
    return values;
  }

  long chunks_read(const CfSource& source) { return comm.sum(source.chunks_read()); }
};

TEST_F(AggregatedRead, IsWhatIsInTheFiles) {
  for (const Layout& layout : kLayouts) {
    const CfSpec spec = write(layout);
    const auto all = direct(layout, spec);
    const long steps = layout.files * layout.steps;
    for (const std::size_t bytes : {std::size_t{0}, std::size_t{4000}, std::size_t{1} << 30}) {
      const CfSource source = CfSource::open(comm, spec, std::make_shared<FieldCache>(bytes, comm.size()));
      ASSERT_EQ(source.mesh().nx(), 24);
      EXPECT_EQ(source.mesh().periodic(), layout.global);
      for (int trial = 0; trial < 12; ++trial) {
        std::vector<long> some;  // any order, any of them twice
        for (long n = draw(0, 6); n > 0; --n) some.push_back(draw(0, steps - 1));
        if (trial % 3 == 0) std::sort(some.begin(), some.end());
        const Window window = window_of(comm.rank(), layout.global);
        expect_window(all, window, some, read(source, window, some),
                      std::string(layout.name) + ", trial " + std::to_string(trial));
      }
    }
  }
}

TEST_F(AggregatedRead, InflatesEachChunkOnce) {
  for (const Layout& layout : kLayouts) {
    if (layout.chunks.empty()) continue;
    const CfSpec spec = write(layout);
    const auto pieces = [](long n, std::size_t chunk) {
      return (n + static_cast<long>(chunk) - 1) / static_cast<long>(chunk);
    };
    // The column that is there twice is the last of the ascending axis: a chunk of its own is not
    // needed.
    const long columns = layout.repeated && layout.flip_x ? 25 : 24;
    const long stored = layout.files * pieces(layout.steps, layout.chunks[0]) *
                        pieces(kNy, layout.chunks[1]) * pieces(columns, layout.chunks[2]);
    const Share rows = share_of(kNy, comm.size(), comm.rank());
    // Margins of one row: what ranks ask for overlaps.
    const long first = std::max(0l, rows.begin - 1), last = std::min(kNy, rows.end + 1);
    const Window window{first, last - first, 0, 24};
    std::vector<long> steps;
    for (long t = 0; t < layout.files * layout.steps; ++t) steps.push_back(t);

    const CfSource plain = CfSource::open(comm, spec);
    read(plain, window, steps);
    EXPECT_EQ(chunks_read(plain), stored) << layout.name;
    // In blocks of time that fit no chunk: once in each pass.
    for (int pass = 1; pass <= 2; ++pass) {
      for (std::size_t at = 0; at < steps.size(); at += 2)
        read(plain, window,
             {steps.begin() + static_cast<long>(at),
              steps.begin() + static_cast<long>(std::min(at + 2, steps.size()))});
      EXPECT_LE(chunks_read(plain), (1 + pass) * stored) << layout.name;
    }
    const CfSource kept =
        CfSource::open(comm, spec, std::make_shared<FieldCache>(std::size_t{1} << 30, comm.size()));
    for (int pass = 0; pass < 3; ++pass) {
      for (std::size_t at = 0; at < steps.size(); at += 2)
        read(kept, window,
             {steps.begin() + static_cast<long>(at),
              steps.begin() + static_cast<long>(std::min(at + 2, steps.size()))});
      EXPECT_EQ(chunks_read(kept), stored) << layout.name;
    }
    read(kept, window_of(comm.rank(), layout.global), {0});  // another window of what is there
    EXPECT_EQ(chunks_read(kept), stored) << layout.name;
  }
}

TEST_F(AggregatedRead, AllRanksTakePart) {
  // One chunk of time, 3 x 4 chunks of space: not one reader for all.
  const CfSpec spec = write({"tiles", {9, 5, 7}});
  const CfSource source = CfSource::open(comm, spec);
  read(source, {0, kNy, 0, 24}, {0, 1, 2});
  EXPECT_EQ(comm.sum(source.chunks_read() > 0 ? 1 : 0), comm.size());
  EXPECT_EQ(chunks_read(source), 12);
}

TEST_F(AggregatedRead, AnErrorOfOneReaderIsThatOfAll) {
  const Layout layout{"a step a file", {1, 13, 24}, NC_FLOAT, false, false, false, false, 8, 1};
  const CfSpec spec = write(layout);
  const auto all = direct(layout, spec);
  const auto cache = std::make_shared<FieldCache>(std::size_t{1} << 30, comm.size());
  const CfSource source = CfSource::open(comm, spec, cache);
  // One file is cut after the survey: a single reader meets it.
  if (comm.is_root()) std::filesystem::resize_file(spec.files[5], 100);
  comm.barrier();
  const Window window = comm.rank() == 0 ? Window{0, kNy, 0, 24} : Window{2, 3, 4, 5};
  for (int attempt = 0; attempt < 2; ++attempt) {
    try {
      read(source, window, {0, 1, 2, 3, 4, 5, 6, 7});
      ADD_FAILURE() << "no error";
    } catch (const Error& error) {
      EXPECT_TRUE(error.agreed());
      EXPECT_TRUE(error.code() == ExitCode::data || error.code() == ExitCode::io) << error.what();
      EXPECT_NE(std::string(error.what()).find("f5.nc"), std::string::npos) << error.what();
      EXPECT_EQ(comm.broadcast(error.what()), error.what());
    }
  }
  const std::vector<long> others{0, 1, 2, 3, 4, 6, 7};
  expect_window(all, window, others, read(source, window, others), "after the error");
}

TEST_F(AggregatedRead, NoRankWantsAnything) {
  const CfSource source = CfSource::open(comm, write(kLayouts[0]));
  EXPECT_TRUE(read(source, {}, {0, 1}).empty());
  EXPECT_TRUE(read(source, {0, 2, 0, 2}, {}).empty());
  EXPECT_EQ(chunks_read(source), 0);
}

}  // namespace
}  // namespace podscale
