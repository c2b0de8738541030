// BMP as its BITMAPINFOHEADER and later headers describe it, uncompressed.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "picture_formats.hpp"
#include "podscale/core/error.hpp"

namespace podscale {
namespace {

class Bytes {
 public:
  explicit Bytes(const std::string& path) : path_(path) {
    std::ifstream file(path, std::ios::binary);
    bytes_.assign(std::istreambuf_iterator<char>(file), {});
  }
  /// Little endian.
  std::uint32_t number(std::size_t at, int size) const {
    std::uint32_t value = 0;
    for (int i = size - 1; i >= 0; --i) value = value << 8 | byte(at + static_cast<std::size_t>(i));
    return value;
  }
  std::uint8_t byte(std::size_t at) const {
    if (at >= bytes_.size())
      fail(ExitCode::data, "{}: ends after {} bytes; expected more: fetch it again", path_, bytes_.size());
    return static_cast<std::uint8_t>(bytes_[at]);
  }

 private:
  std::string path_, bytes_;
};

}  // namespace

Picture read_bmp(const std::string& path) {
  const Bytes file(path);
  const std::size_t data = file.number(10, 4), header = file.number(14, 4);
  const auto nx = static_cast<std::int32_t>(file.number(18, 4));
  const auto rows = static_cast<std::int32_t>(file.number(22, 4));
  const std::uint32_t depth = file.number(28, 2), packing = file.number(30, 4);
  require_sides(path, std::abs(static_cast<long long>(rows)), nx);
  const bool direct = depth == 24 || depth == 32;
  if (header < 40 || packing != 0 || !(direct || depth == 1 || depth == 4 || depth == 8))
    fail(ExitCode::data,
         "{}: a BMP of {} bits a point, packed as {}; expected 1, 4, 8, 24 or 32 bits, unpacked", path, depth,
         packing);
  Picture picture{std::abs(rows), nx, 3};
  // Rows are padded to 4 bytes; the lowest is first, unless their number is negative.
  const std::size_t stride = (static_cast<std::size_t>(nx) * depth + 31) / 32 * 4;
  file.byte(data + stride * static_cast<std::size_t>(picture.ny) - 1);
  const std::size_t table = 14 + header;
  picture.values.reserve(static_cast<std::size_t>(picture.ny * nx * 3));
  bool grey = !direct;
  for (idx_t y = 0; y < picture.ny; ++y) {
    const std::size_t row = data + stride * static_cast<std::size_t>(rows < 0 ? y : picture.ny - 1 - y);
    for (std::size_t x = 0; x < static_cast<std::size_t>(nx); ++x) {
      std::size_t colour = row + x * depth / 8;
      if (!direct) {
        const std::uint32_t shift = 8 - depth - static_cast<std::uint32_t>(x * depth % 8);
        colour = table + 4 * (file.byte(colour) >> shift & ((1u << depth) - 1));
        if (colour >= data)
          fail(ExitCode::data, "{}: a point has a colour that its table lacks; fetch the file again", path);
        grey =
            grey && file.byte(colour) == file.byte(colour + 1) && file.byte(colour) == file.byte(colour + 2);
      }
      for (std::size_t band : {2, 1, 0}) picture.values.push_back(file.byte(colour + band));
    }
  }
  if (grey) keep_first_band(picture);
  return picture;
}

}  // namespace podscale
