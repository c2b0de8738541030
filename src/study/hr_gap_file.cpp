#include "podscale/study/hr_gap_file.hpp"

#include <algorithm>
#include <array>

#include "podscale/study/patch_table.hpp"

namespace podscale {
namespace {

constexpr const char *kCells = "hr_gap_cells", *kFactors = "hr_gap_factors";
constexpr std::array<const char*, 4> kArrays{"hr_gap_regression", "hr_gap_psi", "hr_gap_noise",
                                             "hr_gap_missing"};

/// Of a patch, in the order of kArrays.
template <class Model>
auto arrays_of(Model& model, std::size_t patch) {
  auto& fit = model.patches[patch];
  return std::array{&fit.regression, &fit.gaussian.psi, &fit.gaussian.noise, &model.missing[patch]};
}

std::string width_name(const char* array) {
  return std::string(array) + "_values";
}

/// Collective. Patches differ in size: rows are as long as the longest of all.
std::array<long, 4> widths_of(const Communicator& comm, const HrGapModel& model) {
  std::array<long, 4> widths{1, 1, 1, 1};
  for (std::size_t p = 0; p < model.patches.size(); ++p)
    for (std::size_t a = 0; a < widths.size(); ++a)
      widths[a] = std::max(widths[a], std::ssize(*arrays_of(model, p)[a]));
  comm.max(std::span(widths));
  return widths;
}

}  // namespace

double hr_gap_bytes(const Communicator& comm, const Basis& basis, const HrGapModel& model) {
  double values = 1;
  for (const long width : widths_of(comm, model)) values += static_cast<double>(width);
  return 8 * (values * static_cast<double>(basis.decomposition.patches()) +
              static_cast<double>(model.cells.coefficients.size()));
}

BasisExtras hr_gap_extras(const Communicator& comm, const Basis& basis, const HrGapModel& model) {
  const auto define = [&](NetcdfFile& file, const MeshNames& lr) {
    file.define_variable(kCells, NC_DOUBLE, {"harmonic_term", "channel", lr.y, lr.x});
    file.define_variable(kFactors, NC_DOUBLE, {"patch_y", "patch_x"});
    const std::array<long, 4> widths = widths_of(comm, model);
    for (std::size_t a = 0; a < kArrays.size(); ++a) {
      file.define_dimension(width_name(kArrays[a]), static_cast<std::size_t>(widths[a]));
      file.define_variable(kArrays[a], NC_DOUBLE, {"patch_y", "patch_x", width_name(kArrays[a])});
    }
  };
  const auto put = [&](NetcdfFile& file) {
    const Mesh& lr = basis.lr_mesh;
    Sizes count;
    for (const long n : {static_cast<long>(model.cells.terms()), basis.channels(), lr.ny(), lr.nx()})
      count.push_back(comm.is_root() ? static_cast<std::size_t>(n) : 0);
    const std::span<const double> cells(model.cells.coefficients);
    file.put(kCells, Sizes(count.size(), 0), count, cells.first(comm.is_root() ? cells.size() : 0));
    PatchTable factors(basis, comm.rank(), {}, 0);
    for (std::size_t p = 0; p < model.patches.size(); ++p)
      *factors.row(basis.patches.mine[p].patch) = model.patches[p].gaussian.factors;
    factors.put(file, kFactors);
    for (std::size_t a = 0; a < kArrays.size(); ++a) {
      PatchTable table(basis, comm.rank(), {file.dimension(width_name(kArrays[a])).value()}, 0);
      for (std::size_t p = 0; p < model.patches.size(); ++p)
        std::ranges::copy(*arrays_of(model, p)[a], table.row(basis.patches.mine[p].patch));
      table.put(file, kArrays[a]);
    }
  };
  return {define, put};
}

std::optional<HrGapModel> read_hr_gaps(const Communicator& comm, const StudyOptions& options,
                                       const Basis& basis, const std::string& path) {
  const NetcdfFile file = NetcdfFile::open(comm, path);
  if (!file.has_variable(kCells)) return std::nullopt;
  const std::size_t local = basis.patches.mine.size();
  HrGapModel model{
      hr_gap_predictors(comm, options, basis),
      {basis.lr_climatology.harmonics, basis.channels() * basis.lr_mesh.points(), file.get_all(kCells)},
      std::vector<GappyFit>(local),
      std::vector<std::vector<double>>(local)};
  PatchTable factors(basis, comm.rank(), {}, 0);
  factors.get(file, kFactors);
  for (std::size_t p = 0; p < local; ++p) {
    const PatchModes& patch = basis.patches.mine[p];
    model.patches[p].gaussian.values = static_cast<int>(patch.points.size());
    model.patches[p].gaussian.factors = static_cast<int>(*factors.row(patch.patch));
  }
  for (std::size_t a = 0; a < kArrays.size(); ++a) {
    const std::size_t width = file.dimension(width_name(kArrays[a])).value();
    PatchTable table(basis, comm.rank(), {width}, 0);
    table.get(file, kArrays[a]);
    for (std::size_t p = 0; p < local; ++p) {
      const auto d = static_cast<std::size_t>(model.patches[p].gaussian.values),
                 f = static_cast<std::size_t>(model.patches[p].gaussian.factors);
      const std::array<std::size_t, 4> sizes{d * static_cast<std::size_t>(model.predictors.slots()), d * f, d,
                                             d * d};
      const double* row = table.row(basis.patches.mine[p].patch);
      arrays_of(model, p)[a]->assign(row, row + std::min(sizes[a], width));
    }
  }
  return model;
}

}  // namespace podscale
