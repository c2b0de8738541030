#pragma once
// What podscale-init puts into a namelist, and why: from the series themselves.

#include <array>
#include <string>
#include <vector>

#include "podscale/study/series.hpp"

namespace podscale {

/// A namelist that grows key by key, each with the reason for its value.
class NamelistDraft {
 public:
  /// Not collective. value: as a namelist has it; set again, it replaces the earlier one.
  void set(const std::string& key, std::string value, std::string why = "");
  /// Not collective. Groups and keys in the order in which they were first set.
  std::string text() const;
  StudyOptions options() const { return options_of_text(text(), "podscale-init"); }
  static std::string quoted(const std::string& text);
  static std::string quoted(const std::vector<std::string>& texts);

 private:
  struct Line {
    std::string group, name, value, why;
  };
  std::vector<Line> lines_;
};

/// First and last day, 'YYYY-MM-DD', as the namelist wants them.
using Days = std::array<std::string, 2>;
struct SuggestedPeriods {
  Days train, validate, downscale;
  Days sample;    ///< the end of train, that patches and modes are chosen on
  int years = 0;  ///< whole years of train, 0: fewer than four in all
};
/// Not collective, the same on all ranks. Of the times that both have: pairs of steps of hr.
/// Error(data) where they are too few for three periods.
SuggestedPeriods suggest_periods(const SampleAxis& hr, const SampleAxis& lr,
                                 const std::vector<StepPair>& pairs);

/// Not collective. The most annual harmonics, up to 2, that some steps determine.
int suggest_harmonics(const SampleAxis& times, std::span<const long> steps);

/// Not collective. HR points a LR cell, along y and x.
Position resolution_ratio(const Mesh& hr, const Mesh& lr);

/// Collective. Sets patches.*, base.halo and base.rank. Trial bases of data.train = sample decide;
/// draft holds &data and basis.harmonics; pairs: in the training period.
void suggest_patches(const Communicator& comm, const StudySeries& study, const Days& sample, long pairs,
                     NamelistDraft& draft);

/// Collective. Sets base.lags where the steps of lr are days that go on being alike.
void suggest_lags(const Communicator& comm, const FieldSource& lr, const Days& sample, int harmonics,
                  NamelistDraft& draft);

}  // namespace podscale
