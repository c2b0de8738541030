// Verification: the systems, the families of scores, and the pass over the times.
#include <cmath>
#include <limits>

#include "podscale/core/log.hpp"
#include "podscale/study/series.hpp"
#include "podscale/verify/area_mean_calibration.hpp"
#include "podscale/verify/brier.hpp"
#include "podscale/verify/calibration.hpp"
#include "podscale/verify/conformal_coverage.hpp"
#include "podscale/verify/energy_score.hpp"
#include "podscale/verify/on_this_rank.hpp"
#include "podscale/verify/rank_histogram.hpp"
#include "podscale/verify/seam_scores.hpp"
#include "podscale/verify/spectral_scores.hpp"
#include "podscale/verify/verification.hpp"

namespace podscale {
namespace {

/// behind: members that the variance was made from, where the product does not say.
VerifiedSystem system_of(const ProductReader& reader, const std::string& name, const std::string& description,
                         int behind) {
  const int known = reader.variance_members();
  VerifiedSystem system{name, description, reader.has_variance(), reader.members() > 0};
  system.spread_members = !reader.has_variance() ? 0 : known >= 0 ? known : behind;
  system.members = reader.members();
  return system;
}

}  // namespace

std::vector<VerifiedSystem> Verification::systems() const {
  const bool bilinear = basis_->interpolation == Interpolation::bilinear;
  const std::string kind = bilinear ? "bilinear" : "bicubic", other = bilinear ? "bicubic" : "bilinear";
  const int behind = namelist_->text("sampling.uncertainty") == "ensemble"
                         ? static_cast<int>(namelist_->integer("sampling.members"))
                         : 0;
  std::vector<VerifiedSystem> list = {system_of(*product_, "podscale", "the product", behind)};
  for (std::size_t c = 0; c < compared_.size(); ++c)
    list.push_back(system_of(compared_readers_[c], compared_[c].name, compared_[c].path, 0));
  const auto anomaly = [](const std::string& name) {
    return VerifiedSystem{name + "_anomaly",
                          name + " interpolation of the LR anomaly, on the HR climatology"};
  };
  list.push_back(anomaly(kind));
  if (has_other_anomaly_) list.push_back(anomaly(other));
  const VerifiedSystem baselines[] = {
      {"bicubic", "bicubic interpolation of the LR field"},
      {"bilinear", "bilinear interpolation of the LR field"},
      {"climatology", "HR climatology of the training period"},
      {"persistence", "LR anomaly of the previous time, interpolated, on the HR climatology"},
      {"pod_bound", "projection of the truth on the POD basis: a bound, no forecast"}};
  list.insert(list.end(), std::begin(baselines), std::end(baselines));
  return list;
}

std::vector<double> Verification::year_fractions() const {
  std::vector<double> out;
  for (const Match& match : matched_)
    out.push_back(basis_->year_phase(product_->times(), static_cast<std::size_t>(match.product)));
  return out;
}

BootstrapOptions Verification::bootstrap_options() const {
  BootstrapOptions options;
  options.samples = static_cast<int>(namelist_->integer("verify.bootstrap_samples"));
  options.block = block_steps(matched_times(), namelist_->real("verify.block_days"));
  options.seed = static_cast<std::uint64_t>(namelist_->integer("verify.seed"));
  return options;
}

void Verification::add_families(ScoreAccumulator& scores) {
  const std::vector<VerifiedSystem>& list = scores.systems();
  const Grid& grid = product_->grid();
  bool variance = false, members = false;
  for (const VerifiedSystem& system : list) {
    variance = variance || system.has_variance;
    members = members || system.has_members;
  }
  if (variance) scores.add_family(std::make_unique<GaussianCalibration>(list, times()));
  std::vector<ConformalCoverage::System> conformal;
  if (const auto half_width = product_->conformal_half_width())
    conformal.push_back({list[0].name, 0, *half_width});
  for (std::size_t c = 0; c < compared_readers_.size(); ++c)
    if (const auto half_width = compared_readers_[c].conformal_half_width())
      conformal.push_back({list[1 + c].name, 1 + c, *half_width});
  if (!conformal.empty())
    scores.add_family(std::make_unique<ConformalCoverage>(std::move(conformal), times()));
  if (members) {
    scores.add_family(std::make_unique<RankHistogram>(
        list, times(), static_cast<std::uint64_t>(namelist_->integer("verify.seed"))));
    scores.add_family(
        std::make_unique<EnergyScores>(grid, list, times(), namelist_->integer("verify.window")));
  }
  scores.add_family(
      std::make_unique<SpectralScores>(grid, list, times(), namelist_->integer("verify.spectrum_window")));
  scores.add_family(std::make_unique<SeamScores>(grid, basis_->decomposition, list, times()));
  comm_->agree([&] { on_this_rank([&] { add_area_means(scores); }); });
  const std::string& event = namelist_->text("verify.event");
  if (event == "none") return;
  const auto kind =
      event == "threshold" ? ExceedanceEvent::Kind::threshold : ExceedanceEvent::Kind::percentile;
  scores.add_family(std::make_unique<BrierScores>(
      list,
      train_event(*comm_, kind, namelist_->real("verify.threshold"), *training_, training_steps_,
                  basis_->hr_climatology, namelist_->integer("grid.time_block"), basis_->monthly),
      year_fractions()));
}

void Verification::add_area_means(ScoreAccumulator& scores) {
  std::vector<AreaMeanCalibration::Product> products;
  const auto consider = [&](const std::string& name, const std::string& path, bool factors,
                            std::size_t system, const auto& step_of) {
    if (!factors) return;
    AreaMeanCalibration::Product product{name, path, system, {}};
    for (const Match& match : matched_) product.steps.push_back(step_of(match));
    products.push_back(std::move(product));
  };
  consider("podscale", product_path_, product_->has_factors(), 0,
           [](const Match& match) { return match.product; });
  for (std::size_t c = 0; c < compared_readers_.size(); ++c)
    consider(compared_[c].name, compared_[c].path, compared_readers_[c].has_factors(), 1 + c,
             [c](const Match& match) { return match.compared[c]; });
  if (!products.empty())
    scores.add_family(std::make_unique<AreaMeanCalibration>(
        namelist_->text("output.variable_name"), std::move(products), times(), bootstrap_options()));
}

std::vector<float> Verification::read_truth(long truth_step) const {
  const Grid& grid = truth_->grid();
  std::vector<float> field(static_cast<std::size_t>(grid.points()));
  truth_->read({0, grid.ny(), 0, grid.nx()}, std::span(&truth_step, 1), field);
  return field;
}

/// Where the LR source covers the training period, both interpolations get their anomaly.
void Verification::fit_other_anomaly() {
  if (namelist_->texts("data.train").size() != 2) return;
  const auto owner = open_lr(*comm_, *namelist_);
  const FieldSource& lr = *owner;
  const auto& train = namelist_->texts("data.train");
  const auto steps = same_on_all_ranks([&] { return steps_between(lr.times(), train[0], train[1]); });
  const auto cells = fit_lr_climatology(*comm_, lr, *basis_, steps, namelist_->integer("grid.time_block"));
  if (!cells) return;
  baselines_->set_lr_climatology(*cells);
  has_other_anomaly_ = true;
}

ScoreAccumulator Verification::score() {
  fit_other_anomaly();
  const Share mine = share_of(times(), comm_->size(), comm_->rank());
  DataRange range;
  comm_->agree([&] {
    on_this_rank([&] {
      for (long k = mine.begin; k < mine.end; ++k)
        range.add(basis_->ocean, read_truth(matched_[static_cast<std::size_t>(k)].truth));
    });
  });
  SsimWindow window;
  window.size = static_cast<int>(namelist_->integer("verify.window"));
  ScoreAccumulator scores(product_->grid(), basis_->ocean, systems(), times(), range.reduce(*comm_), window);
  add_families(scores);

  double misfit = 0;  // of the bound
  Progress progress("verify", mine.size(), "times a rank");
  comm_->agree([&] {
    on_this_rank([&] {
      ForecastFields forecast;
      std::vector<ForecastFields> others(compared_readers_.size());
      BaselineFields baseline;
      std::vector<float> bound(static_cast<std::size_t>(product_->grid().points()));
      std::vector<Forecast> forecasts;
      const std::vector<double> phases = year_fractions();
      for (long k = mine.begin; k < mine.end; ++k) {
        const Match& match = matched_[static_cast<std::size_t>(k)];
        const std::vector<float> truth = read_truth(match.truth);
        product_->read(match.product, forecast);
        baselines_->read(match.lr, phases[static_cast<std::size_t>(k)], baseline);
        misfit = std::max(misfit, bound_->project(truth, baseline.climatology, bound));
        forecasts = {forecast.view()};
        for (std::size_t c = 0; c < others.size(); ++c) {
          compared_readers_[c].read(match.compared[c], others[c]);
          forecasts.push_back(others[c].view());
        }
        for (const std::vector<float>* field :
             {&baseline.anomaly, &baseline.other_anomaly, &baseline.bicubic, &baseline.bilinear,
              &baseline.climatology, &baseline.persistence})
          if (!field->empty()) forecasts.push_back({*field, {}, {}});
        forecasts.push_back({bound, {}, {}});
        scores.add(k, forecasts, truth, baseline.climatology);
        progress.update(k - mine.begin + 1);
      }
    });
  });
  progress.finish();
  if ((misfit = comm_->max(misfit)) > PodBound::tolerance)
    log::warn("pod_bound: at a time with gaps {} passes leave {:.1g} of its equations: it is no exact bound",
              PodBound::largest_passes, misfit);
  scores.reduce(*comm_);
  return scores;
}

}  // namespace podscale
