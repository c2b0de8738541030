// In the place of the readers of pictures, where their libraries were not there when podscale was
// built.
#include "picture_formats.hpp"
#include "podscale/core/error.hpp"

namespace podscale {
namespace {

[[noreturn]] void refuse(const std::string& path) {
  fail(ExitCode::usage,
       "{}: this podscale was built without pictures; install libpng-dev, libjpeg-dev and libtiff-dev and "
       "build it again with PODSCALE_IMAGES=ON",
       path);
}

}  // namespace

bool pictures_available() {
  return false;
}
Picture read_png(const std::string& path) {
  refuse(path);
}
Picture read_jpeg(const std::string& path) {
  refuse(path);
}
Picture read_tiff(const std::string& path) {
  refuse(path);
}
void write_png(const std::string& path, const Picture&, const std::string&) {
  refuse(path);
}

}  // namespace podscale
