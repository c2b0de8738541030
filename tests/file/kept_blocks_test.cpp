#include "podscale/file/kept_blocks.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>

#include "on_all_ranks.hpp"
#include "podscale/file/seal.hpp"

namespace podscale {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kBlocks = 6, kRows = 7, kColumns = 5;

float value(std::size_t block, std::size_t row, std::size_t column) {
  return static_cast<float>(100 * block + 10 * row + column) + 0.1f;
}

/// A run that writes a file of floats and one of doubles, block by block.
struct BlockRun {
  BlockRun(const Communicator& c, const std::string& folder, const std::string& identity = "as ever\n")
      : comm(c),
        fields(create(folder + "/fields.nc", NC_FLOAT)),
        factors(create(folder + "/factors.nc", NC_DOUBLE)) {
    kept.emplace(comm, folder + "/fields.nc", identity, kBlocks, fields.most_bytes() + factors.most_bytes());
  }
  NetcdfFile create(const std::string& path, nc_type type) const {
    NetcdfFile file = NetcdfFile::create(comm, path);
    file.define_dimension("block", kBlocks, true);
    file.define_dimension("y", kRows);
    file.define_dimension("x", kColumns);
    file.define_variable("v", type, {"block", "y", "x"}, {{1, 3, 5}, 1, 1e20});  // ranks share chunks
    file.define_variable("mean", NC_DOUBLE, {"block"});
    file.end_definitions();
    return file;
  }
  template <class T>
  void put(NetcdfFile& file, std::size_t b) const {
    const Share rows = share_of(kRows, comm.size(), comm.rank());
    std::vector<T> values;
    for (long y = rows.begin; y < rows.end; ++y)
      for (std::size_t x = 0; x < kColumns; ++x) values.push_back(value(b, static_cast<std::size_t>(y), x));
    const std::size_t n = static_cast<std::size_t>(rows.size());
    file.put("v", {b, static_cast<std::size_t>(rows.begin), 0}, {n > 0 ? 1u : 0u, n, n > 0 ? kColumns : 0},
             std::span<const T>(values));
    const std::vector<double> mean(comm.is_root() ? 1 : 0, static_cast<double>(b));
    file.put("mean", {b}, {mean.size()}, std::span<const double>(mean));
  }
  /// Up to `end`; returns how many blocks were worked on.
  long work(std::size_t end = kBlocks, const std::vector<std::size_t>& open = {}) {
    NetcdfFile* files[] = {&fields, &factors};
    long worked = 0;
    for (std::size_t b = 0; b < end; ++b) {
      if (kept->has(static_cast<long>(b))) {
        kept->replay(static_cast<long>(b), files);
        continue;
      }
      ++worked;
      kept->record(static_cast<long>(b), files, [&] {
        put<float>(fields, b);
        put<double>(factors, b);
        return std::find(open.begin(), open.end(), b) == open.end();
      });
    }
    return worked;
  }
  void finish() {
    fields.commit();
    factors.commit();
    kept->remove();
  }
  /// As a run that is stopped.
  void stop() {
    kept.reset();
    { const NetcdfFile a = std::move(fields), b = std::move(factors); }
    NetcdfFile::abandon_all(true);
  }

