#include "podscale/file/kept_blocks.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <optional>
#include <regex>
#include <sstream>

#include "kept_unit.hpp"
#include "podscale/core/error.hpp"
#include "podscale/core/input_file.hpp"
#include "podscale/core/log.hpp"
#include "podscale/core/stop.hpp"
#include "podscale/file/output_file.hpp"

namespace podscale {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr double kSeconds = 10;

/// Of a unit, or below 0: nothing is kept.
double seconds_of_unit() {
  const char* text = std::getenv("PODSCALE_KEEP_SECONDS");
  double seconds = kSeconds;
  if (text) std::from_chars(text, text + std::char_traits<char>::length(text), seconds);
  return seconds;
}

/// Blocks first .. last, in a file of each rank of the run that made them.
struct Unit {
  long first = 0, last = 0;
  int ranks = 0;
  std::string name(int rank) const { return fmt::format("{:08}-{:08}.{}of{}", first, last, rank, ranks); }
  auto operator<=>(const Unit&) const = default;
};

/// The first lines in which they differ: "'a', now 'b'".
std::string difference(const std::string& before, const std::string& now) {
  std::istringstream a(before), b(now);
  std::string of_a, of_b;
  bool more_a = true, more_b = true;
  while (of_a == of_b && (more_a || more_b)) {
    more_a = static_cast<bool>(std::getline(a, of_a));
    more_b = static_cast<bool>(std::getline(b, of_b));
    if (!more_a) of_a.clear();
    if (!more_b) of_b.clear();
  }
  return fmt::format("'{}', now '{}'", of_a, of_b);
}

}  // namespace

struct KeptBlocks::State : PutListener {
  const Communicator& comm;
  std::string target, folder;
  double seconds;
  bool on;            // this run keeps what it makes
  bool made = false;  // the folder is there
  std::string identity;
  std::map<long, Unit> unit_of;  // of the blocks that were kept before this run

  // The unit that is written.
  std::optional<UnitWriter> writer;
  Clock::time_point begun{};
  long first = 0, last = -1;
  bool may_end = false;
  std::span<NetcdfFile* const> files{};
  std::size_t current = 0;  // file that is listened to

  // The unit that is put again: a file a round, as far as this rank has one.
  Unit open{};
  std::vector<UnitReader> readers;

  State(const Communicator& c, const std::string& of, const std::string& text)
      : comm(c),
        target(of),
        folder(folder_of(of)),
        seconds(seconds_of_unit()),
        on(seconds >= 0),
        identity(text) {}
  std::string path(const std::string& name) const { return folder + "/" + name; }
  std::string temporary() const { return path(fmt::format("unit.{}.tmp", comm.rank())); }
  std::vector<Unit> find() const;
  std::vector<Unit> without_damage(std::vector<Unit> units) const;
  void clear(bool all) const;
  void make_folder();
  void finish_unit();
  void stop_keeping();
  void read(const Unit& unit);
  template <class T>
  void put_again(std::size_t slab, UnitReader& reader, bool own, long block,
                 std::span<NetcdfFile* const> into);
  template <class T>
  void take(const std::string& variable, const std::vector<std::size_t>& start,
            const std::vector<std::size_t>& count, std::span<const T> values) {
    writer->add({sizeof(T), static_cast<long>(current), variable, start, count}, values.data());
  }
  void listen(bool to) {
    for (NetcdfFile* file : files) file->set_listener(to ? this : nullptr);
  }
  void put(const NetcdfFile& file, const std::string& variable, const std::vector<std::size_t>& start,
           const std::vector<std::size_t>& count, std::span<const float> values) override {
    choose(file);
    take(variable, start, count, values);
  }
  void put(const NetcdfFile& file, const std::string& variable, const std::vector<std::size_t>& start,
           const std::vector<std::size_t>& count, std::span<const double> values) override {
    choose(file);
    take(variable, start, count, values);
  }
  void choose(const NetcdfFile& file) {
    current = static_cast<std::size_t>(std::find(files.begin(), files.end(), &file) - files.begin());
  }
};

std::string KeptBlocks::folder_of(const std::string& target) {
  const fs::path path(target);
  return (path.parent_path() / ("." + path.filename().string() + ".part")).string();
}

/// Rank 0 only. Removes what is no unit of ours and whole, or all.
void KeptBlocks::State::clear(bool all) const {
  static const std::regex ours(
      "[0-9]+-[0-9]+\\.[0-9]+of[0-9]+|unit\\.[0-9]+\\.tmp|identity|\\.identity\\..*");
  std::vector<std::string> keep{"identity"};
  if (!all)
    for (const Unit& unit : find())
      for (int r = 0; r < unit.ranks; ++r) keep.push_back(unit.name(r));
  std::error_code status;
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(folder, status)) found.push_back(entry.path());
  for (const fs::path& file : found) {
    const std::string name = file.filename().string();
    if (std::regex_match(name, ours) && (all || std::find(keep.begin(), keep.end(), name) == keep.end()))
      fs::remove(file, status);
  }
  if (all && fs::is_directory(folder, status)) fs::remove(folder, status);  // unless there is something else in it
}

