#include "podscale/field/volume_file.hpp"

#include <zlib.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <memory>

#include "podscale/core/input_file.hpp"
#include "podscale/file/output_file.hpp"

namespace podscale {
namespace {

// Places in the header (nifti1.h).
constexpr std::size_t header_size = 348;
enum At : std::size_t {
  dims = 40,
  type = 70,
  bits = 72,
  spacing = 76,
  data_offset = 108,
  slope = 112,
  intercept = 116,
  scale_max = 124,
  description = 148,
  qform = 252,
  sform = 254,
  quaternion = 256,
  qoffset = 268,
  rows = 280,
  magic = 344
};

struct CloseGzip {
  void operator()(gzFile_s* file) const { gzclose(file); }
};
using Gzip = std::unique_ptr<gzFile_s, CloseGzip>;

template <class T>
T swapped(T value) {
  auto* bytes = reinterpret_cast<unsigned char*>(&value);
  std::reverse(bytes, bytes + sizeof value);
  return value;
}

template <class T>
T number(const char* at, bool swap) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return swap ? swapped(value) : value;
}

template <class T>
void put(std::string& header, std::size_t at, T value) {
  std::memcpy(header.data() + at, &value, sizeof value);
}

/// Numbers of type T in the bytes, scaled.
template <class T>
void convert(const std::string& bytes, bool swap, double factor, double offset, std::vector<float>& values) {
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = static_cast<float>(
        factor * static_cast<double>(number<T>(bytes.data() + i * sizeof(T), swap)) + offset);
}

struct NumberType {
  int code;
  std::size_t size;
  void (*convert)(const std::string&, bool, double, double, std::vector<float>&);
};
const NumberType number_types[] = {{2, 1, convert<std::uint8_t>},    {4, 2, convert<std::int16_t>},
                                   {8, 4, convert<std::int32_t>},    {16, 4, convert<float>},
                                   {64, 8, convert<double>},         {256, 1, convert<std::int8_t>},
                                   {512, 2, convert<std::uint16_t>}, {768, 4, convert<std::uint32_t>}};

using Affine = std::array<std::array<double, 4>, 3>;

/// By the rows that the file gives, else by its quaternion, else by the spacing alone (NIfTI's
/// methods 3, 2 and 1).
Affine affine_of(const std::string& header, bool swap) {
  const auto real = [&](std::size_t at) {
    return static_cast<double>(number<float>(header.data() + at, swap));
  };
  const auto code = [&](std::size_t at) { return number<std::int16_t>(header.data() + at, swap); };
  Affine m{};
  if (code(sform) > 0) {
    for (std::size_t r = 0; r < 3; ++r)
      for (std::size_t c = 0; c < 4; ++c) m[r][c] = real(rows + 16 * r + 4 * c);
    return m;
  }
  const std::array<double, 3> step{real(spacing + 4), real(spacing + 8), real(spacing + 12)};
  if (code(qform) <= 0) {
    for (std::size_t r = 0; r < 3; ++r) m[r][r] = step[r];
    return m;
  }
  const double b = real(quaternion), c = real(quaternion + 4), d = real(quaternion + 8);
  const double a = std::sqrt(std::max(0.0, 1 - b * b - c * c - d * d));
  const double handed = real(spacing) < 0 ? -1 : 1;
  const double rotation[3][3] = {{a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)},
                                 {2 * (b * c + a * d), a * a + c * c - b * b - d * d, 2 * (c * d - a * b)},
                                 {2 * (b * d - a * c), 2 * (c * d + a * b), a * a + d * d - b * b - c * c}};
  for (std::size_t r = 0; r < 3; ++r) {
    for (std::size_t k = 0; k < 3; ++k) m[r][k] = rotation[r][k] * step[k] * (k == 2 ? handed : 1);
    m[r][3] = real(qoffset + 4 * r);
  }
  return m;
}

std::string read_bytes(const Gzip& file, const std::string& path, std::size_t size) {
  std::string bytes(size, '\0');
  std::size_t got = 0;
  while (got < size) {
    const auto piece = static_cast<unsigned>(std::min<std::size_t>(size - got, 1u << 30));
    const int n = gzread(file.get(), bytes.data() + got, piece);
    if (n <= 0) break;
    got += static_cast<std::size_t>(n);
  }
  if (got < size)
    fail(ExitCode::data, "{}: ends after {} of {} bytes of {}; fetch it again", path, got, size,
         size == header_size ? "its header" : "voxels");
  return bytes;
}

