#include "podscale/gaussian/time_covariance.hpp"

#include <algorithm>
#include <cmath>

#include "podscale/core/vector_clones.hpp"

namespace podscale {
namespace {

constexpr std::size_t kSteps = 4;  // between two candidate times

long floor_quotient(long a, long b) {
  return a / b - (a % b < 0 ? 1 : 0);
}

/// Weighted squared misfits of (1 - w) fast + w slow at the best w in [0, 1], for one fast and
/// `count` slow ones, slow [lags][stride]: the same operations on each of them.
PODSCALE_VECTOR_CLONES void judge(std::size_t lags, const double* rho, const double* weight,
                                  const double* fast, const double* slow, std::size_t stride,
                                  std::size_t count, double* best, double* square, double* misfit) {
  for (std::size_t j = 0; j < count; ++j) best[j] = square[j] = misfit[j] = 0;
  for (std::size_t i = 0; i < lags; ++i) {
    const double *row = slow + i * stride, above = rho[i] - fast[i];
    for (std::size_t j = 0; j < count; ++j) {
      const double d = row[j] - fast[i];
      best[j] += weight[i] * above * d;
      square[j] += weight[i] * d * d;
    }
  }
  for (std::size_t j = 0; j < count; ++j) {
    const double w = best[j] / square[j];
    best[j] = square[j] > 0 ? std::min(std::max(w, 0.0), 1.0) : 0;
  }
  for (std::size_t i = 0; i < lags; ++i) {
    const double* row = slow + i * stride;
    for (std::size_t j = 0; j < count; ++j) {
      const double e = rho[i] - (1 - best[j]) * fast[i] - best[j] * row[j];
      misfit[j] += weight[i] * e * e;
    }
  }
}

}  // namespace

TimeLattice::TimeLattice(const StepLength& length, Calendar of_times) : calendar(of_times) {
  if (length.months > 0)
    months = true;
  else if (length.days > 0)
    seconds = length.days >= 1 ? 86400 : std::max(1l, std::lround(length.days * 86400));
}

long TimeLattice::index(std::uint64_t time_key) const {
  const long hour = static_cast<std::int32_t>(static_cast<std::uint32_t>(time_key)),
             of_hour = static_cast<long>(time_key >> 32 & 0xfff);  // the realization is above it
  if (!months) return floor_quotient(hour * 3600 + of_hour, seconds);
  const Date date =
      date_from_day_number(calendar, day_number(calendar, 1800, 1, 1) + floor_quotient(hour, 24));
  return 12l * date.year + date.month - 1;
}

double decay_of(double time, double cell, double lag) {
  const auto decay = [time](double distance) {
    return distance <= 0 ? 1 : time > 0 ? std::exp(-distance / time) : 0;
  };
  return cell > 0 ? 0.5 * (decay(lag - cell) + decay(lag)) : decay(lag);
}

double TwoScale::at(double lag) const {
  if (lag == 0) return 1;
  return (1 - slow_weight) * decay_of(fast, cell, std::abs(lag)) +
         slow_weight * decay_of(slow, cell, std::abs(lag));
}

std::vector<double> numbers_of(std::span<const TwoScale> scales) {
  std::vector<double> numbers;
  for (const TwoScale& s : scales) numbers.insert(numbers.end(), {s.slow_weight, s.fast, s.slow, s.cell});
  return numbers;
}

std::vector<TwoScale> scales_of(std::span<const double> numbers) {
  std::vector<TwoScale> scales;
  for (std::size_t i = 0; i + 3 < numbers.size(); i += 4)
    scales.push_back({numbers[i], numbers[i + 1], numbers[i + 2], numbers[i + 3]});
  return scales;
}

std::vector<TwoScale> scales_of_tokens(const Communicator& comm, const Patches& patches, int modes,
                                       int global_tokens, const TimeCovariance& time) {
  const std::size_t k = static_cast<std::size_t>(modes), tokens = patches.patch_of_token.size(),
                    all = (tokens + static_cast<std::size_t>(global_tokens)) * k;
  std::vector<double> numbers(4 * tokens * k, 0.0);
  for (std::size_t p = 0; p < patches.mine.size(); ++p) {
    const auto own = numbers_of(std::span(time.patch).subspan(p * k, k));
    std::copy(own.begin(), own.end(), numbers.begin() + static_cast<long>(4 * k) * patches.mine[p].token);
  }
  comm.sum(std::span(numbers));  // each token comes from one rank
  std::vector<TwoScale> scales = scales_of(numbers);
  scales.insert(scales.end(), time.global.begin(), time.global.end());
  scales.resize(all);  // padding
  return scales;
}

LagPairs::LagPairs(std::span<const long> index, const TimeLattice& lattice) {
  if (index.size() < 2 || !lattice.known()) return;
  const long span = index.back() - index.front(),
             longest = std::min(lattice.months ? 12 : std::lround(90 / lattice.step()), span / 8);
  for (long lag = 1; lag <= longest; lag += std::max(1l, lag / 8)) {
    std::vector<Pair> found;
    std::size_t j = 0;
    for (std::size_t i = 0; i < index.size(); ++i) {
      while (j < index.size() && index[j] < index[i] + lag) ++j;
      if (j < index.size() && index[j] == index[i] + lag)
        found.push_back({static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(j)});
    }
    if (found.size() < 20) continue;
    lags.push_back(lag);
    weight.push_back(static_cast<double>(std::max(1l, lag / 8)) / static_cast<double>(lag));
    pairs.push_back(std::move(found));
  }
}

std::vector<double> autocovariance(const LagPairs& pairs, std::span<const float> series, std::size_t first,
                                   std::size_t stride) {
  std::vector<double> x;
  for (std::size_t i = first; i < series.size(); i += stride) x.push_back(static_cast<double>(series[i]));
  std::vector<double> result;
  double sum = 0;
  for (const double value : x) sum += value * value;
  result.push_back(x.empty() ? 0 : sum / static_cast<double>(x.size()));
  for (const auto& of_lag : pairs.pairs) {
    sum = 0;
    for (const auto& [i, j] : of_lag) sum += x[i] * x[j];
    result.push_back(sum / static_cast<double>(of_lag.size()));
  }
  return result;
}

ScaleFit::ScaleFit(const LagPairs& pairs, const TimeLattice& lattice)
    : weight_(pairs.weight), step_(lattice.step()) {
  for (const long lag : pairs.lags) lags_.push_back(static_cast<double>(lag) * step_);
  const double longest = lags_.empty() ? step_ : 2 * lags_.back();
  for (double time = 0.2 * step_; time <= longest; time *= 1.25) {
    times_.push_back(time);
    decays_[0].push_back(decay(time, 0));
    decays_[1].push_back(decay(time, step_));
  }
  for (const std::size_t averaged : {0, 1})
    for (std::size_t lag = 0; lag < lags_.size(); ++lag)
      for (const auto& of_time : decays_[averaged]) by_lag_[averaged].push_back(of_time[lag]);
}

std::vector<double> ScaleFit::decay(double time, double cell) const {
  std::vector<double> values;
  for (const double lag : lags_) values.push_back(decay_of(time, cell, lag));
  return values;
}

TwoScale ScaleFit::fit(std::span<const double> autocovariance) const {
  if (!(autocovariance.front() > 0) || lags_.empty()) return {};
  std::vector<double> rho;
  for (std::size_t i = 1; i < autocovariance.size(); ++i)
    rho.push_back(autocovariance[i] / autocovariance[0]);
  TwoScale best;
  double misfit = -1;
  const std::size_t most = std::max(times_.size(), 2 * kSteps + 1);
  std::vector<double> weights(most), squares(most), misfits(most);
  const auto consider = [&](double fast, const std::vector<double>& of_fast, const std::vector<double>& slow,
                            std::size_t first, double cell, const std::vector<double>& of_slow) {
    const std::size_t count = slow.size() - first;
    judge(rho.size(), rho.data(), weight_.data(), of_fast.data(), of_slow.data() + first, slow.size(), count,
          weights.data(), squares.data(), misfits.data());
    for (std::size_t j = 0; j < count; ++j) {
      if (!(fast < slow[first + j]) || (misfit >= 0 && misfits[j] >= misfit)) continue;
      misfit = misfits[j];
      best = {weights[j], fast, slow[first + j], cell};
    }
  };
  for (const std::size_t averaged : {0, 1})
    for (std::size_t i = 0; i + 1 < times_.size(); ++i)
      consider(times_[i], decays_[averaged][i], times_, i + 1, averaged == 1 ? step_ : 0, by_lag_[averaged]);
  // Between the candidates.
  const TwoScale coarse = best;
  std::vector<double> fast, slow, of_slow(rho.size() * (2 * kSteps + 1));
  std::vector<std::vector<double>> of_fast;
  for (std::size_t i = 0; i <= 2 * kSteps; ++i) {
    const double factor = std::pow(1.25, (static_cast<double>(i) - kSteps) / kSteps);
    fast.push_back(coarse.fast * factor);
    slow.push_back(coarse.slow * factor);
    of_fast.push_back(decay(fast.back(), coarse.cell));
    const auto values = decay(slow.back(), coarse.cell);
    for (std::size_t lag = 0; lag < values.size(); ++lag) of_slow[lag * (2 * kSteps + 1) + i] = values[lag];
  }
  for (std::size_t i = 0; i < fast.size(); ++i) consider(fast[i], of_fast[i], slow, 0, coarse.cell, of_slow);
  return best;
}

}  // namespace podscale