/// Rank 0 only. Units of which the files of all ranks are there, none of whose blocks is in
/// another one.
std::vector<Unit> KeptBlocks::State::find() const {
  static const std::regex form("0*([0-9]{1,9})-0*([0-9]{1,9})\\.([0-9]{1,7})of([0-9]{1,7})");
  std::map<Unit, int> files;
  std::error_code status;
  for (const auto& entry : fs::directory_iterator(folder, status)) {
    const std::string name = entry.path().filename().string();
    std::smatch part;
    if (std::regex_match(name, part, form))
      ++files[{std::stol(part[1]), std::stol(part[2]), std::stoi(part[4])}];
  }
  std::vector<Unit> whole;
  for (const auto& [unit, count] : files)
    if (count == unit.ranks && unit.first <= unit.last && (whole.empty() || whole.back().last < unit.first))
      whole.push_back(unit);
  return whole;
}

/// Collective.
std::vector<Unit> KeptBlocks::State::without_damage(std::vector<Unit> units) const {
  std::vector<long> damaged(units.size(), 0);
  long next = 0;
  for (std::size_t u = 0; u < units.size(); ++u)
    for (int r = 0; r < units[u].ranks; ++r) {
      if (next++ % comm.size() != comm.rank()) continue;
      try {
        const UnitReader reader(path(units[u].name(r)));
        damaged[u] += reader.first() != units[u].first || reader.last() != units[u].last ? 1 : 0;
      } catch (const Error&) {
        damaged[u] = 1;
      }
    }
  comm.max(std::span(damaged));
  std::vector<Unit> good;
  for (std::size_t u = 0; u < units.size(); ++u) {
    if (damaged[u] == 0) {
      good.push_back(units[u]);
      continue;
    }
    log::warn("{}: what an earlier run kept of blocks {} to {} is damaged: they are made anew", target,
              units[u].first + 1, units[u].last + 1);
    std::error_code status;
    for (int r = 0; comm.is_root() && r < units[u].ranks; ++r) fs::remove(path(units[u].name(r)), status);
  }
  return good;
}

KeptBlocks::KeptBlocks(const Communicator& comm, const std::string& target, const std::string& identity,
                       long blocks, std::uint64_t most_bytes)
    : state_(std::make_unique<State>(comm, target, identity)) {
  State& s = *state_;
  // The environment may not reach all ranks.
  comm.broadcast(std::span(&s.seconds, 1));
  s.on = s.seconds >= 0;
  std::vector<Unit> units;
  // Blocks that are older than the output were left behind it by a run that was killed.
  if (comm.is_root() && older_file(s.path("identity"), target)) s.clear(true);
  if (comm.is_root() && s.on && fs::is_directory(s.folder)) {
    std::string before;
    try {
      before = small_text_of(s.path("identity"), "kept blocks", "none", identity.size());
    } catch (const Error&) {
    }
    if (before == identity) {
      s.clear(false);
      units = s.find();
    } else {
      log::info("{}: what an earlier run kept is discarded: it was made with {}", target,
                difference(before, identity));
      s.clear(true);
    }
    s.made = fs::exists(s.path("identity"));
  }
  std::vector<long> numbers{std::ssize(units), s.made};
  comm.broadcast(std::span(numbers));
  s.made = numbers[1] != 0;
  std::vector<long> flat;
  for (const Unit& unit : units) flat.insert(flat.end(), {unit.first, unit.last, unit.ranks});
  flat.resize(static_cast<std::size_t>(3 * numbers[0]));
  comm.broadcast(std::span(flat));
  units.clear();
  for (std::size_t u = 0; u < flat.size(); u += 3)
    units.push_back({flat[u], flat[u + 1], static_cast<int>(flat[u + 2])});
  for (const Unit& unit : s.without_damage(std::move(units)))
    for (long b = unit.first; b <= unit.last && b < blocks; ++b) s.unit_of[b] = unit;
  if (!s.unit_of.empty())
    log::info("{}: going on with {} of {} blocks of times that an earlier run finished", target, count(),
              blocks);

  // A run of one block has nothing to keep before it ends. Room is needed for the files, too.
  s.on = s.on && blocks > 1;
  const auto still = static_cast<double>(blocks - count()) / static_cast<double>(std::max(1l, blocks));
  const double needed = static_cast<double>(most_bytes) * (1 + still);
  long room = 1;
  if (comm.is_root()) room = static_cast<double>(free_bytes(target)) >= needed ? 1 : 0;
  comm.broadcast(std::span(&room, 1));
  if (s.on && room == 0) {
    s.on = false;
    log::warn(
        "{}: the disk has less than {:.0f} MB free: finished blocks are not kept, and a run that is stopped "
        "starts again",
        target, needed / 1e6);
  }
}

