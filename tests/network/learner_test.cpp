// The step of training without MPI or files, and samples, on every device that this machine has.
#include "learner.hpp"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>
#include <torch/cuda.h>
#include <torch/utils.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

#include "host_threads.hpp"
#include "learnable_study.hpp"
#include "podscale/network/gradient_average.hpp"

namespace podscale {
namespace {

using namespace test;

std::vector<std::string> devices() {
  std::vector<std::string> all{"cpu"};
  if (torch::cuda::is_available()) all.emplace_back("cuda:0");
  return all;
}

ModelOptions model_on(const std::string& device) {
  ModelOptions options = small_model();
  options.device = device;
  return options;
}

TrainingOptions training(long steps, int batch = 16) {
  TrainingOptions options;
  options.steps = steps, options.batch = batch, options.groups = 1, options.warmup = 5, options.rate = 5e-3;
  options.ema_decay = 0.99, options.head_weight = 1;
  return options;
}

/// One of two processes, whose sums with the other are not made.
class OneOfTwo final : public GradientAverage {
 public:
  using GradientAverage::sum;
  explicit OneOfTwo(int rank) : rank_(rank) {}
  int rank() const override { return rank_; }
  int size() const override { return 2; }
  void sum(std::span<float>) const override {}

 private:
  int rank_;
};

double norm(const std::vector<float>& a, const std::vector<float>& less = {}) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    sum += std::pow(static_cast<double>(a[i]) - (less.empty() ? 0.0 : static_cast<double>(less[i])), 2);
  return std::sqrt(sum);
}

/// Weights of a network that has left its start, from the same numbers on any device.
std::vector<float> some_weights(const Network& network) {
  std::vector<float> values(network.weights().size());
  CounterRandom(3, Stream::test).fill_normal(std::span(values), 8);
  for (float& value : values) value *= 0.1f;
  return values;
}

void train(Learner& learner, const Study& study, long steps) {
  learner.network.module->train();
  for (long i = 0; i < steps; ++i) {
    learner.loss_and_gradient(study.set());
    learner.average_gradient();
    learner.optimizer.update();
  }
}

TEST(Batch, IsWhatItSaysByAnyNumberOfThreads) {
  const Study study = make_study(small_layout(), 0, 40);
  const Schedule schedule(1000);
  const int first = 3, count = 37, threads = at::get_num_threads();
  const std::size_t size = static_cast<std::size_t>(study.layout.latent_size());
  const auto draw = [&](const std::string& device) {
    return draw_batch(study.set(), study.layout, schedule, Prediction::velocity, 9, 21, first, count,
                      torch::Device(device));
  };
  for (const std::string& device : devices()) {
    at::set_num_threads(1);
    const TrainingBatch one = draw(device);
    at::set_num_threads(5);
    const TrainingBatch five = draw(device);
    at::set_num_threads(threads);
    const auto values = [](const torch::Tensor& tensor) { return Network::to_vector(tensor); };
    for (const auto part : {&TrainingBatch::z0, &TrainingBatch::x, &TrainingBatch::target,
                            &TrainingBatch::condition, &TrainingBatch::angle, &TrainingBatch::year_phase})
      EXPECT_EQ(values(one.*part), values(five.*part)) << device;
    // Sample by sample from the numbers that it is made of.
    const auto z0 = values(five.z0), x = values(five.x), target = values(five.target),
               condition = values(five.condition), angle = values(five.angle),
               phase = values(five.year_phase);
    std::vector<float> noise(size);
    for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
      const auto number = static_cast<std::uint32_t>(first + static_cast<int>(i));
      const auto item = static_cast<std::size_t>(CounterRandom(9, Stream::shuffle).uniform(21, number) * 40);
      const int t = 1 + static_cast<int>(CounterRandom(9, Stream::training_time).uniform(21, number) * 1000);
      CounterRandom(9, Stream::training_noise).fill_normal(std::span(noise), 21, number);
      EXPECT_EQ(angle[i], static_cast<float>(schedule.angle(t)));
      EXPECT_EQ(phase[i], study.year_phase[item]);
      for (std::size_t j = 0; j < 8; ++j) EXPECT_EQ(condition[8 * i + j], study.condition[8 * item + j]);
      const double cosine = std::cos(schedule.angle(t)), sine = std::sin(schedule.angle(t));
      for (std::size_t j = 0; j < size; ++j) {
        const float clean = study.latent[item * size + j];
        EXPECT_EQ(z0[i * size + j], clean);
        EXPECT_NEAR(x[i * size + j], cosine * clean + sine * noise[j], 2e-6) << device;
        EXPECT_NEAR(target[i * size + j], cosine * noise[j] - sine * clean, 2e-6) << device;
      }
    }
  }
}

