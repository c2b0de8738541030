#pragma once
// A parameter of a network in the one flat array of all of them.

#include <cstdint>
#include <string>
#include <vector>

namespace podscale {

struct NamedSlice {
  std::string name;
  std::vector<std::int64_t> shape;
  std::int64_t offset = 0, size = 0;
};

}  // namespace podscale
