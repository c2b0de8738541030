#include "podscale/study/calibrate.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <tuple>

#include "podscale/core/error.hpp"
#include "podscale/core/log.hpp"
#include "podscale/core/stage.hpp"
#include "podscale/gaussian/point_variance.hpp"
#include "podscale/study/anomaly.hpp"
#include "podscale/study/blocks.hpp"

namespace podscale {
namespace {

/// One block of the validation period: its truth, and what the forecast needs.
struct Block {
  std::vector<double> anomalies;  // [times][values of a field]; NaN: not there
  std::span<const float> condition;
  const EncodedPeriod* period;
  std::size_t first;
  std::vector<float> phase;
  std::span<const std::uint64_t> key;
};

double sum_of_squares(std::span<const double> values) {
  return std::inner_product(values.begin(), values.end(), values.begin(), 0.0);
}

/// Days between the first and the last of pairs in order.
double span_days(const SampleAxis& axis, const std::vector<StepPair>& pairs) {
  const auto day = [&](const StepPair& pair) {
    const Date& date = axis[pair.a].date;
    return day_number(axis.calendar, date.year, date.month, date.day);
  };
  return static_cast<double>(day(pairs.back()) - day(pairs.front()));
}

class Calibrator {
 public:
  Calibrator(const Communicator& comm, const LatentSpace& space, const StudySeries& study,
             const GapFiller* gaps)
      : comm_(comm), space_(space), study_(study), gaps_(gaps), tokens_(std::ssize(space.basis().patches.patch_of_token)) {
    for (std::size_t i = 0; i < static_cast<std::size_t>(space.basis().points()); ++i)
      weight_.push_back(space.basis().area_weight(i));
  }

  Block read(const EncodedPeriod& period, std::size_t first, std::size_t count) const {
    const auto pairs = std::span(period.samples).subspan(first, count);
    Block block{{},
                period.c(first, count),
                &period,
                first,
                {},
                std::span(period.time_key).subspan(first, count)};
    block.anomalies.resize(static_cast<std::size_t>(space_.basis().points()) * count);
    read_anomalies(study_.hr, space_.basis(), comm_, hr_steps({pairs.begin(), pairs.end()}), block.anomalies,
                   gaps_ ? Gaps::allowed : Gaps::refused);
    for (std::size_t t = first; t < first + count; ++t)
      block.phase.push_back(static_cast<float>(period.year_phase[t]));
    return block;
  }

