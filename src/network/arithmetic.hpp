#pragma once
// The precision of matrix products on a device, for as long as an object lives.

#include <ATen/Context.h>
#include <ATen/autocast_mode.h>
#include <torch/types.h>
#include <torch/version.h>

#include "podscale/core/error.hpp"
#include "podscale/network/model.hpp"

namespace podscale {

class Arithmetic {
 public:
  /// Not collective. Error(usage) where the device or this LibTorch cannot.
  Arithmetic(Precision precision, const torch::Device& device) : precision_(precision) {
    if (precision_ == Precision::float32) return;
    if (!device.is_cuda() || !supported)
      fail(ExitCode::usage,
           "precision of the network: tf32 and bfloat16 need a CUDA device and LibTorch 2.4 "
           "or later; expected float32 here");
    set(true);
  }
  ~Arithmetic() {
    if (precision_ != Precision::float32) set(false);
  }
  Arithmetic(const Arithmetic&) = delete;
  Arithmetic& operator=(const Arithmetic&) = delete;

 private:
  static constexpr bool supported = TORCH_VERSION_MAJOR > 2 ||
                                    (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 4);
  void set([[maybe_unused]] bool on) const {
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 4)
    if (precision_ == Precision::tf32) {
      at::globalContext().setAllowTF32CuBLAS(on);
      return;
    }
    at::autocast::set_autocast_dtype(at::kCUDA, at::kBFloat16);
    at::autocast::set_autocast_enabled(at::kCUDA, on);
    if (!on) at::autocast::clear_cache();
#endif
  }
  Precision precision_;
};

}  // namespace podscale
