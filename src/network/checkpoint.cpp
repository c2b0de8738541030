#include "podscale/network/checkpoint.hpp"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <utility>

#include "hdf5_values.hpp"
#include "podscale/core/checksum.hpp"
#include "podscale/core/error.hpp"

namespace podscale {
namespace {

using namespace hdf5;

constexpr long kFormat = 4;
constexpr std::pair<const char*, std::vector<float> Checkpoint::*> kGroups[] = {
    {"/parameters/", &Checkpoint::parameters},
    {"/average/", &Checkpoint::average},
    {"/best/", &Checkpoint::best},
    {"/first_moment/", &Checkpoint::first_moment},
    {"/second_moment/", &Checkpoint::second_moment}};

constexpr std::pair<const char*, Calibration ModelSummary::*> kCalibrations[] = {
    {"head", &ModelSummary::head_calibration}, {"ensemble", &ModelSummary::ensemble_calibration}};

void write_file(const Checkpoint& c, const std::string& path) {
  const ModelSummary& s = c.summary;
  Id file(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT), H5Fclose,
          fmt::format("{}: cannot be created; expected a writable directory", path));
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
    put_number(file, name, value);
  put_text(file, "basis_checksum", s.basis_checksum);
  put_text(file, "weights_checksum", weights_checksum(c));
  put_text(file, "namelist", s.effective_namelist);
  put_text(file, "version", s.version);
  put_text(file, "criterion", s.criterion);
  for (const auto& [name, member] : kCalibrations) {
    const auto numbers = (s.*member).numbers();
    put_array(file, fmt::format("/calibration/{}", name), {numbers.size()}, numbers.data());
    put_text(file, fmt::format("/calibration/{}_period", name).c_str(), (s.*member).period);
    put_text(file, fmt::format("/calibration/{}_note", name).c_str(), (s.*member).note);
    put_text(file, fmt::format("/calibration/{}_forecast", name).c_str(), (s.*member).forecast);
  }
  for (const NamedSlice& slice : c.slices) {
    const std::vector<hsize_t> shape(slice.shape.begin(), slice.shape.end());
    for (const auto& [group, member] : kGroups)
      put_array(file, group + slice.name, shape, (c.*member).data() + slice.offset);
  }
  std::vector<long> step;
  std::vector<double> loss, score;
  for (const ValidationRecord& r : s.history)
    step.push_back(r.step), loss.push_back(r.loss), score.push_back(r.score);
  put_array(file, "/history/step", {step.size()}, step.data());
  put_array(file, "/history/loss", {loss.size()}, loss.data());
  put_array(file, "/history/score", {score.size()}, score.data());
  put_array(file, "/layout/latitude", {s.layout.centre_lat.size()}, s.layout.centre_lat.data());
  put_array(file, "/layout/longitude", {s.layout.centre_lon.size()}, s.layout.centre_lon.data());
  put_array(file, "/layout/active",
            {static_cast<hsize_t>(s.layout.tokens), static_cast<hsize_t>(s.layout.modes)},
            s.layout.active.data());
  file.close(fmt::format("{}: cannot be completed: is the disk full?", path));
}

/// Names, shapes and values of all parameters, in the order of their names.
void read_slices(hid_t file, const std::string& path, Checkpoint& c) {
  const Id group(H5Gopen2(file, "/parameters", H5P_DEFAULT), H5Gclose,
                 fmt::format("{}: no /parameters in it; expected a model written by podscale-train", path));
  H5G_info_t info{};
  H5Gget_info(group, &info);
  for (hsize_t i = 0; i < info.nlinks; ++i) {
    char name[512];
    H5Lget_name_by_idx(group, ".", H5_INDEX_NAME, H5_ITER_NATIVE, i, name, sizeof name, H5P_DEFAULT);
    const Id set(H5Dopen2(group, name, H5P_DEFAULT), H5Dclose,
                 fmt::format("{}: cannot open {}; the file is damaged", path, name));
    const Id space(H5Dget_space(set), H5Sclose, name);
    std::vector<hsize_t> shape(static_cast<std::size_t>(H5Sget_simple_extent_ndims(space)));
    H5Sget_simple_extent_dims(space, shape.data(), nullptr);
    NamedSlice slice{name, {shape.begin(), shape.end()}, static_cast<std::int64_t>(c.parameters.size()), 1};
    for (const hsize_t n : shape) slice.size *= static_cast<std::int64_t>(n);
    for (const auto& [prefix, member] : kGroups) {
      const auto part = get_array<float>(file, path, prefix + slice.name);
      if (static_cast<std::int64_t>(part.size()) != slice.size)
        fail(ExitCode::data, "{}: {}{} has {} values, expected {}; the file is damaged", path, prefix,
             slice.name, part.size(), slice.size);
      (c.*member).insert((c.*member).end(), part.begin(), part.end());
    }
    c.slices.push_back(std::move(slice));
  }
}

Checkpoint read_file(const std::string& path) {
  if (!std::filesystem::exists(path))
    fail(ExitCode::no_input,
         "{}: no such file; expected a model: run podscale-train first or set output.model_file", path);
  const Id file(
      H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose,
      fmt::format("{}: not an HDF5 file, or damaged; expected a model written by podscale-train", path));
  if (const double format = get_number(file, path, "podscale_model_format");
      format != static_cast<double>(kFormat))
    fail(ExitCode::data, "{}: model format {}, expected {}; train again with this version", path, format,
         kFormat);
  Checkpoint c;
  ModelSummary& s = c.summary;
  const auto integer = [&](const char* name) { return static_cast<int>(get_number(file, path, name)); };
  s.options.width = integer("width");
  s.options.depth = integer("depth");
  s.options.heads = integer("heads");
  s.options.prediction = integer("velocity_prediction") ? Prediction::velocity : Prediction::noise;
  s.options.diffusion_steps = integer("diffusion_steps");
  s.options.dropout = get_number(file, path, "dropout");
  s.options.with_head = integer("with_head") != 0;
  s.layout.tokens = integer("tokens");
  s.layout.modes = integer("modes");
  s.layout.condition = integer("condition");
  s.layout.global_tokens = integer("global_tokens");
  s.step = static_cast<long>(get_number(file, path, "step"));
  s.best_step = static_cast<long>(get_number(file, path, "best_step"));
  s.best_score = get_number(file, path, "best_score");
  s.ranks = integer("ranks");
  c.pending_loss = get_number(file, path, "pending_loss");
  c.pending_steps = integer("pending_steps");
  s.basis_checksum = get_text(file, path, "basis_checksum");
  s.weights_checksum = get_text(file, path, "weights_checksum");
  s.effective_namelist = get_text(file, path, "namelist");
  s.version = get_text(file, path, "version");
  s.criterion = get_text_if_any(file, path, "criterion");
  for (const auto& [name, member] : kCalibrations) {
    s.*member =
        Calibration::from_numbers(get_array<double>(file, path, fmt::format("/calibration/{}", name)));
    (s.*member).period = get_text(file, path, fmt::format("/calibration/{}_period", name).c_str());
    (s.*member).note = get_text(file, path, fmt::format("/calibration/{}_note", name).c_str());
    (s.*member).forecast = get_text_if_any(file, path, fmt::format("/calibration/{}_forecast", name).c_str());
  }
  s.layout.centre_lat = get_array<float>(file, path, "/layout/latitude");
  s.layout.centre_lon = get_array<float>(file, path, "/layout/longitude");
  s.layout.active = get_array<unsigned char>(file, path, "/layout/active");
  read_slices(file, path, c);
  s.parameters = static_cast<long>(c.parameters.size());
  const auto step = get_array<long>(file, path, "/history/step");
  const auto loss = get_array<double>(file, path, "/history/loss"),
             score = get_array<double>(file, path, "/history/score");
  for (std::size_t i = 0; i < step.size(); ++i) s.history.push_back({step[i], loss.at(i), score.at(i)});
  return c;
}

void silence_hdf5() {
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
}  // our own messages say what matters

void share(const Communicator& comm, std::string& text) {
  text = comm.broadcast(text);
}
template <class T>
void share(const Communicator& comm, std::vector<T>& values) {
  const long size = comm.is_root() ? static_cast<long>(values.size()) : 0;
  values.resize(static_cast<std::size_t>(comm.sum(size)));
  comm.broadcast(std::span(values));
}

}  // namespace

