#pragma once
// A small JSON file that says how a run is doing, for those who look from outside: rewritten every
// minute, each time as a whole. Nothing here is collective.

#include <sys/types.h>

#include <memory>
#include <string>

#include "podscale/file/output_file.hpp"
#include "run_facts.hpp"

namespace podscale {

class Heartbeat {
 public:
  /// Rank 0 only. path: "" where the file is to be beside the first output, once there is one, as
  /// .<name>.heartbeat; that one goes when the run ends. A file with a name of its own stays, and
  /// says how the run ended. Writes it where it can; Error(io) where a file of that name cannot be
  /// written.
  Heartbeat(const RunFacts& facts, const std::string& path);
  Heartbeat(const Heartbeat&) = delete;
  Heartbeat& operator=(const Heartbeat&) = delete;

  /// From one thread at a time. idle: seconds since anything moved. Writes where a minute has gone
  /// by (PODSCALE_HEARTBEAT_SECONDS: another time). What cannot be written is tried again then.
  void beat(double idle);
  /// state: "finished", "stopped", "failed", "stuck".
  void end(const std::string& state, int exit_code);

 private:
  bool find_path();
  bool is_of_the_dead() const;  ///< the file there, of a process of this host
  bool write(const std::string& state, double idle, const int* exit_code);
  const RunFacts facts_;
  std::string path_;
  bool keep_;
  double every_ = 60, next_ = 0, start_ = 0;
  ino_t written_ = 0;
  std::unique_ptr<DoomedFile> doomed_;
};

}  // namespace podscale
