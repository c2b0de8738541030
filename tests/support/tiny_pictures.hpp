#pragma once
// Pictures that the tests write byte by byte, so that what is read was not written by the
// libraries under test.

#include <zlib.h>

#include <cstdint>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

namespace podscale::test {

inline void write_bytes(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

template <class T>
std::string little(T value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

inline std::string big32(std::uint32_t value) {
  return {static_cast<char>(value >> 24), static_cast<char>(value >> 16), static_cast<char>(value >> 8),
          static_cast<char>(value)};
}

inline std::string png_chunk(const std::string& type, const std::string& data) {
  const std::string body = type + data;
  const auto crc = crc32(0, reinterpret_cast<const Bytef*>(body.data()), static_cast<uInt>(body.size()));
  return big32(static_cast<std::uint32_t>(data.size())) + body + big32(static_cast<std::uint32_t>(crc));
}

/// colour: 0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGBA; rows: each without its filter byte;
/// extra: chunks before the data.
inline std::string png(std::uint32_t ny, std::uint32_t nx, int depth, int colour,
                       const std::vector<std::string>& rows, const std::string& extra = "") {
  std::string raw;
  for (const std::string& row : rows) raw += std::string(1, '\0') + row;
  uLongf size = compressBound(raw.size());
  std::string packed(size, '\0');
  compress(reinterpret_cast<Bytef*>(packed.data()), &size, reinterpret_cast<const Bytef*>(raw.data()),
           raw.size());
  packed.resize(size);
  const std::string kind{static_cast<char>(depth), static_cast<char>(colour), 0, 0, 0};
  return "\x89PNG\r\n\x1a\n" + png_chunk("IHDR", big32(nx) + big32(ny) + kind) + extra +
         png_chunk("IDAT", packed) + png_chunk("IEND", "");
}

/// A grey ramp: value 10 y + x.
inline std::string grey_png(std::uint32_t ny, std::uint32_t nx) {
  std::vector<std::string> rows(ny);
  for (std::uint32_t y = 0; y < ny; ++y)
    for (std::uint32_t x = 0; x < nx; ++x) rows[y] += static_cast<char>(10 * y + x);
  return png(ny, nx, 8, 0, rows);
}

struct TiffEntry {
  std::uint16_t tag, type;  ///< 2: text, 3: 16 bits, 4: 32 bits
  std::uint32_t count, value;
};

/// Little endian, one strip behind the directory, entries beside the sizes. more: bytes behind the
/// strip.
inline std::string tiff(std::uint32_t ny, std::uint32_t nx, std::uint16_t bits, std::uint16_t colours,
                        std::uint16_t bands, const std::string& data, std::vector<TiffEntry> further = {}) {
  std::vector<TiffEntry> entries{{256, 4, 1, nx}, {257, 4, 1, ny}};
  if (bands == 1) entries.push_back({258, 3, 1, bits});
  entries.push_back({259, 3, 1, 1});
  entries.push_back({262, 3, 1, colours});
  const std::size_t of_strip = entries.size();
  entries.push_back({273, 4, 1, 0});
  entries.push_back({277, 3, 1, bands});
  entries.push_back({278, 4, 1, ny});
  entries.push_back({279, 4, 1, static_cast<std::uint32_t>(data.size())});
  entries.insert(entries.end(), further.begin(), further.end());
  const auto offset = static_cast<std::uint32_t>(8 + 2 + 12 * entries.size() + 4);
  entries[of_strip].value = offset;
  std::string file = "II*" + std::string(1, '\0') + little(std::uint32_t{8}) +
                     little(static_cast<std::uint16_t>(entries.size()));
  for (const TiffEntry& e : entries)
    file += little(e.tag) + little(e.type) + little(e.count) + little(e.value);
  return file + little(std::uint32_t{0}) + data;
}

/// Uncompressed; palette: of depths below 24, 4 bytes a colour; rows from below, padded.
inline std::string bmp(std::int32_t ny, std::int32_t nx, std::uint16_t depth, const std::string& palette,
                       const std::string& rows) {
  const auto offset = static_cast<std::uint32_t>(54 + palette.size());
  return "BM" + little(static_cast<std::uint32_t>(offset + rows.size())) + little(std::uint32_t{0}) +
         little(offset) + little(std::uint32_t{40}) + little(nx) + little(ny) + little(std::uint16_t{1}) +
         little(depth) + std::string(16, '\0') + little(static_cast<std::uint32_t>(palette.size() / 4)) +
         std::string(4, '\0') + palette + rows;
}

/// NIfTI-1 of 16 bits, spacing 2 mm; axes: of its rows of the affine, each the voxel axis that
/// runs along x, y, z.
inline std::string nifti(std::int16_t ni, std::int16_t nj, std::int16_t nk,
                         const std::vector<std::int16_t>& values, float slope, float intercept,
                         const std::vector<int>& axes = {0, 1, 2}) {
  std::string h(352, '\0');
  const auto put = [&h](std::size_t at, auto value) { std::memcpy(h.data() + at, &value, sizeof value); };
  put(0, std::int32_t{348});
  const std::int16_t dims[] = {3, ni, nj, nk, 1, 1, 1, 1};
  for (std::size_t a = 0; a < 8; ++a) put(40 + 2 * a, dims[a]);
  put(70, std::int16_t{4});
  put(72, std::int16_t{16});
  for (std::size_t a = 0; a < 4; ++a) put(76 + 4 * a, 2.0f);
  put(108, 352.0f);
  put(112, slope);
  put(116, intercept);
  put(254, std::int16_t{1});
  for (std::size_t r = 0; r < 3; ++r) {
    put(280 + 16 * r + 4 * static_cast<std::size_t>(axes[r]), 2.0f);
    put(280 + 16 * r + 12, -10.0f * static_cast<float>(r + 1));
  }
  std::memcpy(h.data() + 344, "n+1", 3);
  for (const std::int16_t value : values) h += little(value);
  return h;
}

inline void write_gzip(const std::string& path, const std::string& bytes) {
  const gzFile file = gzopen(path.c_str(), "wb");
  gzwrite(file, bytes.data(), static_cast<unsigned>(bytes.size()));
  gzclose(file);
}

}  // namespace podscale::test
