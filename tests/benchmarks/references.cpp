#include <cstring>
#include <optional>

#include "benchmark.hpp"

extern "C" void sgemm_(const char* transa, const char* transb, const int* m, const int* n, const int* k,
                       const float* alpha, const float* a, const int* lda, const float* b, const int* ldb,
                       const float* beta, float* c, const int* ldc);

namespace podscale::benchmark {

double sgemm_rate(const Setting& setting) {
  static std::optional<double> rate;
  if (rate) return *rate;
  const int n = 1024;
  const std::size_t size = static_cast<std::size_t>(n) * n;
  std::vector<float> a(size, 0.5f), b(size, 0.25f), c(size);
  const float one = 1, zero = 0;
  const double seconds = measure(setting, Clock::cpu, [&] {
    sgemm_("N", "N", &n, &n, &n, &one, a.data(), &n, b.data(), &n, &zero, c.data(), &n);
  });
  rate = 2e-9 * static_cast<double>(size) * n / seconds;
  return *rate;
}

Copier::Copier(std::size_t bytes) : from_(bytes, 1), to_(bytes) {}

void Copier::operator()() {
  std::memcpy(to_.data(), from_.data(), from_.size());
  asm volatile("" : : "r"(to_.data()) : "memory");  // the copy is wanted, though nobody reads it
}

}  // namespace podscale::benchmark
