#pragma once
// A network that corrects the pooled base of images: what the rest of podscale knows of it.

#include <cstdint>
#include <memory>
#include <string>

#include "podscale/gaussian/pooled_base.hpp"

namespace podscale {

/// Scale-equivariant: what it adds to the mean is a multiple of the window's contrast, and what it
/// does to the scale a factor. Untrained it changes nothing.
class WindowNetwork {
 public:
  virtual ~WindowNetwork() = default;
  /// Not collective. Corrects the base's forecast of the same windows, in place. rows, columns:
  /// the patches are those of a rectangle of one image, row by row (attention is between them);
  /// rows * columns = windows.count.
  virtual void correct(const WindowBatch& windows, idx_t rows, idx_t columns, double range,
                       PooledForecast& forecast) const = 0;
  /// Not collective. A member: whitened coefficients of the residual, [count][K], each with a
  /// variance of about 1, so that the residual is s Phi root times them; by diffusion. key: of the
  /// image and the seed; the same key gives the same bits.
  virtual std::vector<float> residual_member(const WindowBatch& windows, idx_t rows, idx_t columns,
                                             double range, std::uint64_t key, int member) const = 0;
  /// Whether it was trained to make members.
  virtual bool makes_members() const = 0;
  /// How many numbers it has, for the log.
  virtual idx_t parameters() const = 0;
};

}  // namespace podscale
