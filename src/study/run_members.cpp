#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>

#include "podscale/core/error.hpp"
#include "podscale/core/log.hpp"
#include "podscale/core/version.hpp"
#include "podscale/parallel/stop_point.hpp"
#include "podscale/field/sample_file.hpp"
#include "podscale/study/lead_level.hpp"
#include "podscale/study/product_description.hpp"
#include "podscale/study/factor_reader.hpp"
#include "podscale/study/patch_table.hpp"
#include "podscale/study/product_file.hpp"
#include "podscale/study/runs.hpp"
#include "podscale/study/signal_field.hpp"

namespace podscale {
namespace {

/// What the product was made with, with other paths where the user gave some.
StudyOptions options_of(const NetcdfFile& product, const MembersRequest& request) {
  const auto text = product.text("", "podscale_namelist");
  if (!text)
    throw Error(ExitCode::data,
                fmt::format("{}: no podscale_namelist in it; expected a product of podscale-downscale",
                            product.path()),
                true);
  // Absolute, so that they are not looked for below output.directory, where the other one may
  // still be.
  std::vector<std::pair<std::string, std::string>> other;
  for (const auto& [key, path] :
       {std::pair{"output.basis_file", request.basis}, {"output.model_file", request.model}})
    if (!path.empty()) other.emplace_back(key, std::filesystem::absolute(path).string());
  return same_on_all_ranks(
      [&] { return options_of_text(*text, product.path() + ": podscale_namelist", other); });
}

/// Members of a running calibration: their deviations from the mean of the product, by its factor.
void stretch_members(const NetcdfFile& product, const std::vector<ProductVariable>& variables,
                     const Basis& basis, std::size_t time, std::vector<double>& members) {
  const std::size_t window = static_cast<std::size_t>(basis.window.points()),
                    points = window * variables.size();
  const Hyperslab h = hyperslab(basis.window, {1});
  Sizes from = h.start;
  from[0] = time;
  for (std::size_t c = 0; c < variables.size(); ++c) {
    std::vector<double> mean(window), factor(window);
    const UnitConversion to = unit_conversion(variables[c].working_units, variables[c].units, "output.units");
    product.get(variables[c].name, from, h.count, std::span(mean));
    product.get(variables[c].name + "_running_factor", from, h.count, std::span(factor));
    for (std::size_t i = 0; i < window; ++i) {
      if (!basis.ocean[i]) continue;
      const double centre = (mean[i] - to.offset) / to.scale;
      for (std::size_t at = c * window + i; at < members.size(); at += points)
        members[at] = centre + std::sqrt(factor[i]) * (members[at] - centre);
    }
  }
}

}  // namespace

int run_members(const Context& context, MembersRequest request, const NetworkBackend& backend) {
  const Communicator& comm = context.comm;
  if (context.files.size() != 1)
    throw Error(ExitCode::usage,
                fmt::format("podscale-members: {} files given; expected one product", context.files.size()),
                true);
  const std::string path = context.files.front();
  if (request.output.empty())
    request.output = (std::filesystem::path(path).parent_path() / "members.nc").string();

  // 1. The product and what it was made from.
  const NetcdfFile product = NetcdfFile::open(comm, path);
  const StudyOptions made_with = options_of(product, request);
  const std::string& model_path = made_with.output.model_file.get();
  backend.tune_process(made_with.run.threads);
  const Foundation foundation(comm, made_with);
  const Basis& basis = foundation.basis;
  // That of the product: basis and model may have been calibrated again since, which changes no
  // checksum.
  const Forecaster forecaster(comm, foundation, made_with, backend,
                              inflations_of(product, foundation.spaces.size()));
  for (const auto& [attribute, file, found] :
       {std::array<std::string, 3>{"podscale_basis_checksum", foundation.path,
                                   foundation.space.checksum(comm)},
        {"podscale_model_checksum", model_path, forecaster.model_checksum()}})
    if (const std::string stored = product.text("", attribute).value_or(""); stored != found)
      throw Error(ExitCode::data,
                  fmt::format("{}: {} = {}, but {} has {}; give the one that the product was made with "
                              "(--basis, --model)",
                              path, attribute, stored, file, found),
                  true);
  OutputLock lock;
  comm.agree([&] {
    if (!comm.is_root()) return;
    keep_apart({{"--output", request.output}},
               {{"the product", path}, {"--basis", foundation.path}, {"--model", model_path}},
               "podscale-members");
    lock = OutputLock(request.output);
  });
  ProductReader reader(comm, path, product_variables(made_with, basis).front().name);
  const NetcdfFile factors = open_factors(comm, product);
  const std::vector<std::size_t> steps = factor_steps(factors, basis.mesh, reader);
  const SampleAxis& axis = reader.times();
  const bool running = product.has_variable(reader.name() + "_running_factor");

  // 2. A product with members only.
  ProductOptions options = product_options(made_with, basis);
  options.members = request.count;
  options.first_member = request.first;
  options.members_only = true;
  options.attributes = {{"title", made_with.output.title + ": members"},
                        {"source", "podscale " + version() + ", podscale-members of " + path},
                        {"history", comm.broadcast(history_line())},
                        {"podscale_basis_checksum", foundation.space.checksum(comm)},
                        {"podscale_model_checksum", forecaster.model_checksum()}};
  ProductFile file(comm, request.output, basis.mesh, basis.window, axis, options);

  // 3. Time by time.
  const std::size_t points = static_cast<std::size_t>(basis.points()),
                    width = static_cast<std::size_t>(foundation.space.condition_width());
  std::vector<double> climatology(points);
  std::optional<SignalField> signal;
  if (factors.has_variable("signal")) signal.emplace(comm, basis);
  forecaster.use_calendar(axis.calendar);
  Progress progress("members", std::ssize(axis), "times");
  for (std::size_t t = 0; t < axis.size(); ++t) {
    stop_point(comm);
    const std::vector<float> condition = read_condition(factors, basis, comm.rank(), width, steps[t]);
    const double year = basis.year_phase(axis, t);
    const float phase = static_cast<float>(year);
    const std::uint64_t key = axis.time_key(t);
    const std::size_t regime = read_regime(factors, steps[t]);
    const std::vector<float> raised = read_raised(factors, basis, comm.rank(), steps[t]);
    const auto level = lead_levels(made_with.sampling, axis, std::span(&t, 1));
    const auto members = forecaster.members({.condition = condition,
                                             .year_phase = std::span(&phase, 1),
                                             .time_key = std::span(&key, 1),
                                             .raised = raised,
                                             .regime = std::span(&regime, 1),
                                             .level = level},
                                            request.first - 1, request.count);
    basis.hr_climatology.evaluate(year, climatology);
    if (signal) signal->add(read_signal(factors, basis, steps[t]), climatology);
    std::vector<double> fields(points * static_cast<std::size_t>(request.count));
    for (std::size_t m = 0; m < static_cast<std::size_t>(request.count); ++m)
      decode_member(basis, members[0][m], climatology, std::span(fields).subspan(m * points, points),
                    forecaster.left_out(key, request.first - 1 + static_cast<int>(m), regime));
    if (running) stretch_members(product, product_variables(made_with, basis), basis, t, fields);
    file.write(t, 1, {}, {}, fields);
    progress.update(static_cast<long>(t) + 1);
  }
  file.commit();
  progress.finish();
  log::info("wrote {}: members {} to {} of {}", request.output, request.first,
            request.first + request.count - 1, path);
  return 0;
}

}  // namespace podscale
