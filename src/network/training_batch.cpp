#include "training_batch.hpp"

#include <torch/utils.h>

#include <algorithm>
#include <cmath>

#include "host_threads.hpp"
#include "podscale/core/error.hpp"
#include "podscale/core/random.hpp"

namespace podscale {

TrainingBatch draw_batch(const TrainingSet& data, const TokenLayout& layout, const Schedule& schedule,
                         Prediction prediction, std::uint64_t seed, long step, int first, int count,
                         const torch::Device& device) {
  const std::int64_t p = layout.tokens, k = layout.modes, c = layout.condition, b = count;
  // Pinned: the device fetches it by itself, at its time.
  const auto host = torch::TensorOptions().pinned_memory(device.is_cuda());
  auto z0 = torch::empty({b, p, k}, host), noise = torch::empty({b, p, k}, host),
       condition = torch::empty({b, p, c}, host),
       scalars = torch::empty({4, b}, host);  // angle, its cosine and sine, year_phase
  float* const z0_at = z0.data_ptr<float>();
  float* const noise_at = noise.data_ptr<float>();
  float* const condition_at = condition.data_ptr<float>();
  float* const scalars_at = scalars.data_ptr<float>();
  std::vector<const TrainingSet*> sets;  // with times on this rank
  if (data.items > 0) sets.push_back(&data);
  for (const TrainingSet& other : data.others)
    if (other.items > 0) sets.push_back(&other);
  const CounterRandom regimes(seed, Stream::training_regime);
  const CounterRandom shuffle(seed, Stream::shuffle), times(seed, Stream::training_time),
      normal(seed, Stream::training_noise);
  const auto key = static_cast<std::uint32_t>(step);
  on_host_threads(b, [&](std::int64_t i) {
    const auto number = static_cast<std::uint32_t>(first + i);
    const TrainingSet& set = *sets[sets.size() == 1 ? 0
                                                    : static_cast<std::size_t>(regimes.uniform(key, number) *
                                                                               static_cast<double>(sets.size()))];
    const long item = static_cast<long>(shuffle.uniform(key, number) * static_cast<double>(set.items));
    const int t = 1 + static_cast<int>(times.uniform(key, number) * schedule.steps());
    std::copy_n(set.latent.begin() + item * p * k, p * k, z0_at + i * p * k);
    if (set.columns.empty()) {
      std::copy_n(set.condition.begin() + item * p * c, p * c, condition_at + i * p * c);
    } else {
      const std::size_t width = set.columns.size();
      std::fill_n(condition_at + i * p * c, p * c, 0.0f);
      for (std::int64_t token = 0; token < p; ++token)
        for (std::size_t j = 0; j < width; ++j)
          condition_at[(i * p + token) * c + static_cast<std::int64_t>(set.columns[j])] =
              set.condition[static_cast<std::size_t>(item * p + token) * width + j];
    }
    normal.fill_normal(std::span(noise_at + i * p * k, static_cast<std::size_t>(p * k)), key, number);
    scalars_at[i] = static_cast<float>(schedule.angle(t));
    scalars_at[3 * b + i] = set.year_phase[item];
  });
  auto cosine = scalars[1], sine = scalars[2];
  torch::cos_out(cosine, scalars[0]);
  torch::sin_out(sine, scalars[0]);
  const auto sent = [&](const torch::Tensor& tensor) { return tensor.to(device, /*non_blocking=*/true); };
  z0 = sent(z0), noise = sent(noise), condition = sent(condition), scalars = sent(scalars);
  cosine = scalars[1].view({b, 1, 1}), sine = scalars[2].view({b, 1, 1});
  return {z0,
          cosine * z0 + sine * noise,
          prediction == Prediction::velocity ? cosine * noise - sine * z0 : noise,
          condition,
          scalars[0],
          scalars[3]};
}

torch::Tensor training_loss(Denoiser& network, const TrainingBatch& batch, const TrainingOptions& options) {
  auto condition = batch.condition;
  if (options.condition_noise > 0) {
    auto noise = options.condition_noise * torch::randn_like(condition);
    if (network.age() >= 0) noise.select(-1, network.age()).zero_();  // it tells regimes apart
    condition = condition + noise;
  }
  const auto values = network.active().sum() * batch.x.size(0);
  torch::Tensor loss = torch::zeros({}, condition.options());
  if (options.diffusion_weight > 0) {
    const auto predicted = network.forward(batch.x, condition, batch.angle, batch.year_phase);
    const auto error = (predicted - batch.target) * network.active();
    loss = loss + options.diffusion_weight * error.square().sum() / values;
  }
  if (options.head_weight > 0) {
    const auto head = network.head(condition, batch.year_phase);
    const auto error = (head.mean - batch.z0) * network.active();
    const auto terms = head.log_variance + error.square() * torch::exp(-head.log_variance);
    loss = loss + options.head_weight * 0.5 * (terms * network.active()).sum() / values;
  }
  return loss;
}

void require_usable(const TrainingSet& data, const TokenLayout& layout, int rank, int ranks) {
  if (data.items < 1)
    fail(ExitCode::data,
         "training: rank {} of {} has no time to train on; expected at least one a rank: use fewer ranks or "
         "a longer data.train",
         rank, ranks);
  const auto check = [&](const char* what, std::span<const float> values, long per_item) {
    PODSCALE_ASSERT(std::ssize(values) == data.items * per_item, "{}: {} values, {} items of {}", what,
                    values.size(), data.items, per_item);
    const auto bad =
        std::find_if(values.begin(), values.end(), [](float value) { return !std::isfinite(value); });
    if (bad == values.end()) return;
    const long at = bad - values.begin();
    fail(ExitCode::data,
         "training: {} is {} in value {} of time {} of rank {}; expected finite numbers: "
         "look for gaps in data.hr_files and data.lr_files",
         what, *bad, at % per_item, at / per_item, rank);
  };
  check("latent", data.latent, layout.latent_size());
  check("condition", data.condition,
        data.columns.empty() ? layout.condition_size() : layout.tokens * std::ssize(data.columns));
  check("year_phase", data.year_phase, 1);
  for (const TrainingSet& other : data.others)
    if (other.items > 0) require_usable(other, layout, rank, ranks);
}

}  // namespace podscale