TEST(Batch, EverySampleIsOfOneOfTheRegimes) {
  const Study first = make_study(small_layout(), 0, 40), second = make_study(small_layout(), 100, 30);
  const std::size_t latent = static_cast<std::size_t>(first.layout.latent_size());
  std::vector<float> told;  // the second regime is told of condition value 1 alone
  for (std::size_t i = 1; i < second.condition.size(); i += 2) told.push_back(second.condition[i]);
  TrainingSet set = first.set();
  set.others.push_back({std::ssize(second.year_phase), second.latent, told, second.year_phase, {1}});
  set.others.push_back({});  // one that this rank has no time of is never drawn
  require_usable(set, first.layout, 0, 1);
  const Schedule schedule(1000);
  const auto draw = [&](int from, int count) {
    const TrainingBatch batch =
        draw_batch(set, first.layout, schedule, Prediction::velocity, 9, 21, from, count, torch::kCPU);
    return std::pair(Network::to_vector(batch.z0), Network::to_vector(batch.condition));
  };
  const auto [z0, condition] = draw(0, 200);
  int others = 0;
  for (std::size_t i = 0; i < 200; ++i) {
    const auto number = static_cast<std::uint32_t>(i);
    const bool other = CounterRandom(9, Stream::training_regime).uniform(21, number) >= 0.5;
    others += other;
    const Study& study = other ? second : first;
    const auto item = static_cast<std::size_t>(CounterRandom(9, Stream::shuffle).uniform(21, number) *
                                               (other ? 30 : 40));
    for (std::size_t j = 0; j < latent; ++j) EXPECT_EQ(z0[i * latent + j], study.latent[item * latent + j]);
    for (std::size_t j = 0; j < 8; ++j)
      EXPECT_EQ(condition[8 * i + j], other && j % 2 == 0 ? 0.0f : study.condition[8 * item + j]);
  }
  EXPECT_NEAR(others, 100, 30);
  // Whatever rank draws it: the second half of the batch by itself.
  const auto half = draw(100, 100);
  EXPECT_TRUE(std::equal(half.first.begin(), half.first.end(), z0.begin() + static_cast<long>(100 * latent)));
}

TEST(HostThreads, DoEachPieceOnceAndPassErrorsOn) {
  const int threads = at::get_num_threads();
  at::set_num_threads(4);
  std::vector<int> done(1000);
  on_host_threads(1000, [&](std::int64_t i) { ++done[static_cast<std::size_t>(i)]; });
  EXPECT_EQ(done, std::vector<int>(1000, 1));
  on_host_threads(0, [](std::int64_t) { FAIL() << "nothing to do"; });
  const auto [code, line] = outcome([] {
    on_host_threads(100, [](std::int64_t i) {
      if (i == 57) fail(ExitCode::data, "piece {}", i);
    });
  });
  at::set_num_threads(threads);
  EXPECT_EQ(code, ExitCode::data);
  EXPECT_EQ(line, "piece 57");
}

