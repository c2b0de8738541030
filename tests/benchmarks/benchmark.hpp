#pragma once
// What the stages share: how a thing is timed against its reference, and the table. Not part of
// the tests: nothing here passes or fails.

#include <functional>
#include <string>
#include <vector>

#include "podscale/parallel/communicator.hpp"

namespace podscale::benchmark {

/// cpu: processor time of the process, for what computes on one thread without messages, so that a
/// busy machine disturbs little. wall: for files and messages.
enum class Clock { cpu, wall };

struct Setting {
  const Communicator* comm;
  std::string scratch;  ///< folder for the files, the same on every rank
  int repeats;
};

/// Seconds; of the slowest rank, median of the repeats.
struct Times {
  double subject = 0, reference = 0;
};

/// Collective. One unmeasured call of each, then subject and reference in turn, so that both see
/// the same machine.
Times measure(const Setting& setting, Clock clock, const std::function<void()>& subject,
              const std::function<void()>& reference);
/// Collective. Median of the slowest rank's time, one unmeasured call first.
double measure(const Setting& setting, Clock clock, const std::function<void()>& work);
/// Processor or wall time now, s.
double now(Clock clock);

struct Row {
  std::string what;
  double seconds = 0;  ///< of one call
  double amount = 0;   ///< work of one call, in `unit`
  std::string unit;    ///< "GFLOP", "MB": rates are unit/s
  std::string reference;
  double reference_seconds = 0, reference_amount = 0;
};

/// Collects the rows of a stage and prints them as Markdown on rank 0.
class Table {
 public:
  explicit Table(const Setting& setting) : setting_(&setting) {}
  const Setting& setting() const { return *setting_; }
  void add(Row row) { rows_.push_back(std::move(row)); }
  static void print_head();
  /// Collective. Prints and forgets the rows; peak memory of the largest rank since start_stage().
  void print_stage();
  /// Not collective. Gives freed memory back and starts the peak of this process anew (where the
  /// kernel lets it).
  static void start_stage();

 private:
  const Setting* setting_;
  std::vector<Row> rows_;
};

/// GFLOP/s of sgemm and dgemm, 1024 x 1024 x 1024, on this rank. Collective; measured once.
double sgemm_rate(const Setting& setting);
double dgemm_rate(const Setting& setting);
/// Copies `bytes` bytes: the reference of everything that only moves data.
class Copier {
 public:
  explicit Copier(std::size_t bytes);
  void operator()();

 private:
  std::vector<char> from_, to_;
};

// The stages, each collective.
void pod(Table& table);
void network(Table& table);
void sampling(Table& table);
void codec(Table& table);
void files(Table& table);
void regridding(Table& table);
void transposition(Table& table);

}  // namespace podscale::benchmark
