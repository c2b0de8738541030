#pragma once
// What a study is asked for: the keys of its namelist as typed structs. Namelists are read here
// and nowhere else; a field without a comment is the key of its name, see doc/namelist.md.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "podscale/field/synthetic_ocean.hpp"
#include "podscale/field/value_judge.hpp"
#include "podscale/gaussian/running_variance.hpp"
#include "podscale/mesh/remap.hpp"
#include "podscale/network/model.hpp"
#include "podscale/study/downscaling.hpp"
#include "podscale/study/image_options.hpp"
#include "podscale/study/ocean_forecast.hpp"

namespace podscale {

class Namelist;

/// A value without a default: only a program that needs it asks for it.
template <class T>
struct Required {
  T value{};
  std::string key{};     ///< "data.train"
  std::string source{};  ///< the namelist
  /// Not collective. Error(usage), agreed, where the namelist does not give it: what to write
  /// where.
  const T& get() const;
};
using Files = Required<std::vector<std::string>>;   ///< paths and globs
using Period = Required<std::vector<std::string>>;  ///< first and last day
using FilePath = Required<std::string>;             ///< below output.directory, or absolute

/// How the variance of an applied LR source is matched to that of the training source: data.adapt.
enum class Adapt { none, variance, quantile };
const char* adapt_name(Adapt adapt);

/// &data, and of &grid how it is read.
struct DataOptions {
  DataOptions() = default;
  explicit DataOptions(const Namelist& namelist);
  Files hr_files, lr_files;
  std::vector<std::string> hr_variable, lr_variable, truth_variable, units, truth_files;
  std::string mask_file, mask_variable;
  std::vector<double> plausible, missing, mask_ocean_values;
  Doubts doubts = Doubts::refuse;
  double mask_threshold = 0.5;
  bool coarsen = false;  ///< data.lr_source = 'coarsen'
  int coarsen_factor = 8;
  Stamp hr_stamp = Stamp::automatic, lr_stamp = Stamp::automatic;
  std::string hr_average, lr_average;       ///< "day", "month" or ""
  bool member_files = false;                ///< each LR file is a realization
  long lr_realization = -1;                 ///< that trains; -1: there is one
  std::vector<long> realizations{};         ///< that are downscaled; empty: all
  std::vector<double> lr_leads{}, leads{};  ///< that train, that are downscaled: days; empty: all
  Period train, validate, downscale;
  double least_values = 1;
  bool with_gaps() const { return least_values < 1; }  ///< of the HR series
  /// The applied LR source; without files it is the training source.
  Files apply_files;
  std::vector<std::string> apply_variable;
  Stamp apply_stamp = Stamp::automatic;
  std::string apply_average;
  Period apply_reference;  ///< may be empty
  Adapt adapt = Adapt::variance;
  double signal_years = 10;
  bool applies() const { return !apply_files.value.empty(); }
  double held_out = 0.33;
  long cache_mib = 1024, time_block = 64;  ///< of &grid
};

/// &patches, &basis, and of &grid how the LR field comes to the HR grid.
struct BasisOptions {
  std::array<long, 2> size{};
  long overlap = 0;
  bool shared = false;  ///< patches.basis = 'shared'
  int modes = 16;
  double energy = 1;
  int harmonics = 2;
  std::optional<Interpolation> interpolation;  ///< none: bicubic where the LR mesh offers it, else bilinear
  std::string weights;                         ///< "": computed
};

/// &base: how the linear-Gaussian base is fitted.
struct BaseOptions {
  long halo = 1;                               ///< LR cells around a patch
  std::vector<long> lags = {0};                ///< steps of the LR series
  std::vector<double> interpolation = {0, 1};  ///< candidates for what the penalty shrinks to
  double lag_weight = 0.25;  ///< of predictors at other times: their penalty is lag_weight^-2 times larger
  int global_modes = 64;     ///< base.rank: most global modes R of the residual covariance
  double share = 0.9;        ///< of the residual variance that they need not exceed
  std::vector<double> penalties;  ///< candidates, relative; the validation period chooses
  int season = 1;
  Inflate inflation = Inflate::mode;
  bool contrast = false;         ///< base.contrast = 'auto'
  bool cross_validated = false;  ///< base.level
};

/// &history: HR analyses that forecasts are told of.
struct HistoryOptions {
  std::vector<std::string> files, variable;  ///< empty: those of HR
  double delay = 0;                          ///< days from an analysis to the first forecast that has it
  std::vector<double> ages;                  ///< days, ascending; empty: no history
  std::vector<std::string> lr_files{};  ///< LR at the times of the analyses; empty: in the LR series itself
};

enum class Uncertainty { base, head, ensemble, automatic };
const char* uncertainty_name(Uncertainty uncertainty);
enum class Correction { none, inflation, conformal, running };  ///< sampling.calibration

/// &sampling.
struct SamplingOptions {
  SamplerOptions sampler;
  std::string sampler_name;
  EnsemblePlan plan;
  Uncertainty uncertainty = Uncertainty::ensemble;
  bool control_variate = true;
  bool coherence = true;         ///< members persist in time
  bool truncation_noise = true;  ///< written members hold what the modes leave out
  Correction calibration = Correction::inflation;
  std::string calibration_name;
  RunningOptions running;
  long calibration_times = 96, time_block = 16;
  std::vector<double> lead_days{}, lead_factors{};  ///< see lead_levels
};

/// &training beside what the trainer gets: how weights are judged, and the run.
struct ValidationOptions {
  long times = 24;
  int members = 8, sampler_steps = 8;
};
struct RunOptions {
  bool resume = true;
  int threads = 1;
  std::string time_limit;
};

/// &output and &regions.
struct OutputOptions {
  std::string directory;
  FilePath basis_file, model_file, product_file, running_file;
  std::string variable_name, standard_name, long_name, units, title, institution;
  bool write_factors = true, write_budget = false, write_members = false, spread = false;
  double interval = 0, rounding = 0;
  int deflate = 1;
  bool zstd = false, series = false;  ///< output.compression, output.chunks
  bool ghrsst = false;                ///< output.format
  std::string ghrsst_name;
  std::vector<std::pair<std::string, std::string>> attributes;
  std::vector<std::string> region_names, region_differences, region_means;
  std::vector<double> region_boxes;
};

/// &ocean. The dates of `spec` are read and all of it is checked by ocean_spec() alone.
struct OceanOptions {
  OceanOptions() = default;
  explicit OceanOptions(const Namelist& namelist);
  OceanSpec spec;
  std::string first_date, last_date, calendar;
  long step_days = 1;
  FilePath hr_file, lr_file;
  OceanForecasts forecasts;
  std::string effective;  ///< this group as a namelist
};
/// Not collective. Errors: usage, not agreed, for dates that are none or in the wrong order and a
/// grid that leaves the globe.
OceanSpec ocean_spec(const OceanOptions& options);

struct StudyOptions {
  StudyOptions() = default;
  explicit StudyOptions(const Namelist& namelist);
  DataOptions data;
  BasisOptions basis;
  bool with_base = true;  ///< model.base = 'gaussian'
  BaseOptions base;
  HistoryOptions history;
  ModelOptions model;
  TrainingOptions training;
  ValidationOptions validation;
  RunOptions run;
  SamplingOptions sampling;
  OutputOptions output;
  OceanOptions ocean;
  ImageOptions images;
  std::string source;     ///< of the namelist, for messages
  std::string effective;  ///< the whole namelist with its defaults, as stored in every output
};

/// Not collective. Of the namelist that a file of ours holds; other: keys with texts to take
/// instead. Errors: usage, not agreed.
StudyOptions options_of_text(const std::string& text, const std::string& source,
                             const std::vector<std::pair<std::string, std::string>>& other = {});
/// Not collective. Error(usage) in the namelist, alike on every rank.
[[noreturn]] void refuse(const StudyOptions& options, const std::string& message);
/// Not collective. The path that a key names: below output.directory, or as it is where absolute.
FilePath file_path(const Namelist& namelist, const std::string& key);

/// Not collective. What 'auto' trains: the head where there is one, else members.
Uncertainty trained_uncertainty(const StudyOptions& options);
/// Not collective. Sets what the namelist leaves to the number of training times: width, steps,
/// warmup, validations and patience.
void size_training(StudyOptions& options, long training_times);
/// Not collective. The namelist as it stands, for a product made with this uncertainty.
std::string effective_with(const StudyOptions& options, Uncertainty uncertainty);
/// Not collective. Refuses keys that do not go together in a training on so many ranks:
/// Error(usage), agreed.
void require_trainable(const StudyOptions& options, int ranks);
/// Of the members of a validation.
SamplerOptions validation_sampler(const StudyOptions& options);
/// The seed of the start noise where it serves as a control variate.
std::optional<std::uint64_t> control_variate_seed(const StudyOptions& options);
/// Not collective. What a calibration of the head or of members holds for, in words: "24 members,
/// sampler angle, 8 steps, control variate".
std::string calibrated_forecast(const StudyOptions& options, Uncertainty uncertainty);
/// What selects the weights, in words; base: the inflation of step 0.
std::string selection_criterion(const StudyOptions& options, const Inflation& base);
/// Whether an untrained network forecasts the base: its head does, and its members where the
/// sampler leaves the start noise as it is; the others damp it.
bool untrained_is_base(const StudyOptions& options);
/// Warns where members of a base are drawn by such a sampler.
void warn_of_damping(const StudyOptions& options);

}  // namespace podscale
