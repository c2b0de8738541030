#include "podscale/study/attributes.hpp"

#include <algorithm>

namespace podscale {

const Attribute* find(const Attributes& attributes, const std::string& name) {
  const auto found =
      std::find_if(attributes.begin(), attributes.end(), [&](const Attribute& a) { return a.name == name; });
  return found == attributes.end() ? nullptr : &*found;
}

void add_missing(Attributes& attributes, const Attributes& more) {
  for (const Attribute& a : more)
    if (!find(attributes, a.name)) attributes.push_back(a);
}

void put_attributes(NetcdfFile& file, const Attributes& attributes) {
  for (const Attribute& a : attributes)
    if (!a.numbers.empty())
      file.put_numbers("", a.name, a.numbers, a.type);
    else if (!a.text.empty())
      file.put_text("", a.name, a.text);
}

}  // namespace podscale
