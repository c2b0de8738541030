#include "training_batch.hpp"

#include <torch/utils.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "host_threads.hpp"
#include "podscale/core/error.hpp"
#include "podscale/core/random.hpp"

namespace podscale {

namespace {

struct Choice {
  const TrainingSet* set;
  long item;
  Tile tile;  // of no tokens: the whole region
};

/// Sets with times.
std::vector<const TrainingSet*> sets_of(const TrainingSet& data) {
  std::vector<const TrainingSet*> sets;
  if (data.items > 0) sets.push_back(&data);
  for (const TrainingSet& other : data.others)
    if (other.items > 0) sets.push_back(&other);
  return sets;
}

Choice choose(const BatchSource& source, const std::vector<const TrainingSet*>& sets, std::uint32_t key,
              std::uint32_t number) {
  const auto among = [&](Stream stream, std::size_t count) {
    return CounterRandom(source.seed, stream).uniform(key, number) * static_cast<double>(count);
  };
  const TrainingSet& set =
      *sets[sets.size() == 1 ? 0 : static_cast<std::size_t>(among(Stream::training_regime, sets.size()))];
  Choice choice{&set, static_cast<long>(among(Stream::shuffle, static_cast<std::size_t>(set.items))), {}};
  const CounterRandom place(source.seed, Stream::shuffle);
  for (std::uint32_t attempt = 1; source.tiles && choice.tile.own_tokens == 0; ++attempt)  // not on land
    choice.tile = source.tiles->random_tile(place.uniform(key, number, attempt, 0),
                                            place.uniform(key, number, attempt, 1));
  return choice;
}

}  // namespace

TrainingBatch draw_batch(const BatchSource& source, SampleRows& rows, long step,
                         const std::vector<int>& first, int rank, int count, const torch::Device& device) {
  const TokenLayout& layout = *source.layout;
  const Schedule& schedule = *source.schedule;
  const auto key = static_cast<std::uint32_t>(step);
  const auto sets = sets_of(*source.data);
  std::vector<long> every(static_cast<std::size_t>(layout.tokens));
  std::iota(every.begin(), every.end(), 0l);
  std::vector<std::vector<Choice>> choices(first.size());
  std::vector<std::vector<SampleRows::Wanted>> wanted(first.size());
  for (std::size_t r = 0; r < first.size(); ++r) {
    for (int i = 0; i < count; ++i)
      choices[r].push_back(choose(source, sets, key, static_cast<std::uint32_t>(first[r] + i)));
    for (const Choice& choice : choices[r])
      wanted[r].push_back(
          {choice.set, choice.item,
           source.tiles ? std::span<const long>(choice.tile.tokens) : std::span<const long>(every)});
  }
  auto& mine = choices[static_cast<std::size_t>(rank)];
  const auto found = rows.fetch(wanted);
  std::int64_t most = 0;
  for (const auto& sample : found) most = std::max<std::int64_t>(most, std::ssize(sample));

  const std::int64_t p = most, k = layout.modes, c = layout.condition, b = count;
  // Pinned: the device fetches it by itself, at its time.
  const auto host = torch::TensorOptions().pinned_memory(device.is_cuda());
  auto z0 = torch::empty({b, p, k}, host), noise = torch::empty({b, p, k}, host),
       condition = torch::empty({b, p, c}, host),
       scalars = torch::empty({4, b}, host);  // angle, its cosine and sine, year_phase
  float* const z0_at = z0.data_ptr<float>();
  float* const noise_at = noise.data_ptr<float>();
  float* const condition_at = condition.data_ptr<float>();
  float* const scalars_at = scalars.data_ptr<float>();
  const CounterRandom times(source.seed, Stream::training_time), normal(source.seed, Stream::training_noise);
  on_host_threads(b, [&](std::int64_t i) {
    const auto number = static_cast<std::uint32_t>(first[static_cast<std::size_t>(rank)] + i);
    const Choice& choice = mine[static_cast<std::size_t>(i)];
    const auto& sample = found[static_cast<std::size_t>(i)];
    const auto& columns = choice.set->columns;
    const int t = 1 + static_cast<int>(times.uniform(key, number) * schedule.steps());
    if (!columns.empty() || std::ssize(sample) < p) std::fill_n(condition_at + i * p * c, p * c, 0.0f);
    if (std::ssize(sample) < p) std::fill_n(z0_at + i * p * k, p * k, 0.0f);
    for (std::int64_t token = 0; token < std::ssize(sample); ++token) {
      const SampleRows::Row& row = sample[static_cast<std::size_t>(token)];
      std::copy_n(row.latent, k, z0_at + (i * p + token) * k);
      float* const to = condition_at + (i * p + token) * c;
      if (columns.empty()) std::copy_n(row.condition, c, to);
      for (std::size_t j = 0; j < columns.size(); ++j) to[columns[j]] = row.condition[j];
    }
    normal.fill_normal(std::span(noise_at + i * p * k, static_cast<std::size_t>(p * k)), key, number);
    scalars_at[i] = static_cast<float>(schedule.angle(t));
    scalars_at[3 * b + i] = choice.set->year_phase[static_cast<std::size_t>(choice.item)];
  });
  auto cosine = scalars[1], sine = scalars[2];
  torch::cos_out(cosine, scalars[0]);
  torch::sin_out(sine, scalars[0]);
  const auto sent = [&](const torch::Tensor& tensor) { return tensor.to(device, /*non_blocking=*/true); };
  z0 = sent(z0), noise = sent(noise), condition = sent(condition), scalars = sent(scalars);
  cosine = scalars[1].view({b, 1, 1}), sine = scalars[2].view({b, 1, 1});
  TrainingBatch batch{z0,
                      cosine * z0 + sine * noise,
                      source.prediction == Prediction::velocity ? cosine * noise - sine * z0 : noise,
                      condition,
                      scalars[0],
                      scalars[3]};
  for (Choice& choice : mine)
    if (source.tiles) batch.tiles.push_back(std::move(choice.tile));
  return batch;
}

TrainingBatch draw_batch(const TrainingSet& data, const TokenLayout& layout, const Schedule& schedule,
                         Prediction prediction, std::uint64_t seed, long step, int first, int count,
                         const torch::Device& device) {
  const OneProcess alone;
  SampleRows rows(alone, layout);
  return draw_batch({&data, &layout, nullptr, &schedule, prediction, seed}, rows, step, {first}, 0, count,
                    device);
}

torch::Tensor training_loss(Denoiser& network, const TrainingBatch& batch, const TrainingOptions& options) {
  auto condition = batch.condition;
  if (options.condition_noise > 0) {
    auto noise = options.condition_noise * torch::randn_like(condition);
    if (network.age() >= 0) noise.select(-1, network.age()).zero_();  // it tells regimes apart
    condition = condition + noise;
  }
  TokenView view = network.all();
  if (!batch.tiles.empty()) {
    std::vector<const Tile*> tiles;
    for (const Tile& tile : batch.tiles) tiles.push_back(&tile);
    view = network.view_of(tiles);
  }
  const auto counted = batch.tiles.empty() ? view.active : view.active * view.own;
  const auto values = batch.tiles.empty() ? counted.sum() * batch.x.size(0) : counted.sum();
  torch::Tensor loss = torch::zeros({}, condition.options());
  if (options.diffusion_weight > 0) {
    const auto predicted = network.forward(batch.x, condition, batch.angle, batch.year_phase, view);
    const auto error = (predicted - batch.target) * counted;
    loss = loss + options.diffusion_weight * error.square().sum() / values;
  }
  if (options.head_weight > 0) {
    const auto head = network.head(condition, batch.year_phase, view);
    const auto error = (head.mean - batch.z0) * counted;
    const auto terms = head.log_variance + error.square() * torch::exp(-head.log_variance);
    loss = loss + options.head_weight * 0.5 * (terms * counted).sum() / values;
  }
  return loss;
}

void require_usable(const TrainingSet& data, const TokenLayout& layout, int rank, int ranks) {
  if (data.items < 1)
    fail(ExitCode::data, "training: no time to train on; expected at least one: use a longer data.train");
  const auto check = [&](const char* what, std::span<const float> values, long per_item) {
    PODSCALE_ASSERT(std::ssize(values) == data.items * per_item, "{}: {} values, {} items of {}", what,
                    values.size(), data.items, per_item);
    const auto bad =
        std::find_if(values.begin(), values.end(), [](float value) { return !std::isfinite(value); });
    if (bad == values.end()) return;
    const long at = bad - values.begin();
    fail(ExitCode::data,
         "training: {} is {} in value {} of time {} of rank {} of {}; expected finite numbers: "
         "look for gaps in data.hr_files and data.lr_files",
         what, *bad, at % per_item, at / per_item, rank, ranks);
  };
  const long tokens = data.all_tokens ? layout.tokens : std::ssize(data.tokens);
  check("latent", data.latent, tokens * layout.modes);
  check("condition", data.condition,
        tokens * (data.columns.empty() ? layout.condition : std::ssize(data.columns)));
  check("year_phase", data.year_phase, 1);
  for (const TrainingSet& other : data.others)
    if (other.items > 0) require_usable(other, layout, rank, ranks);
}

}  // namespace podscale
