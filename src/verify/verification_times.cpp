// Verification: the pass over the times.
#include <algorithm>
#include <cmath>

#include "podscale/core/log.hpp"
#include "podscale/core/on_this_rank.hpp"
#include "podscale/core/stage.hpp"
#include "podscale/core/stop.hpp"
#include "podscale/verify/verification.hpp"

namespace podscale {

/// Fields of one time: as they are read and made on the own rows, then with those beyond.
struct Verification::TimeFields {
  ProductFields product;
  std::vector<ProductFields> compared;
  BaselineFields baseline;
  AnalysisFields of_analysis;
  std::vector<float> truth, bound;
  double misfit = 0;  // of the bound

  std::vector<ProductFields*> products() {
    std::vector<ProductFields*> list{&product};
    for (ProductFields& fields : compared) list.push_back(&fields);
    return list;
  }
  /// In the units of the sources; in the order of the systems, of which those without values are
  /// none.
  std::vector<std::vector<float>*> of_sources() {
    std::vector<std::vector<float>*> list;
    for (std::vector<float>* field : {&baseline.anomaly, &baseline.other_anomaly, &baseline.bicubic,
                                      &baseline.bilinear, &baseline.climatology, &baseline.persistence,
                                      &of_analysis.persistence, &of_analysis.change, &bound})
      if (!field->empty()) list.push_back(field);
    return list;
  }
};

void Verification::read_time(const Match& match, double phase, TimeFields& time) {
  product_->read(match.product, time.product);
  time.compared.resize(compared_.size());
  for (std::size_t c = 0; c < compared_.size(); ++c) compared_[c].read(match.compared[c], time.compared[c]);
  baselines_->read(match.lr, phase, time.baseline);
  if (of_analysis_)
    of_analysis_->read(match.lr, ages_[static_cast<std::size_t>(match.product)], phase, time.baseline,
                       time.of_analysis);
  std::vector<float> truths;
  for (long c = 0; c < basis_->channels(); ++c) {
    const std::vector<float> truth = read_truth(c, match.truth);
    truths.insert(truths.end(), truth.begin(), truth.end());
  }
  std::vector<double> climatology(static_cast<std::size_t>(basis_->points()));
  basis_->hr_climatology.evaluate(phase, climatology);
  std::vector<float> bounds(climatology.size());
  time.misfit = bound_->project(truths, std::vector<float>(climatology.begin(), climatology.end()), bounds);
  const long points = basis_->window.points(), first = channel_ * points;
  time.truth.assign(truths.begin() + first, truths.begin() + first + points);
  time.bound.assign(bounds.begin() + first, bounds.begin() + first + points);
}

void Verification::add_time(long k, TimeFields& time, ScoreAccumulator& scores) const {
  std::vector<float> climatology;
  const auto forecasts = [&] {
    std::vector<Forecast> list;
    const auto fields = time.products();
    for (std::size_t p = 0; p < fields.size(); ++p) {
      const ProductFields& f = *fields[p];
      const double degrees = (p == 0 ? *product_ : compared_[p - 1]).degrees_of_freedom();
      list.push_back({f.mean, f.variance, f.members, f.means, f.variances, degrees});
    }
    for (const std::vector<float>* field : time.of_sources()) list.push_back({*field, {}, {}, {}, {}});
    return list;
  };
  // 1. Which of the own points are scored.
  std::vector<double> weights;
  long lost = 0;
  group_.agree([&] {
    convert(time.truth);
    for (std::vector<float>* field : time.of_sources()) convert(*field);
    climatology = time.baseline.climatology;
    weights = point_weights(scores.area(), time.truth, forecasts(), &lost);
  });
  // 2. The rows beyond them.
  std::vector<float> valid(weights.size());
  for (std::size_t i = 0; i < valid.size(); ++i) valid[i] = weights[i] > 0 ? 1 : 0;
  std::vector<std::vector<float>*> wide = time.of_sources();
  wide.insert(wide.end(), {&time.truth, &valid});
  for (ProductFields* fields : time.products())
    for (std::vector<float>* field : {&fields->mean, &fields->members, &fields->means, &fields->variances})
      if (!field->empty()) wide.push_back(field);
  rows_.extend(wide);
  // 3. The scores.
  group_.agree([&] {
    const long nx = deal_.rows.nx, begin = deal_.rows.held().begin;
    for (long i = std::ssize(weights); i < std::ssize(valid); ++i)
      weights.push_back(valid[i] > 0 ? basis_->mesh.area_weight(begin + i / nx, i % nx) : 0.0);
    scores.add(k, weights, forecasts(), time.truth, climatology, lost);
  });
  scores.close(k);
}

void Verification::expect_times() {
  // A call for as many times as there are ranks gives each one to read; more would only take
  // memory.
  constexpr long kMost = 8, kBytes = 64l << 20;
  long fields = std::ssize(truths_);
  for (const ProductReader* product : products()) fields += 2 + product->members();
  const long each = fields * std::max(1l, basis_->window.points()) * static_cast<long>(sizeof(float)),
             block = std::clamp(comm_->min(kBytes / each), 1l, std::min<long>(group_.size(), kMost));
  const Share mine = my_times();
  const auto steps = [&](const auto& step_of) {
    std::vector<long> list;
    for (long k = mine.begin; k < mine.end; ++k)
      list.push_back(step_of(matched_[static_cast<std::size_t>(k)]));
    return list;
  };
  ahead_.clear();
  for (const auto& truth : truths_)
    ahead_.emplace_back(*truth, basis_->window, steps([](const Match& match) { return match.truth; }), block);
  product_->expect(steps([](const Match& match) { return match.product; }), block);
  for (std::size_t c = 0; c < compared_.size(); ++c)
    compared_[c].expect(steps([c](const Match& match) { return match.compared[c]; }), block);
}

ScoreAccumulator Verification::score() {
  const Stage stage(StageId::verify);
  fit_other_anomaly();
  expect_times();
  const Share mine = my_times();
  DataRange range;
  comm_->agree([&] {
    on_this_rank([&] {
      for (long k = mine.begin; k < mine.end; ++k) {
        group_.agree([&] { stop_here(); });
        std::vector<float> truth = read_truth(channel_, matched_[k].truth);
        convert(truth);
        range.add(basis_->ocean, truth);
      }
    });
  });
  const double data_range = range.reduce(*comm_);
  ScoreAccumulator scores(basis_->mesh, basis_->ocean, systems(), times(), data_range, units_,
                          SsimWindow{options_->window}, deal_.rows, range.middle());
  add_families(scores);

  double misfit = 0;
  long missing = 0, empty = 0;
  const long ocean = group_.sum(static_cast<long>(std::count(basis_->ocean.begin(), basis_->ocean.end(), 1)));
  Progress progress("verify", mine.size(), "times a rank");
  comm_->agree([&] {
    on_this_rank([&] {
      TimeFields time;
      const std::vector<double> phases = year_fractions();
      for (long k = mine.begin; k < mine.end; ++k) {
        group_.agree([&] { stop_here(); });
        read_time(matched_[k], phases[k], time);
        misfit = std::max(misfit, time.misfit);
        long gaps = 0;
        for (std::size_t i = 0; i < time.truth.size(); ++i)
          gaps += basis_->ocean[i] != 0 && std::isnan(time.truth[i]) ? 1 : 0;
        gaps = group_.sum(gaps);
        if (group_.is_root()) missing += gaps, empty += gaps == ocean ? 1 : 0;
        add_time(k, time, scores);
        progress.update(k - mine.begin + 1);
      }
    });
  });
  progress.finish();
  if ((misfit = comm_->max(misfit)) > PodBound::tolerance)
    log::warn("pod_bound: at a time with gaps {} passes leave {:.1g} of its equations: it is no exact bound",
              PodBound::largest_passes, misfit);
  missing = comm_->sum(missing), empty = comm_->sum(empty);
  if (missing > 0)
    log::warn(
        "{}: {:.1f} % of the values at ocean points are missing, {} of {} times have none: scores are over "
        "those that are there",
        truths_[channel_]->describe(),
        100 * static_cast<double>(missing) / (static_cast<double>(ocean) * static_cast<double>(times())),
        empty, times());
  ahead_.clear();
  for (ProductReader* product : products()) product->expect({}, 1);
  scores.reduce(*comm_, peers_);
  return scores;
}

}  // namespace podscale
