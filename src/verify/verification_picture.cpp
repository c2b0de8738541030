// Verification: the fields and the series of the picture.
#include <algorithm>
#include <cmath>
#include <limits>

#include "podscale/core/log.hpp"
#include "podscale/core/on_this_rank.hpp"
#include "podscale/stat/student.hpp"
#include "podscale/study/factor_members.hpp"
#include "podscale/verify/verification.hpp"

namespace podscale {
namespace {

constexpr std::size_t kMembers = 2;
constexpr long kSteps = 366;  // of the series, at most

/// The ocean point where the map is largest; of points that rounding tells apart, the first: maps may differ
/// by it from one number of ranks to another. -1: no ocean.
idx_t largest(const std::vector<double>& map, const std::vector<unsigned char>& ocean) {
  idx_t found = -1;
  double most = -1;
  for (idx_t i = 0; i < std::ssize(map); ++i) {
    if (!ocean[i] || !(map[i] > most + 1e-9 * std::abs(most))) continue;
    found = i;
    most = map[i];
  }
  return found;
}

}  // namespace

PictureFields Verification::picture_fields() {
  PictureFields picture;
  picture.time = picture_index();
  if (picture.time < 0) return picture;
  const Match& match = matched_[picture.time];
  ProductFields forecast;
  product_->read(match.product, forecast);
  picture.members = picture_members(match, forecast);
  picture.mean = std::move(forecast.mean);
  picture.deviation = std::move(forecast.variance);
  for (float& value : picture.deviation) value = std::sqrt(value);
  picture.truth = read_truth(channel_, match.truth);
  picture.low_resolution = baselines_->nearest(match.lr);
  convert(picture.truth);
  convert(picture.low_resolution);
  picture.series = series_;
  return picture;
}

/// Those that were written, else drawn from the factors; of a product with realizations one of each of the
/// first. None where there are neither.
std::vector<std::vector<float>> Verification::picture_members(const Match& match,
                                                              const ProductFields& fields) const {
  const std::size_t points = static_cast<std::size_t>(basis_->mesh.points()),
                    written = fields.members.size() / points;
  std::vector<std::vector<float>> members;
  for (std::size_t m = 0; m < std::min(written, kMembers); ++m) {
    // Of all realizations together: members of the first, then of the second.
    const std::size_t at = product_->pooled() ? m * written / kMembers : m;
    members.emplace_back(fields.members.begin() + static_cast<long>(at * points),
                         fields.members.begin() + static_cast<long>((at + 1) * points));
  }
  if (members.size() == kMembers || !names_factors(product_->file())) return members;
  members.clear();
  try {
    ProductReader reader(self_, product_->path(), names_[channel_]);
    reader.put_on(basis_->mesh, options_->basis_path);
    const FactorReader factors(product_->file());
    const FactorMembers draws(factors, *basis_, options_->basis_path, reader.times().calendar);
    const std::vector<std::size_t> steps = factors.steps_of(reader);
    for (std::size_t m = 0; m < kMembers; ++m) {
      long step = match.product;
      std::vector<float> member = fields.mean;
      int number = static_cast<int>(m);
      if (product_->pooled()) {
        const auto parts = product_->realizations(match.product);
        const std::size_t part = m % parts.size();
        step = parts[part];
        number = static_cast<int>(m / parts.size());
        const auto first = fields.means.begin() + static_cast<long>(part * points);
        member.assign(first, first + static_cast<long>(points));
      }
      const auto t = static_cast<std::size_t>(step);
      const auto deviation = draws.deviation(steps[t], reader.times().time_key(t), number);
      for (std::size_t i = 0; i < points; ++i) {
        const double running = fields.running.empty() ? 1 : std::sqrt(static_cast<double>(fields.running[i]));
        member[i] += static_cast<float>(product_->scale() * running *
                                        deviation[static_cast<std::size_t>(channel_) * points + i]);
      }
      members.push_back(std::move(member));
    }
  } catch (const Error& error) {
    if (error.code() != ExitCode::data && error.code() != ExitCode::no_input) throw;
    log::warn("no members in the picture: {}", error.what());
    members.clear();
  }
  return members;
}

void Verification::follow_point(const ScoreAccumulator& scores) {
  const long picture = picture_index();
  const ScoreMaps& maps = scores.maps(0);
  const idx_t point = largest(product_->has_variance() ? maps.deviation : maps.rmse, basis_->ocean);
  if (picture < 0 || point < 0) return;

  // 1. The times: of one run, around that of the picture.
  const SampleAxis axis = matched_times();
  const auto& run = axis[static_cast<std::size_t>(picture)].reference;
  const auto of_run = [&](long k) {
    const auto& other = axis[static_cast<std::size_t>(k)].reference;
    return !run || (other && days_between(axis.calendar, *other, *run) == 0);
  };
  std::vector<long> all;
  long at = 0;
  for (long k = 0; k < times(); ++k) {
    if (!of_run(k)) continue;
    if (k == picture) at = std::ssize(all);
    all.push_back(k);
  }
  const long count = std::min(kSteps, std::ssize(all)),
             first = std::clamp(at - count / 2, 0L, std::ssize(all) - count);
  series_ = {};
  series_.point = point;
  series_.times.assign(all.begin() + first, all.begin() + first + count);

  // 2. Their values, each from one rank.
  constexpr std::size_t kKinds = 4;
  std::vector<double> values(static_cast<std::size_t>(count) * kKinds, 0.0);
  const Share mine = share_of(count, comm_->size(), comm_->rank());
  const Mesh& mesh = basis_->mesh;
  const Climatology climatology = basis_->hr_climatology.part(channel_ * mesh.points() + point, 1);
  const double width = predictive_half_width(0.9, product_->degrees_of_freedom());
  comm_->agree([&] {
    on_this_rank([&] {
      for (long k = mine.begin; k < mine.end; ++k) {
        const Match& match = matched_[static_cast<std::size_t>(series_.times[static_cast<std::size_t>(k)])];
        const auto [mean, variance] = product_->read_point(match.product, point);
        float truth = 0, interpolated = baselines_->anomaly_at(match.lr, point);
        truths_[static_cast<std::size_t>(channel_)]->read({point / mesh.nx(), 1, point % mesh.nx(), 1},
                                                          std::span(&match.truth, 1), std::span(&truth, 1));
        double normal = 0;
        climatology.evaluate(basis_->year_phase(product_->times(), static_cast<std::size_t>(match.product)),
                             std::span(&normal, 1));
        interpolated += static_cast<float>(normal);
        convert(std::span(&truth, 1));
        convert(std::span(&interpolated, 1));
        double* to = values.data() + static_cast<std::size_t>(k) * kKinds;
        to[0] = mean;
        to[1] = width * std::sqrt(variance);
        to[2] = truth;
        to[3] = interpolated;
      }
    });
  });
  comm_->sum(std::span(values));
  for (std::size_t i = 0; i < values.size(); ++i)
    std::array{&series_.mean, &series_.half_width, &series_.truth, &series_.interpolated}[i % kKinds]
        ->push_back(values[i]);
}

}  // namespace podscale
