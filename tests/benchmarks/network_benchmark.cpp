// Forward pass and training step of the Vision Transformer against sgemm.
#include <fmt/format.h>
#include <torch/utils.h>

#include <algorithm>

#include "benchmark.hpp"
#include "podscale/network/denoiser.hpp"
#include "podscale/network/vit.hpp"
#include "study.hpp"

namespace podscale::benchmark {
namespace {

constexpr int kModes = 16;

/// GFLOP of one sample's forward pass: matrix products alone, 2 m n k each. Per token and block
/// qkv 6 W^2, projection 2 W^2, MLP 16 W^2, attention 4 P W; per sample and block modulation 12
/// W^2; embedding and last layer once.
double forward_gflop(int tokens, const ModelOptions& o) {
  const double w = o.width, p = tokens;
  const double block = p * (24 * w * w + 4 * p * w) + 12 * w * w;
  return 1e-9 * (o.depth * block + p * 2 * w * (2 * kModes + kModes));
}

void of_region(Table& table, int tokens, const ModelOptions& options, int batch, const std::string& name) {
  const Setting& setting = table.setting();
  const TokenLayout layout = square_layout(tokens, kModes);
  const double flop = batch * forward_gflop(tokens, options), sgemm = sgemm_rate(setting);
  const std::string reference = "sgemm 1024";

  Denoiser denoiser(layout, options);
  denoiser.initialise(1);
  const auto x = torch::randn({batch, tokens, kModes}), condition = torch::randn({batch, tokens, kModes}),
             phi = torch::rand({batch}), year = torch::rand({batch});
  const double forward = measure(setting, Clock::cpu, [&] {
    torch::NoGradGuard no_grad;
    denoiser.forward(x, condition, phi, year);
  });
  table.add({fmt::format("ViT forward, {}", name), forward, flop, "GFLOP", reference, 1, sgemm});

  // The trainer asks should_stop once a step: the clock of its steps. Gradients cost twice a
  // forward pass.
  const long items = 64;
  const auto latent = normal_floats(items * layout.latent_size(), 1),
             given = normal_floats(items * layout.condition_size(), 2);
  const std::vector<float> year_phase(items, 0.25f);
  TrainingOptions training;
  training.steps = setting.repeats + 2;
  training.batch = batch * setting.comm->size();
  Trainer trainer(*setting.comm, layout, options, training, "benchmark", setting.scratch + "/model.h5", false,
                  "");
  std::vector<double> at;
  trainer.run(
      {items, latent, given, year_phase}, [](const NetworkFunctions&) { return 0.0; },
      [&] {
        at.push_back(now(Clock::cpu));
        return false;
      });
  std::vector<double> steps;
  for (std::size_t i = 2; i < at.size(); ++i) steps.push_back(at[i] - at[i - 1]);
  std::sort(steps.begin(), steps.end());
  const double step = setting.comm->max(steps[steps.size() / 2]);
  table.add({fmt::format("training step, {}", name), step, 3 * flop, "GFLOP", reference, 1, sgemm});
}

}  // namespace

void network(Table& table) {
  ModelOptions paper;
  of_region(table, 16, paper, 32, "P = 16, width 128, depth 4, batch 32");
  of_region(table, 144, paper, 32, "P = 144, width 128, depth 4, batch 32");
  ModelOptions small;
  small.width = 96, small.depth = 3, small.prediction = Prediction::velocity;
  of_region(table, 144, small, 16, "a small network: P = 144, width 96, depth 3, batch 16");
}

}  // namespace podscale::benchmark
