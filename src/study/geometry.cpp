// Whether the meshes of the two series make sense together.

#include "podscale/core/error.hpp"
#include "podscale/core/log.hpp"
#include "podscale/mesh/coverage.hpp"
#include "podscale/study/series.hpp"

namespace podscale {

void check_geometry(const Communicator& comm, const FieldSource& hr, const FieldSource& lr) {
  const Mesh &fine = hr.mesh(), &coarse = lr.mesh();
  const Share rows = share_of(fine.ny(), comm.size(), comm.rank());
  Coverage c;
  comm.agree([&] { c = coverage(coarse, fine, rows.begin, rows.size()); });
  long counts[3] = {c.points, c.inside, c.smaller};
  comm.sum(std::span<long>(counts));
  const long outside = comm.min(c.first_outside < 0 ? fine.points() : c.first_outside);
  const auto meshes = [&] {
    return fmt::format("HR: {} ({}); LR: {} ({})", fine.describe(), hr.describe(), coarse.describe(),
                       lr.describe());
  };
  if (counts[1] == 0)
    throw Error(
        ExitCode::data,
        fmt::format("the LR mesh does not overlap the HR mesh: none of the {} HR points lies in an LR cell; "
                    "expected LR files that cover the HR region; {}",
                    counts[0], meshes()),
        true);
  if (2 * counts[2] > counts[1])
    throw Error(
        ExitCode::data,
        fmt::format("the LR mesh is finer than the HR mesh at {} of {} HR points: are data.hr_files and "
                    "data.lr_files exchanged? {}",
                    counts[2], counts[1], meshes()),
        true);
  if (counts[1] == counts[0]) return;
  const Position at = fine.position(outside);
  log::warn(
      "the LR cells do not cover {} of {} HR points ({:.1f} %), the first at {:.6g}, {:.6g}: there the nearest LR "
      "ocean within 4 cells stands in, and farther off an LR anomaly of 0; {}",
      counts[0] - counts[1], counts[0],
      100 * static_cast<double>(counts[0] - counts[1]) / static_cast<double>(counts[0]), at.y, at.x,
      meshes());
}

}  // namespace podscale
