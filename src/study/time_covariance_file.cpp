#include "podscale/study/time_covariance_file.hpp"

#include <algorithm>

#include "podscale/core/error.hpp"
#include "podscale/study/patch_table.hpp"

namespace podscale {
namespace {

constexpr std::size_t kNumbers = 4;

}  // namespace

void define_time_covariance(NetcdfFile& file, const TimeCovariance& time) {
  file.put_text("", "podscale_time_covariance", time.reason);
  if (!time.coherent()) return;
  file.put_numbers("", "podscale_time_seconds", {static_cast<double>(time.lattice.seconds)});
  file.put_text("", "podscale_time_unit", time.lattice.unit());
  file.put_text("", "podscale_time_calendar", calendar_name(time.lattice.calendar));
  file.put_numbers("", "podscale_time_truncation", numbers_of(std::span(&time.truncation, 1)));
  file.define_dimension("time_scale", kNumbers);
  const std::string scales =
      std::string("weight of the slow part, fast and slow e-folding time, length of averaged cells (") +
      time.lattice.unit() + ") of the autocorrelation of ";
  file.define_variable("latent_time", NC_DOUBLE, {"patch_y", "patch_x", "mode", "time_scale"});
  file.describe("latent_time", scales + "the columns of residual_root", "");
  if (time.global.empty()) return;
  if (!file.dimension("global_mode")) file.define_dimension("global_mode", time.global.size());
  file.define_variable("global_time", NC_DOUBLE, {"global_mode", "time_scale"});
  file.describe("global_time", scales + "the columns of global_root", "");
}

void put_time_covariance(const Communicator& comm, NetcdfFile& file, const Basis& basis,
                         const TimeCovariance& time) {
  if (!time.coherent()) return;
  const std::size_t k = static_cast<std::size_t>(basis.modes);
  PatchTable table(basis, comm.rank(), {k, kNumbers}, 0);
  for (std::size_t p = 0; p < basis.patches.mine.size(); ++p) {
    const auto numbers = numbers_of(std::span(time.patch).subspan(p * k, k));
    std::copy(numbers.begin(), numbers.end(), table.row(basis.patches.mine[p].patch));
  }
  table.put(file, "latent_time");
  if (time.global.empty()) return;
  const auto numbers = numbers_of(time.global);
  const std::size_t count = comm.is_root() ? time.global.size() : 0;
  file.put("global_time", {0, 0}, {count, count > 0 ? kNumbers : 0},
           std::span<const double>(numbers).first(count * kNumbers));
}

TimeCovariance read_time_covariance(const NetcdfFile& file, const Basis& basis, int rank) {
  TimeCovariance time;
  time.reason = file.text("", "podscale_time_covariance").value_or("none in the file");
  if (!file.has_variable("latent_time")) return time;
  const auto seconds = file.numbers("", "podscale_time_seconds"),
             truncation = file.numbers("", "podscale_time_truncation");
  if (!seconds || !truncation || truncation->size() != kNumbers)
    throw Error(ExitCode::data,
                fmt::format("{}: latent_time without podscale_time_seconds and podscale_time_truncation: the "
                            "file is damaged; make it again",
                            file.path()),
                true);
  time.lattice.seconds = static_cast<long>(seconds->front());
  time.lattice.months = file.text("", "podscale_time_unit").value_or("") == "month";
  time.lattice.calendar = calendar_from_name(file.text("", "podscale_time_calendar").value_or("standard"));
  time.truncation = scales_of(*truncation).front();
  const std::size_t k = static_cast<std::size_t>(basis.modes);
  PatchTable table(basis, rank, {k, kNumbers}, 0);
  table.get(file, "latent_time");
  for (const PatchModes& patch : basis.patches.mine) {
    const double* row = table.row(patch.patch);
    const auto scales = scales_of(std::span(row, k * kNumbers));
    time.patch.insert(time.patch.end(), scales.begin(), scales.end());
  }
  if (file.has_variable("global_time")) time.global = scales_of(file.get_all("global_time"));
  return time;
}

}  // namespace podscale
