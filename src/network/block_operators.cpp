#include "block_operators.hpp"

#include <ATen/autocast_mode.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/utils.h>
#include <torch/version.h>

#include <algorithm>

#include "host_threads.hpp"
#include "row_kernels.hpp"

namespace podscale {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

thread_local bool only_plain = false;

bool autocast_on_cpu() {
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 4)
  return at::autocast::is_autocast_enabled(at::kCPU);
#else
  return at::autocast::is_cpu_enabled();
#endif
}

template <class... Tensors>
bool needs_gradient(const Tensors&... tensors) {
  return torch::GradMode::is_enabled() && (... || (tensors.defined() && tensors.requires_grad()));
}

torch::Tensor like(const torch::Tensor& x) {
  return torch::empty(x.sizes(), x.options().requires_grad(false));
}
/// The values, or nullptr of none.
float* at(const torch::Tensor& x) {
  return x.defined() && x.numel() > 0 ? x.data_ptr<float>() : nullptr;
}
/// Function::apply takes no undefined tensor.
torch::Tensor or_none(const torch::Tensor& bias, const torch::Tensor& like) {
  return bias.defined() ? bias : torch::empty({0}, like.options().requires_grad(false));
}

/// Rows of [B, P, W] in blocks of one sample each, the same with any number of threads.
struct Blocks {
  static constexpr long kRows = 64;
  long samples, tokens, width, per_sample;

  explicit Blocks(const torch::Tensor& x)
      : samples(x.size(0)), tokens(x.size(1)), width(x.size(2)), per_sample((tokens + kRows - 1) / kRows) {}
  long count() const { return samples * per_sample; }

  /// work(block, sample, offset of its first value, rows).
  template <class Work>
  void each(const Work& work) const {
    const auto piece = [&](std::int64_t block) {
      const long sample = block / per_sample, first = block % per_sample * kRows;
      work(block, sample, (sample * tokens + first) * width, std::min(kRows, tokens - first));
    };
    if (pays_threads(count(), samples * tokens * width)) return on_host_threads(count(), piece);
    for (long block = 0; block < count(); ++block) piece(block);
  }
  /// That of a sample in [B, W] or [1, W].
  static const float* of_sample(const torch::Tensor& x, long sample) {
    return at(x) + (x.size(0) > 1 ? sample * x.stride(0) : 0);
  }
};

/// Sums over rows, of each block first: [blocks][parts][W].
class Sums {
 public:
  Sums(const Blocks& blocks, long parts, const torch::Tensor& like)
      : blocks_(blocks),
        parts_(parts),
        values_(torch::zeros({blocks.count(), parts, blocks.width}, like.options())) {}
  float* of(long block, long part) const { return at(values_) + (block * parts_ + part) * blocks_.width; }
  /// Of the blocks of each sample, or of all: [rows][W] for B rows or one.
  torch::Tensor total(long part, long rows) const {
    auto sums = torch::zeros({rows, blocks_.width}, values_.options());
    const long each = rows > 0 ? blocks_.count() / rows : 0;
    for (long row = 0; row < rows; ++row)
      row_kernels().sum_rows(each, blocks_.width, of(row * each, part), parts_ * blocks_.width,
                             at(sums) + row * blocks_.width);
    return sums;
  }

 private:
  Blocks blocks_;
  long parts_;
  torch::Tensor values_;
};

struct Modulated : Function<Modulated> {
  static torch::Tensor run(const torch::Tensor& x, const torch::Tensor& shift, const torch::Tensor& scale,
                           double epsilon, const torch::Tensor& moments) {
    const Blocks blocks(x);
    auto out = like(x);
    blocks.each([&](long, long sample, long from, long rows) {
      row_kernels().modulated(rows, blocks.width, at(x) + from, blocks.of_sample(shift, sample),
                              blocks.of_sample(scale, sample), static_cast<float>(epsilon), at(out) + from,
                              moments.defined() ? at(moments) + 2 * (from / blocks.width) : nullptr);
    });
    return out;
  }
  static torch::Tensor forward(AutogradContext* context, const torch::Tensor& x, const torch::Tensor& shift,
                               const torch::Tensor& scale, double epsilon) {
    const auto moments = torch::empty({x.size(0), x.size(1), 2}, x.options());
    context->save_for_backward({x, scale, moments});
    return run(x, shift, scale, epsilon, moments);
  }
  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const torch::Tensor &x = saved[0], &scale = saved[1], &moments = saved[2];
    const auto dout = gradients[0].contiguous();
    const Blocks blocks(x);
    const Sums sums(blocks, 2, x);
    auto dx = like(x);
    blocks.each([&](long block, long sample, long from, long rows) {
      row_kernels().modulated_gradient(rows, blocks.width, at(dout) + from, at(x) + from,
                                       blocks.of_sample(scale, sample),
                                       at(moments) + 2 * (from / blocks.width), nullptr, at(dx) + from,
                                       sums.of(block, 0), sums.of(block, 1));
    });
    return {dx, sums.total(0, scale.size(0)), sums.total(1, scale.size(0)), {}};
  }
};

