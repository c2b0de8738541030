// What the network costs on this machine: steps of training and samples a second, and the share of
// the peak of bfloat16 matrix products, as measured here.
//   network_rates [cpu | cuda] [seconds a measurement]
#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <torch/cuda.h>
#include <torch/utils.h>
#include <torch/version.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "arithmetic.hpp"
#include "learner.hpp"

namespace podscale {
namespace {

constexpr int kModes = 16, kCondition = 16;

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

struct Machine {
  torch::Device device;
  double seconds;   // of a measurement
  double peak = 0;  // FLOP/s of bfloat16 products; float32 on a CPU
  void wait() const {
    if (device.is_cuda()) torch::cuda::synchronize();
  }
  /// Mean seconds of `work`, after two runs that do not count; of one run where that is enough.
  template <class Work>
  double time(const Work& work) const {
    work();
    wait();
    double start = now();
    work();
    wait();
    const int at_once = now() - start > seconds ? 1 : 4;
    start = now();
    long runs = 0;
    do {
      for (int i = 0; i < at_once; ++i, ++runs) work();
      wait();
    } while (now() - start < seconds);
    return (now() - start) / static_cast<double>(runs);
  }
};

struct Case {
  const char* name;
  int tokens, width, depth, heads, batch, members;
};

/// FLOP of one sample's forward pass: matrix products alone, 2 m n k each (see the benchmarks).
double forward_flop(const Case& c) {
  const double w = c.width, p = c.tokens;
  return c.depth * (p * (24 * w * w + 4 * p * w) + 12 * w * w) + p * 2 * w * (kModes + kCondition + kModes);
}

TokenLayout layout_of(int tokens) {
  TokenLayout layout{tokens, kModes, kCondition, {}, {}, {}};
  for (int p = 0; p < tokens; ++p) {
    layout.centre_lat.push_back(-60.0f + 2 * static_cast<float>(p / 32));
    layout.centre_lon.push_back(150.0f + 2 * static_cast<float>(p % 32));
  }
  layout.active.assign(static_cast<std::size_t>(layout.latent_size()), 1);
  return layout;
}

std::vector<float> normal(std::size_t count, std::uint32_t key) {
  std::vector<float> values(count);
  CounterRandom(1, Stream::test).fill_normal(std::span(values), key);
  return values;
}

/// Work whose products are of one precision.
template <class Work>
double with(const Machine& machine, Precision precision, const Work& work) {
  const Arithmetic arithmetic(precision, machine.device);
  return machine.time(work);
}

double matmul_rate(const Machine& machine, torch::ScalarType type, bool tf32, std::int64_t n) {
  const auto a = torch::randn({n, n}, torch::TensorOptions(machine.device)).to(type), b = a.clone();
  auto c = torch::empty_like(a);
  const double seconds =
      with(machine, tf32 ? Precision::tf32 : Precision::float32, [&] { torch::matmul_out(c, a, b); });
  return 2.0 * static_cast<double>(n) * static_cast<double>(n) * static_cast<double>(n) / seconds;
}

void row(const Machine& m, const std::string& what, double seconds, double samples, double flop) {
  fmt::print("{:<46} {:>10.3f} {:>12.0f} {:>10.2f} {:>8.3f}\n", what, 1e3 * seconds, samples / seconds,
             1e-12 * flop / seconds, flop / seconds / m.peak);
  std::fflush(stdout);
}

void measure(const Machine& machine, const Case& c) {
  fmt::print("\n{}: P = {}, width {}, depth {}, heads {}; K = C = {}\n", c.name, c.tokens, c.width, c.depth,
             c.heads, kModes);
  fmt::print("{:<46} {:>10} {:>12} {:>10} {:>8}\n", "", "ms", "samples/s", "TFLOP/s", "of peak");
  const TokenLayout layout = layout_of(c.tokens);
  ModelOptions model;
  model.width = c.width, model.depth = c.depth, model.heads = c.heads;
  model.prediction = Prediction::velocity;
  model.device = machine.device.str();
  TrainingOptions training;
  training.steps = 1000000, training.batch = c.batch, training.head_weight = 0;
  const long items = 64;
  const auto latent = normal(static_cast<std::size_t>(items * layout.latent_size()), 1),
             condition = normal(static_cast<std::size_t>(items * layout.condition_size()), 2);
  const std::vector<float> phase(static_cast<std::size_t>(items), 0.25f);
  const TrainingSet set{items, latent, condition, phase};
  std::vector<Precision> precisions{Precision::float32};
  if (machine.device.is_cuda()) precisions.insert(precisions.end(), {Precision::tf32, Precision::bfloat16});
  const char* const names[] = {"float32", "tf32", "bfloat16"};

  const OneProcess alone;
  {
    Learner learner(alone, layout, model, training);
    learner.network.module->initialise(1);
    learner.network.module->train();
    const double host = machine.time([&] {
      draw_batch(set, layout, learner.schedule, model.prediction, 1, 1, 0, c.batch, machine.device);
    });
    row(machine, fmt::format("drawing a batch of {}", c.batch), host, c.batch, 0);
    for (const Precision precision : precisions) {
      if (precision == Precision::bfloat16) continue;  // of samples only
      row(machine, fmt::format("training step, batch {}, {}", c.batch, names[static_cast<int>(precision)]),
          with(machine, precision,
               [&] {
                 learner.loss_and_gradient(set);
                 learner.average_gradient();
                 learner.optimizer.update();
               }),
          c.batch, 3 * c.batch * forward_flop(c));
    }
    // Parts of a step, each waited for: together more than a step.
    const auto gradient = machine.time([&] {
      learner.loss_and_gradient(set);
      ++learner.optimizer.step;  // its batch was drawn meanwhile
    });
    const auto average = machine.time([&] { learner.average_gradient(); });
    const auto update = machine.time([&] { learner.optimizer.update(); });
    fmt::print("of a step in float32: loss and gradient {:.3f} ms, its norm {:.3f} ms, update {:.3f} ms\n",
               1e3 * gradient, 1e3 * average, 1e3 * update);
  }
  Network network(layout, model, false);
  network.module->initialise(1);
  const auto on_device = torch::TensorOptions(machine.device);
  const auto x = torch::randn({c.members, c.tokens, kModes}, on_device),
             given =
                 torch::randn({1, c.tokens, kCondition}, on_device).expand({c.members, c.tokens, kCondition}),
             angle = torch::full({1}, 0.7, on_device), year = torch::full({1}, 0.2, on_device);
  constexpr int steps = 20;
  std::vector<float> out(static_cast<std::size_t>(c.members * layout.latent_size()));
  std::vector<bool> recorded{false};
  if (DenoiserGraph::available(machine.device)) recorded.push_back(true);
  for (const Precision precision : precisions)
    for (const bool record : recorded) {
      const std::string name =
          std::string(names[static_cast<int>(precision)]) + (record ? ", CUDA graph" : "");
      std::optional<DenoiserGraph> graph;
      if (record) {
        const Arithmetic arithmetic(precision, machine.device);
        graph.emplace(*network.module, layout, c.members, precision, machine.device);
      }
      row(machine, fmt::format("forward, {} members, {}", c.members, name),
          with(machine, precision,
               [&] {
                 torch::NoGradGuard no_grad;
                 if (graph)
                   graph->forward(x, 0.7);
                 else
                   network.module->forward(x, given, angle, year);
               }),
          c.members, c.members * forward_flop(c));
      graph.reset();
      network.options.precision = precision;
      network.record = record;
      row(machine, fmt::format("{} members by DDIM, {} steps, {}", c.members, steps, name), machine.time([&] {
        network.sample({SamplerKind::ddim, steps, 1},
                       std::span(condition).first(static_cast<std::size_t>(layout.condition_size())), 0.2f, 5,
                       0, c.members, out, Temperature{});
      }),
          c.members, steps * c.members * forward_flop(c));
    }
  const double per_step = 4.0 * c.batch *
                          (2.0 * static_cast<double>(layout.latent_size()) +
                           static_cast<double>(layout.condition_size()) + 4),
               per_draw = 4.0 * (2.0 * c.members * static_cast<double>(layout.latent_size()) +
                                 static_cast<double>(layout.condition_size()));
  fmt::print(
      "between host and device: {:.2f} MB up and two numbers down a training step; {:.2f} MB a draw of {} "
      "members, nothing a step of DDIM\n",
      1e-6 * per_step, 1e-6 * per_draw, c.members);
}

void all(const std::string& name, double seconds) {
  Machine machine{torch::Device(name == "cuda" ? "cuda:0" : "cpu"), seconds};
  const bool gpu = machine.device.is_cuda();
  at::set_num_threads(static_cast<int>(std::max(1u, std::thread::hardware_concurrency())));
  fmt::print("LibTorch {}, {}, {} host threads\n", TORCH_VERSION, gpu ? "CUDA" : "CPU",
             at::get_num_threads());
  const std::int64_t n = gpu ? 8192 : 1024;
  const double single = matmul_rate(machine, torch::kFloat, false, n);
  machine.peak = single;
  if (gpu) {
    const double tf32 = matmul_rate(machine, torch::kFloat, true, n);
    machine.peak = matmul_rate(machine, torch::kBFloat16, false, n);
    fmt::print(
        "matrix products of {}: bfloat16 {:.1f} TFLOP/s (the peak below), tf32 {:.1f}, float32 {:.1f}\n", n,
        1e-12 * machine.peak, 1e-12 * tf32, 1e-12 * single);
  } else {
    fmt::print("matrix products of {}: float32 {:.3f} TFLOP/s (the peak below)\n", n, 1e-12 * single);
  }
  std::vector<Case> cases{{"the paper's size", 144, 128, 4, 4, 32, 8}};
  if (gpu) {
    cases.push_back({"many members", 144, 128, 4, 4, 512, 256});
    cases.push_back({"a wide one", 1024, 384, 8, 6, 64, 64});
    cases.push_back({"wider", 1024, 1024, 8, 8, 32, 64});
  }
  for (const Case& c : cases) measure(machine, c);
}

}  // namespace
}  // namespace podscale

int main(int argc, char** argv) {
  const bool found = torch::cuda::is_available();
  const std::string device = argc > 1 ? argv[1] : found ? "cuda" : "cpu";
  if (device == "cuda" && !found) {
    fmt::print("no GPU was found\n");
    return 64;
  }
  try {
    podscale::all(device, argc > 2 ? std::stod(argv[2]) : 1.0);
  } catch (const std::exception& error) {
    fmt::print("network_rates: {}\n", error.what());
    return 70;
  }
  return 0;
}
