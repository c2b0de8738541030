#include "podscale/study/image_options.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <functional>
#include <string_view>

#include "podscale/config/namelist.hpp"
#include "podscale/study/options.hpp"

namespace podscale {
namespace {

[[noreturn]] void wrong(const std::string& source, const std::string& reason) {
  throw Error(ExitCode::usage, source + ": " + reason, true);
}

Degrade degrade_from_name(const std::string& name) {
  return name == "files"     ? Degrade::files
         : name == "bicubic" ? Degrade::bicubic
         : name == "block"   ? Degrade::block
                             : Degrade::kspace;
}

/// What a study of images reads beside its own group, &output and &verify (doc/images.md).
constexpr std::array<std::string_view, 10> kOthers{
    "training.seed",       "training.threads",          "training.time_limit",
    "training.resume",     "training.checkpoint_every", "training.validate_every",
    "sampling.seed",       "sampling.members",          "sampling.uncertainty",
    "sampling.calibration"};

/// What is said of fields must not be taken as said of images. Defaults are let through: the
/// namelist that a file holds has all keys.
void require_keys_of_images(const Namelist& n) {
  const Namelist defaults;
  for (const Key& key : key_table()) {
    const std::string group = key.group, name = group + "." + key.name;
    if (!n.given(name) || group == "images" || group == "output" || group == "verify" ||
        std::ranges::find(kOthers, name) != kOthers.end() ||
        n.effective_value(name) == defaults.effective_value(name))
      continue;
    wrong(n.source(), fmt::format("{} = {} beside &images; a study of images does not read it: leave it out "
                                  "(of other groups it reads {})",
                                  name, n.effective_value(name), fmt::join(kOthers, ", ")));
  }
  const auto require = [&](const std::string& name, const std::vector<std::string>& known) {
    if (std::ranges::find(known, n.text(name)) != known.end()) return;
    wrong(n.source(), fmt::format("{} = '{}' beside &images; expected {} of a study of images", name,
                                  n.text(name), fmt::join(known, ", ")));
  };
  require("sampling.uncertainty", {"auto", "head", "base"});
  require("sampling.calibration", {"none", "inflation", "conformal"});
}

void require_pairs(const ImageOptions& o, const std::vector<std::string>& hr,
                   const std::vector<std::string>& lr, const std::string& key) {
  const bool files = o.degrade == Degrade::files;
  if (files && !hr.empty() && lr.empty())
    wrong(o.source,
          fmt::format("images.degrade = 'files' without images.{}_lr_files; expected an LR image for "
                      "each of images.{}_files",
                      key, key));
  if (!files && !hr.empty() && !lr.empty())
    wrong(o.source, fmt::format("images.{}_lr_files beside images.{}_files, of which LR is made; expected "
                                "images.degrade = 'files', or one of the two lists",
                                key, key));
}

ImageSetRequest request(const ImageOptions& o, const std::vector<std::string>& hr,
                        const std::vector<std::string>& lr, const std::string& key,
                        const std::string& purpose) {
  if (hr.empty()) missing_key("images." + key, o.source);
  return {.files = hr, .lr_files = lr, .degrade = o.degrade, .factor = o.factor, .purpose = purpose};
}

}  // namespace

ImageOptions image_options(const Namelist& n) {
  const auto whole = [&](const char* key) { return static_cast<int>(n.integer(key)); };
  ImageOptions o{.train_files = n.texts("images.train_files"),
                 .validate_files = n.texts("images.validate_files"),
                 .test_files = n.texts("images.test_files"),
                 .train_lr_files = n.texts("images.train_lr_files"),
                 .validate_lr_files = n.texts("images.validate_lr_files"),
                 .test_lr_files = n.texts("images.test_lr_files"),
                 .degrade = degrade_from_name(n.text("images.degrade")),
                 .factor = whole("images.factor"),
                 .directory = file_path(n, "output.image_directory").value,
                 .patch = whole("images.patch"),
                 .halo = whole("images.halo"),
                 .modes = whole("images.modes"),
                 .shifts = whole("images.shifts"),
                 .contrast_classes = whole("images.contrast_classes"),
                 .boxes = n.integers("images.boxes"),
                 .tokens = n.real("images.tokens"),
                 .batch_tokens = whole("images.batch_tokens"),
                 .width = whole("images.width"),
                 .layers = whole("images.layers"),
                 .blocks = whole("images.blocks"),
                 .rate = n.real("images.rate"),
                 .members = n.logical("images.members"),
                 .source = n.source()};
  if (!o.active()) return o;
  if (!n.texts("data.hr_files").empty() || !n.texts("data.lr_files").empty())
    wrong(o.source, "both &images and data.hr_files or data.lr_files; expected a study of one of the two");
  require_keys_of_images(n);
  if (o.patch % o.factor != 0)
    wrong(o.source,
          fmt::format("images.patch = {} with images.factor = {}; expected a multiple of factor, as {}",
                      o.patch, o.factor, (o.patch / o.factor + 1) * o.factor));
  if (o.shifts == 3) wrong(o.source, "images.shifts = 3; expected 1, 2 or 4");
  if (o.modes > o.patch * o.patch)
    wrong(o.source, fmt::format("images.modes = {}; expected at most the {} points of a patch, or 0 for all",
                                o.modes, o.patch * o.patch));
  if (o.boxes.size() > ImageOptions::most_boxes ||
      std::adjacent_find(o.boxes.begin(), o.boxes.end(), std::greater_equal<>()) != o.boxes.end())
    wrong(o.source, fmt::format("images.boxes has {} sides; expected at most {}, ascending", o.boxes.size(),
                                ImageOptions::most_boxes));
  require_pairs(o, o.train_files, o.train_lr_files, "train");
  require_pairs(o, o.validate_files, o.validate_lr_files, "validate");
  require_pairs(o, o.test_files, o.test_lr_files, "test");
  return o;
}

ImageSetRequest train_images(const ImageOptions& o) {
  return request(o, o.train_files, o.train_lr_files, "train_files", "training");
}

ImageSetRequest validate_images(const ImageOptions& o) {
  return request(o, o.validate_files, o.validate_lr_files, "validate_files", "validation");
}

ImageSetRequest test_images(const ImageOptions& o) {
  ImageSetRequest r =
      request(o, o.lr_only() ? o.test_lr_files : o.test_files, o.test_lr_files, "test_files", "downscaling");
  r.lr_only = o.lr_only();
  r.all_slices = true;
  return r;
}

}  // namespace podscale
