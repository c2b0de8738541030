// Lists of images: luma, LR images, volumes and stacks.
#include "podscale/field/image_set.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "on_all_ranks.hpp"
#include "podscale/field/volume_file.hpp"
#include "podscale/mesh/resize.hpp"
#include "raw_file.hpp"
#include "shared_data.hpp"
#include "tiny_pictures.hpp"

namespace podscale {
namespace {

struct ImageSets : test::OnAllRanks {
  ImageSetRequest request{.factor = 2, .purpose = "a test"};
  std::string file(const std::string& name, const std::string& bytes) {
    test::write_bytes(scratch / name, bytes);
    return scratch / name;
  }
  std::string refusal(ExitCode code) {
    try {
      const auto images = open_images(request);
      for (idx_t i = 0; i < images->size(); ++i) images->read(i);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), code) << error.what();
      EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
      return error.what();
    }
    return "";
  }
};

double mean_square(const Plane& a, const Plane& b, idx_t border, bool bytes) {
  double sum = 0;
  idx_t n = 0;
  for (idx_t y = border; y < a.ny - border; ++y)
    for (idx_t x = border; x < a.nx - border; ++x, ++n) {
      double v = a.values[y * a.nx + x];
      if (bytes) v = std::clamp(std::round(v), 0.0, 255.0);
      sum += std::pow(v - b.values[y * a.nx + x], 2);
    }
  return sum / static_cast<double>(n);
}

TEST_F(ImageSets, GlobsNamesAndWholeCells) {
  file("b.png", test::grey_png(5, 7));
  file("a.x.png", test::grey_png(4, 4));
  request.files = {scratch / "*.png"};
  const auto images = open_images(request);
  ASSERT_EQ(images->size(), 2);
  EXPECT_EQ(images->name(0), "a.x");
  EXPECT_EQ(images->name(1), "b");
  const ImagePair pair = images->read(1);
  EXPECT_EQ(pair.hr.ny, 4);
  EXPECT_EQ(pair.hr.nx, 6);
  EXPECT_EQ(pair.lr.ny, 2);
  EXPECT_EQ(pair.lr.nx, 3);
  EXPECT_EQ(pair.hr.values[6 + 5], 15);
  EXPECT_TRUE(pair.cb.empty());
  for (const float value : pair.lr.values) EXPECT_EQ(value, std::round(value));
  request.degrade = Degrade::block;
  EXPECT_EQ(open_images(request)->read(0).lr.values,
            (std::vector<float>{6, 8, 26, 28}));  // of 5.5, 7.5, ..., rounded
}

TEST_F(ImageSets, LumaAndChromaOfKnownColours) {
  // Black, white, red, blue: BT.601 for 8 bits.
  request.files = {
      file("c.png", test::png(1, 4, 8, 2, {std::string("\0\0\0\xff\xff\xff\xff\0\0\0\0\xff", 12)}))};
  request.lr_only = true;
  const ImagePair pair = open_images(request)->read(0);
  EXPECT_TRUE(pair.hr.empty());
  EXPECT_EQ(pair.lr.values, (std::vector<float>{16, 235, 81, 41}));
  EXPECT_EQ(pair.cb.values, (std::vector<float>{128, 128, 90, 240}));
  EXPECT_EQ(pair.cr.values, (std::vector<float>{128, 128, 240, 110}));
}

TEST_F(ImageSets, DeepPicturesAreOnTheSameScale) {
  request.files = {file("d.png", test::png(1, 2, 16, 0, {std::string("\x40\x00\xff\xff", 4)}))};
  request.lr_only = true;
  const ImagePair pair = open_images(request)->read(0);
  EXPECT_NEAR(pair.lr.values[0], 255.0 * 0x4000 / 65535, 1e-4);
  EXPECT_EQ(pair.lr.values[1], 255);
  EXPECT_EQ(pair.white, 65535);
}

TEST_F(ImageSets, TinyImages) {
  file("one.png", test::grey_png(1, 1));
  file("few.png", test::grey_png(7, 5));
  request.factor = 4;
  request.files = {scratch / "few.png"};
  const ImagePair few = open_images(request)->read(0);
  EXPECT_EQ(few.lr.values.size(), 1u);
  EXPECT_EQ(few.hr.ny, 4);
  request.files = {scratch / "one.png"};
  EXPECT_NE(refusal(ExitCode::data).find("1 x 1 points are less than one LR cell of 4 x 4"),
            std::string::npos);
  request.lr_only = true;
  EXPECT_EQ(open_images(request)->read(0).lr.values, std::vector<float>{0});
}

