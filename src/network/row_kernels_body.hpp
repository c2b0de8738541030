// The loops of row_kernels.hpp: included by row_kernels.cpp once per kind of processor, in a
// namespace each, and by nothing else. All is forced inline, so that no call passes vectors.

using Lanes = float __attribute__((vector_size(32)));
using Bits = unsigned __attribute__((vector_size(32)));
#define PODSCALE_INLINE [[gnu::always_inline]] inline

constexpr long kLanes = 8;

/// The first n of eight values, `other` in the rest. Eight cases, not a loop of n: no call of
/// memcpy.
PODSCALE_INLINE Lanes load(const float* from, long n, float other = 0) {
  Lanes v;
  if (n >= kLanes) {
    std::memcpy(&v, from, sizeof v);
    return v;
  }
  for (long i = 0; i < kLanes; ++i) v[i] = i < n ? from[i] : other;
  return v;
}
PODSCALE_INLINE void store(float* to, long n, const Lanes& v) {
  if (n >= kLanes) {
    std::memcpy(to, &v, sizeof v);
    return;
  }
  for (long i = 0; i < kLanes; ++i)
    if (i < n) to[i] = v[i];
}
PODSCALE_INLINE Lanes first(const Lanes& v, long n) {  // 0 in the rest
  if (n >= kLanes) return v;
  Lanes out;
  for (long i = 0; i < kLanes; ++i) out[i] = i < n ? v[i] : 0.0f;
  return out;
}
PODSCALE_INLINE Lanes all(float value) {
  return Lanes{} + value;
}
PODSCALE_INLINE Lanes larger(const Lanes& a, const Lanes& b) {
  return a > b ? a : b;
}
PODSCALE_INLINE float sum(const Lanes& v) {
  const Lanes four = v + __builtin_shufflevector(v, v, 4, 5, 6, 7, 0, 1, 2, 3),
              two = four + __builtin_shufflevector(four, four, 2, 3, 0, 1, 6, 7, 4, 5);
  return two[0] + two[1];
}
PODSCALE_INLINE float largest(const Lanes& v) {
  const Lanes four = larger(v, __builtin_shufflevector(v, v, 4, 5, 6, 7, 0, 1, 2, 3)),
              two = larger(four, __builtin_shufflevector(four, four, 2, 3, 0, 1, 6, 7, 4, 5));
  return two[0] > two[1] ? two[0] : two[1];
}

/// exp(x) of x <= 0, 0 below -87; one unit in the last place (Cephes' polynomial).
PODSCALE_INLINE Lanes exponential(const Lanes& x) {
  constexpr float kRound = 12582912;  // 1.5 * 2^23: what is added to it becomes a whole number
  const Lanes turns = x * 1.44269504f + kRound, whole = turns - kRound;
  const Lanes r = (x - whole * 0.693359375f) + whole * 2.12194440e-4f;
  Lanes p = r * 1.9875691500e-4f + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * (r * r) + r + 1.0f;
  const Lanes power = (Lanes)(((Bits)turns << 23) + 0x3f800000u);
  return (Lanes)((Bits)(p * power) & ~(Bits)(x < -87.0f));
}

/// erf(x) to 4e-7: a quotient of polynomials (that of Eigen and XLA).
PODSCALE_INLINE Lanes error_function(const Lanes& value) {
  const Lanes upper = value > 4.0f ? all(4) : value, x = upper < -4.0f ? all(-4) : upper;
  const Lanes s = x * x;
  Lanes p = s * -2.72614225801306e-10f + 2.77068142495902e-08f;
  p = p * s - 2.10102402082508e-06f;
  p = p * s - 5.69250639462346e-05f;
  p = p * s - 7.34990630326855e-04f;
  p = p * s - 2.95459980854025e-03f;
  p = p * s - 1.60960333262415e-02f;
  Lanes q = s * -1.45660718464996e-05f - 2.13374055278905e-04f;
  q = q * s - 1.68282697438203e-03f;
  q = q * s - 7.37332916720468e-03f;
  q = q * s - 1.42647390514189e-02f;
  return p * x / q;
}