  const Communicator& comm;
  NetcdfFile fields, factors;
  std::optional<KeptBlocks> kept;
};

class KeptBlocksTest : public test::OnAllRanks {
 protected:
  KeptBlocksTest() { every(0); }
  ~KeptBlocksTest() override { unsetenv("PODSCALE_KEEP_SECONDS"); }
  static void every(double seconds) { setenv("PODSCALE_KEEP_SECONDS", std::to_string(seconds).c_str(), 1); }
  std::string folder() const { return KeptBlocks::folder_of(scratch / "fields.nc"); }
  long units() const {
    comm.barrier();
    std::error_code status;
    long found = 0;
    for (const auto& entry : fs::directory_iterator(folder(), status))
      found += entry.path().filename().string().find("of") != std::string::npos ? 1 : 0;
    comm.barrier();
    return found / comm.size();
  }
  void expect_whole() const {
    comm.barrier();
    EXPECT_FALSE(fs::exists(folder()));
    for (const char* name : {"fields.nc", "factors.nc"}) {
      const NetcdfFile file = NetcdfFile::open(comm, scratch / name);
      const auto values = file.get_all("v"), means = file.get_all("mean");
      ASSERT_EQ(values.size(), kBlocks * kRows * kColumns);
      for (std::size_t i = 0; i < values.size(); ++i)
        EXPECT_EQ(values[i],
                  static_cast<double>(value(i / (kRows * kColumns), i / kColumns % kRows, i % kColumns)));
      for (std::size_t b = 0; b < kBlocks; ++b) EXPECT_EQ(means[b], static_cast<double>(b));
    }
  }
};

TEST_F(KeptBlocksTest, AStoppedRunGoesOn) {
  BlockRun first(comm, scratch.path());
  EXPECT_EQ(first.work(4), 4);
  first.stop();
  EXPECT_EQ(units(), 4);
  BlockRun second(comm, scratch.path());
  EXPECT_EQ(second.kept->count(), 4);
  EXPECT_EQ(second.work(), 2);
  second.finish();
  expect_whole();
}

TEST_F(KeptBlocksTest, AnotherNumberOfRanks) {
  for (const bool alone_first : {true, false}) {
    const auto part = [&](bool alone, std::size_t end, long expected) {
      MPI_Comm some = MPI_COMM_NULL;
      MPI_Comm_split(comm.raw(), alone && comm.rank() > 0 ? MPI_UNDEFINED : 0, comm.rank(), &some);
      if (some != MPI_COMM_NULL) {
        const Communicator own = Communicator::duplicate(some);
        MPI_Comm_free(&some);
        BlockRun run(own, scratch.path());
        EXPECT_EQ(run.work(end), expected);
        end == kBlocks ? run.finish() : run.stop();
      }
      comm.barrier();
    };
    part(alone_first, 3, 3);
    part(!alone_first, 5, 2);
    part(alone_first, kBlocks, 1);
    expect_whole();
  }
}

TEST_F(KeptBlocksTest, AUnitEndsWhereTheNextBlockNeedsNothingOfIt) {
  BlockRun first(comm, scratch.path());
  first.work(5, {0, 1, 3, 4});
  first.stop();
  EXPECT_EQ(units(), 1);
  BlockRun second(comm, scratch.path());
  EXPECT_EQ(second.kept->count(), 3);
  EXPECT_EQ(second.work(), 3);
  second.finish();
  expect_whole();
}

TEST_F(KeptBlocksTest, WhatIsFinishedSinceTheLastUnitIsKeptAtTheEnd) {
  every(3600);
  BlockRun first(comm, scratch.path());
  first.work(4);
  EXPECT_EQ(units(), 0);
  first.stop();
  EXPECT_EQ(units(), 1);
  BlockRun second(comm, scratch.path());
  EXPECT_EQ(second.work(), 2);
  second.finish();
  expect_whole();
}

TEST_F(KeptBlocksTest, AnotherIdentityIsNotTaken) {
  BlockRun first(comm, scratch.path());
  first.work(4);
  first.stop();
  BlockRun second(comm, scratch.path(), "as ever\nbut later\n");
  EXPECT_EQ(second.kept->count(), 0);
  EXPECT_EQ(units(), 0);
  EXPECT_EQ(second.work(), static_cast<long>(kBlocks));
  second.finish();
  expect_whole();
}

TEST_F(KeptBlocksTest, DamagedAndLostUnitsAreMadeAnew) {
  BlockRun first(comm, scratch.path());
  first.work(5);
  first.stop();
  const std::string of_last_rank = std::to_string(comm.size() - 1) + "of" + std::to_string(comm.size());
  if (comm.is_root()) {
    std::fstream file(folder() + "/00000001-00000001." + of_last_rank,
                      std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(90);
    file.put('\x7f');
    ASSERT_TRUE(file.good());
    fs::resize_file(folder() + "/00000002-00000002." + of_last_rank, 40);
    fs::remove(folder() + "/00000003-00000003." + of_last_rank);
    std::ofstream(folder() + "/unit.77.tmp") << "of a killed run";
    std::ofstream(folder() + "/of a user") << "stays";
  }
  comm.barrier();
  BlockRun second(comm, scratch.path());
  EXPECT_EQ(second.kept->count(), 2);
  EXPECT_FALSE(fs::exists(folder() + "/unit.77.tmp"));
  EXPECT_EQ(second.work(), 4);
  second.finish();
  comm.barrier();
  EXPECT_EQ(std::distance(fs::directory_iterator(folder()), fs::directory_iterator()), 1);
  comm.barrier();
  if (comm.is_root()) fs::remove_all(folder());
  expect_whole();
}

TEST_F(KeptBlocksTest, NothingIsKeptWhereItIsNotWanted) {
  every(-1);
  BlockRun run(comm, scratch.path());
  EXPECT_EQ(run.work(), static_cast<long>(kBlocks));
  EXPECT_FALSE(fs::exists(folder()));
  run.finish();
  expect_whole();
}

TEST_F(KeptBlocksTest, AFullDiskEndsNoRun) {
  BlockRun run(comm, scratch.path());
  if (comm.is_root()) std::ofstream(folder()) << "a file in place of the folder";
  comm.barrier();
  EXPECT_EQ(run.work(), static_cast<long>(kBlocks));
  comm.barrier();
  if (comm.is_root()) fs::remove(folder());
  run.finish();
  expect_whole();
  // More than any disk has.
  const KeptBlocks none(comm, scratch / "fields.nc", "x", kBlocks, std::uint64_t{1} << 62);
  EXPECT_EQ(none.count(), 0);
}

}  // namespace
}  // namespace podscale