struct Gated : Function<Gated> {
  static torch::Tensor run(const torch::Tensor& x, const torch::Tensor& gate, const torch::Tensor& y,
                           const torch::Tensor& bias) {
    const Blocks blocks(x);
    auto out = like(x);
    blocks.each([&](long, long sample, long from, long rows) {
      row_kernels().gated(rows, blocks.width, at(x) + from, blocks.of_sample(gate, sample), at(y) + from,
                          at(bias), at(out) + from);
    });
    return out;
  }
  static torch::Tensor forward(AutogradContext* context, const torch::Tensor& x, const torch::Tensor& gate,
                               const torch::Tensor& y, const torch::Tensor& bias) {
    context->save_for_backward({gate, y, bias});
    return run(x, gate, y, bias);
  }
  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const torch::Tensor &gate = saved[0], &y = saved[1], &bias = saved[2];
    const auto dout = gradients[0].contiguous();
    const Blocks blocks(y);
    const Sums sums(blocks, 2, y);
    auto dy = like(y);
    blocks.each([&](long block, long sample, long from, long rows) {
      row_kernels().gated_gradient(rows, blocks.width, at(dout) + from, blocks.of_sample(gate, sample),
                                   at(y) + from, at(bias), at(dy) + from, sums.of(block, 0),
                                   sums.of(block, 1));
    });
    return {dout, sums.total(0, gate.size(0)), dy,
            bias.numel() > 0 ? sums.total(1, 1).squeeze(0) : torch::Tensor()};
  }
};

struct GatedModulated : Function<GatedModulated> {
  static variable_list run(const torch::Tensor& x, const torch::Tensor& gate, const torch::Tensor& y,
                           const torch::Tensor& bias, const torch::Tensor& shift, const torch::Tensor& scale,
                           double epsilon, const torch::Tensor& moments) {
    const Blocks blocks(x);
    auto sum = like(x), out = like(x);
    blocks.each([&](long, long sample, long from, long rows) {
      row_kernels().gated(rows, blocks.width, at(x) + from, blocks.of_sample(gate, sample), at(y) + from,
                          at(bias), at(sum) + from);
      row_kernels().modulated(rows, blocks.width, at(sum) + from, blocks.of_sample(shift, sample),
                              blocks.of_sample(scale, sample), static_cast<float>(epsilon), at(out) + from,
                              moments.defined() ? at(moments) + 2 * (from / blocks.width) : nullptr);
    });
    return {sum, out};
  }
  static variable_list forward(AutogradContext* context, const torch::Tensor& x, const torch::Tensor& gate,
                               const torch::Tensor& y, const torch::Tensor& bias, const torch::Tensor& shift,
                               const torch::Tensor& scale, double epsilon) {
    const auto moments = torch::empty({x.size(0), x.size(1), 2}, x.options());
    const auto both = run(x, gate, y, bias, shift, scale, epsilon, moments);
    context->save_for_backward({both[0], gate, y, bias, scale, moments});
    return both;
  }
  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const torch::Tensor &sum = saved[0], &gate = saved[1], &y = saved[2], &bias = saved[3], &scale = saved[4],
                        &moments = saved[5];
    const auto through = gradients[0].contiguous(), dout = gradients[1].contiguous();
    const Blocks blocks(sum);
    const Sums sums(blocks, 4, sum);
    auto dx = like(sum), dy = like(sum);
    blocks.each([&](long block, long sample, long from, long rows) {
      row_kernels().modulated_gradient(rows, blocks.width, at(dout) + from, at(sum) + from,
                                       blocks.of_sample(scale, sample),
                                       at(moments) + 2 * (from / blocks.width), at(through) + from,
                                       at(dx) + from, sums.of(block, 2), sums.of(block, 3));
      row_kernels().gated_gradient(rows, blocks.width, at(dx) + from, blocks.of_sample(gate, sample),
                                   at(y) + from, at(bias), at(dy) + from, sums.of(block, 0),
                                   sums.of(block, 1));
    });
    return {dx,
            sums.total(0, gate.size(0)),
            dy,
            bias.numel() > 0 ? sums.total(1, 1).squeeze(0) : torch::Tensor(),
            sums.total(2, scale.size(0)),
            sums.total(3, scale.size(0)),
            {}};
  }
};