  /// Squared errors of the three levels against their predicted variances.
  void add_levels(const Block& block, const std::vector<CoefficientForecast>& forecasts,
                  LevelSums& sums) const {
    const Basis& basis = space_.basis();
    const std::size_t n = basis.points(), times = forecasts.size(), local = basis.patches.mine.size(),
                      k = basis.modes, global_modes = space_.global_modes();
    const auto a = block.period->draw(block.first, times);
    const auto truth = latents_of(comm_, space_, *block.period, block.first, times);
    std::vector<double> error(global_modes), z(k), r(k), folded;
    std::vector<std::vector<double>> columns(local);
    for (std::size_t p = 0; p < local; ++p) {
      const std::size_t modes = basis.patches.mine[p].modes;
      if (modes == 0) columns[p].assign(global_modes, 0.0);
      for (const auto* all : {&space_.covariance(p).global, &space_.covariance(p).root})
        for (std::size_t first = 0; modes > 0 && first < all->size(); first += modes)
          columns[p].push_back(sum_of_squares(std::span(*all).subspan(first, modes)));
    }
    constexpr std::size_t kBatch = 8;  // fields of the block that are there twice
    for (std::size_t t = 0; t < times; ++t) {
      if (t % kBatch == 0) {
        const std::size_t some = std::min(kBatch, times - t);
        if (gaps_) {
          folded = gaps_->fill(std::span(block.period->samples).subspan(block.first + t, some), true).drawn;
        } else {
          const auto part = std::span(block.anomalies).subspan(t * n, some * n);
          folded.assign(part.begin(), part.end());
          basis.fold(folded, static_cast<long>(some));
        }
      }
      const double* field_of_time = folded.data() + t % kBatch * n;
      const LatentForecast& f = forecasts[t].latent;
      for (std::size_t g = 0; g < global_modes; ++g)
        error[g] = truth.global[t * global_modes + g] - f.global_mean[g];
      for (std::size_t p = 0; p < local; ++p) {
        const PatchModes& patch = basis.patches.mine[p];
        const std::size_t modes = patch.modes;
        const double counts = std::pow(block.period->share_seen(block.first + t, p), 4);
        const auto residual = std::span(r).first(modes);
        std::fill(z.begin(), z.end(), 0.0);
        space_.colour(p, error, std::span<const double>(z).first(modes), residual);
        double variance = 0;
        const double* squares = columns[p].data();  // of the covariance, shared ones first
        for (std::size_t g = 0; g < global_modes; ++g) variance += f.global_variance[g] * squares[g];
        sums.add(LevelSums::global, p, sum_of_squares(residual), variance);
        for (std::size_t m = 0; m < modes; ++m) {
          const double column = squares[global_modes + m],
                       z_error = truth.patch[(t * local + p) * k + m] - f.patch_mean[p * k + m];
          sums.add_mode(p, m, counts * z_error * z_error * column,
                        counts * f.patch_variance[p * k + m] * column);
        }
        double field = 0, tau = 0, retained = 0;
        for (std::size_t i = 0; i < patch.points.size(); ++i) {
          field += field_of_time[patch.points[i]] * field_of_time[patch.points[i]];
          tau += patch.tau[i];
        }
        for (std::size_t m = 0; m < modes; ++m)
          retained += std::pow(static_cast<double>(a[(t * local + p) * k + m]), 2);
        sums.add(LevelSums::truncation, p, counts * std::max(field - retained, 0.0), counts * tau);
      }
    }
  }

  void add_errors(const Block& block, const std::vector<CoefficientForecast>& forecasts, double truncation,
                  ErrorHistogram& histogram) {
    const Basis& basis = space_.basis();
    const std::size_t n = basis.points();
    std::vector<double> mean(n), variance(n);
    for (std::size_t t = 0; t < forecasts.size(); ++t) {
      if (forecasts[t].has_factor)
        decode_anomaly(basis, forecasts[t], truncation, mean, variance);
      else
        point_variance().decode(forecasts[t], truncation, mean, variance);
      for (std::size_t p = 0; p < basis.patches.mine.size(); ++p)
        for (const long point : basis.patches.mine[p].points) {
          const std::size_t i = point;
          if (const double truth = block.anomalies[t * n + i]; !std::isnan(truth))
            histogram.add(p, mean[i] - truth, variance[i], weight_[i]);
        }
    }
  }

  long tokens() const { return tokens_; }

