#include "podscale/study/image_result.hpp"

#include <algorithm>
#include <cctype>
#include <sstream>

namespace podscale {
namespace {

std::string along(const char* axis, const ImageResult& image) {
  return std::string(axis) + "_" + image_variable_name(image.name);
}

void define_plane(NetcdfFile& file, const ImageResult& image, const std::string& what,
                  const std::string& text, const std::vector<std::string>& dims) {
  const std::string name = image_variable_name(image.name) + "_" + what;
  VariableOptions options;
  options.deflate = 1;
  file.define_variable(name, NC_FLOAT, dims, options);
  file.describe(name, text + " of " + image.name, "");
}

void put_plane(NetcdfFile& file, const ImageResult& image, const std::string& what, const Plane& plane,
               long member = -1) {
  std::vector<std::size_t> start{0, 0},
      count{static_cast<std::size_t>(plane.ny), static_cast<std::size_t>(plane.nx)};
  if (member >= 0) {
    start.insert(start.begin(), static_cast<std::size_t>(member));
    count.insert(count.begin(), 1);
  }
  file.put(image_variable_name(image.name) + "_" + what, start, count, std::span<const float>(plane.values));
}

Plane plane_of(const NetcdfFile& file, const std::string& variable, long member, bool with_values) {
  std::vector<std::size_t> count = file.variable(variable).shape, start(count.size(), 0);
  if (count.size() != (member < 0 ? 2u : 3u))
    fail(ExitCode::data, "{}: '{}' has {} dimensions; expected an image; make the product again", file.path(),
         variable, count.size());
  if (member >= 0) start.front() = static_cast<std::size_t>(member), count.front() = 1;
  Plane plane{static_cast<idx_t>(count[count.size() - 2]), static_cast<idx_t>(count.back())};
  if (!with_values) return plane;
  plane.values.resize(static_cast<std::size_t>(plane.ny * plane.nx));
  file.get(variable, start, count, std::span<float>(plane.values));
  return plane;
}

std::string box_words(idx_t side) {
  return "std_box_" + std::to_string(side);
}

}  // namespace

ImageResult ImageResult::on_grey_scale() const {
  ImageResult result = *this;
  const double factor = 255 / (white - black);
  const auto scale = [&](Plane& plane, double zero) {
    for (float& value : plane.values)
      value = static_cast<float>((static_cast<double>(value) - zero) * factor);
  };
  for (Plane* plane : {&result.mean, &result.lr, &result.truth}) scale(*plane, black);
  for (Plane& member : result.members) scale(member, black);
  scale(result.std, 0);
  for (BoxDeviation& box : result.boxes) scale(box.std, 0);
  return result;
}

std::string image_variable_name(const std::string& name) {
  std::string result = name;
  for (char& c : result)
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '-' && c != '_' && c != '.') c = '_';
  // NetCDF's names begin with a letter, a digit or '_'.
  if (!result.empty() && !std::isalnum(static_cast<unsigned char>(result.front()))) result.front() = '_';
  return result;
}

void define_image(NetcdfFile& file, const ImageResult& image) {
  const std::string y = along("y", image), x = along("x", image);
  file.define_dimension(y, static_cast<std::size_t>(image.mean.ny));
  file.define_dimension(x, static_cast<std::size_t>(image.mean.nx));
  file.define_dimension("lr_" + y, static_cast<std::size_t>(image.lr.ny));
  file.define_dimension("lr_" + x, static_cast<std::size_t>(image.lr.nx));
  define_plane(file, image, "mean", "mean of the downscaled image", {y, x});
  define_plane(file, image, "std", "standard deviation of the downscaled image", {y, x});
  define_plane(file, image, "lr", "image of low resolution", {"lr_" + y, "lr_" + x});
  if (image.truth.ny > 0) define_plane(file, image, "truth", "image of high resolution", {y, x});
  if (!image.members.empty()) {
    const std::string m = along("member", image);
    file.define_dimension(m, image.members.size());
    define_plane(file, image, "members", "members of the downscaled image", {m, y, x});
  }
  std::vector<double> sides;
  for (const BoxDeviation& box : image.boxes) {
    const std::string what = box_words(box.side), by = y + "_" + what, bx = x + "_" + what;
    file.define_dimension(by, static_cast<std::size_t>(box.std.ny));
    file.define_dimension(bx, static_cast<std::size_t>(box.std.nx));
    define_plane(file, image, what,
                 fmt::format("standard deviation of means over boxes of {0} x {0} points", box.side),
                 {by, bx});
    sides.push_back(static_cast<double>(box.side));
  }
  const std::string mean = image_variable_name(image.name) + "_mean";
  if (!sides.empty()) file.put_numbers(mean, "boxes", sides, NC_INT);
  file.put_text(mean, "file", image.file);
  file.put_numbers(mean, "slice", {static_cast<double>(image.slice)}, NC_INT);
  file.put_numbers(mean, "black", {image.black});
  file.put_numbers(mean, "white", {image.white});
  file.put_numbers(mean, "scored", {image.scored ? 1.0 : 0.0}, NC_INT);
}