std::string weights_checksum(const Checkpoint& checkpoint) {
  std::uint64_t sum = 0;
  for (const NamedSlice& slice : checkpoint.slices) {
    Checksum checksum;
    checksum.add_bytes(slice.name.data(), slice.name.size());
    checksum.add(std::span<const float>(checkpoint.best)
                     .subspan(static_cast<std::size_t>(slice.offset), static_cast<std::size_t>(slice.size)));
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
    const std::filesystem::path target(path);
    const std::string temporary =
        (target.parent_path() / ("." + target.filename().string() + ".tmp")).string();
    try {
      write_file(checkpoint, temporary);
      std::filesystem::rename(temporary, target);
    } catch (const Error& error) {
      std::remove(temporary.c_str());
      throw Error(ExitCode::io, error.what());
    } catch (const std::filesystem::filesystem_error& error) {
      fail(ExitCode::io, "{}: {}", path, error.code().message());
    }
  });
}

Checkpoint read_checkpoint(const Communicator& comm, const std::string& path) {
  Checkpoint c;
  comm.agree([&] {
    if (!comm.is_root()) return;
    silence_hdf5();
    c = read_file(path);
    if (weights_checksum(c) != c.summary.weights_checksum)
      fail(ExitCode::data, "{}: weights checksum {} does not match the stored {}; the file is damaged", path,
           weights_checksum(c), c.summary.weights_checksum);
  });
  ModelSummary& s = c.summary;
  long numbers[] = {s.options.width,
                    s.options.depth,
                    s.options.heads,
                    s.options.prediction == Prediction::velocity,
                    s.options.diffusion_steps,
                    s.layout.tokens,
                    s.layout.modes,
                    s.layout.condition,
                    s.step,
                    s.best_step,
                    s.ranks,
                    static_cast<long>(c.slices.size()),
                    static_cast<long>(s.history.size()),
                    s.parameters,
                    c.pending_steps,
                    s.layout.global_tokens,
                    s.options.with_head};
  comm.broadcast(std::span<long>(numbers));
  s.options = {static_cast<int>(numbers[0]),
               static_cast<int>(numbers[1]),
               static_cast<int>(numbers[2]),
               numbers[3] ? Prediction::velocity : Prediction::noise,
               static_cast<int>(numbers[4]),
               s.options.device,
               s.options.dropout,
               numbers[16] != 0};
  s.layout.global_tokens = static_cast<int>(numbers[15]);
  s.layout.tokens = static_cast<int>(numbers[5]);
  s.layout.modes = static_cast<int>(numbers[6]);
  s.layout.condition = static_cast<int>(numbers[7]);
  s.step = numbers[8];
  s.best_step = numbers[9];
  s.ranks = static_cast<int>(numbers[10]);
  c.slices.resize(static_cast<std::size_t>(numbers[11]));
  s.history.resize(static_cast<std::size_t>(numbers[12]));
  s.parameters = numbers[13];
  c.pending_steps = numbers[14];
  comm.broadcast(std::span(&s.options.dropout, 1));
  comm.broadcast(std::span(&s.best_score, 1));
  comm.broadcast(std::span(&c.pending_loss, 1));
  for (std::string* text :
       {&s.basis_checksum, &s.weights_checksum, &s.effective_namelist, &s.version, &s.criterion})
    share(comm, *text);
  for (const auto& [name, member] : kCalibrations) {
    auto values = (s.*member).numbers();
    share(comm, values);
    const std::string period = comm.broadcast((s.*member).period), note = comm.broadcast((s.*member).note),
                      forecast = comm.broadcast((s.*member).forecast);
    s.*member = Calibration::from_numbers(values);
    (s.*member).period = period;
    (s.*member).note = note;
    (s.*member).forecast = forecast;
  }
  for (NamedSlice& slice : c.slices) {
    share(comm, slice.name);
    share(comm, slice.shape);
    comm.broadcast(std::span(&slice.offset, 1));
    comm.broadcast(std::span(&slice.size, 1));
  }
  for (ValidationRecord& r : s.history) {
    comm.broadcast(std::span(&r.step, 1));
    comm.broadcast(std::span(&r.loss, 1));
    comm.broadcast(std::span(&r.score, 1));
  }
  share(comm, s.layout.centre_lat);
  share(comm, s.layout.centre_lon);
  share(comm, s.layout.active);
  for (auto* values : {&c.parameters, &c.average, &c.best, &c.first_moment, &c.second_moment})
    share(comm, *values);
  return c;
}

ModelSummary inspect_model(const Communicator& comm, const std::string& path) {
  return read_checkpoint(comm, path).summary;
}

}  // namespace podscale