 private:
  const Communicator& comm_;
  const LatentSpace& space_;
  const StudySeries& study_;
  const GapFiller* gaps_;
  /// Collective, made once: most forecasts are from latents.
  const PointVariance& point_variance() {
    if (!point_variance_) point_variance_.emplace(space_);
    return *point_variance_;
  }
  std::vector<double> weight_;  // [values of a field], of the area
  std::optional<PointVariance> point_variance_;
  long tokens_;
};

}  // namespace

ValidationParts split_validation(const SampleAxis& axis, const std::vector<StepPair>& validate,
                                 double share) {
  const long n = std::ssize(validate);
  if (n < 2)
    throw Error(ExitCode::data,
                fmt::format("data.validate: {} time that both series have; expected two or more: a part of "
                            "them is held out for coverage and conformal half widths",
                            n),
                true);
  const double days = span_days(axis, validate) * static_cast<double>(n) / static_cast<double>(n - 1);
  const int stretches = static_cast<int>(std::min(n / 2, std::max(1l, std::lround(days / 120))));
  ValidationParts parts;
  for (int s = 0; s < stretches; ++s) {
    const Share stretch = share_of(n, stretches, s);
    const auto rounded = [share](long times) { return std::lround(share * static_cast<double>(times)); };
    const long held_out = std::clamp(rounded(stretch.end) - rounded(stretch.begin), 1l, stretch.size() - 1);
    const bool first = s / 3 % 2 == 1;  // every second year the other way round: other months
    const long from = first ? stretch.begin : stretch.end - held_out;
    for (long t = stretch.begin; t < stretch.end; ++t) {
      auto& part = t >= from && t < from + held_out ? parts.held_out : parts.choosing;
      part.push_back(validate[t]);
    }
  }
  return parts;
}

Calibration calibrate(const Communicator& comm, const LatentSpace& space, const StudySeries& study,
                      const EncodedPeriod& choosing, const EncodedPeriod& held_out,
                      const ForecastFunction& forecast, Inflate inflate, long block,
                      const std::function<bool()>& should_stop, const GapFiller* gaps, bool hold_90) {
  const Stage stage(StageId::calibrate);
  Calibrator calibrator(comm, space, study, gaps);
  const std::size_t local = space.basis().patches.mine.size();
  LevelSums sums(local, static_cast<std::size_t>(space.basis().modes));
  block = times_at_once(space, block);
  Calibration calibration;
  calibration.times = std::ssize(choosing);
  calibration.held_out = std::ssize(held_out);

  long done = 0;
  const int fits = inflate == Inflate::none ? 0 : 2;
  Progress progress("calibration", fits * calibration.times + (fits == 0 ? 1 : 2) * calibration.held_out,
                    "times");
  const auto pass = [&](const EncodedPeriod& period, LevelSums* levels) {
    ErrorHistogram errors(local);
    for_blocks(period.size(), block, [&](std::size_t first, std::size_t count) {
      if (should_stop && comm.max(should_stop() ? 1 : 0) != 0)
        throw Error(ExitCode::requeue,
                    "calibration stopped by a signal or the time limit; nothing of it was kept: run again",
                    true);
      const Block data = calibrator.read(period, first, count);
      const ForecastRequest request{
          .condition = data.condition,
          .year_phase = data.phase,
          .time_key = data.key,
          .on_part = [&](double part) { progress.within(part, static_cast<long>(count)); }};
      const auto forecasts = forecast(request, calibration.inflation);
      if (levels)
        calibrator.add_levels(data, forecasts, *levels);
      else
        calibrator.add_errors(data, forecasts, calibration.inflation.truncation, errors);
      progress.update(done += static_cast<long>(count));
    });
    errors.reduce(comm, calibrator.tokens());
    return errors;
  };
  ErrorHistogram errors = pass(held_out, nullptr);
  calibration.before = errors.coverage();
  if (inflate != Inflate::none) {
    pass(choosing, &sums);
    std::tie(calibration.inflation, calibration.largest) = sums.judged(comm, calibrator.tokens());
    if (inflate == Inflate::level) calibration.inflation.mode.clear();
    // Last, one factor for all levels.
    const ErrorHistogram found = pass(choosing, nullptr);
    const double factor =
        hold_90 ? found.quantiles()[2] / central_half_width(calibration_levels[2]) : found.best_factor();
    for (double* level :
         {&calibration.inflation.global, &calibration.inflation.patch, &calibration.inflation.truncation})
      *level *= factor * factor;
    errors = pass(held_out, nullptr);
  }
  progress.finish();
  calibration.after = errors.coverage();
  calibration.half_width = errors.quantiles();

  std::vector<StepPair> all = choosing.samples;
  all.insert(all.end(), held_out.samples.begin(), held_out.samples.end());
  std::sort(all.begin(), all.end(), [](const StepPair& x, const StepPair& y) { return x.a < y.a; });
  const SampleAxis& axis = study.hr.times();
  const auto date = [&](const StepPair& pair) { return axis[pair.a].date; };
  calibration.period = date_text(date(all.front())) + " to " + date_text(date(all.back()));
  calibration.note = calibration_note(
      std::min(calibration.times, calibration.held_out),
      span_days(axis, all) * static_cast<double>(all.size() + 1) / static_cast<double>(all.size()));
  if (!calibration.note.empty()) log::warn("calibration: {}", calibration.note);
  return calibration;
}

}  // namespace podscale
