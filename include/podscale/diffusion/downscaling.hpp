#pragma once
// From LR fields to mean, variance and members: the work of podscale-downscale, and the same for validation
// scores.

#include <functional>
#include <span>
#include <vector>

#include "podscale/diffusion/model.hpp"
#include "podscale/pod/basis_file.hpp"

namespace podscale {

/// Members of several times, dealt over ranks as work items of (time, group of `batch` members), each always
/// computed in a batch of that size: a member is the same bits at any rank count with the same number of
/// threads.
struct EnsemblePlan {
  int members = 24;
  int batch = 8;
  long groups() const { return (members + batch - 1) / batch; }
};

/// Collective. Condition tokens by space [times][local patches][K] -> member tokens by space
/// [times][groups][local patches][batch][K], standardised; members beyond plan.members are padding.
/// year_phase, time_key: [times].
std::vector<float> sample_ensemble(const Communicator& comm, const Basis& basis, const EnsemblePlan& plan,
                                   const SampleFunction& sample, std::span<const float> condition,
                                   std::span<const float> year_phase,
                                   std::span<const std::uint32_t> time_key);

/// Mean, variance and members of one time from its member tokens. Not collective.
class EnsembleDecoder {
 public:
  EnsembleDecoder(const Basis& basis, const EnsemblePlan& plan);
  /// tokens: [groups][local patches][batch][K] of one time. mean, variance: [window points] degC and K2 in
  /// closed form (truncation variance included), NaN on land; climatology: [window points] degC.
  void moments(std::span<const float> tokens, std::span<const double> climatology, std::span<double> mean,
               std::span<double> variance) const;
  /// Member m decoded: [window points] degC, NaN on land. In the space of the retained modes: no truncation
  /// noise.
  void member(std::span<const float> tokens, int m, std::span<const double> climatology,
              std::span<double> field) const;

 private:
  const float* token(std::span<const float> tokens, int member, std::size_t patch) const;
  const Basis* basis_;
  EnsemblePlan plan_;
  std::vector<double> scale_;  // [local patches][K]
};

}  // namespace podscale
