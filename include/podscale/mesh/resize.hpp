#pragma once
// Planes of another size: how LR images are made, and how bicubic ones are made of them.

#include "podscale/mesh/plane.hpp"

namespace podscale {

/// Not collective. MATLAB's imresize(..., 'bicubic'): Keys' kernel with a = -1/2 (1981, IEEE
/// Trans. ASSP 29, eq. 15), widened where the side shrinks (antialiasing), mirrored at the edge.
/// to: ny, nx, 1 or more.
Plane resize_bicubic(const Plane& from, idx_t ny, idx_t nx);

/// Not collective. Means of factor x factor points; the sides are multiples of factor.
Plane block_mean(const Plane& from, int factor);

/// Not collective. What a scanner of lower resolution sees: the wave numbers below 1 / (2 factor)
/// of the discrete Fourier transform, sampled at the middles of the blocks; the sides are
/// multiples of factor.
Plane truncate_k_space(const Plane& from, int factor);

/// Not collective. The ny x nx points of which (y, x) is the upper left one; all are inside.
Plane part_of(const Plane& from, idx_t y, idx_t x, idx_t ny, idx_t nx);

}  // namespace podscale
