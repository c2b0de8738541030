#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>
#include <optional>
#include <sstream>

#include "podscale/core/error.hpp"
#include "podscale/core/log.hpp"
#include "podscale/core/version.hpp"
#include "podscale/field/cf_source.hpp"
#include "podscale/field/file_contents.hpp"
#include "podscale/study/basis_builder.hpp"
#include "podscale/study/paired_series.hpp"
#include "podscale/study/runs.hpp"
#include "podscale/study/series_summary.hpp"
#include "podscale/study/suggest.hpp"

namespace podscale {
namespace {

using Draft = NamelistDraft;

std::string list_of(const std::string& files) {
  std::vector<std::string> parts;
  std::istringstream text(files);
  for (std::string part; std::getline(text, part, ',');)
    if (!part.empty()) parts.push_back(part);
  return Draft::quoted(parts);
}

void require_request(const Context& context, const InitRequest& request) {
  const auto refuse = [](const std::string& message) {
    throw Error(ExitCode::usage, "podscale-init: " + message, true);  // the same on every rank
  };
  const std::size_t given = context.files.size();
  if (given > 2)
    refuse(fmt::format(
        "{} file arguments; expected HR and LR: quote globs ('hr/*.nc'), put commas between files", given));
  if ((given == 2) == (request.coarsen > 0))
    refuse(
        given == 2
            ? "LR files and --coarsen; expected one of them"
            : "no LR files; expected them behind the HR files, or --coarsen N for block means of the HR files");
  if (request.coarsen > 0 && !request.lr_variable.empty())
    refuse("--lr-variable with --coarsen; expected one of them");
  context.comm.agree([&] {
    if (context.comm.is_root() && std::filesystem::exists(request.output))
      fail(ExitCode::usage, "podscale-init: {} is there already; remove it, or choose another -o",
           request.output);
  });
}

/// Words on one source, as podscale-inspect has them.
std::string source_text(const char* label, const FieldSource& source,
                        const std::vector<FieldSample>& samples) {
  std::string text = fmt::format("{}: {}\n", label, source.describe());
  for (std::size_t c = 0; c < samples.size(); ++c) {
    const Variable& variable = source.variables()[c];
    text += fmt::format("  {}\n    values: {}\n", variable_text(variable),
                        samples[c].text(variable, source.mesh().points(), source.times().size()));
  }
  return text + "  mesh: " + mesh_text(source.mesh()) + "\n  time: " + times_text(source.times()) + "\n";
}

std::string commented(const std::string& text) {
  std::string out;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) out += "! " + line + "\n";
  return out;
}

/// Collective. Names a mask in the first HR file that says what it is, where the series has values
/// on land.
bool set_mask(const Communicator& comm, const StudySeries& study, const FieldSample& sample, Draft& draft) {
  const auto* files = dynamic_cast<const CfSource*>(&study.hr);
  if (!files || sample.never > 0) return false;
  const NetcdfFile file = NetcdfFile::open(comm, files->files().front());
  FieldsOfFile fields = fields_of(file);
  fields.maps.insert(fields.maps.end(), fields.series.begin(), fields.series.end());
  for (const std::string& name : fields.maps) {
    const std::string standard = file.text(name, "standard_name").value_or(""),
                      meanings = file.text(name, "flag_meanings").value_or("");
    const bool flags =
        meanings.find("land") != std::string::npos &&
        (meanings.find("sea") != std::string::npos || meanings.find("ocean") != std::string::npos ||
         meanings.find("water") != std::string::npos);
    if (!flags && standard != "land_binary_mask" && standard != "sea_binary_mask" &&
        standard != "land_area_fraction" && standard != "sea_area_fraction")
      continue;
    draft.set("data.mask_variable", Draft::quoted(name), "the series itself has a value at every point");
    return true;
  }
  return false;
}

void set_data(const Context& context, const InitRequest& request, Draft& draft) {
  draft.set("data.hr_files", list_of(context.files[0]));
  if (!request.hr_variable.empty()) draft.set("data.hr_variable", Draft::quoted(request.hr_variable));
  if (request.coarsen > 0) {
    draft.set("data.lr_source", "'coarsen'", "no LR files: block means of the HR files");
    draft.set("data.coarsen_factor", fmt::format("{}", request.coarsen));
  } else {
    draft.set("data.lr_files", list_of(context.files[1]));
    if (!request.lr_variable.empty()) draft.set("data.lr_variable", Draft::quoted(request.lr_variable));
  }
}

/// Pairs of the time from the first to the last day that both have.
std::vector<StepPair> common_pairs(const StudySeries& study) {
  const SampleAxis &hr = study.hr.times(), &lr = study.lr.times();
  const auto day = [](const SampleAxis& axis, std::size_t step) {
    return date_text(axis.centre(step)).substr(0, 10);
  };
  const std::string first = std::max(day(hr, 0), day(lr, 0)),
                    last = std::min(day(hr, hr.size() - 1), day(lr, lr.size() - 1));
  if (first > last)
    fail(ExitCode::data,
         "{} ends before {} begins, or begins after its end: {} to {}, {} to {}; expected common times",
         study.hr.describe(), study.lr.describe(), day(hr, 0), day(hr, hr.size() - 1), day(lr, 0),
         day(lr, lr.size() - 1));
  const std::string period = fmt::format("{} to {}", first, last);
  return counted_pairs(period, {"HR", "hr", study.hr.describe(), hr}, steps_between(hr, first, last),
                       {"LR", "lr", study.lr.describe(), lr}, steps_between(lr, first, last));
}

void set_periods(const StudySeries& study, const SuggestedPeriods& periods, Draft& draft) {
  const auto period = [](const Days& days) {
    return Draft::quoted(std::vector<std::string>(days.begin(), days.end()));
  };
  draft.set(
      "data.train", period(periods.train),
      periods.years > 0 ? fmt::format("{} whole years", periods.years) : "under four whole years: by steps");
  draft.set("data.validate", period(periods.validate), "chooses penalty and season, calibrates the variance");
  draft.set("data.downscale", period(periods.downscale), "written and scored; seen by nothing before");
  const SampleAxis& lr = study.lr.times();
  const std::string last = date_text(lr.centre(lr.size() - 1)).substr(0, 10);
  if (last > periods.downscale[1])
    draft.set("data.downscale", period(periods.downscale),
              fmt::format("written and scored; LR without HR goes on to {}: name that period to downscale it",
                          last));
}

void set_rest(const StudySeries& study, const InitRequest& request, Draft& draft) {
  draft.set("sampling.uncertainty", "'base'",
            "no network. With one: 'head' or 'ensemble', and podscale-train before podscale-downscale");
  const std::string stem = std::filesystem::path(request.output).stem().string();
  draft.set("output.directory",
            Draft::quoted(!request.directory.empty() ? request.directory
                                                     : "runs/" + (stem.empty() ? "init" : stem)));
  const auto names = [](const FieldSource& source) {
    return fmt::format("{}", fmt::join(names_of(source.variables()), ", "));
  };
  draft.set("output.title",
            Draft::quoted(names(study.hr) + " from " +
                          (request.coarsen > 0 ? fmt::format("means of {0} x {0} points", request.coarsen)
                                               : names(study.lr))));
  if (study.hr.times().step.months > 0)
    draft.set("verify.block_days", "91", "three months: neighbours are alike");
}

}  // namespace

