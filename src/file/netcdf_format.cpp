#include "netcdf_format.hpp"

#include <array>
#include <fstream>
#include <string_view>

#include "file_length.hpp"
#include "podscale/core/error.hpp"
#include "podscale/core/input_file.hpp"

namespace podscale {
namespace {

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

}  // namespace

void require_netcdf(const std::string& path) {
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

}  // namespace podscale
