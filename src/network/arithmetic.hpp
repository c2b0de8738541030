#pragma once
// The precision of matrix products on a device, for as long as an object lives.

#include <ATen/Context.h>
#include <ATen/autocast_mode.h>
#include <torch/types.h>
#include <torch/version.h>

#include "podscale/core/error.hpp"
#include "podscale/network/model.hpp"

namespace podscale {

/// Not collective, the same on all ranks. Error(usage) where a device of this LibTorch lacks a
/// precision.
inline void require_arithmetic(const Placement& placement) {
  constexpr bool recent = TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 4);
  const bool gpu = placement.device.rfind("cuda", 0) == 0;
  std::string expected;
  if (placement.precision == Precision::tf32 && !gpu)
    expected = "one of CPUs, 'float32' or 'bfloat16', or model.device = 'cuda'";
  else if (placement.precision != Precision::float32 && gpu && !recent)
    expected = "'float32', or LibTorch 2.4 or later";
  if (!expected.empty())
    throw Error(ExitCode::usage,
                fmt::format("model.precision = '{}' with model.device = '{}': expected {}",
                            precision_name(placement.precision), placement.device, expected),
                true);
}

class Arithmetic {
 public:
  /// Not collective. What require_arithmetic() lets pass.
  Arithmetic(Precision precision, const torch::Device& device)
      : precision_(precision), gpu_(device.is_cuda()) {
    if (precision_ == Precision::float32) return;  // of every evaluation: no text is made
    require_arithmetic({device.str(), precision});
    set(true);
  }
  ~Arithmetic() {
    if (precision_ != Precision::float32) set(false);
  }
  Arithmetic(const Arithmetic&) = delete;
  Arithmetic& operator=(const Arithmetic&) = delete;

 private:
  void set(bool on) const {
    if (precision_ == Precision::tf32) {
      at::globalContext().setAllowTF32CuBLAS(on);
      return;
    }
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 4)
    const auto kind = gpu_ ? at::kCUDA : at::kCPU;
    at::autocast::set_autocast_dtype(kind, at::kBFloat16);
    at::autocast::set_autocast_enabled(kind, on);
#else
    at::autocast::set_autocast_cpu_dtype(at::kBFloat16);
    at::autocast::set_cpu_enabled(on);
#endif
    if (!on) at::autocast::clear_cache();
  }
  Precision precision_;
  bool gpu_;
};

}  // namespace podscale
