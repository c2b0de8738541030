#include "podscale/field/file_contents.hpp"

#include <set>

#include "cf_variable.hpp"
#include "coordinate_kind.hpp"
#include "coordinates.hpp"
#include "refusal.hpp"

namespace podscale {
namespace {

/// Variables that describe others: bounds and coordinates are no fields.
std::set<std::string> describing(const NetcdfFile& file) {
  std::set<std::string> names;
  for (const std::string& name : file.variable_names()) {
    const Axis axis = axis_of(file, name).axis;
    if (axis == Axis::lat || axis == Axis::lon) names.insert(name);
    if (const auto bounds = file.text(name, "bounds")) names.insert(*bounds);
  }
  return names;
}

/// A variable over horizontal dimensions; refusal: why it cannot be used, "" where it can.
struct Candidate {
  CfVariable variable;
  bool is_field = false;
  std::string refusal;
  bool has_time() const { return variable.time >= 0; }
};

std::vector<Candidate> candidates_in(const NetcdfFile& file) {
  std::vector<Candidate> all;
  const auto others = describing(file);
  for (const std::string& name : file.variable_names()) {
    const VariableInfo info = file.variable(name);
    if (info.dims.size() < 2 || holds_text(info) || others.count(name) > 0) continue;
    for (const bool needs_time : {true, false}) {
      Candidate c;
      c.variable.name = name;
      c.variable.info = info;
      try {
        find_axes(file, c.variable, needs_time, c.is_field);
      } catch (const Error& error) {
        if (error.code() != ExitCode::data) throw;
        c.refusal = error.what();
      }
      if (needs_time && !c.has_time()) continue;  // a map, unless something else is wrong
      all.push_back(std::move(c));
      break;
    }
  }
  return all;
}

}  // namespace

FieldsOfFile fields_of(const NetcdfFile& file) {
  FieldsOfFile fields, images;
  for (const auto& [v, is_field, refusal] : candidates_in(file)) {
    FieldsOfFile& kind = refusal.empty() && v.horizontal == Horizontal::image ? images : fields;
    if (refusal.empty())
      (v.time < 0 ? kind.maps : kind.series).push_back(v.name);
    else if (is_field)
      fields.refused.emplace_back(v.name, refusal);
  }
  return fields.series.empty() && fields.maps.empty() && fields.refused.empty() ? images : fields;
}

std::string only_cf_variable(const NetcdfFile& file, bool needs_time) {
  std::vector<std::string> found, images;
  std::string reason;  // of a file without any usable variable: what the first one over time lacks
  for (const Candidate& c : candidates_in(file)) {
    const CfVariable& v = c.variable;
    if (needs_time && !c.has_time()) continue;
    if (!c.refusal.empty()) {
      if (reason.empty() && c.is_field) reason = c.refusal;
    } else if (needs_time || !c.has_time() || v.info.shape[v.time] == 1) {
      (v.horizontal == Horizontal::image ? images : found).push_back(v.name);
    }
  }
  if (found.empty() && reason.empty()) found = images;
  if (found.size() == 1) return found[0];
  if (found.size() > 1)
    refuse(file.path(), ": variables {} all have {}latitude and longitude; name the one to use{}",
           fmt::join(found, ", "), needs_time ? "time, " : "",
           needs_time ? " (hr_variable, lr_variable; --hr-variable, --lr-variable)" : "");
  if (!reason.empty()) refuse(reason, "");
  refuse(file.path(), ": no variable has {}latitude and longitude; it holds: {}", needs_time ? "time, " : "",
         file.contents());
}

Mesh mesh_of(const NetcdfFile& file, const std::string& variable) {
  return file_mesh(file, cf_variable(file, variable, false)).mesh;
}

}  // namespace podscale
