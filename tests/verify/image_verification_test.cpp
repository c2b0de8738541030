// podscale-verify of images: the same numbers at any number of ranks, in text and file.
#include "podscale/verify/image_verification.hpp"

#include <cmath>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "on_all_ranks.hpp"
#include "podscale/mesh/resize.hpp"
#include "podscale/study/image_product.hpp"
#include "raw_file.hpp"
#include "tiny_pictures.hpp"

namespace podscale {
namespace {

struct ImageVerification : test::OnAllRanks {
  Context context() const {
    Context c{.comm = Communicator::duplicate(MPI_COMM_WORLD), .namelist = {}, .files = {}};
    c.namelist.set("output.directory=" + scratch.path());
    c.namelist.set("images.test_files='" + scratch.path() + "/*.png'");
    c.options = StudyOptions(c.namelist);
    return c;
  }
  /// Bicubic with an even standard deviation, of pictures that are not smooth.
  void make_product(bool hr = true) {
    if (comm.is_root())
      for (int number = 0; number < 3; ++number) {
        std::vector<std::string> rows(32);
        for (int y = 0; y < 32; ++y)
          for (int x = 0; x < 40; ++x)
            rows[static_cast<std::size_t>(y)] +=
                static_cast<char>(60 + 40 * ((x / 5 + y / 7 + number) % 3) + x);
        test::write_bytes(scratch / ("p" + std::to_string(number) + ".png"), test::png(32, 40, 8, 0, rows));
      }
    comm.barrier();
    const Context c = context();
    const auto images = open_images(test_images(c.options.images));
    ImageProduct product(
        comm, {.file = scratch / "product.nc", .hr = hr, .conformal50 = 0.5, .conformal90 = 1.2}, *images);
    product.begin();
    for (idx_t i = comm.rank(); i < images->size(); i += comm.size()) {
      const ImagePair pair = images->read(i);
      const Plane mean = resize_bicubic(pair.lr, pair.hr.ny, pair.hr.nx);
      product.add(i, pair, {mean, {mean.ny, mean.nx, std::vector<float>(mean.values.size(), 15)}, {}});
    }
    product.finish();
  }
};

TEST_F(ImageVerification, TextAndFileHoldTheMeans) {
  make_product();
  const std::vector<ScoresPicture> pictures = run_image_verification(context());
  EXPECT_EQ(pictures.size(), comm.is_root() ? 1u : 0u);
  const Communicator self = Communicator::self();
  const NetcdfFile product = NetcdfFile::open(self, scratch / "product.nc"),
                   scores = NetcdfFile::open(self, scratch / "scores.nc");
  double psnr_sum = 0, crps_sum = 0;
  for (int number = 0; number < 3; ++number) {
    const ImageScores s = score_image(get_image(product, "p" + std::to_string(number)), {4, 0.5, 1.2});
    EXPECT_EQ(scores.get_all("psnr")[static_cast<std::size_t>(number)], s.podscale[0]);
    EXPECT_EQ(scores.get_all("bicubic_psnr")[static_cast<std::size_t>(number)], s.podscale[0]);
    psnr_sum += s.podscale[0];
    crps_sum += s.podscale[static_cast<std::size_t>(ImageColumn::crps)];
  }
  EXPECT_NEAR(scores.numbers("", "mean_psnr")->front(), psnr_sum / 3, 1e-12);
  EXPECT_NEAR(scores.numbers("", "mean_crps")->front(), crps_sum / 3, 1e-12);
  EXPECT_EQ(scores.variable("panel_truth").shape, (std::vector<std::size_t>{32, 40}));
  std::ifstream file(scratch / "scores.txt");
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_NE(text.str().find("Scores of 3 images"), std::string::npos);
  EXPECT_NE(text.str().find(fmt::format("{:8.2f}", psnr_sum / 3)), std::string::npos) << text.str();
}

TEST_F(ImageVerification, WhatCannotBeVerified) {
  make_product(false);
  const auto refused = [&](const Context& c, ExitCode code, const std::string& why) {
    try {
      run_image_verification(c);
      FAIL();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), code);
      EXPECT_TRUE(error.agreed() || comm.size() == 1);
      EXPECT_NE(std::string(error.what()).find(why), std::string::npos) << error.what();
    }
  };
  refused(context(), ExitCode::data, "none of its 3 images has a truth");
  make_product();
  Context other = context();
  other.namelist.set("verify.picture_image=q");
  refused(other, ExitCode::usage, "expected one of its 3, as 'p0'");
  Context absent = context();
  absent.namelist.set("output.product_file=absent.nc");
  refused(absent, ExitCode::no_input, "absent.nc");
  // Products that somebody has changed.
  const auto changed = [&](std::size_t of_truth, double white) {
    RawFile file;
    file.dims = {{"y", 12}, {"x", 12}, {"v", of_truth}, {"cell", 3}};
    file.add({.name = "a_mean", .dims = {"y", "x"}, .values = std::vector<double>(144, 1)});
    file.variables[0].numbers = {{"slice", -1}, {"black", 0}, {"white", white}, {"scored", 1}};
    file.add({.name = "a_std", .dims = {"y", "x"}, .values = std::vector<double>(144, 1)});
    file.add({.name = "a_lr", .dims = {"cell", "cell"}, .values = std::vector<double>(9, 1)});
    file.add({.name = "a_truth", .dims = {"v", "x"}, .values = std::vector<double>(12 * of_truth, 1)});
    write_raw(comm, scratch / "changed.nc", file);
    comm.barrier();
    if (comm.is_root()) {
      int id;
      nc_ok(nc_open((scratch / "changed.nc").c_str(), NC_WRITE, &id));
      nc_ok(nc_put_att_text(id, NC_GLOBAL, "podscale_images", 1, "a"));
      nc_ok(nc_close(id));
    }
    comm.barrier();
  };
  Context of_changed = context();
  of_changed.namelist.set("output.product_file=changed.nc");
  changed(11, 255);
  refused(of_changed, ExitCode::data, "has 11 x 12 points, its mean 12 x 12");
  changed(12, 0);
  refused(of_changed, ExitCode::data, "from black = 0 to white = 0");
  EXPECT_FALSE(std::filesystem::exists(scratch / "scores.nc"));
}

}  // namespace
}  // namespace podscale