TEST(Learner, TwoProcessesMakeTheGradientOfTheWholeBatch) {
  const Study study = make_study(small_layout(), 0, 40);
  for (const std::string& device : devices()) {
    TrainingOptions options = training(10);
    options.clip = 0;
    const auto gradient = [&](const GradientAverage& processes, int groups) {
      options.groups = groups;
      Learner learner(processes, study.layout, model_on(device), options);
      learner.network.set_weights(some_weights(learner.network));
      learner.loss_and_gradient(study.set());
      learner.average_gradient();
      return Network::to_vector(learner.network.flat->gradient);
    };
    const auto whole = gradient(OneProcess(), 1), parts = gradient(OneProcess(), 8),
               first = gradient(OneOfTwo(0), 8), second = gradient(OneOfTwo(1), 8);
    EXPECT_GT(norm(whole), 0.0) << device;
    EXPECT_LT(norm(parts, whole), 1e-4 * norm(whole)) << device << ": the sum in parts";
    EXPECT_GT(norm(first, whole), 1e-2 * norm(whole)) << device << ": half of the batch";
    std::vector<float> both(whole.size());
    for (std::size_t i = 0; i < both.size(); ++i) both[i] = first[i] + second[i];
    EXPECT_LT(norm(both, parts), 1e-6 * norm(parts)) << device;
  }
}

TEST(UnitGradients, AreTheSameBitsInAnyOrder) {
  constexpr int parts = 8, size = 500;
  std::vector<std::vector<float>> gradients(parts, std::vector<float>(size));
  for (std::uint32_t i = 0; i < parts; ++i) {
    CounterRandom(5, Stream::test).fill_normal(std::span(gradients[i]), 1, i);
    for (std::size_t j = 0; j < size; ++j)  // of very different sizes
      gradients[i][j] *= std::ldexp(1.0f, -static_cast<int>(i * 5 + j % 20));
  }
  const OneProcess alone;
  const auto mean = [&](const std::vector<std::size_t>& order) {
    UnitGradients all(alone, parts);
    for (const std::size_t i : order) all.add(gradients[i]);
    std::vector<float> out(size);
    all.mean(out);
    return out;
  };
  const auto forwards = mean({0, 1, 2, 3, 4, 5, 6, 7});
  EXPECT_EQ(forwards, mean({7, 6, 5, 4, 3, 2, 1, 0}));
  EXPECT_EQ(forwards, mean({3, 1, 4, 0, 5, 2, 6, 7}));
  for (std::size_t j = 0; j < size; ++j) {
    double sum = 0;
    for (const auto& gradient : gradients) sum += static_cast<double>(gradient[j]);
    EXPECT_NEAR(forwards[j], sum / parts, 1e-7 * std::abs(sum / parts) + 1e-14);
  }
  gradients[4][3] = std::nanf("");
  EXPECT_TRUE(std::isnan(mean({0, 1, 2, 3, 4, 5, 6, 7})[0]));
}

TEST(Learner, ClipsTheNormOfTheGradient) {
  const Study study = make_study(small_layout(), 0, 40);
  const OneProcess alone;
  for (const std::string& device : devices()) {
    TrainingOptions options = training(10);
    options.clip = 1e-3;
    Learner learner(alone, study.layout, model_on(device), options);
    learner.network.set_weights(some_weights(learner.network));
    learner.loss_and_gradient(study.set());
    EXPECT_GT(norm(Network::to_vector(learner.network.flat->gradient)), 1e-2);
    learner.average_gradient();
    EXPECT_NEAR(norm(Network::to_vector(learner.network.flat->gradient)), 1e-3, 1e-6) << device;
  }
}

TEST(Learner, TwiceTheSameSteps) {
  // Also where the host draws a batch ahead, and where a step is asked for twice, as at the start.
  const Study study = make_study(small_layout(), 0, 40);
  const OneProcess alone;
  for (const std::string& device : devices()) {
    const auto run = [&](bool again) {
      Learner learner(alone, study.layout, model_on(device), training(12));
      learner.network.module->initialise(1);
      if (again) learner.loss_and_gradient(study.set());
      train(learner, study, 12);
      return learner.network.weights();
    };
    const auto once = run(false);
    EXPECT_EQ(once, run(true)) << device;
    EXPECT_GT(norm(once), 0.0);
  }
}

