// JPEG by libjpeg, whose errors come by longjmp, as libpng's.
#include <cstddef>
#include <cstdio>
// It wants FILE before.
#include <jpeglib.h>

#include <array>
#include <csetjmp>

#include "picture_formats.hpp"
#include "podscale/core/error.hpp"

namespace podscale {
namespace {

struct Jpeg {
  jpeg_error_mgr errors{};  // first: libjpeg knows its address only
  std::jmp_buf jump{};
  std::array<char, JMSG_LENGTH_MAX> problem{};
  jpeg_decompress_struct reader{};
  std::FILE* file = nullptr;
  std::vector<JSAMPLE> row;
  std::vector<float>* values = nullptr;
};

void keep_problem(j_common_ptr reader) {
  auto* jpeg = reinterpret_cast<Jpeg*>(reader->err);
  reader->err->format_message(reader, jpeg->problem.data());
  std::longjmp(jpeg->jump, 1);
}

/// Warnings are of data that libjpeg invents to go on: they are errors here.
void judge_message(j_common_ptr reader, int level) {
  if (level < 0) keep_problem(reader);
}

bool guarded(Jpeg& jpeg, void (*steps)(Jpeg&)) {
  if (setjmp(jpeg.jump) != 0) return false;
  steps(jpeg);
  return true;
}

void read_header(Jpeg& jpeg) {
  jpeg_create_decompress(&jpeg.reader);
  jpeg_stdio_src(&jpeg.reader, jpeg.file);
  jpeg_read_header(&jpeg.reader, TRUE);
}

void read_rows(Jpeg& jpeg) {
  std::size_t at = 0;
  while (jpeg.reader.output_scanline < jpeg.reader.output_height) {
    JSAMPROW row = jpeg.row.data();
    jpeg_read_scanlines(&jpeg.reader, &row, 1);
    for (const JSAMPLE sample : jpeg.row) (*jpeg.values)[at++] = sample;
  }
  jpeg_finish_decompress(&jpeg.reader);
}

}  // namespace

Picture read_jpeg(const std::string& path) {
  Jpeg jpeg;
  jpeg.file = std::fopen(path.c_str(), "rb");
  if (!jpeg.file) fail(ExitCode::io, "{}: cannot be opened; check its permissions", path);
  jpeg.reader.err = jpeg_std_error(&jpeg.errors);
  jpeg.errors.error_exit = keep_problem;
  jpeg.errors.emit_message = judge_message;
  struct Release {
    Jpeg& jpeg;
    ~Release() {
      jpeg_destroy_decompress(&jpeg.reader);
      std::fclose(jpeg.file);
    }
  } release{jpeg};
  const auto refuse = [&] {
    fail(ExitCode::data, "{}: this JPEG is damaged or cut short ({}); fetch it again", path,
         jpeg.problem.data());
  };
  if (!guarded(jpeg, read_header)) refuse();
  require_sides(path, jpeg.reader.image_height, jpeg.reader.image_width);
  const int colours = jpeg.reader.num_components;
  if (colours != 1 && colours != 3)
    fail(ExitCode::data,
         "{}: a JPEG of {} components (CMYK, say); expected grey or colour: convert it to RGB", path,
         colours);
  jpeg.reader.out_color_space = colours == 1 ? JCS_GRAYSCALE : JCS_RGB;
  jpeg.reader.dct_method = JDCT_ISLOW;
  if (!guarded(jpeg, [](Jpeg& j) { jpeg_start_decompress(&j.reader); })) refuse();
  Picture picture{static_cast<idx_t>(jpeg.reader.output_height), static_cast<idx_t>(jpeg.reader.output_width),
                  colours};
  picture.values.resize(static_cast<std::size_t>(picture.ny * picture.nx * colours));
  jpeg.row.resize(static_cast<std::size_t>(picture.nx * colours));
  jpeg.values = &picture.values;
  if (!guarded(jpeg, read_rows)) refuse();
  return picture;
}

}  // namespace podscale