TEST_F(ImageSets, FilesOfLr) {
  request.files = {file("hr.png", test::grey_png(4, 6))};
  request.degrade = Degrade::files;
  request.lr_files = {file("lr.png", test::grey_png(2, 3))};
  EXPECT_EQ(open_images(request)->read(0).lr.values, (std::vector<float>{0, 1, 2, 10, 11, 12}));
  // Each file has the scale of its own type: 257 k of 65535 is k of 255.
  std::vector<std::string> rows(2);
  for (const int k : {0, 1, 2, 10, 11, 12}) rows[k < 10 ? 0 : 1] += std::string(2, static_cast<char>(k));
  request.lr_files = {file("deep.png", test::png(2, 3, 16, 0, rows))};
  const std::vector<float> deep = open_images(request)->read(0).lr.values;
  for (std::size_t i = 0; i < 6; ++i)
    EXPECT_NEAR(deep[i], std::vector<float>({0, 1, 2, 10, 11, 12})[i], 1e-4);
  request.lr_files = {file("odd.png", test::grey_png(3, 3))};
  EXPECT_NE(refusal(ExitCode::data).find("3 x 3 points; expected 2 x 3"), std::string::npos);
  request.lr_files = {scratch / "lr.png", scratch / "odd.png"};
  EXPECT_NE(refusal(ExitCode::usage).find("1 HR files and 2 LR files"), std::string::npos);
  request.lr_files = {scratch / "lr.png"};
  request.files = {scratch / "none*"};
  EXPECT_NE(refusal(ExitCode::no_input).find("nothing matches"), std::string::npos);
  request.files = {scratch / "none.png"};
  EXPECT_NE(refusal(ExitCode::no_input).find("no such file"), std::string::npos);
  request.files = {};
  refusal(ExitCode::usage);
}

/// 6 x 4 x 2 voxels, of which slice 1 is dark.
std::vector<std::int16_t> voxels() {
  std::vector<std::int16_t> values;
  for (int k = 0; k < 2; ++k)
    for (int j = 0; j < 4; ++j)
      for (int i = 0; i < 6; ++i) values.push_back(static_cast<std::int16_t>(k == 0 ? 100 + 10 * j + i : i));
  return values;
}

TEST_F(ImageSets, VolumesAreSlices) {
  test::write_gzip(scratch / "head.nii.gz", test::nifti(6, 4, 2, voxels(), 2, 10));
  request.files = {scratch / "head.nii.gz"};
  const auto images = open_images(request);
  ASSERT_EQ(images->size(), 1);  // the dark slice shows nothing
  EXPECT_EQ(images->name(0), "head_000");
  const ImagePair pair = images->read(0);
  EXPECT_TRUE(pair.scored);
  EXPECT_EQ(pair.hr.ny, 4);  // rows along j
  EXPECT_EQ(pair.hr.nx, 6);
  // numpy: np.quantile(2 v + 10, 0.999) of the 48 numbers.
  EXPECT_NEAR(pair.white, 279.906, 1e-3);
  EXPECT_NEAR(pair.hr.values[6 + 2], (2 * 112 + 10) / pair.white * 255, 1e-3);
  request.all_slices = true;
  const auto all = open_images(request);
  ASSERT_EQ(all->size(), 2);
  EXPECT_FALSE(all->read(1).scored);
}

TEST_F(ImageSets, TheAxialAxisIsThatOfTheAffine) {
  // Voxel axis 0 runs along z: its slices have j along columns and k along rows.
  file("turned.nii", test::nifti(6, 4, 2, voxels(), 1, 0, {1, 2, 0}));
  const Volume volume = read_volume(scratch / "turned.nii");
  EXPECT_EQ(volume.axial, 0);
  EXPECT_EQ(volume.slices(), 6);
  const Plane slice = axial_slice(volume, 3);
  EXPECT_EQ(slice.ny, 2);
  EXPECT_EQ(slice.nx, 4);
  EXPECT_EQ(slice.values, (std::vector<float>{103, 113, 123, 133, 3, 3, 3, 3}));
}

