// Fields to tokens and back against memcpy of the fields, and variance in closed form against decoded
// members.
#include <algorithm>
#include <cmath>
#include <cstdint>

#include "benchmark.hpp"
#include "podscale/core/error.hpp"
#include "podscale/core/random.hpp"
#include "podscale/gaussian/forecast.hpp"
#include "study.hpp"

namespace podscale::benchmark {
namespace {

constexpr long kSide = 256, kPatch = 8;
constexpr int kModes = 16, kMembers = 24;

/// A basis without land of 1024 patches on this rank alone, its modes from few random snapshots.
Basis random_basis() {
  std::vector<double> axis;
  for (long i = 0; i < kSide; ++i) axis.push_back(0.25 * static_cast<double>(i));
  Basis basis(make_grid(axis, axis), kPatch, kPatch, 1, 0);
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
  const auto scale = codec.scales();
  std::vector<double> fields(items * basis.ocean.size());
  CounterRandom(4, Stream::test).fill_normal(std::span(fields), 0);
  std::vector<float> tokens(static_cast<std::size_t>(items * codec.tokens() * kModes));
  Copier copy(fields.size() * sizeof(double));
  const double megabytes = 1e-6 * static_cast<double>(fields.size() * sizeof(double));

  const Times encode = measure(
      setting, Clock::cpu, [&] { codec.encode(fields, items, scale, tokens); }, std::ref(copy));
  table.add({"encode, 64 fields of 256 x 256 (float64), patches 8 x 8, K = 16", encode.subject, megabytes,
             "MB", "memcpy of the fields", encode.reference, megabytes});
  const Times decode = measure(
      setting, Clock::cpu, [&] { codec.decode(tokens, items, scale, fields); }, std::ref(copy));
  table.add({"decode, the same", decode.subject, megabytes, "MB", "memcpy of the fields", decode.reference,
             megabytes});
}

void variance(Table& table, const Basis& basis) {
  const LatentSpace space(basis, nullptr);
  const Codec codec = basis.codec();
  const auto scale = codec.scales();
  const std::size_t points = basis.ocean.size(), patches = basis.patches.mine.size();
  const auto by_member = normal_floats(static_cast<long>(patches) * kMembers * kModes, 5);
  const std::vector<double> latents(by_member.begin(), by_member.end());
  const std::vector<float> condition(patches * kModes, 0.0f);

  const std::vector<double> climatology(points, 0.0);
  std::vector<double> mean(points), closed(points), members(kMembers * points), sampled(points);
  const Times times = measure(
      table.setting(), Clock::cpu,
      [&] {
        decode_forecast(basis, forecast_from_members(space, kMembers, latents, {}, condition), 1, climatology,
                        mean, closed);
      },
      [&] {
        codec.decode(by_member, kMembers, scale, members);
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
      const auto point = static_cast<std::size_t>(patch.points[i]);
      PODSCALE_ASSERT(std::abs(closed[point] - patch.tau[i] - sampled[point]) < 1e-9, "{} and {} at {}",
                      closed[point], sampled[point], point);
    }
  const double megapoints = 1e-6 * static_cast<double>(points);
  table.add({"mean and closed-form variance, 256 x 256, M = 24", times.subject, megapoints, "Mpoint",
             "decode 24 members, sample variance", times.reference, megapoints});
  Basis overlapping = random_basis();
  overlapping.overlap_patches(Communicator::self(), 2);
  const auto forecast = forecast_from_members(space, kMembers, latents, {}, condition);
  const Times overlap = measure(
      table.setting(), Clock::cpu,
      [&] { decode_forecast(overlapping, forecast, 1, climatology, mean, closed); },
      [&] { decode_forecast(basis, forecast, 1, climatology, mean, closed); });
  table.add({"decode a forecast, patches that overlap by 2", overlap.subject, megapoints, "Mpoint",
             "the same without overlap", overlap.reference, megapoints});
}

}  // namespace

void codec(Table& table) {
  const Basis basis = random_basis();
  encode_and_decode(table, basis);
  variance(table, basis);
}

}  // namespace podscale::benchmark
