#pragma once
// What a written member holds beside its modes: noise with the covariance of what they leave out
// in space (PatchModes::left_out) and in time (TimeCovariance::truncation). Method: section 4.16.

#include <cstdint>
#include <optional>
#include <span>

#include "podscale/gaussian/coherent_noise.hpp"
#include "podscale/pod/basis.hpp"

namespace podscale {

class TruncationNoise {
 public:
  /// Not collective. basis must outlive it. time: independent in time where that is not coherent,
  /// or is not wanted to be.
  TruncationNoise(const Basis& basis, LeftOut columns, std::uint64_t seed, const TimeCovariance& time,
                  bool coherent);
  /// Not collective. Of a member (from 0) at a time (SampleAxis::time_key), of the folded anomaly:
  /// [values of a field], 0 on land. variance: factor on tau. The same bits at any number of
  /// ranks.
  std::vector<double> field(std::uint64_t time_key, int member, double variance) const;
  void set_calendar(Calendar calendar) const;  ///< as CoherentNoise

 private:
  const Basis* basis_;
  LeftOut columns_;
  CounterRandom random_;
  std::optional<CoherentNoise> coherent_;
};

}  // namespace podscale
