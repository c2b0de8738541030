#pragma once
// A small learnable study for the tests of the layer: the latent is a linear function of the
// condition, plus noise. Needs no MPI.

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "podscale/core/error.hpp"
#include "podscale/core/random.hpp"
#include "podscale/network/model.hpp"

namespace podscale::test {

inline constexpr float kNoise = 0.5f;  ///< standard deviation of the latent given the condition

/// 4 tokens of 3 modes and 2 condition values; the last mode of the last token is padding.
inline TokenLayout small_layout(int tokens = 4) {
  TokenLayout layout{tokens, 3, 2, {}, {}, {}};
  for (int p = 0; p < tokens; ++p) {
    layout.centre_lat.push_back(-40.0f + 2 * static_cast<float>(p / 2));
    layout.centre_lon.push_back(150.0f + 2 * static_cast<float>(p % 2));
  }
  layout.active.assign(static_cast<std::size_t>(layout.latent_size()), 1);
  layout.active.back() = 0;
  return layout;
}

inline ModelOptions small_model(Prediction prediction = Prediction::velocity) {
  ModelOptions options;
  options.width = 32, options.depth = 2, options.heads = 2, options.prediction = prediction;
  return options;
}

/// E[latent | condition] of one time.
inline std::vector<float> conditional_mean(const TokenLayout& layout, std::span<const float> condition) {
  std::vector<float> mean(layout.latent_size());
  for (int p = 0; p < layout.tokens; ++p)
    for (int k = 0; k < layout.modes; ++k) {
      const std::size_t i = p * layout.modes + k;
      const float a = condition[2 * p], b = condition[2 * p + 1];
      mean[i] = layout.active[i] ? (k == 0 ? 0.8f * a : k == 1 ? 0.8f * b : 0.5f * (a - b)) : 0.0f;
    }
  return mean;
}

struct Study {
  TokenLayout layout;
  std::vector<float> latent, condition, year_phase;
  TrainingSet set() const { return {std::ssize(year_phase), latent, condition, year_phase}; }
};

/// `items` times from number `first` on: a pure function of the number.
inline Study make_study(const TokenLayout& layout, long first, long items) {
  Study study{layout, {}, {}, {}};
  const CounterRandom random(99, Stream::test);
  std::vector<float> condition(layout.condition_size()),
      noise(static_cast<std::size_t>(layout.latent_size()));
  for (long item = first; item < first + items; ++item) {
    random.fill_normal(std::span(condition), static_cast<std::uint32_t>(item), 0);
    random.fill_normal(std::span(noise), static_cast<std::uint32_t>(item), 1);
    const auto mean = conditional_mean(layout, condition);
    for (std::size_t i = 0; i < mean.size(); ++i)
      study.latent.push_back(layout.active[i] ? mean[i] + kNoise * noise[i] : 0.0f);
    study.condition.insert(study.condition.end(), condition.begin(), condition.end());
    study.year_phase.push_back(static_cast<float>(item % 365) / 365.0f);
  }
  return study;
}

/// Fair CRPS over the times of `truth`, in latent units; every rank computes all of it.
inline double crps(const Study& truth, const SampleFunction& sample) {
  constexpr int members = 8;
  const std::size_t latent = truth.layout.latent_size(), condition = truth.layout.condition_size();
  double sum = 0;
  long count = 0;
  std::vector<float> out(members * latent);
  for (std::size_t t = 0; t < truth.year_phase.size(); ++t) {
    sample(std::span(truth.condition).subspan(t * condition, condition), truth.year_phase[t],
           static_cast<std::uint32_t>(t), 0, members, out, Temperature{});
    for (std::size_t i = 0; i < latent; ++i) {
      if (!truth.layout.active[i]) continue;
      double error = 0, spread = 0;
      for (int m = 0; m < members; ++m) {
        const std::size_t at = static_cast<std::size_t>(m) * latent + i;
        error += std::abs(out[at] - truth.latent[t * latent + i]) / members;
        for (int n = 0; n < m; ++n)
          spread += std::abs(out[at] - out[static_cast<std::size_t>(n) * latent + i]);
      }
      sum += error - spread / (members * (members - 1));
      ++count;
    }
  }
  return sum / static_cast<double>(count);
}

/// What `work` throws: its code and line; ok when it throws nothing.
inline std::pair<ExitCode, std::string> outcome(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    return {error.code(), error.what()};
  }
  return {ExitCode::ok, ""};
}

}  // namespace podscale::test
