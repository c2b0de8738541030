#include "podscale/file/output_file.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "on_all_ranks.hpp"
#include "podscale/file/netcdf_file.hpp"
#include "sample_file.hpp"

namespace podscale {
namespace {

namespace fs = std::filesystem;

class OutputFileTest : public test::OnAllRanks {
 protected:
  /// A folder of this rank alone.
  struct {
    std::string path;
    std::string operator/(const std::string& name) const { return path + "/" + name; }
  } own{scratch / ("rank" + std::to_string(comm.rank()))};
  std::string target = own / "product.txt";

  void SetUp() override { fs::create_directory(own.path); }
  void TearDown() override { NetcdfFile::abandon_all(true); }

  std::set<std::string> names() const {
    std::set<std::string> found;
    for (const auto& entry : fs::directory_iterator(fs::path(target).parent_path()))
      found.insert(entry.path().filename().string());
    return found;
  }
  static std::string text(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void put(const std::string& content) {
    OutputFile file(target);
    file.write(content);
    file.commit();
  }
};

/// Another run that holds the lock: a second open file is to flock what a second process is.
class OtherRun {
 public:
  explicit OtherRun(const std::string& lock) : file_(open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644)) {
    flock(file_, LOCK_EX);
    const std::string text =
        "podscale lock: podscale-basis on far, process 12, since 2026-01-02 03:04:05 UTC\n";
    if (write(file_, text.data(), text.size()) < 0) ADD_FAILURE();
  }
  ~OtherRun() { close(file_); }

