#include "podscale/study/regime_training.hpp"

#include <algorithm>
#include <map>
#include <optional>

#include "podscale/study/regime_periods.hpp"

namespace podscale {

std::vector<TrainingPart> training_parts(const Communicator& comm, const Foundation& foundation,
                                         const StudySeries& study, const TrainingPairs& pairs, bool told_history,
                                         const FieldSource* history, long block, const GapFiller* gaps) {
  const LatentSpace& space = foundation.space;
  const EncodedPeriod choosing = encode_period(comm, space, study, pairs.choosing(), block, gaps),
                      held_out = encode_period(comm, space, study, pairs.validation.held_out, block, gaps),
                      train = encode_period(comm, space, study, pairs.train.all(), block, gaps);
  std::vector<TrainingPart> parts;
  if (!told_history) {
    parts.push_back({0, token_series(comm, space, train, block), choosing, held_out});
    return parts;
  }
  const Analyses analyses = encoded_analyses(comm, foundation.basis, study, history, foundation.reference->ages,
                                             {&train, &choosing, &held_out}, block);
  RegimePeriods periods(space, study.lr.times(), &analyses);
  for (const EncodedPeriod* period : {&train, &choosing, &held_out}) periods.add(*period);
  for (std::size_t r = 0; r < foundation.spaces.size(); ++r) {
    const EncodedPeriod of_train = periods.of(r, train);
    EncodedPeriod of_choosing = periods.of(r, choosing), of_held_out = periods.of(r, held_out);
    require_times(foundation.reference->regime(r).given, of_train.size(), of_choosing.size(),
                  of_held_out.size());
    parts.push_back({r, token_series(comm, foundation.spaces[r], of_train, block), std::move(of_choosing),
                     std::move(of_held_out)});
  }
  return parts;
}

TrainingSet training_set(const std::vector<TrainingPart>& parts) {
  TrainingSet set = parts.front().tokens.set();
  for (std::size_t i = 1; i < parts.size(); ++i) set.others.push_back(parts[i].tokens.set());
  return set;
}

std::vector<ValidationSubset::Part> scored_times(const Foundation& foundation,
                                                 const std::vector<TrainingPart>& parts, long times) {
  const std::size_t local = foundation.basis.patches.mine.size();
  std::vector<std::map<long, std::size_t>> of_step(parts.size());  // time of a part by its HR step
  for (std::size_t i = 0; i < parts.size(); ++i)
    for (std::size_t t = 0; t < parts[i].choosing.size(); ++t)
      of_step[i].emplace(parts[i].choosing.samples[t].a, t);
  std::vector<EncodedPeriod> periods(parts.size());
  std::size_t turn = 0;
  for (const StepPair& pair : spread(parts.front().choosing.samples, times)) {
    std::size_t i = turn++ % parts.size();
    if (!of_step[i].contains(pair.a)) i = 0;
    append_time(periods[i], parts[i].choosing, of_step[i].at(pair.a), local);
  }
  std::vector<ValidationSubset::Part> scored;
  for (std::size_t i = 0; i < parts.size(); ++i)
    if (periods[i].size() > 0)
      scored.push_back({&foundation.spaces[parts[i].regime],
                        foundation.reference->regime(parts[i].regime).calibration.inflation,
                        std::move(periods[i])});
  return scored;
}

}  // namespace podscale
