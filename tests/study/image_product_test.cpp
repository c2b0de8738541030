// Products of images: what is in them, and what a run that was stopped finds.
#include "podscale/study/image_product.hpp"

#include <chrono>
#include <filesystem>

#include "on_all_ranks.hpp"
#include "podscale/field/picture_file.hpp"
#include "podscale/field/volume_file.hpp"
#include "podscale/study/image_result.hpp"
#include "tiny_pictures.hpp"

namespace podscale {
namespace {

struct ImageProducts : test::OnAllRanks {
  ImageSetRequest images{.factor = 2, .all_slices = true, .purpose = "a test"};
  ImageProductRequest request{.factor = 2, .origin = "basis 1", .conformal90 = 1.5, .method = "base"};

  void SetUp() override {
    request.file = scratch / "product.nc";
    request.directory = scratch / "pictures";
    if (comm.is_root()) {
      test::write_bytes(scratch / "grey.png", test::grey_png(5, 6));
      test::write_bytes(
          scratch / "red.png",
          test::png(2, 2, 8, 2, {std::string("\xff\0\0\xff\0\0", 6), std::string("\xff\0\0\xff\0\0", 6)}));
      std::vector<std::int16_t> values;
      for (int i = 0; i < 4 * 4 * 3; ++i) values.push_back(static_cast<std::int16_t>(1000 + i));
      test::write_bytes(scratch / "head.nii", test::nifti(4, 4, 3, values, 1, 0));
    }
    comm.barrier();
    images.files = {scratch / "grey.png", scratch / "red.png", scratch / "head.nii"};
  }
  /// The truth as mean, 2 as std.
  static ImageForecast forecast(const ImagePair& pair) {
    ImageForecast f{pair.hr, pair.hr, {pair.hr}};
    for (float& value : f.std.values) value = 2;
    f.boxes = {{2, {pair.hr.ny / 2, pair.hr.nx / 2, {}}}, {64, {}}};
    f.boxes[0].std.values.assign(static_cast<std::size_t>(pair.hr.ny / 2 * (pair.hr.nx / 2)), 1.5F);
    return f;
  }
  /// Does what is not finished, up to `most` images of a rank; returns how many that were on all
  /// ranks.
  idx_t work(ImageProduct& product, const ImageSet& set, idx_t most = 100) {
    idx_t done = 0;
    product.begin();
    for (idx_t i = comm.rank(); i < set.size(); i += comm.size()) {
      if (product.finished(i) || done == most) continue;
      const ImagePair pair = set.read(i);
      product.add(i, pair, forecast(pair));
      ++done;
    }
    return comm.sum(static_cast<long>(done));
  }
};

TEST_F(ImageProducts, HoldsAllNumbersAndPictures) {
  const auto set = open_images(images);
  ImageProduct product(comm, request, *set);
  EXPECT_EQ(work(product, *set), 5);
  product.finish();
  EXPECT_FALSE(std::filesystem::exists(request.file + ".parts"));

  const Communicator self = Communicator::self();
  const NetcdfFile file = NetcdfFile::open(self, request.file);
  EXPECT_EQ(image_names(file), (std::vector<std::string>{"grey", "red", "head_000", "head_001", "head_002"}));
  EXPECT_EQ(file.numbers("", "conformal90")->front(), 1.5);
  EXPECT_FALSE(file.numbers("", "conformal50"));
  const ImageResult grey = get_image(file, "grey");
  EXPECT_EQ(grey.truth.values, set->read(0).hr.values);
  EXPECT_EQ(grey.mean.values, grey.truth.values);
  EXPECT_EQ(grey.lr.values, set->read(0).lr.values);
  EXPECT_EQ(grey.members.size(), 1u);
  ASSERT_EQ(grey.boxes.size(), 1u);  // it has none of 64 points
  EXPECT_EQ(grey.boxes[0].side, 2);
  EXPECT_EQ(grey.boxes[0].std.values.size(), static_cast<std::size_t>(grey.mean.ny / 2 * (grey.mean.nx / 2)));
  // A volume's numbers are its own: 2 of 255 grey levels.
  const ImageResult slice = get_image(file, "head_001");
  EXPECT_NEAR(slice.mean.values[0], 1016, 1e-3);
  EXPECT_NEAR(slice.std.values[0], 2 * slice.white / 255, 1e-4);
  EXPECT_NEAR(slice.on_grey_scale().std.values[0], 2, 1e-5);
  EXPECT_NEAR(slice.on_grey_scale().boxes.at(0).std.values[0], 1.5, 1e-5);

  EXPECT_EQ(read_picture(request.directory + "/grey_mean.png").values, grey.mean.values);
  for (const float value : read_picture(request.directory + "/grey_std.png").values) EXPECT_EQ(value, 8);
  // The luma's round number is back within a level of the colour.
  const Picture red = read_picture(request.directory + "/red_member_1.png");
  ASSERT_EQ(red.bands, 3);
  for (std::size_t i = 0; i < red.values.size(); ++i)
    EXPECT_NEAR(red.values[i], i % 3 == 0 ? 255 : 0, 1.5) << i;
  EXPECT_FALSE(std::filesystem::exists(request.directory + "/head_000_mean.png"));
  const Volume mean = read_volume(request.directory + "/head_mean.nii.gz"),
               input = read_volume(scratch / "head.nii");
  EXPECT_EQ(mean.size, input.size);
  EXPECT_EQ(mean.affine, input.affine);
  for (std::size_t i = 0; i < mean.values.size(); ++i) EXPECT_NEAR(mean.values[i], input.values[i], 1e-3);
}

TEST_F(ImageProducts, AProductThatIsCompleteIsKnownAgain) {
  const auto set = open_images(images);
  request.members = 1;
  const auto complete = [&] { return ImageProduct(comm, request, *set).complete(); };
  EXPECT_FALSE(complete());
  {
    ImageProduct product(comm, request, *set);
    work(product, *set);
    EXPECT_FALSE(product.complete());
    product.finish();
    EXPECT_TRUE(product.complete());
  }
  EXPECT_TRUE(complete());
  for (const std::string name : {"grey_std.png", "red_member_1.png", "head_mean.nii.gz"}) {
    const std::string path = request.directory + "/" + name;
    comm.barrier();
    if (comm.is_root()) std::filesystem::rename(path, path + ".away");
    comm.barrier();
    EXPECT_FALSE(complete()) << name;
    comm.barrier();
    if (comm.is_root()) std::filesystem::rename(path + ".away", path);
    comm.barrier();
    EXPECT_TRUE(complete()) << name;
  }
  request.conformal90 = 2;  // of other numbers
  EXPECT_FALSE(complete());
  request.conformal90 = 1.5;
  comm.barrier();
  if (comm.is_root())
    std::filesystem::last_write_time(scratch / "red.png",
                                     std::filesystem::file_time_type::clock::now() + std::chrono::seconds(5));
  comm.barrier();
  EXPECT_FALSE(complete());
}

TEST_F(ImageProducts, GoesOnAfterTheLastFinishedImage) {
  const auto set = open_images(images);
  idx_t first = 0;
  {
    ImageProduct stopped(comm, request, *set);
    first = work(stopped, *set, 1);
  }
  EXPECT_FALSE(std::filesystem::exists(request.file));
  EXPECT_EQ(first, std::min(5, comm.size()));
  comm.barrier();
  {
    ImageProductRequest other = request;
    other.origin = "basis 2";  // nothing of another basis is taken
    const ImageProduct fresh(comm, other, *set);
    for (idx_t i = 0; i < set->size(); ++i) EXPECT_FALSE(fresh.finished(i));
  }
  comm.barrier();
  if (comm.is_root()) {  // a part that is cut short is none
    const std::string part = request.file + ".parts/grey.nc";
    std::filesystem::resize_file(part, std::filesystem::file_size(part) / 2);
  }
  comm.barrier();
  ImageProduct again(comm, request, *set);
  EXPECT_EQ(work(again, *set), 5 - first + 1);
  again.finish();
  const Communicator self = Communicator::self();
  EXPECT_EQ(get_image(NetcdfFile::open(self, request.file), "grey").truth.values, set->read(0).hr.values);
}

TEST_F(ImageProducts, AnotherFileOfTheSameNameIsDoneAgain) {
  const auto set = open_images(images);
  ImageProduct product(comm, request, *set);
  work(product, *set);
  comm.barrier();
  if (comm.is_root()) test::write_bytes(scratch / "grey.png", test::grey_png(5, 7));
  comm.barrier();
  EXPECT_FALSE(product.finished(0));
  EXPECT_TRUE(product.finished(1));
}

TEST_F(ImageProducts, TwoImagesOfOneNameAreRefused) {
  if (comm.is_root()) {
    std::filesystem::create_directory(scratch / "more");
    test::write_bytes(scratch / "more/grey.png", test::grey_png(4, 4));
  }
  comm.barrier();
  images.files.push_back(scratch / "more/grey.png");
  const auto set = open_images(images);
  try {
    ImageProduct product(comm, request, *set);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::usage);
    EXPECT_TRUE(error.agreed());
    EXPECT_NE(std::string(error.what()).find("both make products of the name 'grey'"), std::string::npos);
  }
}

TEST_F(ImageProducts, InputsAreNotWrittenOver) {
  if (comm.is_root()) test::write_bytes(scratch / "grey_std.png", test::grey_png(4, 4));
  comm.barrier();
  images.files = {scratch / "grey.png", scratch / "grey_std.png"};
  const auto set = open_images(images);
  { const ImageProduct elsewhere(comm, request, *set); }
  comm.barrier();
  EXPECT_FALSE(std::filesystem::exists(request.file + ".parts"));  // nothing is left of no image
  comm.barrier();
  request.directory = scratch.path();
  EXPECT_THROW(ImageProduct(comm, request, *set), Error);
  if (comm.is_root()) test::write_bytes(scratch / "grey_member_2.png", test::grey_png(4, 4));
  comm.barrier();
  images.files = {scratch / "grey.png", scratch / "grey_member_2.png"};
  const auto members = open_images(images);
  request.members = 1;
  { const ImageProduct no_second(comm, request, *members); }
  request.members = 2;
  EXPECT_THROW(ImageProduct(comm, request, *members), Error);
}

TEST_F(ImageProducts, AnImageOfAnotherFolderIsAnother) {
  const std::string there = scratch / "there/grey.png";
  if (comm.is_root()) {
    std::filesystem::create_directory(scratch / "there");
    test::write_bytes(there, test::grey_png(5, 6));
    std::filesystem::last_write_time(there, std::filesystem::last_write_time(scratch / "grey.png"));
  }
  comm.barrier();
  images.files = {scratch / "grey.png"};
  const auto here = open_images(images);
  {
    ImageProduct product(comm, request, *here);
    work(product, *here);
    comm.barrier();
    EXPECT_TRUE(product.finished(0));
  }
  images.files = {there};
  const auto other = open_images(images);
  EXPECT_FALSE(ImageProduct(comm, request, *other).finished(0));
}

}  // namespace
}  // namespace podscale
