// Interpolation to the fine grid (sparse rows) against memcpy of the fine field.
#include "benchmark.hpp"
#include "podscale/mesh/remap.hpp"
#include "study.hpp"

namespace podscale::benchmark {

void regridding(Table& table) {
  constexpr int factor = 8;
  constexpr long side = 1024;
  std::vector<double> axis;
  for (long i = 0; i < side; ++i) axis.push_back(-40 + 0.05 * static_cast<double>(i));
  const Mesh fine = Mesh::rectilinear(axis, axis), coarse = fine.coarsened(factor);
  const Window window{0, side, 0, side};
  const std::vector<unsigned char> coarse_ocean(coarse.points(), 1),
      fine_ocean(static_cast<std::size_t>(fine.points()), 1);
  std::vector<float> out(fine.points());
  Copier copy(out.size() * sizeof(float));
  const double megabytes = 1e-6 * static_cast<double>(out.size() * sizeof(float));
  for (const auto& [name, kind] :
       {std::pair{"bilinear", Interpolation::bilinear}, std::pair{"bicubic", Interpolation::bicubic}}) {
    const Remap remap(coarse, coarse_ocean, fine, window, fine_ocean, kind);
    const auto in = normal_floats(remap.source().points(), 1);
    const Times times = measure(
        table.setting(), Clock::cpu, [&] { remap.apply(in, out); }, std::ref(copy));
    table.add({std::string("regridding, ") + name + ", 128 x 128 to 1024 x 1024 (float32)", times.subject,
               megabytes, "MB", "memcpy of the fine field", times.reference, megabytes});
  }
}

}  // namespace podscale::benchmark
