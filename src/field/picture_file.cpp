#include "podscale/field/picture_file.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <fstream>

#include "picture_formats.hpp"
#include "podscale/core/input_file.hpp"

namespace podscale {
namespace {

enum class Format { none, png, jpeg, bmp, tiff };

std::string first_bytes(const std::string& path) {
  std::array<char, 12> bytes{};
  std::ifstream file(path, std::ios::binary);
  file.read(bytes.data(), std::ssize(bytes));
  return {bytes.data(), static_cast<std::size_t>(file.gcount())};
}

Format format_of(const std::string& bytes) {
  if (bytes.starts_with("\x89PNG\r\n\x1a\n")) return Format::png;
  if (bytes.starts_with("\xff\xd8\xff")) return Format::jpeg;
  if (bytes.starts_with("BM")) return Format::bmp;
  const std::string tiff = bytes.substr(0, 4);
  using namespace std::string_literals;
  for (const std::string& mark : {"II*\0"s, "MM\0*"s, "II+\0"s, "MM\0+"s})
    if (tiff == mark) return Format::tiff;
  return Format::none;
}

}  // namespace

bool is_picture(const std::string& path) {
  return format_of(first_bytes(path)) != Format::none;
}

Picture read_picture(const std::string& path) {
  require_regular_file(path);
  std::string bytes = first_bytes(path);
  switch (format_of(bytes)) {
    case Format::png:
      return read_png(path);
    case Format::jpeg:
      return read_jpeg(path);
    case Format::bmp:
      return read_bmp(path);
    case Format::tiff:
      return read_tiff(path);
    case Format::none:
      break;
  }
  for (char& c : bytes)
    if (!std::isprint(static_cast<unsigned char>(c))) c = '.';
  fail(ExitCode::data, "{}: begins with '{}'; expected a PNG, JPEG, BMP, TIFF, NIfTI or NetCDF file", path,
       bytes);
}

void require_sides(const std::string& path, long long ny, long long nx) {
  if (ny < 1 || nx < 1)
    fail(ExitCode::data, "{}: its header says {} x {} points; expected one or more", path, ny, nx);
  if (ny > most_picture_points / nx)
    fail(ExitCode::data, "{}: its header says {} x {} points; expected at most {}: cut it into parts", path,
         ny, nx, most_picture_points);
}

void drop_alpha(const std::string& path, Picture& picture) {
  const int colours = picture.bands - 1;
  const idx_t points = picture.ny * picture.nx;
  idx_t clear = 0;
  for (idx_t i = 0; i < points; ++i) {
    clear += picture.values[i * picture.bands + colours] < static_cast<float>(picture.white);
    for (int b = 0; b < colours; ++b) picture.values[i * colours + b] = picture.values[i * picture.bands + b];
  }
  if (clear > 0)
    fail(ExitCode::data, "{}: {} of {} points are transparent; expected opaque ones: flatten the picture",
         path, clear, points);
  picture.bands = colours;
  picture.values.resize(static_cast<std::size_t>(points * colours));
}

void keep_first_band(Picture& picture) {
  const idx_t points = picture.ny * picture.nx;
  for (idx_t i = 0; i < points; ++i) picture.values[i] = picture.values[i * picture.bands];
  picture.bands = 1;
  picture.values.resize(static_cast<std::size_t>(points));
}

}  // namespace podscale
