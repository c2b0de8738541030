#include "podscale/file/seal.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "on_all_ranks.hpp"
#include "podscale/file/netcdf_file.hpp"
#include "sample_file.hpp"

namespace podscale {
namespace {

namespace fs = std::filesystem;

class Seal : public test::OnAllRanks {
 protected:
  const std::string path = scratch / "file.bin";

  /// Pseudo-random bytes; more than a block, and no multiple of eight.
  void write(std::size_t size) {
    if (comm.is_root()) {
      std::string bytes(size, '\0');
      std::uint32_t state = 1;
      for (char& byte : bytes) byte = static_cast<char>((state = 1664525 * state + 1013904223) >> 24);
      std::ofstream(path, std::ios::binary) << bytes;
    }
    comm.barrier();
    seal_file(comm, path);
  }
  void put(std::streamoff at, char mask) {  // flips the bits of the mask
    if (comm.is_root()) {
      std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
      const char byte = static_cast<char>(file.seekg(at).get() ^ mask);
      file.seekp(at).put(byte);
    }
    comm.barrier();
  }
  std::string last_line() const {
    std::ifstream file(path, std::ios::binary);
    std::string line;
    file.seekg(-35, std::ios::end).read((line.assign(35, ' ')).data(), 35);
    return line;
  }
};

TEST_F(Seal, IsTheSameAtAnyNumberOfRanks) {
  for (const std::size_t size : {1u, 7u, 1u << 20, (5u << 20) + 3}) {
    write(size);
    EXPECT_EQ(fs::file_size(path), size + 36);
    EXPECT_TRUE(check_seal(comm, path));
    EXPECT_TRUE(check_seal(Communicator::self(), path));
    const std::string together = last_line();
    comm.barrier();
    if (comm.is_root()) {
      fs::resize_file(path, size);
      seal_file(Communicator::self(), path);
    }
    comm.barrier();
    EXPECT_EQ(last_line(), together);
    comm.barrier();
  }
}

TEST_F(Seal, EveryChangedByteIsSeenOnEveryRank) {
  const std::streamoff size = (3 << 20) + 5;
  write(size);
  for (const std::streamoff at : {std::streamoff{0}, std::streamoff{7}, std::streamoff{8}, size / 2,
                                  std::streamoff{1 << 20}, size - 1, size + 20, size + 34}) {
    for (const char mask : {'\x01', '\x7f', '\x80'}) {
      put(at, mask);
      expect_error(ExitCode::data, {"file.bin", "damaged", "checksum"}, [&] { check_seal(comm, path); });
      put(at, mask);
      EXPECT_TRUE(check_seal(comm, path));
    }
  }
  // Signs of two neighbouring doubles, blocks that changed places.
  put(7, '\x80');
  put(15, '\x80');
  expect_error(ExitCode::data, {"damaged"}, [&] { check_seal(comm, path); });
  put(7, '\x80');
  put(15, '\x80');
  if (comm.is_root()) {
    std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
    std::string first(1 << 20, ' '), second(1 << 20, ' ');
    file.read(first.data(), std::ssize(first)).read(second.data(), std::ssize(second));
    file.seekp(0) << second << first;
  }
  comm.barrier();
  expect_error(ExitCode::data, {"damaged"}, [&] { check_seal(comm, path); });
}

TEST_F(Seal, AChangeAfterTheCheckIsSeenToo) {
  write(1000);
  sleep(4);  // long enough at rest for the check to be remembered
  EXPECT_TRUE(check_seal(comm, path));
  EXPECT_TRUE(check_seal(comm, path));
  comm.barrier();
  put(500, '\x10');
  expect_error(ExitCode::data, {"damaged"}, [&] { check_seal(comm, path); });
}

TEST_F(Seal, WhatIsNotSealedSaysSo) {
  write(1000);
  comm.barrier();
  if (comm.is_root()) fs::resize_file(path, 1035);
  comm.barrier();
  EXPECT_FALSE(check_seal(comm, path));
  EXPECT_FALSE(check_seal(comm, scratch / "absent"));
  EXPECT_FALSE(check_seal(comm, scratch / "."));
  expect_error(ExitCode::io, {"absent"}, [&] { seal_file(comm, scratch / "absent"); });
}

TEST_F(Seal, NetcdfFilesAreCheckedBeforeTheyAreParsed) {
  const std::string name = scratch / "field.nc";
  {
    NetcdfFile file = NetcdfFile::create(comm, name);
    file.define_dimension("x", 50);
    file.define_variable("v", NC_DOUBLE, {"x"});
    file.put_text("v", "units", "K");
    file.end_definitions();
    const std::vector<double> values(comm.is_root() ? 50 : 0, 3.0);
    file.put("v", {0}, {values.size()}, std::span<const double>(values));
    file.commit();
  }
  EXPECT_TRUE(NetcdfFile::open(comm, name).sealed());
  EXPECT_EQ(NetcdfFile::open(comm, name).get_all("v"), std::vector<double>(50, 3.0));
  const auto size = static_cast<std::streamoff>(fs::file_size(name));
  for (std::streamoff at = 8; at < size - 36; at += 97) {
    comm.barrier();
    const auto flip = [&] {
      if (!comm.is_root()) return;
      std::fstream file(name, std::ios::binary | std::ios::in | std::ios::out);
      const char byte = static_cast<char>(file.seekg(at).get() ^ 0x20);
      file.seekp(at).put(byte);
    };
    flip();
    comm.barrier();
    expect_error(ExitCode::data, {"field.nc", "damaged"}, [&] { NetcdfFile::open(comm, name); });
    comm.barrier();
    flip();
  }
  comm.barrier();
  // Another program changes it: no seal any more, and no error.
  comm.agree([&] {
    if (!comm.is_root()) return;
    int id = 0;
    nc_ok(nc_open(name.c_str(), NC_WRITE, &id));
    nc_ok(nc_put_att_text(id, NC_GLOBAL, "title", 5, "other"));
    nc_ok(nc_close(id));
  });
  EXPECT_FALSE(NetcdfFile::open(comm, name).sealed());
}

}  // namespace
}  // namespace podscale
