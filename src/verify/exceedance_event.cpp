#include "podscale/verify/exceedance_event.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "podscale/study/blocks.hpp"
#include "podscale/verify/field_scores.hpp"

namespace podscale {
namespace {

constexpr double quantile = 0.9;

/// Counts of one band: what a month's fields add up to.
class MonthlyCounts {
 public:
  MonthlyCounts(ExceedanceEvent::Kind kind, double threshold, std::size_t points, std::array<long, 12> fields)
      : kind_(kind), threshold_(threshold), points_(points) {
    if (kind == ExceedanceEvent::Kind::percentile) {
      for (std::size_t month = 0; month < 12; ++month) {
        long most = 0;
        for (const std::size_t source : pooled_months(fields, month)) {
          goes_to_[source].push_back(month);
          most += fields[source];
        }
        tops_.emplace_back(static_cast<long>(points), quantile, most);
      }
    } else {
      seen_.resize(12 * points);
      above_.resize(12 * points);
    }
  }
  void add(std::size_t month, std::span<const float> field, std::span<const double> climatology) {
    if (kind_ == ExceedanceEvent::Kind::percentile) {
      anomaly_.resize(points_);
      for (std::size_t i = 0; i < points_; ++i) anomaly_[i] = static_cast<float>(field[i] - climatology[i]);
      for (const std::size_t target : goes_to_[month]) tops_[target].add(anomaly_);
      return;
    }
    for (std::size_t i = 0; i < points_; ++i) {
      if (!std::isfinite(field[i])) continue;
      seen_[month * points_ + i] += 1;
      above_[month * points_ + i] += field[i] > threshold_ ? 1 : 0;
    }
  }
  /// [points] of a month; kind percentile.
  std::vector<double> percentile(std::size_t month) const { return tops_[month].quantiles(); }
  /// [points] of a month.
  std::vector<double> frequency(std::size_t month) const {
    if (kind_ == ExceedanceEvent::Kind::percentile) return tops_[month].exceedance();
    std::vector<double> out(points_);
    for (std::size_t i = 0; i < points_; ++i)
      out[i] = quotient(above_[month * points_ + i], seen_[month * points_ + i]);
    return out;
  }

 private:
  ExceedanceEvent::Kind kind_;
  double threshold_;
  std::size_t points_;
  std::vector<double> seen_, above_;
  std::vector<UpperQuantile> tops_;                     // of each month
  std::array<std::vector<std::size_t>, 12> goes_to_{};  // months that a month's fields count for
  std::vector<float> anomaly_;
};

}  // namespace

std::vector<std::size_t> pooled_months(const std::array<long, 12>& fields, std::size_t month) {
  if (fields[month] >= fewest_fields) return {month};
  return {(month + 11) % 12, month, (month + 1) % 12};
}

void ExceedanceEvent::convert(const UnitConversion& to, const std::string& name) {
  threshold = to.scale * threshold + to.offset;
  for (double& value : percentile.values) value *= to.scale;
  units = name;
}

std::string ExceedanceEvent::describe() const {
  if (kind == Kind::percentile)
    return fmt::format("truth above the {:.0f}th percentile of the time of the year", 100 * quantile);
  const bool small = threshold != 0 && std::abs(threshold) < 0.1;
  return fmt::format("truth above {} {}",
                     small ? fmt::format("{:.3g}", threshold) : fmt::format("{:.2f}", threshold), units);
}

std::vector<double> ExceedanceEvent::limits(double year_fraction, std::span<const float> climatology) const {
  std::vector<double> out(climatology.size(), threshold);
  if (kind == Kind::threshold) return out;
  percentile.evaluate(year_fraction, out);
  for (std::size_t i = 0; i < out.size(); ++i) out[i] += climatology[i];
  return out;
}

ExceedanceEvent train_event(const Communicator& comm, ExceedanceEvent::Kind kind, double threshold,
                            const FieldSource& hr, std::span<const long> steps,
                            const Climatology& climatology, long block, const StudyYear& year,
                            const std::optional<Share>& own, const Communicator* peers) {
  const Mesh& mesh = hr.mesh();
  const SampleAxis& times = hr.times();
  const Share wanted = own.value_or(Share{0, mesh.ny()});
  const Communicator& sharers = peers ? *peers : comm;
  const Share rows = share_of(wanted.size(), sharers.size(), sharers.rank());
  const Window band{wanted.begin + rows.begin, rows.size(), 0, mesh.nx()};
  const long first_point = rows.begin * mesh.nx(), points = band.points();
  const auto date = [&](long step) { return times.centre(static_cast<std::size_t>(step)); };
  std::array<long, 12> fields{};
  for (const long step : steps) ++fields[date(step).month - 1];

  MonthlyCounts counts(kind, threshold, points, fields);
  const Climatology mine = climatology.part(first_point, points);
  std::vector<float> values;
  std::vector<double> mean(points);
  for_blocks("training climate of the event", steps.size(), block, [&](std::size_t first, std::size_t count) {
    const auto some = steps.subspan(first, count);
    values.resize(some.size() * points);
    hr.read(band, some, values);
    for (std::size_t t = 0; t < some.size(); ++t) {
      mine.evaluate(year.at(times, some[t]), mean);
      counts.add(static_cast<std::size_t>(date(some[t]).month - 1),
                 std::span<const float>(values).subspan(t * points, points), mean);
    }
  });

  // Ranks hold other rows each: the sum over ranks adds zeros and is exact.
  const auto all = static_cast<std::size_t>(wanted.size() * mesh.nx());
  const auto whole = [&](const auto& part_of_month) {
    MonthlyField field{static_cast<long>(all), std::vector<double>(12 * all, 0.0)};
    for (std::size_t month = 0; month < 12; ++month) {
      const std::vector<double> part = part_of_month(month);
      std::copy(part.begin(), part.end(), field.values.begin() + month * all + first_point);
    }
    sharers.sum(std::span<double>(field.values));
    return field;
  };
  ExceedanceEvent event;
  event.kind = kind;
  event.threshold = threshold;
  event.frequency = whole([&](std::size_t month) { return counts.frequency(month); });
  if (kind == ExceedanceEvent::Kind::percentile)
    event.percentile = whole([&](std::size_t month) { return counts.percentile(month); });
  return event;
}

}  // namespace podscale