KeptBlocks::~KeptBlocks() {
  // Ranks may be at different places: what they keep counts if it is the same.
  if (state_->writer && state_->may_end) state_->finish_unit();
}

bool KeptBlocks::has(long block) const {
  return state_->unit_of.count(block) > 0;
}

long KeptBlocks::count() const {
  return std::ssize(state_->unit_of);
}

/// Collective.
void KeptBlocks::State::make_folder() {
  if (made) return;
  made = true;
  long failed = 0;
  if (comm.is_root()) {
    try {
      std::error_code status;
      fs::create_directories(folder, status);
      OutputFile file(path("identity"));
      file.write(identity);
      file.commit();
    } catch (const Error&) {
      failed = 1;
    }
  }
  if (comm.max(failed) > 0) stop_keeping();
}

/// Collective.
void KeptBlocks::State::stop_keeping() {
  on = false;
  writer.reset();
  log::warn("{}: finished blocks cannot be kept in {}: a run that is stopped starts again from here", target,
            folder);
}

/// Not collective.
void KeptBlocks::State::finish_unit() {
  const Unit unit{first, last, comm.size()};
  if (!writer->finish(path(unit.name(comm.rank())))) on = false;
  writer.reset();
}

void KeptBlocks::record(long block, std::span<NetcdfFile* const> files, const std::function<bool()>& write) {
  State& s = *state_;
  if (s.on) s.make_folder();
  if (!s.on) {
    write();
    return;
  }
  if (!s.writer) {
    s.writer.emplace(s.temporary());
    s.begun = Clock::now();
    s.first = block;
  }
  s.may_end = false;
  s.files = files;
  s.writer->begin_block(block);
  struct Listening {
    State& of;
    explicit Listening(State& state) : of(state) { of.listen(true); }
    ~Listening() { of.listen(false); }
  };
  {
    const Listening listening(s);
    s.may_end = write();
  }
  s.last = block;
  s.writer->end_block();
  const bool due = std::chrono::duration<double>(Clock::now() - s.begun).count() >= s.seconds;
  std::vector<long> any{!s.writer->good(), stop_requested() || (s.comm.is_root() && due) || has(block + 1)};
  s.comm.max(std::span(any));
  if (any[0] == 0 && any[1] != 0 && s.may_end) {
    s.finish_unit();
    any[0] = s.comm.max(s.on ? 0l : 1l);
  }
  if (any[0] != 0) s.stop_keeping();
}

/// Collective.
void KeptBlocks::State::read(const Unit& unit) {
  if (unit == open && !readers.empty()) return;
  readers.clear();
  open = unit;
  comm.agree([&] {
    // A rank without a file in the last round takes the names and shapes of the first one.
    for (int r = comm.rank(); r < unit.ranks + comm.rank(); r += comm.size())
      readers.emplace_back(path(unit.name(r < unit.ranks ? r : 0)));
  });
}

template <class T>
void KeptBlocks::State::put_again(std::size_t i, UnitReader& reader, bool own, long block,
                                  std::span<NetcdfFile* const> into) {
  std::vector<T> values;
  KeptSlab slab;
  comm.agree([&] {
    slab = reader.slabs(block).at(i);
    if (!own) std::fill(slab.count.begin(), slab.count.end(), 0);
    values.resize(slab.values());
    if (own) reader.read(slab, values.data());
  });
  into[static_cast<std::size_t>(slab.file)]->put(slab.variable, slab.start, slab.count,
                                                 std::span<const T>(values));
}

void KeptBlocks::replay(long block, std::span<NetcdfFile* const> files) {
  State& s = *state_;
  const Unit& unit = s.unit_of.at(block);
  s.read(unit);
  for (std::size_t round = 0; round < s.readers.size(); ++round) {
    UnitReader& reader = s.readers[round];
    const bool own = s.comm.rank() + static_cast<int>(round) * s.comm.size() < unit.ranks;
    for (std::size_t i = 0; i < reader.slabs(block).size(); ++i)
      reader.slabs(block)[i].width == 4 ? s.put_again<float>(i, reader, own, block, files)
                                        : s.put_again<double>(i, reader, own, block, files);
  }
}

void KeptBlocks::discard(const Communicator& comm, const std::string& target) {
  if (comm.is_root()) State(comm, target, "").clear(true);
}

void KeptBlocks::remove() {
  state_->writer.reset();
  state_->comm.barrier();
  if (state_->comm.is_root() && (state_->made || fs::exists(state_->folder))) state_->clear(true);
}

}  // namespace podscale
