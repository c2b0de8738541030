// What podscale reads of pictures, and its scores of two of them, for image_judge.py:
//   image_dump FOLDER picture...   writes FOLDER/<number>.f32 (luma), _cb.f32 and _cr.f32; prints PSNR and
//                                  SSIM of the first two; FOLDER/copy.png: the first as podscale writes it
#include <mpi.h>

#include <cstdio>
#include <fstream>

#include "podscale/field/image_set.hpp"
#include "podscale/field/picture_file.hpp"
#include "podscale/verify/image_scores.hpp"

using namespace podscale;

namespace {

void dump(const std::string& path, const Plane& plane) {
  if (plane.empty()) return;
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(plane.values.data()),
             static_cast<std::streamsize>(plane.values.size() * sizeof(float)));
}

}  // namespace

int main(int argc, char** argv) {
  MPI_Init(&argc, &argv);
  int status = 0;
  try {
    const std::string folder = argv[1];
    ImageSetRequest request{.lr_only = true, .purpose = "the judge"};
    for (int i = 2; i < argc; ++i) request.files.emplace_back(argv[i]);
    const auto images = open_images(request);
    std::vector<Plane> luma;
    for (idx_t i = 0; i < images->size(); ++i) {
      const ImagePair pair = images->read(i);
      const std::string base = folder + "/" + std::to_string(i);
      dump(base + ".f32", pair.lr);
      dump(base + "_cb.f32", pair.cb);
      dump(base + "_cr.f32", pair.cr);
      luma.push_back(pair.lr);
    }
    std::printf("%.15g %.15g\n", psnr(luma.at(0), luma.at(1), 255),
                gaussian_ssim(luma.at(0), luma.at(1), 255));
    Picture copy = read_picture(request.files.front());
    write_png(folder + "/copy.png", copy, "");
  } catch (const Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    status = static_cast<int>(error.code());
  }
  MPI_Finalize();
  return status;
}
