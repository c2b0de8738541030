#pragma once
// What the programs see of the network: no Torch header is needed to include this file.

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "podscale/gaussian/start_noise.hpp"
#include "podscale/parallel/tiles.hpp"
#include "podscale/pod/token_layout.hpp"

namespace podscale {

struct Calibration;
class Communicator;

enum class Prediction { noise, velocity };
/// Of matrix products where a trained network is used: tf32 (of GPUs) and bfloat16 keep 10 and 7
/// bits of the fraction. All else, the state of a sampler too, is float32.
enum class Precision { float32, tf32, bfloat16 };
Precision precision_from_name(const std::string& name);  ///< 'float32', 'tf32', 'bfloat16'
const char* precision_name(Precision precision);

/// Where a trained network runs, and how precisely.
struct Placement {
  std::string device = "cpu";  ///< or "cuda": each rank its own, see device_of_rank
  Precision precision = Precision::float32;
};

struct ModelOptions {
  int width = 128, depth = 4, heads = 4;  ///< width 0, of a namelist only: by the training times
  Prediction prediction = Prediction::noise;
  int diffusion_steps = 1000;  ///< T of the discrete cosine schedule that training draws from
  std::string device = "cpu";  ///< or "cuda": each rank its own, see device_of_rank
  double dropout = 0;          ///< of attention, MLP and last layer, in training
  bool with_head = true;       ///< the Gaussian head was trained
  Precision precision = Precision::float32;  ///< of samples and head, not of the steps of training
  /// Patches along an edge of a tile's own part, and of its halo; 0 and -1: 24, and a sixth of the
  /// edge.
  int tile = 0, tile_halo = -1;
  Placement placement() const { return {device, precision}; }
};

struct TileExtent {
  long edge, halo;  ///< in patches
  long window() const { return edge + 2 * halo; }
};
/// Not collective. The extent of a tile where one is needed; the defaults filled in.
TileExtent tile_extent(const ModelOptions& options);

/// Not collective. The tiles that a network of these options sees a region in; nullptr: all of it
/// at once, where it has no more patches than a window, (tile + 2 halo)^2.
std::shared_ptr<const TileSet> tiles_of(const TokenLayout& layout, const ModelOptions& options);

struct TrainingOptions {
  long steps = 2000;
  int batch = 32;  ///< samples per step over all ranks; a multiple of the number of ranks
  /// Parts of a batch whose gradients are computed one by one: the same bits at any number of
  /// ranks that divides it. 0: see groups_of_batch.
  int groups = 0;
  long warmup = 100;
  double rate = 5e-4, rate_floor = 0.05;  ///< peak of the cosine, floor as a fraction of it
  double weight_decay = 0.01, clip = 1.0, ema_decay = 0.999;
  long validate_every = 200, checkpoint_every = 500;
  long patience = 0;  ///< validations in a row without a gain after which training ends; 0: never
  std::uint64_t seed = 1;
  double diffusion_weight = 1, head_weight = 0;  ///< of the two losses; 0: not trained, not computed
  double condition_noise = 0;  ///< standard deviation of noise on the standardised condition
};

/// Not collective. TrainingOptions::groups, or where it is 0: on a CPU the largest power of two up
/// to 8 that divides the batch, if the ranks divide it; else as many as ranks.
int groups_of_batch(const TrainingOptions& training, bool on_cpu, int ranks);

/// Standardised tokens of all times, each on the rank that owns its patch.
struct TrainingSet {
  long items = 0;                     ///< times
  std::span<const float> latent;      ///< [items][tokens of this rank][K]
  std::span<const float> condition;   ///< [items][tokens of this rank][C]
  std::span<const float> year_phase;  ///< [items] in [0, 1)
  /// Condition values that the rows hold, the others are 0: [items][tokens][columns]; empty: all
  /// of them.
  std::vector<std::size_t> columns{};
  /// The same period told of an HR analysis of some age, or of less: a sample is drawn from each
  /// of these sets and this one alike, where it has times.
  std::vector<TrainingSet> others{};
  /// Token numbers of this rank, each on one rank; all_tokens: those of the layout, of one that
  /// trains alone.
  std::vector<long> tokens{};
  bool all_tokens = true;
};

enum class SamplerKind { angle, dpm_solver, ddim, ancestral };
SamplerKind sampler_from_name(const std::string& name);  ///< 'angle', 'dpm-solver++', 'ddim', 'ancestral'
struct SamplerOptions {
  SamplerKind kind = SamplerKind::ddim;
  int steps = 100;
  std::uint64_t seed = 1;
  std::shared_ptr<const PersistentNoise> coherent{};  ///< start noise that persists in time; none: independent
};

/// Draws members of one time: as Model::sample with fixed options. Not collective.
using SampleFunction =
    std::function<void(std::span<const float> condition, float year_phase, std::uint64_t time_key,
                       int first_member, int count, std::span<float> out, const Temperature& temperature)>;
/// As Model::head.
using HeadFunction = std::function<void(std::span<const float> condition, float year_phase,
                                        std::span<float> mean, std::span<float> variance)>;
/// Members of one time on one tile, or its head there.
struct TileRequest {
  const Tile* tile = nullptr;
  std::span<const float> condition{};  ///< [tokens of the tile][C]
  float year_phase = 0;
  std::uint64_t time_key = 0;
  int first_member = 0, count = 0;
  const Temperature* temperature = nullptr;
};
/// Members of several requests on their way from noise to samples, step by step.
class TileSampling {
 public:
  virtual ~TileSampling() = default;
  virtual int steps() const = 0;
  /// Not collective. A step of request i: each once, for every step in turn.
  virtual void advance(std::size_t i) = 0;
  /// Not collective. Where request i has come to, on the host: [count][tokens of the tile][K]. May
  /// be written to between steps: what neighbours say of the halo.
  virtual std::span<float> state(std::size_t i) = 0;
};
/// What is asked for must outlive the sampling.
using TileSampleFunction = std::function<std::unique_ptr<TileSampling>(std::span<const TileRequest>)>;
/// [tokens of the tile][K] each.
using TileHeadFunction =
    std::function<void(const TileRequest&, std::span<float> mean, std::span<float> variance)>;

struct NetworkFunctions {
  SampleFunction sample;  ///< of the whole region, where it is one tile
  HeadFunction head;
  std::shared_ptr<const TileSet> tiles{};  ///< nullptr: the region is one tile
  TileSampleFunction sample_tiles{};
  TileHeadFunction head_tile{};
};

/// A trained network, read-only, for sampling: what the forecasts need of it, whatever it is made
/// of.
class TokenNetwork {
 public:
  virtual ~TokenNetwork() = default;
  /// Not collective. Both ways to use it, with fixed sampler options; the network must outlive
  /// them.
  virtual NetworkFunctions functions(const SamplerOptions& options) const = 0;
  virtual const ModelOptions& options() const = 0;
  /// Of head or members, in a regime of the reference forecast; times = 0: none.
  virtual const Calibration& calibration(bool head, std::size_t regime = 0) const = 0;
  virtual std::size_t regimes() const = 0;  ///< that it was trained on, the first ones
  virtual std::string checksum() const = 0;                     ///< of the weights
  virtual long parameters() const = 0;
  virtual long best_step() const = 0;
  virtual const std::string& criterion() const = 0;  ///< that the weights were selected by
};

/// The score of the weights behind the functions, lower is better. Collective, the same value on
/// every rank.
using ValidationScore = std::function<double(const NetworkFunctions& network)>;

/// Trains a network data-parallel over ranks.
class NetworkTrainer {
 public:
  virtual ~NetworkTrainer() = default;
  /// How validation members are drawn; the default is DDIM with 20 steps.
  virtual void set_validation_sampler(const SamplerOptions& sampler) = 0;
  /// What the validation score is, in words. Where model_file has weights that another one
  /// selected, run() scores them and step 0 again first; weights that do not beat step 0 are given
  /// up, and calibrations with them.
  virtual void set_criterion(const std::string& criterion) = 0;
  /// Collective. Runs to options.steps, or until options.patience is exhausted; validates at step
  /// 0, every validate_every steps and at the end; keeps the averaged weights of the best score;
  /// writes the checkpoint every checkpoint_every steps, and when should_stop() is true on any
  /// rank (asked at every step; then returns false).
  virtual bool run(const TrainingSet& data, const ValidationScore& score,
                   const std::function<bool()>& should_stop) = 0;
  /// Not collective. One a regime; kept in the file by the next save(); more training drops them.
  virtual void set_calibrations(const std::vector<Calibration>& head,
                                const std::vector<Calibration>& ensemble) = 0;
  /// Collective; rank 0 writes to a temporary name and renames.
  virtual void save() const = 0;
  virtual long step() const = 0;
  virtual long parameters() const = 0;
  virtual long best_step() const = 0;
};

/// The networks that a build has: the Vision Transformer of LibTorch (podscale_vit), or none.
struct NetworkBackend {
  std::string versions;  ///< for --version: a line on the library
  /// Before the first tensor: threads of the library and of BLAS; 0 = cores / ranks on this node.
  std::function<void(int threads)> tune_process;
  /// Collective on comm. Where this rank's network runs: 'cpu', or 'cuda:N' for 'cuda'.
  /// Error(usage), agreed, where the library finds no such device on the node of a rank, or lacks
  /// the precision there.
  std::function<std::string(const Communicator& comm, const Placement& wanted)> device_of_rank;
  /// Collective. As Model::load, as Trainer.
  std::function<std::unique_ptr<TokenNetwork>(const Communicator& comm, const std::string& path,
                                              const TokenLayout& layout, const std::string& basis_checksum,
                                              const Placement& placement, const std::string& basis)>
      load;
  std::function<std::unique_ptr<NetworkTrainer>(
      const Communicator& comm, const TokenLayout& layout, const ModelOptions& model,
      const TrainingOptions& training, const std::string& basis_checksum, const std::string& model_file,
      bool resume, const std::string& effective_namelist, const std::string& basis)>
      trainer;
};
/// Not collective. Of this build; where it has none (PODSCALE_NETWORK=OFF), load and trainer are
/// refused: Error(usage).
const NetworkBackend& network_backend();

}  // namespace podscale
