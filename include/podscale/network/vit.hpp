#pragma once
// The Vision Transformer of LibTorch, as network and as trainer. No Torch header is needed to
// include this file.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "podscale/network/model_summary.hpp"
#include "podscale/parallel/communicator.hpp"

namespace podscale {

/// The trained Vision Transformer. Weights are the exponential moving average at the best
/// validation score.
class Model final : public TokenNetwork {
 public:
  /// Collective on comm: rank 0 reads, all get the bytes. basis: its name, for the error. Errors:
  /// no_input, data (not a model of ours, damaged, layout or basis_checksum that differ from those
  /// given).
  static Model load(const Communicator& comm, const std::string& path, const TokenLayout& layout,
                    const std::string& basis_checksum, const Placement& placement,
                    const std::string& basis = "the basis here");
  Model(Model&&) noexcept;
  ~Model() override;

  /// Not collective. Members first_member .. first_member + count - 1 of one time. condition:
  /// [P][C]; out: [count][P][K]. The same bits on any rank for the same (seed, time_key,
  /// first_member, count): callers cut the members into the same groups everywhere and pad the
  /// last one (EnsemblePlan). In another group a member is the same to rounding only, since BLAS
  /// treats the last rows of a product differently.
  void sample(const SamplerOptions& options, std::span<const float> condition, float year_phase,
              std::uint64_t time_key, int first_member, int count, std::span<float> out,
              const Temperature& temperature = {}) const;
  /// Not collective. One evaluation: mean and variance of the latents of one time, [P][K] each; 0
  /// and 1 in padding; also everywhere before training, which is the base.
  void head(std::span<const float> condition, float year_phase, std::span<float> mean,
            std::span<float> variance) const;
  NetworkFunctions functions(const SamplerOptions& options) const override;
  const ModelOptions& options() const override;
  const Calibration& calibration(bool head, std::size_t regime = 0) const override;
  std::size_t regimes() const override;
  std::string checksum() const override;
  long parameters() const override;
  long best_step() const override;
  const std::string& criterion() const override;

 private:
  friend class Trainer;
  struct State;
  explicit Model(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// Trains the Vision Transformer.
class Trainer final : public NetworkTrainer {
 public:
  /// Collective. A new network (initial weights from seed), or, if `model_file` is there and
  /// resume is set, the state in it: weights, moving average, optimizer, step, history; then the
  /// continuation in the same number of groups (training.groups), on any number of ranks that
  /// divides it, is bit-identical to a run that never stopped. Errors: data (layout, options or
  /// basis checksum differ).
  Trainer(const Communicator& comm, const TokenLayout& layout, const ModelOptions& model,
          const TrainingOptions& training, const std::string& basis_checksum, const std::string& model_file,
          bool resume, const std::string& effective_namelist, const std::string& basis = "the basis here");
  Trainer(Trainer&&) noexcept;
  ~Trainer() override;

  void set_validation_sampler(const SamplerOptions& sampler) override;
  void set_criterion(const std::string& criterion) override;
  bool run(const TrainingSet& data, const ValidationScore& score,
           const std::function<bool()>& should_stop) override;
  void set_calibrations(const std::vector<Calibration>& head,
                        const std::vector<Calibration>& ensemble) override;
  void save() const override;
  long step() const override;
  long parameters() const override;
  long best_step() const override;

 private:
  struct State;
  bool run_steps(const TrainingSet& data, const ValidationScore& score,
                 const std::function<bool()>& should_stop);
  std::unique_ptr<State> state_;
};

/// Collective on comm. This rank's number among those of comm on its node.
int node_rank(const Communicator& comm);
/// Not collective. Number of a rank's device: the ranks of a node take its devices in turn.
int device_index(int node_rank, int devices);
/// Collective on comm. See NetworkBackend.
std::string device_of_rank(const Communicator& comm, const Placement& wanted);

/// Collective over the program, before the first tensor: keeps glibc from giving large tensors
/// back to the system, and sets the threads of Torch and BLAS to `threads` (0 = cores / ranks on
/// this node; then, once MPI is up, collective over the program). See doc/layout.md.
void tune_process(int threads);

}  // namespace podscale
