#pragma once
// What a study costs: seconds and memory of each program by the number of ranks (doc/scaling.md).

#include <array>
#include <string>
#include <vector>

#include "podscale/study/machine_rates.hpp"
#include "podscale/study/study_size.hpp"

namespace podscale {

enum class Program { basis, train, downscale, verify };
inline constexpr std::array kPrograms{Program::basis, Program::train, Program::downscale, Program::verify};
const char* program_name(Program program);  ///< "podscale-basis"

/// Of the rank that has most. Seconds on a core of its own; MiB at the peak.
struct Cost {
  double start = 0;            ///< s, until the work begins
  double compute = 0;          ///< s
  double transposition = 0;    ///< s, of tokens, and of fields from readers to owners
  double halo = 0;             ///< s, of overlaps and of sums over ranks
  double io = 0;               ///< s, inflating and deflating
  double memory = 0;           ///< MiB a rank
  double largest_message = 0;  ///< MiB that leave a rank in one exchange
  double seconds() const { return start + compute + transposition + halo + io; }
};

/// What one rank of so many has of a region: the largest share.
struct RankShare {
  RankShare(const StudySize& size, int ranks);
  double points = 0;   ///< values of a field on its window
  double patches = 0;  ///< with ocean
  double edge = 0;     ///< points along the border of its window
};

/// Not collective.
Cost predict(Program program, const StudySize& size, const MachineRates& rates, int ranks);
/// Not collective. The memory of it alone: bytes that are counted, MiB.
double predict_memory(Program program, const StudySize& size, int ranks);

/// Not collective. Into how many parts podscale-verify cuts the rows on so many ranks.
int verify_parts(const StudySize& size, int ranks);

/// Not collective. What keeps a program from so many ranks, in words; "": nothing does.
std::string why_not(Program program, const TrainingOptions& training, int ranks);

/// How many ranks a study wants.
struct RankAdvice {
  int ranks = 1;  ///< the most that still work at `least_efficiency` or more
  double efficiency = 1;
  std::string reason;  ///< why no more
};
constexpr double least_efficiency = 0.7;
/// Not collective. Of one program, among 1, 2, 4, ... up to `most`.
RankAdvice advise(Program program, const StudySize& size, const MachineRates& rates, int most);

}  // namespace podscale
