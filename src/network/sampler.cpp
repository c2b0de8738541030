#include "podscale/network/sampler.hpp"

#include <cmath>
#include <utility>
#include <vector>

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

}  // namespace

SamplerPath::SamplerPath(SamplerKind kind, int steps, torch::Tensor start)
    : x(std::move(start)), kind_(kind), angle_(sampler_angles(steps)) {}

void SamplerPath::angle_step(const torch::Tensor& v, double from, double to) {
  const double step = to - from;
  x = at_ == 0 ? x + v * step : x + (v * 1.5 - previous_ * 0.5) * step;
  previous_ = v;
}

void SamplerPath::dpm_step(const torch::Tensor& z0, double from, double to) {
  const auto lambda = [](double angle) { return std::log(std::cos(angle) / std::sin(angle)); };
  const double h = lambda(to) - lambda(from);
  torch::Tensor d = z0;
  if (at_ > 0) {
    const double r = previous_h_ / h;
    d = z0 * (1 + 1 / (2 * r)) - previous_ * (1 / (2 * r));
  }
  x = x * (std::sin(to) / std::sin(from)) - d * (std::cos(to) * std::expm1(-h));
  previous_ = z0;
  previous_h_ = h;
}

void SamplerPath::ancestral_step(const torch::Tensor& z0, double from, double to, const Noise& noise) {
  const double bar = std::pow(std::cos(from), 2), bar_next = std::pow(std::cos(to), 2);
  const double alpha = bar / bar_next, beta = 1 - alpha;
  const double variance = beta * (1 - bar_next) / (1 - bar);
  x = z0 * (std::sqrt(bar_next) * beta / (1 - bar)) + x * (std::sqrt(alpha) * (1 - bar_next) / (1 - bar)) +
      noise(at_) * std::sqrt(variance);
}

void SamplerPath::step(const Velocity& velocity, const Noise& noise) {
  PODSCALE_ASSERT(!done(), "step {} of {}", at_, steps());
  const std::size_t i = static_cast<std::size_t>(at_);
  const double from = angle_[i], to = angle_[i + 1];
  const torch::Tensor v = velocity(x, from);
  const bool last = at_ + 1 == steps();
  switch (kind_) {
    case SamplerKind::angle:
      angle_step(v, from, to);
      break;
    case SamplerKind::ddim:
      x = data_estimate(x, v, from) * std::cos(to) + noise_estimate(x, v, from) * std::sin(to);
      break;
    case SamplerKind::dpm_solver:  // at the end sigma = 0: e^-h = 0, first order
    case SamplerKind::ancestral: {
      const torch::Tensor z0 = data_estimate(x, v, from);
      if (last)
        x = z0;
      else if (kind_ == SamplerKind::dpm_solver)
        dpm_step(z0, from, to);
      else
        ancestral_step(z0, from, to, noise);
    }
  }
  ++at_;
}

torch::Tensor run_sampler(SamplerKind kind, int steps, torch::Tensor x, const Velocity& velocity,
                          const Noise& noise) {
  SamplerPath path(kind, steps, std::move(x));
  while (!path.done()) path.step(velocity, noise);
  return path.x;
}

}  // namespace podscale
