#include "podscale/study/forecaster.hpp"

#include <algorithm>
#include <filesystem>
#include <functional>

#include "podscale/core/error.hpp"
#include "podscale/core/log.hpp"
#include "podscale/core/stage.hpp"
#include "podscale/gaussian/start_noise.hpp"
#include "podscale/network/model_summary.hpp"

namespace podscale {
namespace {

/// Collective. What 'auto' stands for: the base unless a model was trained on it and beat it.
Uncertainty chosen(const Communicator& comm, const Foundation& foundation, const StudyOptions& options) {
  if (options.sampling.uncertainty != Uncertainty::automatic) return options.sampling.uncertainty;
  if (!foundation.reference->stands_alone()) return Uncertainty::ensemble;
  const std::string& path = options.output.model_file.get();
  const auto base = [](const std::string& reason) {
    log::info("sampling.uncertainty = 'auto': the base: {}", reason);
    return Uncertainty::base;
  };
  int found = 0;
  std::error_code absent;
  comm.agree([&] { found = comm.is_root() && std::filesystem::exists(path, absent); });
  if (comm.max(found) == 0) return base(fmt::format("there is no {}", path));
  const ModelSummary model = inspect_model(comm, path);
  if (model.basis_checksum != foundation.space.checksum(comm)) {
    log::warn("{}: trained on another basis than {}, and left aside; train again to use it", path,
              foundation.path);
    return Uncertainty::base;
  }
  if (model.best_step == 0) return base(fmt::format("{} did not beat it on data.validate", path));
  const bool head = model.criterion.starts_with(uncertainty_name(Uncertainty::head));
  const auto& calibrations = head ? model.head_calibrations : model.ensemble_calibrations;
  if (options.sampling.calibration != Correction::none &&
      std::none_of(calibrations.begin(), calibrations.end(), [](const Calibration& c) { return c.times > 0; }))
    return base(fmt::format("{} is not calibrated: its training was stopped, or no regime gained by it", path));
  const Uncertainty kind = head ? Uncertainty::head : Uncertainty::ensemble;
  log::info("sampling.uncertainty = 'auto': '{}': {} beat the base on data.validate", uncertainty_name(kind),
            path);
  return kind;
}

}  // namespace

Forecaster::Forecaster(const Communicator& comm, const Foundation& foundation, const StudyOptions& options,
                       const NetworkBackend& backend,
                       const std::optional<std::vector<Inflation>>& inflation)
    : comm_(comm),
      foundation_(foundation),
      kind_(chosen(comm, foundation, options)),
      plan_(options.sampling.plan),
      seed_(options.sampling.sampler.seed),
      control_seed_(control_variate_seed(options)),
      calibrations_(foundation.spaces.size()),
      inflations_(foundation.spaces.size()),
      trained_(foundation.spaces.size(), 0) {
  const std::string& model_path = options.output.model_file.get();
  const char* const name = uncertainty_name(kind_);
  prepare_noise(options, inflation || options.output.write_members);
  if (kind_ == Uncertainty::base) {
    if (!foundation.reference->stands_alone())
      refuse(options,
             "sampling.uncertainty = 'base' with model.base = 'none': there is no base; expected "
             "model.base = 'gaussian'");
    for (std::size_t r = 0; r < calibrations_.size(); ++r)
      calibrations_[r] = foundation.reference->regime(r).calibration;
  } else {
    model_ = backend.load(comm, model_path, foundation.space.layout(comm), foundation.space.checksum(comm),
                          options.model.placement(), foundation.path);
    if (kind_ == Uncertainty::head && !model_->options().with_head)
      throw Error(
          ExitCode::data,
          fmt::format("{}: trained without its Gaussian head (training.head_weight = 0); train with it, or "
                      "set sampling.uncertainty = 'ensemble'",
                      model_path),
          true);
    SamplerOptions sampler = options.sampling.sampler;
    sampler.coherent = coherent_;
    network_ = model_->functions(sampler);
    untrained_ = untrained_network(seed_, foundation.space.layout(comm), coherent_, network_.tiles);
    // Without history the network was trained on times that are told of LR at all lags alone. The
    // base serves regimes that it does not know, and those where it is better: they have no
    // calibration.
    const bool any_calibrated = [&] {
      for (std::size_t r = 0; r < model_->regimes(); ++r)
        if (model_->calibration(kind_ == Uncertainty::head, r).times > 0) return true;
      return false;
    }();
    for (std::size_t r = 0; r < calibrations_.size(); ++r) {
      const Calibration& found = model_->calibration(kind_ == Uncertainty::head, r);
      trained_[r] = found.times > 0 || (r < model_->regimes() && !any_calibrated);
      if (found.times > 0)
        calibrations_[r] = found;
      else if (!trained_[r])
        calibrations_[r] = foundation.reference->regime(r).calibration;
    }
  }
  if (inflation) {
    calibrations_.assign(calibrations_.size(), std::nullopt);
    inflations_ = *inflation;
    inflations_.resize(calibrations_.size());
    return;
  }
  if (options.sampling.calibration == Correction::none) {
    calibrations_.assign(calibrations_.size(), std::nullopt);
    if (model_ && !model_->criterion().starts_with(name))
      log::warn("{}: its weights were not selected for sampling.uncertainty = '{}' but by '{}'", model_path,
                name, model_->criterion());
  } else {
    for (std::size_t r = 0; r < calibrations_.size(); ++r) {
      if (kind_ == Uncertainty::base || trained_[r]) require_calibration(options, calibrations_[r]);
      inflations_[r] = calibrations_[r]->inflation;
    }
  }
  if (calibrations_[0] && !calibrations_[0]->note.empty())
    log::warn("calibration: {}", calibrations_[0]->note);
}

void Forecaster::prepare_noise(const StudyOptions& options, bool writes_members) {
  const Basis& basis = foundation_.basis;
  const TimeCovariance& time = foundation_.reference->time;
  if (options.sampling.coherence && time.coherent())
    coherent_ = std::make_shared<CoherentNoise>(
        seed_, Stream::coherent, time.lattice,
        scales_of_tokens(comm_, basis.patches, basis.modes, foundation_.space.global_tokens(), time));
  if (options.sampling.truncation_noise && writes_members)
    truncation_.emplace(basis, read_left_out(comm_, basis, foundation_.path), seed_, time,
                        options.sampling.coherence);
}

void Forecaster::use_calendar(Calendar calendar) const {
  if (coherent_) coherent_->set_calendar(calendar);
  if (truncation_) truncation_->set_calendar(calendar);
}

std::vector<double> Forecaster::left_out(std::uint64_t time_key, int member, std::size_t regime) const {
  return truncation_ ? truncation_->field(time_key, member, inflations_[regime].truncation)
                     : std::vector<double>{};
}

void Forecaster::require_calibration(const StudyOptions& options,
                                     const std::optional<Calibration>& calibration) const {
  const std::string& model_path = options.output.model_file.get();
  const char* const remedy =
      "run podscale-train with this namelist again (it goes on from the file and only calibrates), or set "
      "sampling.calibration = 'none'";
  if (!calibration)
    throw Error(ExitCode::data,
                fmt::format("{}: not calibrated for sampling.uncertainty = '{}'; {}", model_path,
                            uncertainty_name(kind_), remedy),
                true);
  if (kind_ == Uncertainty::base) return;
  if (const std::string wanted = calibrated_forecast(options, kind_); calibration->forecast != wanted)
    throw Error(ExitCode::data,
                fmt::format("{}: calibrated for '{}', but the namelist asks for '{}'; {}", model_path,
                            calibration->forecast, wanted, remedy),
                true);
}

std::string Forecaster::description() const {
  if (kind_ == Uncertainty::base) return "the linear-Gaussian base alone";
  if (kind_ == Uncertainty::head)
    return fmt::format("the Gaussian head of {} parameters", model_->parameters());
  return fmt::format("{} members of {} parameters", plan_.members, model_->parameters());
}

std::vector<double> Forecaster::closed_form_member(const LatentSpace& space,
                                                   const CoefficientForecast& forecast,
                                                   std::uint64_t time_key, int member,
                                                   std::span<const float> condition) const {
  const Patches& patches = foundation_.basis.patches;
  const std::size_t tokens = patches.patch_of_token.size() + static_cast<std::size_t>(space.global_tokens()),
                    k = foundation_.basis.modes;
  std::vector<float> noise(tokens * k);
  const auto draw = [&](long token, std::size_t count) {
    StartNoise(seed_, foundation_.basis.modes, Stream::sampler, coherent_)
        .values(time_key, member, token,
                std::span(noise).subspan(static_cast<std::size_t>(token) * k, count * k));
  };
  // That of the sampler: member m of an untrained network is the same field.
  for (const PatchModes& patch : patches.mine) draw(patch.token, 1);
  draw(std::ssize(patches.patch_of_token), static_cast<std::size_t>(space.global_tokens()));
  return draw_coefficients(space, forecast.latent, noise, condition);
}

std::vector<CoefficientForecast> Forecaster::closed_form(std::size_t regime, const ForecastRequest& request,
                                                         Factor factor) const {
  const LatentSpace& space = foundation_.spaces[regime];
  const Inflation& inflation = inflations_[regime];
  return kind_ == Uncertainty::head ? head_forecast(comm_, space, network(regime), factor)(request, inflation)
                                    : base_forecast(space, factor)(request, inflation);
}

namespace {

/// The times of a request that are of one regime.
class PartRequest {
 public:
  /// all must outlive it.
  PartRequest(const ForecastRequest& all, std::size_t regime) : all_(&all) {
    const std::size_t width = all.condition.size() / std::max<std::size_t>(1, all.times());
    for (std::size_t t = 0; t < all.times(); ++t) {
      if ((all.regime.empty() ? 0 : all.regime[t]) != regime) continue;
      times.push_back(t);
      const auto row = all.condition.subspan(t * width, width);
      condition_.insert(condition_.end(), row.begin(), row.end());
      phase_.push_back(all.year_phase[t]);
      key_.push_back(all.time_key[t]);
      const auto raised = all.raised_at(t);
      raised_.insert(raised_.end(), raised.begin(), raised.end());
      if (!all.level.empty()) level_.push_back(all.level[t]);
    }
  }
  /// before: times of the whole request that are done.
  ForecastRequest request(std::size_t before) const {
    const double first = static_cast<double>(before), count = static_cast<double>(times.size());
    return {.condition = condition_,
            .year_phase = phase_,
            .time_key = key_,
            .raised = raised_,
            .level = level_,
            .on_part = [this, first, count](double part) {
              if (all_->on_part) all_->on_part((first + part * count) / static_cast<double>(all_->times()));
            }};
  }
  std::vector<std::size_t> times;  ///< of the whole request