TEST_F(ImageSets, AVolumeKeepsItsPlace) {
  file("v.nii", test::nifti(6, 4, 2, voxels(), 1, 0));
  const Volume volume = read_volume(scratch / "v.nii");
  std::vector<Plane> slices;
  for (idx_t k = 0; k < 2; ++k) slices.push_back(resize_bicubic(axial_slice(volume, k), 12, 18));
  write_volume(scratch / "fine.nii.gz", volume, 3, slices, "a line");
  const Volume fine = read_volume(scratch / "fine.nii.gz");
  EXPECT_EQ(fine.size, (std::array<idx_t, 3>{18, 12, 2}));
  EXPECT_EQ(axial_slice(fine, 1).values, slices[1].values);
  for (std::size_t r = 0; r < 3; ++r) {
    // Voxel (0, 0, 0) and the middle of its 3 x 3 parts, (1, 1, 0), are one place.
    const auto at = [r](const Volume& v, double i, double j, double k) {
      return v.affine[r][0] * i + v.affine[r][1] * j + v.affine[r][2] * k + v.affine[r][3];
    };
    EXPECT_NEAR(at(fine, 1, 1, 0), at(volume, 0, 0, 0), 1e-5);
    EXPECT_NEAR(at(fine, 16, 10, 1), at(volume, 5, 3, 1), 1e-5);
  }
}

TEST_F(ImageSets, VolumesThatAreRefused) {
  const std::string whole = test::nifti(6, 4, 2, voxels(), 1, 0);
  const auto refused = [&](std::string bytes, const std::string& why) {
    request.files = {file("bad.nii", bytes)};
    const std::string line = refusal(ExitCode::data);
    EXPECT_NE(line.find(why), std::string::npos) << line;
  };
  refused(whole.substr(0, 400), "ends after 48 of 96 bytes");
  std::string changed = whole;
  changed[70] = 32;  // complex
  refused(changed, "type 32");
  changed = whole;
  changed[40] = 4, changed[48] = 3;  // three volumes in time
  refused(changed, "expected three");
  changed = whole;
  changed[42] = changed[44] = changed[46] = '\x7f', changed[43] = changed[45] = changed[47] = '\x70';
  refused(changed, "cut it into parts");
}

TEST_F(ImageSets, WhiteOfAVolumeIsAboveBlack) {
  request.lr_only = true;
  const auto reads = [&](const std::vector<std::int16_t>& values) {
    request.files = {file("v.nii", test::nifti(6, 4, 2, values, 1, 0))};
    return open_images(request)->read(0);
  };
  EXPECT_EQ(reads(std::vector<std::int16_t>(48, 0)).lr.values, std::vector<float>(24, 0));
  std::vector<std::int16_t> negative(48, -1000);
  negative.back() = -3;
  EXPECT_THROW(reads(negative), Error);
  EXPECT_NE(refusal(ExitCode::data).find("the 99.9 % quantile of its voxels, is -49."), std::string::npos);
  EXPECT_NE(refusal(ExitCode::data).find("expected more than 0"), std::string::npos);
  negative.back() = 3000;  // of few voxels the quantile is near the largest
  EXPECT_GT(reads(negative).white, 0);
  // LR is on the scale of HR, whatever its own quantile is.
  request.lr_only = false, request.all_slices = true, request.degrade = Degrade::files;
  std::vector<std::int16_t> small(12, -5);
  request.files = {file("hr.nii", test::nifti(6, 4, 2, voxels(), 1, 0))};
  request.lr_files = {file("lr.nii", test::nifti(3, 2, 2, small, 1, 0))};
  const ImagePair pair = open_images(request)->read(0);
  EXPECT_NEAR(pair.lr.values.front(), -5 / pair.white * 255, 1e-4);
}

TEST_F(ImageSets, DamagedCompressedVolumes) {
  const std::string path = scratch / "v.nii.gz";
  test::write_gzip(path, test::nifti(6, 4, 2, voxels(), 1, 0));
  std::ifstream in(path, std::ios::binary);
  const std::string whole{std::istreambuf_iterator<char>(in), {}};
  std::string changed = whole;
  changed[changed.size() - 8] ^= 1;  // of the checksum
  for (const std::string& bytes : {changed, whole.substr(0, whole.size() - 6)}) {
    request.files = {file("v.nii.gz", bytes)};
    EXPECT_NE(refusal(ExitCode::data).find("fetch it again"), std::string::npos);
  }
}