 private:
  int file_;
};

#define EXPECT_REFUSED(code_, words, statement)                                           \
  try {                                                                                   \
    statement;                                                                            \
    ADD_FAILURE() << "nothing was thrown";                                                \
  } catch (const Error& error) {                                                          \
    EXPECT_EQ(error.code(), code_) << error.what();                                       \
    for (const std::string word : words)                                                  \
      EXPECT_NE(std::string(error.what()).find(word), std::string::npos) << error.what(); \
  }
using Words = std::vector<std::string>;

TEST_F(OutputFileTest, TheOldFileStaysUntilTheNewOneIsWhole) {
  put("old");
  {
    OutputFile file(target);
    file.write("half");
    EXPECT_EQ(names().size(), 3u) << "target, temporary and lock";
  }
  EXPECT_EQ(text(target), "old");
  EXPECT_EQ(names(), std::set<std::string>{"product.txt"});
  {
    OutputFile file(target);
    file.write("new");
    EXPECT_EQ(text(target), "old");
    file.commit();
    EXPECT_EQ(text(target), "new");
  }
  EXPECT_EQ(text(target), "new") << "the end of a committed file removes nothing";
  EXPECT_EQ(names(), std::set<std::string>{"product.txt"});
}

TEST_F(OutputFileTest, TheUsersUmaskCounts) {
  const mode_t before = umask(027);
  put("x");
  umask(before);
  struct stat found {};
  ASSERT_EQ(stat(target.c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777, 0640u);
}

TEST_F(OutputFileTest, MovingLeavesOneOwner) {
  OutputFile a(target), none;
  const std::string temporary = a.temporary();
  OutputFile b(std::move(a));
  none = std::move(b);
  { OutputFile gone(std::move(a)); }
  EXPECT_TRUE(fs::exists(temporary));
  none.write("x");
  none.commit();
  EXPECT_EQ(text(target), "x");
}

TEST_F(OutputFileTest, ASecondRunIsToldWhoWrites) {
  put("old");
  {
    const OtherRun other(own / ".product.txt.lock");
    const Words words{"product.txt", "podscale-basis on far", "process 12", "2026-01-02 03:04:05",
                      "wait for it"};
    EXPECT_REFUSED(ExitCode::io, words, OutputFile{target});
    EXPECT_REFUSED(ExitCode::io, words, OutputLock{target});
    fs::create_directory_symlink(own.path, scratch / ("link" + std::to_string(comm.rank())));
    EXPECT_REFUSED(ExitCode::io, words,
                   OutputFile{own.path + "/../link" + std::to_string(comm.rank()) + "/product.txt"});
    EXPECT_EQ(text(target), "old");
    OutputFile(own / "beside.txt").commit();  // another target in the same folder is free
  }
  put("new");  // its lock file is still there, as after kill -9, but nobody holds it
  EXPECT_EQ(text(target), "new");
  EXPECT_EQ(names(), (std::set<std::string>{"beside.txt", "product.txt"}));
}

TEST_F(OutputFileTest, LocksOfOneProcessAreOne) {
  const std::string lock = own / ".product.txt.lock";
  {
    const OutputLock held(target);
    EXPECT_TRUE(held.enforced());
    put("one");
    put("two");
    EXPECT_TRUE(fs::exists(lock)) << "the first owner still holds it";
    EXPECT_NE(text(lock).find(fmt::format("process {}, since ", getpid())), std::string::npos);
  }
  EXPECT_FALSE(fs::exists(lock));
}

TEST_F(OutputFileTest, AKilledRunLeavesNothingThatMatters) {
  const pid_t child = fork();
  if (child == 0) {
    OutputFile file(target);
    file.write("half");
    kill(getpid(), SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(names().size(), 2u) << "its temporary and its lock";
  put("new");
  EXPECT_EQ(text(target), "new");
  EXPECT_EQ(names(), std::set<std::string>{"product.txt"});
}

TEST_F(OutputFileTest, OnlyOurOwnTemporariesAreSwept) {
  const Words users{
      ".product.txt.tmp",          ".product.txt.my-draft.tmp",       ".product.txt.host-12-xyz.tmp",
      ".product.txt.host-12-.tmp", ".other.txt.host-12-0a1b2c3d.tmp", "product.txt.host-12-0a1b2c3d.tmp"};
  for (const std::string& name : users) std::ofstream(own / name) << "mine";
  const std::string old = own / ".product.txt.node-7.cluster-12-0a1b2c3d.tmp",
                    fresh = ".product.txt.far-1-0a1b2c3d.tmp";
  std::ofstream(old) << "of a dead run";
  fs::last_write_time(old, fs::last_write_time(old) - std::chrono::hours(2));
  std::ofstream(own / fresh) << "of a run on another node, maybe alive";
  fs::create_directory(own / ".product.txt.host-12-0a1b2c3d.tmp");
  put("new");
  std::set<std::string> expected(users.begin(), users.end());
  expected.insert({"product.txt", fresh, ".product.txt.host-12-0a1b2c3d.tmp"});
  EXPECT_EQ(names(), expected);
}

TEST_F(OutputFileTest, WhatIsNoFileOfOursIsNotReplaced) {
  fs::create_directory(own / "folder");
  EXPECT_REFUSED(ExitCode::io, (Words{"folder", "expected a file"}), OutputFile{own / "folder"});
  EXPECT_REFUSED(ExitCode::io, (Words{"/dev/null"}), OutputFile{"/dev/null"});
  ASSERT_EQ(mkfifo((own / "pipe").c_str(), 0600), 0);
  EXPECT_REFUSED(ExitCode::io, (Words{"pipe", "expected a file"}), OutputFile{own / "pipe"});
  EXPECT_REFUSED(ExitCode::io, (Words{"no directory", "no/where"}), OutputFile{own / "no/where/x"});
  const std::string lock = own / ".product.txt.lock";
  std::ofstream(lock) << "&data hr_files = 'a.nc' /\n";
  EXPECT_REFUSED(ExitCode::io, (Words{"product.txt.lock", "another file"}), OutputFile{target});
  EXPECT_EQ(text(lock), "&data hr_files = 'a.nc' /\n");
  fs::remove(lock);
  ASSERT_EQ(mkfifo(lock.c_str(), 0600), 0);
  EXPECT_REFUSED(ExitCode::io, (Words{"product.txt.lock", "remove it"}), OutputFile{target});
  fs::remove(lock);
  fs::create_symlink(own / "folder", lock);
  EXPECT_REFUSED(ExitCode::io, (Words{"product.txt.lock"}), OutputFile{target});
}

TEST_F(OutputFileTest, ADyingProcessTakesItsFilesAlong) {
  const pid_t child = fork();
  if (child == 0) {
    OutputFile first(target);
    OutputFile second(own / "second.txt");
    remove_doomed_files();
    _exit(names().empty() ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  for (int i = 0; i < 100; ++i) put("slots are given back");
}

TEST_F(OutputFileTest, AFullDiskIsKnownBeforehand) {
  put("old");
  const OutputFile file(target);
  const std::uint64_t free = free_bytes(target);
  EXPECT_GT(free, 0u);
  file.require_space(free / 2);
  EXPECT_REFUSED(ExitCode::io, (Words{"product.txt", "the disk is full", "bytes needed"}),
                 file.require_space(free + (1ull << 40)));
  OutputFile().require_space(free + (1ull << 40));  // not this rank's concern
}

TEST_F(OutputFileTest, OneFileByManyNames) {
  put("x");
  fs::create_symlink(target, own / "link");
  fs::create_hard_link(target, own / "hard");
  fs::create_directory_symlink(own / "", own / "folder");
  for (const std::string name : {"link", "hard", "folder/product.txt", "./product.txt"})
    EXPECT_TRUE(same_file(target, own / name)) << name;
  EXPECT_TRUE(same_file(own / "new", own / "absent/../new"));
  EXPECT_TRUE(same_file(own / "new", own / "folder/new"));
  EXPECT_FALSE(same_file(target, own / "new"));
  EXPECT_FALSE(same_file(own / "new", own / "other"));
}

TEST_F(OutputFileTest, NetcdfIsRefusedBeforeTheDiskIsFull) {
  const std::string path = scratch / "large.nc";
  NetcdfFile file = NetcdfFile::create(comm, path);
  const std::size_t values = comm.min(static_cast<long>(free_bytes(path) / 8)) + (1l << 34);
  file.define_dimension("x", values);
  file.define_variable("a", NC_DOUBLE, {"x"});
  EXPECT_REFUSED(ExitCode::io, (Words{"large.nc", "the disk is full", "bytes needed"}),
                 file.end_definitions());
}

TEST_F(OutputFileTest, NetcdfHasOneWriterAtATime) {
  const std::string path = scratch / "twice.nc";
  {
    std::optional<OtherRun> other;
    if (comm.is_root()) other.emplace(scratch / ".twice.nc.lock");
    comm.barrier();
    EXPECT_REFUSED(ExitCode::io, (Words{"twice.nc", "another run", "process 12"}),
                   NetcdfFile::create(comm, path));
    comm.barrier();
  }
  comm.barrier();
  NetcdfFile a = NetcdfFile::create(comm, path), b = NetcdfFile::create(comm, scratch / "other.nc");
  for (NetcdfFile* file : {&a, &b}) {
    file->define_dimension("x", 3);
    file->end_definitions();
  }
  a.complete();
  EXPECT_FALSE(fs::exists(path));
  comm.barrier();
  b.complete();
  a.commit();
  b.commit();
  EXPECT_EQ(NetcdfFile::open(comm, path).dimension("x"), 3u);
  EXPECT_EQ(NetcdfFile::open(comm, scratch / "other.nc").dimension("x"), 3u);
}

}  // namespace
}  // namespace podscale
