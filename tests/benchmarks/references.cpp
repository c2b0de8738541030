#include <cstring>
#include <optional>

#include "benchmark.hpp"
#include "podscale/core/lapack.hpp"

extern "C" void sgemm_(const char* transa, const char* transb, const int* m, const int* n, const int* k,
                       const float* alpha, const float* a, const int* lda, const float* b, const int* ldb,
                       const float* beta, float* c, const int* ldc);

namespace podscale::benchmark {

namespace {

void multiply(int n, const float* a, const float* b, float* c) {
  const float one = 1, zero = 0;
  sgemm_("N", "N", &n, &n, &n, &one, a, &n, b, &n, &zero, c, &n);
}
void multiply(int n, const double* a, const double* b, double* c) {
  gemm(false, false, n, n, n, 1, a, n, b, n, 0, c, n);
}

template <class T>
double gemm_rate(const Setting& setting) {
  static std::optional<double> rate;
  if (rate) return *rate;
  const int n = 1024;
  const std::size_t size = static_cast<std::size_t>(n) * n;
  const std::vector<T> a(size, T(0.5)), b(size, T(0.25));
  std::vector<T> c(size);
  const double seconds = measure(setting, Clock::cpu, [&] { multiply(n, a.data(), b.data(), c.data()); });
  rate = 2e-9 * static_cast<double>(size) * n / seconds;
  return *rate;
}

}  // namespace

double sgemm_rate(const Setting& setting) {
  return gemm_rate<float>(setting);
}
double dgemm_rate(const Setting& setting) {
  return gemm_rate<double>(setting);
}

Copier::Copier(std::size_t bytes) : from_(bytes, 1), to_(bytes) {}

void Copier::operator()() {
  std::memcpy(to_.data(), from_.data(), from_.size());
  asm volatile("" : : "r"(to_.data()) : "memory");  // the copy is wanted, though nobody reads it
}

}  // namespace podscale::benchmark
