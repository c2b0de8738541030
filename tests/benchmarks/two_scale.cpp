// podscale-two-scale: patchwise POD against two scales, a POD of the whole region first and a patchwise one
// of what it leaves, at equal coefficients. Its figures: doc/skill.md. One rank, the series in memory.
//   build/benchmark/bin/podscale-two-scale namelists/tasman.nml
#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <limits>

#include "podscale/core/error.hpp"
#include "podscale/study/fit_base.hpp"
#include "podscale/gaussian/ridge.hpp"
#include "podscale/study/anomaly.hpp"
#include "podscale/study/basis_builder.hpp"
#include "program.hpp"

using namespace podscale;

namespace {

enum { region, patches };  // the two scales; the region is one patch

struct Period {
  long times;
  std::vector<double> anomalies;            ///< [times][points] K, 0 on land
  std::array<std::vector<float>, 2> cells;  ///< of a scale: [times][patches][slots] K
};

/// What all rows of the table share.
struct Data {
  LinearGaussianOptions options;
  std::array<std::vector<double>, 2> penalty_weights;  ///< [slots]
  std::vector<double> area;                            ///< [points] weights of sum 1, 0 on land
  Period train, validate, test;
  std::array<Basis, 2> bases;
};

/// The modes of a scale and the regressions of their coefficients on the LR cells.
struct Scale {
  int number;  ///< region or patches
  std::vector<PatchModes> mine;
  int modes;                                                  ///< the most of a patch
  std::vector<std::vector<std::vector<double>>> regressions;  ///< [penalties][patches] B: [modes][slots]
};

/// The whole region as one patch. Other parts of the basis than these are of no use to Predictors.
Basis as_one_patch(const Communicator& comm, const Basis& basis) {
  Basis whole(basis.grid, basis.grid.ny(), basis.grid.nx(), 1, 0);
  whole.ocean = basis.ocean;
  whole.lr_grid = basis.lr_grid;
  whole.lr_ocean = basis.lr_ocean;
  whole.monthly = basis.monthly;
  whole.patches = find_patches(comm, whole.decomposition, whole.ocean);
  return whole;
}

Data read_data(const Communicator& comm, const Namelist& namelist, const StudySeries& study) {
  const LinearGaussianOptions options = linear_gaussian_options(namelist);
  Basis basis = build_basis(comm, namelist, study);
  std::array<Basis, 2> bases{as_one_patch(comm, basis), std::move(basis)};
  const std::array predictors{Predictors(comm, bases[region], options.halo, options.lags),
                              Predictors(comm, bases[patches], options.halo, options.lags)};
  const auto steps = [&](const auto& key) { return steps_of_period(study.hr, study.lr, namelist, key); };
  // The region with its halo has the cells of every patch.
  const Climatology cells =
      fit_cell_climatology(comm, study.lr, bases[region], predictors[region], lr_steps(steps("data.train")),
                           bases[patches].hr_climatology.harmonics, namelist.integer("grid.time_block"));
  const auto read = [&](const std::string& name) {
    const auto pairs = steps("data." + name);
    Period period{static_cast<long>(pairs.size()), {}, {}};
    period.anomalies.resize(pairs.size() * bases[patches].ocean.size());
    read_anomalies(study.hr, bases[patches], comm, hr_steps(pairs), period.anomalies);
    for (const auto scale : {region, patches}) {
      period.cells[scale].resize(pairs.size() * bases[scale].patches.mine.size() *
                                 static_cast<std::size_t>(predictors[scale].box().slots()));
      PredictorSeries(study.lr, bases[scale], predictors[scale], cells, comm)
          .read(lr_steps(pairs), period.cells[scale]);
    }
    return period;
  };
  std::array<std::vector<double>, 2> weights;  // as in fit_linear_gaussian
  for (const auto scale : {region, patches})
    for (const long lag : options.lags)
      weights[scale].resize(weights[scale].size() + predictors[scale].cells(0).size(),
                            lag == 0 ? 1 : std::pow(options.lag_weight, -2));
  const Grid& grid = bases[region].grid;
  std::vector<double> area(bases[region].ocean.size(), 0.0);
  double total = 0;
  for (const long point : bases[region].patches.mine.front().points)
    total += area[static_cast<std::size_t>(point)] = grid.area_weight(point / grid.nx(), point % grid.nx());
  for (double& weight : area) weight /= total;
  return {options, weights, area, read("train"), read("validate"), read("downscale"), std::move(bases)};
}

std::vector<double> difference(std::vector<double> a, const std::vector<double>& b) {
  std::transform(a.begin(), a.end(), b.begin(), a.begin(), std::minus<>());
  return a;
}

/// For coefficients in K.
std::vector<double> ones(const Scale& scale) {
  return std::vector<double>(scale.mine.size() * static_cast<std::size_t>(scale.modes), 1.0);
}

Codec codec_of(const Scale& scale, const Period& period) {
  return {scale.mine, scale.modes, static_cast<long>(period.anomalies.size()) / period.times};
}

/// Coefficients of the fields of a period, [times][patches][modes] K; the fields keep what the modes leave.
std::vector<float> take(const Scale& scale, const Period& period, std::vector<double>& fields) {
  std::vector<float> a(static_cast<std::size_t>(period.times) * ones(scale).size());
  std::vector<double> taken(fields.size());
  codec_of(scale, period).encode(fields, period.times, ones(scale), a);
  codec_of(scale, period).decode(a, period.times, ones(scale), taken);
  fields = difference(std::move(fields), taken);
  return a;
}

/// Fields that the regression of a penalty expects: [times][points] K.
std::vector<double> predict(const Scale& scale, const Period& period, std::size_t penalty) {
  const auto& b = scale.regressions[penalty];
  const auto& cells = period.cells[scale.number];
  const std::size_t local = b.size(), rows = local * static_cast<std::size_t>(period.times),
                    slots = cells.size() / rows, k = static_cast<std::size_t>(scale.modes);
  std::vector<float> a(rows * k);
  std::vector<double> mean(k), fields(period.anomalies.size());
  for (std::size_t i = 0; i < rows; ++i) {
    const int modes = scale.mine[i % local].modes;
    regress(b[i % local], modes, cells.data() + i * slots, slots, mean.data());
    std::copy_n(mean.begin(), modes, a.begin() + static_cast<long>(i * k));
  }
  codec_of(scale, period).decode(a, period.times, ones(scale), fields);
  return fields;
}

/// Takes the coefficients of the training fields and fits a regression for every penalty.
void fit(const Data& data, Scale& scale, std::vector<double>& fields) {
  const auto a = take(scale, data.train, fields);
  const auto& weights = data.penalty_weights[scale.number];
  const std::size_t local = scale.mine.size(), k = static_cast<std::size_t>(scale.modes);
  scale.regressions.assign(data.options.penalties.size(), {});
  for (std::size_t p = 0; p < local; ++p) {
    RidgeFit ridge(weights, scale.mine[p].modes);
    ridge.add(data.train.cells[scale.number].data() + p * weights.size(), local * weights.size(),
              a.data() + p * k, local * k, data.train.times);
    for (std::size_t i = 0; i < scale.regressions.size(); ++i)
      scale.regressions[i].push_back(ridge.coefficients(data.options.penalties[i]));
  }
}

/// Over the ocean, by area.
double rmse(const Data& data, std::span<const double> a, std::span<const double> b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    sum += data.area[i % data.area.size()] * (a[i] - b[i]) * (a[i] - b[i]);
  return std::sqrt(sum * static_cast<double>(data.area.size()) / static_cast<double>(a.size()));
}

/// One row of the table; patchwise POD has no regional modes.
void print_row(const Communicator& comm, const Data& data, int regional, int modes) {
  // 1. Modes, and a regression for every penalty.
  Scale coarse{region, data.bases[region].patches.mine, 0, {}},
      fine{patches, data.bases[patches].patches.mine, modes, {}};
  PatchModes& whole = coarse.mine.front();
  coarse.modes = whole.modes = std::min(regional, whole.modes);
  whole.phi.resize(whole.points.size() * static_cast<std::size_t>(whole.modes));
  std::vector<double> left = data.train.anomalies;
  fit(data, coarse, left);
  GramMatrices grams(fine.mine);
  grams.add(left, data.train.times, static_cast<long>(data.area.size()));
  compute_modes(comm, data.bases[patches].decomposition, grams, {modes, 1.0, false}, fine.mine);
  fit(data, fine, left);

  // 2. The pair of penalties with the smallest error of the fields in the validation period.
  std::vector<std::vector<double>> of_patches(fine.regressions.size());
  for (std::size_t j = 0; j < of_patches.size(); ++j) of_patches[j] = predict(fine, data.validate, j);
  double validation = std::numeric_limits<double>::infinity();
  std::pair<std::size_t, std::size_t> chosen;
  for (std::size_t i = 0; i < coarse.regressions.size(); ++i) {
    const auto wanted = difference(data.validate.anomalies, predict(coarse, data.validate, i));
    for (std::size_t j = 0; j < of_patches.size(); ++j)
      if (const double error = rmse(data, wanted, of_patches[j]); error < validation)
        validation = error, chosen = {i, j};
  }

  // 3. The test period.
  const double test = rmse(data, difference(data.test.anomalies, predict(coarse, data.test, chosen.first)),
                           predict(fine, data.test, chosen.second));
  left = data.test.anomalies;
  long coefficients = coarse.modes;
  for (const Scale* scale : {&coarse, &fine}) take(*scale, data.test, left);
  for (const PatchModes& patch : fine.mine) coefficients += patch.modes;
  fmt::print("| {} | {} | {} | {:.4f} | {:.4f} | {:.4f} |\n", coefficients, coarse.modes, modes,
             rmse(data, left, std::vector<double>(left.size())), validation, test);
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<int> choices{4, 8, 16}, moved{2, 4, 8, 16};
  ProgramInfo info;
  info.name = "podscale-two-scale";
  info.summary = "Patchwise POD against region first and patches on what that leaves, at equal coefficients";
  info.groups = {"data", "grid", "patches", "basis", "base"};
  info.example = "  podscale-two-scale namelists/tasman.nml --modes 4,16 --moved 2";
  info.options = [&](CLI::App& app) {
    const auto add = [&](const char* name, std::vector<int>& values, const char* help) {
      app.add_option(name, values, help)->delimiter(',')->allow_extra_args(false)->check(CLI::Range(1, 4096));
    };
    add("--modes", choices, "Modes a patch where the region has none");
    add("--moved", moved, "How many of them each patch gives up for modes of the region");
  };
  return run_program(argc, argv, info, [&](Context& context) {
    const Communicator& comm = context.comm;
    if (comm.size() > 1 || context.namelist.integer("patches.overlap") > 0)
      throw Error(ExitCode::usage, "podscale-two-scale: expected one rank and patches.overlap = 0", true);
    const StudySeries study = open_study(comm, context.namelist);
    if (context.check || context.dry_run) return 0;
    Data data = read_data(comm, context.namelist, study);

    // 1. The rows: modes of the region and a patch, with as many coefficients as patchwise POD.
    moved.insert(moved.begin(), 0);  // patchwise POD
    std::vector<std::pair<int, int>> rows;
    for (const int before : choices)
      for (const int fewer : moved) {
        if (fewer > before) continue;
        auto& [regional, modes] = rows.emplace_back(0, before - fewer);
        for (const PatchModes& patch : data.bases[patches].patches.mine) {  // small ones have fewer
          const int d = static_cast<int>(patch.points.size());
          regional += std::min(before, d) - std::min(modes, d);
        }
      }

    // 2. The modes of the region, as many as any row needs.
    Basis& whole = data.bases[region];
    GramMatrices gram(whole.patches.mine);
    gram.add(data.train.anomalies, data.train.times, whole.window.points());
    compute_modes(comm, whole.decomposition, gram,
                  {std::max_element(rows.begin(), rows.end())->first, 1.0, false}, whole.patches.mine);

    // 3. The table.
    fmt::print(
        "| coefficients | of the region | a patch | left out | ridge, validation | ridge, test |\n"
        "|---|---|---|---|---|---|\n");
    for (const auto& [regional, modes] : rows) print_row(comm, data, regional, modes);
    return 0;
  });
}