TEST(Learner, LearnsTheConditionalDistribution) {
  const Study study = make_study(small_layout(), 0, 2000), validation = make_study(small_layout(), 5000, 16);
  const OneProcess alone;
  for (const std::string& device : devices()) {
    TrainingOptions options = training(400, 32);
    Learner learner(alone, study.layout, model_on(device), options);
    learner.network.module->initialise(1);
    learner.average.set_weights(learner.network.weights());
    const SamplerOptions sampler{SamplerKind::angle, 8, 1};
    const auto score = [&] { return crps(validation, learner.average.functions(sampler).sample); };
    const double before = score();
    train(learner, study, 400);
    // Entropy bounds it: the fair CRPS of a Gaussian of standard deviation kNoise is kNoise /
    // sqrt(pi).
    const double after = score(), best = static_cast<double>(kNoise) / std::sqrt(M_PI);
    EXPECT_LT(after, 0.75 * before) << device;
    EXPECT_GT(after, 0.9 * best) << device;
    EXPECT_LT(after, 1.25 * best) << device;

    std::vector<float> mean(study.layout.latent_size()), variance(mean.size());
    double error = 0, sum = 0, count = 0;
    for (std::size_t t = 0; t < 16; ++t) {
      const auto condition = std::span(validation.condition).subspan(8 * t, 8);
      learner.average.head(condition, validation.year_phase[t], mean, variance);
      const auto truth = conditional_mean(study.layout, condition);
      for (std::size_t i = 0; i < truth.size(); ++i) {
        if (!study.layout.active[i]) continue;
        error += std::pow(static_cast<double>(mean[i] - truth[i]), 2);
        sum += static_cast<double>(variance[i]), ++count;
      }
    }
    EXPECT_LT(std::sqrt(error / count), 0.25) << device;
    EXPECT_NEAR(sum / count, static_cast<double>(kNoise * kNoise), 0.08) << device;
  }
}

std::vector<float> drawn(const Network& network, SamplerKind kind, int count, long time = 7) {
  const Study study = make_study(network.layout, time, 1);
  std::vector<float> out(static_cast<std::size_t>(count * network.layout.latent_size()));
  const float phase = 0.3f + 0.01f * static_cast<float>(time - 7);
  network.sample({kind, 6, 11}, study.condition, phase, 77, 5, count, out, Temperature{});
  return out;
}

TEST(Samples, AnUntrainedNetworkGivesBackItsNoise) {
  // The noise is drawn on the host and brought to the device: the same bits on both.
  const TokenLayout layout = small_layout();
  for (const std::string& device : devices()) {
    const Network network(layout, model_on(device), false);
    network.module->initialise(1);
    const auto out = drawn(network, SamplerKind::angle, 3);
    std::vector<float> noise(static_cast<std::size_t>(layout.latent_size()));
    for (std::size_t m = 0; m < 3; ++m) {
      CounterRandom(11, Stream::sampler).fill_normal(std::span(noise), 77, static_cast<std::uint32_t>(5 + m));
      for (std::size_t i = 0; i < noise.size(); ++i)
        EXPECT_EQ(out[m * noise.size() + i], layout.active[i] ? noise[i] : 0.0f) << device;
    }
  }
}

TEST(Samples, OfADeviceAreThoseOfTheHost) {
  if (!torch::cuda::is_available()) GTEST_SKIP() << "no GPU";
  const TokenLayout layout = small_layout();
  Network host(layout, model_on("cpu"), false), device(layout, model_on("cuda:0"), false);
  host.set_weights(some_weights(host));
  device.set_weights(some_weights(host));
  for (const SamplerKind kind :
       {SamplerKind::angle, SamplerKind::dpm_solver, SamplerKind::ddim, SamplerKind::ancestral}) {
    const auto a = drawn(host, kind, 8), b = drawn(device, kind, 8);
    EXPECT_LT(norm(b, a), 2e-5 * norm(a)) << static_cast<int>(kind);
    EXPECT_EQ(b, drawn(device, kind, 8)) << "not the same bits twice";
  }
  const Study study = make_study(layout, 7, 1);
  const auto head = [&](const Network& network) {
    std::vector<float> mean(static_cast<std::size_t>(layout.latent_size())), variance(mean.size());
    network.head(study.condition, 0.3f, mean, variance);
    mean.insert(mean.end(), variance.begin(), variance.end());
    return mean;
  };
  EXPECT_LT(norm(head(device), head(host)), 2e-5 * norm(head(host)));
  // Shorter fractions: near, and not the same.
  for (const auto& [precision, bound] : {std::pair{Precision::tf32, 5e-3}, {Precision::bfloat16, 5e-2}}) {
    device.options.precision = precision;
    const double away = norm(drawn(device, SamplerKind::ddim, 8), drawn(host, SamplerKind::ddim, 8)) /
                        norm(drawn(host, SamplerKind::ddim, 8));
    EXPECT_LT(away, bound);
    EXPECT_GT(away, 0.0);
  }
}

