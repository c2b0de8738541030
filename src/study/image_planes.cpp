#include "podscale/study/image_planes.hpp"

#include <filesystem>
#include <map>
#include <utility>

#include "podscale/core/error.hpp"
#include "podscale/file/output_file.hpp"

namespace podscale {

PlaneSeries planes_of(const ImageSet& images) {
  return {images.size(), [&images](idx_t i) {
            ImagePair pair = images.read(i);
            if (pair.hr.empty())
              fail(ExitCode::data, "{}: no HR image; expected pairs of HR and LR", pair.file);
            return PlanePair{std::move(pair.hr), std::move(pair.lr), pair.range};
          }};
}

void require_other_files(const ImageSet& training, const ImageSet& validation) {
  const auto true_path = [](const std::string& path) {
    std::error_code status;
    const std::filesystem::path found = std::filesystem::canonical(path, status);
    return status ? path : found.string();
  };
  std::map<std::string, std::string> trained;
  for (idx_t i = 0; i < training.size(); ++i) trained.emplace(true_path(training.file(i)), training.file(i));
  for (idx_t i = 0; i < validation.size(); ++i)
    if (const auto same = trained.find(true_path(validation.file(i))); same != trained.end())
      fail(ExitCode::usage,
           "{} of images.validate_files is {} of images.train_files; expected files of their own",
           validation.file(i), same->second);
}

void require_no_image(const ImageSet& images, const std::string& output) {
  for (idx_t i = 0; i < images.size(); ++i)
    for (const std::string& path : {images.file(i), images.lr_file(i)})
      if (!path.empty() && same_file(path, output))
        fail(ExitCode::usage, "{}: is an image that is read; expected a file that may be written", output);
}

}  // namespace podscale
