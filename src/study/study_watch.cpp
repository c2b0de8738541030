#include "podscale/study/study_watch.hpp"

#include <algorithm>

#include "podscale/core/error.hpp"
#include "podscale/core/intervals.hpp"
#include "podscale/core/log.hpp"

namespace podscale {
namespace {

long day_of(const SampleAxis& axis, const Date& date) {
  return day_number(axis.calendar, date.year, date.month, date.day);
}

std::string period_text(const std::vector<std::string>& period) {
  return fmt::format("'{}', '{}'", period.front(), period.back());
}

/// Of the calendar that has all days of the others.
bool overlap(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  if (a.size() != 2 || b.size() != 2) return false;
  const DateRange one = parse_date_range(a.front(), a.back()), other = parse_date_range(b.front(), b.back());
  const auto day = [](const Date& d) { return 10000L * d.year + 100 * d.month + d.day; };
  return day(one.first) <= day(other.last) && day(other.first) <= day(one.last);
}

/// The namelist that the basis was made with; nothing where another version wrote it, with other
/// keys, or it has none.
std::optional<Namelist> namelist_of(const Basis& basis, const std::string& basis_path) {
  if (basis.effective_namelist.empty()) return std::nullopt;
  Namelist namelist;
  try {
    namelist.parse(basis.effective_namelist, basis_path + ": podscale_namelist");
  } catch (const Error& error) {
    log::warn("{}; the keys that it was made with are not compared", error.what());
    return std::nullopt;
  }
  return namelist;
}

/// Keys whose values are in the basis, for good.
bool is_of_basis(const Key& key, bool with_base, bool base_alone) {
  const std::string group = key.group, name = key.name;
  if (group == "history") return name == "ages";
  if (group == "base") return with_base && (name != "inflation" || base_alone);
  return group == "patches" || group == "basis" || (group == "data" && name == "train") ||
         (group == "grid" && name == "interpolation");
}

/// As require_keys_of_basis.
void require_keys(const Namelist& namelist, const Namelist& made_with, const std::string& basis_path) {
  const bool with_base = namelist.text("model.base") == "gaussian",
             base_alone = namelist.text("sampling.uncertainty") == "base";
  for (const Key& key : key_table()) {
    const std::string name = fmt::format("{}.{}", key.group, key.name);
    if (!is_of_basis(key, with_base, base_alone) || !namelist.given(name)) continue;
    const std::string wanted = namelist.effective_value(name), found = made_with.effective_value(name);
    if (wanted != found)
      throw Error(
          ExitCode::usage,
          fmt::format("{}: {} = {}, but {} was made with {}: make the basis again with podscale-basis, "
                      "or give the value that it has",
                      namelist.source(), name, wanted, basis_path, found),
          true);
  }
}

/// Runs and realizations stand one after the other.
auto ends_of(const SampleAxis& axis) {
  return std::minmax_element(axis.samples.begin(), axis.samples.end(),
                             [](const Sample& a, const Sample& b) { return a.time < b.time; });
}

/// Of a period with data.train of the basis.
void warn_of_overlap(const std::string& what, const std::vector<std::string>& period,
                     const std::vector<std::string>& train, const std::string& basis_path) {
  same_on_all_ranks([&] {
    if (overlap(period, train))
      log::warn("{} = {} overlaps the training period {} of {}: scores of days that were fitted are too good",
                what, period_text(period), period_text(train), basis_path);
  });
}

/// Where both series say what a variable is, and say different things.
void warn_of_other_quantities(const StudySeries& study) {
  for (std::size_t c = 0; c < study.hr.variables().size() && c < study.lr.variables().size(); ++c) {
    const Variable &hr = study.hr.variables()[c], &lr = study.lr.variables()[c];
    const auto compare = [&](const char* attribute, const std::string& of_hr, const std::string& of_lr) {
      if (of_hr.empty() || of_lr.empty() || of_hr == of_lr) return;
      log::warn("{}: '{}' has {} '{}', '{}' of {} has '{}': two quantities are paired, and their difference "
                "is learnt as if it were detail; give variables of one meaning, or correct the attribute",
                study.hr.describe(), hr.name, attribute, of_hr, lr.name, study.lr.describe(), of_lr);
    };
    compare("standard_name", hr.standard_name, lr.standard_name);
    compare("cell_methods in time", method_in_time(hr.cell_methods), method_in_time(lr.cell_methods));
  }
}

}  // namespace

bool covers(const SampleAxis& axis, const std::vector<std::string>& period) {
  // A step may be stamped at either end of what it stands for, so that one and a half are no gap.
  const double step = axis.step.in_days();
  if (!axis.step.known() || period.size() != 2) return true;
  const DateRange range = parse_date_range(period.front(), period.back());
  const auto [earliest, latest] = ends_of(axis);
  const long first = day_of(axis, earliest->date), last = day_of(axis, latest->date);
  const double before = static_cast<double>(first - day_of(axis, range.first)),
               after = static_cast<double>(day_of(axis, range.last) - last);
  return before <= 1.5 * step && after <= 1.5 * step;
}

void watch_ends(const std::string& key, const std::vector<std::string>& period, const FieldSource& source) {
  const SampleAxis& axis = source.times();
  if (covers(axis, period)) return;
  const auto [earliest, latest] = ends_of(axis);
  log::warn("{} = {}: {} covers {} to {} alone; what is missing is left out", key, period_text(period),
            source.describe(), date_text(earliest->date), date_text(latest->date));
}

void watch_training(const DataOptions& data, const StudySeries& study, bool validates) {
  same_on_all_ranks([&] {
    for (const Period* period : {&data.train, &data.validate}) {
      if (period == &data.validate && !validates) continue;
      watch_ends(period->key, period->value, study.hr);
      if (!data.coarsen) watch_ends(period->key, period->value, study.lr);
    }
    if (validates && overlap(data.train.value, data.validate.value))
      log::warn(
          "data.validate = {} overlaps data.train = {}: what is chosen and calibrated on days that were "
          "fitted is too good to be true; give periods apart",
          period_text(data.validate.value), period_text(data.train.value));
    if (!data.coarsen) warn_of_other_quantities(study);
  });
}

void watch_overlap(const std::string& what, const std::vector<std::string>& period, const Basis& basis,
                   const std::string& basis_path) {
  if (const auto made_with = namelist_of(basis, basis_path))
    warn_of_overlap(what, period, made_with->texts("data.train"), basis_path);
}

void watch_downscaling(const Namelist& namelist, const Basis& basis, const std::string& basis_path,
                       const DataOptions& data, const FieldSource& lr) {
  if (const auto made_with = namelist_of(basis, basis_path)) {
    require_keys(namelist, *made_with, basis_path);
    // The dates of another source need not be those of the training.
    if (!data.applies())
      warn_of_overlap(data.downscale.key, data.downscale.value, made_with->texts("data.train"), basis_path);
  }
  // A run ends where it ends.
  const bool forecasts = !lr.times().samples.empty() && lr.times()[0].reference.has_value();
  if (!forecasts) same_on_all_ranks([&] { watch_ends(data.downscale.key, data.downscale.value, lr); });
  const StepLength& step = lr.times().step;
  const bool monthly = basis.lr_step.months > 0;
  if (step.known() && basis.lr_step.known() && monthly != lr.times().is_monthly())
    log::warn(
        "{}: its steps are {:.3g} days long, but {} was made from {}: its modes and its variance are "
        "those of {}; give such a series, or make a basis from one like this",
        lr.describe(), step.in_days(), basis_path, monthly ? "months" : "steps of less than a month",
        monthly ? "monthly means" : "single steps");
}

void require_keys_of_basis(const Namelist& namelist, const Basis& basis, const std::string& basis_path) {
  if (const auto made_with = namelist_of(basis, basis_path)) require_keys(namelist, *made_with, basis_path);
}

}  // namespace podscale