int run_init(const Context& context, const InitRequest& request) {
  const Communicator& comm = context.comm;
  require_request(context, request);

  // 1. The two series.
  Draft draft;
  set_data(context, request, draft);
  std::optional<StudySeries> opened(open_study(comm, draft.options().data));
  const auto hr_samples = sample_fields(opened->hr);
  if (set_mask(comm, *opened, hr_samples[0], draft)) opened.emplace(open_study(comm, draft.options().data));
  const StudySeries& study = *opened;
  draft.set("data.hr_variable", Draft::quoted(names_of(study.hr.variables())));
  if (request.coarsen == 0) draft.set("data.lr_variable", Draft::quoted(names_of(study.lr.variables())));
  const std::string sources =
      source_text("HR", study.hr, hr_samples) + source_text("LR", study.lr, sample_fields(study.lr));
  std::istringstream lines(sources);
  for (std::string line; std::getline(lines, line);) log::info("{}", line);

  // 2. Periods that both cover.
  const SampleAxis& hr = study.hr.times();
  const SuggestedPeriods periods =
      same_on_all_ranks([&] { return suggest_periods(hr, study.lr.times(), common_pairs(study)); });
  set_periods(study, periods, draft);
  const auto train = steps_of_period(study.hr, study.lr, draft.options().data.train);
  if (request.coarsen == 0)  // lags are suggested where they gain
    require_paired(draft.options().data, study, train, year_of(study, train), std::nullopt);
  const auto sample = steps_between(hr, periods.sample[0], periods.sample[1]);
  const int harmonics = suggest_harmonics(hr, sample);
  draft.set(
      "basis.harmonics", fmt::format("{}", harmonics),
      harmonics == 2 ? "the annual and the semi-annual cycle" : "the times of data.train determine no more");

  // 3. Patches, modes and the base, from trial bases.
  suggest_patches(comm, study, periods.sample, std::ssize(train), draft);
  suggest_lags(comm, study.lr, periods.sample, harmonics, draft);
  set_rest(study, request, draft);

  // 4. The file.
  const std::string name = request.output.empty() ? "my.nml" : request.output;
  const std::string text =
      fmt::format("! By podscale-init {} from\n{}! Run it:\n", version(), commented(sources)) +
      fmt::format("!   podscale-basis {0} && podscale-downscale {0} && podscale-verify {0}\n\n", name) +
      draft.text() +
      "\n! Keys of use later (doc/data.md):\n"
      "!   &data     apply_files = 'model_*.nc', apply_reference = 'first day', 'last day'\n"
      "!             another LR source, downscaled by what this pair taught\n"
      "!   &history  delay = 1, ages = 1, 2, 3, 5\n"
      "!             forecasts that are told of the HR analysis of some days before\n";
  same_on_all_ranks([&] { options_of_text(text, name); });
  comm.agree([&] {
    if (!comm.is_root()) return;
    if (request.output.empty()) return log::print(text);
    OutputFile file(request.output);
    file.write(text);
    file.commit();
  });
  if (!request.output.empty()) log::info("wrote {}", request.output);
  return 0;
}

}  // namespace podscale
