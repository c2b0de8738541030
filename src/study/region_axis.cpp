#include "podscale/study/region_axis.hpp"

#include <fmt/ranges.h>

#include <numeric>

namespace podscale {

std::vector<double> region_numbers(std::size_t regions) {
  std::vector<double> numbers(regions);
  std::iota(numbers.begin(), numbers.end(), 1);
  return numbers;
}

void define_region_axis(NetcdfFile& file, const std::vector<std::string>& names,
                        const std::vector<double>& boxes) {
  file.define_dimension("region", names.size());
  file.define_variable("region", NC_INT, {"region"});
  file.put_text("region", "long_name", "named regions");
  file.put_numbers("region", "flag_values", region_numbers(names.size()), NC_INT);
  file.put_text("region", "flag_meanings", fmt::format("{}", fmt::join(names, " ")));
  file.put_numbers("region", "boxes", boxes);
  file.put_text("region", "comment", "boxes: south, north, west, east of each region, degrees");
}

}  // namespace podscale
