#include "podscale/study/regions.hpp"

#include <optional>

#include "podscale/core/error.hpp"
#include "podscale/core/units.hpp"

namespace podscale {
namespace {

/// regions.differences as pairs of channels.
std::vector<std::pair<std::size_t, std::size_t>> differences(const StudyOptions& options,
                                                             const std::vector<ProductVariable>& variables) {
  const auto& names = options.output.region_differences;
  if (names.size() % 2 != 0)
    refuse(options, fmt::format("regions.differences has {} names; expected pairs", names.size()));
  const auto channel = [&](const std::string& name) {
    for (std::size_t c = 0; c < variables.size(); ++c)
      if (variables[c].name == name) return c;
    refuse(options, fmt::format("regions.differences: no variable '{}' in the product", name));
  };
  std::vector<std::pair<std::size_t, std::size_t>> pairs;
  for (std::size_t i = 0; i + 1 < names.size(); i += 2) {
    pairs.emplace_back(channel(names[i]), channel(names[i + 1]));
    const auto &a = variables[pairs.back().first], &b = variables[pairs.back().second];
    if (a.working_units != b.working_units)
      refuse(options, fmt::format("regions.differences: {} is in {}, {} in {}; expected one unit", a.name,
                                  a.working_units, b.name, b.working_units));
  }
  return pairs;
}

}  // namespace

std::vector<Functional> region_functionals(const Communicator& comm, const StudyOptions& options,
                                           const Basis& basis,
                                           const std::vector<ProductVariable>& variables) {
  const auto& names = options.output.region_names;
  const auto& boxes = options.output.region_boxes;
  if (boxes.size() != 4 * names.size())
    refuse(options, fmt::format("regions.boxes has {} numbers for {} names; "
                                "expected south, north, west, east for each",
                                boxes.size(), names.size()));
  std::vector<Functional> boxed;
  for (std::size_t r = 0; r < names.size(); ++r) {
    if (names[r].find_first_of(" \t") != std::string::npos)
      refuse(options,
             fmt::format("regions.names: '{}' has a blank; expected one word, as 'gulf_stream'", names[r]));
    const Box box{boxes[4 * r], boxes[4 * r + 1], boxes[4 * r + 2], boxes[4 * r + 3]};
    Functional f{names[r], box_weights(basis.mesh, basis.window, basis.ocean, box)};
    normalise_weights(comm, f.weights, fmt::format("regions: {}", names[r]), basis.mesh.points());
    boxed.push_back(std::move(f));
  }
  std::vector<Functional> result;
  const auto add = [&](std::size_t plus, std::optional<std::size_t> minus) {
    for (const Functional& box : boxed) {
      Functional f{box.name, std::vector<double>(basis.points(), 0.0)};
      const std::size_t n = box.weights.size();
      for (std::size_t i = 0; i < n; ++i) {
        f.weights[plus * n + i] += box.weights[i];
        if (minus) f.weights[*minus * n + i] -= box.weights[i];
      }
      result.push_back(std::move(f));
    }
  };
  for (std::size_t c = 0; c < variables.size(); ++c) add(c, std::nullopt);
  for (const auto& [a, b] : differences(options, variables)) add(a, b);
  return result;
}

std::vector<RegionSeries> region_series(const StudyOptions& options,
                                        const std::vector<ProductVariable>& variables) {
  std::vector<RegionSeries> series;
  for (const ProductVariable& v : variables)
    series.push_back({v.name, v.long_name, v.units, v.working_units});
  for (const auto& [a, b] : differences(options, variables)) {
    const ProductVariable &first = variables[a], &second = variables[b];
    const std::string units = difference_units(first.working_units);
    series.push_back(
        {first.name + "_minus_" + second.name, first.long_name + " less " + second.long_name, units, units});
  }
  return series;
}

}  // namespace podscale
