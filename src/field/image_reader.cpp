#include "image_reader.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>

#include "cf_variable.hpp"
#include "podscale/core/input_file.hpp"
#include "podscale/core/on_this_rank.hpp"
#include "podscale/field/picture_file.hpp"
#include "podscale/file/netcdf_file.hpp"

namespace podscale {
namespace {

bool is_netcdf(const std::string& path) {
  std::string bytes(8, '\0');
  std::ifstream file(path, std::ios::binary);
  file.read(bytes.data(), std::ssize(bytes));
  return bytes.starts_with("CDF") || bytes == "\x89HDF\r\n\x1a\n";
}

void require_values(const std::string& path, const std::vector<float>& values) {
  const auto missing =
      std::count_if(values.begin(), values.end(), [](float value) { return !std::isfinite(value); });
  if (missing > 0)
    fail(ExitCode::data, "{}: {} of {} points have no value; images have one everywhere: fill or cut them",
         path, missing, values.size());
}

/// An image of one number is black.
GreyScale between(double low, double high) {
  return {low, high > low ? high : low + 1};
}

GreyScale range_of(const std::vector<float>& values) {
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  return between(static_cast<double>(*low), static_cast<double>(*high));
}

/// White is the 99.9 % quantile, between the two nearest numbers: the brightest voxels are few and
/// far.
GreyScale scale_of(const Volume& volume, const std::string& path) {
  std::vector<float> sorted = volume.values;
  const double place = 0.999 * static_cast<double>(sorted.size() - 1);
  const auto low = static_cast<idx_t>(place);
  std::nth_element(sorted.begin(), sorted.begin() + low, sorted.end());
  const double below = static_cast<double>(sorted[low]);
  const double above = low + 1 < std::ssize(sorted)
                           ? static_cast<double>(*std::min_element(sorted.begin() + low + 1, sorted.end()))
                           : below;
  const double white = below + (place - static_cast<double>(low)) * (above - below);
  const bool black = std::all_of(sorted.begin(), sorted.end(), [](float value) { return value == 0; });
  if (white <= 0 && !black)
    fail(ExitCode::data,
         "{}: white, the 99.9 % quantile of its voxels, is {:g}; expected more than 0, which is black: shift "
         "its values, or cut it to what it shows",
         path, white);
  return between(0, white);
}

Plane scaled(Plane plane, const GreyScale& scale) {
  for (float& value : plane.values) value = scale(value);
  return plane;
}

/// BT.601, as MATLAB's rgb2ycbcr.
Image from_picture(Picture&& picture, const std::string& path, const std::optional<GreyScale>& given) {
  require_values(path, picture.values);
  Image image;
  image.bytes = picture.bytes;
  // Whole numbers have the scale of their type, also beside an HR image of another type.
  image.scale = !picture.floats ? GreyScale{0, picture.white} : given ? *given : range_of(picture.values);
  image.luma = {picture.ny, picture.nx};
  if (picture.bands == 1) {
    image.luma.values = std::move(picture.values);
    image.luma = scaled(std::move(image.luma), image.scale);
    return image;
  }
  image.cb = image.cr = image.luma;
  const auto rounded = [&](double value) {
    return static_cast<float>(image.bytes ? std::round(value) : value);
  };
  for (idx_t i = 0; i < picture.ny * picture.nx; ++i) {
    const auto band = [&](idx_t b) {
      return static_cast<double>(image.scale(picture.values[3 * i + b])) / 255;
    };
    const double r = band(0), g = band(1), b = band(2);
    image.luma.values.push_back(rounded(16 + 65.481 * r + 128.553 * g + 24.966 * b));
    image.cb.values.push_back(rounded(128 - 37.797 * r - 74.203 * g + 112 * b));
    image.cr.values.push_back(rounded(128 + 112 * r - 93.786 * g - 18.214 * b));
  }
  return image;
}

/// The only variable of two or three dimensions that holds numbers.
class Stack {
 public:
  explicit Stack(const std::string& path) : file_(NetcdfFile::open(alone_, path)) {
    std::vector<std::string> stacks, singles;
    for (const std::string& name : file_.variable_names()) {
      const VariableInfo info = file_.variable(name);
      if (info.type == NC_CHAR || info.type == NC_STRING) continue;
      if (info.shape.size() == 3) stacks.push_back(name);
      if (info.shape.size() == 2) singles.push_back(name);
    }
    const std::vector<std::string>& found =
        stacks.empty() ? singles : stacks;  // beside stacks there may be bounds
    if (found.size() != 1)
      fail(ExitCode::data, "{}: variables of (image, y, x){}: {}; expected one: extract it", path,
           stacks.empty() ? " or (y, x)" : "",
           found.empty() ? "none" : fmt::format("{}", fmt::join(found, ", ")));
    name_ = found.front();
    const VariableInfo info = file_.variable(name_);
    shape_ = info.shape;
    bytes_ = info.type == NC_UBYTE;
    for (const std::size_t n : shape_)
      if (n == 0) fail(ExitCode::data, "{}: variable '{}' is empty; expected images", path, name_);
    on_this_rank([&] { file_.require_held(name_, shape_), file_.require_filters(name_); });
    packing_ = packing_of(file_, name_);
    bytes_ = bytes_ && packing_.scale == 1 && packing_.offset == 0;
  }
  long slices() const { return shape_.size() == 3 ? static_cast<long>(shape_.front()) : -1; }
  bool bytes() const { return bytes_; }
  Plane plane(long slice) const {
    const std::size_t ny = shape_[shape_.size() - 2], nx = shape_.back();
    Plane plane{static_cast<idx_t>(ny), static_cast<idx_t>(nx)};
    std::vector<double> values(ny * nx);
    const bool one = shape_.size() == 2;
    file_.get(name_,
              one ? std::vector<std::size_t>{0, 0}
                  : std::vector<std::size_t>{static_cast<std::size_t>(slice), 0, 0},
              one ? std::vector<std::size_t>{ny, nx} : std::vector<std::size_t>{1, ny, nx}, values);
    for (const double value : values) plane.values.push_back(static_cast<float>(packing_.unpack(value)));
    require_values(file_.path(), plane.values);
    return plane;
  }
  /// One for all images, so that they can be told from each other.
  GreyScale scale() const {
    if (bytes_) return {};
    double low = std::numeric_limits<double>::infinity(), high = -low;
    for (long i = 0; i < std::max(1L, slices()); ++i) {
      const Plane image = plane(i);
      const auto [least, most] = std::minmax_element(image.values.begin(), image.values.end());
      low = std::min(low, static_cast<double>(*least)), high = std::max(high, static_cast<double>(*most));
    }
    return between(low, high);
  }

