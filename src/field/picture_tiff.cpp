// TIFF and GeoTIFF by libtiff: 8 bits and less through its RGBA reader, which knows palettes and
// YCbCr; wider numbers, and floating ones, block by block.
#include <tiffio.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "picture_formats.hpp"
#include "podscale/core/error.hpp"

namespace podscale {
namespace {

int keep_problem(TIFF*, void* user, const char*, const char* format, va_list arguments) {
  std::array<char, 400> text{};
  std::vsnprintf(text.data(), text.size(), format, arguments);
  auto& problem = *static_cast<std::string*>(user);
  if (problem.empty()) problem = text.data();
  return 1;
}

int ignore(TIFF*, void*, const char*, const char*, va_list) {
  return 1;
}

struct Tiff {
  std::string path, problem{};
  TIFF* file = nullptr;

  explicit Tiff(const std::string& name) : path(name) {
    const std::unique_ptr<TIFFOpenOptions, decltype(&TIFFOpenOptionsFree)> options(TIFFOpenOptionsAlloc(),
                                                                                   TIFFOpenOptionsFree);
    TIFFOpenOptionsSetErrorHandlerExtR(options.get(), keep_problem, &problem);
    TIFFOpenOptionsSetWarningHandlerExtR(options.get(), ignore, nullptr);
    file = TIFFOpenExt(name.c_str(), "r", options.get());
    if (!file) refuse();
  }
  Tiff(const Tiff&) = delete;
  Tiff& operator=(const Tiff&) = delete;
  ~Tiff() {
    if (file) TIFFClose(file);
  }
  [[noreturn]] void refuse() const {
    fail(ExitCode::data,
         "{}: this TIFF is damaged, cut short or of a kind that libtiff lacks ({}); fetch it again", path,
         problem);
  }
  template <class T>
  T field(std::uint32_t tag, T otherwise) const {
    T value{};
    return TIFFGetFieldDefaulted(file, tag, &value) == 1 ? value : otherwise;
  }
};

/// Further directories are pages, unless they are overviews or masks of the first.
void require_one_page(const Tiff& tiff) {
  int pages = 1;
  while (TIFFReadDirectory(tiff.file) == 1)
    if (tiff.field<std::uint32_t>(TIFFTAG_SUBFILETYPE, 0) == 0) ++pages;
  if (pages > 1) fail(ExitCode::data, "{}: holds {} pages; expected one: split the file", tiff.path, pages);
  if (TIFFSetDirectory(tiff.file, 0) != 1) tiff.refuse();
}

Picture read_bytes(const Tiff& tiff, idx_t ny, idx_t nx, bool grey) {
  Picture picture{ny, nx, 4};
  std::vector<std::uint32_t> rgba(static_cast<std::size_t>(ny * nx));
  if (TIFFReadRGBAImageOriented(tiff.file, static_cast<std::uint32_t>(nx), static_cast<std::uint32_t>(ny),
                                rgba.data(), ORIENTATION_TOPLEFT, 1) != 1)
    tiff.refuse();
  for (const std::uint32_t point : rgba)
    for (const std::uint32_t band : {TIFFGetR(point), TIFFGetG(point), TIFFGetB(point), TIFFGetA(point)})
      picture.values.push_back(static_cast<float>(band));
  drop_alpha(tiff.path, picture);
  if (grey) keep_first_band(picture);
  return picture;
}

template <class T>
float number(const unsigned char* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return static_cast<float>(value);
}

float sample(const unsigned char* at, int bits, int format) {
  if (format == SAMPLEFORMAT_IEEEFP) return bits == 64 ? number<double>(at) : number<float>(at);
  if (format == SAMPLEFORMAT_INT)
    return bits == 32   ? number<std::int32_t>(at)
           : bits == 16 ? number<std::int16_t>(at)
                        : number<std::int8_t>(at);
  return bits == 32   ? number<std::uint32_t>(at)
         : bits == 16 ? number<std::uint16_t>(at)
                      : number<std::uint8_t>(at);
}

/// Strips or tiles of numbers of 16 bits and more. Bands may follow each other point by point or
/// plane by plane.
Picture read_numbers(const Tiff& tiff, idx_t ny, idx_t nx, int bands, int bits, int format) {
  Picture picture{ny, nx, bands};
  picture.bytes = false;
  picture.floats = format != SAMPLEFORMAT_UINT || bits == 32;
  // Also what alpha is opaque with.
  picture.white =
      format == SAMPLEFORMAT_IEEEFP ? 1 : std::exp2(format == SAMPLEFORMAT_INT ? bits - 1 : bits) - 1;
  picture.values.resize(static_cast<std::size_t>(ny * nx * bands));
  const bool tiled = TIFFIsTiled(tiff.file) != 0;
  const bool apart = bands > 1 && tiff.field<std::uint16_t>(TIFFTAG_PLANARCONFIG, 1) == PLANARCONFIG_SEPARATE;
  const idx_t rows = tiled ? tiff.field<std::uint32_t>(TIFFTAG_TILELENGTH, 0)
                           : std::min<idx_t>(ny, tiff.field<std::uint32_t>(TIFFTAG_ROWSPERSTRIP, 0));
  const idx_t columns = tiled ? tiff.field<std::uint32_t>(TIFFTAG_TILEWIDTH, 0) : nx;
  if (rows < 1 || columns < 1) tiff.refuse();
  const int each = apart ? 1 : bands, planes = apart ? bands : 1;
  const idx_t size = bits / 8;
  std::vector<unsigned char> block(
      static_cast<std::size_t>(tiled ? TIFFTileSize(tiff.file) : TIFFStripSize(tiff.file)));
  if (std::ssize(block) < rows * columns * each * size) tiff.refuse();
  for (int plane = 0; plane < planes; ++plane)
    for (idx_t y0 = 0; y0 < ny; y0 += rows)
      for (idx_t x0 = 0; x0 < nx; x0 += columns) {
        const auto x = static_cast<std::uint32_t>(x0), y = static_cast<std::uint32_t>(y0);
        const auto s = static_cast<std::uint16_t>(plane);
        const idx_t here = std::min(rows, ny - y0);
        const tmsize_t got =
            tiled ? TIFFReadTile(tiff.file, block.data(), x, y, 0, s)
                  : TIFFReadEncodedStrip(tiff.file, TIFFComputeStrip(tiff.file, y, s), block.data(), -1);
        if (got < here * columns * each * size) tiff.refuse();
        for (idx_t r = 0; r < here; ++r)
          for (idx_t c = 0; c < std::min(columns, nx - x0); ++c)
            for (int b = 0; b < each; ++b)
              picture.values[((y0 + r) * nx + x0 + c) * bands + (apart ? plane : b)] =
                  sample(block.data() + ((r * columns + c) * each + b) * size, bits, format);
      }
  return picture;
}

/// GDAL's tag of the number that means "no value": such points get none.
void blank_missing(const Tiff& tiff, Picture& picture) {
  std::uint16_t count = 0;
  const char* text = nullptr;
  constexpr std::uint32_t nodata_tag = 42113;
  if (TIFFGetField(tiff.file, nodata_tag, &count, &text) != 1 || !text) return;
  const auto missing = static_cast<float>(std::strtod(text, nullptr));
  for (float& value : picture.values)
    if (value == missing) value = NAN;
}

}  // namespace

Picture read_tiff(const std::string& path) {
  const Tiff tiff(path);
  require_one_page(tiff);
  const auto ny = tiff.field<std::uint32_t>(TIFFTAG_IMAGELENGTH, 0);
  const auto nx = tiff.field<std::uint32_t>(TIFFTAG_IMAGEWIDTH, 0);
  require_sides(path, ny, nx);
  const int bits = tiff.field<std::uint16_t>(TIFFTAG_BITSPERSAMPLE, 1);
  const int format = tiff.field<std::uint16_t>(TIFFTAG_SAMPLEFORMAT, SAMPLEFORMAT_UINT);
  const int colours = tiff.field<std::uint16_t>(TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISBLACK);
  const int bands = tiff.field<std::uint16_t>(TIFFTAG_SAMPLESPERPIXEL, 1);
  const bool grey = colours == PHOTOMETRIC_MINISBLACK || colours == PHOTOMETRIC_MINISWHITE;
  if (!grey && colours != PHOTOMETRIC_RGB && colours != PHOTOMETRIC_PALETTE && colours != PHOTOMETRIC_YCBCR)
    fail(ExitCode::data, "{}: a TIFF of colour space {} (5 is CMYK, 8 Lab); expected grey or RGB: convert it",
         path, colours);
  if (grey ? bands > 2 : bands > 4)
    fail(ExitCode::data, "{}: a TIFF of {} bands; expected grey or RGB: extract one band", path, bands);
  const bool plain = bits <= 8 && format == SAMPLEFORMAT_UINT;
  const bool wide = (bits == 16 || bits == 32 || bits == 64) && format <= SAMPLEFORMAT_IEEEFP &&
                    !(bits == 64 && format != SAMPLEFORMAT_IEEEFP) &&
                    !(bits == 16 && format == SAMPLEFORMAT_IEEEFP);
  const bool small = bits == 8 && format == SAMPLEFORMAT_INT;
  if (!plain && !wide && !small)
    fail(ExitCode::data,
         "{}: a TIFF of {} bits in sample format {}; expected whole or floating numbers of 1 to 32 bits",
         path, bits, format);
  if (plain) {
    Picture picture = read_bytes(tiff, ny, nx, grey);
    blank_missing(tiff, picture);
    return picture;
  }
  Picture picture = read_numbers(tiff, ny, nx, bands, bits, format);
  if (bands % 2 == 0) drop_alpha(path, picture);
  blank_missing(tiff, picture);
  if (colours == PHOTOMETRIC_MINISWHITE && !picture.floats)
    for (float& value : picture.values) value = static_cast<float>(picture.white) - value;
  return picture;
}

}  // namespace podscale
