#pragma once
// An operator in float32 against another one in float64: outputs, and gradients of all inputs.

#include <ATen/Parallel.h>
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <torch/utils.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "podscale/core/random.hpp"

namespace podscale::test {

using Tensors = std::vector<torch::Tensor>;
using TensorOperator = std::function<Tensors(const Tensors&)>;

/// float64 values ~ N(0, 1) from the counter-based generator.
inline torch::Tensor normal_tensor(const std::vector<std::int64_t>& shape, std::uint32_t key) {
  auto x = torch::empty(shape, torch::kDouble);
  CounterRandom(7, Stream::test)
      .fill_normal(std::span(x.data_ptr<double>(), static_cast<std::size_t>(x.numel())), key);
  return x;
}

/// Outputs of `work`, then the gradients of the inputs, of all outputs with fixed weights.
inline Tensors with_gradients(const TensorOperator& work, const Tensors& inputs, torch::ScalarType type) {
  Tensors leaves, all;
  for (const auto& input : inputs) leaves.push_back(input.to(type).clone().set_requires_grad(true));
  auto loss = torch::zeros({}, torch::TensorOptions(type));
  for (const auto& output : work(leaves)) {
    all.push_back(output.detach().clone());
    const auto weight = normal_tensor(output.sizes().vec(), 900 + static_cast<std::uint32_t>(all.size()));
    loss = loss + (output * weight.to(type)).sum();
  }
  loss.backward();
  for (const auto& leaf : leaves)
    all.push_back(leaf.grad().defined() ? leaf.grad().clone() : torch::zeros_like(leaf).detach());
  return all;
}

/// Of each tensor the largest difference is below `tolerance` times its largest value, or 1.
inline void expect_close(const Tensors& actual, const Tensors& expected, double tolerance,
                         const std::string& what = {}) {
  ASSERT_EQ(actual.size(), expected.size());
  for (std::size_t i = 0; i < actual.size(); ++i) {
    ASSERT_TRUE(actual[i].sizes() == expected[i].sizes()) << what << ": tensor " << i;
    const auto a = actual[i].to(torch::kDouble), e = expected[i].to(torch::kDouble);
    const double error = (a - e).abs().max().item<double>(), scale = e.abs().max().item<double>();
    EXPECT_TRUE(error <= tolerance * std::max(1.0, scale))
        << what << ": tensor " << i << ": " << error << " of " << scale;
  }
}

/// Of OpenBLAS; nothing where there is another BLAS.
inline void set_blas_threads(int count) {
  if (void* const set = dlsym(RTLD_DEFAULT, "openblas_set_num_threads"))
    reinterpret_cast<void (*)(int)>(set)(count);
}

/// In float32 what `reference` is in float64; the same bits without gradients, again, and with two
/// threads, of Torch and of its BLAS.
inline void expect_operator(const std::string& what, const TensorOperator& work,
                            const TensorOperator& reference, const Tensors& inputs, double tolerance) {
  const auto first = with_gradients(work, inputs, torch::kFloat);
  expect_close(first, with_gradients(reference, inputs, torch::kDouble), tolerance, what);
  const int threads = at::get_num_threads();
  for (const int count : {1, 2}) {
    at::set_num_threads(count);
    set_blas_threads(count);
    const auto again = with_gradients(work, inputs, torch::kFloat);
    for (std::size_t i = 0; i < first.size(); ++i)
      EXPECT_TRUE(torch::equal(first[i], again[i]))
          << what << ": tensor " << i << ", " << count << " threads";
    torch::NoGradGuard no_grad;
    Tensors values;
    for (const auto& input : inputs) values.push_back(input.to(torch::kFloat));
    const auto outputs = work(values);
    for (std::size_t i = 0; i < outputs.size(); ++i)
      EXPECT_TRUE(torch::equal(first[i], outputs[i])) << what << ": output " << i << " without gradients";
  }
  at::set_num_threads(threads);
  set_blas_threads(1);
}

}  // namespace podscale::test
