#include "podscale/study/series.hpp"

#include <fmt/ranges.h>

#include "podscale/core/error.hpp"
#include "podscale/core/log.hpp"
#include "podscale/field/coarsened.hpp"

namespace podscale {

CfSpec hr_spec(const DataOptions& options) {
  CfSpec spec{"HR",
              options.hr_files.get(),
              options.hr_variable,
              options.mask_file,
              options.mask_variable,
              options.mask_ocean_values};
  if (!options.units.empty()) spec.units = options.units;
  spec.units_of = "data.units";
  if (const auto& range = options.plausible; !range.empty()) {
    if (range.size() != 2 || !(range[0] < range[1]))
      throw Error(ExitCode::usage,
                  fmt::format("{}: data.plausible = {}; expected the lowest and the highest value",
                              options.hr_files.source, fmt::join(range, ", ")),
                  true);
    spec.plausible = {static_cast<float>(range[0]), static_cast<float>(range[1])};
  }
  return spec;
}

CfSpec truth_spec(const DataOptions& options) {
  CfSpec spec = hr_spec(options);
  spec.label = "truth";
  if (!options.truth_files.empty()) spec.files = options.truth_files;
  if (!options.truth_variable.empty()) spec.variable = options.truth_variable;
  return spec;
}

namespace {

std::shared_ptr<const FieldSource> open_files(const Communicator& comm, const CfSpec& spec,
                                              std::shared_ptr<FieldCache> cache) {
  return std::make_shared<const CfSource>(CfSource::open(comm, spec, std::move(cache)));
}

/// The LR series in the units of the HR one.
std::shared_ptr<const FieldSource> open_lr_files(const Communicator& comm, const DataOptions& options,
                                                 const Variable& hr, std::shared_ptr<FieldCache> cache) {
  CfSpec spec = hr_spec(options);
  spec.label = "LR";
  spec.files = options.lr_files.get();
  spec.variable = options.lr_variable;
  spec.mask_file = spec.mask_variable = "";
  spec.mask_ocean_values.clear();
  spec.units = hr.working_units;
  spec.units_of = fmt::format("the HR variable '{}'", hr.name);
  auto lr = open_files(comm, spec, std::move(cache));
  if (const Variable& v = lr->variables()[0]; v.units != v.working_units)
    log::info("{}: '{}' is converted to '{}', the units of the HR series", lr->describe(), v.units,
              v.working_units);
  return lr;
}

std::shared_ptr<const FieldSource> coarsened(std::shared_ptr<const FieldSource> hr,
                                             const DataOptions& options) {
  return std::make_shared<const Coarsened>(std::move(hr), options.coarsen_factor);
}

}  // namespace

std::shared_ptr<const FieldSource> open_lr(const Communicator& comm, const DataOptions& options,
                                           std::shared_ptr<FieldCache> cache, const Variable* hr) {
  if (options.coarsen)
    return coarsened(open_files(comm, hr_spec(options), std::move(cache)), options);
  Variable working;
  working.working_units = options.units;
  if (hr)
    working = *hr;
  else if (working.working_units.empty())
    working = open_files(comm, hr_spec(options), nullptr)->variables()[0];
  return open_lr_files(comm, options, working, std::move(cache));
}

StudySeries open_study(const Communicator& comm, const DataOptions& options) {
  const auto cache =
      std::make_shared<FieldCache>(static_cast<std::size_t>(options.cache_mib) << 20, comm.size());
  const auto hr = open_files(comm, hr_spec(options), cache);
  if (options.coarsen) return {hr, coarsened(hr, options)};
  return {hr, open_lr_files(comm, options, hr->variables()[0], cache)};
}

namespace {

std::string range_text(const TimeAxis& axis) {
  return axis.dates.empty()
             ? "no time"
             : fmt::format("{} to {}", date_text(axis.dates.front()), date_text(axis.dates.back()));
}

}  // namespace

std::vector<StepPair> steps_of_period(const FieldSource& hr, const FieldSource& lr, const Period& period) {
  const std::string &first = period.get().front(), &last = period.get().back();
  const auto pairs = same_on_all_ranks(
      [&] { return match_steps(hr.times(), steps_between(hr.times(), first, last), lr.times()); });
  if (pairs.empty())
    throw Error(
        ExitCode::data,
        fmt::format("{} = '{}', '{}': no date in it that both {} ({}) and {} ({}) have; expected a period "
                    "that both cover",
                    period.key, first, last, hr.describe(), range_text(hr.times()), lr.describe(),
                    range_text(lr.times())),
        true);
  return pairs;
}

std::vector<long> lr_steps_of_period(const FieldSource& lr, const Period& period) {
  const std::string &first = period.get().front(), &last = period.get().back();
  const auto steps = same_on_all_ranks([&] { return steps_between(lr.times(), first, last); });
  if (steps.empty())
    throw Error(ExitCode::data,
                fmt::format("{} = '{}', '{}': {} has {}; expected a period that it covers", period.key, first,
                            last, lr.describe(), range_text(lr.times())),
                true);
  return steps;
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
