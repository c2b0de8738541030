#pragma once
// Climatologies and modes of a basis that is not yet complete, on disk: a run that was stopped or
// killed later goes on from them.

#include <optional>
#include <string>

#include "podscale/pod/basis.hpp"
#include "podscale/study/basis_file.hpp"
#include "podscale/study/hr_gaps.hpp"

namespace podscale {

/// Not collective. The same, and the attribute that says which run the file is of.
BasisExtras of_run(const std::string& run, BasisExtras extras);

class BasisStage {
 public:
  /// Not collective. target: basis.nc, whose lock this run holds. identity: on which it depends.
  BasisStage(const Communicator& comm, const std::string& target, const std::string& identity);
  /// Collective. What an earlier run of this identity kept, and how it filled gaps, where HR has
  /// some; the log says so. That of another one is removed, and a damaged one, with a warning.
  std::optional<Basis> find(const StudyOptions& options, std::optional<HrGapModel>& gaps) const;
  /// Collective. Of fit_modes(), as it is; gaps: nullptr without. A full disk is no error: there
  /// is a warning and nothing is kept.
  void keep(Basis& basis, const HrGapModel* gaps) const;
  /// Collective, once the basis is complete.
  void remove() const;

 private:
  const Communicator& comm_;
  std::string target_, folder_, path_, run_;
};

}  // namespace podscale