void put_image(NetcdfFile& file, const ImageResult& image) {
  put_plane(file, image, "mean", image.mean);
  put_plane(file, image, "std", image.std);
  put_plane(file, image, "lr", image.lr);
  if (!image.truth.empty()) put_plane(file, image, "truth", image.truth);
  for (std::size_t m = 0; m < image.members.size(); ++m)
    put_plane(file, image, "members", image.members[m], static_cast<long>(m));
  for (const BoxDeviation& box : image.boxes) put_plane(file, image, box_words(box.side), box.std);
}

ImageResult get_image(const NetcdfFile& file, const std::string& name, bool with_values) {
  const auto get_plane = [&](const NetcdfFile& from, const std::string& variable, long member = -1) {
    return plane_of(from, variable, member, with_values);
  };
  const std::string mean = name + "_mean";
  const auto number = [&](const char* what) {
    const auto values = file.numbers(mean, what);
    if (!values || values->size() != 1)
      fail(ExitCode::data, "{}: '{}' lacks the attribute {}; make the product again", file.path(), mean,
           what);
    return values->front();
  };
  ImageResult image{name, file.text(mean, "file").value_or("")};
  image.slice = static_cast<long>(number("slice"));
  image.black = number("black"), image.white = number("white");
  image.scored = number("scored") != 0;
  image.mean = get_plane(file, mean);
  image.std = get_plane(file, name + "_std");
  image.lr = get_plane(file, name + "_lr");
  if (file.has_variable(name + "_truth")) image.truth = get_plane(file, name + "_truth");
  if (file.has_variable(name + "_members"))
    for (std::size_t m = 0; m < file.variable(name + "_members").shape.front(); ++m)
      image.members.push_back(get_plane(file, name + "_members", static_cast<long>(m)));
  for (const double side : file.numbers(mean, "boxes").value_or(std::vector<double>{})) {
    BoxDeviation& box = image.boxes.emplace_back(BoxDeviation{static_cast<idx_t>(side), {}});
    box.std = get_plane(file, name + "_" + box_words(box.side));
    if (box.side < 1 || box.std.ny != image.mean.ny / box.side || box.std.nx != image.mean.nx / box.side)
      fail(ExitCode::data, "{}: '{}_{}' has {} x {} boxes for {} x {} points; make the product again",
           file.path(), name, box_words(box.side), box.std.ny, box.std.nx, image.mean.ny, image.mean.nx);
  }
  std::vector<const Plane*> planes{&image.std};
  if (!image.truth.empty()) planes.push_back(&image.truth);
  for (const Plane& member : image.members) planes.push_back(&member);
  for (const Plane* plane : planes)
    if (plane->ny != image.mean.ny || plane->nx != image.mean.nx)
      fail(ExitCode::data,
           "{}: an image of '{}' has {} x {} points, its mean {} x {}; make the product again", file.path(),
           name, plane->ny, plane->nx, image.mean.ny, image.mean.nx);
  if (!(image.white > image.black) || image.mean.ny < 1 || image.mean.nx < 1)
    fail(ExitCode::data, "{}: '{}' goes from black = {} to white = {}; expected more; make the product again",
         file.path(), mean, image.black, image.white);
  return image;
}

std::vector<std::string> image_names(const NetcdfFile& file) {
  const auto text = file.text("", "podscale_images");
  if (!text)
    fail(ExitCode::data, "{}: is no product of images; expected one of podscale-downscale with &images",
         file.path());
  std::vector<std::string> names;
  std::istringstream words(*text);
  for (std::string name; words >> name;) names.push_back(name);
  return names;
}

}  // namespace podscale
