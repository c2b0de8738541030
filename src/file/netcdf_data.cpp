// Definition of variables, and the transfer of data by hyperslab.
#include <netcdf.h>
#include <netcdf_filter.h>

#include <functional>
#include <limits>
#include <numeric>

#include "netcdf_state.hpp"
#include "podscale/core/error.hpp"
#include "podscale/core/log.hpp"
#include "podscale/core/pulse.hpp"
#include "podscale/core/stage.hpp"
#include "podscale/core/traffic.hpp"
#include "podscale/file/library_guard.hpp"

namespace podscale {
namespace {

using Sizes = std::vector<std::size_t>;

constexpr unsigned kZstd = 32015;  // as registered with the HDF Group

int get_vara(int id, int v, const Sizes& start, const Sizes& count, float* out) {
  return nc_get_vara_float(id, v, start.data(), count.data(), out);
}
int get_vara(int id, int v, const Sizes& start, const Sizes& count, double* out) {
  return nc_get_vara_double(id, v, start.data(), count.data(), out);
}
int put_vara(int id, int v, const Sizes& start, const Sizes& count, const float* values) {
  return nc_put_vara_float(id, v, start.data(), count.data(), values);
}
int put_vara(int id, int v, const Sizes& start, const Sizes& count, const double* values) {
  return nc_put_vara_double(id, v, start.data(), count.data(), values);
}

std::size_t product(const Sizes& sizes) {
  return std::accumulate(sizes.begin(), sizes.end(), std::size_t{1}, std::multiplies<>());
}

}  // namespace

bool zstd_available() {
  int id = -1;
  if (nc_create("zstd", NC_NETCDF4 | NC_DISKLESS, &id) != NC_NOERR) return false;
  const bool found = nc_inq_filter_avail(id, kZstd) == NC_NOERR;
  nc_abort(id);
  return found;
}

/// Collective. Checks before the library does: an error inside a collective transfer on one rank
/// would hang the others.
void NetcdfFile::State::check_hyperslab(const VariableInfo& info, const std::string& path,
                                        const std::string& name, const Sizes& start, const Sizes& count,
                                        std::size_t size) const {
  comm->agree([&] {
    PODSCALE_ASSERT(start.size() == info.shape.size() && count.size() == info.shape.size(),
                    "{}: '{}' has {} dimensions, start has {}, count has {}", path, name, info.shape.size(),
                    start.size(), count.size());
    PODSCALE_ASSERT(size == product(count), "{}: '{}': {} elements for a hyperslab of {}", path, name, size,
                    product(count));
    for (std::size_t d = 0; d < start.size(); ++d)
      PODSCALE_ASSERT(size == 0 || unlimited.count(info.dims[d]) || start[d] + count[d] <= info.shape[d],
                      "{}: '{}': {} + {} exceeds dimension {} = {} on rank {}", path, name, start[d],
                      count[d], info.dims[d], info.shape[d], comm->rank());
    if (info.type == NC_CHAR || info.type == NC_STRING || info.type > NC_STRING)
      fail(ExitCode::data, "{}: variable '{}' holds text or a compound type; expected numbers", path, name);
  });
}

std::uint64_t NetcdfFile::State::bytes_of(const VariableInfo& info, const std::string& name,
                                          const Sizes& start, const Sizes& count) const {
  // The smallest box around them: all lower ends, negative, then all upper ends.
  const std::size_t dims = start.size();
  std::vector<long> box(2 * dims, std::numeric_limits<long>::min());
  for (std::size_t d = 0; d < dims && product(count) > 0; ++d) {
    box[d] = -static_cast<long>(start[d]);
    box[dims + d] = static_cast<long>(start[d] + count[d]);
  }
  comm->max(std::span(box));
  const auto found = chunks.find(name);
  std::size_t bytes = 0, chunk_count = 1;
  nc_inq_type(id, info.type, nullptr, &bytes);
  for (std::size_t d = 0; d < dims; ++d) {
    if (box[dims + d] < 0) return 0;  // nobody writes
    const auto chunk = static_cast<long>(found == chunks.end() ? 1 : found->second[d]);
    const long first = -box[d] / chunk, end = (box[dims + d] + chunk - 1) / chunk;
    bytes *= static_cast<std::size_t>((end - first) * chunk);
    chunk_count *= static_cast<std::size_t>(end - first);
  }
  // Deflation may add a thousandth; the tree of chunks has some 200 bytes a chunk.
  return found == chunks.end() ? bytes : bytes + bytes / 1000 + 256 * chunk_count;
}

template <class T>
void NetcdfFile::State::transfer_in(const VariableInfo& info, const std::string& path,
                                    const std::string& name, const Sizes& start, const Sizes& count,
                                    std::span<T> out) const {
  check_hyperslab(info, path, name, start, count, out.size());
  T nothing{};  // the library wants an address and a legal start even for zero elements
  const Sizes origin(start.size(), 0);
  int status = NC_NOERR;
  {
    const LibraryGuard guard(path);
    const Stage stage(StageId::read);
    const Transfer transfer(Direction::in, out.size_bytes());
    errno = 0;
    status = get_vara(id, info.id, out.empty() ? origin : start, out.empty() ? origin : count,
                      out.empty() ? &nothing : out.data());
  }
  check(status, path, "reading variable '" + name + "' failed");
}

template <class T>
void NetcdfFile::State::transfer_out(const VariableInfo& info, const std::string& path,
                                     const std::string& name, const Sizes& start, const Sizes& count,
                                     std::span<const T> values) const {
  check_hyperslab(info, path, name, start, count, values.size());
  require_space(path, bytes_of(info, name, start, count));
  if (parallel)
    check(nc_var_par_access(id, info.id, NC_COLLECTIVE), path, "collective access to " + name + " failed",
          false);
  const T nothing{};
  const Sizes origin(start.size(), 0);
  const Stage stage(StageId::write);
  const Transfer transfer(Direction::out, values.size_bytes());
  const pulse::Meeting meeting;
  check(put_vara(id, info.id, values.empty() ? origin : start, values.empty() ? origin : count,
                 values.empty() ? &nothing : values.data()),
        path, "writing variable '" + name + "' failed", false);
}

void NetcdfFile::define_dimension(const std::string& name, std::size_t size, bool unlimited) {
  int id = -1;
  state_->check(nc_def_dim(state_->id, name.c_str(), unlimited ? NC_UNLIMITED : size, &id), path_,
                fmt::format("defining dimension {} failed", name), false);
  state_->dims[name] = size;
  if (unlimited) state_->unlimited.insert(name);
}

void NetcdfFile::define_variable(const std::string& name, nc_type type, const std::vector<std::string>& dims,
                                 const VariableOptions& options) {
  VariableInfo info{-1, type, dims, {}};
  std::vector<int> ids(dims.size());
  int status = NC_NOERR;
  const auto step = [&](auto&& call) {
    if (status == NC_NOERR) status = call();
  };
  for (std::size_t d = 0; d < dims.size(); ++d) {
    step([&] { return nc_inq_dimid(state_->id, dims[d].c_str(), &ids[d]); });
    info.shape.push_back(state_->dims[dims[d]]);
  }
  step([&] {
    return nc_def_var(state_->id, name.c_str(), type, static_cast<int>(ids.size()), ids.data(), &info.id);
  });
  if (!options.chunks.empty())
    step([&] { return nc_def_var_chunking(state_->id, info.id, NC_CHUNKED, options.chunks.data()); });
  if (options.zstd && options.deflate > 0) {
    const unsigned level = options.deflate;
    step([&] { return nc_def_var_deflate(state_->id, info.id, 1, 0, 0); });  // shuffle alone
    step([&] { return nc_def_var_filter(state_->id, info.id, kZstd, 1, &level); });
  } else if (options.deflate > 0) {
    step([&] { return nc_def_var_deflate(state_->id, info.id, 1, 1, options.deflate); });
  }
  if (options.significant_bits > 0)
    step([&] {
      return nc_def_var_quantize(state_->id, info.id, NC_QUANTIZE_BITROUND, options.significant_bits);
    });
  if (options.fill)
    step([&] { return nc_put_att_double(state_->id, info.id, "_FillValue", type, 1, &*options.fill); });
  int contiguous = NC_CONTIGUOUS;
  Sizes chunk(dims.size());
  if (!dims.empty())
    step([&] { return nc_inq_var_chunking(state_->id, info.id, &contiguous, chunk.data()); });
  state_->check(status, path_, fmt::format("defining variable {} failed", name), false);
  if (contiguous == NC_CHUNKED) state_->chunks[name] = chunk;
  std::size_t bytes = 0;
  nc_inq_type(state_->id, type, nullptr, &bytes);
  (options.deflate > 0 ? state_->deflated : state_->plain) += bytes * product(info.shape);
  state_->names.push_back(name);
  state_->variables[name] = std::move(info);
}

void NetcdfFile::end_definitions() {
  const State& s = *state_;
  s.require_space(path_, s.header + s.plain);
  if (s.comm->is_root())
    if (const std::uint64_t most = most_bytes(), free = free_bytes(path_); free < most)
      log::warn("{}: {} bytes are free, and it may take {}: the disk may be full before it is complete",
                path_, free, most);
  state_->check(nc_enddef(state_->id), path_, "ending the definitions failed", false);
}

void NetcdfFile::get(const std::string& variable, const Sizes& start, const Sizes& count,
                     std::span<float> out) const {
  state_->transfer_in(this->variable(variable), path_, variable, start, count, out);
}
void NetcdfFile::get(const std::string& variable, const Sizes& start, const Sizes& count,
                     std::span<double> out) const {
  state_->transfer_in(this->variable(variable), path_, variable, start, count, out);
}
void NetcdfFile::put(const std::string& variable, const Sizes& start, const Sizes& count,
                     std::span<const float> values) {
  state_->transfer_out(this->variable(variable), path_, variable, start, count, values);
  if (state_->listener) state_->listener->put(*this, variable, start, count, values);
}
void NetcdfFile::put(const std::string& variable, const Sizes& start, const Sizes& count,
                     std::span<const double> values) {
  state_->transfer_out(this->variable(variable), path_, variable, start, count, values);
  if (state_->listener) state_->listener->put(*this, variable, start, count, values);
}

void NetcdfFile::set_listener(PutListener* listener) {
  state_->listener = listener;
}

std::uint64_t NetcdfFile::most_bytes() const {
  return state_->header + state_->plain + state_->deflated;
}

std::vector<double> NetcdfFile::get_all(const std::string& variable) const {
  const VariableInfo info = this->variable(variable);
  require_held(variable, info.shape);
  std::vector<double> values(product(info.shape));
  get(variable, Sizes(info.shape.size(), 0), info.shape, std::span<double>(values));
  return values;
}

}  // namespace podscale
