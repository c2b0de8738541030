#include "podscale/file/netcdf_file.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <utility>

#include "netcdf_format.hpp"
#include "netcdf_state.hpp"
#include "podscale/core/error.hpp"
#include "podscale/core/log.hpp"
#include "podscale/core/stage.hpp"
#include "podscale/file/library_guard.hpp"
#include "podscale/file/seal.hpp"

namespace podscale {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kRecords = 256 << 20;  // bytes that the library may take to open any file
constexpr std::size_t kMostVariables = 1000;   // of files that podscale did not write

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
    // Other ranks may be elsewhere, or the library failed: the file stays open until
    // abandon_all().
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
    if (comm.is_root()) require_netcdf(path);
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
    if (!state.sealed && state.names.size() > kMostVariables)
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

void NetcdfFile::complete() {
  if (state_->id < 0) return;
  const int status = nc_close(state_->id);
  if (status == NC_NOERR) state_->id = -1;  // else the library may hold it still: see the destructor
  state_->check(status, path_, "flushing and closing failed", false);
  seal_file(*state_->comm, state_->temporary);
  state_->comm->agree([&] { flush_to_disk(state_->temporary, path_); });
}

void NetcdfFile::commit() {
  const Stage stage(StageId::write);
  complete();
  state_->doomed.reset();
  state_->doomed_lock.reset();
  state_->comm->agree([&] {
    if (state_->comm->is_root()) state_->output.commit();
  });
}

}  // namespace podscale
