// Pictures of all formats, and what is refused.
#include <cstddef>
#include <cstdio>
//
#include <jpeglib.h>

#include <cmath>

#include "on_all_ranks.hpp"
#include "podscale/field/image_set.hpp"
#include "podscale/field/picture_file.hpp"
#include "tiny_pictures.hpp"

namespace podscale {
namespace {

using Bytes = std::string;

struct ImageFormats : test::OnAllRanks {
  std::string write(const Bytes& bytes, const std::string& name = "f") {
    test::write_bytes(scratch / name, bytes);
    return scratch / name;
  }
  Picture read(const Bytes& bytes) { return read_picture(write(bytes)); }
  /// The line of the refusal; "" where the file is read.
  std::string refusal(const Bytes& bytes, const std::string& name = "f") {
    try {
      read_picture(write(bytes, name));
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::data);
      return error.what();
    }
    return "";
  }
  void expect_refused(const Bytes& bytes, const std::string& why) {
    const std::string line = refusal(bytes);
    EXPECT_NE(line.find(why), std::string::npos) << line;
    EXPECT_EQ(line.rfind(scratch / "f", 0), 0u) << line;
    EXPECT_EQ(line.find('\n'), std::string::npos) << line;
  }
};

const std::vector<float> ramp{0, 1, 2, 10, 11, 12};

TEST_F(ImageFormats, PngOfEveryKind) {
  const Picture grey = read(test::grey_png(2, 3));
  EXPECT_EQ(grey.bands, 1);
  EXPECT_EQ(grey.values, ramp);
  EXPECT_TRUE(grey.bytes);

  const Picture colour = read(test::png(1, 2, 8, 2, {Bytes("\x01\x02\x03\xff\x00\x80", 6)}));
  EXPECT_EQ(colour.bands, 3);
  EXPECT_EQ(colour.values, (std::vector<float>{1, 2, 3, 255, 0, 128}));

  const Picture deep = read(test::png(1, 2, 16, 0, {Bytes("\x01\x02\xff\xff", 4)}));
  EXPECT_EQ(deep.values, (std::vector<float>{258, 65535}));
  EXPECT_EQ(deep.white, 65535);
  EXPECT_FALSE(deep.bytes);

  const Bytes palette = test::png_chunk("PLTE", Bytes("\x0a\x14\x1e\xc8\xd2\xdc", 6));
  const Picture indexed = read(test::png(1, 3, 8, 3, {Bytes("\x01\x00\x01", 3)}, palette));
  EXPECT_EQ(indexed.values, (std::vector<float>{200, 210, 220, 10, 20, 30, 200, 210, 220}));

  const Picture bits = read(test::png(1, 4, 1, 0, {Bytes("\xa0", 1)}));
  EXPECT_EQ(bits.values, (std::vector<float>{255, 0, 255, 0}));

  const Picture opaque = read(test::png(1, 2, 8, 6, {Bytes("\x01\x02\x03\xff\x04\x05\x06\xff", 8)}));
  EXPECT_EQ(opaque.bands, 3);
  EXPECT_EQ(opaque.values, (std::vector<float>{1, 2, 3, 4, 5, 6}));
}

TEST_F(ImageFormats, PngThatIsNoneToWorkWith) {
  expect_refused(test::png(1, 2, 8, 4, {Bytes("\x01\xff\x02\x80", 4)}), "1 of 2 points are transparent");
  const Bytes whole = test::grey_png(20, 30);
  for (const std::size_t length : {9u, 30u, 50u, 80u}) expect_refused(whole.substr(0, length), "cut short");
  for (std::size_t at = 16; at + 12 < whole.size(); at += 11) {  // a flipped bit is seen by a checksum
    Bytes damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 4);
    EXPECT_NE(refusal(damaged), "") << at;
  }
  expect_refused(test::png(2000000000, 2000000000, 8, 0, {Bytes("\x01", 1)}), "cut it into parts");
  expect_refused("hello, I am a text\n", "begins with 'hello, I am '");
  expect_refused("", "begins with ''");
  EXPECT_THROW(read_picture(scratch / "absent.png"), Error);
}

