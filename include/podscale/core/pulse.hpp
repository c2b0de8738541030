#pragma once
// Signs of life of a process: what a watchdog and a heartbeat file read from another thread, or
// from another process of the same node. Nothing here is collective, and nothing here allocates or
// locks but the progress of a loop.

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace podscale::pulse {

/// Of one process; in memory that the processes of a node share, where a watchdog has made some.
struct alignas(64) Signs {
  std::atomic<std::uint64_t> beats{0};     ///< steps forward, of whatever kind
  std::atomic<std::uint64_t> meetings{0};  ///< collective calls that were entered
  std::atomic<int> waiting{0};             ///< collective calls that it is in
  std::atomic<int> stage{0};               ///< a StageId
  std::atomic<int> process{0};             ///< its number in the system
  std::atomic<double> computed{0};         ///< seconds of all its cores; written by its watchdog
};
static_assert(std::atomic<double>::is_always_lock_free && std::atomic<std::uint64_t>::is_always_lock_free);

/// Those of this process.
Signs& signs();
/// From here on they are written to `where`, which takes over what they are; nullptr: back to this
/// process's own memory. To be called by the main thread, outside of any Meeting.
void write_to(Signs* where);

/// A step forward. Cheap enough for every training step, file and patch.
void beat();

/// The time that this process spends in a collective call, where it may wait for others.
class Meeting {
 public:
  Meeting();
  ~Meeting();
  Meeting(const Meeting&) = delete;
  Meeting& operator=(const Meeting&) = delete;
};

/// The file that the run makes, the first of them: whoever says how the run is doing says it
/// beside it.
void set_output(const std::string& path);
/// From any thread. "" as long as nobody has said.
std::string output();

/// How far a loop is.
struct Loop {
  std::string title, unit;
  long done = 0, total = 0;
  double seconds = 0;  ///< since it began
  double rate = 0;     ///< units a second
};
/// The loop that runs; a beat, too.
void set_loop(const Loop& loop);
/// It is done.
void end_loop(const Loop& loop);
/// From any thread.
std::optional<Loop> current_loop();
/// Those that are done, in their order.
std::vector<Loop> finished_loops();

}  // namespace podscale::pulse
