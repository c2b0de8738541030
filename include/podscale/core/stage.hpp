#pragma once
// What a program is at: read, climatology, POD, ... The run summary, the heartbeat, the watchdog
// and PETSc's -log_view speak of these stages. Nothing here is collective, and only the main
// thread may enter a stage.

#include <array>
#include <cstddef>

namespace podscale {

enum class StageId : int {
  other,  ///< no stage
  read,
  climatology,
  modes,
  encode,
  regression,
  calibrate,
  train,
  validate,
  sample,
  decode,
  write,
  verify,
};
constexpr std::size_t stage_count = static_cast<std::size_t>(StageId::verify) + 1;

/// "POD", say.
const char* stage_name(StageId id);

/// For as long as it lives the program is at this stage. Stages nest: the time of the inner one is
/// not that of the outer one, so that the times of all of them add up to that of the run.
class Stage {
 public:
  explicit Stage(StageId id);
  ~Stage();
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;

 private:
  StageId outer_;
  bool logged_ = false;  // by PETSc
};

struct StageTime {
  double seconds = 0;
  long times = 0;  ///< entered
};
/// Of this process since it began, the running stage included.
std::array<StageTime, stage_count> stage_times();

/// After PETSc is up: its stages have the names of ours from here on. Once; alike on all ranks, as
/// PETSc's log compares the ranks stage by stage.
void name_petsc_stages();

}  // namespace podscale
