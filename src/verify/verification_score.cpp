// Verification: the systems, the families of scores, and the pass over the times.
#include <algorithm>
#include <cmath>
#include <functional>

#include "podscale/core/log.hpp"
#include "podscale/core/on_this_rank.hpp"
#include "podscale/core/stage.hpp"
#include "podscale/core/stop.hpp"
#include "podscale/core/strands.hpp"
#include "podscale/field/series_view.hpp"
#include "podscale/study/lr_gaps.hpp"
#include "podscale/verify/age_scores.hpp"
#include "podscale/verify/area_mean_calibration.hpp"
#include "podscale/verify/brier.hpp"
#include "podscale/verify/calibration.hpp"
#include "podscale/verify/conformal_coverage.hpp"
#include "podscale/verify/energy_score.hpp"
#include "podscale/verify/lead_scores.hpp"
#include "podscale/verify/mixture_scores.hpp"
#include "podscale/verify/heatwaves.hpp"
#include "podscale/verify/one_channel.hpp"
#include "podscale/verify/rank_histogram.hpp"
#include "podscale/verify/seam_scores.hpp"
#include "podscale/verify/spectral_scores.hpp"
#include "podscale/verify/verification.hpp"

namespace podscale {
namespace {

/// behind: members that the variance was made from, where the product does not say.
VerifiedSystem system_of(const ProductReader& reader, const std::string& name, const std::string& description,
                         int behind) {
  const int known = members_behind(reader.namelist(), reader.path());
  VerifiedSystem system{name, description, reader.has_variance(), reader.members() > 0};
  system.spread_members = !reader.has_variance() ? 0 : known >= 0 ? known : behind;
  system.members = reader.members();
  return system;
}

}  // namespace

std::vector<VerifiedSystem> Verification::systems() const {
  std::vector<VerifiedSystem> list = {system_of(*product_, "podscale", "the product", options_->members)};
  for (std::size_t c = 0; c < compared_.size(); ++c)
    list.push_back(system_of(compared_[c], options_->compared[c].name, compared_[c].path(), 0));
  const auto anomaly = [](const std::string& name) {
    return VerifiedSystem{name + "_anomaly",
                          name + " interpolation of the LR anomaly, on the HR climatology"};
  };
  list.push_back(anomaly(baselines_->kind()));
  if (has_other_anomaly_) list.push_back(anomaly(interpolation_name(baselines_->other_kind())));
  if (baselines_->has_bicubic()) list.push_back({"bicubic", "bicubic interpolation of the LR field"});
  list.push_back({"bilinear", "bilinear interpolation of the LR field"});
  list.push_back({"climatology", "HR climatology of the training period"});
  list.push_back({"persistence", "LR anomaly of the previous time, interpolated, on the HR climatology"});
  if (of_analysis_) {
    list.push_back({"analysis", "HR analysis that the product was told of, its anomaly on the HR climatology of the "
                                "time; the LR anomaly where there is none"});
    list.push_back({"analysis_lr_change", "the same, plus the change of the interpolated LR anomaly since"});
  }
  list.push_back({"pod_bound", "projection of the truth on the POD basis: a bound, no forecast"});
  return list;
}

std::vector<double> Verification::year_fractions() const {
  std::vector<double> out;
  for (const Match& match : matched_) out.push_back(basis_->year_phase(product_->times(), match.product));
  return out;
}

BootstrapOptions Verification::bootstrap_options() const {
  BootstrapOptions options = options_->bootstrap;
  options.block = block_steps(matched_times(), options_->block_days);
  return options;
}

void Verification::add_families(ScoreAccumulator& scores) {
  const std::vector<VerifiedSystem>& list = scores.systems();
  const Mesh& mesh = scores.mesh();
  const auto any = [&](auto which) {
    return std::any_of(list.begin(), list.end(), [&](const VerifiedSystem& s) { return s.*which; });
  };
  if (of_analysis_) scores.add_family(std::make_unique<AgeScores>(list, matched_ages()));
  if (any(&VerifiedSystem::has_variance))
    scores.add_family(std::make_unique<GaussianCalibration>(list, times()));
  std::vector<ConformalCoverage::System> conformal;
  for (std::size_t s = 0; s < products().size(); ++s)
    if (const auto half_width = products()[s]->conformal_half_width())
      conformal.push_back({list[s].name, s, *half_width});
  if (!conformal.empty())
    scores.add_family(std::make_unique<ConformalCoverage>(std::move(conformal), times()));
  if (any(&VerifiedSystem::has_members)) {
    scores.add_family(std::make_unique<RankHistogram>(list, times(), options_->bootstrap.seed));
    scores.add_family(std::make_unique<EnergyScores>(mesh, list, times(), options_->window));
  }
  scores.add_family(std::make_unique<SpectralScores>(mesh, list, times(), options_->spectrum_window));
  scores.add_family(std::make_unique<SeamScores>(mesh, basis_->decomposition, list, times()));
  const std::vector<ProductReader*> readers = products();
  if (std::any_of(readers.begin(), readers.end(), [](const ProductReader* p) { return p->pooled(); }))
    scores.add_family(std::make_unique<MixtureScores>(list, times()));
  if (auto leads = leads_of(matched_times()); !leads.empty())
    scores.add_family(std::make_unique<LeadScores>(list, std::move(leads)));
  add_area_means(scores);
  if (!options_->event) return;
  const double threshold = (options_->threshold - to_units_.offset) / to_units_.scale;
  const long points = basis_->window.points();
  ExceedanceEvent event = train_event(*comm_, *options_->event, threshold, *training_, training_steps_,
                                      basis_->hr_climatology.part(channel_ * points, points),
                                      options_->time_block, basis_->year, deal_.rows.own(), &peers_);
  event.convert(to_units_, units_);
  if (event.kind == ExceedanceEvent::Kind::percentile)
    scores.add_family(
        std::make_unique<Heatwaves>(list, event, year_fractions(), matched_days(), whole_ocean()));
  scores.add_family(std::make_unique<BrierScores>(list, std::move(event), year_fractions()));
}

void Verification::add_area_means(ScoreAccumulator& scores) {
  std::vector<AreaMeanCalibration::Product> list;
  const auto step_of = [](const Match& match, std::size_t s) {
    return s == 0 ? match.product : match.compared[s - 1];
  };
  const Share own = deal_.rows.own();
  for (std::size_t s = 0; s < products().size(); ++s) {
    ProductReader& product = *products()[s];
    if (!names_factors(product.file())) continue;
    // 1. Each rank reads what its rows need. Factors are of one realization each, and so are the
    //    fields that
    // they are compared with.
    std::optional<AreaMeanCalibration::Product> found;
    ProductFields fields;
    std::string refused;
    const auto by_all = [&](const auto& work) {  // it can be verified without, by all ranks alike
      comm_->agree([&] {
        try {
          on_this_rank(work);
        } catch (const Error& error) {
          if (error.code() != ExitCode::data && error.code() != ExitCode::no_input) throw;
          refused = error.what();
        }
      });
      const int first = comm_->min(refused.empty() ? comm_->size() : comm_->rank());
      if (first == comm_->size()) return true;
      refused = comm_->broadcast(refused, first);
      log::warn("no area means from factors: {}", refused);
      return false;
    };
    if (!by_all([&] {
          const auto factors = std::make_shared<const FactorReader>(product.file(), deal_.rows.held());
          ProductReader single(self_, product.path(), product.name(),
                               s == 0 ? std::optional<std::string>() : product_->units());
          single.put_on(basis_->mesh, options_->basis_path);
          single.restrict_to(own);
          const auto steps = factors->steps_of(single);
          const auto realizations = [&](const Match& match) {
            const long step = step_of(match, s);
            if (!product.pooled()) return std::vector<long>{step};
            const auto parts = product.realizations(step);
            return std::vector<long>(parts.begin(), parts.end());
          };
          const std::vector<long> first = realizations(matched_.front());
          single.read(first.front(), fields);
          for (float& v : fields.variance) v /= static_cast<float>(product.scale() * product.scale());
          found.emplace(AreaMeanCalibration::Product{
              scores.systems()[s].name, s, factors, {}, product.scale(), first.size()});
          for (const Match& match : matched_)
            for (const long step : realizations(match)) found->steps.push_back(steps[step]);
        }))
      continue;
    if (!fields.running.empty()) {
      log::info(
          "{}: no area means from its factors: the running calibration scales them from day to day; "
          "podscale-inspect --box gives them",
          product.path());
      continue;
    }
    // 2. The factors must be those of the variance.
    double largest = 0;
    for (const float v : fields.variance)
      largest = std::max(largest, std::isnan(v) ? 0.0 : static_cast<double>(v));
    largest = comm_->max(largest);
    if (by_all([&] {
          found->factors->require_variance(found->factors->read(found->steps.front()), channel_, fields,
                                           product.path(), own, largest);
        }))
      list.push_back(std::move(*found));
  }
  if (list.empty()) return;
  add_time_means(scores, list);
  scores.add_family(
      std::make_unique<AreaMeanCalibration>(std::move(list), times(), bootstrap_options(), channel_));
}

void Verification::add_time_means(ScoreAccumulator& scores, std::vector<AreaMeanCalibration::Product> list) {
  std::erase_if(list, [](const AreaMeanCalibration::Product& product) {
    if (product.realizations > 1) {
      log::info("no means over time from factors of {}: they are of one realization each", product.name);
      return true;
    }
    try {
      product.factors->require_time();
      return false;
    } catch (const Error& error) {
      log::info("no means over time from factors: {}", error.what());
      return true;
    }
  });
  if (list.empty()) return;
  const SampleAxis axis = matched_times();
  TimeLattice lattice = list.front().factors->time().lattice;
  lattice.calendar = axis.calendar;
  std::vector<long> cells;
  for (std::size_t t = 0; t < axis.size(); ++t) cells.push_back(lattice.index(axis.time_key(t)));
  if (std::adjacent_find(cells.begin(), cells.end(), std::greater_equal<>()) != cells.end()) return;
  const double block_cells = options_->block_days / (lattice.months ? 30.4 : lattice.step());
  scores.add_family(std::make_unique<TimeMeanCalibration>(std::move(list), scores.systems(), std::move(cells),
                                                          options_->bootstrap, block_cells, channel_));
}

std::vector<double> Verification::matched_days() const {
  const SampleAxis axis = matched_times();
  std::vector<double> days;
  for (const Sample& s : axis.samples)
    days.push_back(static_cast<double>(day_number(axis.calendar, s.date.year, s.date.month, s.date.day)) +
                   s.date.second / 86400);
  return days;
}

std::vector<float> Verification::read_truth(long channel, long truth_step) {
  std::vector<float> field(basis_->window.points());
  if (ahead_.empty())
    truths_[channel]->read(basis_->window, std::span(&truth_step, 1), field);
  else
    ahead_[channel].read(truth_step, field);
  return field;
}

std::vector<unsigned char> Verification::whole_ocean() const {
  std::vector<unsigned char> all = rows_.gather(std::span<const unsigned char>(basis_->ocean));
  all.resize(static_cast<std::size_t>(basis_->mesh.points()));
  group_.broadcast(std::span(all));
  return all;
}

void Verification::convert(std::span<float> field) const {
  if (to_units_.identity()) return;
  for (float& value : field) value = static_cast<float>(to_units_.scale * value + to_units_.offset);
}

/// Where the LR source covers the training period, both interpolations get their anomaly.
void Verification::fit_other_anomaly() {
  const auto& train = options_->train;
  if (train.size() != 2 || !baselines_->has_bicubic()) return;
  const auto lr =
      one_channel(ensemble_mean(with_gaps_filled(options_->open_lr(*comm_, *basis_), *basis_)), channel_);
  if (runs_overlap(lr->times())) return;
  const auto steps = same_on_all_ranks([&] { return steps_between(lr->times(), train[0], train[1]); });
  const auto cells = fit_lr_climatology(*comm_, *lr, *basis_, steps, options_->time_block);
  if (!cells) return;
  baselines_->set_lr_climatology(*cells);
  has_other_anomaly_ = true;
}

}  // namespace podscale
