#include "podscale/study/series.hpp"

#include <fmt/ranges.h>

#include "podscale/core/error.hpp"
#include "podscale/core/log.hpp"
#include "podscale/field/coarsened.hpp"

namespace podscale {

CfSpec hr_spec(const Namelist& namelist) {
  CfSpec spec{"HR",
              namelist.required_texts("data.hr_files"),
              namelist.text("data.hr_variable"),
              namelist.text("data.mask_file"),
              namelist.text("data.mask_variable"),
              {}};
  for (const long value : namelist.integers("data.mask_ocean_values"))
    spec.mask_ocean_values.push_back(static_cast<double>(value));
  if (const std::string& units = namelist.text("data.units"); !units.empty()) spec.units = units;
  spec.units_of = "data.units";
  if (const auto& range = namelist.reals("data.plausible"); !range.empty()) {
    if (range.size() != 2 || !(range[0] < range[1]))
      throw Error(ExitCode::usage,
                  fmt::format("{}: data.plausible = {}; expected the lowest and the highest value",
                              namelist.source(), fmt::join(range, ", ")),
                  true);
    spec.plausible = {static_cast<float>(range[0]), static_cast<float>(range[1])};
  }
  return spec;
}

CfSpec truth_spec(const Namelist& namelist) {
  CfSpec spec = hr_spec(namelist);
  spec.label = "truth";
  if (!namelist.texts("data.truth_files").empty()) spec.files = namelist.texts("data.truth_files");
  if (!namelist.text("data.truth_variable").empty()) spec.variable = namelist.text("data.truth_variable");
  return spec;
}

namespace {

std::shared_ptr<const FieldSource> open_files(const Communicator& comm, const CfSpec& spec,
                                              std::shared_ptr<FieldCache> cache) {
  return std::make_shared<const CfSource>(CfSource::open(comm, spec, std::move(cache)));
}

/// The LR series in the units of the HR one.
std::shared_ptr<const FieldSource> open_lr_files(const Communicator& comm, const Namelist& namelist,
                                                 const Variable& hr, std::shared_ptr<FieldCache> cache) {
  CfSpec spec = hr_spec(namelist);
  spec.label = "LR";
  spec.files = namelist.required_texts("data.lr_files");
  spec.variable = namelist.text("data.lr_variable");
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
                                             const Namelist& namelist) {
  return std::make_shared<const Coarsened>(std::move(hr),
                                           static_cast<int>(namelist.integer("data.coarsen_factor")));
}

}  // namespace

std::shared_ptr<const FieldSource> open_lr(const Communicator& comm, const Namelist& namelist,
                                           std::shared_ptr<FieldCache> cache, const Variable* hr) {
  if (namelist.text("data.lr_source") == "coarsen")
    return coarsened(open_files(comm, hr_spec(namelist), std::move(cache)), namelist);
  Variable working;
  working.working_units = namelist.text("data.units");
  if (hr)
    working = *hr;
  else if (working.working_units.empty())
    working = open_files(comm, hr_spec(namelist), nullptr)->variables()[0];
  return open_lr_files(comm, namelist, working, std::move(cache));
}

StudySeries open_study(const Communicator& comm, const Namelist& namelist) {
  const auto cache = std::make_shared<FieldCache>(
      static_cast<std::size_t>(namelist.integer("grid.cache_mib")) << 20, comm.size());
  const auto hr = open_files(comm, hr_spec(namelist), cache);
  if (namelist.text("data.lr_source") == "coarsen") return {hr, coarsened(hr, namelist)};
  return {hr, open_lr_files(comm, namelist, hr->variables()[0], cache)};
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
