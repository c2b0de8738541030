#include "podscale/study/field_picture.hpp"

#include <fmt/format.h>

#include <cmath>

#include "podscale/core/step_gaps.hpp"
#include "podscale/field/mesh_file.hpp"
#include "podscale/file/netcdf_file.hpp"

namespace podscale {

void write_field_picture(const std::string& path, const FieldSource& source, bool over_time,
                         const FieldSample& sample) {
  constexpr double fill = 9.969209968386869e36;  // NetCDF's own
  const Communicator self = Communicator::self();
  const Mesh& mesh = source.mesh();
  const Variable& variable = source.variables()[0];
  NetcdfFile file = NetcdfFile::create(self, path);
  const MeshNames names = define_mesh(file, mesh);
  struct Map {
    const char* name;
    std::string title;
    const std::vector<float>* values;
  };
  std::vector<Map> maps{
      {"picture_field",
       over_time ? sample_text(source.times(), static_cast<std::size_t>(sample.shown)) : variable.name,
       &sample.field}};
  if (sample.times > 1) {
    maps.push_back({"picture_average", fmt::format("Mean of {} times", sample.times), &sample.mean});
    maps.push_back({"picture_spread", "Standard deviation in time", &sample.deviation});
  }
  file.define_variable("ocean_mask", NC_BYTE, {names.y, names.x});
  names.describe(file, "ocean_mask");
  for (const Map& map : maps) {
    file.define_variable(map.name, NC_FLOAT, {names.y, names.x}, {.chunks = {}, .deflate = 1, .fill = fill});
    file.describe(map.name, map.title, variable.working_units);
    names.describe(file, map.name);
  }
  const std::string& words = variable.long_name.empty() ? variable.standard_name : variable.long_name;
  file.put_text("", "title", variable.name + (words.empty() ? "" : ": " + words));
  file.end_definitions();
  write_mesh(self, file, mesh);
  const auto put = [&](const char* name, const std::vector<float>& values, const auto& value_of) {
    std::vector<float> out;
    for (const float value : values) out.push_back(value_of(value));
    file.put(name, {0, 0}, file.variable(name).shape, std::span<const float>(out));
  };
  put("ocean_mask", sample.mean, [](float value) { return std::isnan(value) ? 0.0F : 1.0F; });
  for (const Map& map : maps)
    put(map.name, *map.values,
        [](float value) { return std::isnan(value) ? static_cast<float>(fill) : value; });
  file.commit();
}

}  // namespace podscale
