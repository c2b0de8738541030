#include "podscale/verify/image_verification.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include "podscale/core/log.hpp"
#include "podscale/core/on_this_rank.hpp"
#include "podscale/file/seal.hpp"

namespace podscale {
namespace {

/// All numbers of an ImageScores, in one order: they go over ranks as such.
std::vector<double> flattened(const ImageScores& s) {
  std::vector<double> all;
  const auto add = [&](const auto& values) { all.insert(all.end(), values.begin(), values.end()); };
  add(s.podscale), add(s.bicubic), add(s.members);
  add(s.sparsification.curve), add(s.sparsification.oracle);
  add(s.deviations.points), add(s.deviations.predicted), add(s.deviations.squared_error);
  add(s.spectra.truth), add(s.spectra.mean), add(s.spectra.member), add(s.spectra.error),
      add(s.spectra.spread);
  add(s.boxes.side), add(s.boxes.boxes), add(s.boxes.squared_error), add(s.boxes.predicted),
      add(s.boxes.spread);
  return all;
}

ImageScores unflattened(const double* at) {
  ImageScores s;
  const auto take = [&](auto& values) {
    std::copy_n(at, values.size(), values.begin());
    at += values.size();
  };
  take(s.podscale), take(s.bicubic), take(s.members);
  take(s.sparsification.curve), take(s.sparsification.oracle);
  take(s.deviations.points), take(s.deviations.predicted), take(s.deviations.squared_error);
  take(s.spectra.truth), take(s.spectra.mean), take(s.spectra.member), take(s.spectra.error),
      take(s.spectra.spread);
  take(s.boxes.side), take(s.boxes.boxes), take(s.boxes.squared_error), take(s.boxes.predicted),
      take(s.boxes.spread);
  return s;
}

std::string picture_image(const std::vector<std::string>& names, const Namelist& namelist) {
  const std::string& wanted = namelist.text("verify.picture_image");
  if (wanted.empty()) return names.front();
  if (std::find(names.begin(), names.end(), wanted) == names.end())
    fail(ExitCode::usage,
         "{}: verify.picture_image = '{}' is no image of the product; expected one of its {}, as '{}'",
         namelist.source(), wanted, names.size(), names.front());
  return wanted;
}

}  // namespace

std::vector<ScoresPicture> run_image_verification(const Context& context) {
  const Communicator& comm = context.comm;
  const Namelist& namelist = context.namelist;
  const std::string path = file_path(namelist, "output.product_file").get(),
                    scores_path = file_path(namelist, "verify.scores_file").get(),
                    text_path = file_path(namelist, "verify.text_file").get(),
                    picture_path = file_path(namelist, "verify.picture_file").value;
  const Communicator self = Communicator::self();
  check_seal(comm, path);
  ImageSetScores scores{.product = path, .namelist = namelist.effective()};
  std::optional<NetcdfFile> file;
  std::vector<std::string> all;
  std::string drawn;
  comm.agree([&] {
    on_this_rank([&] {
      file.emplace(NetcdfFile::open(self, path));
      if (comm.is_root()) file->warn_of_changes();
      all = image_names(*file);
      for (const std::string& name : all)
        if (file->has_variable(name + "_truth")) {
          const auto scored = file->numbers(name + "_mean", "scored");
          if (!scored || scored->front() != 0) scores.names.push_back(name);
        }
      if (scores.names.empty())
        fail(
            ExitCode::data,
            "{}: none of its {} images has a truth; expected HR images: give images.test_files to podscale-downscale",
            path, all.size());
      const auto number = [&](const char* what, double otherwise) {
        const auto values = file->numbers("", what);
        return values && !values->empty() ? values->front() : otherwise;
      };
      scores.protocol = {static_cast<int>(number("factor", 4)), number("conformal50", 0),
                         number("conformal90", 0)};
      scores.method = file->text("", "podscale_method").value_or("");
      drawn = picture_image(scores.names, namelist);
    });
  });
  log::info("{}: {} images, {} of them judged", path, all.size(), scores.names.size());
  if (context.check) {
    log::info("inputs are fine; would write {} and {}", text_path, scores_path);
    return {};
  }
  const auto locks = context.claim({text_path, scores_path});

  // Every image is some rank's; the others add zeros.
  const std::size_t each = flattened({}).size();
  std::vector<double> numbers(scores.names.size() * each, 0.0);
  comm.agree([&] {
    on_this_rank([&] {
      for (std::size_t i = static_cast<std::size_t>(comm.rank()); i < scores.names.size();
           i += static_cast<std::size_t>(comm.size())) {
        const std::vector<double> one =
            flattened(score_image(get_image(*file, scores.names[i]), scores.protocol));
        std::copy(one.begin(), one.end(), numbers.begin() + static_cast<idx_t>(i * each));
      }
    });
  });
  comm.sum(std::span<double>(numbers));
  for (std::size_t i = 0; i < scores.names.size(); ++i)
    scores.images.push_back(unflattened(numbers.data() + i * each));

  std::vector<ScoresPicture> pictures;
  comm.agree([&] {
    if (!comm.is_root()) return;
    on_this_rank([&] {
      const std::string table = image_score_table(scores);
      OutputFile text(text_path);
      text.write(table);
      write_image_scores(scores_path, scores, picture_path.empty() ? ImageResult{} : get_image(*file, drawn));
      text.commit();
      log::print("\n" + table + "\n");
      log::info("wrote {} and {}", text_path, scores_path);
      if (!picture_path.empty()) pictures.push_back({scores_path, picture_path});
    });
  });
  return pictures;
}

}  // namespace podscale