TEST_F(ImageFormats, WhatIsWrittenIsRead) {
  Picture picture{2, 2, 3};
  picture.values = {0, 1, 2, 253.6f, 255, 300, -4, 7.4f, 8, 9, 10, 11};
  write_png(scratch / "w.png", picture, "a line");
  EXPECT_EQ(read_picture(scratch / "w.png").values,
            (std::vector<float>{0, 1, 2, 254, 255, 255, 0, 7, 8, 9, 10, 11}));
  std::string bytes(4096, '\0');
  std::ifstream file(scratch / "w.png", std::ios::binary);
  file.read(bytes.data(), 4096);
  EXPECT_NE(bytes.find(Bytes("Description\0a line", 18)), std::string::npos);
}

TEST_F(ImageFormats, Bmp) {
  // Rows from below, blue first, padded to 4 bytes.
  const Picture colour = read(test::bmp(2, 1, 24, "", Bytes("\x03\x02\x01\0\x06\x05\x04\0", 8)));
  EXPECT_EQ(colour.values, (std::vector<float>{4, 5, 6, 1, 2, 3}));
  const Picture grey =
      read(test::bmp(-1, 2, 8, Bytes("\x05\x05\x05\0\x09\x09\x09\0", 8), Bytes("\x01\x00\0\0", 4)));
  EXPECT_EQ(grey.bands, 1);
  EXPECT_EQ(grey.values, (std::vector<float>{9, 5}));
  const Picture bits =
      read(test::bmp(1, 3, 1, Bytes("\x05\x05\x05\0\x09\x09\x09\0", 8), Bytes("\x40\0\0\0", 4)));
  EXPECT_EQ(bits.values, (std::vector<float>{5, 9, 5}));
  expect_refused(test::bmp(2, 1, 24, "", Bytes("\x03\x02\x01\0", 4)), "ends after");
  expect_refused(test::bmp(1, 2, 8, Bytes("\x05\x05\x05\0", 4), Bytes("\x01\x00\0\0", 4)), "table lacks");
  expect_refused(test::bmp(100000, 100000, 24, "", ""), "cut it into parts");
}

TEST_F(ImageFormats, Tiff) {
  EXPECT_EQ(read(test::tiff(2, 3, 8, 1, 1, Bytes("\0\1\2\x0a\x0b\x0c", 6))).values, ramp);
  const Picture white_is_zero = read(test::tiff(1, 2, 8, 0, 1, Bytes("\0\x0a", 2)));
  EXPECT_EQ(white_is_zero.values, (std::vector<float>{255, 245}));

  Bytes deep, real;
  for (const float value : ramp) {
    deep += test::little(static_cast<std::uint16_t>(1000 * value));
    real += test::little(273.15f + value);
  }
  const Picture wide = read(test::tiff(2, 3, 16, 1, 1, deep));
  EXPECT_EQ(wide.white, 65535);
  EXPECT_EQ(wide.values.back(), 12000);
  const Picture kelvin = read(test::tiff(2, 3, 32, 1, 1, real, {{339, 3, 1, 3}}));
  EXPECT_TRUE(kelvin.floats);
  EXPECT_EQ(kelvin.values.back(), 273.15f + 12);

  // Of 32 bits no largest number is white; alpha is opaque at the largest of its type, or at 1.
  const auto two = [](std::uint32_t value) { return value | value << 16; };
  const std::vector<test::TiffEntry> whole{{258, 3, 2, two(32)}, {338, 3, 1, 2}},
      floating{{258, 3, 2, two(32)}, {338, 3, 1, 2}, {339, 3, 2, two(3)}};
  const Bytes full = test::little(~std::uint32_t{0});
  const Bytes grey = test::little(std::uint32_t{70000}), more = test::little(std::uint32_t{80000});
  const Picture opaque = read(test::tiff(1, 2, 32, 1, 2, grey + full + more + full, whole));
  EXPECT_TRUE(opaque.floats);
  EXPECT_EQ(opaque.values, (std::vector<float>{70000, 80000}));
  expect_refused(test::tiff(1, 2, 32, 1, 2, grey + full + more + grey, whole),
                 "1 of 2 points are transparent");
  EXPECT_EQ(read(test::tiff(1, 1, 32, 1, 2, test::little(0.25f) + test::little(1.0f), floating)).values,
            std::vector<float>{0.25f});

  // GDAL's "no value", here 0 as text.
  const Picture gaps = read(test::tiff(2, 3, 16, 1, 1, deep, {{42113, 2, 2, '0'}}));
  EXPECT_TRUE(std::isnan(gaps.values.front()));
  EXPECT_EQ(gaps.values[1], 1000);

  expect_refused(test::tiff(2, 3, 8, 5, 1, Bytes(6, '\1')), "colour space 5");
  expect_refused(test::tiff(2, 3, 8, 1, 1, Bytes(6, '\1')).substr(0, 60), "damaged");
  expect_refused(test::tiff(2, 3, 16, 1, 1, deep).substr(0, 130), "damaged");
  expect_refused(test::tiff(400000, 400000, 8, 1, 1, "x"), "cut it into parts");
}