bool known_size(const std::string& header, bool swap) {
  return number<std::int32_t>(header.data(), swap) == static_cast<std::int32_t>(header_size);
}

/// The two axes of a slice: of its rows and of its columns.
std::array<std::size_t, 2> plane_axes(const Volume& volume) {
  return {volume.axial == 2 ? 1u : 2u, volume.axial == 0 ? 1u : 0u};
}

std::array<idx_t, 3> strides(const std::array<idx_t, 3>& size) {
  return {1, size[0], size[0] * size[1]};
}

}  // namespace

bool is_volume(const std::string& path) {
  const Gzip file(gzopen(path.c_str(), "rb"));
  if (!file) return false;
  std::string header(header_size, '\0');
  const int got = gzread(file.get(), header.data(), header_size);
  if (got < 0) return true;  // compressed, and damaged: read_volume says so
  if (got < 4) return false;
  return known_size(header, false) || known_size(header, true);
}

Volume read_volume(const std::string& path) {
  require_regular_file(path);
  const Gzip file(gzopen(path.c_str(), "rb"));
  if (!file) fail(ExitCode::io, "{}: cannot be opened; check its permissions", path);
  Volume volume;
  volume.header = read_bytes(file, path, header_size);
  const bool swap = !known_size(volume.header, false);
  if (!known_size(volume.header, swap) || volume.header.substr(magic, 3) != "n+1")
    fail(ExitCode::data, "{}: is no NIfTI-1 of one file; expected .nii or .nii.gz: convert it", path);
  const auto whole = [&](std::size_t at) { return number<std::int16_t>(volume.header.data() + at, swap); };
  const auto real = [&](std::size_t at) { return number<float>(volume.header.data() + at, swap); };
  const int axes = whole(dims);
  bool flat = axes >= 3 && axes <= 7;
  for (int a = 4; a <= axes && flat; ++a) flat = whole(dims + 2 * static_cast<std::size_t>(a)) == 1;
  double voxels = 1;
  for (std::size_t a = 0; a < 3; ++a) {
    volume.size[a] = whole(dims + 2 * (a + 1));
    flat = flat && volume.size[a] >= 1;
    voxels *= static_cast<double>(volume.size[a]);
  }
  if (!flat)
    fail(ExitCode::data, "{}: has {} axes of {} x {} x {} ... voxels; expected three: split it", path, axes,
         volume.size[0], volume.size[1], volume.size[2]);
  if (voxels > 1e9)
    fail(ExitCode::data, "{}: its header says {} x {} x {} voxels; expected at most 1e9: cut it into parts",
         path, volume.size[0], volume.size[1], volume.size[2]);
  const auto* found = std::find_if(std::begin(number_types), std::end(number_types),
                                   [&](const NumberType& t) { return t.code == whole(type); });
  if (found == std::end(number_types))
    fail(ExitCode::data, "{}: voxels of NIfTI's type {}; expected whole or floating numbers: convert it",
         path, whole(type));
  const double start = static_cast<double>(real(data_offset));
  if (!(start >= header_size && start < 1e9))
    fail(ExitCode::data, "{}: voxels begin at byte {}; expected 352 or beyond: fetch it again", path, start);
  read_bytes(file, path, static_cast<std::size_t>(start) - header_size);
  const std::string bytes = read_bytes(file, path, static_cast<std::size_t>(voxels) * found->size);
  // Behind the voxels zlib compares the checksum: without this a damaged file may give wrong
  // numbers.
  for (std::string rest(1 << 16, '\0');;) {
    const int n = gzread(file.get(), rest.data(), static_cast<unsigned>(rest.size()));
    if (n > 0) continue;
    int problem = Z_OK;
    gzerror(file.get(), &problem);
    if (problem != Z_OK && problem != Z_STREAM_END)
      fail(ExitCode::data, "{}: its checksum is missing or that of other voxels; fetch it again", path);
    break;
  }
  const double factor = static_cast<double>(real(slope)), offset = static_cast<double>(real(intercept));
  volume.values.resize(static_cast<std::size_t>(voxels));
  const bool scaled = factor != 0 && std::isfinite(factor) && std::isfinite(offset);
  found->convert(bytes, swap, scaled ? factor : 1, scaled ? offset : 0, volume.values);
  const auto odd = std::count_if(volume.values.begin(), volume.values.end(),
                                 [](float value) { return !std::isfinite(value); });
  if (odd > 0)
    fail(ExitCode::data, "{}: {} of {} voxels are not finite; expected values everywhere: fill them", path,
         odd, volume.values.size());
  volume.affine = affine_of(volume.header, swap);
  for (int a = 0; a < 3; ++a)
    if (std::abs(volume.affine[2][static_cast<std::size_t>(a)]) >
        std::abs(volume.affine[2][static_cast<std::size_t>(volume.axial)]))
      volume.axial = a;
  return volume;
}

