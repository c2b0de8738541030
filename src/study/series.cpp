#include "podscale/study/series.hpp"

#include <fmt/ranges.h>

#include "podscale/core/error.hpp"
#include "podscale/core/log.hpp"
#include "podscale/field/coarsened.hpp"
#include "podscale/field/stacked.hpp"

namespace podscale {

namespace {

[[noreturn]] void refuse(const Namelist& namelist, const std::string& reason) {
  throw Error(ExitCode::usage, namelist.source() + ": " + reason, true);
}

/// One for each variable that the key names, or one for the only variable of the files.
std::vector<CfSpec> specs_of(const Namelist& namelist, const std::string& label,
                             const std::vector<std::string>& files, const std::string& key) {
  std::vector<std::string> names = namelist.texts(key);
  if (names.empty()) names = {""};
  const auto& units = namelist.texts("data.units");
  const auto& ranges = namelist.reals("data.plausible");
  if (units.size() > 1 && units.size() != names.size())
    refuse(namelist, fmt::format("data.units names {} units for the {} of {}; expected one for all or one each",
                                 units.size(), names.size(), key));
  if (!ranges.empty() && ranges.size() != 2 * names.size())
    refuse(namelist, fmt::format("data.plausible has {} values for the {} of {}; expected the lowest and the "
                                 "highest of each",
                                 ranges.size(), names.size(), key));
  std::vector<CfSpec> specs;
  for (std::size_t c = 0; c < names.size(); ++c) {
    CfSpec spec{label, files, names[c], "", "", {}};
    spec.skip_others = names.size() > 1;
    if (!units.empty()) spec.units = units[units.size() > 1 ? c : 0];
    spec.units_of = "data.units";
    if (!ranges.empty()) {
      spec.plausible = {static_cast<float>(ranges[2 * c]), static_cast<float>(ranges[2 * c + 1])};
      if (!(ranges[2 * c] < ranges[2 * c + 1]))
        refuse(namelist, fmt::format("data.plausible = {}, {}; expected the lower value first", ranges[2 * c],
                                     ranges[2 * c + 1]));
    }
    specs.push_back(std::move(spec));
  }
  return specs;
}

std::shared_ptr<const FieldSource> open_files(const Communicator& comm, const std::vector<CfSpec>& specs,
                                              std::shared_ptr<FieldCache> cache) {
  std::vector<std::shared_ptr<const FieldSource>> parts;
  for (const CfSpec& spec : specs)
    parts.push_back(std::make_shared<const CfSource>(CfSource::open(comm, spec, cache)));
  return parts.size() == 1 ? parts[0] : std::make_shared<const Stacked>(std::move(parts));
}

/// The LR series in the units of the HR one.
std::shared_ptr<const FieldSource> open_lr_files(const Communicator& comm, const Namelist& namelist,
                                                 const std::vector<Variable>& hr,
                                                 std::shared_ptr<FieldCache> cache) {
  auto specs = specs_of(namelist, "LR", namelist.required_texts("data.lr_files"), "data.lr_variable");
  if (specs.size() != hr.size())
    refuse(namelist, fmt::format("data.lr_variable names {} of the LR variables, the HR series has {}; expected "
                                 "one for each, in the same order",
                                 specs.size(), hr.size()));
  for (std::size_t c = 0; c < specs.size(); ++c) {
    specs[c].units = hr[c].working_units;
    specs[c].units_of = fmt::format("the HR variable '{}'", hr[c].name);
  }
  auto lr = open_files(comm, specs, std::move(cache));
  for (const Variable& v : lr->variables())
    if (v.units != v.working_units)
      log::info("LR: '{}' is converted from '{}' to '{}', the units of the HR series", v.name, v.units,
                v.working_units);
  return lr;
}

std::shared_ptr<const FieldSource> coarsened(std::shared_ptr<const FieldSource> hr,
                                             const Namelist& namelist) {
  return std::make_shared<const Coarsened>(std::move(hr),
                                           static_cast<int>(namelist.integer("data.coarsen_factor")));
}

}  // namespace

std::vector<CfSpec> hr_specs(const Namelist& namelist) {
  auto specs = specs_of(namelist, "HR", namelist.required_texts("data.hr_files"), "data.hr_variable");
  for (CfSpec& spec : specs) {
    spec.mask_file = namelist.text("data.mask_file");
    spec.mask_variable = namelist.text("data.mask_variable");
    for (const long value : namelist.integers("data.mask_ocean_values"))
      spec.mask_ocean_values.push_back(static_cast<double>(value));
  }
  return specs;
}

std::vector<CfSpec> truth_specs(const Namelist& namelist) {
  auto specs = hr_specs(namelist);
  const auto &files = namelist.texts("data.truth_files"), &names = namelist.texts("data.truth_variable");
  if (!names.empty() && names.size() != specs.size())
    refuse(namelist, fmt::format("data.truth_variable names {} variables, data.hr_variable {}; expected one for "
                                 "each, in the same order",
                                 names.size(), specs.size()));
  for (std::size_t c = 0; c < specs.size(); ++c) {
    specs[c].label = "truth";
    if (!files.empty()) specs[c].files = files;
    if (!names.empty()) specs[c].variable = names[c];
  }
  return specs;
}

std::shared_ptr<const FieldSource> open_lr(const Communicator& comm, const Namelist& namelist,
                                           std::shared_ptr<FieldCache> cache,
                                           const std::vector<Variable>* hr) {
  if (namelist.text("data.lr_source") == "coarsen")
    return coarsened(open_files(comm, hr_specs(namelist), std::move(cache)), namelist);
  if (hr) return open_lr_files(comm, namelist, *hr, std::move(cache));
  return open_lr_files(comm, namelist, open_files(comm, hr_specs(namelist), nullptr)->variables(),
                       std::move(cache));
}

StudySeries open_study(const Communicator& comm, const Namelist& namelist) {
  const auto cache = std::make_shared<FieldCache>(
      static_cast<std::size_t>(namelist.integer("grid.cache_mib")) << 20, comm.size());
  const auto hr = open_files(comm, hr_specs(namelist), cache);
  if (namelist.text("data.lr_source") == "coarsen") return {hr, coarsened(hr, namelist)};
  return {hr, open_lr_files(comm, namelist, hr->variables(), cache)};
}

namespace {

std::pair<std::string, std::string> dates_of_period(const Namelist& namelist, const std::string& key) {
  const auto& dates = namelist.required_texts(key);
  if (dates.size() != 2)
    throw Error(ExitCode::usage,
                fmt::format("{}: {} has {} values; expected two dates, 'YYYY-MM-DD', 'YYYY-MM-DD'",
                            namelist.source(), key, dates.size()),
                true);
  return {dates[0], dates[1]};
}

std::string range_text(const TimeAxis& axis) {
  return axis.dates.empty()
             ? "no time"
             : fmt::format("{} to {}", date_text(axis.dates.front()), date_text(axis.dates.back()));
}

}  // namespace

std::vector<StepPair> steps_of_period(const FieldSource& hr, const FieldSource& lr, const Namelist& namelist,
                                      const std::string& key) {
  const auto [first, last] = dates_of_period(namelist, key);
  const auto pairs = same_on_all_ranks([&, first = first, last = last] {
    return match_steps(hr.times(), steps_between(hr.times(), first, last), lr.times());
  });
  if (pairs.empty())
    throw Error(
        ExitCode::data,
        fmt::format("{} = '{}', '{}': no date in it that both {} ({}) and {} ({}) have; expected a period "
                    "that both cover",
                    key, first, last, hr.describe(), range_text(hr.times()), lr.describe(),
                    range_text(lr.times())),
        true);
  return pairs;
}

std::vector<long> lr_steps_of_period(const FieldSource& lr, const Namelist& namelist,
                                     const std::string& key) {
  const auto [first, last] = dates_of_period(namelist, key);
  const auto steps =
      same_on_all_ranks([&, first = first, last = last] { return steps_between(lr.times(), first, last); });
  if (steps.empty())
    throw Error(ExitCode::data,
                fmt::format("{} = '{}', '{}': {} has {}; expected a period that it covers", key, first, last,
                            lr.describe(), range_text(lr.times())),
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
