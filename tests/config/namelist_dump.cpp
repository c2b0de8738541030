// Prints what podscale reads from a namelist as JSON, for the judge by f90nml: {"effective": ...,
// "values": {...}}.
#include <cstdio>
#include <fstream>
#include <iterator>

#include "podscale/core/error.hpp"
#include "podscale/config/namelist.hpp"

using namespace podscale;

namespace {

std::string json(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c == '\n' ? std::string("\\n") : std::string(1, c);
  }
  return quoted + "\"";
}
std::string json(long value) {
  return fmt::format("{}", value);
}
std::string json(double value) {
  return fmt::format("{:.17g}", value);
}

template <class T>
std::string json(const std::vector<T>& values) {
  std::string list;
  for (const T& value : values) list += (list.empty() ? "" : ", ") + json(value);
  return "[" + list + "]";
}

std::string json(const Namelist& namelist, const Key& key) {
  const std::string path = fmt::format("{}.{}", key.group, key.name);
  switch (key.type) {
    case KeyType::integer:
      return json(namelist.integer(path));
    case KeyType::real:
      return json(namelist.real(path));
    case KeyType::logical:
      return namelist.logical(path) ? "true" : "false";
    case KeyType::text:
      return json(namelist.text(path));
    case KeyType::integers:
      return json(namelist.integers(path));
    case KeyType::reals:
      return json(namelist.reals(path));
    case KeyType::texts:
      return json(namelist.texts(path));
  }
  return "null";
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 2) return 64;
  std::ifstream file(argv[1]);
  Namelist namelist;
  namelist.parse({std::istreambuf_iterator<char>(file), {}}, argv[1]);
  std::string values;
  for (const Key& key : key_table())
    values += fmt::format("{}{}: {}", values.empty() ? "" : ",\n",
                          json(fmt::format("{}.{}", key.group, key.name)), json(namelist, key));
  std::printf("{\"effective\": %s,\n\"values\": {%s}}\n", json(namelist.effective()).c_str(), values.c_str());
  return 0;
} catch (const Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return static_cast<int>(error.code());
}
