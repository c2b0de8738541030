#pragma once
// What a core, its memory and its messages do in a second: what the cost model divides by.

#include <array>
#include <string>
#include <utility>

#include "podscale/parallel/communicator.hpp"

namespace podscale {

/// Per rank, one thread a rank. The defaults were measured by calibrate_rates() on the machine of
/// doc/scaling.md.
struct MachineRates {
  double dgemm = 41;      ///< GFLOP/s, symmetric products of a patch: 64 values, 256 times
  double sgemm = 124;     ///< GFLOP/s, products of 1024 x 128 x 128 in float32
  double memory = 28;     ///< GB/s, anomalies of a field gathered by patches
  double inflate = 700;   ///< MB/s of shuffled values, deflate level 1
  double deflate = 31;    ///< MB/s of values, level 1
  double message = 3000;  ///< MB/s that leave a rank, all ranks to all
  double latency = 5;     ///< microseconds, a reduction of a few values between two ranks
  bool operator==(const MachineRates&) const = default;
};

/// Name and unit of each, in the order of the file.
struct RateName {
  const char *name, *unit;
  double MachineRates::*rate;
};
const std::array<RateName, 7>& rate_names();

/// Collective on comm. Measures all of them, in a second or two: every rank works at once, the
/// slowest counts. On one rank there are no messages: theirs are the defaults.
MachineRates calibrate_rates(const Communicator& comm);

/// Not collective. Lines "name = value  ! unit", comments after '!'. Errors: io.
void write_rates(const MachineRates& rates, const std::string& path);
/// Collective on comm. Errors: no_input, data (a name that is none, one that is missing or twice,
/// a value that is not above 0), usage (a file of more than 64 KiB), io.
MachineRates read_rates(const Communicator& comm, const std::string& path);

}  // namespace podscale
