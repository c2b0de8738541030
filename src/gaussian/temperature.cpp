#include <cmath>

#include "podscale/gaussian/calibration.hpp"
#include "podscale/gaussian/start_noise.hpp"

namespace podscale {

Temperature::Temperature(const Inflation& inflation)
    : patch(static_cast<float>(std::sqrt(inflation.patch))),
      global(static_cast<float>(std::sqrt(inflation.global))) {
  for (const double factor : inflation.mode) mode.push_back(static_cast<float>(std::sqrt(factor)));
}

}  // namespace podscale
