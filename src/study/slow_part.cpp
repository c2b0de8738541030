#include "podscale/study/slow_part.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "podscale/core/error.hpp"
#include "podscale/study/blocks.hpp"

namespace podscale {
namespace {

constexpr long kBlock = 64;  // steps

long calendar_month(const Date& date) {
  return 12L * date.year + date.month - 1;
}

/// Months from the first to the last of each part of a series without a long gap.
std::vector<std::pair<long, long>> stretches_of(const SampleAxis& axis, double gap) {
  std::vector<std::pair<long, long>> stretches;
  for (std::size_t t = 0; t < axis.size(); ++t) {
    const long month = calendar_month(axis.centre(t));
    if (stretches.empty() || static_cast<double>(month - stretches.back().second - 1) >= gap)
      stretches.emplace_back(month, month);
    stretches.back().second = month;
  }
  return stretches;
}

}  // namespace

double month_of(const SampleAxis& axis, std::size_t step) {
  const Date date = axis.centre(step);
  const double month = static_cast<double>(calendar_month(date));
  if (axis.is_monthly()) return month;
  return month - 0.5 +
         (date.day - 1 + date.second / 86400) / days_in_month(axis.calendar, date.year, date.month);
}

bool RunningMean::cut(long month) const {
  const double at = static_cast<double>(month);
  return static_cast<double>(last_ - first_ + 1) >= 2 * reach_ &&
         (at - reach_ < static_cast<double>(first_) || at + reach_ > static_cast<double>(last_));
}

std::pair<long, long> RunningMean::line(long month) const {
  const long length = static_cast<long>(std::lround(4 * reach_));
  return month - first_ < last_ - month ? std::pair{first_, std::min(last_, first_ + length - 1)}
                                        : std::pair{std::max(first_, last_ - length + 1), last_};
}

std::pair<long, long> RunningMean::needs(long month) const {
  const long reach = static_cast<long>(std::ceil(reach_));
  std::pair range{std::max(first_, month - reach), std::min(last_, month + reach)};
  if (cut(month)) {
    const auto further = line(month);
    range = {std::min(range.first, further.first), std::max(range.second, further.second)};
  }
  return range;
}

double RunningMean::at(long month, long from, std::span<const double> means,
                       std::span<const double> counts) const {
  const long reach = static_cast<long>(std::ceil(reach_));
  double weights = 0, sum = 0, places = 0;
  for (long m = std::max(first_, month - reach); m <= std::min(last_, month + reach); ++m) {
    const double away = static_cast<double>(std::abs(m - month)),
                 weight = std::clamp(reach_ + 0.5 - away, 0.0, 1.0) * counts[m - from];
    if (weight == 0) continue;
    weights += weight, sum += weight * means[m - from], places += weight * static_cast<double>(m - month);
  }
  if (weights == 0) return 0;
  if (!cut(month)) return sum / weights;
  const auto [begin, end] = line(month);
  double n = 0, mean_x = 0, mean_y = 0, xx = 0, xy = 0;
  for (long m = begin; m <= end; ++m) {
    const double count = counts[m - from];
    if (count > 0)
      n += count, mean_x += count * static_cast<double>(m - begin), mean_y += count * means[m - from];
  }
  mean_x /= n, mean_y /= n;
  for (long m = begin; m <= end; ++m) {
    const double x = static_cast<double>(m - begin) - mean_x, count = counts[m - from];
    if (count > 0) xx += count * x * x, xy += count * x * (means[m - from] - mean_y);
  }
  return sum / weights - (xx > 0 ? xy / xx * places / weights : 0);
}

SlowPart::SlowPart(const FieldSource& lr, std::span<const unsigned char> cells, const Climatology& mean,
                   const StudyYear& year, double years, std::span<const long> steps)
    : stretches_(stretches_of(lr.times(), 6 * years)) {
  const Communicator& comm = lr.comm();
  const Mesh& mesh = lr.mesh();
  const SampleAxis& axis = lr.times();

  // 1. The months whose means are wanted, and those that these need.
  std::map<long, std::size_t> wanted;  // months
  std::set<long> needed;
  for (const long step : steps) {
    const auto [before, after, share] = months_of(axis, step);
    wanted[before], wanted[after];
  }
  for (auto& [month, field] : wanted) {
    const auto& stretch = stretch_of(month);
    const auto range = RunningMean(years, stretch.first, stretch.second).needs(month);
    for (long m = range.first; m <= range.second; ++m) needed.insert(m);
    field = index_.size();
    index_.emplace(month, field);
  }
  std::vector<long> months(needed.begin(), needed.end()), read;
  for (std::size_t t = 0; t < axis.size(); ++t)
    if (needed.contains(calendar_month(axis.centre(t)))) read.push_back(static_cast<long>(t));

  // 2. Their means, on the rows of this rank: [values][months].
  const Share rows = share_of(mesh.ny(), comm.size(), comm.rank());
  const Window window{rows.begin, rows.size(), 0, rows.size() > 0 ? mesh.nx() : 0};
  const std::size_t points = static_cast<std::size_t>(window.points()),
                    n = points * static_cast<std::size_t>(lr.channels()),
                    all = static_cast<std::size_t>(mesh.points());
  const long from = months.front(), length = months.back() - from + 1;
  width_ = all * static_cast<std::size_t>(lr.channels());
  const auto place = [&](std::size_t v) {
    return v / points * all + static_cast<std::size_t>(window.y0 * mesh.nx()) + v % points;
  };
  std::vector<double> sums(n * static_cast<std::size_t>(length), 0.0), counts(sums.size(), 0.0),
      normal(width_);
  std::vector<float> fields;
  for_blocks(read.size(), kBlock, [&](std::size_t first, std::size_t count) {
    const auto part = std::span(read).subspan(first, count);
    fields.resize(n * count);
    lr.read(window, part, fields);
    for (std::size_t t = 0; t < count && n > 0; ++t) {
      mean.evaluate(year.at(axis, static_cast<std::size_t>(part[t])), normal);
      const long month = calendar_month(axis.centre(static_cast<std::size_t>(part[t]))) - from;
      for (std::size_t v = 0; v < n; ++v)
        if (const float number = fields[t * n + v]; cells[place(v) % all] && !std::isnan(number)) {
          sums[v * static_cast<std::size_t>(length) + static_cast<std::size_t>(month)] +=
              static_cast<double>(number) - normal[place(v)];
          ++counts[v * static_cast<std::size_t>(length) + static_cast<std::size_t>(month)];
        }
    }
  });
  for (std::size_t i = 0; i < sums.size(); ++i)
    if (counts[i] > 0) sums[i] /= counts[i];

  // 3. Their running means, on every rank.
  fields_.assign(wanted.size() * width_, 0.0f);
  for (const auto& [month, field] : wanted) {
    const auto& stretch = stretch_of(month);
    const RunningMean running(years, stretch.first, stretch.second);
    for (std::size_t v = 0; v < n; ++v) {
      if (!cells[place(v) % all]) continue;
      const auto of_value = [&](const std::vector<double>& table) {
        return std::span(table).subspan(v * static_cast<std::size_t>(length),
                                        static_cast<std::size_t>(length));
      };
      fields_[field * width_ + place(v)] =
          static_cast<float>(running.at(month, from, of_value(sums), of_value(counts)));
    }
  }
  comm.sum(std::span(fields_));  // a row is on one rank: exact
}

const std::pair<long, long>& SlowPart::stretch_of(long month) const {
  for (const auto& stretch : stretches_)
    if (month <= stretch.second) return stretch;
  return stretches_.back();
}

SlowPart::Months SlowPart::months_of(const SampleAxis& axis, long step) const {
  const auto& [first, last] = stretch_of(calendar_month(axis.centre(static_cast<std::size_t>(step))));
  const double month = std::clamp(month_of(axis, static_cast<std::size_t>(step)), static_cast<double>(first),
                                  static_cast<double>(last));
  const long before = static_cast<long>(std::floor(month));
  const double share = month - static_cast<double>(before);
  return {before, share > 0 ? before + 1 : before, share};
}

SlowPart::Place SlowPart::place(const SampleAxis& axis, long step) const {
  if (empty()) return {};
  const auto [before, after, share] = months_of(axis, step);
  const auto first = index_.find(before), second = index_.find(after);
  PODSCALE_ASSERT(first != index_.end() && second != index_.end(), "no running mean at {}",
                  date_text(axis[static_cast<std::size_t>(step)].date));
  return {first->second, second->second, share};
}

}  // namespace podscale
