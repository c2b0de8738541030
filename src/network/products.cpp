#include "products.hpp"

#include <dlfcn.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "host_threads.hpp"

namespace podscale {
namespace {

using Sgemm = void (*)(const char*, const char*, const int*, const int*, const int*, const float*,
                       const float*, const int*, const float*, const int*, const float*, float*, const int*);

template <class Function>
Function named(const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_DEFAULT, name));
}

/// Where Torch links a BLAS, its symbols are there for all; where it holds one inside, there are
/// none.
Sgemm sgemm() {
  static const Sgemm found = named<Sgemm>("sgemm_");
  return found;
}

/// One thread for each product, for as long as it lives: of OpenBLAS with threads of its own, whose
/// setting is the process'. Built with OpenMP it would take Torch's threads, too; without threads
/// it may not be safe in several.
class OneThreadEach {
 public:
  OneThreadEach() : before_(get_ && set_ && kind_ && kind_() == kOwnThreads && sgemm() ? get_() : 0) {
    if (before_ > 1) set_(1);
  }
  ~OneThreadEach() {
    if (before_ > 1) set_(before_);
  }
  OneThreadEach(const OneThreadEach&) = delete;
  OneThreadEach& operator=(const OneThreadEach&) = delete;
  bool possible() const { return before_ > 0; }

 private:
  static inline int (*const get_)() = named<int (*)()>("openblas_get_num_threads");
  static constexpr int kOwnThreads = 1;  // of openblas_get_parallel()
  static inline int (*const kind_)() = named<int (*)()>("openblas_get_parallel");
  static inline void (*const set_)(int) = named<void (*)(int)>("openblas_set_num_threads");
  int before_;
};

}  // namespace

void product_by_torch(std::int64_t m, std::int64_t n, std::int64_t k, float factor, const Operand& a,
                      const Operand& b, float keep, float* c, std::int64_t stride) {
  torch::NoGradGuard no_grad;
  const auto matrix = [](const float* at, std::int64_t rows, std::int64_t columns, std::int64_t apart,
                         bool transposed) {
    float* const values = const_cast<float*>(at);  // from_blob has no other
    return transposed ? torch::from_blob(values, {rows, columns}, {1, apart})
                      : torch::from_blob(values, {rows, columns}, {apart, 1});
  };
  auto out = matrix(c, m, n, stride, false);
  out.addmm_(matrix(a.at, m, k, a.stride, a.transposed), matrix(b.at, k, n, b.stride, b.transposed), keep,
             factor);
}

void product(std::int64_t m, std::int64_t n, std::int64_t k, float factor, const Operand& a, const Operand& b,
             float keep, float* c, std::int64_t stride) {
  const Sgemm blas = sgemm();
  if (!blas) return product_by_torch(m, n, k, factor, a, b, keep, c, stride);
  // Column by column, as BLAS counts, it is the product of the transposes.
  const int rows = static_cast<int>(m), columns = static_cast<int>(n), terms = static_cast<int>(k),
            of_a = static_cast<int>(a.stride), of_b = static_cast<int>(b.stride),
            of_c = static_cast<int>(stride);
  blas(b.transposed ? "T" : "N", a.transposed ? "T" : "N", &columns, &rows, &terms, &factor, b.at, &of_b,
       a.at, &of_a, &keep, c, &of_c);
}

void for_pieces(std::int64_t count, std::int64_t values, const std::function<void(std::int64_t)>& work) {
  if (pays_threads(count, values)) {
    const OneThreadEach products;
    if (products.possible()) return on_host_threads(count, work);
  }
  for (std::int64_t i = 0; i < count; ++i) work(i);
}

}  // namespace podscale
