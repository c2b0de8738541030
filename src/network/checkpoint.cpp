#include "podscale/network/checkpoint.hpp"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <new>
#include <span>
#include <utility>

#include "hdf5_values.hpp"
#include "podscale/core/checksum.hpp"
#include "podscale/core/error.hpp"
#include "podscale/core/input_file.hpp"
#include "podscale/file/library_guard.hpp"
#include "podscale/file/output_file.hpp"
#include "podscale/file/seal.hpp"

namespace podscale {
namespace {

constexpr long kFormat = 4;
constexpr std::pair<const char*, std::vector<float> Checkpoint::*> kGroups[] = {
    {"/parameters/", &Checkpoint::parameters},
    {"/average/", &Checkpoint::average},
    {"/best/", &Checkpoint::best},
    {"/first_moment/", &Checkpoint::first_moment},
    {"/second_moment/", &Checkpoint::second_moment}};

constexpr std::pair<const char*, Calibration ModelSummary::*> kCalibrations[] = {
    {"head", &ModelSummary::head_calibration}, {"ensemble", &ModelSummary::ensemble_calibration}};

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
                                    {"tokens", s.layout.tokens},
                                    {"modes", s.layout.modes},
                                    {"condition", s.layout.condition},
                                    {"global_tokens", s.layout.global_tokens},
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
  file.put("criterion", s.criterion);
  for (const auto& [name, member] : kCalibrations) {
    const auto numbers = (s.*member).numbers();
    file.put(fmt::format("/calibration/{}", name), {numbers.size()}, numbers.data());
    file.put(fmt::format("/calibration/{}_period", name), (s.*member).period);
    file.put(fmt::format("/calibration/{}_note", name), (s.*member).note);
    file.put(fmt::format("/calibration/{}_forecast", name), (s.*member).forecast);
  }
  for (const NamedSlice& slice : c.slices) {
    const std::vector<hsize_t> shape(slice.shape.begin(), slice.shape.end());
    for (const auto& [group, member] : kGroups)
      file.put(group + slice.name, shape, (c.*member).data() + slice.offset);
  }
  std::vector<long> step;
  std::vector<double> loss, score;
  for (const ValidationRecord& r : s.history)
    step.push_back(r.step), loss.push_back(r.loss), score.push_back(r.score);
  file.put("/history/step", {step.size()}, step.data());
  file.put("/history/loss", {loss.size()}, loss.data());
  file.put("/history/score", {score.size()}, score.data());
  file.put("/layout/latitude", {s.layout.centre_lat.size()}, s.layout.centre_lat.data());
  file.put("/layout/longitude", {s.layout.centre_lon.size()}, s.layout.centre_lon.data());
  file.put("/layout/active", {static_cast<hsize_t>(s.layout.tokens), static_cast<hsize_t>(s.layout.modes)},
           s.layout.active.data());
  return file.bytes();
}

/// Names, shapes and values of all parameters, in the order of their names.
void read_slices(const Hdf5File& file, const std::string& path, Checkpoint& c) {
  for (const std::string& name : file.names("/parameters")) {
    const auto shape = file.shape("/parameters/" + name);
    NamedSlice slice{name, {shape.begin(), shape.end()}, static_cast<std::int64_t>(c.parameters.size()), 1};
    for (const hsize_t n : shape) slice.size *= static_cast<std::int64_t>(n);
    for (const auto& [prefix, member] : kGroups) {
      const auto part = file.array<float>(prefix + name);
      if (static_cast<std::int64_t>(part.size()) != slice.size)
        fail(ExitCode::data, "{}: {}{} has {} values, expected {}; the file is damaged", path, prefix, name,
             part.size(), slice.size);
      (c.*member).insert((c.*member).end(), part.begin(), part.end());
    }
    c.slices.push_back(std::move(slice));
  }
}

Checkpoint read_file(const std::string& path, std::span<const char> image, bool sealed) {
  const Hdf5File file = Hdf5File::open(path, image);
  if (const double format = file.number("podscale_model_format"); format != static_cast<double>(kFormat))
    fail(ExitCode::data, "{}: model format {}, expected {}; train again with this version", path, format,
         kFormat);
  if (!sealed)
    fail(ExitCode::data,
         "{}: has no checksum as its last line: cut off, or changed by another program; train again with "
         "podscale-train",
         path);
  Checkpoint c;
  ModelSummary& s = c.summary;
  const auto whole = [&](const char* name, double most) {
    const double value = file.number(name);
    if (!(std::abs(value) <= most) || value != std::floor(value))
      fail(ExitCode::data, "{}: {} is {}, expected a whole number up to {:.0f}; the file is damaged", path,
           name, value, most);
    return value;
  };
  const auto integer = [&](const char* name) {
    return static_cast<int>(whole(name, std::numeric_limits<int>::max()));
  };
  s.options.width = integer("width");
  s.options.depth = integer("depth");
  s.options.heads = integer("heads");
  s.options.prediction = integer("velocity_prediction") ? Prediction::velocity : Prediction::noise;
  s.options.diffusion_steps = integer("diffusion_steps");
  s.options.dropout = file.number("dropout");
  s.options.with_head = integer("with_head") != 0;
  s.layout.tokens = integer("tokens");
  s.layout.modes = integer("modes");
  s.layout.condition = integer("condition");
  s.layout.global_tokens = integer("global_tokens");
  constexpr double most = 9e15;  // whole in a double
  s.step = static_cast<long>(whole("step", most));
  s.best_step = static_cast<long>(whole("best_step", most));
  s.best_score = file.number("best_score");
  s.ranks = integer("ranks");
  c.pending_loss = file.number("pending_loss");
  c.pending_steps = integer("pending_steps");
  s.basis_checksum = file.text("basis_checksum");
  s.weights_checksum = file.text("weights_checksum");
  s.effective_namelist = file.text("namelist");
  s.version = file.text("version");
  s.criterion = file.text("criterion");
  for (const auto& [name, member] : kCalibrations) {
    const auto numbers = file.array<double>(fmt::format("/calibration/{}", name));
    if (numbers.size() < Calibration{}.numbers().size())
      fail(ExitCode::data, "{}: /calibration/{} has {} numbers, expected {} or more; the file is damaged", path,
           name, numbers.size(), Calibration{}.numbers().size());
    s.*member = Calibration::from_numbers(numbers);
    (s.*member).period = file.text(fmt::format("/calibration/{}_period", name));
    (s.*member).note = file.text(fmt::format("/calibration/{}_note", name));
    (s.*member).forecast = file.text(fmt::format("/calibration/{}_forecast", name));
  }
  s.layout.centre_lat = file.array<float>("/layout/latitude");
  s.layout.centre_lon = file.array<float>("/layout/longitude");
  s.layout.active = file.array<unsigned char>("/layout/active");
  read_slices(file, path, c);
  s.parameters = std::ssize(c.parameters);
  const auto step = file.array<long>("/history/step");
  const auto loss = file.array<double>("/history/loss"), score = file.array<double>("/history/score");
  if (loss.size() != step.size() || score.size() != step.size())
    fail(ExitCode::data, "{}: /history has {} steps, {} losses and {} scores; the file is damaged", path,
         step.size(), loss.size(), score.size());
  for (std::size_t i = 0; i < step.size(); ++i) s.history.push_back({step[i], loss[i], score[i]});
  return c;
}

void silence_hdf5() {
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
}  // our own messages say what matters

}  // namespace

