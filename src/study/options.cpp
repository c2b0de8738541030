#include "podscale/study/options.hpp"

#include <algorithm>
#include <filesystem>

#include "podscale/config/namelist.hpp"
#include "podscale/core/calendar.hpp"
#include "podscale/core/error.hpp"
#include "podscale/core/intervals.hpp"

namespace podscale {
namespace {

int small(const Namelist& n, const char* key) {
  return static_cast<int>(n.integer(key));
}
std::uint64_t seed(const Namelist& n, const char* key) {
  return static_cast<std::uint64_t>(n.integer(key));
}
Required<std::vector<std::string>> list(const Namelist& n, const char* key) {
  return {n.texts(key), key, n.source()};
}

/// What no calendar has is refused before anything is read; that of the data has its say later.
Period period(const Namelist& n, const char* key) {
  Period days = list(n, key);
  same_on_all_ranks([&] {
    if (days.value.size() == 2)
      parse_date_range(days.value[0], days.value[1], fmt::format("{}: {} =", n.source(), key));
  });
  return days;
}

/// 'name=text' each.
std::vector<std::pair<std::string, std::string>> named_texts(const Namelist& n, const char* key) {
  std::vector<std::pair<std::string, std::string>> result;
  for (const std::string& text : n.texts(key)) {
    const std::size_t equal = text.find('=');
    if (equal == 0 || equal == std::string::npos ||
        text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") != equal)
      throw Error(ExitCode::usage,
                  fmt::format("{}: {}: '{}'; expected 'name=text', the name of letters, digits and _",
                              n.source(), key, text),
                  true);
    result.emplace_back(text.substr(0, equal), text.substr(equal + 1));
  }
  return result;
}

std::string average(const Namelist& n, const char* key) {
  return n.text(key) == "none" ? "" : n.text(key);
}

BasisOptions basis_options(const Namelist& n) {
  const auto& size = n.integers("patches.size");
  return {.size = {size[0], size[1]},
          .overlap = n.given("patches.overlap")
                         ? n.integer("patches.overlap")
                         : std::min(n.integer("patches.overlap"), std::max(size[0], size[1]) / 2),
          .shared = n.text("patches.basis") == "shared",
          .modes = small(n, "patches.modes"),
          .energy = n.real("patches.energy"),
          .harmonics = small(n, "basis.harmonics"),
          .interpolation = n.text("grid.interpolation") == "auto"
                               ? std::nullopt
                               : std::optional(interpolation_from_name(n.text("grid.interpolation"))),
          .weights = n.text("grid.weights")};
}

BaseOptions base_options(const Namelist& n) {
  BaseOptions options{.halo = n.integer("base.halo"),
                      .lags = n.integers("base.lags"),
                      .lag_weight = n.real("base.lag_weight"),
                      .global_modes = small(n, "base.rank"),
                      .share = n.real("base.share"),
                      .penalties = n.reals("base.penalties"),
                      .season = small(n, "base.season"),
                      .inflation = inflate_from_name(n.text("base.inflation")),
                      .contrast = n.text("base.contrast") == "auto",
                      .cross_validated = n.text("base.level") == "cross-validated"};
  const std::string& prior = n.text("base.prior");
  if (prior != "auto") options.interpolation = {prior == "interpolation" ? 1.0 : 0.0};
  if (options.lags.empty()) options.lags = {0};
  return options;
}

HistoryOptions history_options(const Namelist& n) {
  HistoryOptions options{n.texts("history.files"), n.texts("history.variable"), n.real("history.delay"),
                         n.reals("history.ages"), n.texts("history.lr_files")};
  const auto wrong = [&](const std::string& reason) {
    throw Error(ExitCode::usage, n.source() + ": " + reason, true);
  };
  if (options.ages.empty()) {
    if (!options.files.empty() || !options.variable.empty() || !options.lr_files.empty() || options.delay > 0)
      wrong("&history without ages; expected the ages of the analyses, in days: history.ages = 1, 2, 5");
    return options;
  }
  std::sort(options.ages.begin(), options.ages.end());
  if (std::adjacent_find(options.ages.begin(), options.ages.end()) != options.ages.end())
    wrong("history.ages has a number twice; expected each age once");
  if (options.delay > options.ages.back())
    wrong(fmt::format("history.delay = {:g} is more than the largest of history.ages, {:g}: no analysis could "
                      "be used; expected an age of that or more",
                      options.delay, options.ages.back()));
  if (n.text("model.base") == "none")
    wrong("history.ages with model.base = 'none': the base holds the regressions on analyses; expected "
          "model.base = 'gaussian'");
  const auto& lags = n.integers("base.lags");
  if (!lags.empty() && std::find(lags.begin(), lags.end(), 0) == lags.end())
    wrong("history.ages with base.lags that lack 0; expected the time itself among them");
  return options;
}

ModelOptions model_options(const Namelist& n) {
  const bool velocity = n.text("model.prediction") == "velocity";
  return {.width = small(n, "model.width"),
          .depth = small(n, "model.depth"),
          .heads = small(n, "model.heads"),
          .prediction = velocity ? Prediction::velocity : Prediction::noise,
          .diffusion_steps = small(n, "model.diffusion_steps"),
          .device = n.text("model.device"),
          .dropout = n.real("model.dropout"),
          .with_head = n.real("training.head_weight") > 0,
          .precision = precision_from_name(n.text("model.precision")),
          .tile = small(n, "model.tile"),
          .tile_halo = small(n, "model.tile_halo")};
}

TrainingOptions training_options(const Namelist& n) {
  return {.steps = n.integer("training.steps"),
          .batch = small(n, "training.batch"),
          .groups = small(n, "training.groups"),
          .warmup = n.integer("training.warmup"),
          .rate = n.real("training.rate"),
          .rate_floor = n.real("training.rate_floor"),
          .weight_decay = n.real("training.weight_decay"),
          .clip = n.real("training.clip"),
          .ema_decay = n.real("training.ema_decay"),
          .validate_every = n.integer("training.validate_every"),
          .checkpoint_every = n.integer("training.checkpoint_every"),
          .patience = n.integer("training.patience"),
          .seed = seed(n, "training.seed"),
          .diffusion_weight = n.real("training.diffusion_weight"),
          .head_weight = n.real("training.head_weight"),
          .condition_noise = n.real("training.condition_noise")};
}

SamplingOptions sampling_options(const Namelist& n) {
  const std::string &uncertainty = n.text("sampling.uncertainty"),
                    &correction = n.text("sampling.calibration");
  return {.sampler = {sampler_from_name(n.text("sampling.sampler")), small(n, "sampling.steps"),
                      seed(n, "sampling.seed")},
          .sampler_name = n.text("sampling.sampler"),
          .plan = {.members = small(n, "sampling.members"),
                   .batch = small(n, "sampling.member_batch"),
                   .exchange_halos = n.logical("sampling.exchange_halos")},
          .uncertainty = uncertainty == "base"   ? Uncertainty::base
                         : uncertainty == "head" ? Uncertainty::head
                         : uncertainty == "auto" ? Uncertainty::automatic
                                                 : Uncertainty::ensemble,
          .control_variate = n.logical("sampling.control_variate"),
          .coherence = n.logical("sampling.coherence"),
          .truncation_noise = n.logical("sampling.truncation_noise"),
          .calibration = correction == "none"        ? Correction::none
                         : correction == "inflation" ? Correction::inflation
                         : correction == "running"   ? Correction::running
                                                     : Correction::conformal,
          .calibration_name = correction,
          .running = {n.real("sampling.running_window"), n.real("sampling.running_delay"),
                      n.real("sampling.running_prior")},
          .calibration_times = n.integer("sampling.calibration_times"),
          .time_block = n.integer("sampling.time_block"),
          .lead_days = n.reals("sampling.lead_days"),
          .lead_factors = n.reals("sampling.lead_factors")};
}

OutputOptions output_options(const Namelist& n) {
  return {.directory = n.text("output.directory"),
          .basis_file = file_path(n, "output.basis_file"),
          .model_file = file_path(n, "output.model_file"),
          .product_file = file_path(n, "output.product_file"),
          .running_file = file_path(n, "output.running_file"),
          .variable_name = n.text("output.variable_name"),
          .standard_name = n.text("output.standard_name"),
          .long_name = n.text("output.long_name"),
          .units = n.text("output.units"),
          .title = n.text("output.title"),
          .institution = n.text("output.institution"),
          .write_factors = n.logical("output.write_factors"),
          .write_budget = n.logical("output.write_budget"),
          .write_members = n.logical("output.write_members"),
          .spread = n.logical("output.spread"),
          .interval = n.real("output.interval"),
          .rounding = n.real("output.rounding"),
          .deflate = small(n, "output.deflate"),
          .zstd = n.text("output.compression") == "zstd",
          .series = n.text("output.chunks") == "series",
          .ghrsst = n.text("output.format") == "ghrsst",
          .ghrsst_name = n.text("output.ghrsst_name"),
          .attributes = named_texts(n, "output.attributes"),
          .region_names = n.texts("regions.names"),
          .region_differences = n.texts("regions.differences"),
          .region_means = n.texts("regions.means"),
          .region_boxes = n.reals("regions.boxes")};
}

}  // namespace

template <class T>
const T& Required<T>::get() const {
  if (value.empty() && key.empty())
    throw Error(ExitCode::usage,
                "an option that has no default is not given; expected files, a period or a path", true);
  if (value.empty()) missing_key(key, source);
  return value;
}
template struct Required<std::string>;
template struct Required<std::vector<std::string>>;

DataOptions::DataOptions(const Namelist& n)
    : hr_files(list(n, "data.hr_files")),
      lr_files(list(n, "data.lr_files")),
      hr_variable(n.texts("data.hr_variable")),
      lr_variable(n.texts("data.lr_variable")),
      truth_variable(n.texts("data.truth_variable")),
      units(n.texts("data.units")),
      truth_files(n.texts("data.truth_files")),
      mask_file(n.text("data.mask_file")),
      mask_variable(n.text("data.mask_variable")),
      plausible(n.reals("data.plausible")),
      missing(n.reals("data.missing")),
      doubts(n.text("data.doubts") == "accept" ? Doubts::accept : Doubts::refuse),
      mask_threshold(n.real("data.mask_threshold")),
      coarsen(n.text("data.lr_source") == "coarsen"),
      coarsen_factor(small(n, "data.coarsen_factor")),
      hr_stamp(stamp_from_name(n.text("data.hr_stamps"))),
      lr_stamp(stamp_from_name(n.text("data.lr_stamps"))),
      hr_average(average(n, "data.hr_average")),
      lr_average(average(n, "data.lr_average")),
      member_files(n.text("data.lr_members") == "files"),
      lr_realization(n.integer("data.lr_realization")),
      realizations(n.integers("data.realizations")),
      lr_leads(n.reals("data.lr_leads")),
      leads(n.reals("data.leads")),
      train(period(n, "data.train")),
      validate(period(n, "data.validate")),
      downscale(period(n, "data.downscale")),
      least_values(n.real("data.least_values")),
      apply_files(list(n, "data.apply_files")),
      apply_variable(n.texts("data.apply_variable")),
      apply_stamp(stamp_from_name(n.text("data.apply_stamps"))),
      apply_average(average(n, "data.apply_average")),
      apply_reference(period(n, "data.apply_reference")),
      adapt(n.text("data.adapt") == "none"       ? Adapt::none
            : n.text("data.adapt") == "variance" ? Adapt::variance
                                                 : Adapt::quantile),
      signal_years(n.real("data.signal_years")),
      held_out(n.real("data.held_out")),
      cache_mib(n.integer("grid.cache_mib")),
      time_block(n.integer("grid.time_block")) {
  for (const long value : n.integers("data.mask_ocean_values"))
    mask_ocean_values.push_back(static_cast<double>(value));
}

StudyOptions::StudyOptions(const Namelist& n)
    : data(n),
      basis(basis_options(n)),
      with_base(n.text("model.base") == "gaussian"),
      base(base_options(n)),
      history(history_options(n)),
      model(model_options(n)),
      training(training_options(n)),
      validation{.times = n.integer("training.validation_times"),
                 .members = small(n, "training.validation_members"),
                 .sampler_steps = small(n, "training.validation_sampler_steps")},
      run{.resume = n.logical("training.resume"),
          .threads = small(n, "training.threads"),
          .time_limit = n.text("training.time_limit")},
      sampling(sampling_options(n)),
      output(output_options(n)),
      ocean(n),
      images(image_options(n)),
      source(n.source()),
      effective(n.effective()) {}

StudyOptions options_of_text(const std::string& text, const std::string& source,
                             const std::vector<std::pair<std::string, std::string>>& other) {
  Namelist namelist;
  namelist.parse(text, source);
  for (const auto& [key, value] : other) namelist.set_text(key, value);
  return StudyOptions(namelist);
}

void refuse(const StudyOptions& options, const std::string& message) {
  throw Error(ExitCode::usage, options.source + ": " + message, true);
}

FilePath file_path(const Namelist& n, const std::string& key) {
  const std::string& name = n.text(key);
  if (name.empty()) return {"", key, n.source()};
  // operator/ drops the left side where the right one is absolute.
  const auto path = std::filesystem::path(n.text("output.directory")) / name;
  return {path.lexically_normal().string(), key, n.source()};
}

}  // namespace podscale
