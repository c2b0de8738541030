#include "podscale/core/stage.hpp"

#include <petscsys.h>

#include <chrono>

#include "podscale/core/petsc.hpp"
#include "podscale/core/pulse.hpp"

namespace podscale {
namespace {

using Clock = std::chrono::steady_clock;

struct State {
  std::array<StageTime, stage_count> times{};
  StageId now = StageId::other;
  Clock::time_point since = Clock::now();
  std::array<PetscLogStage, stage_count> petsc{};
  bool named = false;
};
State& state() {
  static State all;
  return all;
}
/// The clock of the run begins with it.
[[maybe_unused]] const State& first_use = state();

std::size_t index(StageId id) {
  return static_cast<std::size_t>(id);
}

void change_to(StageId id) {
  State& s = state();
  const auto now = Clock::now();
  s.times[index(s.now)].seconds += std::chrono::duration<double>(now - s.since).count();
  s.now = id;
  s.since = now;
  pulse::signs().stage.store(static_cast<int>(id), std::memory_order_relaxed);
  pulse::beat();
}

bool petsc_is_up() {
  PetscBool up = PETSC_FALSE, down = PETSC_FALSE;
  return PetscInitialized(&up) == 0 && PetscFinalized(&down) == 0 && up && !down;
}

}  // namespace

const char* stage_name(StageId id) {
  constexpr std::array<const char*, stage_count> names{
      "other", "read",     "climatology", "POD",    "encode", "regression", "calibrate",
      "train", "validate", "sample",      "decode", "write",  "verify"};
  const std::size_t at = index(id);
  return at < names.size() ? names[at] : names[0];
}

Stage::Stage(StageId id) : outer_(state().now) {
  change_to(id);
  ++state().times[index(id)].times;
  logged_ = state().named && PetscLogStagePush(state().petsc[index(id)]) == 0;
}

Stage::~Stage() {
  if (logged_ && petsc_is_up()) static_cast<void>(PetscLogStagePop());
  change_to(outer_);
}

std::array<StageTime, stage_count> stage_times() {
  change_to(state().now);
  return state().times;
}

void name_petsc_stages() {
  for (std::size_t i = 1; i < stage_count; ++i)
    PODSCALE_PETSC(PetscLogStageRegister(stage_name(static_cast<StageId>(i)), &state().petsc[i]));
  state().named = true;
}

}  // namespace podscale
