#include "podscale/network/sampler.hpp"

#include <cmath>

#include "podscale/core/error.hpp"
#include "podscale/network/schedule.hpp"

namespace podscale {

torch::Tensor velocity_from_noise(const torch::Tensor& noise, const torch::Tensor& x, double angle) {
  return (noise - x * std::sin(angle)) / std::cos(angle);
}

namespace {

torch::Tensor data_estimate(const torch::Tensor& x, const torch::Tensor& v, double angle) {
  return x * std::cos(angle) - v * std::sin(angle);
}
torch::Tensor noise_estimate(const torch::Tensor& x, const torch::Tensor& v, double angle) {
  return x * std::sin(angle) + v * std::cos(angle);
}

torch::Tensor angle_ode(const std::vector<double>& angle, torch::Tensor x, const Velocity& velocity) {
  torch::Tensor previous;
  for (std::size_t i = 0; i + 1 < angle.size(); ++i) {
    const double step = angle[i + 1] - angle[i];
    torch::Tensor v = velocity(x, angle[i]);
    x = i == 0 ? x + v * step : x + (v * 1.5 - previous * 0.5) * step;
    previous = v;
  }
  return x;
}

torch::Tensor dpm_solver(const std::vector<double>& angle, torch::Tensor x, const Velocity& velocity) {
  torch::Tensor previous;
  double previous_h = 0;
  for (std::size_t i = 0; i + 1 < angle.size(); ++i) {
    const torch::Tensor z0 = data_estimate(x, velocity(x, angle[i]), angle[i]);
    if (i + 2 == angle.size()) return z0;  // sigma = 0: e^-h = 0, first order
    const auto lambda = [](double angle) { return std::log(std::cos(angle) / std::sin(angle)); };
    const double h = lambda(angle[i + 1]) - lambda(angle[i]);
    torch::Tensor d = z0;
    if (i > 0) {
      const double r = previous_h / h;
      d = z0 * (1 + 1 / (2 * r)) - previous * (1 / (2 * r));
    }
    x = x * (std::sin(angle[i + 1]) / std::sin(angle[i])) - d * (std::cos(angle[i + 1]) * std::expm1(-h));
    previous = z0;
    previous_h = h;
  }
  return x;
}

torch::Tensor ddim(const std::vector<double>& angle, torch::Tensor x, const Velocity& velocity) {
  for (std::size_t i = 0; i + 1 < angle.size(); ++i) {
    const torch::Tensor v = velocity(x, angle[i]);
    x = data_estimate(x, v, angle[i]) * std::cos(angle[i + 1]) +
        noise_estimate(x, v, angle[i]) * std::sin(angle[i + 1]);
  }
  return x;
}

torch::Tensor ancestral(const std::vector<double>& angle, torch::Tensor x, const Velocity& velocity,
                        const Noise& noise) {
  for (std::size_t i = 0; i + 1 < angle.size(); ++i) {
    const torch::Tensor z0 = data_estimate(x, velocity(x, angle[i]), angle[i]);
    if (i + 2 == angle.size()) return z0;
    const double bar = std::pow(std::cos(angle[i]), 2), bar_next = std::pow(std::cos(angle[i + 1]), 2);
    const double alpha = bar / bar_next, beta = 1 - alpha;
    const double variance = beta * (1 - bar_next) / (1 - bar);
    x = z0 * (std::sqrt(bar_next) * beta / (1 - bar)) + x * (std::sqrt(alpha) * (1 - bar_next) / (1 - bar)) +
        noise(static_cast<int>(i)) * std::sqrt(variance);
  }
  return x;
}

}  // namespace

torch::Tensor run_sampler(SamplerKind kind, int steps, torch::Tensor x, const Velocity& velocity,
                          const Noise& noise) {
  const auto angle = sampler_angles(steps);
  switch (kind) {
    case SamplerKind::angle:
      return angle_ode(angle, x, velocity);
    case SamplerKind::dpm_solver:
      return dpm_solver(angle, x, velocity);
    case SamplerKind::ddim:
      return ddim(angle, x, velocity);
    case SamplerKind::ancestral:
      return ancestral(angle, x, velocity, noise);
  }
  fail(ExitCode::bug, "unknown sampler");
}

}  // namespace podscale
