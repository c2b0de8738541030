#include "podscale/network/window_checkpoint.hpp"

#include <utility>

#include "podscale/core/error.hpp"
#include "training_file.hpp"

namespace podscale {
namespace {

constexpr long kFormat = 1;
constexpr HistoryColumn<WindowRecord> kHistory[] = {
    {"loss", &WindowRecord::loss}, {"crps", &WindowRecord::crps}, {"psnr", &WindowRecord::psnr}};

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
                                    {"turns", o.turns}})
    file.put(name, value);
  put_training(file, s, c);
  file.put("/calibration", {s.calibration.size()}, s.calibration.data());
  put_weights(file, c);
  put_history(file, s.history, kHistory);
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
  get_training(file, s, c);
  s.calibration = file.array<double>("/calibration");
  get_weights(file, path, c);
  s.parameters = std::ssize(c.parameters);
  s.history = get_history(file, path, kHistory);
  return c;
}

}  // namespace

void write_window_checkpoint(const Communicator& comm, const WindowCheckpoint& checkpoint,
                             const std::string& path) {
  write_model_bytes(comm, path, [&] { return file_image(checkpoint, path); });
}

WindowCheckpoint read_window_checkpoint(const Communicator& comm, const std::string& path) {
  return read_model(comm, path, read_file);
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

}  // namespace podscale
