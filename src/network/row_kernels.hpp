#pragma once
// Loops over rows of float32 values: what a transformer block does between its matrix products.
// Each loop is compiled twice, for AVX2 without fused multiply-add and for any processor, and
// gives the same bits either way: eight sums run side by side and are added up in one order.

namespace podscale {

/// Rows lie one after another, `stride` values apart where there is one, else `width`. Nothing may
/// overlap, but for what is said to change in place. Not collective, no threads.
struct RowKernels {
  /// out [rows][width] = (x - mean) * deviation * (1 + scale) + shift, where deviation is
  /// 1 / sqrt(variance + epsilon) of the row. moments [rows][2]: mean and deviation; may be null.
  void (*modulated)(long rows, long width, const float* x, const float* shift, const float* scale,
                    float epsilon, float* out, float* moments);
  /// dx [rows][width]: the gradient of x, from that of `out`, added to `through` where this is not
  /// null; dx and through may be the same. Adds to dshift and dscale, [width] each.
  void (*modulated_gradient)(long rows, long width, const float* dout, const float* x, const float* scale,
                             const float* moments, const float* through, float* dx, float* dshift,
                             float* dscale);
  /// out [rows][width] = x + gate * (y + bias); bias [width] may be null, out may be x.
  void (*gated)(long rows, long width, const float* x, const float* gate, const float* y, const float* bias,
                float* out);
  /// dy [rows][width] = gate * dout; adds to dgate and dbias, [width] each.
  void (*gated_gradient)(long rows, long width, const float* dout, const float* gate, const float* y,
                         const float* bias, float* dy, float* dgate, float* dbias);
  /// out [rows][width] = GELU(x + bias), by the error function; slope: its derivative, may be
  /// null; out may be x.
  void (*gelu)(long rows, long width, const float* x, const float* bias, float* out, float* slope);
  /// dx [rows][width] = dout * slope; adds to dbias [width].
  void (*gelu_gradient)(long rows, long width, const float* dout, const float* slope, float* dx,
                        float* dbias);
  /// out [rows][width] = (x + bias) * factor, x with a stride.
  void (*biased)(long rows, long width, const float* x, long stride, const float* bias, float factor,
                 float* out);
  /// Of every row of scores [rows][width], in place: exp(score + absent - the largest of the row),
  /// and 1 / their sum in inverse [rows]. absent [width] may be null.
  void (*exponentials)(long rows, long width, float* scores, const float* absent, float* inverse);
  /// x [rows][width] *= factor [rows], in place, x with a stride.
  void (*scale)(long rows, long width, const float* factor, float* x, long stride);
  /// out [rows][width] = dy * factor [rows]; dots [rows]: the sums of out * y. dy, y with one
  /// stride.
  void (*scaled_dots)(long rows, long width, const float* dy, const float* y, long stride,
                      const float* factor, float* out, float* dots);
  /// d [rows][width] = e * (d - dots [rows]), in place.
  void (*score_gradient)(long rows, long width, const float* e, const float* dots, float* d);
  /// sums [width] += every row of x, with a stride.
  void (*sum_rows)(long rows, long width, const float* x, long stride, float* sums);
};

/// Not collective. For this processor.
const RowKernels& row_kernels();
/// Not collective. For any processor: of tests.
const RowKernels& plain_row_kernels();

}  // namespace podscale
