#include "podscale/study/machine_rates.hpp"

#include <zlib.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>
#include <sstream>
#include <vector>

#include "podscale/core/error.hpp"
#include "podscale/core/input_file.hpp"
#include "podscale/core/lapack.hpp"
#include "podscale/core/text.hpp"
#include "podscale/file/output_file.hpp"

extern "C" void sgemm_(const char* transa, const char* transb, const int* m, const int* n, const int* k,
                       const float* alpha, const float* a, const int* lda, const float* b, const int* ldb,
                       const float* beta, float* c, const int* ldc);

namespace podscale {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// Seconds of one call, the fastest of some: others disturb, nothing makes it faster than it is.
double fastest(const std::function<void()>& work) {
  work();
  double best = 1e300;
  const auto start = Clock::now();
  for (int repeat = 0; repeat < 5 || (repeat < 200 && seconds_since(start) < 0.15); ++repeat) {
    const auto begin = Clock::now();
    work();
    best = std::min(best, seconds_since(begin));
  }
  return best;
}

double dgemm_rate() {
  const int d = 64, n = 256;
  const std::vector<double> x(static_cast<std::size_t>(d) * n, 0.5);
  std::vector<double> c(static_cast<std::size_t>(d) * d);
  const double one = 1, zero = 0;
  return 1e-9 * n * d * (d + 1.0) /
         fastest([&] { dsyrk_("L", "N", &d, &n, &one, x.data(), &d, &zero, c.data(), &d); });
}

double sgemm_rate() {
  const int m = 1024, n = 128, k = 128;
  const std::vector<float> a(static_cast<std::size_t>(m) * k, 0.5f), b(static_cast<std::size_t>(k) * n, 0.5f);
  std::vector<float> c(static_cast<std::size_t>(m) * n);
  const float one = 1, zero = 0;
  return 2e-9 * m * n * k / fastest([&] {
           sgemm_("N", "N", &m, &n, &k, &one, a.data(), &m, b.data(), &k, &zero, c.data(), &m);
         });
}

/// Anomalies of a field, gathered and scattered by patches: what most passes over fields are like.
double memory_rate() {
  constexpr std::size_t row = 1024, rows = 1024, patch = 8;
  std::vector<std::uint32_t> at;
  for (std::size_t y = 0; y < rows; y += patch)
    for (std::size_t x = 0; x < row; x += patch)
      for (std::size_t i = 0; i < patch * patch; ++i)
        at.push_back(static_cast<std::uint32_t>((y + i / patch) * row + x + i % patch));
  const std::vector<float> field(row * rows, 1.5f);
  const std::vector<double> climatology(field.size(), 0.5);
  std::vector<double> gathered(field.size());
  constexpr std::size_t bytes = sizeof(std::uint32_t) + sizeof(float) + 2 * sizeof(double);
  return 1e-9 * static_cast<double>(bytes * field.size()) / fastest([&] {
           for (std::size_t i = 0; i < at.size(); ++i)
             gathered[i] = static_cast<double>(field[at[i]]) - climatology[at[i]];
         });
}

/// Both rates of zlib on a smooth field whose bytes are shuffled, as HDF5 stores it.
void zlib_rates(MachineRates& rates) {
  constexpr std::size_t row = 1024, values = row * 256;
  std::vector<Bytef> shuffled(values * sizeof(float)), back(shuffled.size());
  for (std::size_t i = 0; i < values; ++i) {
    const double y = static_cast<double>(i / row), x = static_cast<double>(i % row);
    const float value = static_cast<float>(15 + 8 * std::sin(0.01 * y) + std::sin(0.07 * x + 0.05 * y));
    Bytef bytes[sizeof value];
    std::memcpy(bytes, &value, sizeof value);
    for (std::size_t b = 0; b < sizeof value; ++b) shuffled[b * values + i] = bytes[b];
  }
  const uLong size = static_cast<uLong>(shuffled.size());
  std::vector<Bytef> packed(compressBound(size));
  uLongf length = 0;
  const double megabytes = 1e-6 * static_cast<double>(size);
  rates.deflate = megabytes / fastest([&] {
                    length = static_cast<uLongf>(packed.size());
                    compress2(packed.data(), &length, shuffled.data(), size, 1);
                  });
  rates.inflate = megabytes / fastest([&] {
                    uLongf restored = size;
                    uncompress(back.data(), &restored, packed.data(), length);
                  });
}

void message_rates(const Communicator& comm, MachineRates& rates) {
  if (comm.size() == 1) return;
  const std::size_t each = (8u << 20) / static_cast<std::size_t>(comm.size()) / sizeof(float);
  std::vector<float> out(each * static_cast<std::size_t>(comm.size()), 1.0f), in(out.size());
  // As often on every rank.
  const auto best_of = [&](int repeats, const auto& work) {
    double best = 1e300;
    for (int r = 0; r < repeats; ++r) {
      comm.barrier();
      const auto begin = Clock::now();
      work();
      best = std::min(best, seconds_since(begin));
    }
    return comm.max(best);
  };
  const double all = best_of(8, [&] {
    MPI_Alltoall(out.data(), static_cast<int>(each), MPI_FLOAT, in.data(), static_cast<int>(each), MPI_FLOAT,
                 comm.raw());
  });
  const double leaving = static_cast<double>(each * sizeof(float)) * (comm.size() - 1);
  rates.message = 1e-6 * leaving / all;
  rates.latency = 1e6 * best_of(50, [&] { comm.sum(1.0); }) / std::log2(comm.size());
}

}  // namespace