 private:
  Communicator alone_ = Communicator::self();
  NetcdfFile file_;
  std::string name_;
  std::vector<std::size_t> shape_;
  Packing packing_;
  bool bytes_ = false;
};

}  // namespace

ImageFormat image_format(const std::string& path) {
  require_regular_file(path);
  if (is_picture(path)) return ImageFormat::picture;
  if (is_netcdf(path)) return ImageFormat::stack;
  return is_volume(path) ? ImageFormat::volume : ImageFormat::picture;
}

const Volume& ImageReader::volume(const std::string& path) {
  if (volume_path_ != path) {
    volume_path_.clear();
    volume_ = read_volume(path);
    volume_path_ = path;
  }
  return volume_;
}

long ImageReader::slices(const std::string& path) {
  switch (image_format(path)) {
    case ImageFormat::stack:
      return Stack(path).slices();
    case ImageFormat::volume:
      return volume(path).slices();
    case ImageFormat::picture:
      break;
  }
  return -1;
}

Image ImageReader::read(const std::string& path, long slice, const std::optional<GreyScale>& scale) {
  const ImageFormat format = image_format(path);
  if (format == ImageFormat::picture) return from_picture(read_picture(path), path, scale);
  Image image;
  const auto set_scale = [&](const auto& find) {
    if (!scale && scale_path_ != path) scale_ = find(), scale_path_ = path;
    image.scale = scale.value_or(scale_);
  };
  if (format == ImageFormat::stack) {
    const Stack stack(path);
    set_scale([&] { return stack.scale(); });
    image.bytes = stack.bytes();
    image.luma = scaled(stack.plane(slice), image.scale);
    return image;
  }
  const Volume& found = volume(path);
  if (slice >= found.slices())
    fail(ExitCode::data, "{}: has {} slices; expected slice {} of its HR volume, too", path, found.slices(),
         slice);
  set_scale([&] { return scale_of(found, path); });
  image.luma = scaled(axial_slice(found, slice), image.scale);
  return image;
}

}  // namespace podscale