/// By libjpeg, of even colour.
Bytes jpeg(J_COLOR_SPACE colours, int bands, const std::vector<JSAMPLE>& point) {
  jpeg_compress_struct writer{};
  jpeg_error_mgr errors{};
  writer.err = jpeg_std_error(&errors);
  jpeg_create_compress(&writer);
  unsigned char* memory = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&writer, &memory, &size);
  writer.image_width = 40, writer.image_height = 24;
  writer.input_components = bands;
  writer.in_color_space = colours;
  jpeg_set_defaults(&writer);
  jpeg_set_quality(&writer, 100, TRUE);
  jpeg_start_compress(&writer, TRUE);
  std::vector<JSAMPLE> row;
  for (int x = 0; x < 40; ++x) row.insert(row.end(), point.begin(), point.end());
  JSAMPROW rows[] = {row.data()};
  while (writer.next_scanline < writer.image_height) jpeg_write_scanlines(&writer, rows, 1);
  jpeg_finish_compress(&writer);
  jpeg_destroy_compress(&writer);
  const Bytes bytes(reinterpret_cast<char*>(memory), size);
  std::free(memory);
  return bytes;
}

TEST_F(ImageFormats, Jpeg) {
  const Bytes grey = jpeg(JCS_GRAYSCALE, 1, {77});
  EXPECT_EQ(read(grey).values, std::vector<float>(24 * 40, 77));
  const Picture colour = read(jpeg(JCS_RGB, 3, {200, 100, 50}));
  EXPECT_EQ(colour.bands, 3);
  EXPECT_NEAR(colour.values[0], 200, 2);
  EXPECT_NEAR(colour.values[1], 100, 2);
  EXPECT_NEAR(colour.values[2], 50, 2);
  expect_refused(jpeg(JCS_CMYK, 4, {1, 2, 3, 4}), "CMYK");
  expect_refused(grey.substr(0, grey.size() - 12), "cut short");
  expect_refused(grey.substr(0, 100), "cut short");
}

TEST_F(ImageFormats, GapsAreRefusedWhereAnImageIsMade) {
  Bytes real = test::little(1.5f) + test::little(std::nanf("")) + test::little(2.5f);
  const std::string path = write(test::tiff(1, 3, 32, 1, 1, real, {{339, 3, 1, 3}}), "gap.tif");
  const auto images = open_images({.files = {path}, .lr_only = true, .purpose = "a test"});
  try {
    images->read(0);
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("1 of 3 points have no value"), std::string::npos)
        << error.what();
  }
}

}  // namespace
}  // namespace podscale