std::string weights_checksum(const Checkpoint& checkpoint) {
  std::uint64_t sum = 0;
  for (const NamedSlice& slice : checkpoint.slices) {
    Checksum checksum;
    checksum.add_bytes(slice.name.data(), slice.name.size());
    checksum.add(std::span<const float>(checkpoint.best).subspan(slice.offset, slice.size));
    sum += checksum.value();
  }
  return checksum_text(sum);
}

std::vector<float> in_order_of(const std::vector<NamedSlice>& slices, const Checkpoint& checkpoint,
                               const std::vector<float>& from, const std::string& path) {
  std::vector<float> values;
  for (const NamedSlice& wanted : slices) {
    const auto found =
        std::find_if(checkpoint.slices.begin(), checkpoint.slices.end(),
                     [&](const NamedSlice& s) { return s.name == wanted.name && s.shape == wanted.shape; });
    if (found == checkpoint.slices.end())
      fail(ExitCode::data,
           "{}: no parameter {} of {} values; expected a network of the same width, depth and tokens", path,
           wanted.name, wanted.size);
    values.insert(values.end(), from.begin() + found->offset, from.begin() + found->offset + found->size);
  }
  return values;
}

void write_checkpoint(const Communicator& comm, const Checkpoint& checkpoint, const std::string& path) {
  comm.agree([&] {
    if (!comm.is_root()) return;
    silence_hdf5();
    OutputFile file(path);
    file.write(file_image(checkpoint, path));
    seal_file(Communicator::self(), file.temporary());
    file.commit();
  });
}