void modulated(long rows, long width, const float* x, const float* shift, const float* scale, float epsilon,
               float* out, float* moments) {
  const float part = 1 / static_cast<float>(width);
  for (long r = 0; r < rows; ++r, x += width, out += width) {
    Lanes total{}, squares{};
    for (long i = 0; i < width; i += kLanes) total += load(x + i, width - i);
    const float mean = sum(total) * part;
    for (long i = 0; i < width; i += kLanes) {
      const Lanes d = first(load(x + i, width - i) - mean, width - i);
      squares += d * d;
    }
    const float deviation = 1 / std::sqrt(sum(squares) * part + epsilon);
    for (long i = 0; i < width; i += kLanes)
      store(out + i, width - i,
            (load(x + i, width - i) - mean) * deviation * (load(scale + i, width - i) + 1.0f) +
                load(shift + i, width - i));
    if (moments) moments[2 * r] = mean, moments[2 * r + 1] = deviation;
  }
}

void modulated_gradient(long rows, long width, const float* dout, const float* x, const float* scale,
                        const float* moments, const float* through, float* dx, float* dshift, float* dscale) {
  const float part = 1 / static_cast<float>(width);
  for (long r = 0; r < rows; ++r, x += width, dout += width, dx += width) {
    const float mean = moments[2 * r], deviation = moments[2 * r + 1];
    Lanes total{}, along{};
    for (long i = 0; i < width; i += kLanes) {
      const long n = width - i;
      const Lanes d = load(dout + i, n), normal = (load(x + i, n) - mean) * deviation,
                  g = d * (load(scale + i, n) + 1.0f);
      store(dshift + i, n, load(dshift + i, n) + d);
      store(dscale + i, n, load(dscale + i, n) + d * normal);
      total += g;
      along += g * normal;
    }
    const float level = sum(total) * part, slope = sum(along) * part;
    for (long i = 0; i < width; i += kLanes) {
      const long n = width - i;
      const Lanes normal = (load(x + i, n) - mean) * deviation,
                  g = load(dout + i, n) * (load(scale + i, n) + 1.0f);
      Lanes d = (g - level - normal * slope) * deviation;
      if (through) d += load(through + i, n);
      store(dx + i, n, d);
    }
    if (through) through += width;
  }
}

void gated(long rows, long width, const float* x, const float* gate, const float* y, const float* bias,
           float* out) {
  for (long r = 0; r < rows; ++r, x += width, y += width, out += width)
    for (long i = 0; i < width; i += kLanes) {
      const long n = width - i;
      Lanes v = load(y + i, n);
      if (bias) v += load(bias + i, n);
      store(out + i, n, load(x + i, n) + load(gate + i, n) * v);
    }
}

void gated_gradient(long rows, long width, const float* dout, const float* gate, const float* y,
                    const float* bias, float* dy, float* dgate, float* dbias) {
  for (long r = 0; r < rows; ++r, dout += width, y += width, dy += width)
    for (long i = 0; i < width; i += kLanes) {
      const long n = width - i;
      Lanes v = load(y + i, n);
      if (bias) v += load(bias + i, n);
      const Lanes d = load(dout + i, n), g = d * load(gate + i, n);
      store(dy + i, n, g);
      store(dgate + i, n, load(dgate + i, n) + d * v);
      store(dbias + i, n, load(dbias + i, n) + g);
    }
}

template <bool with_slope>
PODSCALE_INLINE void gelu_of(long rows, long width, const float* x, const float* bias, float* out,
                             float* slope) {
  for (long r = 0; r < rows; ++r, x += width, out += width)
    for (long i = 0; i < width; i += kLanes) {
      const long n = width - i;
      const Lanes v = load(x + i, n) + load(bias + i, n);
      const Lanes below = error_function(v * 0.70710678f) * 0.5f + 0.5f;  // the normal distribution
      store(out + i, n, v * below);
      if constexpr (with_slope)
        store(slope + r * width + i, n, below + v * 0.39894228f * exponential(v * v * -0.5f));
    }
}
void gelu(long rows, long width, const float* x, const float* bias, float* out, float* slope) {
  if (slope)
    gelu_of<true>(rows, width, x, bias, out, slope);
  else
    gelu_of<false>(rows, width, x, bias, out, slope);
}

