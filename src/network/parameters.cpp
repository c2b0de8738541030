#include "parameters.hpp"

#include <torch/utils.h>

#include <cmath>
#include <span>

#include "podscale/core/random.hpp"

namespace podscale {

FlatParameters::FlatParameters(torch::nn::Module& module, bool gradients) {
  torch::NoGradGuard no_grad;
  std::int64_t total = 0;
  for (const auto& item : module.named_parameters()) {
    slices.push_back({item.key(), item.value().sizes().vec(), total, item.value().numel()});
    total += item.value().numel();
  }
  const auto options = module.parameters().front().options();
  values = torch::zeros({total}, options.requires_grad(false));
  if (gradients) gradient = torch::zeros({total}, options.requires_grad(false));
  std::size_t i = 0;
  for (auto& item : module.named_parameters()) {
    torch::Tensor parameter = item.value();
    const NamedSlice& slice = slices[i++];
    const auto view = values.narrow(0, slice.offset, slice.size).view(slice.shape);
    view.copy_(parameter);
    parameter.set_data(view);
    if (gradients)
      parameter.mutable_grad() = gradient.narrow(0, slice.offset, slice.size).view(slice.shape);
    else
      parameter.set_requires_grad(false);
  }
}

void initialise_parameters(torch::nn::Module& module, std::uint64_t seed,
                           const std::function<bool(const std::string& name)>& is_zero) {
  torch::NoGradGuard no_grad;
  const CounterRandom random(seed, Stream::weights);
  std::uint32_t number = 0;
  for (auto& item : module.named_parameters()) {
    torch::Tensor& parameter = item.value();
    if (parameter.dim() == 1 || is_zero(item.key())) {
      parameter.zero_();
    } else {
      std::vector<float> values(parameter.numel());
      random.fill_normal(std::span(values), number);
      parameter.copy_(torch::tensor(values).view(parameter.sizes()) /
                      std::sqrt(static_cast<double>(parameter.size(1))));
    }
    ++number;
  }
}

}  // namespace podscale