 private:
  const ForecastRequest* all_;
  std::vector<float> condition_, phase_, raised_, level_;
  std::vector<std::uint64_t> key_;
};

bool of_one_regime(const ForecastRequest& request) {
  return std::adjacent_find(request.regime.begin(), request.regime.end(), std::not_equal_to<>()) ==
         request.regime.end();
}

std::size_t first_regime(const ForecastRequest& request) {
  return request.regime.empty() ? 0 : request.regime.front();
}

}  // namespace

Forecaster::Batch Forecaster::forecast(const ForecastRequest& request, int members, bool budget,
                                       Factor factor) const {
  const Stage stage(StageId::sample);
  if (of_one_regime(request)) return forecast_of(first_regime(request), request, members, budget, factor);
  Batch batch{std::vector<CoefficientForecast>(request.times()), {}};
  if (members > 0) batch.members.resize(request.times());
  std::size_t before = 0;
  for (std::size_t r = 0; r < foundation_.spaces.size(); ++r) {
    const PartRequest part(request, r);
    if (part.times.empty()) continue;
    Batch of_regime = forecast_of(r, part.request(before), members, budget, factor);
    before += part.times.size();
    for (std::size_t i = 0; i < part.times.size(); ++i) {
      batch.forecasts[part.times[i]] = std::move(of_regime.forecasts[i]);
      if (members > 0) batch.members[part.times[i]] = std::move(of_regime.members[i]);
    }
  }
  return batch;
}

std::vector<std::vector<std::vector<double>>> Forecaster::members(const ForecastRequest& request, int first,
                                                                  int count) const {
  if (of_one_regime(request)) return members_of(first_regime(request), request, first, count);
  std::vector<std::vector<std::vector<double>>> all(request.times());
  std::size_t before = 0;
  for (std::size_t r = 0; r < foundation_.spaces.size(); ++r) {
    const PartRequest part(request, r);
    if (part.times.empty()) continue;
    auto of_regime = members_of(r, part.request(before), first, count);
    before += part.times.size();
    for (std::size_t i = 0; i < part.times.size(); ++i) all[part.times[i]] = std::move(of_regime[i]);
  }
  return all;
}

Forecaster::Batch Forecaster::forecast_of(std::size_t regime, const ForecastRequest& request, int members,
                                          bool budget, Factor factor) const {
  const LatentSpace& space = foundation_.spaces[regime];
  const Inflation& inflation = inflations_[regime];
  const std::size_t width = request.condition.size() / std::max<std::size_t>(1, request.times());
  Batch batch;
  MemberLatents latents;
  if (kind_ == Uncertainty::ensemble)
    batch.forecasts =
        ensemble_forecast(comm_, space, plan_, network(regime), control_seed_, &latents, coherent_)(
            request, inflation);
  else
    batch.forecasts = closed_form(regime, request, factor);
  for (CoefficientForecast& forecast : batch.forecasts) {
    forecast.regime = regime;
    forecast.truncation = inflation.truncation / inflations_[0].truncation;
  }
  const std::size_t patch = latents.patch.size() / std::max<std::size_t>(1, request.times()),
                    global = latents.global.size() / std::max<std::size_t>(1, request.times());
  for (std::size_t t = 0; budget && kind_ == Uncertainty::ensemble && t < request.times(); ++t)
    split_members(space, plan_.members, std::span<const double>(latents.patch).subspan(t * patch, patch),
                  std::span<const double>(latents.global).subspan(t * global, global), inflation,
                  batch.forecasts[t]);
  for (std::size_t t = 0; members > 0 && t < request.times(); ++t) {
    const auto condition = request.condition.subspan(t * width, width);
    std::vector<std::vector<double>> of_time;
    for (int m = 0; m < members; ++m)
      of_time.push_back(kind_ == Uncertainty::ensemble
                            ? member_coefficients(space, latents, t, m, condition)
                            : closed_form_member(space, batch.forecasts[t], request.time_key[t], m, condition));
    batch.members.push_back(std::move(of_time));
  }
  return batch;
}

std::vector<std::vector<std::vector<double>>> Forecaster::members_of(std::size_t regime,
                                                                     const ForecastRequest& request,
                                                                     int first, int count) const {
  const LatentSpace& space = foundation_.spaces[regime];
  const std::size_t width = request.condition.size() / std::max<std::size_t>(1, request.times());
  std::vector<std::vector<std::vector<double>>> result(request.times());
  if (kind_ != Uncertainty::ensemble) {
    const auto forecasts = closed_form(regime, request, Factor::without);  // members need the latents alone
    for (std::size_t t = 0; t < request.times(); ++t)
      for (int m = first; m < first + count; ++m)
        result[t].push_back(closed_form_member(space, forecasts[t], request.time_key[t], m,
                                               request.condition.subspan(t * width, width)));
    return result;
  }
  // Whole groups, as when the product was made.
  EnsemblePlan plan = plan_;
  plan.first_group = first / plan.batch;
  const int skipped = first - plan.first_group * plan.batch;
  plan.members = skipped + count;
  const MemberLatents latents = sample_members(comm_, space, plan, network(regime), request, inflations_[regime]);
  for (std::size_t t = 0; t < request.times(); ++t)
    for (int m = skipped; m < plan.members; ++m)
      result[t].push_back(
          member_coefficients(space, latents, t, m, request.condition.subspan(t * width, width)));
  return result;
}

}  // namespace podscale