void gelu_gradient(long rows, long width, const float* dout, const float* slope, float* dx, float* dbias) {
  for (long r = 0; r < rows; ++r, dout += width, slope += width, dx += width)
    for (long i = 0; i < width; i += kLanes) {
      const long n = width - i;
      const Lanes d = load(dout + i, n) * load(slope + i, n);
      store(dx + i, n, d);
      store(dbias + i, n, load(dbias + i, n) + d);
    }
}

void biased(long rows, long width, const float* x, long stride, const float* bias, float factor, float* out) {
  for (long r = 0; r < rows; ++r, x += stride, out += width)
    for (long i = 0; i < width; i += kLanes)
      store(out + i, width - i, (load(x + i, width - i) + load(bias + i, width - i)) * factor);
}

template <bool masked>
PODSCALE_INLINE void exponentials_of(long rows, long width, float* scores, const float* absent,
                                     float* inverse) {
  constexpr float kLowest = -std::numeric_limits<float>::infinity();
  const auto score = [&](long i) __attribute__((always_inline)) {
    Lanes v = load(scores + i, width - i, kLowest);
    if constexpr (masked) v += load(absent + i, width - i);
    return v;
  };
  for (long r = 0; r < rows; ++r, scores += width) {
    Lanes top = all(kLowest), total{};
    for (long i = 0; i < width; i += kLanes) top = larger(score(i), top);
    const float most = largest(top);
    for (long i = 0; i < width; i += kLanes) {
      const Lanes e = exponential(score(i) - most);
      store(scores + i, width - i, e);
      total += e;
    }
    inverse[r] = 1 / sum(total);
  }
}
void exponentials(long rows, long width, float* scores, const float* absent, float* inverse) {
  if (absent)
    exponentials_of<true>(rows, width, scores, absent, inverse);
  else
    exponentials_of<false>(rows, width, scores, absent, inverse);
}

void scale(long rows, long width, const float* factor, float* x, long stride) {
  for (long r = 0; r < rows; ++r, x += stride)
    for (long i = 0; i < width; i += kLanes) store(x + i, width - i, load(x + i, width - i) * factor[r]);
}

void scaled_dots(long rows, long width, const float* dy, const float* y, long stride, const float* factor,
                 float* out, float* dots) {
  for (long r = 0; r < rows; ++r, dy += stride, y += stride, out += width) {
    Lanes total{};
    for (long i = 0; i < width; i += kLanes) {
      const Lanes d = load(dy + i, width - i) * factor[r];
      store(out + i, width - i, d);
      total += d * load(y + i, width - i);
    }
    dots[r] = sum(total);
  }
}

void score_gradient(long rows, long width, const float* e, const float* dots, float* d) {
  for (long r = 0; r < rows; ++r, e += width, d += width)
    for (long i = 0; i < width; i += kLanes)
      store(d + i, width - i, load(e + i, width - i) * (load(d + i, width - i) - dots[r]));
}

void sum_rows(long rows, long width, const float* x, long stride, float* sums) {
  for (long i = 0; i < width; i += kLanes) {
    Lanes total = load(sums + i, width - i);
    for (long r = 0; r < rows; ++r) total += load(x + r * stride + i, width - i);
    store(sums + i, width - i, total);
  }
}

constexpr RowKernels kKernels{modulated, modulated_gradient, gated,          gated_gradient,
                              gelu,      gelu_gradient,      biased,         exponentials,
                              scale,     scaled_dots,        score_gradient, sum_rows};
#undef PODSCALE_INLINE
