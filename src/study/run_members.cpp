#include <algorithm>
#include <array>
#include <filesystem>

#include "podscale/core/error.hpp"
#include "podscale/core/log.hpp"
#include "podscale/core/version.hpp"
#include "podscale/field/sample_file.hpp"
#include "podscale/study/product_description.hpp"
#include "podscale/study/product_factors.hpp"
#include "podscale/study/product_file.hpp"
#include "podscale/study/runs.hpp"

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
  // Absolute, so that they are not looked for below output.directory, where the other one may still
  // be.
  std::vector<std::pair<std::string, std::string>> other;
  for (const auto& [key, path] :
       {std::pair{"output.basis_file", request.basis}, {"output.model_file", request.model}})
    if (!path.empty()) other.emplace_back(key, std::filesystem::absolute(path).string());
  return same_on_all_ranks(
      [&] { return options_of_text(*text, product.path() + ": podscale_namelist", other); });
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
  // That of the product: basis and model may have been calibrated again since, which changes no checksum.
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
  Progress progress("members", std::ssize(axis), "times");
  for (std::size_t t = 0; t < axis.size(); ++t) {
    const std::vector<float> condition = read_condition(factors, basis, comm.rank(), width, steps[t]);
    const double year = basis.year_phase(axis, t);
    const float phase = static_cast<float>(year);
    const std::uint64_t key = axis.time_key(t);
    const std::size_t regime = read_regime(factors, steps[t]);
    const auto members = forecaster.members({condition, std::span(&phase, 1), std::span(&key, 1), {}, std::span(&regime, 1)},
                                            request.first - 1, request.count);
    basis.hr_climatology.evaluate(year, climatology);
    std::vector<double> fields(points * static_cast<std::size_t>(request.count));
    for (std::size_t m = 0; m < static_cast<std::size_t>(request.count); ++m)
      decode_member(basis, members[0][m], climatology, std::span(fields).subspan(m * points, points));
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
