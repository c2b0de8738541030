#pragma once
// Training that meets a number that is not finite: back to the last good state, at a lower rate.
// Private to this folder.

#include <functional>

#include "training_run.hpp"

namespace podscale {

/// Collective. Returns what `attempt` returns, the steps that are left. Where it ends with
/// NotFinite, the state is that of the last checkpoint again (`from_file`), or of step 0 where
/// there is none yet (`anew`), the rate is halved and the attempt repeated: three times at most,
/// over all restarts of one training, since a checkpoint keeps its rate. Then Error(bug), agreed,
/// that says where it stands; where no step has been made yet, Error(data) at once.
bool with_recoveries(TrainingRun& run, WeightUpdate& optimizer, const std::function<bool()>& attempt,
                     const std::function<void()>& from_file, const std::function<void()>& anew);

}  // namespace podscale
