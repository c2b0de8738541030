// What a file says of how its variables are stored, judged before memory is taken for them.
#include <netcdf.h>
#include <netcdf_filter.h>

#include <algorithm>
#include <span>

#include "netcdf_state.hpp"
#include "podscale/core/error.hpp"
#include "podscale/file/library_guard.hpp"

namespace podscale {

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

std::vector<std::size_t> NetcdfFile::chunks(const std::string& variable) const {
  const VariableInfo info = this->variable(variable);
  std::vector<std::size_t> sizes(std::max<std::size_t>(1, info.shape.size()));
  int storage = NC_CONTIGUOUS;
  state_->check(nc_inq_var_chunking(state_->id, info.id, &storage, sizes.data()), path_,
                fmt::format("asking for the chunks of variable '{}' failed", variable));
  return storage == NC_CHUNKED ? sizes : std::vector<std::size_t>{};
}

}  // namespace podscale
