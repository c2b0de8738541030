#pragma once
// The periods of each regime of the base, from periods that were encoded once with all that LR
// tells.

#include <initializer_list>
#include <map>
#include <vector>

#include "podscale/study/encoded_period.hpp"
#include "podscale/study/time_inputs.hpp"

namespace podscale {

/// Collective. All analyses that these periods may be told of. history: where they are; nullptr:
/// in the HR series, where those of the periods are encoded already.
Analyses encoded_analyses(const Communicator& comm, const Basis& basis, const StudySeries& study,
                          const FieldSource* history, std::span<const double> ages,
                          std::initializer_list<const EncodedPeriod*> periods, long block);

/// Not collective, the same on every rank. Error(data) for a regime that is fitted to, chosen by
/// or judged on no time at all: nothing would be known of it.
void require_times(const Regime& given, std::size_t train, std::size_t choosing, std::size_t held_out);

class RegimePeriods {
 public:
  /// Not collective. space: of regime 0. analyses: nullptr without history. All must outlive it.
  RegimePeriods(const LatentSpace& space, const SampleAxis& lr, const Analyses* analyses);
  /// Not collective. A period, which must outlive it, whose LR cells and analyses others may be
  /// told of.
  void add(const EncodedPeriod& period);
  /// Not collective. The times of a period that were added that the regime can be fitted to: those
  /// with all lags; all; those with an analysis of its age.
  EncodedPeriod of(std::size_t regime, const EncodedPeriod& period) const;

 private:
  struct Place {
    const EncodedPeriod* period;
    std::size_t sample;
  };
  const LatentSpace* space_;
  const Analyses* analyses_;
  InputChoice choice_;
  std::map<long, Place> of_lr_;  // LR step
};

}  // namespace podscale
