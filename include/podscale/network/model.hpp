#pragma once
// What the programs see of the network: no Torch header is needed to include this file.

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "podscale/gaussian/calibration.hpp"
#include "podscale/parallel/communicator.hpp"
#include "podscale/pod/token_layout.hpp"

namespace podscale {

enum class Prediction { noise, velocity };

struct ModelOptions {
  int width = 128, depth = 4, heads = 4;
  Prediction prediction = Prediction::noise;
  int diffusion_steps = 1000;  ///< T of the discrete cosine schedule that training draws from
  std::string device = "cpu";
  double dropout = 0;     ///< of attention, MLP and last layer, in training
  bool with_head = true;  ///< the Gaussian head was trained
};

struct TrainingOptions {
  long steps = 2000;
  int batch = 32;  ///< samples per step over all ranks; a multiple of the number of ranks
  long warmup = 100;
  double rate = 5e-4, rate_floor = 0.05;  ///< peak of the cosine, floor as a fraction of it
  double weight_decay = 0.01, clip = 1.0, ema_decay = 0.999;
  long validate_every = 200, checkpoint_every = 500;
  std::uint64_t seed = 1;
  double diffusion_weight = 1, head_weight = 0;  ///< of the two losses; 0: not trained, not computed
  double condition_noise = 0;  ///< standard deviation of noise on the standardised condition
};

/// Standardised tokens of this rank's items (times): contiguous shares of the series, see Transposition.
struct TrainingSet {
  long items = 0;
  std::span<const float> latent;      ///< [items][P][K]
  std::span<const float> condition;   ///< [items][P][C]
  std::span<const float> year_phase;  ///< [items] in [0, 1)
};

enum class SamplerKind { angle, dpm_solver, ddim, ancestral };
SamplerKind sampler_from_name(const std::string& name);  ///< 'angle', 'dpm-solver++', 'ddim', 'ancestral'
struct SamplerOptions {
  SamplerKind kind = SamplerKind::ddim;
  int steps = 100;
  std::uint64_t seed = 1;
};

/// Factors on the standard deviation of the noise that sampling starts from: how calibration reaches members.
struct Temperature {
  float patch = 1, global = 1;
  std::vector<float> mode{};  ///< of each mode of a patch, relative to `patch`; empty: all 1
  float of_mode(std::size_t m) const { return patch * (m < mode.size() ? mode[m] : 1.0f); }
};

/// Draws members of one time: as Model::sample with fixed options. Not collective.
using SampleFunction =
    std::function<void(std::span<const float> condition, float year_phase, std::uint64_t time_key,
                       int first_member, int count, std::span<float> out, const Temperature& temperature)>;
/// As Model::head.
using HeadFunction = std::function<void(std::span<const float> condition, float year_phase,
                                        std::span<float> mean, std::span<float> variance)>;
struct NetworkFunctions {
  SampleFunction sample;
  HeadFunction head;
};

/// One history row per validation.
struct ValidationRecord {
  long step = 0;
  double loss = 0, score = 0;
};

/// The trained network: read-only, for sampling. Weights are the exponential moving average at the best
/// validation score.
class Model {
 public:
  /// Collective on comm: rank 0 reads, all get the bytes. Errors: no_input, data (not a model of ours, layout
  /// or basis_checksum that differ from those given).
  static Model load(const Communicator& comm, const std::string& path, const TokenLayout& layout,
                    const std::string& basis_checksum, const std::string& device);
  Model(Model&&) noexcept;
  ~Model();

  /// Not collective. Members first_member .. first_member + count - 1 of one time. condition: [P][C]; out:
  /// [count][P][K]. The same bits on any rank for the same (seed, time_key, first_member, count): callers cut
  /// the members into the same groups everywhere and pad the last one (EnsemblePlan). In another group a
  /// member is the same to rounding only, since BLAS treats the last rows of a product differently.
  void sample(const SamplerOptions& options, std::span<const float> condition, float year_phase,
              std::uint64_t time_key, int first_member, int count, std::span<float> out,
              const Temperature& temperature = {}) const;
  /// Not collective. One evaluation: mean and variance of the latents of one time, [P][K] each; 0 and 1 in
  /// padding; also everywhere before training, which is the base.
  void head(std::span<const float> condition, float year_phase, std::span<float> mean,
            std::span<float> variance) const;
  /// Both with fixed sampler options; the model must outlive them.
  NetworkFunctions functions(const SamplerOptions& options) const;
  const ModelOptions& options() const;
  const Calibration& calibration(bool head) const;  ///< of the head or of members; times = 0: none
  std::string checksum() const;                     ///< of the weights
  long parameters() const;
  long best_step() const;
  const std::string& criterion() const;  ///< that the weights were selected by

 private:
  friend class Trainer;
  struct State;
  explicit Model(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// The score of the weights behind the functions, lower is better. Collective, the same value on every rank.
using ValidationScore = std::function<double(const NetworkFunctions& network)>;

/// Trains a denoiser data-parallel over ranks.
class Trainer {
 public:
  /// Collective. A new network (initial weights from seed), or, if `model_file` is there and resume is set,
  /// the state in it: weights, moving average, optimizer, step, history; then the continuation on the same
  /// number of ranks is bit-identical to a run that never stopped. Errors: data (layout, options or basis
  /// checksum differ).
  Trainer(const Communicator& comm, const TokenLayout& layout, const ModelOptions& model,
          const TrainingOptions& training, const std::string& basis_checksum, const std::string& model_file,
          bool resume, const std::string& effective_namelist);
  Trainer(Trainer&&) noexcept;
  ~Trainer();

  /// How validation members are drawn; the default is DDIM with 20 steps.
  void set_validation_sampler(const SamplerOptions& sampler);
  /// What the validation score is, in words. Where model_file has weights that another one selected, run()
  /// scores them and step 0 again first; weights that do not beat step 0 are given up, and calibrations with
  /// them.
  void set_criterion(const std::string& criterion);
  /// Collective. Runs to options.steps; validates at step 0, every validate_every steps and at the end; keeps
  /// the averaged weights of the best score; writes the checkpoint every checkpoint_every steps, and when
  /// should_stop() is true on any rank (asked at every step; then returns false).
  bool run(const TrainingSet& data, const ValidationScore& score, const std::function<bool()>& should_stop);
  /// Not collective. Kept in the file by the next save(); more training drops them.
  void set_calibrations(const Calibration& head, const Calibration& ensemble);
  /// Collective; rank 0 writes to a temporary name and renames.
  void save() const;
  long step() const;
  long parameters() const;
  long best_step() const;
  const std::vector<ValidationRecord>& history() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Collective; for podscale-inspect: what a model file says of itself, without building a network.
struct ModelSummary {
  ModelOptions options;
  TokenLayout layout;
  long step = 0, best_step = 0, parameters = 0;
  double best_score = 0;
  int ranks = 1;
  std::string basis_checksum, weights_checksum, effective_namelist, version;
  std::string criterion;  ///< that best_score is by, in words; "" in older files
  Calibration head_calibration, ensemble_calibration;
  std::vector<ValidationRecord> history;
};
ModelSummary inspect_model(const Communicator& comm, const std::string& path);

/// Collective over the program, before the first tensor: keeps glibc from giving large tensors back to the
/// system, and sets the threads of Torch and BLAS to `threads` (0 = cores / ranks on this node; then, once
/// MPI is up, collective over the program). See doc/layout.md.
void tune_process(int threads);
/// For --version: a line on Torch.
std::string network_versions();

}  // namespace podscale
