#include "image_pictures.hpp"

#include <algorithm>
#include <filesystem>

#include "podscale/field/picture_file.hpp"
#include "podscale/field/volume_file.hpp"
#include "podscale/mesh/resize.hpp"

namespace podscale {
namespace {

/// Steps of grey in a picture of the standard deviation for 1 of 255: what matters is some of
/// these.
constexpr float std_steps = 4;

Picture grey(const Plane& plane, float factor) {
  Picture picture{plane.ny, plane.nx};
  for (const float value : plane.values) picture.values.push_back(factor * value);
  return picture;
}

/// BT.601, as MATLAB's ycbcr2rgb.
Picture colour(const Plane& luma, const Plane& cb, const Plane& cr, float factor) {
  Picture picture{luma.ny, luma.nx, 3};
  for (idx_t i = 0; i < luma.ny * luma.nx; ++i) {
    const float y = 255.0f / 219 * (factor * luma.values[i] - 16);
    const float b = 255.0f / 224 * (cb.values[i] - 128), r = 255.0f / 224 * (cr.values[i] - 128);
    picture.values.push_back(y + 1.402f * r);
    picture.values.push_back(y - 0.344136f * b - 0.714136f * r);
    picture.values.push_back(y + 1.772f * b);
  }
  return picture;
}

}  // namespace

void write_pictures(const std::string& folder, const ImagePair& pair, const ImageForecast& forecast) {
  const auto path = [&](const std::string& what) { return folder + "/" + pair.name + "_" + what + ".png"; };
  const auto to_255 = static_cast<float>(255 / pair.range);
  Plane cb, cr;
  if (!pair.cb.empty()) {
    cb = resize_bicubic(pair.cb, forecast.mean.ny, forecast.mean.nx);
    cr = resize_bicubic(pair.cr, forecast.mean.ny, forecast.mean.nx);
  }
  const auto write = [&](const std::string& what, const Plane& plane, const std::string& text) {
    write_png(path(what), cb.empty() ? grey(plane, to_255) : colour(plane, cb, cr, to_255),
              text + (cb.empty() ? "" : "; Cb and Cr by bicubic interpolation"));
  };
  write("mean", forecast.mean, "podscale: mean of the downscaled image");
  write_png(path("std"), grey(forecast.std, std_steps * to_255),
            "podscale: standard deviation of the downscaled image; 4 steps of grey are 1 of 255, white is "
            "63.75 or more");
  for (std::size_t m = 0; m < forecast.members.size(); ++m)
    write(fmt::format("member_{}", m + 1), forecast.members[m],
          fmt::format("podscale: member {} of the downscaled image", m + 1));
}

void write_volumes(const std::string& stem, const std::string& volume_file, int refined,
                   const std::vector<ImageResult>& slices) {
  const Volume volume = read_volume(volume_file);
  const auto write = [&](const std::string& what, const std::string& text, const auto& plane_of) {
    const Plane& first = plane_of(slices.front());
    const Plane blank{first.ny, first.nx, std::vector<float>(first.values.size())};
    std::vector<Plane> planes(static_cast<std::size_t>(volume.slices()), blank);
    for (const ImageResult& slice : slices)
      planes.at(static_cast<std::size_t>(slice.slice)) = plane_of(slice);
    write_volume(stem + "_" + what + ".nii.gz", volume, refined, planes, "podscale: " + text);
  };
  write("mean", "mean", [](const ImageResult& s) -> const Plane& { return s.mean; });
  write("std", "standard deviation", [](const ImageResult& s) -> const Plane& { return s.std; });
  for (std::size_t m = 0; m < slices.front().members.size(); ++m)
    write(fmt::format("member_{}", m + 1), fmt::format("member {}", m + 1),
          [m](const ImageResult& s) -> const Plane& { return s.members.at(m); });
}

}  // namespace podscale
