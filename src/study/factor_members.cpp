#include "podscale/study/factor_members.hpp"

#include <cmath>
#include <limits>

#include "podscale/core/error.hpp"
#include "podscale/gaussian/start_noise.hpp"
#include "podscale/study/basis_file.hpp"
#include "podscale/study/options.hpp"

namespace podscale {

FactorMembers::FactorMembers(const FactorReader& factors, const Basis& basis, const std::string& basis_path,
                             Calendar calendar)
    : factors_(factors) {
  const NetcdfFile& file = factors.file();
  const auto text = file.text("", "podscale_namelist");
  if (!text)
    fail(ExitCode::data, "{}: no podscale_namelist in it; expected factors written by podscale-downscale",
         file.path());
  const SamplingOptions sampling = options_of_text(*text, file.path()).sampling;
  const Basis& own = factors.basis();
  seed_ = sampling.sampler.seed;
  const Communicator self = Communicator::self();
  const TimeCovariance& time = factors.time();
  if (sampling.coherence && time.coherent()) {
    const int modes = own.modes, global = (factors.global_modes() + modes - 1) / modes;
    coherent_ = std::make_shared<CoherentNoise>(seed_, Stream::coherent, time.lattice,
                                                scales_of_tokens(self, own.patches, modes, global, time));
    coherent_->set_calendar(calendar);
  }
  if (!sampling.truncation_noise) return;
  // Their squares add up to the truncation variance, which the factors have in other units and
  // calibrated.
  LeftOut columns = read_left_out(self, basis, basis_path);
  for (std::size_t p = 0; p < columns.size(); ++p) {
    const std::size_t d = basis.patches.mine[p].points.size();
    for (std::size_t i = 0; i < columns[p].size(); ++i) {
      const double tau = basis.patches.mine[p].tau[i % d], wanted = own.patches.mine[p].tau[i % d];
      columns[p][i] *= static_cast<float>(tau > 0 ? std::sqrt(wanted / tau) : 0);
    }
  }
  truncation_.emplace(own, std::move(columns), seed_, time, sampling.coherence);
  truncation_->set_calendar(calendar);
}

std::vector<double> FactorMembers::coefficients(const CoefficientForecast& forecast,
                                                std::span<const float> noise) const {
  const Basis& basis = factors_.basis();
  const std::size_t local = basis.patches.mine.size(), k = static_cast<std::size_t>(basis.modes),
                    tokens = basis.patches.patch_of_token.size(),
                    shared = static_cast<std::size_t>(forecast.shared);
  const bool apart = basis.seams.present();
  std::vector<double> a((apart ? 2 : 1) * local * k, 0.0);
  for (std::size_t p = 0; p < local; ++p) {
    const std::vector<double>& factor = forecast.factor[p];
    const float* own_noise = noise.data() + static_cast<std::size_t>(basis.patches.mine[p].token) * k;
    double *first = a.data() + p * k, *own = apart ? a.data() + (local + p) * k : first;
    for (std::size_t c = 0; c < factor.size() / k; ++c) {
      const bool common = c < shared;
      const double z = static_cast<double>(common ? noise[tokens * k + c] : own_noise[c - shared]);
      for (std::size_t m = 0; m < k; ++m) {
        const double value = z * factor[c * k + m];
        const double inside = forecast.has_own ? z * forecast.own_factor[p][c * k + m] : common ? 0 : value;
        first[m] += value - inside;
        own[m] += inside;
      }
    }
  }
  return a;
}

std::vector<double> FactorMembers::deviation(std::size_t step, std::uint64_t time_key, int member) const {
  const Basis& basis = factors_.basis();
  const CoefficientForecast forecast = factors_.read(step);
  const std::size_t k = static_cast<std::size_t>(basis.modes), tokens = basis.patches.patch_of_token.size(),
                    shared = (static_cast<std::size_t>(forecast.shared) + k - 1) / k;
  // Numbers of members are no latents: they persist in no way of their own.
  const bool latents = factors_.columns() == Columns::latents;
  std::vector<float> noise((tokens + shared) * k);
  StartNoise(seed_, basis.modes, Stream::sampler, latents ? coherent_ : nullptr)
      .values(time_key, member, 0, noise);
  std::vector<double> field(static_cast<std::size_t>(basis.points()));
  decode_members(
      basis, coefficients(forecast, noise), 1, field,
      truncation_ ? truncation_->field(time_key, member, forecast.truncation) : std::vector<double>{});
  for (std::size_t i = 0; i < field.size(); ++i)
    field[i] = basis.is_ocean(i) ? basis.scale_of(i) * field[i] : std::numeric_limits<double>::quiet_NaN();
  return field;
}

}  // namespace podscale
