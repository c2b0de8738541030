#include "podscale/study/basis_stage.hpp"

#include <filesystem>

#include "podscale/core/error.hpp"
#include "podscale/core/log.hpp"
#include "podscale/file/kept_blocks.hpp"
#include "podscale/file/output_file.hpp"
#include "podscale/study/basis_file.hpp"
#include "podscale/study/hr_gap_file.hpp"
#include "podscale/study/run_identity.hpp"

namespace podscale {

namespace fs = std::filesystem;

BasisExtras of_run(const std::string& run, BasisExtras extras) {
  const auto define = [run, others = extras.define](NetcdfFile& file, const MeshNames& mesh) {
    file.put_text("", kRunAttribute, run);
    if (others) others(file, mesh);
  };
  return {define, extras.put};
}

BasisStage::BasisStage(const Communicator& comm, const std::string& target, const std::string& identity)
    : comm_(comm),
      target_(target),
      folder_(KeptBlocks::folder_of(target)),
      path_(folder_ + "/modes.nc"),
      run_(identity) {}

std::optional<Basis> BasisStage::find(const StudyOptions& options, std::optional<HrGapModel>& gaps) const {
  // Left behind a complete basis, by a run that was killed, it is older than that.
  enum : long { absent, outdated, usable };
  long state = absent;
  if (comm_.is_root() && fs::exists(path_)) state = older_file(path_, target_) ? outdated : usable;
  comm_.broadcast(std::span(&state, 1));
  if (state == outdated) remove();
  if (state != usable) return std::nullopt;
  try {
    Basis basis = read_basis(comm_, path_);
    if (NetcdfFile::open(comm_, path_).text("", kRunAttribute) == run_) {
      LeftOut left_out = read_left_out(comm_, basis, path_);
      for (std::size_t p = 0; p < left_out.size(); ++p)
        basis.patches.mine[p].left_out = std::move(left_out[p]);
      basis.condition_scale.clear();
      gaps = read_hr_gaps(comm_, options, basis, path_);
      log::info("{}: going on with climatologies and modes of an earlier run", target_);
      return basis;
    }
    log::info(
        "{}: climatologies and modes of an earlier run are discarded: version, namelist or inputs are others",
        target_);
  } catch (const Error& error) {
    log::warn("{}; climatologies and modes are made anew", error.what());
  }
  remove();
  return std::nullopt;
}

void BasisStage::keep(Basis& basis, const HrGapModel* gaps) const {
  comm_.agree([&] {
    std::error_code status;
    if (comm_.is_root()) fs::create_directory(folder_, status);
  });
  long room = 1;
  // Those that the basis needs again, and more: modes, climatologies, tau.
  double needed = 2.5 * 8 * static_cast<double>(basis.channels() * basis.mesh.points()) *
                  (basis.modes + 2.0 * basis.hr_climatology.terms() + 4);
  if (gaps) needed += hr_gap_bytes(comm_, basis, *gaps);
  if (comm_.is_root())
    room = static_cast<double>(free_bytes(path_)) > needed && fs::is_directory(folder_) ? 1 : 0;
  comm_.broadcast(std::span(&room, 1));
  if (room == 0) {
    log::warn("{}: the disk has less than {:.0f} MB free: a run that is stopped starts again", target_,
              needed / 1e6);
    remove();
    return;
  }
  // They come with the base.
  basis.condition_scale.assign(basis.patches.mine.size() * static_cast<std::size_t>(basis.modes), 0.0);
  write_basis(comm_, basis, path_, of_run(run_, gaps ? hr_gap_extras(comm_, basis, *gaps) : BasisExtras{}));
  basis.condition_scale.clear();
}

void BasisStage::remove() const {
  std::error_code status;
  comm_.barrier();
  if (!comm_.is_root() || !fs::exists(folder_, status)) return;
  for (const auto& entry : fs::directory_iterator(folder_, status))
    if (const std::string name = entry.path().filename().string();
        name.starts_with("modes.nc") || name.starts_with(".modes.nc."))
      fs::remove(entry.path(), status);
  fs::remove(folder_, status);
}

}  // namespace podscale
