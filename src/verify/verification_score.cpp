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
  comm_->agree([&] { on_this_rank([&] { add_area_means(scores); }); });
  if (!options_->event) return;
  const double threshold = (options_->threshold - to_units_.offset) / to_units_.scale;
  ExceedanceEvent event = train_event(*comm_, *options_->event, threshold, *training_, training_steps_,
                                      basis_->hr_climatology.part(channel_ * mesh.points(), mesh.points()),
                                      options_->time_block, basis_->year);
  event.convert(to_units_, units_);
  if (event.kind == ExceedanceEvent::Kind::percentile)
    scores.add_family(
        std::make_unique<Heatwaves>(list, event, year_fractions(), matched_days(), basis_->ocean));
  scores.add_family(std::make_unique<BrierScores>(list, std::move(event), year_fractions()));
}

void Verification::add_area_means(ScoreAccumulator& scores) {
  std::vector<AreaMeanCalibration::Product> list;
  const auto step_of = [](const Match& match, std::size_t s) {
    return s == 0 ? match.product : match.compared[s - 1];
  };
  for (std::size_t s = 0; s < products().size(); ++s) {
    ProductReader& product = *products()[s];
    if (!names_factors(product.file())) continue;
    try {
      const auto factors = std::make_shared<const FactorReader>(product.file());
      // Factors are of one realization each, and so are the fields that they are compared with.
      ProductReader single(self_, product.path(), product.name(),
                           s == 0 ? std::optional<std::string>() : product_->units());
      single.put_on(basis_->mesh, options_->basis_path);
      const auto steps = factors->steps_of(single);
      const auto realizations = [&](const Match& match) {
        const long step = step_of(match, s);
        if (!product.pooled()) return std::vector<long>{step};
        const auto parts = product.realizations(step);
        return std::vector<long>(parts.begin(), parts.end());
      };
      ProductFields fields;
      const std::vector<long> first = realizations(matched_.front());
      single.read(first.front(), fields);
      if (!fields.running.empty()) {
        log::info("{}: no area means from its factors: the running calibration scales them from day to day; "
                  "podscale-inspect --box gives them", product.path());
        continue;
      }
      for (float& v : fields.variance) v /= static_cast<float>(product.scale() * product.scale());
      factors->require_variance(factors->read(steps[first.front()]), channel_, fields, product.path());
      list.push_back({scores.systems()[s].name, s, factors, {}, product.scale(), first.size()});
      for (const Match& match : matched_)
        for (const long step : realizations(match)) list.back().steps.push_back(steps[step]);
    } catch (const Error& error) {  // it can be verified without, by all ranks alike
      if (error.code() != ExitCode::data && error.code() != ExitCode::no_input) throw;
      log::warn("no area means from factors: {}", error.what());
    }
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

std::vector<float> Verification::read_truth(long channel, long truth_step) const {
  const Mesh& mesh = basis_->mesh;
  std::vector<float> field(mesh.points());
  truths_[channel]->read({0, mesh.ny(), 0, mesh.nx()}, std::span(&truth_step, 1), field);
  return field;
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

ScoreAccumulator Verification::score() {
  const Stage stage(StageId::verify);
  fit_other_anomaly();
  const Share mine = share_of(times(), comm_->size(), comm_->rank());
  DataRange range;
  comm_->agree([&] {
    on_this_rank([&] {
      for (long k = mine.begin; k < mine.end; ++k) {
        stop_here();
        std::vector<float> truth = read_truth(channel_, matched_[k].truth);
        convert(truth);
        range.add(basis_->ocean, truth);
      }
    });
  });
  ScoreAccumulator scores(basis_->mesh, basis_->ocean, systems(), times(), range.reduce(*comm_), units_,
                          SsimWindow{options_->window});
  add_families(scores);

  double misfit = 0;  // of the bound
  long ocean = 0, missing = 0, empty = 0;
  Progress progress("verify", mine.size(), "times a rank");
  comm_->agree([&] {
    on_this_rank([&] {
      ProductFields forecast;
      std::vector<ProductFields> others(compared_.size());
      const auto view = [](const ProductFields& f, double degrees = 0) {
        return Forecast{f.mean, f.variance, f.members, f.means, f.variances, degrees};
      };
      BaselineFields baseline;
      AnalysisFields of_analysis;
      const long points = basis_->mesh.points();
      std::vector<float> truths, bounds(basis_->points()), truth, bound;  // two of all channels, two of ours
      std::vector<double> climatology(bounds.size());
      std::vector<Forecast> forecasts;
      const std::vector<double> phases = year_fractions();
      for (long k = mine.begin; k < mine.end; ++k) {
        stop_here();
        const Match& match = matched_[k];
        product_->read(match.product, forecast);
        baselines_->read(match.lr, phases[k], baseline);
        if (of_analysis_)
          of_analysis_->read(match.lr, ages_[static_cast<std::size_t>(match.product)], phases[k], baseline,
                             of_analysis);
        truths.clear();
        for (long c = 0; c < basis_->channels(); ++c) {
          truth = read_truth(c, match.truth);
          truths.insert(truths.end(), truth.begin(), truth.end());
        }
        basis_->hr_climatology.evaluate(phases[k], climatology);
        misfit = std::max(
            misfit,
            bound_->project(truths, std::vector<float>(climatology.begin(), climatology.end()), bounds));
        truth.assign(truths.begin() + channel_ * points, truths.begin() + (channel_ + 1) * points);
        bound.assign(bounds.begin() + channel_ * points, bounds.begin() + (channel_ + 1) * points);
        forecasts = {view(forecast, product_->degrees_of_freedom())};
        for (std::size_t c = 0; c < others.size(); ++c) {
          compared_[c].read(match.compared[c], others[c]);
          forecasts.push_back(view(others[c], compared_[c].degrees_of_freedom()));
        }
        long gaps = 0;
        for (std::size_t i = 0; i < truth.size(); ++i)
          gaps += basis_->ocean[i] != 0 && std::isnan(truth[i]) ? 1 : 0;
        ocean = std::count(basis_->ocean.begin(), basis_->ocean.end(), 1);
        missing += gaps, empty += gaps == ocean ? 1 : 0;
        convert(truth);
        for (std::vector<float>* field :
             {&baseline.anomaly, &baseline.other_anomaly, &baseline.bicubic, &baseline.bilinear,
              &baseline.climatology, &baseline.persistence, &of_analysis.persistence, &of_analysis.change,
              &bound}) {
          convert(*field);
          if (!field->empty()) forecasts.push_back({*field, {}, {}, {}, {}});
        }
        scores.add(k, forecasts, truth, baseline.climatology);
        progress.update(k - mine.begin + 1);
      }
    });
  });
  progress.finish();
  if ((misfit = comm_->max(misfit)) > PodBound::tolerance)
    log::warn("pod_bound: at a time with gaps {} passes leave {:.1g} of its equations: it is no exact bound",
              PodBound::largest_passes, misfit);
  missing = comm_->sum(missing), empty = comm_->sum(empty), ocean = comm_->max(ocean);
  if (missing > 0)
    log::warn("{}: {:.1f} % of the values at ocean points are missing, {} of {} times have none: scores are over "
              "those that are there",
              truths_[channel_]->describe(),
              100 * static_cast<double>(missing) / (static_cast<double>(ocean) * static_cast<double>(times())),
              empty, times());
  scores.reduce(*comm_);
  return scores;
}

}  // namespace podscale
