#include "podscale/verify/options.hpp"

#include <algorithm>

#include "podscale/core/error.hpp"
#include "podscale/study/applied_source.hpp"
#include "podscale/study/context.hpp"
#include "podscale/study/series.hpp"

namespace podscale {

VerifyOptions verify_options(const Namelist& namelist, const std::vector<std::string>& compare) {
  return same_on_all_ranks([&] {
    VerifyOptions options;
    options.variable = namelist.text("output.variable_name");
    const DataOptions data(namelist);
    options.truth = truth_specs(data);
    options.training = hr_specs(data);
    options.history =
        history_specs(data, {namelist.texts("history.files"), namelist.texts("history.variable"), 0, {}});
    options.doubts = data.doubts;
    options.open_lr = [data](const Communicator& comm, const Basis& basis) {
      return open_lr(comm, data, nullptr, &basis);
    };
    options.open_product_lr = options.open_lr;
    if (const auto past = namelist.texts("history.lr_files"); !past.empty())
      options.open_past_lr = [data, past](const Communicator& comm, const Basis& basis) {
        return open_past_lr(comm, data, past, nullptr, basis);
      };
    if (data.applies())
      options.open_product_lr = [data, path = file_path(namelist, "output.basis_file").get()](
                                    const Communicator& comm, const Basis& basis) {
        return open_applied(comm, data, nullptr, basis, path, {}, {}, {}, {}, true).lr;
      };
    options.source = namelist.source();
    options.product_path = file_path(namelist, "output.product_file").get();
    options.basis_path = file_path(namelist, "output.basis_file").get();
    options.scores_path = file_path(namelist, "verify.scores_file").get();
    options.text_path = file_path(namelist, "verify.text_file").get();
    options.picture_path = file_path(namelist, "verify.picture_file").value;
    options.picture_date = namelist.text("verify.picture_date");
    for (const std::string& argument : compare) options.compared.push_back(parse_compared(argument));
    options.train = namelist.texts("data.train");
    options.downscale = namelist.texts("data.downscale");
    options.time_block = namelist.integer("grid.time_block");
    options.window = static_cast<int>(namelist.integer("verify.window"));
    options.spectrum_window = namelist.integer("verify.spectrum_window");
    options.bootstrap.samples = static_cast<int>(namelist.integer("verify.bootstrap_samples"));
    options.bootstrap.seed = static_cast<std::uint64_t>(namelist.integer("verify.seed"));
    options.block_days = namelist.real("verify.block_days");
    options.namelist = namelist.effective();
    options.members = std::max(0, members_behind(options.namelist, options.source));

    const std::string& event = namelist.text("verify.event");
    if (event == "none") return options;
    options.event =
        event == "threshold" ? ExceedanceEvent::Kind::threshold : ExceedanceEvent::Kind::percentile;
    options.threshold = namelist.real("verify.threshold");
    if (event == "threshold" && !namelist.given("verify.threshold"))
      fail(ExitCode::usage,
           "{}: verify.event = 'threshold' without verify.threshold; expected a value in the units of the "
           "product; give it",
           namelist.source());
    if (namelist.required_texts("data.train").size() != 2)
      fail(ExitCode::usage, "{}: data.train: expected two dates, 'YYYY-MM-DD', 'YYYY-MM-DD'",
           namelist.source());
    return options;
  });
}

int members_behind(const std::string& stored, const std::string& source) {
  Namelist namelist;
  try {
    namelist.parse(stored, source);
  } catch (const Error&) {  // written by another version, with other keys
    return -1;
  }
  if (stored.empty() || namelist.text("sampling.uncertainty") == "auto") return -1;
  const bool control_variate = namelist.logical("sampling.control_variate") &&
                               namelist.text("model.base") == "gaussian" &&
                               namelist.text("sampling.sampler") == "angle";  // no sampling error in the mean
  return namelist.text("sampling.uncertainty") == "ensemble" && !control_variate
             ? static_cast<int>(namelist.integer("sampling.members"))
             : 0;
}

}  // namespace podscale
