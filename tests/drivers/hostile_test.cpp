// Files from strangers: bytes of small inputs, products, bases and models are changed where a seal
// does not catch it, and podscale-inspect's body reads them in a process of its own. Each time the
// file is read or refused with code 65, within bounds of memory and time; nothing crashes.
// PODSCALE_FLIPS: how many changes a file, PODSCALE_FLIP_SEED: which ones, PODSCALE_FLIP_KEEP: a
// folder for the files that fail.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>

#include "hostile_files.hpp"
#include "podscale/core/error.hpp"
#include "podscale/core/log.hpp"
#include "podscale/core/random.hpp"
#include "podscale/file/library_guard.hpp"
#include "podscale/file/seal.hpp"
#include "podscale/study/inspect_files.hpp"
#include "scratch.hpp"

namespace podscale {
namespace {

namespace fs = std::filesystem;
/// Bytes more than the process has at its start. A file that may honestly want more than that, by
/// its size, gets what has_honest_memory() asks for: with less, nobody could tell it from a
/// damaged one.
rlim_t room_for(std::uint64_t file_size) {
  return std::max<rlim_t>(512UL << 20, honest_bytes(file_size) + (128UL << 20));
}
constexpr double kSeconds = 3;  // of CPU

const bool kSanitized = !address_space_can_be_bounded();

struct Outcome {
  int code = 0, signal = 0;
  double seconds = 0;
  std::string line;  ///< of the error: the last one on stderr
  /// A sanitizer ended it for what HDF5 or NetCDF does with memory of its own. Without one their
  /// crash is caught.
  bool by_library = false;
};

void limit(int resource, rlim_t value) {
  const rlimit both{value, value};
  setrlimit(resource, &both);
}

/// Runs the work in a copy of this process: what a damaged file breaks in a library stays there.
Outcome in_child(rlim_t room, const std::function<void()>& work) {
  int ends[2];
  if (pipe(ends) != 0) std::abort();
  const pid_t child = fork();
  if (child == 0) {
    if (!kSanitized) limit(RLIMIT_AS, address_space() + room);
    limit(RLIMIT_CPU, 20);
    limit(RLIMIT_CORE, 0);
    alarm(60);
    for (const int number : {SIGSEGV, SIGBUS, SIGABRT, SIGFPE})
      std::signal(number, SIG_DFL);  // MPI's wait for ever
    if (!std::freopen("/dev/null", "w", stdout) || dup2(ends[1], STDERR_FILENO) < 0) _exit(1);
    int code = 0;
    try {
      work();
    } catch (...) {
      const Error error = current_error(0);
      code = std::strchr(error.what(), '\n') ? -1 : static_cast<int>(error.code());
      log::error_line(error.what());
    }
    _exit(code);
  }
  close(ends[1]);
  Outcome outcome;
  char part[1024];
  for (ssize_t n; (n = read(ends[0], part, sizeof part)) > 0;)
    outcome.line.append(part, static_cast<std::size_t>(n));
  close(ends[0]);
  if (const auto report = outcome.line.find("AddressSanitizer: ");
      kSanitized && report != std::string::npos) {
    const auto caller = outcome.line.find("#1 ", report);  // of what the sanitizer stands in for
    const std::string frame = caller == std::string::npos
                                  ? ""
                                  : outcome.line.substr(caller, outcome.line.find('\n', caller) - caller);
    outcome.by_library =
        frame.find("libhdf5") != std::string::npos || frame.find("libnetcdf") != std::string::npos;
  }
  while (outcome.line.ends_with('\n')) outcome.line.pop_back();
  outcome.line.erase(0, outcome.line.rfind('\n') + 1);  // warnings before it
  int status = 0;
  rusage used{};
  wait4(child, &status, 0, &used);
  outcome.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  outcome.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  outcome.seconds = seconds(used.ru_utime) + seconds(used.ru_stime);
  return outcome;
}

long setting(const char* name, long otherwise) {
  const char* text = std::getenv(name);
  return text ? std::atol(text) : otherwise;
}

/// One byte, or eight that make a number as large as it can be; returns what was done.
std::string change(std::string& bytes, const CounterRandom& random, std::uint32_t number) {
  const auto draw = [&](std::uint32_t i) { return random.integer(4 * number + i); };
  const std::size_t at = draw(0) % bytes.size();
  const std::uint32_t kind = draw(1) % 8, value = draw(2) % 256;
  if (kind < 3) {
    bytes[at] = static_cast<char>(bytes[at] ^ (1 << value % 8));
  } else if (kind < 5) {
    bytes[at] = static_cast<char>(value);
  } else if (kind < 6) {
    bytes[at] = static_cast<char>(value % 2 ? 0xff : 0x7f);
  } else {
    const std::size_t count = kind == 6 ? 4 : 8;
    for (std::size_t i = at; i < std::min(at + count, bytes.size()); ++i)
      bytes[i] = static_cast<char>(kind == 7 && i + 1 == at + count ? 0x7f : value % 2 ? 0xff : 0);
  }
  return fmt::format("change {} (kind {}, value {}) at byte {} of {}", number, kind, value, at, bytes.size());
}

/// sealed: with a new seal behind the changed bytes, as one who means harm would add it.
void change_and_read(const std::string& path, bool sealed) {
  const Communicator comm = Communicator::self();
  std::ifstream file(path, std::ios::binary);
  std::string whole{std::istreambuf_iterator<char>(file), {}};
  if (const auto seal = whole.rfind("\npodscale checksum "); seal != std::string::npos) whole.resize(seal);
  const CounterRandom random(static_cast<std::uint64_t>(setting("PODSCALE_FLIP_SEED", 1)), Stream::test);
  const std::string target = path + ".changed" + fs::path(path).extension().string();
  std::map<int, long> codes;
  const long count = setting("PODSCALE_FLIPS", 100);
  double longest = 0;
  for (long number = -1; number < count; ++number) {
    std::string bytes = whole, what = "as it was";
    if (number >= 0) what = change(bytes, random, static_cast<std::uint32_t>(number));
    std::ofstream(target, std::ios::binary) << bytes;
    if (sealed) seal_file(comm, target);
    const Outcome o = in_child(room_for(bytes.size()), [&] { inspect_file(comm, target, "", ""); });
    if (o.by_library) {
      std::printf("%s, %s: a fault of the library, which the sanitizer does not forgive\n", path.c_str(),
                  what.c_str());
      continue;
    }
    ++codes[o.code];
    longest = std::max(longest, o.seconds);
    const bool refused = o.code == static_cast<int>(ExitCode::data);
    if (const char* keep = std::getenv("PODSCALE_FLIP_KEEP"); keep && o.code != 0 && !refused)
      fs::copy_file(target, fmt::format("{}/{}_{}", keep, number, fs::path(target).filename().string()),
                    fs::copy_options::overwrite_existing);
    EXPECT_TRUE(o.code == 0 || (refused && number >= 0))
        << path << ", " << what << ": code " << o.code << ", signal " << o.signal << ", " << o.seconds
        << " s: " << o.line;
    EXPECT_LT(o.seconds, kSanitized ? 10 * kSeconds : kSeconds) << path << ", " << what << ": " << o.line;
    if (refused) {
      EXPECT_NE(o.line.find(target), std::string::npos) << o.line;
      EXPECT_LT(o.line.size(), 2000u) << o.line;
    }
  }
  std::string text;
  for (const auto& [code, n] : codes) text += fmt::format(" {} with code {},", n, code);
  std::printf("%s:%s at most %.2f s\n", fs::path(path).filename().c_str(), text.c_str(), longest);
}

TEST(Hostile, Classic) {
  const auto folder = test::ScratchFolder(Communicator::self());
  write_series(folder / "classic.nc", NC_CLOBBER);
  change_and_read(folder / "classic.nc", false);
}
TEST(Hostile, Wide) {
  const auto folder = test::ScratchFolder(Communicator::self());
  write_series(folder / "wide.nc", NC_CLOBBER | NC_64BIT_DATA);
  change_and_read(folder / "wide.nc", false);
}
TEST(Hostile, Netcdf4) {
  const auto folder = test::ScratchFolder(Communicator::self());
  write_series(folder / "netcdf4.nc", NC_CLOBBER | NC_NETCDF4);
  change_and_read(folder / "netcdf4.nc", false);
}
TEST(Hostile, PlainHdf5) {
  const auto folder = test::ScratchFolder(Communicator::self());
  write_plain_hdf5(folder / "plain.nc");
  change_and_read(folder / "plain.nc", false);
}
TEST(Hostile, Model) {
  const auto folder = test::ScratchFolder(Communicator::self());
  write_small_model(folder / "model.h5");
  change_and_read(folder / "model.h5", true);
}
TEST(Hostile, Basis) {
  const auto folder = test::ScratchFolder(Communicator::self());
  fs::copy_file(PODSCALE_STUDY "/basis.nc", folder / "basis.nc");
  change_and_read(folder / "basis.nc", true);
}
TEST(Hostile, Product) {
  const auto folder = test::ScratchFolder(Communicator::self());
  fs::copy_file(PODSCALE_STUDY "/product.nc", folder / "product.nc");
  change_and_read(folder / "product.nc", false);
}

}  // namespace
}  // namespace podscale
