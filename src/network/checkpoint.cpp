#include "podscale/network/checkpoint.hpp"

#include <utility>

#include "podscale/core/error.hpp"
#include "training_file.hpp"

namespace podscale {
namespace {

constexpr long kFormat = 7;
constexpr HistoryColumn<ValidationRecord> kHistory[] = {{"loss", &ValidationRecord::loss},
                                                        {"score", &ValidationRecord::score}};
constexpr std::pair<const char*, std::vector<Calibration> ModelSummary::*> kCalibrations[] = {
    {"head", &ModelSummary::head_calibrations}, {"ensemble", &ModelSummary::ensemble_calibrations}};

/// Of a regime: "head", "head_1", ...
std::string calibration_name(const char* kind, std::size_t regime) {
  return regime == 0 ? fmt::format("/calibration/{}", kind) : fmt::format("/calibration/{}_{}", kind, regime);
}

std::string file_image(const Checkpoint& c, const std::string& path) {
  const ModelSummary& s = c.summary;
  Hdf5File file = Hdf5File::create(path);
  for (const auto& [name, value] : {std::pair<const char*, double>{"podscale_model_format", kFormat},
                                    {"width", s.options.width},
                                    {"depth", s.options.depth},
                                    {"heads", s.options.heads},
                                    {"velocity_prediction", s.options.prediction == Prediction::velocity},
                                    {"diffusion_steps", s.options.diffusion_steps},
                                    {"dropout", s.options.dropout},
                                    {"with_head", s.options.with_head},
                                    {"tile", s.options.tile},
                                    {"tile_halo", s.options.tile_halo},
                                    {"groups", s.groups},
                                    {"tokens", s.layout.tokens},
                                    {"modes", s.layout.modes},
                                    {"condition", s.layout.condition},
                                    {"global_tokens", s.layout.global_tokens},
                                    {"age", s.layout.age}})
    file.put(name, value);
  put_training(file, s, c);
  file.put("criterion", s.criterion);
  for (const auto& [kind, member] : kCalibrations) {
    file.put(fmt::format("{}_calibrations", kind), static_cast<double>((s.*member).size()));
    for (std::size_t r = 0; r < (s.*member).size(); ++r) {
      const Calibration& of = (s.*member)[r];
      const auto numbers = of.numbers();
      const std::string name = calibration_name(kind, r);
      file.put(name, {numbers.size()}, numbers.data());
      file.put(name + "_period", of.period);
      file.put(name + "_note", of.note);
      file.put(name + "_forecast", of.forecast);
    }
  }
  put_weights(file, c);
  put_history(file, s.history, kHistory);
  file.put("/layout/latitude", {s.layout.centre_lat.size()}, s.layout.centre_lat.data());
  file.put("/layout/longitude", {s.layout.centre_lon.size()}, s.layout.centre_lon.data());
  file.put("/layout/active", {static_cast<hsize_t>(s.layout.tokens), static_cast<hsize_t>(s.layout.modes)},
           s.layout.active.data());
  return file.bytes();
}

Checkpoint read_file(const std::string& path, const ModelBytes& bytes) {
  const Hdf5File file = Hdf5File::open(path, bytes.image);
  if (file.has(kImageModelFormat))
    fail(ExitCode::data, "{}: a model of images; expected one of fields: set output.model_file", path);
  if (const double format = file.number("podscale_model_format"); format != static_cast<double>(kFormat))
    fail(ExitCode::data, "{}: model format {}, expected {}; train again with this version", path, format,
         kFormat);
  require_sealed(bytes, path);
  Checkpoint c;
  ModelSummary& s = c.summary;
  const auto integer = [&](const char* name) { return file.integer(name); };
  s.options.width = integer("width");
  s.options.depth = integer("depth");
  s.options.heads = integer("heads");
  s.options.prediction = integer("velocity_prediction") ? Prediction::velocity : Prediction::noise;
  s.options.diffusion_steps = integer("diffusion_steps");
  s.options.dropout = file.number("dropout");
  s.options.with_head = integer("with_head") != 0;
  s.options.tile = integer("tile");
  s.options.tile_halo = static_cast<int>(file.number("tile_halo"));
  s.groups = integer("groups");
  s.layout.tokens = integer("tokens");
  s.layout.modes = integer("modes");
  s.layout.condition = integer("condition");
  s.layout.global_tokens = integer("global_tokens");
  s.layout.age = integer("age");
  get_training(file, s, c);
  s.criterion = file.text("criterion");
  for (const auto& [kind, member] : kCalibrations) {
    (s.*member).clear();
    const std::string count = fmt::format("{}_calibrations", kind);
    for (int r = 0, regimes = integer(count.c_str()); r < regimes; ++r) {
      const std::string name = calibration_name(kind, static_cast<std::size_t>(r));
      const auto numbers = file.array<double>(name);
      if (numbers.size() < Calibration{}.numbers().size())
        fail(ExitCode::data, "{}: {} has {} numbers, expected {} or more; the file is damaged", path, name,
             numbers.size(), Calibration{}.numbers().size());
      Calibration of = Calibration::from_numbers(numbers);
      of.period = file.text(name + "_period");
      of.note = file.text(name + "_note");
      of.forecast = file.text(name + "_forecast");
      (s.*member).push_back(std::move(of));
    }
  }
  s.layout.centre_lat = file.array<float>("/layout/latitude");
  s.layout.centre_lon = file.array<float>("/layout/longitude");
  s.layout.active = file.array<unsigned char>("/layout/active");
  get_weights(file, path, c);
  s.parameters = std::ssize(c.parameters);
  s.history = get_history(file, path, kHistory);
  return c;
}

}  // namespace

void write_checkpoint(const Communicator& comm, const Checkpoint& checkpoint, const std::string& path) {
  write_model_bytes(comm, path, [&] { return file_image(checkpoint, path); });
}

Checkpoint read_checkpoint(const Communicator& comm, const std::string& path) {
  return read_model(comm, path, read_file);
}

ModelSummary inspect_model(const Communicator& comm, const std::string& path) {
  return read_checkpoint(comm, path).summary;
}

void require_same_study(const ModelSummary& found, const TokenLayout& layout,
                        const std::string& basis_checksum, const std::string& path,
                        const std::string& basis) {
  require_same_basis(found, basis_checksum, path, basis);
  const TokenLayout& f = found.layout;
  if (f.tokens != layout.tokens || f.modes != layout.modes || f.condition != layout.condition ||
      f.global_tokens != layout.global_tokens || f.age != layout.age)
    fail(ExitCode::data,
         "{}: made for {} tokens of {} modes and {} condition values, "
         "but the basis here has {} of {} and {}; train again, or use the basis it was trained on",
         path, f.tokens, f.modes, f.condition, layout.tokens, layout.modes, layout.condition);
  if (f.active != layout.active)
    fail(
        ExitCode::data,
        "{}: other modes are padding than in the basis here; train again, or use the basis it was trained on",
        path);
  for (std::size_t p = 0; p < layout.centre_lat.size(); ++p)
    if (std::abs(f.centre_lat.at(p) - layout.centre_lat[p]) > 1e-3 ||
        std::abs(f.centre_lon.at(p) - layout.centre_lon[p]) > 1e-3)
      fail(ExitCode::data,
           "{}: patch {} has its centre at {:.3f} N {:.3f} E, but at {:.3f} N {:.3f} E in the basis here; "
           "train again, or use the basis it was trained on",
           path, p, f.centre_lat.at(p), f.centre_lon.at(p), layout.centre_lat[p], layout.centre_lon[p]);
}

}  // namespace podscale
