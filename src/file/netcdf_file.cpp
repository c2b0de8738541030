#include "podscale/file/netcdf_file.hpp"

#include <netcdf_filter.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <span>
#include <string_view>
#include <utility>

#include "file_length.hpp"
#include "netcdf_state.hpp"
#include "podscale/core/error.hpp"
#include "podscale/core/input_file.hpp"
#include "podscale/core/log.hpp"
#include "podscale/file/library_guard.hpp"
#include "podscale/file/seal.hpp"

namespace podscale {
namespace {

namespace fs = std::filesystem;

/// What else the first bytes of a file may say, and what makes NetCDF of it.
struct Format {
  std::string_view start;
  const char *name, *cure;
};
constexpr Format kOthers[] = {
    {"\x1f\x8b", "compressed by gzip", "unpack it first, as by 'gunzip'"},
    {"\x1f\x9d", "compressed by compress", "unpack it first, as by 'gunzip'"},
    {"BZh", "compressed by bzip2", "unpack it first, as by 'bunzip2'"},
    {"\xfd"
     "7zXZ",
     "compressed by xz", "unpack it first, as by 'unxz'"},
    {"(\xb5/\xfd", "compressed by zstd", "unpack it first, as by 'unzstd'"},
    {"PK\x03\x04", "a zip archive", "unpack it first, as by 'unzip'"},
    {"GRIB", "GRIB", "convert it first, as by 'cdo -f nc copy in.grb out.nc'"},
    {"\x0e\x03\x13\x01", "HDF4", "convert it first, as by 'h4tonccf'"},
    {"II*", "a TIFF image", "convert it first, as by 'gdal_translate -of netCDF'"},
    {"MM", "a TIFF image", "convert it first, as by 'gdal_translate -of netCDF'"},
    {"<", "a web page or XML (of a login or an error?)", "download the data again"},
    {"{", "JSON", "download the data again"},
    {"version https://git-lfs", "a git-lfs pointer", "fetch the data with 'git lfs pull'"},
};

/// Looks at the first bytes: which error the library returns for a file that is no NetCDF depends
/// on how it was built. Rank 0 only.
void check_format(const std::string& path) {
  require_regular_file(path);
  std::ifstream file(path, std::ios::binary);
  const std::string hdf5("\x89HDF\r\n\x1a\n", 8);
  std::array<char, 64> head{};
  file.read(head.data(), head.size());
  const std::string start(head.data(), static_cast<std::size_t>(file.gcount()));
  if (start.starts_with("CDF") || start.starts_with(hdf5)) return require_whole(path);
  for (std::streamoff offset = 512; offset <= 8192; offset *= 2) {  // HDF5 allows a user block in front
    std::array<char, 8> block{};
    file.clear();
    if (!file.seekg(offset).read(block.data(), block.size())) break;
    if (std::string(block.data(), block.size()) == hdf5) return;
  }
  for (const auto& [magic, name, cure] : kOthers)
    if (start.starts_with(magic)) fail(ExitCode::data, "{}: is not NetCDF but {}; {}", path, name, cure);
  if (start.empty()) fail(ExitCode::data, "{}: is empty; expected a NetCDF file", path);
  std::string shown;
  for (const char c : start.substr(0, 16)) shown += c >= ' ' && c <= '~' ? c : '.';
  fail(ExitCode::data, "{}: is not NetCDF (begins with \"{}\"); expected NetCDF-3 or NetCDF-4", path, shown);
}

constexpr std::uint64_t kRecords = 256 << 20;  // bytes that the library may take to open any file
constexpr std::size_t kMostVariables = 1000, kMostShown = 40;

// What is being written, for abort_write.
std::string writing_target, writing_temporary;

/// MPI-IO calls it on a rank whose write has failed. HDF5 would return there while the other ranks
/// wait in its next collective call for ever, so the run ends here. One rank speaks: that which
/// removes the file.
void abort_write(MPI_File*, int* error, ...) {
  char text[MPI_MAX_ERROR_STRING] = "";
  int length = 0;
  MPI_Error_string(*error, text, &length);
  if (unlink(writing_temporary.c_str()) != 0)  // wait until the rank that did so has ended the run
    for (unsigned left = 10; left > 0;) left = sleep(left);
  log::error_line(
      fmt::format("{}: cannot be written: {}; the disk has {} bytes free: make room and run again",
                  writing_target, text, free_bytes(writing_target)));
  remove_doomed_files();
  MPI_Abort(MPI_COMM_WORLD, static_cast<int>(ExitCode::io));
}

/// MPI files inherit the handler that MPI_FILE_NULL has when they are opened; the caller's own
/// comes back.
int create_parallel(const Communicator& comm, const std::string& path, int& id) {
  MPI_Errhandler handler = MPI_ERRHANDLER_NULL, previous = MPI_ERRHANDLER_NULL;
  MPI_File_create_errhandler(abort_write, &handler);
  MPI_File_get_errhandler(MPI_FILE_NULL, &previous);
  MPI_File_set_errhandler(MPI_FILE_NULL, handler);
  const int status = nc_create_par(path.c_str(), NC_NETCDF4 | NC_CLOBBER, comm.raw(), MPI_INFO_NULL, &id);
  MPI_File_set_errhandler(MPI_FILE_NULL, previous);
  MPI_Errhandler_free(&previous);
  MPI_Errhandler_free(&handler);
  return status;
}

}  // namespace

void NetcdfFile::State::require_space(const std::string& path, std::uint64_t bytes) const {
  writing_target = path;
  writing_temporary = temporary;
  // What HDF5 keeps of its own: headers, chunk trees, heaps.
  constexpr std::uint64_t margin = 256 << 10, margin_a_variable = 4 << 10;
  comm->agree([&] { output.require_space(bytes + margin + margin_a_variable * variables.size()); });
}

void NetcdfFile::State::judge(int status, const std::string& path, const std::string& what,
                              bool reading) const {
  // A status above 0 is a number of the system.
  const int cause = std::exchange(errno, 0), reason = status > 0 ? status : cause;
  if (status == NC_NOERR) return;
  if ((status == NC_ENOMEM || reason == ENOMEM) && !(reading && has_honest_memory(size)))
    throw std::bad_alloc();
  constexpr std::array of_the_system{EIO,    ESTALE, ENXIO,  ETIMEDOUT, EACCES, EBADF,
                                     EMFILE, ENFILE, ENOLCK, EAGAIN,    ENODEV};
  const bool io = !reading || status == ENOENT ||
                  std::find(of_the_system.begin(), of_the_system.end(), reason) != of_the_system.end();
  fail(io ? ExitCode::io : ExitCode::data, "{}: {}: {} (error {}){}", path, what, nc_strerror(status), status,
       io ? "" : "; is it complete, or damaged? fetch or make the file again");
}

int NetcdfFile::State::load_dimensions() {
  int count = 0;
  if (const int status = nc_inq_dimids(id, &count, nullptr, 0)) return status;
  std::vector<int> ids(count);
  if (const int status = nc_inq_dimids(id, &count, ids.data(), 0)) return status;
  for (const int dim : ids) {
    char name[NC_MAX_NAME + 1];
    std::size_t length = 0;
    if (const int status = nc_inq_dim(id, dim, name, &length)) return status;
    dims[name] = length;
  }
  return NC_NOERR;
}

int NetcdfFile::State::load_variables() {
  int count = 0;
  if (const int status = nc_inq_nvars(id, &count)) return status;
  int attributes = 0;  // asked for, so that they are read here, under the guard
  if (const int status = nc_inq_natts(id, &attributes)) return status;
  for (int v = 0; v < count; ++v) {
    char name[NC_MAX_NAME + 1];
    int rank = 0, ids[NC_MAX_VAR_DIMS];
    VariableInfo info;
    info.id = v;
    if (const int status = nc_inq_var(id, v, name, &info.type, &rank, ids, &attributes)) return status;
    for (int d = 0; d < rank; ++d) {
      char dim[NC_MAX_NAME + 1];
      if (const int status = nc_inq_dimname(id, ids[d], dim)) return status;
      info.dims.emplace_back(dim);
      info.shape.push_back(dims[dim]);
    }
    names.emplace_back(name);
    variables[name] = std::move(info);
  }
  return NC_NOERR;
}

/// "data (time, lat, lon, tos)" of each group, and of those in it.
int NetcdfFile::State::load_groups(int parent, const std::string& within) {
  int count = 0;
  if (const int status = nc_inq_grps(parent, &count, nullptr)) return status;
  std::vector<int> ids(count);
  if (const int status = nc_inq_grps(parent, &count, ids.data())) return status;
  for (const int group : ids) {
    char name[NC_MAX_NAME + 1];
    int held = 0;
    if (const int status = nc_inq_grpname(group, name)) return status;
    if (const int status = nc_inq_nvars(group, &held)) return status;
    const std::string full = within + name;
    std::vector<std::string> variables_of_group;
    for (int v = 0; v < held; ++v) {
      if (const int status = nc_inq_varname(group, v, name)) return status;
      variables_of_group.emplace_back(name);
    }
    groups.push_back(fmt::format("{} ({})", full, fmt::join(variables_of_group, ", ")));
    if (const int status = load_groups(group, full + "/")) return status;
  }
  return NC_NOERR;
}

NetcdfFile::NetcdfFile(const Communicator& comm, std::string path)
    : path_(std::move(path)), state_(new State(comm)) {}
NetcdfFile::NetcdfFile(NetcdfFile&& other) noexcept
    : path_(std::move(other.path_)), state_(std::exchange(other.state_, nullptr)) {}
NetcdfFile& NetcdfFile::operator=(NetcdfFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(state_, other.state_);
  return *this;
}

NetcdfFile::~NetcdfFile() {
  if (!state_) return;
  state_->release_output();
  const bool alone = !state_->parallel || state_->comm->size() == 1;
  const auto close = [&] {
    const LibraryGuard guard(path_);
    return nc_close(state_->id) == NC_NOERR;
  };
  if (state_->id >= 0 && !(alone && (state_->parallel ? nc_close(state_->id) == NC_NOERR : close()))) {
    // Other ranks may be elsewhere, or the library failed: the file stays open until abandon_all().
    state_->next_left_open = std::exchange(State::left_open, state_);
    return;
  }
  delete state_;
}

bool NetcdfFile::abandon_all(bool close) {
  bool closed = true;
  for (State* state = std::exchange(State::left_open, nullptr); state;) {
    if (std::error_code ignored; !close) fs::remove(state->temporary, ignored);
    closed = close && nc_close(state->id) == NC_NOERR && closed;
    delete std::exchange(state, state->next_left_open);
  }
  return closed;
}

NetcdfFile NetcdfFile::open(const Communicator& comm, const std::string& path, bool check) {
  comm.agree([&] {
    if (comm.is_root()) check_format(path);
  });
  NetcdfFile file(comm, path);
  State& state = *file.state_;
  state.sealed = check && check_seal(comm, path);
  comm.agree([&] {
    std::error_code ignored;
    state.size = fs::file_size(path, ignored);
    int status = NC_NOERR;
    const char* what = "cannot be opened as NetCDF";
    const auto step = [&](const char* next, const auto& call) {
      if (status != NC_NOERR) return;
      what = next;
      status = call();
    };
    {
      const LibraryGuard guard(path, kRecords + 4 * state.size);
      errno = 0;
      step(what, [&] { return nc_open(path.c_str(), NC_NOWRITE, &state.id); });
      if (status != NC_NOERR) state.id = -1;
      step("reading the dimensions failed", [&] { return state.load_dimensions(); });
      step("reading the list of variables failed", [&] { return state.load_variables(); });
      step("reading the list of groups failed", [&] { return state.load_groups(state.id, ""); });
    }
    state.judge(status, path, what, true);
    if (state.names.size() > kMostVariables)
      fail(ExitCode::data,
           "{}: holds {} variables, expected at most {}; take those out that are needed, as "
           "by 'ncks -v NAME in.nc out.nc'",
           path, state.names.size(), kMostVariables);
  });
  return file;
}

NetcdfFile NetcdfFile::create(const Communicator& comm, const std::string& path) {
  NetcdfFile file(comm, path);
  State& state = *file.state_;
  comm.agree([&] {
    if (comm.is_root()) state.output = OutputFile(path);
  });
  state.temporary = comm.broadcast(state.output.temporary());
  state.doomed.emplace(state.temporary);
  state.doomed_lock.emplace(OutputLock::name_of(path));
  state.parallel = true;
  state.require_space(path, 0);
  errno = 0;
  state.check(create_parallel(comm, state.temporary, state.id), path,
              "creating " + state.temporary + " failed", false);
  int previous = 0;
  state.check(nc_set_fill(state.id, NC_NOFILL, &previous), path, "turning prefill off failed", false);
  return file;
}

bool NetcdfFile::sealed() const {
  return state_->sealed;
}

void NetcdfFile::warn_of_changes() const {
  if (text("", "podscale_basis_checksum") && !sealed())
    log::warn("{}: has no checksum as its last line: cut off, or changed by another program; taken as it is",
              path_);
}

bool NetcdfFile::has_variable(const std::string& name) const {
  return state_->variables.count(name) > 0;
}

std::vector<std::string> NetcdfFile::variable_names() const {
  return state_->names;
}

std::string NetcdfFile::contents() const {
  const std::size_t shown = std::min(kMostShown, state_->names.size());
  std::string names = fmt::format("{}", fmt::join(std::span(state_->names).first(shown), ", "));
  if (shown < state_->names.size()) names += fmt::format(" and {} more", state_->names.size() - shown);
  if (state_->groups.empty()) return names.empty() ? "nothing" : names;
  const std::string& first = state_->groups.front();
  return fmt::format(
      "{}, and in groups, which are not read: {}; take one out first, as in 'ncks -G : -g {} in.nc out.nc'",
      names.empty() ? "nothing" : names, fmt::join(state_->groups, ", "), first.substr(0, first.find(" (")));
}

void NetcdfFile::require_filters(const std::string& name) const {
  const int id = variable(name).id;
  std::size_t count = 0;
  std::vector<unsigned> filters;
  // Other formats than NetCDF-4 have none, and say so by an error.
  if (nc_inq_var_filter_ids(state_->id, id, &count, nullptr) == NC_NOERR) filters.resize(count);
  if (count > 0 && nc_inq_var_filter_ids(state_->id, id, &count, filters.data()) != NC_NOERR) return;
  const std::map<unsigned, const char*> known{
      {4, "szip"},           {307, "bzip2"}, {32000, "lzf"},  {32001, "blosc"}, {32004, "lz4"},
      {32008, "bitshuffle"}, {32013, "zfp"}, {32015, "zstd"}, {32017, "sz"},    {32026, "blosc2"}};
  for (const unsigned filter : filters)
    if (nc_inq_filter_avail(state_->id, filter) != NC_NOERR) {
      const auto found = known.find(filter);
      throw Error(
          ExitCode::data,
          fmt::format("{}: variable '{}' is compressed by the HDF5 filter {} ({}), which is not installed; "
                      "set HDF5_PLUGIN_PATH to the folder that has it, or repack the file where it is, "
                      "as by 'nccopy -F none'",
                      path_, name, filter, found == known.end() ? "unknown" : found->second),
          true);
    }
}

void NetcdfFile::require_held(const std::string& name, const std::vector<std::size_t>& shape) const {
  const VariableInfo& info = state_->variables.at(name);
  std::size_t bytes = 0, chunk[NC_MAX_VAR_DIMS];
  int storage = NC_CONTIGUOUS;
  state_->check(nc_inq_type(state_->id, info.type, nullptr, &bytes), path_,
                "asking for the size of a type failed");
  state_->check(nc_inq_var_chunking(state_->id, info.id, &storage, chunk), path_,
                fmt::format("asking for the chunks of variable '{}' failed", name));
  const auto claimed = [&](std::span<const std::size_t> sizes) {
    double product = static_cast<double>(bytes);
    for (const std::size_t n : sizes) product *= static_cast<double>(n);
    return product;
  };
  double most = claimed(shape);
  if (storage == NC_CHUNKED) most = std::max(most, claimed(std::span(chunk).first(info.shape.size())));
  if (most > static_cast<double>(honest_bytes(state_->size)))
    throw Error(
        ExitCode::data,
        fmt::format("{}: variable '{}' is said to hold {:.4g} bytes, more than its {} bytes can, however "
                    "well compressed; is it damaged? fetch or make the file again",
                    path_, name, most, state_->size),
        true);
}

VariableInfo NetcdfFile::variable(const std::string& name) const {
  if (const auto found = state_->variables.find(name); found != state_->variables.end()) return found->second;
  // The list is the same on every rank, so is the error.
  throw Error(ExitCode::data,
              fmt::format("{}: there is no variable '{}'; it holds: {}", path_, name, contents()), true);
}

std::optional<std::size_t> NetcdfFile::dimension(const std::string& name) const {
  const auto found = state_->dims.find(name);
  return found == state_->dims.end() ? std::nullopt : std::optional(found->second);
}

std::optional<std::string> NetcdfFile::text(const std::string& variable, const std::string& attribute) const {
  const int v = variable.empty() ? NC_GLOBAL : this->variable(variable).id;
  nc_type type = NC_NAT;
  std::size_t length = 0;
  int status = nc_inq_att(state_->id, v, attribute.c_str(), &type, &length);
  std::optional<std::string> value;
  if (status == NC_NOERR && type == NC_CHAR) {
    value = std::string(length, '\0');
    if (length > 0) status = nc_get_att_text(state_->id, v, attribute.c_str(), value->data());
    while (!value->empty() && value->back() == '\0') value->pop_back();
  } else if (status == NC_NOERR && type == NC_STRING && length > 0) {
    std::vector<char*> strings(length, nullptr);
    status = nc_get_att_string(state_->id, v, attribute.c_str(), strings.data());
    if (status == NC_NOERR) {
      value = strings[0] ? strings[0] : "";
      nc_free_string(length, strings.data());
    }
  }
  state_->check(status == NC_ENOTATT ? NC_NOERR : status, path_,
                fmt::format("reading attribute {}:{} failed", variable, attribute));
  return value;
}

std::optional<std::vector<double>> NetcdfFile::numbers(const std::string& variable,
                                                       const std::string& attribute) const {
  const int v = variable.empty() ? NC_GLOBAL : this->variable(variable).id;
  nc_type type = NC_NAT;
  std::size_t length = 0;
  int status = nc_inq_att(state_->id, v, attribute.c_str(), &type, &length);
  std::optional<std::vector<double>> values;
  if (status == NC_NOERR && type != NC_CHAR && type <= NC_UINT64) {
    values = std::vector<double>(length);
    if (length > 0) status = nc_get_att_double(state_->id, v, attribute.c_str(), values->data());
  }
  state_->check(status == NC_ENOTATT ? NC_NOERR : status, path_,
                fmt::format("reading attribute {}:{} failed", variable, attribute));
  return values;
}

std::vector<std::string> NetcdfFile::attribute_names(const std::string& variable) const {
  const VariableInfo info = this->variable(variable);
  std::vector<std::string> names;
  int count = 0, status = nc_inq_varnatts(state_->id, info.id, &count);
  for (int i = 0; i < count && status == NC_NOERR; ++i) {
    char name[NC_MAX_NAME + 1];
    status = nc_inq_attname(state_->id, info.id, i, name);
    if (status == NC_NOERR) names.emplace_back(name);
  }
  state_->check(status, path_, fmt::format("reading the attributes of '{}' failed", variable));
  return names;
}

std::optional<nc_type> NetcdfFile::attribute_type(const std::string& variable,
                                                  const std::string& attribute) const {
  const int v = variable.empty() ? NC_GLOBAL : this->variable(variable).id;
  nc_type type = NC_NAT;
  const int status = nc_inq_atttype(state_->id, v, attribute.c_str(), &type);
  state_->check(status == NC_ENOTATT ? NC_NOERR : status, path_,
                fmt::format("reading attribute {}:{} failed", variable, attribute));
  return status == NC_NOERR ? std::optional(type) : std::nullopt;
}

std::vector<std::size_t> NetcdfFile::chunks(const std::string& variable) const {
  const VariableInfo info = this->variable(variable);
  std::vector<std::size_t> sizes(std::max<std::size_t>(1, info.shape.size()));
  int storage = NC_CONTIGUOUS;
  state_->check(nc_inq_var_chunking(state_->id, info.id, &storage, sizes.data()), path_,
                fmt::format("asking for the chunks of variable '{}' failed", variable));
  return storage == NC_CHUNKED ? sizes : std::vector<std::size_t>{};
}

void NetcdfFile::complete() {
  if (state_->id < 0) return;
  const int status = nc_close(state_->id);
  if (status == NC_NOERR) state_->id = -1;  // else the library may hold it still: see the destructor
  state_->check(status, path_, "flushing and closing failed", false);
  seal_file(*state_->comm, state_->temporary);
  state_->comm->agree([&] { flush_to_disk(state_->temporary, path_); });
}

void NetcdfFile::commit() {
  complete();
  state_->doomed.reset();
  state_->doomed_lock.reset();
  state_->comm->agree([&] {
    if (state_->comm->is_root()) state_->output.commit();
  });
}

}  // namespace podscale
