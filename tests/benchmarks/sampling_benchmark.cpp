// Network evaluations per second of the samplers against bare forward passes of the same batch.
#include <fmt/format.h>
#include <torch/utils.h>

#include "benchmark.hpp"
#include "podscale/network/denoiser.hpp"
#include "podscale/network/vit.hpp"
#include "study.hpp"

namespace podscale::benchmark {

void sampling(Table& table) {
  const Setting& setting = table.setting();
  constexpr int tokens = 144, modes = 16, members = 8;
  const TokenLayout layout = square_layout(tokens, modes);
  ModelOptions options;
  options.prediction = Prediction::velocity;

  // A model file of an untrained network: the cost of an evaluation does not depend on the
  // weights.
  TrainingOptions training;
  training.steps = 0, training.batch = setting.comm->size();
  const std::string path = setting.scratch + "/sampled.h5";
  const auto condition = normal_floats(layout.condition_size(), 1),
             latent = normal_floats(layout.latent_size(), 2);
  const std::vector<float> year_phase(1, 0.25f);
  Trainer(*setting.comm, layout, options, training, "benchmark", path, false, "")
      .run(
          {1, latent, condition, year_phase}, [](const NetworkFunctions&) { return 0.0; },
          [] { return false; });
  const Model model = Model::load(*setting.comm, path, layout, "benchmark", {"cpu"});

  Denoiser denoiser(layout, options);
  denoiser.initialise(1);
  const auto x = torch::randn({members, tokens, modes}), given = torch::randn({members, tokens, modes});
  const auto forward = [&] {
    torch::NoGradGuard no_grad;
    denoiser.forward(x, given, torch::full({1}, 0.5), torch::full({1}, 0.25));
  };
  std::vector<float> out(members * layout.latent_size());
  for (const auto& [name, sampler] : {std::pair{"angle", SamplerOptions{SamplerKind::angle, 8, 1}},
                                      std::pair{"DDIM", SamplerOptions{SamplerKind::ddim, 100, 1}}}) {
    const Times times = measure(
        setting, Clock::cpu, [&, s = sampler] { model.sample(s, condition, 0.25f, 1, 0, members, out); },
        [&, s = sampler] {
          for (int i = 0; i < s.steps; ++i) forward();
        });
    const double evaluations = static_cast<double>(sampler.steps) * members;
    table.add(
        {fmt::format("sampling, {} {} steps, 8 members, P = 144, width 128, depth 4", name, sampler.steps),
         times.subject, evaluations, "evaluation", "bare forward passes", times.reference, evaluations});
  }
}

}  // namespace podscale::benchmark
