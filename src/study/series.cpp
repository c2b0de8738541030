#include "podscale/study/series.hpp"

#include <fmt/ranges.h>

#include <algorithm>

#include "podscale/core/error.hpp"
#include "podscale/core/log.hpp"
#include "podscale/core/pairing.hpp"
#include "podscale/field/averaged.hpp"
#include "podscale/field/coarsened.hpp"
#include "podscale/field/stacked.hpp"

namespace podscale {

namespace {

[[noreturn]] void refuse(const DataOptions& options, const std::string& reason) {
  throw Error(ExitCode::usage, options.hr_files.source + ": " + reason, true);
}

/// One for each variable that the key names, or one for the only variable of the files.
std::vector<CfSpec> specs_of(const DataOptions& options, const std::string& label, const Files& files,
                             const char* key, std::vector<std::string> names) {
  if (names.empty()) names = {""};
  const auto& units = options.units;
  const auto& ranges = options.plausible;
  if (units.size() > 1 && units.size() != names.size())
    refuse(options, fmt::format("data.units names {} units for the {} of {}; expected one for all or one each",
                                 units.size(), names.size(), key));
  if (!ranges.empty() && ranges.size() != 2 * names.size())
    refuse(options, fmt::format("data.plausible has {} values for the {} of {}; expected the lowest and the "
                                 "highest of each",
                                 ranges.size(), names.size(), key));
  std::vector<CfSpec> specs;
  for (std::size_t c = 0; c < names.size(); ++c) {
    CfSpec spec{label, files.get(), names[c], "", "", {}};
    spec.skip_others = names.size() > 1;
    spec.missing = options.missing;
    if (!units.empty()) spec.units = units[units.size() > 1 ? c : 0];
    spec.units_of = "data.units";
    if (!ranges.empty()) {
      spec.plausible = {static_cast<float>(ranges[2 * c]), static_cast<float>(ranges[2 * c + 1])};
      if (!(ranges[2 * c] < ranges[2 * c + 1]))
        refuse(options, fmt::format("data.plausible = {}, {}; expected the lower value first", ranges[2 * c],
                                     ranges[2 * c + 1]));
    }
    specs.push_back(std::move(spec));
  }
  return specs;
}

std::shared_ptr<const FieldSource> open_files(const Communicator& comm, const std::vector<CfSpec>& specs,
                                              std::shared_ptr<FieldCache> cache) {
  std::vector<std::shared_ptr<const FieldSource>> parts;
  for (const CfSpec& spec : specs) parts.push_back(open_series(comm, spec, cache));
  return parts.size() == 1 ? parts[0] : std::make_shared<const Stacked>(std::move(parts));
}

/// One of the LR series as &data names it: that of the training, or the applied one.
struct LrKeys {
  std::string label, variable_key;
  const Files& files;
  const std::vector<std::string>& variable;
  Stamp stamp;
  const std::string& average;
};

/// The LR series in the units of the HR one. basis: whose LR mesh is expected, or nullptr.
/// applied: to be downscaled, where there may be several; else to train.
std::shared_ptr<const FieldSource> open_lr_files(const Communicator& comm, const DataOptions& options,
                                                 const LrKeys& keys, const std::vector<Variable>& hr,
                                                 std::shared_ptr<FieldCache> cache, const Basis* basis,
                                                 bool applied) {
  auto specs = specs_of(options, keys.label, keys.files, keys.variable_key.c_str(), keys.variable);
  if (specs.size() != hr.size())
    refuse(options, fmt::format("{} names {} of the LR variables, the HR series has {}; expected "
                                 "one for each, in the same order",
                                 keys.variable_key, specs.size(), hr.size()));
  for (std::size_t c = 0; c < specs.size(); ++c) {
    specs[c].units = hr[c].working_units;
    specs[c].units_of = fmt::format("the HR variable '{}'", hr[c].name);
    specs[c].stamp = keys.stamp;
    specs[c].average = keys.average;
    specs[c].several = applied;
    specs[c].member_files = options.member_files;
    specs[c].leads = applied ? options.leads : options.lr_leads;
    if (applied)
      specs[c].realizations = options.realizations;
    else if (options.lr_realization >= 0)
      specs[c].realizations = {options.lr_realization};
    if (basis) specs[c].mesh = basis->lr_mesh;
  }
  auto lr = open_files(comm, specs, std::move(cache));
  for (const Variable& v : lr->variables())
    if (v.units != v.working_units)
      log::info("{}: '{}' is converted from '{}' to '{}', the units of the HR series", keys.label, v.name, v.units,
                v.working_units);
  return lr;
}

LrKeys training_keys(const DataOptions& options) {
  return {"LR", "data.lr_variable", options.lr_files, options.lr_variable, options.lr_stamp, options.lr_average};
}

std::shared_ptr<const FieldSource> coarsened(std::shared_ptr<const FieldSource> hr,
                                             const DataOptions& options) {
  return std::make_shared<const Coarsened>(std::move(hr), options.coarsen_factor);
}

}  // namespace

std::vector<CfSpec> hr_specs(const DataOptions& options) {
  auto specs = specs_of(options, "HR", options.hr_files, "data.hr_variable", options.hr_variable);
  for (CfSpec& spec : specs) {
    spec.mask_file = options.mask_file;
    spec.mask_variable = options.mask_variable;
    spec.mask_ocean_values = options.mask_ocean_values;
    spec.stamp = options.hr_stamp;
    spec.average = options.hr_average;
    spec.mask_threshold = options.mask_threshold;
  }
  return specs;
}

std::vector<CfSpec> truth_specs(const DataOptions& options) {
  auto specs = hr_specs(options);
  const auto &files = options.truth_files, &names = options.truth_variable;
  if (!names.empty() && names.size() != specs.size())
    refuse(options, fmt::format("data.truth_variable names {} variables, data.hr_variable {}; expected one for "
                                 "each, in the same order",
                                 names.size(), specs.size()));
  for (std::size_t c = 0; c < specs.size(); ++c) {
    specs[c].label = "truth";
    if (!files.empty()) specs[c].files = files;
    if (!names.empty()) specs[c].variable = names[c];
  }
  return specs;
}

std::shared_ptr<const FieldSource> open_lr(const Communicator& comm, const DataOptions& options,
                                           std::shared_ptr<FieldCache> cache,
                                           const Basis* basis) {
  if (options.coarsen) {
    auto specs = hr_specs(options);
    for (std::size_t c = 0; basis && c < std::min(specs.size(), basis->variables.size()); ++c) {
      specs[c].units = basis->variables[c].working_units;
      specs[c].units_of = fmt::format("the HR variable '{}' of the basis", basis->variables[c].name);
      specs[c].mesh = basis->mesh;
    }
    return coarsened(open_files(comm, specs, std::move(cache)), options);
  }
  const auto variables = basis ? basis->variables : open_files(comm, hr_specs(options), nullptr)->variables();
  return open_lr_files(comm, options, training_keys(options), variables, std::move(cache), basis, true);
}

std::shared_ptr<const FieldSource> open_applied_files(const Communicator& comm, const DataOptions& options,
                                                      std::shared_ptr<FieldCache> cache, const Basis& basis) {
  const LrKeys keys{"applied LR", "data.apply_variable", options.apply_files, options.apply_variable,
                    options.apply_stamp, options.apply_average};
  return open_lr_files(comm, options, keys, basis.variables, std::move(cache), &basis, true);
}

std::shared_ptr<const FieldSource> open_past_lr(const Communicator& comm, const DataOptions& options,
                                                const std::vector<std::string>& files,
                                                std::shared_ptr<FieldCache> cache, const Basis& basis) {
  DataOptions past = options;
  past.lr_files.value = files;
  past.lr_leads.clear();
  past.member_files = false;
  LrKeys keys = training_keys(past);
  keys.label = "past LR";
  return open_lr_files(comm, past, keys, basis.variables, std::move(cache), &basis, false);
}

std::shared_ptr<const FieldSource> open_truth(const Communicator& comm, const DataOptions& options,
                                              const Basis& basis) {
  auto specs = truth_specs(options);
  if (std::ssize(specs) != basis.channels())
    refuse(options, fmt::format("data.hr_variable names {} variables, the basis holds {}; expected as many, in the "
                                "same order",
                                specs.size(), basis.channels()));
  for (std::size_t c = 0; c < specs.size(); ++c) {
    if (!basis.variables[c].working_units.empty()) specs[c].units = basis.variables[c].working_units;
    specs[c].units_of = fmt::format("the HR variable '{}' of the basis", basis.variables[c].name);
    specs[c].mesh = basis.mesh;
  }
  auto truth = open_files(comm, specs, nullptr);
  if (const auto difference = mesh_difference(truth->mesh(), basis.mesh))
    throw Error(ExitCode::data,
                fmt::format("{}: its mesh is not that of the basis: {}; expected truth on the HR mesh",
                            truth->describe(), *difference),
                true);
  return truth;
}

std::vector<CfSpec> history_specs(const DataOptions& options, const HistoryOptions& history) {
  auto specs = hr_specs(options);
  if (!history.variable.empty() && history.variable.size() != specs.size())
    refuse(options, fmt::format("history.variable names {} variables, data.hr_variable {}; expected one for "
                                "each, in the same order",
                                history.variable.size(), specs.size()));
  for (std::size_t c = 0; c < specs.size(); ++c) {
    specs[c].label = "history";
    if (!history.files.empty()) specs[c].files = history.files;
    if (!history.variable.empty()) specs[c].variable = history.variable[c];
  }
  return specs;
}

std::shared_ptr<const FieldSource> open_history(const Communicator& comm, const DataOptions& options,
                                                const HistoryOptions& history,
                                                std::shared_ptr<FieldCache> cache, const Mesh& mesh,
                                                const std::vector<Variable>& variables) {
  auto specs = history_specs(options, history);
  for (std::size_t c = 0; c < specs.size(); ++c) {
    if (c < variables.size()) {
      specs[c].units = variables[c].working_units;
      specs[c].units_of = fmt::format("the HR variable '{}'", variables[c].name);
    }
    specs[c].mesh = mesh;
  }
  auto source = open_files(comm, specs, std::move(cache));
  if (const auto difference = mesh_difference(source->mesh(), mesh))
    throw Error(ExitCode::data,
                fmt::format("{}: its mesh differs from that of the HR series: {}; give analyses on the HR mesh "
                            "(history.files)",
                            source->describe(), *difference),
                true);  // every rank has the same meshes
  return source;
}

StudySeries open_study(const Communicator& comm, const DataOptions& options, const Basis* basis) {
  const auto cache = std::make_shared<FieldCache>(
      static_cast<std::size_t>(options.cache_mib) << 20, comm.size());
  auto specs = hr_specs(options);
  for (CfSpec& spec : specs)
    if (basis) spec.mesh = basis->mesh;
  const auto hr = open_files(comm, specs, cache);
  StudySeries study{hr, options.coarsen ? coarsened(hr, options)
                                        : open_lr_files(comm, options, training_keys(options), hr->variables(),
                                                        cache, basis, false)};
  if (specs[0].has_mask()) require_mask_of_data(study.hr);
  if (!options.coarsen) check_geometry(comm, study.hr, study.lr);
  return study;
}

namespace {

std::string range_text(const SampleAxis& axis) {
  return axis.samples.empty()
             ? "no time"
             : fmt::format("{} to {}", date_text(axis.samples.front().date), date_text(axis.samples.back().date));
}

}  // namespace

std::vector<StepPair> steps_of_period(const FieldSource& hr, const FieldSource& lr, const Period& period,
                                      std::span<const long> lags, bool aloud) {
  const std::string &first = period.get().front(), &last = period.get().back();
  const std::string name = fmt::format("{} = '{}', '{}'", period.key, first, last);
  return same_on_all_ranks([&] {
    // Pairs are made by date: a day of February that LR alone has is none of the study.
    require_days(first, last, hr.times().calendar, period.key, hr.describe());
    const auto of_hr = steps_between(hr.times(), first, last), of_lr = steps_between(lr.times(), first, last);
    if (of_hr.empty() || of_lr.empty())
      fail(ExitCode::data,
           "{}: no date in it that both {} ({}) and {} ({}) have; expected a period that both cover", name,
           hr.describe(), range_text(hr.times()), lr.describe(), range_text(lr.times()));
    auto pairs = counted_pairs(name, {"HR", "hr", hr.describe(), hr.times()}, of_hr,
                               {"LR", "lr", lr.describe(), lr.times()}, of_lr, aloud);
    const auto whole = LagFinder(lr.times()).with_all(lr_steps(pairs), lags, lr.describe(), name);
    std::erase_if(pairs, [&](const StepPair& pair) {
      return !std::binary_search(whole.begin(), whole.end(), pair.b);
    });
    return pairs;
  });
}

void judge_study(const DataOptions& options, const StudySeries& study,
                 std::initializer_list<std::span<const StepPair>> parts) {
  std::vector<StepPair> pairs;
  for (const auto& part : parts) pairs.insert(pairs.end(), part.begin(), part.end());
  const auto of_hr = judge_values(study.hr, hr_steps(pairs), options.doubts, options.with_gaps());
  if (options.coarsen) return;
  const auto of_lr = judge_values(study.lr, lr_steps(pairs), options.doubts);
  judge_ranges(study.hr, of_hr, study.lr, of_lr, options.doubts);
}

std::vector<long> lr_steps_of_period(const FieldSource& lr, const Period& period, std::span<const long> lags,
                                     const StepLength& step) {
  const std::string &first = period.get().front(), &last = period.get().back();
  return same_on_all_ranks([&] {
    require_days(first, last, lr.times().calendar, period.key, lr.describe());
    const auto steps = steps_between(lr.times(), first, last);
    if (steps.empty())
      fail(ExitCode::data, "{} = '{}', '{}': {} has {}; expected a period that it covers", period.key, first, last,
           lr.describe(), range_text(lr.times()));
    return LagFinder(lr.times(), step)
        .with_all(steps, lags, lr.describe(), fmt::format("{} = '{}', '{}'", period.key, first, last));
  });
}

std::vector<long> hr_steps(const std::vector<StepPair>& pairs) {
  std::vector<long> steps;
  for (const StepPair& pair : pairs) steps.push_back(pair.a);
  return steps;
}
std::vector<long> lr_steps(const std::vector<StepPair>& pairs) {
  std::vector<long> steps;
  for (const StepPair& pair : pairs) steps.push_back(pair.b);
  return steps;
}

std::vector<double> year_phases(const Basis& basis, const StudySeries& study,
                                const std::vector<StepPair>& pairs) {
  std::vector<double> phases;
  for (const StepPair& pair : pairs)
    phases.push_back(basis.year_phase(study.hr.times(), static_cast<std::size_t>(pair.a)));
  return phases;
}

}  // namespace podscale
