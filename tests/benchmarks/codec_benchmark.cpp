// Fields to coefficients and back against dgemm, and mean and variance in closed form against
// their definition: the fields of all columns, then sums over them.
#include <algorithm>
#include <cmath>
#include <cstdint>

#include "benchmark.hpp"
#include "podscale/core/error.hpp"
#include "podscale/core/lapack.hpp"
#include "podscale/core/random.hpp"
#include "podscale/gaussian/forecast.hpp"
#include "podscale/gaussian/point_variance.hpp"
#include "study.hpp"

namespace podscale::benchmark {
namespace {

constexpr long kSide = 256, kPatch = 8;
constexpr int kModes = 16, kMembers = 24;

/// A basis without land of 1024 patches on this rank alone, its modes from few random snapshots.
Basis random_basis() {
  std::vector<double> axis;
  for (long i = 0; i < kSide; ++i) axis.push_back(0.25 * static_cast<double>(i));
  Basis basis(Mesh::rectilinear(axis, axis), kPatch, kPatch, 1, 0);
  const Communicator self = Communicator::self();
  basis.ocean.assign(static_cast<std::size_t>(kSide * kSide), 1);
  basis.modes = kModes;
  basis.patches = find_patches(self, basis.decomposition, basis.ocean);
  GramMatrices grams(basis.patches.mine);
  const long steps = 100;
  std::vector<double> fields(static_cast<std::size_t>(steps) * basis.ocean.size());
  CounterRandom(3, Stream::test).fill_normal(std::span(fields), 0);
  grams.add(fields, steps, kSide * kSide);
  compute_modes(self, basis.decomposition, grams, {kModes, 1.0, false}, basis.patches.mine);
  return basis;
}

void encode_and_decode(Table& table, const Basis& basis) {
  const Setting& setting = table.setting();
  constexpr long items = 64;
  const Codec codec = basis.codec();
  std::vector<double> fields(items * basis.ocean.size());
  CounterRandom(4, Stream::test).fill_normal(std::span(fields), 0);
  std::vector<float> encoded(items * codec.tokens() * kModes);
  // Phi^T u and Phi a: 2 d K a patch and field.
  const double gflop = 2e-9 * static_cast<double>(fields.size()) * kModes, reference = dgemm_rate(setting);
  const double encode = measure(setting, Clock::cpu, [&] { codec.encode(fields, items, encoded); });
  table.add({"encode 64 fields of 256 x 256, patches 8 x 8, K = 16", encode, gflop, "GFLOP", "dgemm 1024", 1,
             reference});
  const std::vector<double> a(encoded.begin(), encoded.end());
  const double decode = measure(setting, Clock::cpu, [&] { decode_coefficients(basis, a, items, fields); });
  table.add({"decode the same (members)", decode, gflop, "GFLOP", "dgemm 1024", 1, reference});
}

/// Random coefficients: a mean, `shared` columns that all patches have in common, and K of their
/// own.
CoefficientForecast random_forecast(const Basis& basis, int shared) {
  CoefficientForecast forecast;
  forecast.shared = shared;
  for (const PatchModes& patch : basis.patches.mine) {
    const auto values =
        normal_floats(kModes * (1 + shared + kModes), static_cast<std::uint32_t>(patch.patch));
    forecast.mean.emplace_back(values.begin(), values.begin() + kModes);
    forecast.factor.emplace_back(values.begin() + kModes, values.end());
  }
  return forecast;
}

/// Mean and variance by definition, for patches that do not overlap: the fields of all columns,
/// squared.
void by_definition(const Basis& basis, const CoefficientForecast& forecast, std::span<double> mean,
                   std::span<double> variance) {
  std::vector<double> product;
  for (std::size_t p = 0; p < basis.patches.mine.size(); ++p) {
    const PatchModes& patch = basis.patches.mine[p];
    const int d = static_cast<int>(patch.points.size()), k = patch.modes,
              columns = static_cast<int>(forecast.factor[p].size()) / k;
    product.resize(d * (columns + 1));
    gemm(false, false, d, columns, k, 1, patch.phi.data(), d, forecast.factor[p].data(), k, 0, product.data(),
         d);
    gemm(false, false, d, 1, k, 1, patch.phi.data(), d, forecast.mean[p].data(), k, 0,
         product.data() + d * columns, d);
    for (std::size_t i = 0; i < patch.points.size(); ++i) {
      const std::size_t point = patch.points[i], stride = patch.points.size();
      mean[point] = product[static_cast<std::size_t>(columns) * stride + i];
      variance[point] = patch.tau[i];
      for (std::size_t c = 0; c < static_cast<std::size_t>(columns); ++c)
        variance[point] += product[c * stride + i] * product[c * stride + i];
    }
  }
}

void variance(Table& table, const Basis& basis) {
  const std::size_t points = basis.ocean.size();
  const double megapoints = 1e-6 * static_cast<double>(points);
  const std::vector<double> climatology(points, 0.0);
  std::vector<double> mean(points), closed(points), plain_mean(points), plain(points);
  Basis overlapping = random_basis();
  overlapping.overlap_patches(Communicator::self(), 2);
  for (const int shared : {kMembers - kModes, 64}) {
    const CoefficientForecast forecast = random_forecast(basis, shared);
    const auto decode = [&](const Basis& of) { decode_forecast(of, forecast, 1, climatology, mean, closed); };
    const Times apart = measure(
        table.setting(), Clock::cpu, [&] { decode(basis); },
        [&] { by_definition(basis, forecast, plain_mean, plain); });
    decode(basis);
    for (std::size_t i = 0; i < points; ++i)
      PODSCALE_ASSERT(std::abs(closed[i] - plain[i]) < 1e-9 && std::abs(mean[i] - plain_mean[i]) < 1e-9,
                      "{} and {} at {}", closed[i], plain[i], i);
    table.add({fmt::format("mean and variance, 256 x 256, {} columns", shared + kModes), apart.subject,
               megapoints, "Mpoint", "dgemm of all columns, squares", apart.reference, megapoints});
    const Times overlap = measure(
        table.setting(), Clock::cpu, [&] { decode(overlapping); }, [&] { decode(basis); });
    table.add({fmt::format("the same, {} of them shared, patches that overlap by 2", shared), overlap.subject,
               megapoints, "Mpoint", "the same without overlap", overlap.reference, megapoints});
  }
}

/// The same from latents, without the columns: what a time of the base, or of a head, costs.
void variance_of_latents(Table& table) {
  constexpr int shared = 64;
  Basis basis = random_basis();
  basis.overlap_patches(Communicator::self(), 2);
  Diagonal published(basis);
  published.residual.global_modes = shared;
  published.residual.variance.assign(shared, 1.0);
  for (std::size_t p = 0; p < basis.patches.mine.size(); ++p) {
    const auto values = normal_floats(shared * kModes, p);
    published.residual.mine[p].global.assign(values.begin(), values.end());
  }
  const LatentSpace space(basis, published);
  const PointVariance points(space);
  const std::size_t n = basis.ocean.size(), patches = basis.patches.mine.size();
  const double megapoints = 1e-6 * static_cast<double>(n);
  const std::vector<float> condition(patches * static_cast<std::size_t>(space.condition_width()), 0.0f);
  const std::vector<double> climatology(n, 0.0);
  std::vector<double> mean(n), closed(n), plain(n);
  for (const bool alike : {true, false}) {
    LatentForecast latent{std::vector<double>(shared, 0.0), std::vector<double>(shared, 1.0),
                          std::vector<double>(patches * kModes, 0.0),
                          std::vector<double>(patches * kModes, 1.0)};
    for (std::size_t g = 0; !alike && g < shared; ++g)
      latent.global_variance[g] = 1 + 0.01 * static_cast<double>(g);
    const auto decode = [&] {
      points.decode(forecast_from_latents(space, latent, condition, Factor::without), 1, climatology, mean,
                    closed);
    };
    const auto by_columns = [&] {
      decode_forecast(basis, forecast_from_latents(space, latent, condition), 1, climatology, mean, plain);
    };
    const Times times = measure(table.setting(), Clock::cpu, decode, by_columns);
    for (std::size_t i = 0; i < n; ++i)
      PODSCALE_ASSERT(std::abs(closed[i] - plain[i]) < 1e-9 * (1 + plain[i]), "{} and {} at {}", closed[i],
                      plain[i], i);
    table.add({fmt::format("forecast from latents, mean and variance, 64 shared, overlap 2{}",
                           alike ? ", no season" : ""),
               times.subject, megapoints, "Mpoint", "the same by its columns", times.reference, megapoints});
  }
}

/// What a block of times costs podscale-downscale after its network: forecast, mean and variance.
void forecast_of_members(Table& table, const Basis& basis) {
  const Diagonal published(basis);
  const LatentSpace space(basis, published);
  const std::size_t points = basis.ocean.size(), patches = basis.patches.mine.size();
  const auto drawn = normal_floats(static_cast<long>(patches) * kMembers * kModes, 5);
  const std::vector<double> latents(drawn.begin(), drawn.end());
  const std::vector<float> condition(patches * kModes, 0.0f);
  const std::vector<double> climatology(points, 0.0);
  std::vector<double> mean(points), closed(points), members(kMembers * points), sampled(points);
  std::vector<double> scaled = latents;  // coefficients, without a base
  for (std::size_t i = 0; i < scaled.size(); ++i)
    scaled[i] *= basis.patches.mine[i / kModes % patches].scale[i % kModes];
  const Times times = measure(
      table.setting(), Clock::cpu,
      [&] {
        decode_forecast(basis, forecast_from_members(space, kMembers, latents, {}, condition), 1, climatology,
                        mean, closed);
      },
      [&] {
        decode_coefficients(basis, scaled, kMembers, members);
        std::fill(sampled.begin(), sampled.end(), 0.0);
        std::vector<double> average(points, 0.0);
        for (std::size_t m = 0; m < kMembers; ++m)
          for (std::size_t i = 0; i < points; ++i) average[i] += members[m * points + i] / kMembers;
        for (std::size_t m = 0; m < kMembers; ++m)
          for (std::size_t i = 0; i < points; ++i)
            sampled[i] += std::pow(members[m * points + i] - average[i], 2) / (kMembers - 1);
      });
  for (const PatchModes& patch : basis.patches.mine)
    for (std::size_t i = 0; i < patch.points.size(); ++i) {
      const std::size_t point = patch.points[i];
      PODSCALE_ASSERT(std::abs(closed[point] - patch.tau[i] - sampled[point]) < 1e-9, "{} and {} at {}",
                      closed[point], sampled[point], point);
    }
  const double megapoints = 1e-6 * static_cast<double>(points);
  table.add({"forecast from 24 members, mean and variance", times.subject, megapoints, "Mpoint",
             "decode 24 members, sample variance", times.reference, megapoints});
}

}  // namespace

void codec(Table& table) {
  const Basis basis = random_basis();
  encode_and_decode(table, basis);
  variance(table, basis);
  variance_of_latents(table);
  forecast_of_members(table, basis);
}

}  // namespace podscale::benchmark
