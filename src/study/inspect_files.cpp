#include "podscale/study/inspect_files.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <memory>

#include "podscale/core/checksum.hpp"
#include "podscale/core/error.hpp"
#include "podscale/core/input_file.hpp"
#include "podscale/core/on_this_rank.hpp"
#include "podscale/core/text.hpp"
#include "podscale/field/array_source.hpp"
#include "podscale/field/cf_source.hpp"
#include "podscale/field/field_on_mesh.hpp"
#include "podscale/field/file_contents.hpp"
#include "podscale/file/netcdf_file.hpp"
#include "podscale/gaussian/latent_space.hpp"
#include "podscale/network/model_summary.hpp"
#include "podscale/network/window_training.hpp"
#include "podscale/study/base_file.hpp"
#include "podscale/study/basis_file.hpp"
#include "podscale/study/field_picture.hpp"
#include "podscale/study/image_basis_file.hpp"
#include "podscale/study/series_summary.hpp"

namespace podscale {
namespace {

std::string inspect_image_basis(const Communicator& comm, const std::string& path) {
  const ImageBasis basis = read_image_basis(comm, path);
  const PooledBase& base = basis.base;
  std::string text = fmt::format("{}: a basis of images\n", path);
  text += fmt::format("  factor {}, LR by '{}'; patches of {} x {} points, windows of {} x {} LR cells\n",
                      base.shape.factor, basis.degrade, base.shape.patch, base.shape.patch, base.shape.side(),
                      base.shape.side());
  text +=
      fmt::format("  from {:.0f} windows, penalty {:g}; {} modes of the residual, {} classes of contrast\n",
                  base.windows, base.penalty, base.kept_modes(), base.contrast_scale.size());
  for (const ImageCalibration& c : basis.calibrations)
    text += fmt::format("  validation, {}\n", calibration_text(c, 255));
  text += fmt::format("  checksum {}, matches the contents\n", checksum_text(basis.checksum()));
  return text;
}

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
  if (m.head_calibrations.size() > 1)
    text +=
        fmt::format("  trained on {} regimes: with and without HR analyses\n", m.head_calibrations.size());
  text += fmt::format("  basis checksum {}, weights checksum {}\n", m.basis_checksum, m.weights_checksum);
  return text;
}

std::string inspect_image_model(const Communicator& comm, const std::string& path) {
  const WindowSummary m = inspect_window_model(comm, path);
  const WindowModelOptions& o = m.options;
  std::string text = fmt::format("{}: a network of images, podscale {}\n", path, m.version);
  text += fmt::format(
      "  factor {}; patches of {} x {} points, windows of {} x {} LR cells; {} parameters: width {}, {} layers, "
      "{} transformer blocks{}\n",
      o.shape.factor, o.shape.patch, o.shape.patch, o.shape.side(), o.shape.side(), m.parameters, o.width,
      o.layers, o.blocks, o.members ? ", and a denoiser for members" : "");
  text += fmt::format("  at step {} on {} ranks; best CRPS {:.5g} of the range at step {}\n", m.step, m.ranks,
                      m.best_score, m.best_step);
  for (const WindowRecord& r : m.history)
    text += fmt::format("    step {:>7}  loss {:.5f}  CRPS {:.5g}  PSNR {:.3f} dB{}\n", r.step, r.loss,
                        r.crps, r.psnr, r.step == m.best_step ? "  <- kept" : "");
  text += fmt::format("  {}\n",
                      m.calibration.empty() ? "not calibrated: its training has not ended" : "calibrated");
  text += fmt::format("  basis checksum {}, weights checksum {}\n", m.basis_checksum, m.weights_checksum);
  return text;
}

/// The first line of an attribute, and not all of a long one.
std::string shown(const std::string& text) {
  constexpr std::size_t longest = 400;
  return printable(text.substr(0, text.find('\n')), longest);
}

/// Whether podscale wrote it: such a file need not hold fields.
bool is_ours(const NetcdfFile& file) {
  return file.sealed() || file.text("", "source").value_or("").starts_with("podscale");
}

/// What podscale reads in a variable of a file, as one source.
std::unique_ptr<FieldSource> open_variable(const Communicator& comm, const NetcdfFile& file,
                                           const std::string& name, bool over_time) {
  if (over_time) {
    CfSpec spec{"the", {file.path()}, name, "", "", {}};
    spec.several = true;
    return std::make_unique<CfSource>(CfSource::open(comm, spec));
  }
  const Mesh mesh = mesh_of(file, name);
  std::vector<float> values;
  comm.agree([&] {
    on_this_rank([&] {
      const Communicator self = Communicator::self();
      values = read_on_mesh(NetcdfFile::open(self, file.path()), name, mesh, {0, mesh.ny(), 0, mesh.nx()},
                            file.path() + ": variable '" + name + "'", file.path());
    });
  });
  const auto text = [&](const char* attribute) { return file.text(name, attribute).value_or(""); };
  const Variable variable{name, text("units"), text("units"), text("standard_name"), text("long_name"), "",
                          {}};
  return std::make_unique<ArraySource>(comm, mesh,
                                       SampleAxis{Calendar::standard, "days since 1900-01-01", {{}}},
                                       std::move(values), std::vector{variable});
}

/// The words on fields of one mesh and the same times share their first lines.
class FieldLines {
 public:
  explicit FieldLines(std::string picture) : picture_(std::move(picture)) {}
  void add(const Communicator& comm, const FieldSource& source, bool over_time) {
    const Variable& variable = source.variables()[0];
    const FieldSample sample = sample_fields(source)[0];
    const std::string where =
        fmt::format("    mesh: {}\n{}", mesh_text(source.mesh()),
                    over_time ? fmt::format("    time: {}\n", times_text(source.times())) : "");
    text_ +=
        fmt::format("  {}\n{}    values: {}\n", variable_text(variable), where == last_ ? "" : where,
                    sample.text(variable, source.mesh().points(), over_time ? source.times().size() : 0));
    last_ = where;
    if (picture_.empty()) return;
    comm.agree([&] {
      if (comm.is_root()) on_this_rank([&] { write_field_picture(picture_, source, over_time, sample); });
    });
    picture_.clear();
  }
  const std::string& text() const { return text_; }