struct BiasedGelu : Function<BiasedGelu> {
  static torch::Tensor run(const torch::Tensor& x, const torch::Tensor& bias, const torch::Tensor& slope) {
    const Blocks blocks(x.view({1, -1, x.size(-1)}));
    auto out = like(x);
    blocks.each([&](long, long, long from, long rows) {
      row_kernels().gelu(rows, blocks.width, at(x) + from, at(bias), at(out) + from,
                         slope.defined() ? at(slope) + from : nullptr);
    });
    return out;
  }
  static torch::Tensor forward(AutogradContext* context, const torch::Tensor& x, const torch::Tensor& bias) {
    const auto slope = like(x);
    context->save_for_backward({slope});
    return run(x, bias, slope);
  }
  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const auto slope = context->get_saved_variables()[0];
    const auto dout = gradients[0].contiguous();
    const Blocks blocks(slope.view({1, -1, slope.size(-1)}));
    const Sums sums(blocks, 1, slope);
    auto dx = like(slope);
    blocks.each([&](long block, long, long from, long rows) {
      row_kernels().gelu_gradient(rows, blocks.width, at(dout) + from, at(slope) + from, at(dx) + from,
                                  sums.of(block, 0));
    });
    return {dx, sums.total(0, 1).squeeze(0)};
  }
};

}  // namespace

bool takes_cpu_operators(const torch::Tensor& x, const torch::Tensor& weight) {
  const auto fits = [](const torch::Tensor& t) { return t.is_cpu() && t.scalar_type() == torch::kFloat; };
  return !only_plain && fits(x) && fits(weight) && !autocast_on_cpu();
}

PlainOperators::PlainOperators() : before_(only_plain) {
  only_plain = true;
}
PlainOperators::~PlainOperators() {
  only_plain = before_;
}

torch::Tensor modulated(const torch::Tensor& x, const torch::Tensor& shift, const torch::Tensor& scale,
                        double epsilon) {
  if (needs_gradient(x, shift, scale)) return Modulated::apply(x, shift, scale, epsilon);
  return Modulated::run(x, shift, scale, epsilon, {});
}

torch::Tensor gated(const torch::Tensor& x, const torch::Tensor& gate, const torch::Tensor& y,
                    const torch::Tensor& bias) {
  if (needs_gradient(x, gate, y, bias)) return Gated::apply(x, gate, y, or_none(bias, x));
  return Gated::run(x, gate, y, bias);
}

std::pair<torch::Tensor, torch::Tensor> gated_modulated(const torch::Tensor& x, const torch::Tensor& gate,
                                                        const torch::Tensor& y, const torch::Tensor& bias,
                                                        const torch::Tensor& shift,
                                                        const torch::Tensor& scale, double epsilon) {
  const auto both = needs_gradient(x, gate, y, bias, shift, scale)
                        ? GatedModulated::apply(x, gate, y, or_none(bias, x), shift, scale, epsilon)
                        : GatedModulated::run(x, gate, y, bias, shift, scale, epsilon, {});
  return {both[0], both[1]};
}

torch::Tensor biased_gelu(const torch::Tensor& x, const torch::Tensor& bias) {
  if (needs_gradient(x, bias)) return BiasedGelu::apply(x, bias);
  return BiasedGelu::run(x, bias, {});
}

}  // namespace podscale
