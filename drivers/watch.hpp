#pragma once
// The thread that looks after a run: it ends a job that stands still, and keeps the heartbeat
// file.

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include "heartbeat.hpp"
#include "node.hpp"
#include "podscale/core/standstill.hpp"

namespace podscale {

class Watch {
 public:
  /// Not collective. stuck_after: seconds; 0 = a standstill is nobody's business. heartbeat:
  /// nullptr on the other ranks. All must outlive it. Where the system has no thread to give,
  /// there is a warning.
  Watch(const Node& node, double stuck_after, Heartbeat* heartbeat);
  ~Watch();
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

 private:
  void look_after();
  /// Ends the job by MPI_Abort with the code of requeue: another node may do better.
  void end_job(const Verdict& verdict);
  const Node& node_;
  const double limit_, tick_;
  Heartbeat* const heartbeat_;
  std::mutex lock_;
  std::condition_variable wake_;
  bool over_ = false;
  std::thread thread_;
};

}  // namespace podscale
