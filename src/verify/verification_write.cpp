// Verification: scores.nc and scores.txt.
#include <filesystem>

#include "podscale/core/log.hpp"
#include "podscale/core/on_this_rank.hpp"
#include "podscale/study/context.hpp"
#include "podscale/verify/score_table.hpp"
#include "podscale/verify/verification.hpp"

namespace podscale {

std::string Verification::write(const ScoreAccumulator& scores, const std::string& scores_path,
                                const OutputFile* text, const std::string& earlier) {
  std::string table;
  std::vector<ScoreSection> sections;
  comm_->agree([&] {
    if (!comm_->is_root()) return;
    sections = scores.sections();
    sections.push_back(difference_section(scores, bootstrap_options()));
    table = score_table(scores, period());
    if (names_.size() > 1)
      table = fmt::format("{}: {}, {}\n{}", names_[channel_], product_->long_name(), units_, table);
    for (const ScoreSection& section : sections) table += section.text;
    on_this_rank([&] { text->write(earlier + (earlier.empty() ? "" : "\n") + table); });
  });
  write_scores(scores_path,
               {&scores, matched_times(), picture_fields(), product_->long_name(), options_->product_path,
                truths_[channel_]->describe(), options_->namelist, sections, comm_, &rows_});
  return table;
}

namespace {

/// scores_tos.nc of scores.nc, where there are several variables.
std::string path_of(const std::string& path, const std::vector<std::string>& variables, std::size_t c) {
  if (variables.size() == 1 || path.empty()) return path;
  const std::filesystem::path whole(path);
  const std::string name = whole.stem().string() + "_" + variables[c] + whole.extension().string();
  return (whole.parent_path() / name).string();
}

}  // namespace

std::vector<ScoresPicture> run_verification(const Context& context, const VerifyOptions& options) {
  const Communicator& comm = context.comm;
  std::vector<std::string> outputs{options.text_path};
  std::vector<OutputLock> locks;
  std::optional<OutputFile> text;
  std::string written = options.text_path, table;
  std::vector<ScoresPicture> pictures;
  for (std::size_t c = 0, channels = 1; c < channels; ++c) {
    // 1. Open products, truth, LR source and basis; match their times by date.
    Verification verification(comm, options, static_cast<long>(c));
    const std::vector<std::string>& names = verification.variables();
    channels = names.size();
    for (std::size_t k = 0; k < channels && c == 0; ++k) {
      outputs.push_back(path_of(options.scores_path, names, k));
      written += " and " + outputs.back();
      comm.agree([&] {
        if (!comm.is_root()) return;
        for (const ComparedProduct& product : options.compared)
          keep_apart({{"verify.scores_file", outputs.back()},
                      {"verify.text_file", options.text_path},
                      {"verify.picture_file", path_of(options.picture_path, names, k)}},
                     {{"--compare", product.path}}, options.source);
      });
    }
    for (const std::string& line : verification.describe()) log::info("{}", line);
    if (context.check) continue;

    // 2. Score the times, dealt over ranks.
    if (c == 0) locks = context.claim(outputs);
    const ScoreAccumulator scores = verification.score();
    if (!options.picture_path.empty()) verification.follow_point(scores);

    // 3. Write: by rank 0, small files.
    comm.agree([&] {
      if (comm.is_root() && !text) text.emplace(options.text_path);
    });
    table += (c > 0 ? "\n" : "") + verification.write(scores, outputs[c + 1], text ? &*text : nullptr, table);
    if (comm.is_root() && !options.picture_path.empty())
      pictures.push_back({outputs[c + 1], path_of(options.picture_path, names, c)});
  }
  if (context.check) log::info("inputs are fine; would write {}", written);
  comm.agree([&] {
    if (!text) return;
    text->commit();
    log::print("\n" + table + "\n");
    log::info("wrote {}", written);
  });
  return pictures;
}

}  // namespace podscale
