#include "podscale/pod/left_out.hpp"

#include <algorithm>
#include <cmath>

#include "podscale/core/lapack.hpp"

namespace podscale {

void set_left_out(const std::vector<double>& gram, long samples, int wanted, PatchModes& patch) {
  const int d = static_cast<int>(patch.points.size()), k = patch.modes;
  patch.left_out.clear();
  double tau = 0;
  for (const double value : patch.tau) tau += value;
  wanted = static_cast<int>(std::min<long>({wanted, d - k, samples - k}));
  if (wanted < 1 || !(tau > 1e-12 * patch.variance)) return;

  const std::size_t size = static_cast<std::size_t>(d);
  std::vector<double> rest(size * size);
  for (std::size_t i = 0; i < rest.size(); ++i) rest[i] = gram[i] / static_cast<double>(samples);
  if (k > 0) {
    // G - H phi^T - phi H^T + phi S phi^T, H = G phi, S = phi^T H: H - phi S / 2 on both sides.
    std::vector<double> h(size * static_cast<std::size_t>(k)), s(static_cast<std::size_t>(k * k));
    gemm(false, false, d, k, d, 1, rest.data(), d, patch.phi.data(), d, 0, h.data(), d);
    gemm(true, false, k, k, d, 1, patch.phi.data(), d, h.data(), d, 0, s.data(), k);
    gemm(false, false, d, k, k, -0.5, patch.phi.data(), d, s.data(), k, 1, h.data(), d);
    gemm(false, true, d, d, k, -1, h.data(), d, patch.phi.data(), d, 1, rest.data(), d);
    gemm(false, true, d, d, k, -1, patch.phi.data(), d, h.data(), d, 1, rest.data(), d);
    for (std::size_t j = 0; j < size; ++j)  // symmetric to the last bit
      for (std::size_t i = 0; i < j; ++i) rest[i * size + j] = rest[j * size + i];
  }
  const Eigenpairs pairs = leading_eigenpairs(rest, d, wanted);
  const std::size_t columns = static_cast<std::size_t>(pairs.count());
  std::vector<double> root(size * columns), squares(size, 0.0);
  for (std::size_t c = 0; c < columns; ++c)
    for (std::size_t i = 0; i < size; ++i) {
      const double value = std::sqrt(pairs.values[c]) * pairs.vectors[c * size + i];
      root[c * size + i] = value;
      squares[i] += value * value;
    }
  for (std::size_t c = 0; c < columns; ++c)
    for (std::size_t i = 0; i < size; ++i)
      patch.left_out.push_back(
          squares[i] > 0 ? static_cast<float>(root[c * size + i] * std::sqrt(patch.tau[i] / squares[i]))
                         : 0.0f);
}

}  // namespace podscale