const std::array<RateName, 7>& rate_names() {
  static const std::array<RateName, 7> names{{{"dgemm", "GFLOP/s", &MachineRates::dgemm},
                                              {"sgemm", "GFLOP/s", &MachineRates::sgemm},
                                              {"memory", "GB/s", &MachineRates::memory},
                                              {"inflate", "MB/s", &MachineRates::inflate},
                                              {"deflate", "MB/s", &MachineRates::deflate},
                                              {"message", "MB/s", &MachineRates::message},
                                              {"latency", "us", &MachineRates::latency}}};
  return names;
}

MachineRates calibrate_rates(const Communicator& comm) {
  MachineRates rates;
  comm.barrier();  // all at once: cores share memory and clock
  comm.agree([&] {
    rates.dgemm = dgemm_rate();
    rates.sgemm = sgemm_rate();
    rates.memory = memory_rate();
    zlib_rates(rates);
  });
  for (double* rate : {&rates.dgemm, &rates.sgemm, &rates.memory, &rates.inflate, &rates.deflate})
    *rate = comm.min(*rate);
  message_rates(comm, rates);
  return rates;
}

void write_rates(const MachineRates& rates, const std::string& path) {
  std::string text = "! Rates of one rank, by podscale-plan --calibrate; for podscale-plan --rates\n";
  for (const RateName& name : rate_names())
    text += fmt::format("{} = {:.4g}  ! {}\n", name.name, rates.*name.rate, name.unit);
  OutputFile file(path);
  file.write(text);
  file.commit();
}

MachineRates read_rates(const Communicator& comm, const std::string& path) {
  std::string text;
  comm.agree([&] {
    if (comm.is_root())
      text = small_text_of(path, "file of rates", "make one with podscale-plan --calibrate " + path, 1 << 16);
  });
  text = comm.broadcast(text);
  MachineRates rates;
  comm.agree([&] {
    std::istringstream lines(text);
    std::vector<int> seen(rate_names().size(), 0);
    const std::string remedy = "make it again with podscale-plan --calibrate";
    for (std::string line; std::getline(lines, line);) {
      line = trimmed(line.substr(0, line.find('!')));
      if (line.empty()) continue;
      const auto equals = line.find('=');
      const std::string name = trimmed(line.substr(0, equals));
      const auto found = std::find_if(rate_names().begin(), rate_names().end(),
                                      [&](const RateName& rate) { return name == rate.name; });
      if (equals == std::string::npos || found == rate_names().end())
        fail(ExitCode::data, "{}: '{}'; expected a line 'dgemm = 30' for each rate: {}", path,
             printable(line, 60), remedy);
      std::istringstream value(line.substr(equals + 1));
      double number = 0;
      std::string rest;
      if (!(value >> number) || value >> rest || !(number > 0) || !std::isfinite(number))
        fail(ExitCode::data, "{}: {} = '{}'; expected a number above 0: {}", path, name,
             printable(trimmed(line.substr(equals + 1)), 60), remedy);
      if (seen[static_cast<std::size_t>(found - rate_names().begin())]++ > 0)
        fail(ExitCode::data, "{}: {} is there twice; expected it once: {}", path, name, remedy);
      rates.*found->rate = number;
    }
    for (std::size_t i = 0; i < seen.size(); ++i)
      if (seen[i] == 0)
        fail(ExitCode::data, "{}: no {}; expected every rate: {}", path, rate_names()[i].name, remedy);
  });
  return rates;
}

}  // namespace podscale
