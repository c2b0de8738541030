#include "podscale/file/previous_file.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <limits>
#include <sstream>

#include "on_all_ranks.hpp"
#include "podscale/file/output_file.hpp"
#include "podscale/file/seal.hpp"

namespace podscale {
namespace {

namespace fs = std::filesystem;

class PreviousFileTest : public test::OnAllRanks {
 protected:
  void write(const std::string& content) const {
    comm.barrier();
    if (comm.is_root()) {
      OutputFile file(path());
      file.write(content);
      seal_file(Communicator::self(), file.temporary());
      keep_previous(path());
      file.commit();
    }
    comm.barrier();
  }
  void damage(const std::string& name) const {
    comm.barrier();
    if (comm.is_root()) {
      // Another file under that name: the previous one may be a link to the same bytes.
      const std::string bytes = "x" + text(name).substr(1);
      fs::remove(scratch / name);
      std::ofstream(scratch / name) << bytes;
    }
    comm.barrier();
  }
  std::string text(const std::string& name) const {
    std::ostringstream all;
    all << std::ifstream(scratch / name).rdbuf();
    return all.str();
  }
  bool holds(const std::string& name, const std::string& start) const {
    comm.barrier();
    const bool found = text(name).starts_with(start);
    comm.barrier();
    return found;
  }
  std::string path() const { return scratch / "model.h5"; }
};

TEST_F(PreviousFileTest, ADamagedFileGivesWayToTheOneBefore) {
  write("first");
  fall_back(comm, path());
  EXPECT_TRUE(holds("model.h5", "first"));
  write("second");
  write("third");
  fall_back(comm, path());
  EXPECT_TRUE(holds("model.h5", "third"));
  damage("model.h5");
  fall_back(comm, path());
  EXPECT_TRUE(holds("model.h5", "second"));
  fall_back(comm, path());
  EXPECT_TRUE(holds("model.h5", "second"));
}

TEST_F(PreviousFileTest, NothingIsDoneWithoutAWholeOne) {
  write("first");
  write("second");
  damage("model.h5");
  damage(".model.h5.previous");
  fall_back(comm, path());
  EXPECT_TRUE(holds("model.h5", "xecond"));
  forget_previous(comm, path());
  comm.barrier();
  EXPECT_FALSE(fs::exists(scratch / ".model.h5.previous"));
  fall_back(comm, path());
  EXPECT_TRUE(holds("model.h5", "xecond"));
}

TEST_F(PreviousFileTest, ItGivesWayToWhatIsWritten) {
  write("first");
  write("second");
  if (comm.is_root()) make_room(path(), 1);
  EXPECT_TRUE(holds(".model.h5.previous", "first"));
  if (comm.is_root()) make_room(path(), std::numeric_limits<std::uint64_t>::max());
  comm.barrier();
  EXPECT_FALSE(fs::exists(scratch / ".model.h5.previous"));
}

}  // namespace
}  // namespace podscale