 private:
  std::string picture_, text_, last_;
};

/// Shapes of variables that are no fields.
std::string other_variables(const NetcdfFile& file, const std::vector<std::string>& fields) {
  std::string text;
  for (const std::string& name : file.variable_names()) {
    const VariableInfo info = file.variable(name);
    if (info.dims.size() < 2 || info.dims.back() == "bnds" ||
        std::find(fields.begin(), fields.end(), name) != fields.end())
      continue;
    std::string shape;
    for (std::size_t i = 0; i < info.dims.size(); ++i)
      shape += fmt::format("{}{} {}", i ? " x " : "", info.shape[i], info.dims[i]);
    text += fmt::format("  {} [{}] {}: {}\n", name, shown(file.text(name, "units").value_or("no units")),
                        shape, shown(file.text(name, "long_name").value_or("")));
  }
  return text;
}

std::string inspect_netcdf(const Communicator& comm, const std::string& path, const std::string& wanted,
                           const std::string& picture) {
  const NetcdfFile file = NetcdfFile::open(comm, path);
  std::string text = fmt::format("{}: {}\n", path, shown(file.text("", "title").value_or("a NetCDF file")));
  for (const char* attribute : {"source", "history", "podscale_applied_source", "podscale_applied_reference",
                                "podscale_adapt", "podscale_basis_checksum", "podscale_model_checksum"})
    if (const auto value = file.text("", attribute))
      text += fmt::format("  {}: {}\n", attribute, shown(*value));
  text += file.sealed() ? "  the checksum of its last line matches the contents\n"
                        : "  no checksum as its last line: not written by podscale, or changed since\n";

  FieldsOfFile fields = fields_of(file);
  if (!wanted.empty()) {
    file.variable(wanted);  // refuses where there is none
    const auto others = [&](const std::string& name) { return name != wanted; };
    std::erase_if(fields.series, others);
    std::erase_if(fields.maps, others);
    std::erase_if(fields.refused, [&](const auto& field) { return others(field.first); });
  }
  constexpr std::size_t most = 60;  // each is read
  std::size_t tried = 0;
  std::vector<std::string> described;
  FieldLines lines(picture);
  for (const bool over_time : {true, false})
    for (const std::string& name : over_time ? fields.series : fields.maps) {
      if (tried++ >= most) continue;
      try {
        lines.add(comm, *open_variable(comm, file, name, over_time), over_time);
        described.push_back(name);
      } catch (const Error& error) {
        if (error.code() != ExitCode::data) throw;
        fields.refused.emplace_back(name, error.what());
      }
    }
  if (described.empty() && (!is_ours(file) || !wanted.empty() || !picture.empty()))
    throw Error(
        ExitCode::data,
        fields.refused.empty()
            ? fmt::format("{}: no variable lies over latitude and longitude, or y and x; it holds: {}", path,
                          file.contents())
            : fmt::format("{}; it holds: {}", fields.refused[0].second, file.contents()),
        true);
  text += lines.text();
  if (tried > most)
    text += fmt::format("  {} of {} fields are described here; --variable describes another\n", most, tried);
  if (!wanted.empty()) return text;
  if (is_ours(file)) return text + other_variables(file, described);
  for (const auto& [name, reason] : fields.refused) {
    text += fmt::format("  {} is not read: {}\n", name, reason);
    described.push_back(name);
  }
  std::vector<std::string> others;
  for (const std::string& name : file.variable_names())
    if (std::find(described.begin(), described.end(), name) == described.end()) others.push_back(name);
  return others.empty() ? text : text + fmt::format("  and: {}\n", fmt::join(others, ", "));
}

}  // namespace

std::string inspect_file(const Communicator& comm, const std::string& path, const std::string& variable,
                         const std::string& picture) {
  bool hdf5_model = false;
  comm.agree([&] {
    require_regular_file(path);
    hdf5_model = std::filesystem::path(path).extension() == ".h5";
  });
  if (!hdf5_model) {
    const NetcdfFile file = NetcdfFile::open(comm, path);
    if (is_image_basis(file)) return inspect_image_basis(comm, path);
    if (!file.numbers("", "podscale_format")) return inspect_netcdf(comm, path, variable, picture);
  }
  if (!variable.empty() || !picture.empty())
    throw Error(ExitCode::usage,
                fmt::format("{}: is {}; expected a file with fields for --variable and --picture", path,
                            hdf5_model ? "a model" : "a basis"),
                true);
  if (!hdf5_model) return inspect_basis(comm, path);
  return is_window_model(comm, path) ? inspect_image_model(comm, path) : inspect_network(comm, path);
}

}  // namespace podscale
