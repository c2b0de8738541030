#include "podscale/study/inspect_files.hpp"

#include <fmt/ranges.h>

#include <cmath>
#include <filesystem>

#include "podscale/core/checksum.hpp"
#include "podscale/core/input_file.hpp"
#include "podscale/field/cf_source.hpp"
#include "podscale/file/netcdf_file.hpp"
#include "podscale/gaussian/latent_space.hpp"
#include "podscale/network/model.hpp"
#include "podscale/study/base_file.hpp"
#include "podscale/study/basis_file.hpp"

namespace podscale {
namespace {

std::string inspect_basis(const Communicator& comm, const std::string& path) {
  const Basis basis = read_basis(comm, path);
  long full = 0, points = 0;
  for (const PatchModes& patch : basis.patches.mine) {
    const long ocean = std::ssize(patch.points) / basis.channels();
    full += ocean == basis.decomposition.patch_window(patch.patch).points();
    points += ocean;
  }
  double tau = 0, variance = 0;
  for (const PatchModes& patch : basis.patches.mine) {
    variance += patch.variance;
    for (const double t : patch.tau) tau += t;
  }
  points = comm.sum(points);
  std::string text = fmt::format("{}: a POD basis\n", path);
  text += fmt::format("  {}: {}\n", fmt::join(names_of(basis.variables), ", "), basis.mesh.describe());
  text +=
      fmt::format("  LR: {}, {} interpolation\n", basis.lr_mesh.describe(),
                  basis.weights.path.empty() ? interpolation_name(basis.interpolation) : basis.weights.path);
  text += fmt::format(
      "  {} ocean points in {} of {} patches of {} x {} ({} without land), overlapping by {} points\n",
      points, basis.patches.patch_of_token.size(), basis.decomposition.patches(), basis.patch_y,
      basis.patch_x, comm.sum(full), basis.lapping.overlap());
  text +=
      fmt::format("  {} basis of up to {} modes a patch from {} training times: {:.3f} % of the variance\n",
                  basis.shared ? "shared" : "local", basis.modes, basis.samples, 100 * basis.explained(comm));
  text +=
      fmt::format("  anomaly {:.4g} {}, left out by truncation {:.4g} (root mean square over ocean points)\n",
                  std::sqrt(comm.sum(variance) / static_cast<double>(points * basis.channels())),
                  basis.channels() > 1 ? "of the scales of the variables" : field_units(basis).spread,
                  std::sqrt(comm.sum(tau) / static_cast<double>(points * basis.channels())));
  text += fmt::format("  checksum {}, matches the contents\n", checksum_text(basis.checksum(comm)));
  if (const auto base = read_base(comm, basis, path)) {
    text += fmt::format(
        "  base: {} LR values a patch (halo {}, lags {}), penalty {} towards {}, {} global modes; "
        "season of the variance {}\n",
        base->predictors.slots(), base->halo, fmt::join(base->lags, ", "), base->penalty,
        base->interpolation > 0 ? "interpolation" : "climatology", base->residual.global_modes,
        base->season.reason);
    text += fmt::format("  base: {}\n", base->calibration.text());
    text += fmt::format("  with its base: checksum {}, which models and products name\n",
                        checksum_text(base->checksum(comm, basis)));
  }
  return text;
}

std::string inspect_network(const Communicator& comm, const std::string& path) {
  const ModelSummary m = inspect_model(comm, path);
  std::string text = fmt::format("{}: a denoiser, podscale {}\n", path, m.version);
  text += fmt::format(
      "  {} tokens of {} modes, {} parameters: width {}, depth {}, {} heads, {} prediction, {} diffusion "
      "steps\n",
      m.layout.tokens, m.layout.modes, m.parameters, m.options.width, m.options.depth, m.options.heads,
      m.options.prediction == Prediction::noise ? "noise" : "velocity", m.options.diffusion_steps);
  text += fmt::format("  at step {} on {} ranks; best validation score {:.5g} at step {}\n", m.step, m.ranks,
                      m.best_score, m.best_step);
  for (const ValidationRecord& r : m.history)
    text += fmt::format("    step {:>7}  loss {:.5f}  score {:.5g}{}\n", r.step, r.loss, r.score,
                        r.step == m.best_step ? "  <- kept" : "");
  text += fmt::format("  basis checksum {}, weights checksum {}\n", m.basis_checksum, m.weights_checksum);
  return text;
}

std::string inspect_netcdf(const Communicator& comm, const std::string& path) {
  const NetcdfFile file = NetcdfFile::open(comm, path);
  std::string text = fmt::format("{}: {}\n", path, file.text("", "title").value_or("a NetCDF file"));
  for (const char* attribute : {"source", "history", "podscale_basis_checksum", "podscale_model_checksum"})
    if (const auto value = file.text("", attribute)) text += fmt::format("  {}: {}\n", attribute, *value);
  text += file.sealed() ? "  the checksum of its last line matches the contents\n"
                        : "  no checksum as its last line: not written by podscale, or changed since\n";
  for (const std::string& name : file.variable_names()) {
    const VariableInfo info = file.variable(name);
    if (info.dims.size() < 2 || info.dims.back() == "bnds") continue;
    std::string shape;
    for (std::size_t i = 0; i < info.dims.size(); ++i)
      shape += fmt::format("{}{} {}", i ? " x " : "", info.shape[i], info.dims[i]);
    text += fmt::format("  {} [{}] {}: {}\n", name, file.text(name, "units").value_or("no units"), shape,
                        file.text(name, "long_name").value_or(""));
  }
  return text;
}

}  // namespace

std::string inspect_file(const Communicator& comm, const std::string& path) {
  bool hdf5_model = false;
  comm.agree([&] {
    require_regular_file(path);
    hdf5_model = std::filesystem::path(path).extension() == ".h5";
  });
  if (hdf5_model) return inspect_network(comm, path);
  {
    const NetcdfFile file = NetcdfFile::open(comm, path);
    if (!file.numbers("", "podscale_format")) return inspect_netcdf(comm, path);
  }
  return inspect_basis(comm, path);
}

}  // namespace podscale