Plane axial_slice(const Volume& volume, idx_t slice) {
  const auto [row, column] = plane_axes(volume);
  const std::array<idx_t, 3> stride = strides(volume.size);
  Plane plane{volume.size[row], volume.size[column]};
  plane.values.reserve(static_cast<std::size_t>(plane.ny * plane.nx));
  for (idx_t y = 0; y < plane.ny; ++y)
    for (idx_t x = 0; x < plane.nx; ++x)
      plane.values.push_back(volume.values[slice * stride[static_cast<std::size_t>(volume.axial)] +
                                           y * stride[row] + x * stride[column]]);
  return plane;
}

void write_volume(const std::string& path, const Volume& like, int refined, const std::vector<Plane>& slices,
                  const std::string& text) {
  PODSCALE_ASSERT(std::ssize(slices) == like.slices(), "{} slices of {}", slices.size(), like.slices());
  const auto [row, column] = plane_axes(like);
  const auto axial = static_cast<std::size_t>(like.axial);
  std::array<idx_t, 3> size = like.size;
  size[row] = slices.front().ny, size[column] = slices.front().nx;
  const std::array<idx_t, 3> stride = strides(size);
  std::vector<float> values(static_cast<std::size_t>(size[0] * size[1] * size[2]));
  for (idx_t k = 0; k < size[axial]; ++k) {
    const Plane& plane = slices[static_cast<std::size_t>(k)];
    PODSCALE_ASSERT(plane.ny == size[row] && plane.nx == size[column], "slice {}", k);
    for (idx_t y = 0; y < plane.ny; ++y)
      for (idx_t x = 0; x < plane.nx; ++x)
        values[k * stride[axial] + y * stride[row] + x * stride[column]] = plane.values[y * plane.nx + x];
  }
  // The middle of a voxel of like's is the middle of refined x refined new ones.
  Affine affine = like.affine;
  for (auto& to : affine)
    for (const std::size_t a : {row, column}) {
      to[a] /= refined;
      to[3] += to[a] * (1 - refined) / 2;
    }
  std::string header(header_size, '\0');
  put(header, 0, static_cast<std::int32_t>(header_size));
  put(header, dims, std::int16_t{3});
  for (std::size_t a = 1; a < 8; ++a) {
    put(header, dims + 2 * a, static_cast<std::int16_t>(a <= 3 ? size[a - 1] : 1));
    double step = 0;
    for (std::size_t r = 0; a <= 3 && r < 3; ++r) step += affine[r][a - 1] * affine[r][a - 1];
    put(header, spacing + 4 * a, static_cast<float>(a <= 3 ? std::sqrt(step) : 1));
  }
  put(header, spacing, 1.0f);
  put(header, type, std::int16_t{16});
  put(header, bits, std::int16_t{32});
  put(header, data_offset, 352.0f);
  put(header, slope, 1.0f);
  put(header, std::size_t{123}, char{2});  // xyzt_units: millimetres
  put(header, scale_max, *std::max_element(values.begin(), values.end()));
  std::copy_n(text.begin(), std::min<std::size_t>(text.size(), 79), header.begin() + description);
  put(header, sform, std::int16_t{1});
  for (std::size_t r = 0; r < 3; ++r)
    for (std::size_t c = 0; c < 4; ++c) put(header, rows + 16 * r + 4 * c, static_cast<float>(affine[r][c]));
  header.replace(magic, 3, "n+1");
  header += std::string(4, '\0');

  OutputFile output(path);
  Gzip file(gzopen(output.temporary().c_str(), "wb6"));
  const auto refuse = [&] { fail(ExitCode::io, "{}: cannot be written; check folder and disk", path); };
  if (!file) refuse();
  const auto write = [&](const char* data, std::size_t bytes) {
    for (std::size_t done = 0; done < bytes;) {
      const auto piece = static_cast<unsigned>(std::min<std::size_t>(bytes - done, 1u << 30));
      if (gzwrite(file.get(), data + done, piece) != static_cast<int>(piece)) refuse();
      done += piece;
    }
  };
  write(header.data(), header.size());
  write(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float));
  if (gzclose(file.release()) != Z_OK) refuse();
  output.commit();
}

}  // namespace podscale
