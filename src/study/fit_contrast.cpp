#include "podscale/study/fit_contrast.hpp"

#include <algorithm>
#include <cmath>

#include "podscale/core/log.hpp"
#include "podscale/parallel/exact_sum.hpp"

namespace podscale {
namespace {

/// One patch at one time: its state, and squared residual over the mean of training.
struct Point {
  std::array<double, 2> state;
  double energy;
};
using Points = std::vector<std::vector<Point>>;  // [local patches][times]

class Fit {
 public:
  Fit(const Communicator& comm, const Basis& basis, const LinearGaussian& base)
      : comm_(comm), basis_(basis), base_(base) {}

  /// As `work(point)` says, over all patches of the region: terms of a time, added in order.
  template <std::size_t N, class Work>
  std::array<double, N> sum(const Points& points, const Work& work) const {
    std::vector<std::array<double, N>> parts;
    double bound = 0;
    for (const auto& of_patch : points) {
      auto& part = parts.emplace_back();
      for (const Point& point : of_patch) {
        const std::array<double, N> terms = work(point);
        for (std::size_t i = 0; i < N; ++i) part[i] += terms[i];
      }
      for (const double value : part) bound = std::max(bound, std::abs(value));
    }
    ExactSum total(N, comm_.max(bound), std::ssize(basis_.patches.patch_of_token));
    for (const auto& part : parts) total.add(part);
    const auto found = total.reduce(comm_, "base.contrast: squared residuals");
    std::array<double, N> result;
    std::copy(found.begin(), found.end(), result.begin());
    return result;
  }

  /// Contrasts and squared residuals over their spread; energies: mean of training, or given.
  Points points(const EncodedPeriod& period, ContrastSpread& contrast, std::vector<double>& energies,
                bool training) const {
    const std::size_t local = basis_.patches.mine.size(), k = basis_.modes, width = base_.conditions(basis_),
                      times = period.size();
    Points result(local);
    std::vector<double> mean(k);
    for (std::size_t p = 0; p < local; ++p) {
      const std::size_t modes = basis_.patches.mine[p].modes;
      std::vector<std::array<double, 2>> contrasts;
      std::vector<double> squares;
      const auto scale = std::span(base_.predictor_scale).subspan(p * width, width);
      for (std::size_t t = 0; t < times; ++t) {
        const float* given = period.conditions.data() + (t * local + p) * width;
        contrasts.push_back(lr_contrast(base_.predictors, scale, given));
        base_.mean(basis_, p, given, mean);
        double square = 0;
        for (std::size_t m = 0; m < modes; ++m)
          square += std::pow(static_cast<double>(period.coefficients[(t * local + p) * k + m]) - mean[m], 2);
        squares.push_back(square / std::pow(base_.spread(p, given), 2));
      }
      if (training) {
        std::array<double, 3> sums{};
        for (std::size_t t = 0; t < times; ++t) {
          sums[0] += contrasts[t][0];
          sums[1] += contrasts[t][1];
          sums[2] += squares[t];
        }
        for (std::size_t i = 0; i < 2; ++i)
          contrast.reference.push_back(sums[i] / static_cast<double>(times));
        energies.push_back(sums[2] / static_cast<double>(times));
      }
      for (std::size_t t = 0; t < times && energies[p] > 0; ++t)
        result[p].push_back({contrast.state(p, contrasts[t]), squares[t] / energies[p]});
    }
    return result;
  }

 private:
  const Communicator& comm_;
  const Basis& basis_;
  const LinearGaussian& base_;
};

/// x of A x = b, A symmetric positive, 3 x 3: by elimination.
std::array<double, 3> solve(std::array<double, 9> a, std::array<double, 3> b) {
  for (std::size_t i = 0; i < 3; ++i)
    for (std::size_t row = i + 1; row < 3; ++row) {
      const double factor = a[3 * row + i] / a[4 * i];
      for (std::size_t j = i; j < 3; ++j) a[3 * row + j] -= factor * a[3 * i + j];
      b[row] -= factor * b[i];
    }
  for (std::size_t i = 3; i-- > 0;) {
    for (std::size_t j = i + 1; j < 3; ++j) b[i] -= a[3 * i + j] * b[j];
    b[i] /= a[4 * i];
  }
  return b;
}

}  // namespace

ContrastSpread fit_contrast(const Communicator& comm, const Basis& basis, const LinearGaussian& base,
                            const EncodedPeriod& train, const EncodedPeriod& validate) {
  const Fit fit(comm, basis, base);
  ContrastSpread contrast;
  std::vector<double> energies;
  const Points training = fit.points(train, contrast, energies, true),
               validation = fit.points(validate, contrast, energies, false);

  // 1. Quasi-likelihood of a variance that is exp(b x), by Fisher scoring: its information does
  //    not
  // depend on b.
  const auto row = [](const Point& p) { return std::array<double, 3>{1, p.state[0], p.state[1]}; };
  auto information = fit.sum<9>(training, [&](const Point& p) {
    std::array<double, 9> terms;
    for (std::size_t i = 0; i < 9; ++i) terms[i] = row(p)[i / 3] * row(p)[i % 3];
    return terms;
  });
  if (!(information[0] > 0)) {
    contrast.reason = "left out: no residuals";
    return contrast;
  }
  const double times = information[0];
  for (std::size_t i = 0; i < 3; ++i) information[4 * i] += 1e-6 * times;  // a state that never varies
  std::array<double, 3> b{};
  for (int step = 0; step < 30; ++step) {
    const auto gradient = fit.sum<3>(training, [&](const Point& p) {
      const auto x = row(p);
      const double excess = p.energy * std::exp(-(b[0] * x[0] + b[1] * x[1] + b[2] * x[2])) - 1;
      return std::array<double, 3>{excess * x[0], excess * x[1], excess * x[2]};
    });
    const auto change = solve(information, gradient);
    for (std::size_t i = 0; i < 3; ++i) b[i] += std::clamp(change[i], -0.5, 0.5);
  }

  // 2. Kept where it raises the likelihood of the validation period, whatever the level there.
  contrast.coefficients = b;
  const auto sums = fit.sum<4>(validation, [&](const Point& p) {
    const double variance = std::pow(contrast.factor(p.state), 2);
    return std::array<double, 4>{1, p.energy, p.energy / variance, std::log(variance)};
  });
  const double gain = std::log(sums[1] / sums[0]) - std::log(sums[2] / sums[0]) - sums[3] / sums[0];
  const std::string numbers = fmt::format(
      "variance grows with the power {:.3f} of the contrast of the LR cells "
      "and {:.3f} of their change; log-likelihood of validation {:+.4f} a patch "
      "and time",
      b[1], b[2], gain);
  const bool kept = gain > 0;
  contrast.reason = fmt::format("{}: {}", kept ? "kept" : "left out", numbers);
  if (!kept) contrast.coefficients = {};
  log::info("base.contrast: {}", contrast.reason);
  return contrast;
}

}  // namespace podscale
