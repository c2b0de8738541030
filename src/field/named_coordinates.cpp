#include "named_coordinates.hpp"

#include <algorithm>
#include <iterator>
#include <sstream>

#include "coordinate_kind.hpp"
#include "coordinates.hpp"
#include "refusal.hpp"

namespace podscale {

std::vector<std::string> words_of(const NetcdfFile& file, const std::string& name, const char* attribute) {
  std::istringstream text(file.text(name, attribute).value_or(""));
  return {std::istream_iterator<std::string>(text), {}};
}

std::vector<std::string> named_coordinates(const NetcdfFile& file, const CfVariable& v) {
  std::vector<std::string> names = words_of(file, v.name, "coordinates");
  for (const std::string& name : words_of(file, v.name, "associate")) names.push_back(name);
  return names;
}

std::optional<Tables> tables_of(const NetcdfFile& file, const CfVariable& v, const std::string& where) {
  // WRF has its positions at each time, first those of a mesh that stays.
  const auto is_table = [&](const VariableInfo& info, bool timed) {
    if (holds_text(info) || info.dims.size() != (timed ? 3 : 2)) return false;
    if (timed && info.shape[0] != 1 && (v.time < 0 || info.dims[0] != v.info.dims[v.time])) return false;
    return info.dims[timed] != info.dims[1 + timed] &&
           (!timed || (info.dims[0] != info.dims[1] && info.dims[0] != info.dims[2]));
  };
  const auto pairs_among = [&](const std::vector<std::string>& names, bool timed) {
    std::vector<Tables> pairs;
    for (const Axis wanted : {Axis::lat, Axis::lon})
      for (const std::string& name : names) {
        if (!file.has_variable(name) || name == v.name) continue;
        VariableInfo info = file.variable(name);
        if (!is_table(info, timed)) continue;
        if (timed) info.dims.erase(info.dims.begin());
        const bool ours = std::all_of(info.dims.begin(), info.dims.end(), [&](const std::string& d) {
          return std::find(v.info.dims.begin(), v.info.dims.end(), d) != v.info.dims.end();
        });
        if (!ours || axis_of(file, name).axis != wanted) continue;
        if (wanted == Axis::lat) pairs.push_back({name, "", info.dims});
        for (Tables& pair : pairs)
          if (wanted == Axis::lon && pair.lon.empty() && pair.dims == info.dims) {
            pair.lon = name;
            break;
          }
      }
    std::erase_if(pairs, [](const Tables& pair) { return pair.lon.empty(); });
    return pairs;
  };
  std::vector<Tables> pairs;
  for (const bool timed : {false, true}) {
    if (pairs.empty()) pairs = pairs_among(named_coordinates(file, v), timed);
    if (pairs.empty()) pairs = pairs_among(file.variable_names(), timed);
  }
  if (pairs.empty()) return std::nullopt;
  if (pairs.size() > 1)
    refuse(
        where,
        "may lie at '{}' and '{}' or at '{}' and '{}'; name one pair in its attribute 'coordinates', as in "
        "'ncatted -a coordinates,{},o,c,\"{} {}\" in.nc'",
        pairs[0].lat, pairs[0].lon, pairs[1].lat, pairs[1].lon, v.name, pairs[0].lat, pairs[0].lon);
  return pairs[0];
}

std::string only_of(const NetcdfFile& file, const CfVariable& v, std::vector<std::string> names,
                    const std::string& where) {
  if (file.variable(names[0]).dims[0] == names[0]) return names[0];
  const auto named = named_coordinates(file, v);
  std::vector<std::string> wanted;
  for (const std::string& name : names)
    if (std::find(named.begin(), named.end(), name) != named.end()) wanted.push_back(name);
  if (!wanted.empty()) names = wanted;
  for (const std::string& name : names)
    if (values_of(file, name) != values_of(file, names[0]))
      refuse(where,
             "may lie at '{}' or at '{}'; name one in its attribute 'coordinates', as in 'ncatted -a "
             "coordinates,{},o,c,\"{}\" in.nc'",
             names[0], name, v.name, names[0]);
  return names[0];
}

}  // namespace podscale
