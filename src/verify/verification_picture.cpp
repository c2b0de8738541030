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
constexpr long kSteps = 366;           // of the series, at most
constexpr idx_t kMostDrawn = 1 << 20;  // points of a region that members are drawn on, by rank 0 alone

/// The ocean point where the map is largest; of points that rounding tells apart, the first: maps
/// may differ by it from one number of ranks to another. -1: no ocean.
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
  ProductFields own;
  std::vector<float> truth, low_resolution;
  comm_->agree([&] {
    on_this_rank([&] {
      product_->read(match.product, own);
      truth = read_truth(channel_, match.truth);
      low_resolution = baselines_->nearest(match.lr);
      group_.agree([&] {
        for (float& value : own.variance) value = std::sqrt(value);
        convert(truth);
        convert(low_resolution);
      });
    });
  });
  const auto whole = [&](const std::vector<float>& field) {
    return field.empty() ? std::vector<float>{} : rows_.gather(std::span<const float>(field));
  };
  picture.mean = whole(own.mean);
  picture.deviation = whole(own.variance);
  picture.truth = whole(truth);
  picture.low_resolution = whole(low_resolution);
  picture.members = picture_members(match, own, picture.mean);
  picture.series = series_;
  return picture;
}

/// Those that were written, else drawn from the factors; of a product with realizations one of
/// each of the first. None where there are neither.
std::vector<std::vector<float>> Verification::picture_members(const Match& match, const ProductFields& own,
                                                              const std::vector<float>& mean) const {
  const std::size_t points = own.mean.size(), written = own.members.size() / points;
  std::vector<std::vector<float>> members;
  const auto whole = [&](const std::vector<float>& fields, std::size_t number) {
    return rows_.gather(std::span<const float>(fields).subspan(number * points, points));
  };
  // Of all realizations together: members of the first, then of the second.
  for (std::size_t m = 0; m < std::min(written, kMembers); ++m)
    members.push_back(whole(own.members, product_->pooled() ? m * written / kMembers : m));
  if (members.size() == kMembers || !names_factors(product_->file())) return members;
  if (basis_->mesh.points() > kMostDrawn) {
    log::info(
        "no members are drawn for the picture: {} has too few, and more than {} points to draw them on; "
        "podscale-members draws them",
        product_->path(), kMostDrawn);
    return members;
  }
  std::vector<std::vector<float>> means{mean};
  if (product_->pooled()) {
    means.clear();
    for (std::size_t part = 0; part < std::min(kMembers, own.means.size() / points); ++part)
      means.push_back(whole(own.means, part));
  }
  const auto running = own.running.empty() ? std::vector<float>{} : whole(own.running, 0);
  comm_->agree([&] {
    if (!comm_->is_root()) return;
    try {
      on_this_rank([&] { members = drawn_members(match, means, running); });
    } catch (const Error& error) {
      if (error.code() != ExitCode::data && error.code() != ExitCode::no_input) throw;
      log::warn("no members in the picture: {}", error.what());
      members.clear();
    }
  });
  return members;
}

/// By rank 0 alone, on the whole region. means: that of the time, or of the realizations.
std::vector<std::vector<float>> Verification::drawn_members(const Match& match,
                                                            const std::vector<std::vector<float>>& means,
                                                            const std::vector<float>& running) const {
  ProductReader reader(self_, product_->path(), names_[channel_]);
  const FactorReader factors(reader.file());
  const Basis basis = read_basis(self_, options_->basis_path);
  const FactorMembers draws(factors, basis, options_->basis_path, reader.times().calendar);
  const std::vector<std::size_t> steps = factors.steps_of(reader);
  const std::size_t points = static_cast<std::size_t>(basis.mesh.points());
  std::vector<std::vector<float>> members;
  for (std::size_t m = 0; m < kMembers; ++m) {
    const std::size_t part = m % means.size();
    const std::size_t t = static_cast<std::size_t>(
        product_->pooled() ? product_->realizations(match.product)[part] : match.product);
    const auto deviation =
        draws.deviation(steps[t], reader.times().time_key(t), static_cast<int>(m / means.size()));
    std::vector<float>& member = members.emplace_back(means[part]);
    for (std::size_t i = 0; i < points; ++i)
      member[i] += static_cast<float>(product_->scale() *
                                      (running.empty() ? 1 : std::sqrt(static_cast<double>(running[i]))) *
                                      deviation[static_cast<std::size_t>(channel_) * points + i]);
  }
  return members;
}

void Verification::follow_point(const ScoreAccumulator& scores) {
  const long picture = picture_index();
  const ScoreMaps& maps = scores.maps(0);
  const auto map =
      rows_.gather(std::span<const double>(product_->has_variance() ? maps.deviation : maps.rmse));
  const auto ocean = rows_.gather(std::span<const unsigned char>(basis_->ocean));
  long found = comm_->is_root() ? largest(map, ocean) : -1;
  comm_->broadcast(std::span(&found, 1));
  const idx_t point = found;
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

  // 2. Their values, each from the rank of a group that owns the point.
  constexpr std::size_t kKinds = 4;
  std::vector<double> values(static_cast<std::size_t>(count) * kKinds, 0.0);
  const Share mine = share_of(count, deal_.groups, deal_.group), own = deal_.rows.own();
  const long row = point / deal_.rows.nx, column = point % deal_.rows.nx, points = basis_->window.points();
  const bool here = row >= own.begin && row < own.end;
  const idx_t local = here ? point - own.begin * deal_.rows.nx : -1;
  const Climatology climatology =
      here ? basis_->hr_climatology.part(channel_ * points + local, 1) : Climatology{};
  const double width = predictive_half_width(0.9, product_->degrees_of_freedom());
  comm_->agree([&] {
    on_this_rank([&] {
      for (long k = mine.begin; k < mine.end; ++k) {
        const Match& match = matched_[static_cast<std::size_t>(series_.times[static_cast<std::size_t>(k)])];
        const auto [mean, variance] = product_->read_point(match.product, here ? point : -1);
        float truth = 0, interpolated = baselines_->anomaly_at(match.lr, local);
        truths_[static_cast<std::size_t>(channel_)]->read(here ? Window{row, 1, column, 1} : Window{},
                                                          std::span(&match.truth, 1),
                                                          std::span(&truth, here ? 1 : 0));
        if (!here) continue;
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
