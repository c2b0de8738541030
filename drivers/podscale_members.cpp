// podscale-members: regenerates members of a product, the same bits as podscale-downscale would have written,
// from the product, its basis and its model. No LR file is needed.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <filesystem>

#include "podscale/study/forecaster.hpp"
#include "podscale/core/error.hpp"
#include "podscale/core/log.hpp"
#include "podscale/core/units.hpp"
#include "podscale/network/model.hpp"
#include "podscale/study/product_file.hpp"
#include "podscale/study/downscale_run.hpp"
#include "podscale/study/patch_table.hpp"
#include "program.hpp"

using namespace podscale;

namespace {

struct Wanted {
  int first = 1, count = 24;
  std::string output, basis, model;
};

/// The namelist that the product was made with, with other paths where the user gave some.
Namelist namelist_of(const NetcdfFile& product, const Wanted& wanted) {
  const auto text = product.text("", "podscale_namelist");
  if (!text || !product.has_variable("condition"))
    throw Error(ExitCode::data,
                fmt::format("{}: no conditions in it; expected a product written by podscale-downscale with "
                            "output.write_factors = .true.",
                            product.path()),
                true);
  return same_on_all_ranks([&] {
    Namelist namelist;
    namelist.parse(*text, product.path() + ": podscale_namelist");
    // Absolute, so that they are not looked for below output.directory, where the other one may still be.
    for (const auto& [key, path] :
         {std::pair{"output.basis_file", wanted.basis}, {"output.model_file", wanted.model}})
      if (!path.empty()) namelist.set_text(key, std::filesystem::absolute(path).string());
    return namelist;
  });
}

/// The inflation that the product was made with: basis and model may have been calibrated again since, which
/// changes no checksum.
Inflation inflation_of(const NetcdfFile& product) {
  if (product.text("", "podscale_calibration") == "none") return {};
  const auto found = product.numbers("", "podscale_calibration_inflation");
  return same_on_all_ranks([&] {
    return Inflation::from_numbers(found.value_or(std::vector<double>{}),
                                   product.path() + ": podscale_calibration_inflation");
  });
}

int write_members(Context& context, const Wanted& wanted) {
  const Communicator& comm = context.comm;
  const std::string path = context.files.front();

  // 1. The product and what it was made from.
  const NetcdfFile product = NetcdfFile::open(comm, path);
  product.warn_of_changes();
  context.namelist = namelist_of(product, wanted);
  const Namelist& n = context.namelist;
  network_backend().tune_process(static_cast<int>(n.integer("training.threads")));
  const Foundation foundation(comm, context.output_path_of("output.basis_file"), n);
  const Basis& basis = foundation.basis;
  const Forecaster forecaster(comm, foundation, n, context.output_path_of("output.model_file"), network_backend(),
                              inflation_of(product));
  for (const auto& [attribute, file, found] :
       {std::array<std::string, 3>{"podscale_basis_checksum", foundation.path,
                                   foundation.space.checksum(comm)},
        {"podscale_model_checksum", context.output_path_of("output.model_file"),
         forecaster.model_checksum()}})
    if (const std::string stored = product.text("", attribute).value_or(""); stored != found)
      throw Error(ExitCode::data,
                  fmt::format("{}: {} = {}, but {} has {}; give the one that the product was made with "
                              "(--basis, --model)",
                              path, attribute, stored, file, found),
                  true);
  OutputLock lock;
  comm.agree([&] {
    if (!comm.is_root()) return;
    keep_apart({{"--output", wanted.output}},
               {{"the product", path},
                {"--basis", context.output_path_of("output.basis_file")},
                {"--model", context.output_path_of("output.model_file")}},
               "podscale-members");
    lock = OutputLock(wanted.output);
  });
  const auto times = product.get_all("time");
  const std::string units = product.text("time", "units").value_or(""),
                    calendar = product.text("time", "calendar").value_or("standard");
  const TimeAxis axis =
      same_on_all_ranks([&] { return decode_times(times, units, calendar, path + ": time"); });

  // 2. A product with members only.
  ProductOptions options;
  options.variables = product_variables(context, basis);
  options.members = wanted.count;
  options.first_member = wanted.first;
  options.members_only = true;
  options.deflate = static_cast<int>(n.integer("output.deflate"));
  options.chunk = basis.decomposition.chunk_shape();
  options.attributes = {{"title", n.text("output.title") + ": members"},
                        {"source", "podscale " + version() + ", podscale-members of " + path},
                        {"podscale_basis_checksum", foundation.space.checksum(comm)},
                        {"podscale_model_checksum", forecaster.model_checksum()}};
  ProductFile file(comm, wanted.output, basis.mesh, basis.window, axis, options);

  // 3. Time by time.
  const std::size_t points = static_cast<std::size_t>(basis.points()),
                    width = static_cast<std::size_t>(foundation.space.condition_width());
  std::vector<double> climatology(points);
  Progress progress("members", static_cast<long>(axis.dates.size()), "times");
  for (std::size_t t = 0; t < axis.dates.size(); ++t) {
    PatchTable table(basis, comm.rank(), {width}, 0);
    table.get(product, "condition", {t});
    std::vector<float> condition;
    for (const PatchModes& patch : basis.patches.mine)
      for (std::size_t i = 0; i < width; ++i)
        condition.push_back(static_cast<float>(table.row(patch.patch)[i]));
    const double year = basis.year_phase(axis, t);
    const float phase = static_cast<float>(year);
    const std::uint64_t key = axis.time_key(t);
    const auto members = forecaster.members({condition, std::span(&phase, 1), std::span(&key, 1)},
                                            wanted.first - 1, wanted.count);
    basis.hr_climatology.evaluate(year, climatology);
    std::vector<double> fields(points * static_cast<std::size_t>(wanted.count));
    for (std::size_t m = 0; m < static_cast<std::size_t>(wanted.count); ++m)
      decode_member(basis, members[0][m], climatology, std::span(fields).subspan(m * points, points));
    file.write(t, 1, {}, {}, fields);
    progress.update(static_cast<long>(t) + 1);
  }
  file.commit();
  progress.finish();
  log::info("wrote {}: members {} to {} of {}", wanted.output, wanted.first, wanted.first + wanted.count - 1,
            path);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Wanted wanted;
  ProgramInfo info;
  info.name = "podscale-members";
  info.summary = "Regenerates any members of a product, bit for bit, from product, basis and model";
  info.example = "  mpirun -n 2 podscale-members runs/ocean/product.nc --n 100 --output members.nc";
  info.takes_files = true;
  info.versions = network_backend().versions;
  info.options = [&](CLI::App& app) {
    app.add_option("--n", wanted.count, "How many members")->check(CLI::Range(1, 100000));
    app.add_option("--first", wanted.first, "Number of the first one, from 1")->check(CLI::Range(1, 1000000));
    app.add_option("--output", wanted.output, "File to write; default: members.nc beside the product");
    app.add_option("--basis", wanted.basis, "basis.nc, where it is not where the product says");
    app.add_option("--model", wanted.model, "model.h5, likewise");
  };
  return run_program(argc, argv, info, [&](Context& context) {
    if (context.files.size() != 1)
      throw Error(ExitCode::usage,
                  fmt::format("podscale-members: {} files given; expected one product", context.files.size()),
                  true);
    if (wanted.output.empty())
      wanted.output = (std::filesystem::path(context.files.front()).parent_path() / "members.nc").string();
    return write_members(context, wanted);
  });
}