Checkpoint read_checkpoint(const Communicator& comm, const std::string& path) {
  const bool sealed = check_seal(comm, path);
  std::vector<char> image;  // of the file: rank 0 alone reads the disk
  comm.agree([&] {
    if (!comm.is_root()) return;
    require_regular_file(path, "file", "expected a model: run podscale-train first or set output.model_file");
    std::error_code status;
    std::ifstream file(path, std::ios::binary);
    image.resize(std::filesystem::file_size(path, status));
    if (!file.read(image.data(), std::ssize(image)))
      fail(ExitCode::io, "{}: cannot be read: {}", path, std::strerror(errno));
  });
  std::size_t size = image.size();
  comm.broadcast(std::span(&size, 1));
  comm.agree([&] { image.resize(size); });
  constexpr std::size_t part = 1 << 30;  // MPI counts are int
  for (std::size_t at = 0; at < size; at += part)
    comm.broadcast(std::span(image).subspan(at, std::min(part, size - at)));
  Checkpoint c;
  comm.agree([&] {
    silence_hdf5();
    errno = 0;
    try {
      constexpr std::uint64_t records = 256 << 20;
      const LibraryGuard guard(path, records + 8 * image.size());  // the image and what is made of it
      c = read_file(path, image, sealed);
    } catch (const Error& error) {
      if (errno == ENOMEM && !has_honest_memory(image.size()))
        throw std::bad_alloc();  // HDF5 has no status for it
      if (std::string(error.what()).find(path) == std::string::npos)
        fail(error.code(), "{}: {}", path, error.what());
      throw;
    }
    if (weights_checksum(c) != c.summary.weights_checksum)
      fail(ExitCode::data, "{}: weights checksum {} does not match the stored {}; the file is damaged", path,
           weights_checksum(c), c.summary.weights_checksum);
  });
  return c;
}

ModelSummary inspect_model(const Communicator& comm, const std::string& path) {
  return read_checkpoint(comm, path).summary;
}

void require_same_study(const ModelSummary& found, const TokenLayout& layout,
                        const std::string& basis_checksum, const std::string& path,
                        const std::string& basis) {
  if (found.basis_checksum != basis_checksum)
    fail(ExitCode::data,
         "{}: trained on the basis of checksum {}, but {} has {}; train again, or use the basis it was "
         "trained on",
         path, found.basis_checksum, basis, basis_checksum);
  const TokenLayout& f = found.layout;
  if (f.tokens != layout.tokens || f.modes != layout.modes || f.condition != layout.condition ||
      f.global_tokens != layout.global_tokens)
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
