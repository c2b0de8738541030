#pragma once
// What the programs see of the training of a window network: no Torch header is needed to include
// this file.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "podscale/gaussian/pooled_base.hpp"
#include "podscale/network/training_summary.hpp"
#include "podscale/network/window_network.hpp"

namespace podscale {

class Communicator;

struct WindowModelOptions {
  WindowShape shape{};
  int width = 128, layers = 4;  ///< token-local layers of two matrices each
  int blocks = 0, heads = 4;    ///< transformer blocks over tiles; 0: every window by itself
  int tile = 8;                 ///< patches of a tile's side, between which attention is
  bool members = false;         ///< with a denoiser of the residual
  int modes = 0;                ///< K of the base: what a member has
  int turns = 8;                ///< of a window, 1 to 8, over which its correction is averaged
  /// Patches of a side that training draws together.
  int drawn_side() const { return blocks > 0 || members ? tile : 1; }
};

struct WindowTrainingOptions {
  double tokens = 30e6;  ///< seen in all
  int batch = 2048;      ///< windows a step over all ranks; a multiple of ranks and tiles
  long warmup = 200;
  double rate = 1e-3, rate_floor = 0.01;  ///< peak of the cosine, floor as a fraction of it
  double weight_decay = 0.01, clip = 1.0, ema_decay = 0.999;
  double likelihood_weight = 0.05;  ///< beside the CRPS, of the scale alone
  /// A window counts with its contrast to this power: 0, as much as any other; 1, as grey levels.
  double contrast_power = 0.5;
  double member_weight = 0.5;  ///< of the denoiser's loss
  /// Share of the steps before attention learns. Its gradient is noise that all patches of a tile
  /// share until the layers that see one window tell something, and would keep them from it. Its
  /// weights decay meanwhile, by some percent.
  double attention_after = 0.3;
  long validate_every = 500, checkpoint_every = 500;
  std::uint64_t seed = 1;
  long steps() const { return static_cast<long>((tokens + batch - 1) / batch); }
};

/// Windows with their truth, of images over their range: tiles of drawn_side() squared patches,
/// tile by tile and row by row.
struct WindowSamples {
  WindowBatch windows{};
  std::vector<float> target{};  ///< [count][points]
  PooledForecast base{};        ///< of the same windows
};

/// Windows of tiles first, first + 1, ..., first + count - 1 of a step, numbered over all ranks: a
/// function of (seed, step, number) alone. Not collective.
using WindowDraw = std::function<WindowSamples(long step, idx_t first, idx_t count)>;

/// Mean over validation images, relative to the range.
struct WindowScore {
  double crps = 0, psnr = 0;
};
/// Collective, the same value on every rank.
using WindowValidation = std::function<WindowScore(const WindowNetwork& network)>;

struct WindowRecord {
  long step = 0;
  double loss = 0, crps = 0, psnr = 0;
};

/// What a model file of images says of itself; best_score: CRPS over range.
struct WindowSummary : TrainingSummary {
  WindowModelOptions options{};
  std::vector<double> calibration{};  ///< numbers of whoever calibrated its forecasts; none: nobody
  std::vector<WindowRecord> history{};
};
/// Collective on comm, the same on all ranks. Whether a model file is of images. Errors: no_input,
/// data.
bool is_window_model(const Communicator& comm, const std::string& path);
/// Collective on comm. Errors: no_input, data (no model of images, or a damaged one).
WindowSummary inspect_window_model(const Communicator& comm, const std::string& path);

/// Trains a window network data-parallel over ranks.
class WindowTrainer {
 public:
  virtual ~WindowTrainer() = default;
  /// Collective. To the last step; validates at step 0, every validate_every steps and at the end;
  /// keeps the averaged weights of the best CRPS; writes the checkpoint every checkpoint_every
  /// steps, and when should_stop() is true on any rank (asked at every step; then returns false).
  virtual bool run(const WindowDraw& draw, const WindowValidation& validate,
                   const std::function<bool()>& should_stop) = 0;
  /// Collective. The network of the best score, for as long as the trainer lives.
  virtual const WindowNetwork& best() = 0;
  /// Not collective. Kept in the file by the next save(); more training drops it.
  virtual void set_calibration(const std::vector<double>& numbers) = 0;
  /// Collective; rank 0 writes to a temporary name and renames.
  virtual void save() const = 0;
  virtual long step() const = 0;
  virtual long parameters() const = 0;
  virtual long best_step() const = 0;
};

/// What a trainer needs beside its options.
struct WindowTrainerRequest {
  WindowModelOptions model{};
  WindowTrainingOptions training{};
  std::vector<double> point_spread{};  ///< of the base where s = 1: [points]
  std::vector<double> whitening{};     ///< of members: root^-1 Phi, [K][points]
  std::string model_file{}, basis_checksum{}, effective_namelist{};
  std::string basis{};  ///< its name, for messages
  bool resume = true;   ///< go on with the state in model_file, where it is there
};

struct LoadedWindowNetwork {
  std::unique_ptr<WindowNetwork> network{};
  WindowSummary summary{};
};

/// The window networks that a build has, beside what network_backend() offers.
struct WindowBackend {
  /// Collective on comm. Errors: no_input, data (not a model of images, damaged, of another base).
  std::function<LoadedWindowNetwork(const Communicator& comm, const std::string& path,
                                    const std::string& basis_checksum, const std::string& basis)>
      load;
  /// Collective on comm. A new network (initial weights from seed), or the state in model_file:
  /// then the continuation on the same number of ranks is bit-identical to a run that never
  /// stopped. Errors: usage (a batch that the ranks cannot share), data (another base or network).
  std::function<std::unique_ptr<WindowTrainer>(const Communicator& comm, const WindowTrainerRequest& request)>
      trainer;
};
/// Not collective. Of this build; where it has none (PODSCALE_NETWORK=OFF), both are refused:
/// Error(usage).
const WindowBackend& window_backend();

}  // namespace podscale
