#pragma once
// What a network is trained, scored and calibrated on: the same periods, told what each regime of
// the base is told.

#include <vector>

#include "podscale/study/calibrate.hpp"
#include "podscale/study/foundation.hpp"
#include "podscale/study/time_inputs.hpp"
#include "podscale/study/token_series.hpp"
#include "podscale/study/validation_score.hpp"

namespace podscale {

/// The pairs of data.train and data.validate.
struct TrainingPairs {
  PeriodPairs train;
  ValidationParts validation;          ///< of the times with all lags
  std::vector<StepPair> without_lags;  ///< other times of data.validate, for regimes that need none
  std::vector<StepPair> choosing() const { return PeriodPairs{validation.choosing, without_lags}.all(); }
};

struct TrainingPart {
  std::size_t regime;
  TokenSeries tokens;                 ///< of data.train
  EncodedPeriod choosing, held_out;   ///< of data.validate
};

/// Collective. With ages: one part for every regime of the base; without: for the first. history:
/// the analyses, nullptr: those of HR. Errors: data (gaps; a regime that a period has no times
/// of).
std::vector<TrainingPart> training_parts(const Communicator& comm, const Foundation& foundation,
                                         const StudySeries& study, const TrainingPairs& pairs, bool told_history,
                                         const FieldSource* history, long block, const GapFiller* gaps);

/// Not collective. What training draws from; parts must outlive it.
TrainingSet training_set(const std::vector<TrainingPart>& parts);

/// Not collective. `times` of data.validate, evenly spread over the choosing part, each told of
/// another regime than the one before.
std::vector<ValidationSubset::Part> scored_times(const Foundation& foundation,
                                                 const std::vector<TrainingPart>& parts, long times);

}  // namespace podscale