TEST_F(ImageSets, LrStacksHaveTheSlicesOfHr) {
  const auto stack = [&](const std::string& name, std::size_t images, std::size_t side) {
    RawFile raw;
    raw.dims = {{"image", images}, {"y", side}, {"x", side}};
    raw.add({.name = "t",
             .dims = {"image", "y", "x"},
             .values = ramp(0, 1, static_cast<int>(images * side * side))});
    write_raw(comm, scratch / name, raw);
    return std::string(scratch / name);
  };
  request.degrade = Degrade::files;
  request.files = {stack("hr.nc", 3, 4)};
  request.lr_files = {stack("lr.nc", 3, 2)};
  EXPECT_EQ(open_images(request)->read(2).lr.ny, 2);
  for (const std::size_t images : {1u, 5u}) {
    request.lr_files = {stack("other.nc", images, 2)};
    EXPECT_NE(refusal(ExitCode::data).find("expected 3 slices"), std::string::npos);
  }
  request.lr_files = {file("lone.png", test::grey_png(2, 2))};
  EXPECT_NE(refusal(ExitCode::data).find("has one image; expected 3 slices"), std::string::npos);
}

TEST_F(ImageSets, StacksOfNetcdf) {
  RawFile stack;
  stack.dims = {{"image", 2}, {"y", 2}, {"x", 2}};
  stack.add({.name = "t", .dims = {"image", "y", "x"}, .values = {280, 282, 284, 290, 300, 298, 290, 285}});
  write_raw(comm, scratch / "s.nc", stack);
  request.files = {scratch / "s.nc"};
  request.lr_only = true;
  const auto images = open_images(request);
  ASSERT_EQ(images->size(), 2);
  const ImagePair pair = images->read(1);
  EXPECT_EQ(pair.name, "s_001");
  EXPECT_EQ(pair.black, 280);
  EXPECT_EQ(pair.white, 300);
  EXPECT_EQ(pair.lr.values[0], 255);
  EXPECT_EQ(pair.lr.values[2], 127.5);
  stack.variables[0].numbers = {{"_FillValue", 284}};
  write_raw(comm, scratch / "s.nc", stack);
  EXPECT_NE(refusal(ExitCode::data).find("1 of 4 points have no value"), std::string::npos);
  // It is no volume, whatever it is called.
  stack.variables[0].numbers = {};
  write_raw(comm, scratch / "s.nii", stack);
  request.lr_only = false;
  request.files = {scratch / "s.nii"};
  EXPECT_EQ(open_images(request)->size(), 2);
  EXPECT_FALSE(open_images(request)->of_volume(0));
  request.lr_only = true;
  request.files = {scratch / "s.nc"};
  // What NetCDF leaves where nothing was written, too.
  stack.variables[0].numbers = {};
  stack.variables[0].values[2] = NC_FILL_DOUBLE;
  write_raw(comm, scratch / "s.nc", stack);
  EXPECT_NE(refusal(ExitCode::data).find("1 of 4 points have no value"), std::string::npos);
  stack.variables[0].values[2] = 284;
  stack.add({.name = "t_bounds", .dims = {"y", "x"}, .values = {1, 2, 3, 4}});
  stack.variables[0].numbers = {};
  write_raw(comm, scratch / "s.nc", stack);
  EXPECT_EQ(open_images(request)->size(), 2);
  stack.add({.name = "u", .dims = {"image", "x", "y"}, .values = {1, 2, 3, 4, 5, 6, 7, 8}});
  write_raw(comm, scratch / "s.nc", stack);
  EXPECT_NE(refusal(ExitCode::data).find("t, u"), std::string::npos);
}

// The figures of the literature, which all of super-resolution reports for bicubic interpolation:
// 28.42 and 33.66 dB.
TEST_F(ImageSets, BicubicRowsOfSet5) {
  PODSCALE_NEED_DATA(folder, "images/set5");
  request.files = {folder + "/*"};
  for (const auto& [factor, expected] : {std::pair{4, 28.42}, {2, 33.66}}) {
    request.factor = factor;
    const auto images = open_images(request);
    ASSERT_EQ(images->size(), 5);
    double sum = 0;
    for (idx_t i = 0; i < 5; ++i) {
      const ImagePair pair = images->read(i);
      const Plane large = resize_bicubic(pair.lr, pair.hr.ny, pair.hr.nx);
      sum += 10 * std::log10(255.0 * 255 / mean_square(large, pair.hr, factor, true)) / 5;
    }
    EXPECT_NEAR(sum, expected, 0.0101) << factor;
  }
}

}  // namespace
}  // namespace podscale
