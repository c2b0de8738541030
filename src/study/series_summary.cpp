#include "podscale/study/series_summary.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <utility>

#include "podscale/core/step_gaps.hpp"
#include "podscale/core/strands.hpp"
#include "podscale/core/text.hpp"
#include "podscale/study/blocks.hpp"

namespace podscale {
namespace {

constexpr std::size_t kTimes = 48;        // of a sample
constexpr std::size_t kValues = 1 << 26;  // of a sample, where that leaves two times or more

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + std::ssize(values) / 2;
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/// "0.25", or "0.2 to 0.5" where it varies by more than rounding.
std::string step_text(const std::vector<double>& centres) {
  double least = INFINITY, most = 0;
  for (std::size_t i = 1; i < centres.size(); ++i) {
    least = std::min(least, centres[i] - centres[i - 1]);
    most = std::max(most, centres[i] - centres[i - 1]);
  }
  if (most == 0) return "1 cell";
  return most - least < 0.01 * most ? fmt::format("{:.4g}", 0.5 * (least + most))
                                    : fmt::format("{:.3g} to {:.3g}", least, most);
}

std::string share_text(long part, long of) {
  const double share = of > 0 ? 100.0 * static_cast<double>(part) / static_cast<double>(of) : 0.0;
  return part > 0 && share < 0.05 ? "under 0.1 %" : fmt::format("{:.1f} %", share);
}

/// Running sums of one channel.
struct Sums {
  explicit Sums(std::size_t points)
      : count(points), first(points, NAN), sum(points), squares(points), varies(points) {}
  std::vector<int> count;
  std::vector<float> first;
  std::vector<double> sum, squares;  // of what differs from the first value: exact where nothing does
  std::vector<unsigned char> varies;
  void add(std::span<const float> field, FieldSample& sample) {
    for (std::size_t i = 0; i < field.size(); ++i) {
      const float value = field[i];
      if (std::isnan(value)) continue;
      if (count[i]++ == 0) first[i] = value;
      const double away = static_cast<double>(value) - static_cast<double>(first[i]);
      sum[i] += away;
      squares[i] += away * away;
      varies[i] |= away != 0;
      sample.low = std::min(sample.low, static_cast<double>(value));
      sample.high = std::max(sample.high, static_cast<double>(value));
    }
  }
  void finish(const Mesh& mesh, FieldSample& sample) const {
    sample.mean.assign(count.size(), NAN);
    sample.deviation.assign(count.size(), NAN);
    double weights = 0;
    for (std::size_t i = 0; i < count.size(); ++i) {
      const int n = count[i];
      sample.never += n == 0;
      sample.sometimes += n > 0 && n < static_cast<int>(sample.times);
      sample.unchanging += n > 1 && !varies[i];
      if (n == 0) continue;
      const double away = sum[i] / n, mean = away + static_cast<double>(first[i]);
      sample.mean[i] = static_cast<float>(mean);
      sample.deviation[i] = static_cast<float>(std::sqrt(std::max(0.0, squares[i] / n - away * away)));
      const long point = static_cast<long>(i);
      const double weight = mesh.area_weight(point / mesh.nx(), point % mesh.nx());
      weights += weight;
      sample.average += weight * mean;
    }
    if (weights > 0) sample.average /= weights;
  }
};

}  // namespace

std::string variable_text(const Variable& variable) {
  std::string text =
      fmt::format("{} [{}]", variable.name, variable.units.empty() ? "no units" : variable.units);
  const char* before = ": ";
  for (const std::string& words : {variable.standard_name, variable.long_name, variable.cell_methods})
    if (!words.empty()) text += std::exchange(before, ", ") + printable(words, 400);
  return text;
}

Position typical_spacing(const Mesh& mesh) {
  std::vector<double> y, x;
  const idx_t stride = std::max<idx_t>(1, mesh.points() / 1009);
  for (idx_t p = 0; p < mesh.points(); p += stride) {
    if (mesh.owner(p) != p) continue;
    const Position cell = mesh.spacing(p);
    y.push_back(cell.y);
    x.push_back(cell.x);
  }
  return {median(y), median(x)};
}

std::string mesh_text(const Mesh& mesh) {
  const bool image = mesh.kind() == MeshKind::plane && !(mesh.unit().metres > 0);
  std::string text = mesh.describe() + (image                            ? ", rows and columns of an image"
                                        : mesh.kind() == MeshKind::plane ? ", a plane"
                                        : mesh.kind() == MeshKind::curvilinear ? ", a position for each point"
                                                                               : ", axes");
  const Position cell = typical_spacing(mesh);
  if (mesh.separable() && !image)
    text += fmt::format(", every {} x {} {}", step_text(mesh.y().centres), step_text(mesh.x().centres),
                        mesh.kind() == MeshKind::plane ? mesh.unit().name : "degrees");
  if (!image) text += fmt::format(", cells of {:.3g} x {:.3g} km", cell.y, cell.x);
  if (!mesh.mapping().name.empty()) text += ", grid mapping " + mesh.mapping().name;
  if (mesh.periodic())
    text += ", periodic in longitude";
  else if (mesh.period() > 0)
    text += fmt::format(", columns repeat after {}", mesh.period());
  if (mesh.fold().present) text += ", folded at its last row";
  return text;
}

namespace {

/// Of several series: how many realizations and runs there are, then the first series.
std::string strands_text(const SampleAxis& times, const std::vector<Strand>& strands) {
  std::set<long> realizations;
  for (const Strand& strand : strands) realizations.insert(strand.realization);
  const std::size_t runs = strands.size() / realizations.size();
  std::string text;
  if (realizations.size() > 1)
    text = fmt::format("{} realizations ({} ... {})", realizations.size(), *realizations.begin(),
                       *realizations.rbegin());
  if (runs > 1)
    text += fmt::format("{}{} runs that overlap ({} ... {})", text.empty() ? "" : " of ", runs,
                        date_text(*strands.front().reference), date_text(*strands.back().reference));
  return text + "; of the first: " + times_text(subset(times, strands[0].steps));
}

}  // namespace

std::string times_text(const SampleAxis& times) {
  if (const auto strands = strands_of(times); strands.size() > 1) return strands_text(times, strands);
  const std::size_t last = times.size() - 1;
  if (last == 0)
    return fmt::format("1 time, {}, calendar {}", sample_text(times, 0), calendar_name(times.calendar));
  const StepGaps gaps = step_gaps(times);
  std::string text =
      fmt::format("{} times, {} ... {}", times.size(), sample_text(times, 0), sample_text(times, last));
  if (times.step.known()) text += (gaps.even ? ", every " : ", unevenly spaced, mostly ") + times.step.text();
  text += fmt::format(", calendar {}", calendar_name(times.calendar));
  text += gaps.missing == 0 ? ", none missing"
                            : fmt::format(", {} missing, the first after {}", gaps.missing,
                                          date_text(times[gaps.gap].date));
  return text + (times.has_intervals() ? ", with bounds" : ", no bounds");
}

std::string FieldSample::text(const Variable& variable, long points, std::size_t of_times) const {
  const std::string in = of_times == 0       ? "without time"
                         : times == of_times ? fmt::format("in {} time{}", times, times == 1 ? "" : "s")
                                             : fmt::format("in {} of {} times", times, of_times);
  if (never == points) return "no value at all " + in;
  std::string text = fmt::format("{:.6g} to {:.6g}{}{}, mean {:.5g}, {}; {} of the points without any", low,
                                 high, variable.working_units.empty() ? "" : " ", variable.working_units,
                                 average, in, share_text(never, points));
  if (sometimes > 0) text += fmt::format(", {} with gaps", share_text(sometimes, points));
  if (unchanging > 0) text += fmt::format(", {} always the same", share_text(unchanging, points));
  return text;
}

std::vector<FieldSample> sample_fields(const FieldSource& source) {
  const Mesh& mesh = source.mesh();
  const std::size_t points = mesh.points(), channels = source.channels(), all = source.times().size();
  const std::size_t fit = std::max<std::size_t>(2, kValues / std::max<std::size_t>(1, points * channels)),
                    count = std::min({all, kTimes, fit});
  std::vector<long> steps;
  for (std::size_t i = 0; i < count; ++i)
    steps.push_back(static_cast<long>(count == 1 ? all / 2 : i * (all - 1) / (count - 1)));
  const std::size_t middle = count / 2;
  const bool reads = source.comm().is_root();
  const Window window = reads ? Window{0, mesh.ny(), 0, mesh.nx()} : Window{};
  std::vector<FieldSample> samples(channels);
  std::vector<Sums> sums(channels, Sums(reads ? points : 0));
  for (FieldSample& sample : samples) {
    sample.times = count;
    sample.shown = steps[middle];
    sample.low = INFINITY, sample.high = -INFINITY;
  }
  std::vector<float> fields;
  for_blocks(count, 4, [&](std::size_t first, std::size_t n) {
    fields.resize(n * channels * static_cast<std::size_t>(window.points()));
    source.read(window, std::span(steps).subspan(first, n), fields);
    for (std::size_t i = 0; reads && i < n * channels; ++i) {
      const auto field = std::span<const float>(fields).subspan(i * points, points);
      FieldSample& sample = samples[i % channels];
      sums[i % channels].add(field, sample);
      if (first + i / channels == middle) sample.field.assign(field.begin(), field.end());
    }
  });
  for (std::size_t c = 0; c < channels; ++c) {
    FieldSample& sample = samples[c];
    if (reads) sums[c].finish(mesh, sample);
    source.comm().broadcast(std::span(&sample.low, 1));
    source.comm().broadcast(std::span(&sample.high, 1));
    source.comm().broadcast(std::span(&sample.average, 1));
    long counts[] = {sample.never, sample.sometimes, sample.unchanging};
    source.comm().broadcast(std::span(counts));
    sample.never = counts[0], sample.sometimes = counts[1], sample.unchanging = counts[2];
  }
  return samples;
}

}  // namespace podscale
