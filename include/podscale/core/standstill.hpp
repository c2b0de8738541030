#pragma once
// When processes that work together stand still, and which of them is to blame: the judgement of a
// watchdog, from what it reads of each. Knows neither clocks nor MPI; nothing here is collective.

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace podscale {

/// What is read of one process: see pulse::Signs.
struct SignsOfLife {
  std::uint64_t beats = 0, meetings = 0;
  bool waiting = false;  ///< in a collective call
  double computed = 0;   ///< seconds of its cores so far
};

/// Why nothing goes on.
enum class Blame {
  stuck,    ///< it neither waits for others nor computes
  endless,  ///< it computes, far longer than anything may take
  all,      ///< each waits for the others
};
struct Verdict {
  Blame blame = Blame::all;
  std::vector<std::size_t> culprits;  ///< indices of the processes that are to blame
  double seconds = 0;                 ///< of standstill
};

/// To be asked every now and then, with what was read and the time since it was asked last. A
/// process that was itself stopped for a while tells it by the time between two questions, which
/// counts as no more than a few usual ones: a suspended job does not stand still.
///
/// Nobody has moved for `limit` seconds: then those are stuck that neither wait in a collective
/// call nor compute. Where there is none, because some compute (a long call of BLAS, say), ten
/// times the limit is theirs. Where all wait, they wait for each other, unless there are `others`
/// elsewhere, on other nodes, whose watchdogs see them.
class Standstill {
 public:
  /// limit: seconds, above 0. tick: the usual time between two questions.
  Standstill(double limit, double tick, bool others);
  std::optional<Verdict> judge(double elapsed, std::span<const SignsOfLife> now);
  /// Seconds since any of them moved.
  double seconds() const { return still_; }

 private:
  double limit_, tick_, still_ = 0;
  bool others_;
  std::vector<SignsOfLife> at_start_;  // of the standstill
};

}  // namespace podscale
