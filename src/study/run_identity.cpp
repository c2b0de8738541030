#include "podscale/study/run_identity.hpp"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <sstream>

#include "podscale/core/checksum.hpp"
#include "podscale/core/error.hpp"
#include "podscale/core/log.hpp"
#include "podscale/core/petsc.hpp"
#include "podscale/core/pulse.hpp"
#include "podscale/core/version.hpp"
#include "podscale/file/netcdf_file.hpp"
#include "podscale/file/output_file.hpp"
#include "podscale/file/seal.hpp"

namespace podscale {
namespace {

namespace fs = std::filesystem;
using Keys = std::vector<std::string>;

/// Keys of the groups that change no bit of what is made.
const Keys kNoMatter{"cache_mib"};
/// Those of &data that say what is downscaled and judged.
const Keys kOfDownscaling{"downscale",      "realizations", "leads",         "apply_files",
                          "apply_variable", "apply_stamps", "apply_average", "apply_reference",
                          "adapt",          "signal_years", "truth_files",   "truth_variable"};

/// Those of &images that say what is downscaled, and how a network is trained.
const Keys kNotOfImageBasis{"test_files", "test_lr_files", "boxes",  "shifts", "tokens", "batch_tokens",
                            "width",      "layers",        "blocks", "rate",   "members"};

std::string values_of(const Namelist& namelist, const Keys& groups, const Keys& left_out) {
  std::istringstream lines(namelist.effective(groups));
  std::string text;
  for (std::string line; std::getline(lines, line);) {
    const auto begin = line.find_first_not_of(" !"), end = line.find(' ', begin);
    const std::string key = begin == std::string::npos ? "" : line.substr(begin, end - begin);
    if (std::find(left_out.begin(), left_out.end(), key) == left_out.end()) text += line + "\n";
  }
  return text;
}

std::string inputs_of(const Namelist& namelist, const Keys& keys) {
  std::string text;
  for (const auto& [key, path] : input_files(namelist))
    if (std::find(keys.begin(), keys.end(), key) != keys.end()) text += key + " " + file_stamp(path) + "\n";
  return text;
}

/// Those that change what SLEPc computes.
std::string petsc_options() {
  char* all = nullptr;
  PODSCALE_PETSC(PetscOptionsGetAll(nullptr, &all));
  std::istringstream words(all);
  PODSCALE_PETSC(PetscFree(all));
  std::string text;
  bool counts = false;
  for (std::string word; words >> word;) {
    if (word.starts_with("-") && word.size() > 1 && std::isalpha(static_cast<unsigned char>(word[1]))) {
      const auto begins = [&](const char* prefix) { return word.starts_with(prefix); };
      counts = begins("-eps_") || begins("-st_") || begins("-bv_") || begins("-ds_") || begins("-mat_") ||
               begins("-vec_");
    }
    if (counts) text += word + "\n";
  }
  return text;
}

std::string sealed(const std::string& path) {
  const std::string seal = seal_of(path);
  return (seal.empty() ? file_stamp(path) : fmt::format("{}: checksum {}", path, seal)) + "\n";
}

/// Collective. What rank 0 makes of it.
template <class Text>
RunIdentity of_root(const Communicator& comm, const Text& text) {
  std::string made;
  comm.agree([&] {
    if (comm.is_root()) made = text();
  });
  return RunIdentity(comm.broadcast(made));
}

}  // namespace

std::string program_identity() {
  const std::string text = version();
  return text.ends_with("-dirty)") ? text + " " + file_stamp(fs::read_symlink("/proc/self/exe").string())
                                   : text;
}

RunIdentity RunIdentity::of_basis(const Context& context) {
  return of_root(context.comm, [&] {
    Keys left_out = kNoMatter;
    left_out.insert(left_out.end(), kOfDownscaling.begin(), kOfDownscaling.end());
    return "podscale-basis " + program_identity() + "\n" +
           values_of(context.namelist, {"data", "grid", "patches", "basis", "base", "history"}, left_out) +
           petsc_options() + "model.base = " + context.namelist.effective_value("model.base") + "\n" +
           inputs_of(context.namelist,
                     {"data.hr_files", "data.lr_files", "data.mask_file", "grid.weights", "history.files"});
  });
}

RunIdentity RunIdentity::of_image_basis(const Context& context) {
  return of_root(context.comm, [&] {
    return "podscale-basis " + program_identity() + "\n" +
           values_of(context.namelist, {"images"}, kNotOfImageBasis) +
           inputs_of(context.namelist, {"images.train_files", "images.validate_files",
                                        "images.train_lr_files", "images.validate_lr_files"});
  });
}

RunIdentity RunIdentity::of_downscaling(const Context& context) {
  const StudyOptions& options = context.options;
  return of_root(context.comm, [&] {
    Keys inputs{"data.lr_files", "data.apply_files", "data.mask_file", "grid.weights", "history.lr_files"};
    if (options.data.coarsen || !options.history.ages.empty())
      inputs.insert(inputs.end(), {"data.hr_files", "history.files"});
    std::string text =
        "podscale-downscale " + program_identity() + "\n" +
        values_of(context.namelist, {"data", "grid", "history", "model", "sampling", "regions", "output"},
                  kNoMatter) +
        inputs_of(context.namelist, inputs) + sealed(options.output.basis_file.get());
    if (options.sampling.uncertainty != Uncertainty::base) text += sealed(options.output.model_file.get());
    return text;
  });
}

std::string RunIdentity::checksum() const {
  Checksum sum;
  sum.add_bytes(text_.data(), text_.size());
  return checksum_text(sum.value());
}

bool RunIdentity::made(const Communicator& comm, const std::string& path) const {
  std::error_code status;
  long there = comm.is_root() && fs::is_regular_file(path, status) && !seal_of(path).empty() ? 1 : 0;
  comm.broadcast(std::span(&there, 1));
  if (there == 0) return false;
  try {
    // Which run it is of is read first: a large file of another one is not checked to the last
    // byte.
    if (NetcdfFile::open(comm, path, false).text("", kRunAttribute) != checksum()) return false;
    return check_seal(comm, path);
  } catch (const Error& error) {
    log::warn("{}; it is made anew", error.what());
    return false;
  }
}

void leave_finished(const Context& context, const std::string& target, const std::string& folder,
                    const std::function<void()>& remove) {
  pulse::set_output(target);  // so that the heartbeat of a run that was killed at its end goes
  std::error_code status;
  long left = context.comm.is_root() &&
              (fs::exists(folder, status) || fs::exists(OutputLock::name_of(target), status));
  context.comm.broadcast(std::span(&left, 1));
  try {
    if (left != 0) {
      const auto locks = context.claim({target});
      remove();
    }
  } catch (const Error& error) {
    if (error.code() != ExitCode::io) throw;
  }
  log::info("{} is finished: version, namelist and inputs are the same; --force makes it again", target);
}

}  // namespace podscale
