#include "podscale/network/window_checkpoint.hpp"

#include <utility>

#include "model_bytes.hpp"
#include "podscale/core/error.hpp"
#include "weights_file.hpp"

namespace podscale {
namespace {

constexpr long kFormat = 1;

std::string file_image(const WindowCheckpoint& c, const std::string& path) {
  const WindowSummary& s = c.summary;
  const WindowModelOptions& o = s.options;
  Hdf5File file = Hdf5File::create(path);
  for (const auto& [name, value] : {std::pair<const char*, double>{kImageModelFormat, kFormat},
                                    {"patch", o.shape.patch},
                                    {"factor", o.shape.factor},
                                    {"halo", o.shape.halo},
                                    {"width", o.width},
                                    {"layers", o.layers},
                                    {"blocks", o.blocks},
                                    {"heads", o.heads},
                                    {"tile", o.tile},
                                    {"members", o.members},
                                    {"modes", o.modes},
                                    {"turns", o.turns},
                                    {"step", static_cast<double>(s.step)},
                                    {"best_step", static_cast<double>(s.best_step)},
                                    {"best_score", s.best_score},
                                    {"ranks", s.ranks},
                                    {"pending_loss", c.pending_loss},
                                    {"pending_steps", static_cast<double>(c.pending_steps)}})
    file.put(name, value);
  file.put("basis_checksum", s.basis_checksum);
  file.put("weights_checksum", weights_checksum(c));
  file.put("namelist", s.effective_namelist);
  file.put("version", s.version);
  file.put("/calibration", {s.calibration.size()}, s.calibration.data());
  put_weights(file, c);
  std::vector<long> step;
  std::vector<double> loss, crps, psnr;
  for (const WindowRecord& r : s.history)
    step.push_back(r.step), loss.push_back(r.loss), crps.push_back(r.crps), psnr.push_back(r.psnr);
  file.put("/history/step", {step.size()}, step.data());
  file.put("/history/loss", {loss.size()}, loss.data());
  file.put("/history/crps", {crps.size()}, crps.data());
  file.put("/history/psnr", {psnr.size()}, psnr.data());
  return file.bytes();
}

WindowCheckpoint read_file(const std::string& path, const ModelBytes& bytes) {
  const Hdf5File file = Hdf5File::open(path, bytes.image);
  if (file.has("podscale_model_format"))
    fail(ExitCode::data, "{}: a model of fields; expected one of images: set output.model_file", path);
  if (const double format = file.number(kImageModelFormat); format != static_cast<double>(kFormat))
    fail(ExitCode::data, "{}: model format {} of images, expected {}; train again with this version", path,
         format, kFormat);
  require_sealed(bytes, path);
  WindowCheckpoint c;
  WindowSummary& s = c.summary;
  WindowModelOptions& o = s.options;
  const auto integer = [&](const char* name) { return file.integer(name); };
  o.shape = {integer("patch"), integer("factor"), integer("halo")};
  o.width = integer("width");
  o.layers = integer("layers");
  o.blocks = integer("blocks");
  o.heads = integer("heads");
  o.tile = integer("tile");
  o.members = integer("members") != 0;
  o.modes = integer("modes");
  o.turns = integer("turns");
  s.step = file.count("step");
  s.best_step = file.count("best_step");
  s.best_score = file.number("best_score");
  s.ranks = integer("ranks");
  c.pending_loss = file.number("pending_loss");
  c.pending_steps = integer("pending_steps");
  s.basis_checksum = file.text("basis_checksum");
  s.weights_checksum = file.text("weights_checksum");
  s.effective_namelist = file.text("namelist");
  s.version = file.text("version");
  s.calibration = file.array<double>("/calibration");
  get_weights(file, path, c);
  s.parameters = std::ssize(c.parameters);
  const auto step = file.array<long>("/history/step");
  const auto loss = file.array<double>("/history/loss"), crps = file.array<double>("/history/crps"),
             psnr = file.array<double>("/history/psnr");
  if (loss.size() != step.size() || crps.size() != step.size() || psnr.size() != step.size())
    fail(ExitCode::data, "{}: /history has {} steps, {} losses and {} scores; the file is damaged", path,
         step.size(), loss.size(), crps.size());
  for (std::size_t i = 0; i < step.size(); ++i) s.history.push_back({step[i], loss[i], crps[i], psnr[i]});
  return c;
}

}  // namespace

void write_window_checkpoint(const Communicator& comm, const WindowCheckpoint& checkpoint,
                             const std::string& path) {
  write_model_bytes(comm, path, [&] { return file_image(checkpoint, path); });
}

WindowCheckpoint read_window_checkpoint(const Communicator& comm, const std::string& path) {
  const ModelBytes bytes = read_model_bytes(comm, path);
  WindowCheckpoint c;
  comm.agree([&] {
    with_quiet_hdf5(path, bytes, [&] { c = read_file(path, bytes); });
    require_checksum(c, c.summary.weights_checksum, path);
  });
  return c;
}

bool is_window_model(const Communicator& comm, const std::string& path) {
  const ModelBytes bytes = read_model_bytes(comm, path);
  bool of_images = false;
  comm.agree([&] {
    with_quiet_hdf5(path, bytes,
                    [&] { of_images = Hdf5File::open(path, bytes.image).has(kImageModelFormat); });
  });
  return of_images;
}

WindowSummary inspect_window_model(const Communicator& comm, const std::string& path) {
  return read_window_checkpoint(comm, path).summary;
}

void require_same_base(const WindowSummary& found, const std::string& basis_checksum, const std::string& path,
                       const std::string& basis) {
  if (found.basis_checksum != basis_checksum)
    fail(ExitCode::data,
         "{}: trained on the basis of checksum {}, but {} has {}; train again, or use the basis it was "
         "trained on",
         path, found.basis_checksum, basis, basis_checksum);
}

}  // namespace podscale