TEST(Samples, OfARecordedPassAreThoseOfOneThatIsNot) {
  if (!torch::cuda::is_available()) GTEST_SKIP() << "no GPU";
  if (!DenoiserGraph::available(torch::Device("cuda:0"))) GTEST_SKIP() << "built without CUDA graphs";
  const TokenLayout layout = small_layout(16);
  for (const Prediction prediction : {Prediction::velocity, Prediction::noise}) {
    ModelOptions model = small_model(prediction);
    model.device = "cuda:0";
    Network plain(layout, model, false), recorded(layout, model, false);
    plain.record = false;
    for (const float scale : {1.0f, 0.7f}) {  // the second time: other weights where those were
      auto weights = some_weights(plain);
      for (float& value : weights) value *= scale;
      plain.set_weights(weights);
      recorded.set_weights(weights);
      for (const Precision precision : {Precision::float32, Precision::tf32, Precision::bfloat16}) {
        plain.options.precision = recorded.options.precision = precision;
        for (const SamplerKind kind :
             {SamplerKind::angle, SamplerKind::dpm_solver, SamplerKind::ddim, SamplerKind::ancestral})
          for (const auto& [count, time] : {std::pair{8, 7l}, {8, 30l}, {3, 30l}}) {
            const auto a = drawn(plain, kind, count, time), b = drawn(recorded, kind, count, time);
            EXPECT_GT(norm(a), 0.0);
            EXPECT_LE(norm(b, a), 1e-6 * norm(a))
                << "sampler " << static_cast<int>(kind) << ", precision " << static_cast<int>(precision)
                << ", " << count << " members";
          }
      }
    }
  }
}

TEST(Samples, OfBfloat16AreNearThoseOfFloat32AndLeaveNoTrace) {
  const TokenLayout layout = small_layout(16);
  Network network(layout, model_on("cpu"), false);
  network.set_weights(some_weights(network));
  const Study study = make_study(layout, 7, 1);
  const auto head = [&] {
    std::vector<float> mean(static_cast<std::size_t>(layout.latent_size())), variance(mean.size());
    network.head(study.condition, 0.3f, mean, variance);
    mean.insert(mean.end(), variance.begin(), variance.end());
    return mean;
  };
  const auto exact = drawn(network, SamplerKind::ddim, 8), exact_head = head();
  network.options.precision = Precision::bfloat16;
  const auto near = drawn(network, SamplerKind::ddim, 8), near_head = head();
  for (const auto& [a, b] : {std::pair{near, exact}, {near_head, exact_head}}) {
    EXPECT_LT(norm(a, b), 5e-2 * norm(b));
    EXPECT_GT(norm(a, b), 1e-5 * norm(b)) << "float32 all the same";
  }
  network.options.precision = Precision::float32;
  EXPECT_EQ(drawn(network, SamplerKind::ddim, 8), exact);
}

TEST(Samples, OfAFormatOfGpusAreRefusedOnACpu) {
  Network network(small_layout(), model_on("cpu"), false);
  network.options.precision = Precision::tf32;
  const auto [code, line] = outcome([&] { drawn(network, SamplerKind::ddim, 1); });
  EXPECT_EQ(code, ExitCode::usage);
  EXPECT_NE(line.find("model.precision = 'tf32' with model.device = 'cpu'"), std::string::npos) << line;
}

}  // namespace
}  // namespace podscale
