#include "podscale/field/averaged.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <tuple>

#include "podscale/core/error.hpp"
#include "podscale/core/intervals.hpp"
#include "podscale/core/log.hpp"
#include "podscale/core/strands.hpp"

namespace podscale {
namespace {

constexpr double kEnough = 0.75;  // of the steps of a mean

std::string cell_methods_of_mean(std::string text) {
  if (const auto at = text.find("time: point"); at != std::string::npos)
    return text.replace(at, 11, "time: mean");
  if (text.find("time:") == std::string::npos) text += (text.empty() ? "" : " ") + std::string("time: mean");
  return text;
}

}  // namespace

Averaged::Averaged(std::shared_ptr<const FieldSource> source, const std::string& over,
                   const std::string& label)
    : source_(std::move(source)), over_(over), variables_(source_->variables()) {
  SampleAxis fine = source_->times();
  if (!fine.step.known()) understand_strands(fine);
  const bool days = over == "day";
  if (!fine.step.known() || fine.step.in_days() > (days ? 0.75 : 20))
    fail(ExitCode::data, "{}: steps of {} cannot be averaged to a {} ({}_average); expected shorter ones",
         source_->describe(), fine.step.text(), over, label);
  std::map<std::tuple<long, int, int, int>, std::vector<long>> groups;  // of a strand
  const std::vector<Strand> strands = strands_of(fine, source_->describe());
  for (std::size_t i = 0; i < strands.size(); ++i)
    for (const long t : strands[i].steps) {
      const Date date = fine.centre(static_cast<std::size_t>(t));
      groups[{static_cast<long>(i), date.year, date.month, days ? date.day : 1}].push_back(t);
    }
  const TimeUnits units(fine.units, calendar_name(fine.calendar), source_->describe());
  times_ = {fine.calendar, fine.units, {}, Stamp::automatic, days ? StepLength{0, 1} : StepLength{1, 0}};
  for (auto& [key, steps] : groups) {
    const auto [strand, year, month, day] = key;
    const Date from{year, month, day, 0};
    const double length = days ? 1 : days_in_month(fine.calendar, year, month);
    if (static_cast<double>(steps.size()) < kEnough * length / fine.step.in_days()) continue;
    const Date to = shifted(fine.calendar, from, length * 86400),
               middle = shifted(fine.calendar, from, length * 43200);
    times_.samples.push_back({units.plain_value(middle), middle,
                              TimeSpan{units.plain_value(from), units.plain_value(to)}, DateSpan{from, to},
                              fine[static_cast<std::size_t>(steps.front())].reference,
                              strands[static_cast<std::size_t>(strand)].realization});
    parts_.push_back(std::move(steps));
  }
  const std::string counts =
      fmt::format("{}: {} of {} {}s that have a value are averaged from steps of {}", source_->describe(),
                  parts_.size(), groups.size(), over, fine.step.text());
  if (parts_.empty())
    fail(ExitCode::data, "{}; expected one with {:.0f} % of its steps", counts, 100 * kEnough);
  if (parts_.size() < groups.size())
    log::warn("{}; the others lack more than a quarter of their steps and are left out", counts);
  else
    log::info("{}", counts);
  for (Variable& v : variables_) v.cell_methods = cell_methods_of_mean(v.cell_methods);
}

std::string Averaged::describe() const {
  return fmt::format("{} means of {}", over_ == "day" ? "daily" : "monthly", source_->describe());
}

void Averaged::read(const Window& window, std::span<const long> steps, std::span<float> out) const {
  const std::size_t n = static_cast<std::size_t>(window.points() * channels());
  std::vector<float> values;
  std::vector<double> sum(n);
  std::vector<std::size_t> count(n);
  for (std::size_t t = 0; t < steps.size(); ++t) {
    const std::vector<long>& part = parts_.at(static_cast<std::size_t>(steps[t]));
    values.resize(n * part.size());
    source_->read(window, part, values);
    std::fill(sum.begin(), sum.end(), 0.0);
    std::fill(count.begin(), count.end(), std::size_t{0});
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (std::isnan(values[i])) continue;
      sum[i % n] += static_cast<double>(values[i]);
      ++count[i % n];
    }
    for (std::size_t i = 0; i < n; ++i)
      out[t * n + i] = static_cast<double>(count[i]) >= kEnough * static_cast<double>(part.size())
                           ? static_cast<float>(sum[i] / static_cast<double>(count[i]))
                           : std::numeric_limits<float>::quiet_NaN();
  }
}

std::shared_ptr<const FieldSource> open_series(const Communicator& comm, const CfSpec& spec,
                                               std::shared_ptr<FieldCache> cache) {
  auto files = std::make_shared<const CfSource>(CfSource::open(comm, spec, std::move(cache)));
  if (spec.average.empty()) return files;
  return same_on_all_ranks([&] {
    return std::make_shared<const Averaged>(files, spec.average, spec.label == "LR" ? "data.lr" : "data.hr");
  });
}

}  // namespace podscale
