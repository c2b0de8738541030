// PNG by libpng. Its errors come by longjmp: between the jump and the frames it skips there is
// nothing that has a destructor.
#include <png.h>

#include <algorithm>
#include <cmath>
#include <csetjmp>
#include <cstdint>
#include <cstdio>
#include <utility>

#include "picture_formats.hpp"
#include "podscale/core/error.hpp"
#include "podscale/file/output_file.hpp"

namespace podscale {
namespace {

/// All that a call of libpng works on.
struct Png {
  std::string path, problem;
  std::FILE* file = nullptr;
  png_structp png = nullptr;
  png_infop info = nullptr;
  std::vector<png_byte> bytes;
  std::vector<png_bytep> rows;
  Picture picture{};
  std::string text{};
  ~Png() {
    if (file) std::fclose(file);
  }
};

void keep_problem(png_structp png, png_const_charp message) {
  static_cast<Png*>(png_get_error_ptr(png))->problem = message;
  png_longjmp(png, 1);
}

void ignore(png_structp, png_const_charp) {}

/// Runs `steps`; false where libpng jumped out of it.
bool guarded(Png& p, void (*steps)(Png&)) {
  if (setjmp(png_jmpbuf(p.png)) != 0) return false;
  steps(p);
  return true;
}

void read_header(Png& p) {
  png_init_io(p.png, p.file);
  // Sides are judged by require_sides, with a better message.
  png_set_user_limits(p.png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
  png_read_info(p.png, p.info);
}

/// Palettes become colours, small depths 8 bits, transparent colours an alpha channel.
void ask_for_plain_samples(Png& p) {
  png_set_expand(p.png);
  if (png_get_bit_depth(p.png, p.info) == 16) png_set_swap(p.png);
  png_set_interlace_handling(p.png);
  png_read_update_info(p.png, p.info);
}

void read_rows(Png& p) {
  png_read_image(p.png, p.rows.data());
  png_read_end(p.png, nullptr);
}

void write_all(Png& p) {
  const int type = p.picture.bands == 3 ? PNG_COLOR_TYPE_RGB : PNG_COLOR_TYPE_GRAY;
  png_init_io(p.png, p.file);
  png_set_IHDR(p.png, p.info, static_cast<png_uint_32>(p.picture.nx), static_cast<png_uint_32>(p.picture.ny),
               8, type, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  if (!p.text.empty()) {
    static char key[] = "Description";
    png_text entry{};
    entry.compression = PNG_TEXT_COMPRESSION_NONE;
    entry.key = key;
    entry.text = p.text.data();
    entry.text_length = p.text.size();
    png_set_text(p.png, p.info, &entry, 1);
  }
  png_write_info(p.png, p.info);
  png_write_image(p.png, p.rows.data());
  png_write_end(p.png, p.info);
}

void set_rows(Png& p, std::size_t stride) {
  for (idx_t y = 0; y < p.picture.ny; ++y)
    p.rows.push_back(p.bytes.data() + static_cast<std::size_t>(y) * stride);
}

[[noreturn]] void refuse(const Png& p) {
  fail(ExitCode::data, "{}: this PNG is damaged or cut short ({}); fetch it again", p.path, p.problem);
}

}  // namespace

bool pictures_available() {
  return true;
}

Picture read_png(const std::string& path) {
  Png p;
  p.path = path;
  p.file = std::fopen(path.c_str(), "rb");
  if (!p.file) fail(ExitCode::io, "{}: cannot be opened; check its permissions", path);
  p.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &p, keep_problem, ignore);
  p.info = p.png ? png_create_info_struct(p.png) : nullptr;
  PODSCALE_ASSERT(p.info, "libpng {}", PNG_LIBPNG_VER_STRING);
  struct Release {
    Png& p;
    ~Release() { png_destroy_read_struct(&p.png, &p.info, nullptr); }
  } release{p};
  if (!guarded(p, read_header)) refuse(p);
  p.picture.ny = png_get_image_height(p.png, p.info);
  p.picture.nx = png_get_image_width(p.png, p.info);
  require_sides(path, p.picture.ny, p.picture.nx);
  if (!guarded(p, ask_for_plain_samples)) refuse(p);
  const std::size_t stride = png_get_rowbytes(p.png, p.info);
  const bool wide = png_get_bit_depth(p.png, p.info) == 16;
  p.picture.bands = png_get_channels(p.png, p.info);
  p.bytes.resize(stride * static_cast<std::size_t>(p.picture.ny));
  set_rows(p, stride);
  if (!guarded(p, read_rows)) refuse(p);
  Picture picture = std::move(p.picture);
  picture.bytes = !wide;
  picture.white = wide ? 65535 : 255;
  if (wide) {
    const auto* samples = reinterpret_cast<const std::uint16_t*>(p.bytes.data());
    picture.values.assign(samples, samples + p.bytes.size() / 2);
  } else {
    picture.values.assign(p.bytes.begin(), p.bytes.end());
  }
  if (picture.bands % 2 == 0) drop_alpha(path, picture);
  return picture;
}

void write_png(const std::string& path, const Picture& picture, const std::string& text) {
  OutputFile output(path);
  Png p;
  p.path = path, p.text = text;
  p.picture.ny = picture.ny, p.picture.nx = picture.nx, p.picture.bands = picture.bands;
  p.bytes.reserve(picture.values.size());
  for (const float value : picture.values)
    p.bytes.push_back(static_cast<png_byte>(std::clamp(std::round(value), 0.0f, 255.0f)));
  set_rows(p, static_cast<std::size_t>(picture.nx) * static_cast<std::size_t>(picture.bands));
  p.file = std::fopen(output.temporary().c_str(), "wb");
  if (!p.file) fail(ExitCode::io, "{}: cannot be written; check its folder", path);
  p.png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &p, keep_problem, ignore);
  p.info = p.png ? png_create_info_struct(p.png) : nullptr;
  PODSCALE_ASSERT(p.info, "libpng {}", PNG_LIBPNG_VER_STRING);
  const bool written = guarded(p, write_all);
  png_destroy_write_struct(&p.png, &p.info);
  std::FILE* file = std::exchange(p.file, nullptr);
  if (std::fclose(file) != 0 || !written)
    fail(ExitCode::io, "{}: cannot be written ({}); check the room on the disk", path,
         p.problem.empty() ? "closing failed" : p.problem);
  output.commit();
}

}  // namespace podscale
